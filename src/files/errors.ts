/**
 * What this room throws.
 *
 * @module
 */
import { type CommonErrorCode, SessionError } from "../errors/index.js";

/** Codes of the errors that this room throws, in a `SessionError`. */
export type FileErrorCode =
  | CommonErrorCode
  /** There is nothing to encrypt or upload: receivers refuse empty files. */
  | "FILE_EMPTY"
  /** Larger than the limit: before sending, as the server says (413), or while it arrives. */
  | "FILE_TOO_LARGE"
  /** A key, iv or seed is missing or has the wrong length. */
  | "FILE_KEY_INVALID"
  /** Not what the sender encrypted, or not with this key; `details.reason` says what was wrong. */
  | "FILE_CORRUPT"
  /** A scheme that does not exist yet (the first byte of the newer scheme is reserved). */
  | "FILE_UNSUPPORTED"
  /** Not the address of a file on a file server. */
  | "FILE_URL_INVALID"
  /** The address names a server that is not known, without its key; or the network has none to upload to. */
  | "FILE_SERVER_UNKNOWN"
  /** Expired or never there: final. */
  | "FILE_NOT_FOUND"
  /** The server refused the authentication (400, 401 or 425 of the version check). */
  | "FILE_UNAUTHORIZED"
  /** The server has no room (507). */
  | "FILE_SERVER_FULL"
  /** The server answered with another error; `details.status`. */
  | "FILE_SERVER_ERROR"
  /** The server's answer is not what the protocol says. */
  | "FILE_REPLY_INVALID";

/** Why a file is corrupt, in `details.reason`. */
export type CorruptReason =
  | "too-short"
  | "mac"
  | "digest"
  | "digest-missing"
  | "size-missing"
  | "size-too-big"
  | "block-padding"
  | "chunk"
  | "padding"
  | "no-final-chunk"
  | "data-after-final-chunk"
  | "tag";

/** The error for what does not decrypt. */
export function corrupt(reason: CorruptReason, cause?: unknown): SessionError<FileErrorCode> {
  return new SessionError("FILE_CORRUPT", `the file is damaged or the key is not its own: ${reason}`, {
    cause,
    details: { reason },
  });
}

/** Throws `FILE_KEY_INVALID` unless `bytes` is there and has exactly `length` bytes. */
export function requireKey(
  bytes: Uint8Array | undefined,
  length: number,
  what: string,
): asserts bytes is Uint8Array {
  if (bytes?.length === length) return;
  throw new SessionError<FileErrorCode>("FILE_KEY_INVALID", `${what} must have ${length} bytes`, {
    details: { expected: length, got: bytes?.length },
  });
}

/** The error for more bytes than `limit`. */
export function tooLarge(size: number | undefined, limit: number | undefined): SessionError<FileErrorCode> {
  return new SessionError("FILE_TOO_LARGE", "the file is too large", { details: { size, limit } });
}
