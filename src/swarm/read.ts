/**
 * Readers of untrusted JSON: each returns the value with its type, or throws `SWARM_REPLY_INVALID`.
 *
 * @module
 */
import { base64ToBytes } from "../bytes/index.js";
import { isSessionError } from "../errors/index.js";
import { replyInvalid } from "./errors.js";
import { isMessageHash } from "./ids.js";

/** A JSON object. */
export type JsonRecord = Readonly<Record<string, unknown>>;

const NODE_KEY = /^[0-9a-f]{64}$/;

/** An object that is no array. */
export function readRecord(value: unknown, what: string): JsonRecord {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw replyInvalid(`${what} is no object`);
  return value as JsonRecord;
}

/** A member of an object; inherited ones, such as `constructor`, do not count. */
export function member(record: JsonRecord, name: string): unknown {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

/** An array. */
export function readList(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw replyInvalid(`${what} is no list`);
  return value;
}

/** A string. */
export function readText(value: unknown, what: string): string {
  if (typeof value !== "string") throw replyInvalid(`${what} is no text`);
  return value;
}

/** An integer from `min` to `max` that JSON carried without loss. */
export function readInteger(
  value: unknown,
  what: string,
  { min = 0, max = Number.MAX_SAFE_INTEGER }: { readonly min?: number; readonly max?: number } = {},
): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < min || value > max)
    throw replyInvalid(`${what} is no integer in range`);
  return value;
}

/** An integer, or `undefined` where there is none. */
export function readOptionalInteger(value: unknown, what: string): number | undefined {
  return value === undefined || value === null ? undefined : readInteger(value, what);
}

/** A message hash. */
export function readHash(value: unknown, what: string): string {
  if (!isMessageHash(value)) throw replyInvalid(`${what} is no message hash`);
  return value;
}

/** A list of message hashes. */
export function readHashes(value: unknown, what: string): string[] {
  return readList(value, what).map((hash) => readHash(hash, what));
}

/** Bytes of base64 text, padded or not. Nodes write the empty data of a message as `=`, and anyone may store such one. */
export function readBase64(value: unknown, what: string): Uint8Array {
  const text = readText(value, what);
  if (text === "=") return new Uint8Array();
  try {
    return base64ToBytes(text);
  } catch (cause) {
    if (isSessionError(cause)) throw replyInvalid(`${what} is no base64`, cause);
    throw cause;
  }
}

/** A 64-byte signature in base64. */
export function readSignature(value: unknown, what: string): Uint8Array {
  const bytes = readBase64(value, what);
  if (bytes.length !== 64) throw replyInvalid(`${what} has not 64 bytes`);
  return bytes;
}

/** An object of integers by message hash. */
export function readTimesByHash(value: unknown, what: string): Map<string, number> {
  return new Map(
    Object.entries(readRecord(value, what)).map(([hash, time]) => [
      readHash(hash, what),
      readInteger(time, what),
    ]),
  );
}

/** A list of `length` integers, such as a version. */
export function readIntegers(value: unknown, what: string, length: number): number[] {
  const list = readList(value, what);
  if (list.length !== length) throw replyInvalid(`${what} has not ${length} numbers`);
  return list.map((number) => readInteger(number, what));
}

/** True for 64 lower-case hexadecimal digits. */
export function isNodeKey(value: unknown): value is string {
  return typeof value === "string" && NODE_KEY.test(value);
}
