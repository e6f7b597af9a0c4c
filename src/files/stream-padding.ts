/**
 * Sizes of the stream scheme (docs/protocol/attachments.md §3.2), bytes.
 *
 * @module
 */
import { SECRETSTREAM_OVERHEAD } from "../crypto/index.js";

/** Bytes of a file, padding included, in one chunk. */
export const STREAM_CHUNK = 32_768;
/** Length of the header of a secretstream. */
export const STREAM_HEADER = 24;
/** Length of a whole encrypted chunk. */
export const STREAM_BLOCK: number = STREAM_CHUNK + SECRETSTREAM_OVERHEAD;
/** The encrypted size is a multiple of 4096, for large files of a 32nd of the power of two below it. */
const SMALLEST_BUCKET_BASE = 131_072;

/** Bytes of padding before a file of `size` bytes, the closing 01 included: at least 1. */
export function streamPadding(size: number): number {
  const chunks = Math.ceil(size / STREAM_CHUNK);
  const encrypted = size + 1 + STREAM_HEADER + 1 + SECRETSTREAM_OVERHEAD * chunks;
  const bucket = 2 ** Math.floor(Math.log2(Math.max(encrypted, SMALLEST_BUCKET_BASE))) / 32;
  let padding = Math.ceil(encrypted / bucket) * bucket - encrypted + 1;
  // Padding makes chunks of its own, whose overhead comes off it.
  let overhead = Math.floor(padding / STREAM_BLOCK) * SECRETSTREAM_OVERHEAD;
  const free = chunks * STREAM_CHUNK - size;
  if (padding % STREAM_BLOCK > free) overhead += SECRETSTREAM_OVERHEAD;
  padding -= overhead;
  return padding;
}

/** Length of the encrypted form of a file of `size` bytes. */
export function streamEncryptedSize(size: number): number {
  const padded = size + streamPadding(size);
  return 1 + STREAM_HEADER + padded + SECRETSTREAM_OVERHEAD * Math.ceil(padded / STREAM_CHUNK);
}
