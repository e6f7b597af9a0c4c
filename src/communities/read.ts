/**
 * Readers of untrusted JSON: each returns the value with its type, or throws `COMMUNITY_REPLY_INVALID`.
 *
 * @module
 */
import { type JsonReaders, jsonReaders, optionalJson } from "../bytes/index.js";
import { type BlindedId, isBlindedId, isSessionId, type SessionId } from "../identity/index.js";
import { replyInvalid } from "./errors.js";

export { type JsonObject, jsonMember as member } from "../bytes/index.js";

/** An author, or whoever else has an id on a server. */
export type CommunityUserId = SessionId | BlindedId;

const json = jsonReaders(replyInvalid);
export const readRecord: JsonReaders["readRecord"] = json.readRecord;
export const readList: JsonReaders["readList"] = json.readList;
export const readText: JsonReaders["readText"] = json.readText;
export const readInteger: JsonReaders["readInteger"] = json.readInteger;
export const readBase64: JsonReaders["readBase64"] = json.readBase64;

/** A string, or `undefined` where there is none. */
export const readOptionalText: (value: unknown, what: string) => string | undefined = optionalJson(readText);

/** Server times are seconds with a fraction: milliseconds, rounded down as the apps do, so that references to a message agree. */
export function readTime(value: unknown, what: string): number {
  if (typeof value !== "number" || !(value >= 0) || value * 1000 > Number.MAX_SAFE_INTEGER)
    throw replyInvalid(`${what} is no time`);
  return Math.floor(value * 1000);
}

/** A time, or `undefined` where there is none. */
export const readOptionalTime: (value: unknown, what: string) => number | undefined = optionalJson(readTime);

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
