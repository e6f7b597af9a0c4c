/**
 * Readers of untrusted JSON: each returns the value with its type, or throws `SWARM_REPLY_INVALID`.
 *
 * @module
 */
import { type JsonReaders, jsonReaders, optionalJson } from "../bytes/index.js";
import { replyInvalid } from "./errors.js";
import { isMessageHash } from "./ids.js";

export { type JsonObject, jsonMember as member } from "../bytes/index.js";

const NODE_KEY = /^[0-9a-f]{64}$/;

const json = jsonReaders(replyInvalid);
export const readRecord: JsonReaders["readRecord"] = json.readRecord;
export const readList: JsonReaders["readList"] = json.readList;
export const readText: JsonReaders["readText"] = json.readText;
export const readInteger: JsonReaders["readInteger"] = json.readInteger;

/** An integer, or `undefined` where there is none. */
export const readOptionalInteger: (value: unknown, what: string) => number | undefined =
  optionalJson(readInteger);

/** A message hash. */
export function readHash(value: unknown, what: string): string {
  if (!isMessageHash(value)) throw replyInvalid(`${what} is no message hash`);
  return value;
}

/** A list of message hashes. */
export function readHashes(value: unknown, what: string): string[] {
  return readList(value, what).map((hash) => readHash(hash, what));
}

/** Bytes of base64 text. Nodes write the empty data of a message as `=`, and anyone may store such one. */
export function readBase64(value: unknown, what: string): Uint8Array {
  return value === "=" ? new Uint8Array() : json.readBase64(value, what);
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
