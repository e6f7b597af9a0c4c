/**
 * Readers of untrusted JSON: each returns the value with its type, or throws `COMMUNITY_REPLY_INVALID`.
 *
 * @module
 */
import { base64ToBytes } from "../bytes/index.js";
import { isSessionError } from "../errors/index.js";
import { type BlindedId, isBlindedId, isSessionId, type SessionId } from "../identity/index.js";
import { replyInvalid } from "./errors.js";

/** A JSON object. */
export type JsonRecord = Readonly<Record<string, unknown>>;

/** An author, or whoever else has an id on a server. */
export type CommunityUserId = SessionId | BlindedId;

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

/** A string, or `undefined` where there is none. */
export function readOptionalText(value: unknown, what: string): string | undefined {
  return value === undefined || value === null ? undefined : readText(value, what);
}

/** An integer from 0 that JSON carried without loss. */
export function readInteger(value: unknown, what: string): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0)
    throw replyInvalid(`${what} is no integer in range`);
  return value;
}

/** Server times are seconds with a fraction: milliseconds, rounded down as the apps do, so that references to a message agree. */
export function readTime(value: unknown, what: string): number {
  if (typeof value !== "number" || !(value >= 0) || value * 1000 > Number.MAX_SAFE_INTEGER)
    throw replyInvalid(`${what} is no time`);
  return Math.floor(value * 1000);
}

/** A time, or `undefined` where there is none. */
export function readOptionalTime(value: unknown, what: string): number | undefined {
  return value === undefined || value === null ? undefined : readTime(value, what);
}

/** A flag. The server's database has numbers for some, and leaves out others when they are false. */
export function readFlag(value: unknown, what: string): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value === "boolean") return value;
  if (value === 0 || value === 1) return value === 1;
  throw replyInvalid(`${what} is no flag`);
}

/** A 05, 15 or 25 id. */
export function readUserId(value: unknown, what: string): CommunityUserId {
  if (isSessionId(value) || isBlindedId(value)) return value;
  throw replyInvalid(`${what} is no id`);
}

/** Ids of users; those that are none are left out, because old rooms list special ones. */
export function readUserIds(value: unknown, what: string): readonly CommunityUserId[] {
  if (value === undefined || value === null) return [];
  return readList(value, what).filter((id): id is CommunityUserId => isSessionId(id) || isBlindedId(id));
}

/** Bytes of base64 text, padded or not. */
export function readBase64(value: unknown, what: string): Uint8Array {
  const text = readText(value, what);
  try {
    return base64ToBytes(text);
  } catch (cause) {
    if (isSessionError(cause)) throw replyInvalid(`${what} is no base64`, cause);
    throw cause;
  }
}
