/**
 * Paths of requests, percent-encoded.
 *
 * @module
 */
import { isSessionError } from "../errors/index.js";
import { isBlindedId, isSessionId, parseParticipantId } from "../identity/index.js";
import { invalidArgument } from "./errors.js";
import { isRoomToken } from "./link.js";
import type { CommunityUserId } from "./read.js";

/** The most code points that servers take as a reaction. */
const MAX_REACTION = 12;

/** `/room/<token>`, and more segments. @throws `INVALID_ARGUMENT` */
export function roomPath(token: string, ...rest: readonly (string | number)[]): string {
  if (!isRoomToken(token)) throw invalidArgument("a room token has 1 to 64 letters, digits, - and _");
  return ["/room", token, ...rest].join("/");
}

/** A path with the members of `query` that are not undefined. */
export function withQuery(
  path: string,
  query: Readonly<Record<string, string | number | undefined>>,
): string {
  const parts = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${value}`],
  );
  return parts.length === 0 ? path : `${path}?${parts.join("&")}`;
}

/** An emoji as path segment. @throws `INVALID_ARGUMENT` */
export function reactionSegment(emoji: string): string {
  if (typeof emoji !== "string") throw invalidArgument("the reaction is not a string");
  const length = [...emoji].length;
  if (length < 1 || length > MAX_REACTION)
    throw invalidArgument("a reaction has 1 to 12 code points", { length });
  // URL parsers resolve these two, however they are written.
  if (emoji === "." || emoji === "..") throw invalidArgument("this cannot be a reaction");
  try {
    return encodeURIComponent(emoji);
  } catch {
    throw invalidArgument("the reaction is not valid Unicode");
  }
}

/** A user's id as path segment. @throws `INVALID_ARGUMENT` */
export function userSegment(id: string): CommunityUserId {
  try {
    const parsed = parseParticipantId(id);
    if (isSessionId(parsed) || isBlindedId(parsed)) return parsed;
  } catch (error) {
    if (!isSessionError(error)) throw error;
  }
  throw invalidArgument("a user of a community has a 05, 15 or 25 id");
}

/** A number of the server: of a message, a file, an update. @throws `INVALID_ARGUMENT` */
export function numberSegment(value: number, what: string): number {
  if (!Number.isSafeInteger(value) || value < 0)
    throw invalidArgument(`${what} is a whole number`, { value });
  return value;
}

/**
 * The path with every character above ASCII as it is: the form for onion requests and for entries of a batch
 * (docs/protocol/communities.md §2).
 */
export function rawPath(path: string): string {
  return path.replace(/(?:%[89A-F][0-9A-F])+/gi, (encoded) => decodeURIComponent(encoded));
}
