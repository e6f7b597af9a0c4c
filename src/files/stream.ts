/**
 * The stream scheme: deterministic XChaCha20-Poly1305 secretstream, for attachments and avatars
 * (docs/protocol/attachments.md §3).
 *
 * ```text
 * h(56)  = BLAKE2b-56(file, key = seed(32), personal = domain)      header = h[0..24),  key = h[24..56)
 * stream = 53 ‖ header(24) ‖ push(32768 bytes) ‖ push(…) ‖ … ‖ push(the rest, FINAL)
 *          of 00 … 00 01 ‖ file
 * ```
 *
 * The same file under the same seed gives the same bytes, so that servers store it once.
 *
 * @module
 */
import { utf8ToBytes } from "../bytes/index.js";
import {
  type Crypto,
  defaultCrypto,
  type IncrementalHash,
  SECRETSTREAM_FINAL,
  SECRETSTREAM_OVERHEAD,
} from "../crypto/index.js";
import { isSessionError, SessionError } from "../errors/index.js";
import { corrupt, type FileErrorCode, requireKey, tooLarge } from "./errors.js";
import { MAX_STREAM_FILE_SIZE } from "./limits.js";
import {
  STREAM_BLOCK,
  STREAM_CHUNK,
  STREAM_HEADER,
  streamEncryptedSize,
  streamPadding,
} from "./stream-padding.js";

/** First byte of the scheme, `S`. Others are reserved. */
const PREFIX = 0x53;
const KEY = 32;
const SEED = 32;

/** What a file is used for: the same file gets different keys for different uses. */
export type StreamDomain = "attachment" | "avatar";

const PERSONAL: Readonly<Record<StreamDomain, string>> = {
  attachment: "SessionAttachmnt",
  avatar: "Session_Prof_Pic",
};

/** Options of {@link encryptStream}. */
export interface StreamEncryptOptions {
  /** The account's 32-byte Ed25519 seed, or any 32 secret bytes: the same ones give the same result. */
  readonly seed: Uint8Array;
  /** `attachment` when left out. */
  readonly domain?: StreamDomain | undefined;
  /** Encrypt files of more than 10 218 286 bytes, which no file server of the apps takes. */
  readonly allowLarge?: boolean | undefined;
  readonly crypto?: Crypto | undefined;
}

/** Key and header of a file. */
export interface StreamKey {
  /** 32 bytes; for the receiver. */
  readonly key: Uint8Array;
  /** 24 bytes; the beginning of the stream. */
  readonly header: Uint8Array;
}

/**
 * Encrypts a file.
 *
 * @throws `FILE_KEY_INVALID`, `FILE_TOO_LARGE`
 */
export function encryptStream(
  data: Uint8Array,
  options: StreamEncryptOptions,
): { readonly blob: Uint8Array; readonly key: Uint8Array; readonly size: number } {
  const { crypto = defaultCrypto } = options;
  const hash = createStreamKeyHash(options);
  requireStreamSize(data.length, options);
  hash.update(data);
  const streamKey = finishStreamKey(hash);
  const blob = new Uint8Array(streamEncryptedSize(data.length));
  let at = 0;
  for (const piece of encryptStreamPieces([data], data.length, streamKey, crypto)) {
    blob.set(piece, at);
    at += piece.length;
  }
  return { blob, key: streamKey.key, size: data.length };
}

/** The first of two passes over a file: put all of it in, then {@link finishStreamKey}. */
export function createStreamKeyHash({
  seed,
  domain = "attachment",
  crypto = defaultCrypto,
}: StreamEncryptOptions): IncrementalHash {
  requireKey(seed, SEED, "a seed");
  return crypto.blake2bIncremental({
    size: STREAM_HEADER + KEY,
    key: seed,
    personal: utf8ToBytes(PERSONAL[domain]),
  });
}

/** Key and header from the first pass. */
export function finishStreamKey(hash: IncrementalHash): StreamKey {
  const digest = hash.digest();
  return { header: digest.slice(0, STREAM_HEADER), key: digest.slice(STREAM_HEADER) };
}

/** Throws `FILE_TOO_LARGE` for a file that the scheme is not meant for. */
export function requireStreamSize(size: number, { allowLarge = false }: StreamEncryptOptions): void {
  if (size > MAX_STREAM_FILE_SIZE && !allowLarge) throw tooLarge(size, MAX_STREAM_FILE_SIZE);
}

/** The second pass: the encrypted form of a file of exactly `size` bytes, piece by piece. */
export function* encryptStreamPieces(
  pieces: Iterable<Uint8Array>,
  size: number,
  { key, header }: StreamKey,
  crypto: Crypto = defaultCrypto,
): Generator<Uint8Array> {
  const start = new Uint8Array(1 + STREAM_HEADER);
  start[0] = PREFIX;
  start.set(header, 1);
  yield start;
  const encryptor = crypto.secretstreamEncryptor(key, header);
  const total = streamPadding(size) + size;
  let sent = 0;
  const chunk = new Uint8Array(STREAM_CHUNK);
  let filled = 0;
  const push = (bytes: Uint8Array): Uint8Array => {
    sent += bytes.length;
    return encryptor.push(bytes, sent === total ? SECRETSTREAM_FINAL : 0);
  };
  for (const piece of withPadding(pieces, streamPadding(size))) {
    let at = 0;
    while (at < piece.length) {
      const part = piece.subarray(at, at + STREAM_CHUNK - filled);
      at += part.length;
      if (part.length === STREAM_CHUNK) {
        // Whole chunks need no copy.
        yield push(part);
        continue;
      }
      chunk.set(part, filled);
      filled += part.length;
      if (filled < STREAM_CHUNK) continue;
      filled = 0;
      yield push(chunk);
    }
  }
  if (sent + filled !== total) throw new SessionError("INVALID_ARGUMENT", "the file changed its size");
  if (filled > 0) yield push(chunk.subarray(0, filled));
}

function* withPadding(pieces: Iterable<Uint8Array>, padding: number): Generator<Uint8Array> {
  const zeros = new Uint8Array(Math.min(padding - 1, STREAM_CHUNK));
  for (let left = padding - 1; left > 0; left -= zeros.length)
    yield zeros.subarray(0, Math.min(left, zeros.length));
  yield Uint8Array.of(1);
  yield* pieces;
}

/**
 * Decrypts a file. Nothing is returned unless all of it is authentic.
 *
 * @param size - the size that the pointer gives: the result is cut to it
 * @throws `FILE_KEY_INVALID`, `FILE_UNSUPPORTED`, `FILE_CORRUPT`
 */
export function decryptStream(
  blob: Uint8Array,
  { key, size }: { readonly key: Uint8Array | undefined; readonly size?: number | undefined },
  crypto: Crypto = defaultCrypto,
): Uint8Array {
  const decryptor = createStreamDecryptor(key, crypto);
  const pieces = [...decryptor.update(blob), decryptor.final()];
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  if (size !== undefined && length < size) throw corrupt("size-too-big");
  const file = new Uint8Array(size ?? length);
  let at = 0;
  for (const piece of pieces) {
    const wanted = piece.subarray(0, file.length - at);
    file.set(wanted, at);
    at += wanted.length;
  }
  return file;
}

/** Decryption in pieces. What it gives is authentic only when `final` has returned: nobody may see it before. */
export interface StreamDecryptor {
  /** @throws `FILE_UNSUPPORTED`, `FILE_CORRUPT` */
  update(bytes: Uint8Array): Generator<Uint8Array>;
  /** The last piece of the file. @throws `FILE_CORRUPT` */
  final(): Uint8Array;
}

/** Starts to decrypt a file that comes in pieces. */
export function createStreamDecryptor(
  key: Uint8Array | undefined,
  crypto: Crypto = defaultCrypto,
): StreamDecryptor {
  requireKey(key, KEY, "a file key");
  let decryptor: ReturnType<Crypto["secretstreamDecryptor"]> | undefined;
  let isPadding = true;
  let isFinished = false;
  const buffer = new Uint8Array(STREAM_BLOCK);
  let filled = 0;

  const open = (block: Uint8Array): Uint8Array => {
    if (decryptor === undefined) {
      decryptor = crypto.secretstreamDecryptor(key, block.subarray(1));
      return new Uint8Array(0);
    }
    if (isFinished) throw corrupt("data-after-final-chunk");
    const { message, tag } = pull(decryptor, block);
    isFinished = tag === SECRETSTREAM_FINAL;
    return isPadding ? withoutPadding(message) : message;
  };
  const withoutPadding = (message: Uint8Array): Uint8Array => {
    const end = message.findIndex((byte) => byte !== 0);
    if (end < 0) return new Uint8Array(0);
    if (message[end] !== 1) throw corrupt("padding");
    isPadding = false;
    return message.subarray(end + 1);
  };

  return {
    *update(bytes: Uint8Array): Generator<Uint8Array> {
      let at = 0;
      while (at < bytes.length) {
        if (decryptor === undefined && filled === 0 && bytes[at] !== PREFIX) throw unsupported();
        const wanted = decryptor === undefined ? 1 + STREAM_HEADER : STREAM_BLOCK;
        const part = bytes.subarray(at, at + wanted - filled);
        at += part.length;
        if (part.length === wanted) {
          yield open(part);
          continue;
        }
        buffer.set(part, filled);
        filled += part.length;
        if (filled < wanted) continue;
        filled = 0;
        yield open(buffer.subarray(0, wanted));
      }
    },
    final(): Uint8Array {
      if (decryptor === undefined) throw corrupt("too-short");
      const last = filled === 0 ? new Uint8Array(0) : open(buffer.subarray(0, filled));
      if (!isFinished) throw corrupt("no-final-chunk");
      if (isPadding) throw corrupt("padding");
      return last;
    },
  };
}

function pull(
  decryptor: ReturnType<Crypto["secretstreamDecryptor"]>,
  block: Uint8Array,
): { readonly message: Uint8Array; readonly tag: number } {
  if (block.length < SECRETSTREAM_OVERHEAD) throw corrupt("too-short");
  try {
    return decryptor.pull(block);
  } catch (error) {
    if (!isSessionError(error, "CRYPTO_DECRYPT_FAILED")) throw error;
    throw corrupt("chunk", error);
  }
}

function unsupported(): SessionError<FileErrorCode> {
  return new SessionError("FILE_UNSUPPORTED", "the file is encrypted in a way that is not known");
}
