import { SessionError } from "../errors/index.js";

/** Codes of the errors that this room throws or reports, in a `SessionError`; besides those of the rooms below. */
export type ClientErrorCode =
  /** The client is closed, or was closed while the call ran. */
  | "CLOSED"
  | "ABORTED"
  /** An option or argument is not what it must be. Nothing was sent. */
  | "INVALID_ARGUMENT"
  /** The account is in no such group or community, and knows nobody by such a blinded id. Nothing has changed. */
  | "CONVERSATION_UNKNOWN"
  /** The recipient is blocked: unblock first. Nothing was sent. */
  | "CONTACT_BLOCKED"
  /** Too many in a short time; `retryAfterMs` in the details. Nothing was sent. */
  | "RATE_LIMITED"
  /** No member of the recipient's swarm took the message. The cause says why the last one did not. */
  | "SEND_FAILED"
  /** The message is with its recipient, but its copy for the own devices is not stored yet; it is tried again. */
  | "SYNC_FAILED"
  /** No member of the own swarm that was asked gave its messages. The cause says why the last one did not. */
  | "POLL_FAILED"
  /** The account's configs could not be brought to its swarm; they are tried again. The cause says why. */
  | "CONFIG_PUSH_FAILED"
  /** The account is not in the group: never was, was invited only, was removed, or there is no such group any more. */
  | "GROUP_NOT_JOINED"
  /** The person, or the account, is not on the group's member list. Nothing was changed. */
  | "GROUP_NOT_MEMBER"
  /** The person is in the group already, or the account has answered already. Nothing was changed. */
  | "GROUP_ALREADY_MEMBER"
  /** The account is the group's only admin: without it nobody could change the group. Promote somebody first, or destroy it. */
  | "GROUP_LAST_ADMIN"
  /** No invitation to the group waits for an answer; `standing` in the details says what the account is to it. */
  | "GROUP_NOT_INVITED"
  /** A change of a group could not be brought to its swarm; it is tried again unless the call says otherwise. */
  | "GROUP_PUSH_FAILED"
  /** A community server, or one of its rooms, could not be polled: it is tried again. The cause says why. */
  | "COMMUNITY_POLL_FAILED"
  /** The account is in no such room: join it first. Nothing was sent. */
  | "ROOM_NOT_JOINED"
  /** Rooms of that server are joined with another server key. Nothing was sent to it. */
  | "COMMUNITY_KEY_CHANGED"
  /** The client was opened without `legacyGroups`, and only lists closed groups of the old kind. */
  | "LEGACY_GROUPS_OFF"
  /** The swarm does not let the box of a legacy group be read. It is not asked again before the client is opened anew. */
  | "LEGACY_GROUPS_UNSUPPORTED"
  /** A handler of the app threw. Its message is delivered again (see `Client.on`). */
  | "HANDLER_FAILED";

/** What to throw once the client is closed. */
export function closedError(): SessionError<"CLOSED"> {
  return new SessionError("CLOSED", "the client is closed");
}

/** `error` as a `SessionError`: itself if it is one, else the cause of one with `code`. */
export function asSessionError<Code extends string>(
  error: unknown,
  code: Code,
  message: string,
  details?: Readonly<Record<string, unknown>>,
): SessionError {
  return error instanceof SessionError ? error : new SessionError(code, message, { cause: error, details });
}
