/**
 * Base64 (RFC 4648 §4, the alphabet with `+` and `/`), strict: no spaces, no foreign characters, no bits left over.
 *
 * @module
 */
import { base64, base64nopad } from "@scure/base";
import { SessionError } from "../errors/index.js";
import type { BytesErrorCode } from "./errors.js";

/** How {@link bytesToBase64} ends a text. */
export interface Base64EncodeOptions {
  /** Fill the last group with `=`. Default: true. */
  readonly padding?: boolean | undefined;
}

/** What {@link base64ToBytes} takes. */
export interface Base64DecodeOptions {
  /** `required`: a text without its `=` is an error. `optional` (default): both forms are taken. */
  readonly padding?: "required" | "optional" | undefined;
}

/** Base64 text of `bytes`. */
export function bytesToBase64(bytes: Uint8Array, { padding = true }: Base64EncodeOptions = {}): string {
  return (padding ? base64 : base64nopad).encode(bytes);
}

/**
 * Bytes of base64 text.
 *
 * @throws `BYTES_INVALID_BASE64`
 */
export function base64ToBytes(text: string, { padding = "optional" }: Base64DecodeOptions = {}): Uint8Array {
  const bare = padding === "optional" && text.length % 4 !== 0;
  try {
    return (bare ? base64nopad : base64).decode(text);
  } catch {
    // The coder's own message repeats the text, which may be a secret.
    throw new SessionError<BytesErrorCode>("BYTES_INVALID_BASE64", "the text is not valid base64", {
      details: { length: text.length, padding },
    });
  }
}
