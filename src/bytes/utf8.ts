/**
 * UTF-8 text.
 *
 * @module
 */
import { SessionError } from "../errors/index.js";
import type { BytesErrorCode } from "./errors.js";

/** How {@link bytesToUtf8} treats malformed input. */
export interface Utf8DecodeOptions {
  /** True (default): malformed bytes are an error. False: each becomes U+FFFD. */
  readonly fatal?: boolean | undefined;
}

/** UTF-8 bytes of `text`. A lone surrogate becomes U+FFFD. */
export function utf8ToBytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/**
 * Text of UTF-8 bytes. A byte order mark is kept: it is part of what was sent.
 *
 * @throws `BYTES_INVALID_UTF8`
 */
export function bytesToUtf8(bytes: Uint8Array, { fatal = true }: Utf8DecodeOptions = {}): string {
  try {
    return new TextDecoder("utf-8", { fatal, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new SessionError<BytesErrorCode>("BYTES_INVALID_UTF8", "the bytes are not UTF-8 text", { cause });
  }
}
