/**
 * Error codes of this room, and the one table from a community server's status to an error
 * (docs/protocol/communities.md §12).
 *
 * @module
 */
import { type CommonErrorCode, SessionError } from "../errors/index.js";

/** Codes of the errors that this room throws, in a `SessionError`; besides those of the rooms below it. */
export type CommunityErrorCode =
  | CommonErrorCode
  /** Not the link of a community room, or not the address of a community server. */
  | "COMMUNITY_LINK_INVALID"
  /** The call needs an account, and the connection is anonymous. Nothing was sent. */
  | "COMMUNITY_NO_ACCOUNT"
  /** 400, 405: the server does not take the request. */
  | "COMMUNITY_BAD_REQUEST"
  /** 401: the signature was refused, or the endpoint wants a (blinded) user. */
  | "COMMUNITY_UNAUTHORIZED"
  /** 403: the permission is missing. */
  | "COMMUNITY_FORBIDDEN"
  /** 403: the account is banned from the whole server. */
  | "COMMUNITY_BANNED"
  /** 404: no such room, message, file or user, or none that this account may know of. */
  | "COMMUNITY_NOT_FOUND"
  /** 406: the room image is not a file of the room. */
  | "COMMUNITY_NOT_ACCEPTABLE"
  /** 412: the server lacks a capability that was asked for; `details.missing` lists them. */
  | "COMMUNITY_CAPABILITY_MISSING"
  /** 413, or a file above the limit before it is sent. */
  | "COMMUNITY_TOO_LARGE"
  /** 425, twice: the clocks differ by more than a day. */
  | "COMMUNITY_CLOCK"
  /** 429: too many messages; `details.retryAfterMs` says how long to wait. */
  | "COMMUNITY_RATE_LIMITED"
  /** 429: a word or alphabet filter refused the message. */
  | "COMMUNITY_FILTERED"
  /** Any other status. */
  | "COMMUNITY_SERVER_ERROR"
  /** The reply is not what the protocol says: an HTML page, half a batch, wrong types. */
  | "COMMUNITY_REPLY_INVALID"
  /** A sequence stopped before this entry. */
  | "COMMUNITY_NOT_RUN"
  /** The signature of a message is not its author's. */
  | "COMMUNITY_BAD_SIGNATURE";

/** Where a status came from. */
export interface StatusContext {
  readonly method: string;
  /** Path with query. */
  readonly path: string;
}

/** What the table looks at. */
export interface FailedReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The body as text; empty when it is none. */
  readonly text: string;
  /** The body as JSON, where it is. */
  readonly json?: unknown;
}

/** Characters of a server's error text that an error keeps. */
const TEXT_LIMIT = 200;
/** Servers count messages of the last 16 seconds, and do not say when the oldest of them drops out. */
const RATE_LIMIT_WINDOW_MS = 16_000;

/** The error for a status outside 200 to 299. The server's words, shortened, go to `details.text`. */
export function statusError(reply: FailedReply, context: StatusContext): SessionError<CommunityErrorCode> {
  const text = plainText(reply.text).slice(0, TEXT_LIMIT);
  const [code, message] = classify(reply.status, text);
  return new SessionError(code, message, {
    details: {
      status: reply.status,
      ...context,
      ...(text === "" ? {} : { text }),
      ...(code === "COMMUNITY_RATE_LIMITED" ? { retryAfterMs: retryAfter(reply.headers) } : {}),
      ...(code === "COMMUNITY_CAPABILITY_MISSING" ? { missing: missingCapabilities(reply.json) } : {}),
    },
  });
}

/** `COMMUNITY_REPLY_INVALID` with what was expected and where. */
export function replyInvalid(what: string, cause?: unknown): SessionError<CommunityErrorCode> {
  return new SessionError("COMMUNITY_REPLY_INVALID", `the server's reply is invalid: ${what}`, { cause });
}

/** `INVALID_ARGUMENT`, thrown before anything is sent. */
export function invalidArgument(
  what: string,
  details?: Readonly<Record<string, unknown>>,
): SessionError<CommunityErrorCode> {
  return new SessionError("INVALID_ARGUMENT", what, { details });
}

function classify(status: number, text: string): [CommunityErrorCode, string] {
  switch (status) {
    case 400:
    case 405:
      return ["COMMUNITY_BAD_REQUEST", "the server does not take the request"];
    case 401:
      return ["COMMUNITY_UNAUTHORIZED", "the server refused the signature or wants one"];
    case 403:
      // Only this word tells a ban from the whole server apart from a missing permission.
      return text === "Banned"
        ? ["COMMUNITY_BANNED", "the account is banned from the server"]
        : ["COMMUNITY_FORBIDDEN", "the account may not do this here"];
    case 404:
      return ["COMMUNITY_NOT_FOUND", "the server has nothing of what was asked for"];
    case 406:
      return ["COMMUNITY_NOT_ACCEPTABLE", "the room image is not a file of the room"];
    case 412:
      return ["COMMUNITY_CAPABILITY_MISSING", "the server lacks a capability"];
    case 413:
      return ["COMMUNITY_TOO_LARGE", "the server takes no body of this size"];
    case 425:
      return ["COMMUNITY_CLOCK", "the server's clock and ours differ too much"];
    case 429:
      return text.startsWith("filtration ")
        ? ["COMMUNITY_FILTERED", "the server's filter refused the message"]
        : ["COMMUNITY_RATE_LIMITED", "the server asks for fewer messages"];
    default:
      return ["COMMUNITY_SERVER_ERROR", "the server could not serve the request"];
  }
}

/** Error pages are HTML: their sentences, without the markup and the style around them. */
function plainText(text: string): string {
  if (!/^\s*</.test(text)) return text;
  return text
    .slice(0, 20 * TEXT_LIMIT)
    .replace(/<(style|script)[^>]*>[\s\S]*?<\/\1>/gi, " ")
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ")
    .trim();
}

/** `Retry-After` in seconds, where a front end sends one. */
function retryAfter(headers: Readonly<Record<string, string>>): number {
  const header = headers["retry-after"] ?? "";
  return /^\d{1,6}$/.test(header) ? Number(header) * 1000 : RATE_LIMIT_WINDOW_MS;
}

function missingCapabilities(json: unknown): readonly string[] {
  const missing = (json as { readonly missing?: unknown } | null | undefined)?.missing;
  return Array.isArray(missing) ? missing.filter((name) => typeof name === "string") : [];
}

/** Changes whose members are about to be read. @throws `INVALID_ARGUMENT` */
export function checkChange<Change extends object>(change: Change): Change {
  if (typeof change === "object" && change !== null) return change;
  throw invalidArgument("the changes are not an object");
}
