import { SessionError } from "../errors/index.js";

/** Codes of the errors that this room throws, in a `SessionError`. */
export type GroupErrorCode =
  /** The operation needs the group's secret key, which only admins have. */
  | "GROUP_NOT_ADMIN"
  /** A seed or secret key does not belong to the group. */
  | "GROUP_WRONG_KEY"
  /** No group key is known yet: load keys messages first. */
  | "GROUP_NO_KEYS"
  /** A keys message that breaks a rule; `details.reason` says which. The state is as before. */
  | "GROUP_KEYS_INVALID"
  /** A keys message that the group's key did not sign. The state is as before. */
  | "GROUP_KEYS_BAD_SIGNATURE"
  /** The highest generation was reached. */
  | "GROUP_GENERATION_LIMIT"
  /** More members than a keys message can serve. */
  | "GROUP_TOO_MANY_MEMBERS"
  /** An id that is no usable account id. */
  | "GROUP_INVALID_MEMBER"
  /** No known group key opens the message: a later keys message may. */
  | "GROUP_MESSAGE_UNDECRYPTABLE"
  /** The message opens, but what is inside breaks a rule. */
  | "GROUP_MESSAGE_INVALID"
  /** The message opens, but its sender is not proven. */
  | "GROUP_MESSAGE_BAD_SIGNATURE"
  /** A value of a field, of a message to send or of a config change, is out of range. */
  | "GROUP_INVALID_VALUE"
  /** Auth data that is not for this member, or not made by the group. */
  | "GROUP_INVALID_AUTH_DATA"
  /** A stored state that cannot be read. */
  | "GROUP_INVALID_DUMP";

/** The error of this room with `code`. */
export function groupError(
  code: GroupErrorCode,
  message: string,
  options: { readonly details?: Readonly<Record<string, unknown>>; readonly cause?: unknown } = {},
): SessionError<GroupErrorCode> {
  return new SessionError(code, message, options);
}
