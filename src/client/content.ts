/**
 * What an app may send, checked before anything is stored or sent.
 *
 * @module
 */
import { SessionError } from "../errors/index.js";
import { parseSessionId, type SessionId } from "../identity/index.js";
import {
  countCodePoints,
  type MessageErrorCode,
  type MessageReference,
  type OutgoingText,
  TEXT_LIMIT,
} from "../messages/index.js";
import type { ClientErrorCode } from "./errors.js";

/** A message to send. */
export interface MessageContent {
  /** At most 2 000 Unicode code points, and not empty. */
  readonly text: string;
  /** The message that this one answers: its sender and timestamp. */
  readonly quote?: MessageReference | undefined;
}

const MEMBERS: ReadonlySet<string> = /* @__PURE__ */ new Set(["text", "quote"]);

/**
 * `content` as a message.
 *
 * @throws `MESSAGE_EMPTY`, `MESSAGE_TOO_LONG`, `INVALID_ARGUMENT` (a member of the wrong type, or one that this version
 *   does not send: better than to leave it out silently)
 */
export function checkContent(content: MessageContent): OutgoingText {
  if (typeof content !== "object" || content === null) throw invalid("the message is not an object");
  const unknown = Object.entries(content).find(([name, value]) => value !== undefined && !MEMBERS.has(name));
  if (unknown !== undefined)
    throw invalid("the message has a member that cannot be sent", { member: unknown[0] });
  const { text, quote } = content;
  if (typeof text !== "string") throw invalid("the text of the message is not a string");
  if (text.length === 0) throw new SessionError<MessageErrorCode>("MESSAGE_EMPTY", "the message is empty");
  // Every code point is one or two UTF-16 units: the length tells what need not be counted.
  const length = text.length <= TEXT_LIMIT ? text.length : countCodePoints(text.slice(0, 2 * TEXT_LIMIT + 1));
  if (length > TEXT_LIMIT) {
    throw new SessionError<MessageErrorCode>("MESSAGE_TOO_LONG", "the text is too long", {
      details: { max: TEXT_LIMIT, units: text.length },
    });
  }
  return { kind: "text", text, ...(quote === undefined ? {} : { quote: checkQuote(quote) }) };
}

function checkQuote(quote: MessageReference): MessageReference {
  if (typeof quote !== "object" || quote === null) throw invalid("the quote is not an object");
  const { author, timestamp } = quote;
  if (!Number.isSafeInteger(timestamp) || timestamp <= 0) throw invalid("the quote has no valid timestamp");
  return { author: checkRecipient(author), timestamp };
}

/** @throws `ID_INVALID` */
export function checkRecipient(to: string): SessionId {
  if (typeof to !== "string") throw new SessionError("ID_INVALID", "the Session ID is not a string");
  return parseSessionId(to);
}

function invalid(
  message: string,
  details?: Readonly<Record<string, unknown>>,
): SessionError<ClientErrorCode> {
  return new SessionError("INVALID_ARGUMENT", message, { details });
}
