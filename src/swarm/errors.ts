/**
 * Error codes of this room, and the one table from a storage server's status to an error
 * (docs/protocol/network.md §7.2, docs/protocol/swarm.md §9).
 *
 * @module
 */
import { SessionError } from "../errors/index.js";

/** Codes of the errors that this room throws, in a `SessionError`; besides those of the network below it. */
export type SwarmErrorCode =
  /** 401: the signature was refused. For a group member: removed, revoked, or the group is gone. */
  | "SWARM_UNAUTHORIZED"
  /** 403: time to live or rights refused. */
  | "SWARM_FORBIDDEN"
  /** 404: nothing there (a delete with `required` that deleted nothing). */
  | "SWARM_NOT_FOUND"
  /** 406 or 425, and the 401 answers that are about time: the clocks differ too much. */
  | "SWARM_CLOCK"
  /** 421: the node is not in the account's swarm. */
  | "SWARM_WRONG"
  /** 429: too many requests. */
  | "SWARM_RATE_LIMITED"
  /** 400: the server does not take the request. */
  | "SWARM_BAD_REQUEST"
  /** 400 `no method …`: the server is too old for this call. */
  | "SWARM_METHOD_UNKNOWN"
  /** Any other status: the node, or the oxend behind it, has a problem. */
  | "SWARM_SERVER_ERROR"
  /** The reply is not what the protocol says. */
  | "SWARM_REPLY_INVALID"
  /** No member of the swarm did what was asked, or none proved it with a valid signature. */
  | "SWARM_ALL_FAILED"
  /** No node is known to ask. */
  | "SWARM_NO_NODES"
  /** A `sequence` stopped before this entry. */
  | "SWARM_NOT_RUN"
  /** Every node asked says that nobody owns the name. */
  | "SWARM_NAME_NOT_REGISTERED"
  /** The nodes asked did not agree, did not answer, or the entry cannot be decrypted. */
  | "SWARM_NAME_UNRESOLVED"
  /** A parameter is outside what the protocol allows; nothing was sent. */
  | "INVALID_ARGUMENT";

/** Where a status came from. */
export interface StatusContext {
  readonly method: string;
  /** Ed25519 key of the node that answered. */
  readonly node?: string | undefined;
}

/** Characters of a server's error text that an error keeps. */
const TEXT_LIMIT = 200;

/** True for 200 to 299. */
export function isSuccess(status: number): boolean {
  return status >= 200 && status <= 299;
}

/** The error for a status outside 200 to 299. The server's text, shortened, goes to `details.text`. */
export function statusError(
  status: number,
  body: unknown,
  context: StatusContext,
): SessionError<SwarmErrorCode> {
  const text = typeof body === "string" ? body.slice(0, TEXT_LIMIT) : undefined;
  const [code, message] = classify(status, text ?? "");
  return new SessionError(code, message, { details: { status, ...context, ...(text ? { text } : {}) } });
}

/**
 * A 401 about time instead of a signature: `expire` and `delete_before` answer so (docs/protocol/swarm.md §9). Nothing
 * but the sentence tells it from a refused signature, which for a group means "removed".
 */
const TIME_REFUSED = /timestamp should be >= current time|timestamp too far in the future/;

function classify(status: number, text: string): [SwarmErrorCode, string] {
  switch (status) {
    case 400:
      return text.startsWith("no method ")
        ? ["SWARM_METHOD_UNKNOWN", "the node does not know the method"]
        : ["SWARM_BAD_REQUEST", "the node does not take the request"];
    case 401:
      return TIME_REFUSED.test(text)
        ? ["SWARM_CLOCK", "the node's clock and ours differ too much"]
        : ["SWARM_UNAUTHORIZED", "the node refused the signature"];
    case 403:
      return ["SWARM_FORBIDDEN", "the node refused the time to live or the rights"];
    case 404:
      return ["SWARM_NOT_FOUND", "the node has nothing of what was asked for"];
    case 406:
    case 425:
      return ["SWARM_CLOCK", "the node's clock and ours differ too much"];
    case 421:
      return ["SWARM_WRONG", "the node is not in the swarm of the account"];
    case 429:
      return ["SWARM_RATE_LIMITED", "the node asks for fewer requests"];
    default:
      return ["SWARM_SERVER_ERROR", "the node could not serve the request"];
  }
}

/** `SWARM_REPLY_INVALID` with what was expected and where. */
export function replyInvalid(what: string, cause?: unknown): SessionError<SwarmErrorCode> {
  return new SessionError("SWARM_REPLY_INVALID", `the node's reply is invalid: ${what}`, { cause });
}

/** `INVALID_ARGUMENT`, thrown before anything is sent. */
export function invalidArgument(
  what: string,
  details?: Record<string, unknown>,
): SessionError<SwarmErrorCode> {
  return new SessionError("INVALID_ARGUMENT", what, { details });
}
