/**
 * z-base-32, the human-oriented alphabet of the Oxen tools: 5 bits a character, highest first; lower case, no padding,
 * no bits left over. Own code: the base codecs in use here lack this alphabet.
 *
 * @module
 */
import { SessionError } from "../errors/index.js";
import type { BytesErrorCode } from "./errors.js";

const ALPHABET = "ybndrfg8ejkmcpqxot1uwisza345h769";

/** z-base-32 text of `bytes`. */
export function bytesToBase32z(bytes: Uint8Array): string {
  let text = "";
  let bits = 0;
  let count = 0;
  for (const byte of bytes) {
    bits = ((bits << 8) | byte) & 0xfff;
    count += 8;
    while (count >= 5) {
      count -= 5;
      text += ALPHABET[(bits >> count) & 31];
    }
  }
  return count === 0 ? text : text + ALPHABET[(bits << (5 - count)) & 31];
}

/**
 * Bytes of lower-case z-base-32 text.
 *
 * @throws `BYTES_INVALID_BASE32Z`
 */
export function base32zToBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(Math.floor((text.length * 5) / 8));
  let out = 0;
  let bits = 0;
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    const value = ALPHABET.indexOf(text[i] as string);
    if (value < 0) throw invalid("has a character outside the alphabet", { position: i });
    bits = ((bits << 5) | value) & 0xfff;
    count += 5;
    if (count >= 8) {
      count -= 8;
      bytes[out++] = bits >> count;
    }
  }
  if (count >= 5) throw invalid("has an impossible length", { length: text.length });
  if ((bits & ((1 << count) - 1)) !== 0) throw invalid("has bits left over at its end", {});
  return bytes;
}

function invalid(reason: string, details: Record<string, unknown>): SessionError<BytesErrorCode> {
  return new SessionError("BYTES_INVALID_BASE32Z", `the z-base-32 text ${reason}`, { details });
}
