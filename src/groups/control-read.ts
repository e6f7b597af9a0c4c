/**
 * Reading control messages (docs/protocol/groups.md §8.1): which are believed, and what they ask.
 *
 * The signatures of infoChange and memberChange cover neither the new name, the timer nor the members: any member could
 * use an admin's signature again with other contents. So these are notices only, the state comes from the configs; and
 * when the caller knows who is an admin, they must come from one.
 *
 * @module
 */
import type { Crypto } from "../crypto/index.js";
import { type GroupId, isSessionId, type SessionId } from "../identity/index.js";
import {
  type GroupUpdateDeleteMemberContentMessage,
  type GroupUpdateInfoChangeMessage,
  type GroupUpdateMemberChangeMessage,
  type GroupUpdateMessage,
  GroupUpdateInfoChangeMessageType as InfoType,
  GroupUpdateMemberChangeMessageType as MemberType,
} from "../proto/index.js";
import {
  deleteContentText,
  type InfoChange,
  infoChangeText,
  type MemberChange,
  memberChangeText,
} from "./control-build.js";
import { isAdminSigned, type RefusedControl, refuseAny, refused } from "./control-checks.js";

/** What a control message in a group asks. */
export type GroupControl =
  | ({ readonly kind: "info-change" } & InfoChange)
  | ({ readonly kind: "member-change" } & MemberChange)
  /** For admins: take the sender off the list. */
  | { readonly kind: "member-left" }
  /** To be shown: the sender left. */
  | { readonly kind: "member-left-notice" }
  /** For admins: the sender accepted the invitation. */
  | { readonly kind: "invite-accepted" }
  | DeleteContent;

/** Delete what was sent before the message, here and in the store. */
export type DeleteContent =
  /** All messages of `members`, and those with `hashes` whoever sent them. */
  | {
      readonly kind: "delete-content";
      readonly by: "admin";
      readonly members: readonly SessionId[];
      readonly hashes: readonly string[];
    }
  /** Those with `hashes` that the sender of this message sent. */
  | { readonly kind: "delete-content"; readonly by: "author"; readonly hashes: readonly string[] };

/** A message of namespace 11 and who sent it. */
export interface GroupControlContext {
  readonly groupId: GroupId;
  readonly from: SessionId;
  /** Sent time, unix milliseconds. */
  readonly timestamp: number;
  /** Network time, unix milliseconds. */
  readonly now: number;
  /** Is this account on the member list? Left out: not checked. */
  readonly isMember?: ((id: SessionId) => boolean) | undefined;
  /** Is this account an admin, by the member list? Left out: not checked. */
  readonly isAdmin?: ((id: SessionId) => boolean) | undefined;
  readonly crypto?: Crypto | undefined;
}

/** Reads a control message of a group's namespace 11. */
export function readGroupControl(
  update: GroupUpdateMessage,
  context: GroupControlContext,
): GroupControl | RefusedControl {
  const refusal = refuseAny(update, context);
  if (refusal !== undefined) return refused(refusal);
  const { infoChangeMessage, memberChangeMessage, deleteMemberContent, inviteResponse } = update;
  if (infoChangeMessage !== undefined) return infoChange(infoChangeMessage, context);
  if (memberChangeMessage !== undefined) return memberChange(memberChangeMessage, context);
  if (deleteMemberContent !== undefined) return deleteContent(deleteMemberContent, context);
  if (update.memberLeftNotificationMessage !== undefined) return { kind: "member-left-notice" };
  if (update.memberLeftMessage !== undefined)
    return context.isMember?.(context.from) === false ? refused("not-a-member") : { kind: "member-left" };
  if (inviteResponse !== undefined) {
    if (!inviteResponse.isApproved) return refused("not-approved");
    return context.isMember?.(context.from) === false ? refused("not-a-member") : { kind: "invite-accepted" };
  }
  return refused("wrong-place");
}

function infoChange(
  message: GroupUpdateInfoChangeMessage,
  context: GroupControlContext,
): GroupControl | RefusedControl {
  const { type, updatedName, updatedExpiration = 0, adminSignature } = message;
  if (!isAdminSigned(infoChangeText(type, context.timestamp), adminSignature, context))
    return refused("bad-signature");
  if (context.isAdmin?.(context.from) === false) return refused("not-an-admin");
  switch (type) {
    case InfoType.NAME:
      return updatedName === undefined
        ? refused("malformed")
        : { kind: "info-change", change: "name", name: updatedName };
    case InfoType.AVATAR:
      return { kind: "info-change", change: "picture" };
    case InfoType.DISAPPEARING_MESSAGES:
      return { kind: "info-change", change: "timer", seconds: updatedExpiration };
    default:
      return refused("malformed");
  }
}

const MEMBER_CHANGES: ReadonlyMap<number, MemberChange["change"]> = /* @__PURE__ */ new Map<
  number,
  MemberChange["change"]
>([
  [MemberType.ADDED, "added"],
  [MemberType.REMOVED, "removed"],
  [MemberType.PROMOTED, "promoted"],
]);

function memberChange(
  message: GroupUpdateMemberChangeMessage,
  context: GroupControlContext,
): GroupControl | RefusedControl {
  const { type, memberSessionIds = [], historyShared = false, adminSignature } = message;
  if (!isAdminSigned(memberChangeText(type, context.timestamp), adminSignature, context))
    return refused("bad-signature");
  if (context.isAdmin?.(context.from) === false) return refused("not-an-admin");
  const change = MEMBER_CHANGES.get(type);
  const members = memberSessionIds.filter(isSessionId);
  if (change === undefined || members.length === 0) return refused("malformed");
  return { kind: "member-change", change, members, ...(change === "added" ? { historyShared } : {}) };
}

/** Unsigned: the sender's own messages. Signed: anything. A wrong signature does not make it the former. */
function deleteContent(
  message: GroupUpdateDeleteMemberContentMessage,
  context: GroupControlContext,
): GroupControl | RefusedControl {
  const { memberSessionIds = [], messageHashes: hashes = [], adminSignature } = message;
  if (adminSignature === undefined || adminSignature.length === 0)
    return hashes.length === 0
      ? refused("malformed")
      : { kind: "delete-content", by: "author", hashes: [...hashes] };
  const text = deleteContentText(memberSessionIds, hashes, context.timestamp);
  if (!isAdminSigned(text, adminSignature, context)) return refused("bad-signature");
  const members = memberSessionIds.filter(isSessionId);
  return { kind: "delete-content", by: "admin", members, hashes: [...hashes] };
}
