/**
 * Reading what admins send one-to-one (docs/protocol/groups.md §8.1, §10.2, §11): invitations and promotions.
 *
 * @module
 */
import { type Crypto, defaultCrypto } from "../crypto/index.js";
import { type GroupId, isGroupId, type SessionId } from "../identity/index.js";
import type {
  GroupUpdateInviteMessage,
  GroupUpdateMessage,
  GroupUpdatePromoteMessage,
} from "../proto/index.js";
import { inviteText } from "./control-build.js";
import { isAdminSigned, type RefusedControl, refuseAny, refused } from "./control-checks.js";
import { groupIdOf } from "./group-key.js";
import { GROUP_ACCESS, isValidAuthData } from "./subaccount.js";

/** An invitation or a promotion. */
export type GroupInvitation =
  | {
      readonly kind: "invite";
      readonly groupId: GroupId;
      readonly name: string;
      /** 100 bytes, checked. */
      readonly authData: Uint8Array;
    }
  | {
      readonly kind: "promote";
      readonly groupId: GroupId;
      readonly name: string;
      /** The group's seed, 32 bytes: proof that the sender is an admin. */
      readonly seed: Uint8Array;
    };

/** What the account is to a group, by its user-groups config. */
export type GroupStanding = "none" | "invited" | "member" | "admin" | "kicked" | "destroyed";

/** A one-to-one message and who received it. */
export interface InvitationContext {
  readonly account: { readonly sessionId: SessionId; readonly ed25519: { readonly publicKey: Uint8Array } };
  readonly from: SessionId;
  /** Sent time, unix milliseconds. */
  readonly timestamp: number;
  /** Network time, unix milliseconds. */
  readonly now: number;
  /** Left out: nobody is blocked. */
  readonly isBlocked?: ((id: SessionId) => boolean) | undefined;
  /** Left out: the account is in no group. */
  readonly standing?: ((groupId: GroupId) => GroupStanding) | undefined;
  readonly crypto?: Crypto | undefined;
}

/** Reads a control message that came one-to-one. */
export function readInvitation(
  update: GroupUpdateMessage,
  context: InvitationContext,
): GroupInvitation | RefusedControl {
  const refusal = refuseAny(update, context);
  if (refusal !== undefined) return refused(refusal);
  if (context.isBlocked?.(context.from) === true) return refused("blocked");
  if (update.inviteMessage !== undefined) return invite(update.inviteMessage, context);
  if (update.promoteMessage !== undefined) return promote(update.promoteMessage, context);
  return refused("wrong-place");
}

function invite(
  message: GroupUpdateInviteMessage,
  context: InvitationContext,
): GroupInvitation | RefusedControl {
  const { groupSessionId: groupId, name, memberAuthData, adminSignature } = message;
  const { account, timestamp, standing, crypto = defaultCrypto } = context;
  if (!isGroupId(groupId)) return refused("malformed");
  if (!isAdminSigned(inviteText(account.sessionId, timestamp), adminSignature, { groupId, crypto }))
    return refused("bad-signature");
  if (!isValidAuthData(memberAuthData, groupId, account.ed25519.publicKey, GROUP_ACCESS.read, crypto))
    return refused("bad-auth-data");
  switch (standing?.(groupId)) {
    case "member":
    case "admin":
      return refused("already-member");
    case "destroyed":
      return refused("destroyed");
    default:
      return { kind: "invite", groupId, name, authData: memberAuthData.slice() };
  }
}

function promote(
  message: GroupUpdatePromoteMessage,
  context: InvitationContext,
): GroupInvitation | RefusedControl {
  const { groupIdentitySeed: seed, name } = message;
  const { standing, crypto = defaultCrypto } = context;
  if (seed.length !== 32) return refused("malformed");
  const groupId = groupIdOf(crypto.ed25519KeyPair(seed.slice()).publicKey);
  switch (standing?.(groupId)) {
    case "admin":
      return refused("already-member");
    case "destroyed":
      return refused("destroyed");
    default:
      return { kind: "promote", groupId, name, seed: seed.slice() };
  }
}
