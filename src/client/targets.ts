/**
 * The ways in which an app may name a message.
 *
 * @module
 */
import { SessionError } from "../errors/index.js";
import { type GroupId, isGroupId, parseSessionId, type SessionId } from "../identity/index.js";
import type { ClientErrorCode } from "./errors.js";

/**
 * A message: one that was received (also a copy of an own one), what `send` answered, or its conversation, author and
 * sent time.
 */
export type MessageTarget =
  | { readonly conversation: string; readonly from: string; readonly timestamp: number }
  | { readonly conversation: string; readonly author: string; readonly timestamp: number }
  | { readonly to: string; readonly timestamp: number };

/** A message by its parts. */
export interface Target<Place extends string = SessionId> {
  /** The other party; the own id for notes to self. */
  readonly conversation: Place;
  readonly author: SessionId;
  readonly timestamp: number;
}

export function checkTarget(target: MessageTarget, self: string): Target;
export function checkTarget<Place extends string>(
  target: MessageTarget,
  self: string,
  checkPlace: (id: unknown) => Place,
): Target<Place>;
/**
 * @param self - the own id: the author of what was sent
 * @param checkPlace - checks the conversation's id; it is a person's if left out
 * @throws `INVALID_ARGUMENT`, `ID_INVALID`
 */
export function checkTarget(
  target: MessageTarget,
  self: string,
  checkPlace: (id: unknown) => string = checkRecipient,
): Target<string> {
  if (typeof target !== "object" || target === null) throw invalidArgument("the message is not an object");
  const { timestamp } = target;
  if (!Number.isSafeInteger(timestamp) || timestamp <= 0)
    throw invalidArgument("the message has no valid timestamp");
  const given = target as Partial<Record<"conversation" | "to" | "author" | "from", string>>;
  const author = given.author ?? given.from ?? (given.to === undefined ? undefined : self);
  return {
    conversation: checkPlace(given.conversation ?? given.to),
    author: checkRecipient(author),
    timestamp,
  };
}

/** An argument whose members are about to be read. @throws `INVALID_ARGUMENT` */
export function checkObject<Value extends object>(value: Value, what: string): Value {
  if (typeof value === "object" && value !== null) return value;
  throw invalidArgument(`${what} is not an object`);
}

/** @throws `ID_INVALID` */
export function checkRecipient(to: unknown): SessionId {
  if (typeof to !== "string") throw new SessionError("ID_INVALID", "the Session ID is not a string");
  return parseSessionId(to);
}

/** The id of a person or a group. @throws `ID_INVALID` */
export function checkPersonOrGroup(to: unknown): SessionId | GroupId {
  return isGroupId(to) ? to : checkRecipient(to);
}

/** True for a message of a group. */
export function isGroupMessage(target: MessageTarget): boolean {
  if (typeof target !== "object" || target === null) return false;
  const { conversation, to } = target as { readonly conversation?: unknown; readonly to?: unknown };
  return isGroupId(conversation ?? to);
}

/** What to throw for an argument that is not what it must be. */
export function invalidArgument(
  message: string,
  details?: Readonly<Record<string, unknown>>,
): SessionError<ClientErrorCode> {
  return new SessionError("INVALID_ARGUMENT", message, { details });
}
