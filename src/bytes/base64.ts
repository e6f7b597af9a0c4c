/**
 * Base64 (RFC 4648 §4, the alphabet with `+` and `/`), strict: no spaces, no foreign characters, no bits left over.
 *
 * @module
 */
import { SessionError } from "../errors/index.js";
import type { BytesErrorCode } from "./errors.js";

const PADDING = 0x3d;
const ALPHABET: Uint8Array = /* @__PURE__ */ new TextEncoder().encode(
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
);
/** Value of each ASCII character; 255 marks the characters outside the alphabet. */
const VALUES: Uint8Array = /* @__PURE__ */ (() => {
  const values = new Uint8Array(256).fill(255);
  for (const [value, character] of ALPHABET.entries()) values[character] = value;
  return values;
})();

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
  const groups = Math.ceil(bytes.length / 3);
  const text = new Uint8Array(groups * 4);
  let out = 0;
  for (let i = 0; i < bytes.length; i += 3) {
    // Bytes past the end read as undefined, which the bit operators take for 0.
    const group = ((bytes[i] as number) << 16) | ((bytes[i + 1] as number) << 8) | (bytes[i + 2] as number);
    text[out++] = ALPHABET[group >> 18] as number;
    text[out++] = ALPHABET[(group >> 12) & 63] as number;
    text[out++] = ALPHABET[(group >> 6) & 63] as number;
    text[out++] = ALPHABET[group & 63] as number;
  }
  const surplus = groups * 3 - bytes.length;
  text.fill(PADDING, text.length - surplus);
  return new TextDecoder().decode(padding ? text : text.subarray(0, text.length - surplus));
}

/**
 * Bytes of base64 text.
 *
 * @throws `BYTES_INVALID_BASE64`
 */
export function base64ToBytes(text: string, { padding = "optional" }: Base64DecodeOptions = {}): Uint8Array {
  const characters = new TextEncoder().encode(text);
  let length = characters.length;
  while (length > 0 && characters.length - length < 2 && characters[length - 1] === PADDING) length--;
  const filled = characters.length - length;
  const wanted = (4 - (length % 4)) % 4;
  if (wanted === 3) throw invalid("has an impossible length", { length: text.length });
  if (filled !== wanted && (filled !== 0 || padding === "required"))
    throw invalid("is not padded correctly", {});

  const bytes = new Uint8Array(Math.floor((length * 3) / 4));
  let out = 0;
  let bits = 0;
  let count = 0;
  for (let i = 0; i < length; i++) {
    const value = VALUES[characters[i] as number] as number;
    if (value === 255) throw invalid("has a character outside the alphabet", { position: i });
    bits = ((bits << 6) | value) & 0xffff;
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes[out++] = bits >> count;
    }
  }
  if ((bits & ((1 << count) - 1)) !== 0) throw invalid("has bits left over at its end", {});
  return bytes;
}

function invalid(reason: string, details: Record<string, unknown>): SessionError<BytesErrorCode> {
  return new SessionError("BYTES_INVALID_BASE64", `the base64 text ${reason}`, { details });
}
