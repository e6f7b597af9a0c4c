/**
 * Ranges of values that apps set (docs/protocol/config.md §13 to §17). Out of range is an error, never a silent change.
 *
 * @module
 */
import { utf8ToBytes } from "../bytes/index.js";
import { SessionError } from "../errors/index.js";
import type { Expiration, ProfilePicture } from "../messages/index.js";
import type { ConfigErrorCode } from "./errors.js";
import { MAX_NAME_BYTES, MAX_PICTURE_URL_BYTES, PICTURE_KEY_BYTES } from "./limits.js";

/** Latest time in seconds that is not taken for milliseconds. */
const MAX_SECONDS = 9_000_000_000;
const MAX_INT32 = 2 ** 31 - 1;

/** @throws `CONFIG_VALUE_INVALID` */
export function checkName(field: string, name: string): string {
  return checkText(field, name, MAX_NAME_BYTES);
}

export function checkText(field: string, text: string, maxBytes: number): string {
  if (typeof text !== "string" || utf8ToBytes(text).length > maxBytes) {
    throw invalidValue(field, `has at most ${maxBytes} UTF-8 bytes`);
  }
  return text;
}

/** A whole number from `min` to `max`. */
export function checkInteger(field: string, value: number, min: number, max: number): number {
  if (!Number.isSafeInteger(value) || value < min || value > max) {
    throw invalidValue(field, `is a whole number from ${min} to ${max}`);
  }
  return value;
}

/** Unix seconds, 0 for none. */
export function checkSeconds(field: string, value: number): number {
  return checkInteger(field, value, 0, MAX_SECONDS);
}

/** Unix milliseconds, 0 for none. */
export function checkMilliseconds(field: string, value: number): number {
  return checkInteger(field, value, 0, MAX_SECONDS * 1000);
}

/** A timer in seconds, 0 for off. */
export function checkTimer(field: string, value: number): number {
  return checkInteger(field, value, 0, MAX_INT32);
}

/** −1 hidden, 0 normal, greater than 0 pinned, the greatest first. */
export function checkPriority(value: number): number {
  return checkInteger("priority", value, -1, MAX_INT32);
}

/** @returns a copy of the key with it */
export function checkPicture(picture: ProfilePicture): ProfilePicture {
  const url = checkText("picture.url", picture.url, MAX_PICTURE_URL_BYTES);
  if (url === "") throw invalidValue("picture.url", "is not empty");
  return { url, key: checkBytes("picture.key", picture.key, PICTURE_KEY_BYTES) };
}

export function checkBytes(field: string, bytes: Uint8Array, length: number): Uint8Array {
  if (!(bytes instanceof Uint8Array) || bytes.length !== length)
    throw invalidValue(field, `has ${length} bytes`);
  return bytes;
}

export function checkExpiration({ mode, seconds }: Expiration): Expiration {
  if (mode !== "off" && mode !== "after-send" && mode !== "after-read") {
    throw invalidValue("expiration.mode", "is off, after-send or after-read");
  }
  return { mode, seconds: checkTimer("expiration.seconds", seconds) };
}

export function checkBits(field: string, bits: readonly number[]): readonly number[] {
  for (const bit of bits) checkInteger(field, bit, 0, 63);
  return bits;
}

/** One of `choices`; gives its place. */
export function checkChoice<Choice extends string>(
  field: string,
  value: Choice,
  choices: readonly Choice[],
): number {
  const index = choices.indexOf(value);
  if (index < 0) throw invalidValue(field, `is one of ${choices.join(", ")}`);
  return index;
}

export function invalidValue(field: string, rule: string, cause?: unknown): SessionError<ConfigErrorCode> {
  return new SessionError("CONFIG_VALUE_INVALID", `${field} ${rule}`, { details: { field }, cause });
}
