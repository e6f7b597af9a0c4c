/**
 * What a legacy closed group's control messages do to its state (docs/protocol/legacy-groups.md §6). Deprecated.
 *
 * A pure step: state and message in, state out. Nothing is answered and no key is rotated by itself; what an admin
 * would do next is in the result.
 *
 * @module
 */
import { equalBytes } from "../../bytes/index.js";
import { type Crypto, defaultCrypto, type X25519KeyPair } from "../../crypto/index.js";
import type { SessionId } from "../../identity/index.js";
import type { LegacyControl } from "./control.js";
import { unwrapLegacyKeyPair } from "./keys.js";

/** A legacy group as a member knows it. */
export interface LegacyGroupState {
  readonly groupId: SessionId;
  readonly name: string;
  readonly members: readonly SessionId[];
  readonly admins: readonly SessionId[];
  /** Encryption pairs, from the newest to the oldest. */
  readonly keyPairs: readonly X25519KeyPair[];
  /** Members that left by themselves: an admin takes them off with a new pair. */
  readonly zombies: readonly SessionId[];
  readonly timerSeconds: number;
  /** Unix milliseconds. */
  readonly joinedAt: number;
  readonly status: "active" | "left" | "kicked";
}

/** Who received a control message from whom. */
export interface LegacyControlContext {
  readonly account: { readonly sessionId: SessionId; readonly x25519: X25519KeyPair };
  readonly from: SessionId;
  /** Time of the envelope, unix milliseconds. */
  readonly timestamp: number;
  /** Is the sender a contact that the account approved? Only `new` asks. */
  readonly isApproved: (id: SessionId) => boolean;
  readonly crypto?: Crypto | undefined;
}

/** Why a control message is dropped; the state stays. */
export type LegacyRefusal =
  | "unknown-group"
  | "not-active"
  | "before-joining"
  | "not-a-member"
  | "not-an-admin"
  | "not-approved"
  | "own-message"
  | "not-for-us"
  | "known-key-pair"
  | "nothing-changes";

/** What a control message did. */
export type LegacyStep =
  | { readonly kind: "refused"; readonly reason: LegacyRefusal }
  | {
      readonly kind: "applied";
      readonly group: LegacyGroupState;
      /** Members that are new: an admin would send them the newest pair, one-to-one. */
      readonly added?: readonly SessionId[] | undefined;
    };

/** The state after `control`. `group` is the known state, if any. */
export function applyLegacyControl(
  group: LegacyGroupState | undefined,
  control: LegacyControl,
  context: LegacyControlContext,
): LegacyStep {
  if (control.kind === "new") return applyNew(group, control, context);
  const { from, timestamp, account } = context;
  if (group === undefined) return refused("unknown-group");
  if (group.status !== "active") return refused("not-active");
  if (control.kind === "key-pair") return applyKeyPair(group, control, context);
  if (timestamp <= group.joinedAt) return refused("before-joining");
  if (!group.members.includes(from)) return refused("not-a-member");
  switch (control.kind) {
    case "name":
      return control.name === group.name
        ? refused("nothing-changes")
        : applied({ ...group, name: control.name });
    case "added": {
      const added = control.members.filter((id) => !group.members.includes(id));
      const zombies = group.zombies.filter((id) => !control.members.includes(id));
      return { ...applied({ ...group, members: [...group.members, ...added], zombies }), added };
    }
    case "removed":
      return applyRemoved(group, control.members, context);
    case "left": {
      if (group.admins.includes(from))
        return applied(closed(group, from === account.sessionId ? "left" : "kicked"));
      if (from === account.sessionId) return applied(closed(group, "left"));
      const members = group.members.filter((id) => id !== from);
      return applied({ ...group, members, zombies: [...new Set([...group.zombies, from])] });
    }
  }
}

/** A group is only joined by invitation of a contact; a group that is active takes no more than the pair and timer. */
function applyNew(
  group: LegacyGroupState | undefined,
  control: Extract<LegacyControl, { kind: "new" }>,
  { account, from, timestamp, isApproved }: LegacyControlContext,
): LegacyStep {
  if (from === account.sessionId) return refused("own-message");
  if (!isApproved(from)) return refused("not-approved");
  if (!control.members.includes(account.sessionId)) return refused("not-for-us");
  const { groupId, name, members, admins, keyPair, timerSeconds } = control;
  if (group?.status === "active") {
    const keyPairs = isKnown(group, keyPair) ? group.keyPairs : [keyPair, ...group.keyPairs];
    return applied({ ...group, keyPairs, timerSeconds });
  }
  return applied({
    groupId,
    name,
    members,
    admins,
    keyPairs: [keyPair],
    zombies: [],
    timerSeconds,
    joinedAt: timestamp,
    status: "active",
  });
}

function applyKeyPair(
  group: LegacyGroupState,
  { wrappers }: Extract<LegacyControl, { kind: "key-pair" }>,
  { account, from, crypto = defaultCrypto }: LegacyControlContext,
): LegacyStep {
  if (!group.members.includes(account.sessionId)) return refused("not-a-member");
  if (!group.admins.includes(from)) return refused("not-an-admin");
  const opened = unwrapLegacyKeyPair(wrappers, account.x25519, crypto);
  // Whoever wrapped the pair must be the one who sent it.
  if (opened === undefined || opened.from !== from) return refused("not-for-us");
  if (isKnown(group, opened.pair)) return refused("known-key-pair");
  return applied({ ...group, keyPairs: [opened.pair, ...group.keyPairs] });
}

/** The first admin cannot be removed. */
function applyRemoved(
  group: LegacyGroupState,
  removed: readonly SessionId[],
  { account, from }: LegacyControlContext,
): LegacyStep {
  if (!group.admins.includes(from)) return refused("not-an-admin");
  const gone = removed.filter((id) => id !== group.admins[0]);
  const members = group.members.filter((id) => !gone.includes(id));
  if (members.length === group.members.length) return refused("nothing-changes");
  const zombies = group.zombies.filter((id) => members.includes(id));
  const remaining = { ...group, members, zombies };
  return applied(
    gone.includes(account.sessionId) ? { ...remaining, keyPairs: [], status: "kicked" } : remaining,
  );
}

/** Without members and keys: nothing more can be read. */
function closed(group: LegacyGroupState, status: "left" | "kicked"): LegacyGroupState {
  return { ...group, members: [], zombies: [], keyPairs: [], status };
}

function isKnown(group: LegacyGroupState, { publicKey }: X25519KeyPair): boolean {
  return group.keyPairs.some((known) => equalBytes(known.publicKey, publicKey));
}

function applied(group: LegacyGroupState): Extract<LegacyStep, { kind: "applied" }> {
  return { kind: "applied", group };
}

function refused(reason: LegacyRefusal): LegacyStep {
  return { kind: "refused", reason };
}
