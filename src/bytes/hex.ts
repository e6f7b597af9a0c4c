/**
 * Hexadecimal text, strict: an odd length or a foreign character is an error, never a shorter result.
 *
 * @module
 */
import { hexToBytes as decode, bytesToHex as encode } from "@noble/hashes/utils.js";
import { SessionError } from "../errors/index.js";
import type { BytesErrorCode } from "./errors.js";

/** Lower-case hexadecimal text of `bytes`. */
export function bytesToHex(bytes: Uint8Array): string {
  return encode(bytes);
}

/**
 * Bytes of hexadecimal text in either case, without prefix or spaces.
 *
 * @throws `BYTES_INVALID_HEX`
 */
export function hexToBytes(text: string): Uint8Array {
  try {
    return decode(text);
  } catch {
    // The coder's own message repeats a part of the text, which may be a secret.
    throw new SessionError<BytesErrorCode>("BYTES_INVALID_HEX", "the text is not valid hexadecimal", {
      details: { length: text.length },
    });
  }
}
