/**
 * Hexadecimal text, strict: an odd length or a foreign character is an error, never a shorter result.
 *
 * @module
 */
import { SessionError } from "../errors/index.js";
import type { BytesErrorCode } from "./errors.js";

const PAIRS: readonly string[] = /* @__PURE__ */ Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, "0"),
);

/** Lower-case hexadecimal text of `bytes`. */
export function bytesToHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += PAIRS[byte];
  return text;
}

/**
 * Bytes of hexadecimal text in either case, without prefix or spaces.
 *
 * @throws `BYTES_INVALID_HEX`
 */
export function hexToBytes(text: string): Uint8Array {
  if (text.length % 2 !== 0) throw invalid("has an odd number of digits", { length: text.length });
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    const high = digit(text.charCodeAt(2 * i));
    const low = digit(text.charCodeAt(2 * i + 1));
    if (high < 0 || low < 0)
      throw invalid("has a character that is no digit", { position: 2 * i + (high < 0 ? 0 : 1) });
    bytes[i] = high * 16 + low;
  }
  return bytes;
}

function digit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 && code < 0x80 ? lower - 0x57 : -1;
}

function invalid(reason: string, details: Record<string, unknown>): SessionError<BytesErrorCode> {
  return new SessionError("BYTES_INVALID_HEX", `the hexadecimal text ${reason}`, { details });
}
