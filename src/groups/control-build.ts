/**
 * Making control messages (docs/protocol/groups.md §8): `GroupUpdateMessage`s, with the group's signature where admins
 * speak. They go into a message of kind `group-update`.
 *
 * ```
 * invite          INVITE         ‖ invitee ‖ ts               deleteMemberContent  DELETE_CONTENT ‖ ts ‖ ids ‖ hashes
 * infoChange      INFO_CHANGE    ‖ type ‖ ts                  memberChange         MEMBER_CHANGE ‖ type ‖ ts
 * ```
 *
 * `ts` is the sent time of the message, in milliseconds; every message needs its own.
 *
 * @module
 */
import { utf8ToBytes } from "../bytes/index.js";
import { type Crypto, defaultCrypto, type Ed25519KeyPair } from "../crypto/index.js";
import { isSessionId, type SessionId } from "../identity/index.js";
import {
  GroupUpdateInfoChangeMessageType,
  GroupUpdateMemberChangeMessageType,
  type GroupUpdateMessage,
} from "../proto/index.js";
import { groupError } from "./errors.js";
import { groupIdOf } from "./group-key.js";
import { AUTH_DATA_BYTES } from "./subaccount.js";

/** A change of the group's info, as members are told. The state itself is in the info config. */
export type InfoChange =
  | { readonly change: "name"; readonly name: string }
  | { readonly change: "picture" }
  /** `seconds` 0: messages no longer disappear. */
  | { readonly change: "timer"; readonly seconds: number };

/** A change of the member list, as members are told. The state itself is in the members config. */
export interface MemberChange {
  readonly change: "added" | "removed" | "promoted";
  readonly members: readonly SessionId[];
  /** For `added`: whether they can read what was before. */
  readonly historyShared?: boolean | undefined;
}

/** What an admin signs a control message with. */
export interface AdminContext {
  readonly groupKey: Ed25519KeyPair;
  /** Sent time of the message, unix milliseconds. */
  readonly timestamp: number;
  readonly crypto?: Crypto | undefined;
}

/** What an admin or a member asks to delete. */
export interface ContentToDelete {
  /** Authors whose messages all go; only admins can ask that. */
  readonly members?: readonly SessionId[] | undefined;
  /** Swarm hashes of messages. */
  readonly hashes?: readonly string[] | undefined;
}

const INFO_TYPES: Readonly<Record<InfoChange["change"], GroupUpdateInfoChangeMessageType>> = {
  name: GroupUpdateInfoChangeMessageType.NAME,
  picture: GroupUpdateInfoChangeMessageType.AVATAR,
  timer: GroupUpdateInfoChangeMessageType.DISAPPEARING_MESSAGES,
};

const MEMBER_TYPES: Readonly<Record<MemberChange["change"], GroupUpdateMemberChangeMessageType>> = {
  added: GroupUpdateMemberChangeMessageType.ADDED,
  removed: GroupUpdateMemberChangeMessageType.REMOVED,
  promoted: GroupUpdateMemberChangeMessageType.PROMOTED,
};

/**
 * Invites a user, one-to-one.
 *
 * @throws `GROUP_INVALID_VALUE`, `GROUP_INVALID_MEMBER`
 */
export function inviteMessage(
  invite: { readonly invitee: SessionId; readonly name: string; readonly authData: Uint8Array },
  context: AdminContext,
): GroupUpdateMessage {
  const { invitee, name, authData: memberAuthData } = invite;
  if (!isSessionId(invitee)) throw groupError("GROUP_INVALID_MEMBER", "only account ids can be invited");
  if (memberAuthData.length !== AUTH_DATA_BYTES) throw invalid("auth data has 100 bytes");
  const groupSessionId = groupIdOf(context.groupKey.publicKey);
  const adminSignature = signed(inviteText(invitee, context.timestamp), context);
  return { inviteMessage: { groupSessionId, name, memberAuthData, adminSignature } };
}

/** Makes a member an admin, one-to-one: it hands over the group's seed, which cannot be taken back. */
export function promoteMessage(promotion: {
  readonly groupKey: Ed25519KeyPair;
  readonly name: string;
}): GroupUpdateMessage {
  const { groupKey, name } = promotion;
  return { promoteMessage: { groupIdentitySeed: groupKey.secretKey.slice(0, 32), name } };
}

/** Tells all members of a change of the info. @throws `GROUP_INVALID_VALUE` */
export function infoChangeMessage(change: InfoChange, context: AdminContext): GroupUpdateMessage {
  const type = INFO_TYPES[change.change];
  const adminSignature = signed(infoChangeText(type, context.timestamp), context);
  switch (change.change) {
    case "name":
      return { infoChangeMessage: { type, updatedName: change.name, adminSignature } };
    case "picture":
      return { infoChangeMessage: { type, adminSignature } };
    case "timer":
      if (!Number.isInteger(change.seconds) || change.seconds < 0 || change.seconds > 0xffffffff)
        throw invalid("a timer is a whole number of seconds");
      return { infoChangeMessage: { type, updatedExpiration: change.seconds, adminSignature } };
  }
}

/** Tells all members of a change of the member list. @throws `GROUP_INVALID_MEMBER`, `GROUP_INVALID_VALUE` */
export function memberChangeMessage(change: MemberChange, context: AdminContext): GroupUpdateMessage {
  const type = MEMBER_TYPES[change.change];
  if (change.members.length === 0 || !change.members.every(isSessionId))
    throw groupError("GROUP_INVALID_MEMBER", "a change of members names account ids");
  const history = change.change === "added" ? { historyShared: change.historyShared ?? false } : {};
  const adminSignature = signed(memberChangeText(type, context.timestamp), context);
  return { memberChangeMessage: { type, memberSessionIds: change.members, ...history, adminSignature } };
}

/** Asks the admins to take the sender off the list. */
export function memberLeftMessage(): GroupUpdateMessage {
  return { memberLeftMessage: {} };
}

/** Tells all members that the sender left. */
export function memberLeftNotice(): GroupUpdateMessage {
  return { memberLeftNotificationMessage: {} };
}

/** Accepts an invitation. */
export function inviteResponse(): GroupUpdateMessage {
  return { inviteResponse: { isApproved: true } };
}

/**
 * Deletes messages for everybody.
 *
 * @param admin - absent for members, who can only delete their own messages, by hash
 * @throws `GROUP_INVALID_VALUE`, `GROUP_INVALID_MEMBER`
 */
export function deleteContentMessage(content: ContentToDelete, admin?: AdminContext): GroupUpdateMessage {
  const { members = [], hashes = [] } = content;
  if (members.length + hashes.length === 0) throw invalid("there is nothing to delete");
  if (!members.every(isSessionId))
    throw groupError("GROUP_INVALID_MEMBER", "an author's id is no account id");
  if (admin === undefined && members.length > 0) throw invalid("only admins delete all messages of a member");
  const lists = {
    ...(members.length === 0 ? {} : { memberSessionIds: members }),
    ...(hashes.length === 0 ? {} : { messageHashes: hashes }),
  };
  if (admin === undefined) return { deleteMemberContent: lists };
  const adminSignature = signed(deleteContentText(members, hashes, admin.timestamp), admin);
  return { deleteMemberContent: { ...lists, adminSignature } };
}

/**
 * Whether a control message disappears with the group's timer. The others never do: they must reach everybody.
 */
export function followsTimer(update: GroupUpdateMessage): boolean {
  return (
    update.infoChangeMessage !== undefined ||
    update.memberChangeMessage !== undefined ||
    update.memberLeftNotificationMessage !== undefined
  );
}

/** Signed text of an invitation. */
export function inviteText(invitee: string, timestamp: number): string {
  return `INVITE${invitee}${timestamp}`;
}

/** Signed text of a change of the info. */
export function infoChangeText(type: number, timestamp: number): string {
  return `INFO_CHANGE${type}${timestamp}`;
}

/** Signed text of a change of the member list. */
export function memberChangeText(type: number, timestamp: number): string {
  return `MEMBER_CHANGE${type}${timestamp}`;
}

/** Signed text of an admin's deletion. */
export function deleteContentText(
  members: readonly string[],
  hashes: readonly string[],
  timestamp: number,
): string {
  return `DELETE_CONTENT${timestamp}${members.join("")}${hashes.join("")}`;
}

function signed(text: string, { groupKey, timestamp, crypto = defaultCrypto }: AdminContext): Uint8Array {
  if (!Number.isSafeInteger(timestamp) || timestamp <= 0)
    throw invalid("a time is a positive whole number of milliseconds");
  return crypto.ed25519Sign(utf8ToBytes(text), groupKey.secretKey);
}

function invalid(message: string): Error {
  return groupError("GROUP_INVALID_VALUE", message);
}
