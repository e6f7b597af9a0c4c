/**
 * What the readers of control messages share: the reasons for a refusal, and the checks that come first.
 *
 * @module
 */
import { utf8ToBytes } from "../bytes/index.js";
import { type Crypto, defaultCrypto } from "../crypto/index.js";
import { type GroupId, idPublicKey } from "../identity/index.js";
import type { GroupUpdateMessage } from "../proto/index.js";
import { GROUP_TTL_MS } from "./limits.js";

/** Why a control message is not believed. */
export type ControlRefusal =
  /** It holds none of the known messages, or several. */
  | "not-one"
  /** An invitation inside a group, or a group's message outside of it. */
  | "wrong-place"
  /** Older than the swarm keeps messages: somebody stored it again. */
  | "expired"
  | "bad-signature"
  /** A change that only admins announce, from somebody who is none. */
  | "not-an-admin"
  | "not-a-member"
  /** A type that the schema does not know, or lists that name nobody. */
  | "malformed"
  | "not-approved"
  | "blocked"
  | "bad-auth-data"
  | "already-member"
  | "destroyed";

/** A control message that is dropped; nothing follows from it. */
export interface RefusedControl {
  readonly kind: "refused";
  readonly reason: ControlRefusal;
}

const PARTS = [
  "inviteMessage",
  "infoChangeMessage",
  "memberChangeMessage",
  "promoteMessage",
  "memberLeftMessage",
  "inviteResponse",
  "deleteMemberContent",
  "memberLeftNotificationMessage",
] as const;

/** How much longer than its time to live a message may seem to have been under way: clocks differ. */
const AGE_TOLERANCE_MS = 24 * 60 * 60 * 1000;

/** The refusal that any control message can meet. */
export function refuseAny(
  update: GroupUpdateMessage,
  { timestamp, now }: { timestamp: number; now: number },
): ControlRefusal | undefined {
  if (PARTS.filter((part) => update[part] !== undefined).length !== 1) return "not-one";
  return now - timestamp > GROUP_TTL_MS.messages + AGE_TOLERANCE_MS ? "expired" : undefined;
}

/** Whether the group's key signed `text`. */
export function isAdminSigned(
  text: string,
  signature: Uint8Array,
  { groupId, crypto = defaultCrypto }: { groupId: GroupId; crypto?: Crypto | undefined },
): boolean {
  return signature.length === 64 && crypto.ed25519Verify(signature, utf8ToBytes(text), idPublicKey(groupId));
}

/** A refusal. */
export function refused(reason: ControlRefusal): RefusedControl {
  return { kind: "refused", reason };
}
