/**
 * What members and admins of legacy groups do (docs/protocol/legacy-groups.md §5).
 *
 * Control messages go through the outbox, and what follows from one that is sent (telling new members, handing out a new
 * pair after a removal) is on disk with it: a program that ends in between goes on when it is started again.
 *
 * @module
 */
import { type AbortOptions, isSessionError, SessionError } from "../../../errors/index.js";
import {
  createLegacyGroupId,
  createLegacyKeyPair,
  type GroupErrorCode,
  type LegacyControl,
  type LegacyGroupState,
  MAX_GROUP_MEMBERS,
  wrapLegacyKeyPair,
} from "../../../groups/index.js";
import type { SessionId } from "../../../identity/index.js";
import { checkName } from "../../../messages/index.js";
import { asSessionError, type ClientErrorCode } from "../../errors.js";
import type { Companions } from "../../sender.js";
import { checkRecipient, invalidArgument } from "../../targets.js";
import { sendControl } from "./sending.js";
import type { LegacyWorld } from "./world.js";

/** A legacy group to be created. */
export interface NewLegacyGroup {
  /** 1 to 100 bytes of UTF-8; trimmed. */
  readonly name: string;
  /** Session IDs, at least one; with the own account at most 100. */
  readonly members: readonly string[];
  /** Seconds after sending at which messages disappear; 0, the default: never. */
  readonly timerSeconds?: number | undefined;
}

/** Creates a group, and tells its members. */
export async function createLegacyGroup(
  world: LegacyWorld,
  { name, members: ids, timerSeconds = 0 }: NewLegacyGroup,
  { signal }: AbortOptions,
): Promise<SessionId> {
  const { crypto, self, store, clock, legacy, lifetime } = world;
  const checked = checkName(name);
  const members = checkMembers(ids).filter((id) => id !== self);
  if (members.length === 0) throw invalidArgument("the group has no members");
  checkCount(members.length + 1);
  if (!Number.isSafeInteger(timerSeconds) || timerSeconds < 0)
    throw invalidArgument("the timer is no number of seconds");
  await clock.sync(signal ?? lifetime);
  const groupId = createLegacyGroupId({ crypto });
  const state: LegacyGroupState = {
    groupId,
    name: checked,
    members: [self, ...members],
    admins: [self],
    keyPairs: [createLegacyKeyPair({ crypto })],
    zombies: [],
    timerSeconds,
    // Before anything that is sent to it.
    joinedAt: clock.now() - 1,
    status: "active",
  };
  await store.write((batch) => legacy.put(batch, state, { toInvite: members }));
  await tellNewMembers(world, groupId, { signal });
  return groupId;
}

/** Tells those who are to be told of a group. Who cannot be reached is told later. */
export async function tellNewMembers(
  world: LegacyWorld,
  id: SessionId,
  { signal }: AbortOptions,
): Promise<void> {
  const { legacy, events, lifetime } = world;
  const unreached: SessionId[] = [];
  let failure: unknown;
  const toInvite = legacy.get(id)?.toInvite ?? [];
  await Promise.all(
    toInvite.map(async (member) => {
      const entry = legacy.get(id);
      if (entry?.state.status !== "active") return;
      const companions: Companions = {
        also: (batch) => legacy.note(batch, id, (work) => ({ toInvite: without(work.toInvite, member) })),
        undo: (batch) =>
          legacy.note(batch, id, (work) => ({ toInvite: [...without(work.toInvite, member), member] })),
      };
      try {
        await sendControl(world, member, invitation(entry.state), { signal, companions });
      } catch (error) {
        if (lifetime.aborted || signal?.aborted) throw error;
        unreached.push(member);
        failure = error;
      }
    }),
  );
  if (unreached.length === 0) return;
  const error = asSessionError(failure, "SEND_FAILED", "members could not be told of the group");
  events.emit("legacy-group", { id, change: "unreached", members: unreached, error });
}

/** Adds members: any member may. */
export async function addLegacyMembers(
  world: LegacyWorld,
  id: SessionId,
  ids: readonly string[],
  { signal }: AbortOptions,
): Promise<void> {
  const { members } = world.legacy.require(id).state;
  const added = checkMembers(ids).filter((member) => !members.includes(member));
  if (added.length === 0)
    throw new SessionError<ClientErrorCode>("GROUP_ALREADY_MEMBER", "they are in the group already");
  checkCount(members.length + added.length);
  await sendControl(world, id, { kind: "added", members: added }, { signal });
  await tellNewMembers(world, id, { signal });
}

/** Removes members, and hands out a new pair: admins only. */
export async function removeLegacyMembers(
  world: LegacyWorld,
  id: SessionId,
  ids: readonly string[],
  { signal }: AbortOptions,
): Promise<void> {
  const { members, admins, zombies } = requireAdmin(world, id);
  const removed = checkMembers(ids);
  const [first] = admins;
  if (first !== undefined && removed.includes(first))
    throw invalidArgument("who created a legacy group cannot be removed");
  // Those who left are no members any more, but still have the pair.
  const strangers = removed.filter((member) => !members.includes(member) && !zombies.includes(member));
  if (removed.length === 0 || strangers.length > 0)
    throw new SessionError<ClientErrorCode>("GROUP_NOT_MEMBER", "they are not in the group", {
      details: { members: strangers },
    });
  const present = removed.filter((member) => members.includes(member));
  if (present.length > 0) await sendControl(world, id, { kind: "removed", members: present }, { signal });
  await rotateLegacyKeys(world, id, { signal });
}

/** Hands out a new pair, encrypted with the old one; it is used from when it is sent. Admins only. */
export async function rotateLegacyKeys(
  world: LegacyWorld,
  id: SessionId,
  { signal }: AbortOptions,
): Promise<void> {
  const { account, crypto, legacy } = world;
  const { members } = requireAdmin(world, id);
  const wrappers = wrapLegacyKeyPair(createLegacyKeyPair({ crypto }), members, account, crypto);
  const companions: Companions = {
    also: (batch) => legacy.note(batch, id, () => ({ toRotate: false })),
    undo: (batch) => legacy.note(batch, id, () => ({ toRotate: true })),
  };
  await sendControl(world, id, { kind: "key-pair", wrappers }, { signal, companions });
}

/** Sends the newest pair to a member that lacks it, one-to-one. Admins only. */
export async function sendLegacyKeys(
  world: LegacyWorld,
  id: SessionId,
  to: string,
  { signal }: AbortOptions,
): Promise<void> {
  const { account, crypto } = world;
  const { members, keyPairs } = requireAdmin(world, id);
  const [member] = checkMembers([to]);
  const [pair] = keyPairs;
  if (member === undefined || pair === undefined || !members.includes(member))
    throw new SessionError<ClientErrorCode>("GROUP_NOT_MEMBER", "the person is not in the group");
  const wrappers = wrapLegacyKeyPair(pair, [member], account, crypto);
  await sendControl(world, member, { kind: "key-pair", wrappers, groupId: id }, { signal });
}

/** What is still to be done for a group: by an earlier run, or what failed. */
export async function finishLegacyWork(world: LegacyWorld, id: SessionId): Promise<void> {
  const { legacy, lifetime: signal, log } = world;
  const entry = legacy.get(id);
  if (entry?.state.status !== "active") return;
  try {
    if (entry.toInvite.length > 0) await tellNewMembers(world, id, { signal });
    if (legacy.get(id)?.toRotate) await rotateLegacyKeys(world, id, { signal });
  } catch (error) {
    if (!isSessionError(error)) throw error;
    if (!signal.aborted)
      log.warn("what a legacy group needs could not be sent, and is tried again", { error });
  }
}

function invitation(state: LegacyGroupState): LegacyControl {
  const { groupId, name, members, admins, keyPairs, timerSeconds } = state;
  const [keyPair] = keyPairs;
  // A group that the account is in has one.
  if (keyPair === undefined) throw new TypeError("the group has no encryption pair");
  return { kind: "new", groupId, name, keyPair, members, admins, timerSeconds };
}

function requireAdmin({ legacy, self }: LegacyWorld, id: SessionId): LegacyGroupState {
  const { state } = legacy.require(id);
  if (state.admins.includes(self)) return state;
  throw new SessionError<GroupErrorCode>("GROUP_NOT_ADMIN", "only an admin may do that", {
    details: { group: id },
  });
}

/** Each once. @throws `ID_INVALID` */
function checkMembers(ids: readonly string[]): SessionId[] {
  return [...new Set(ids.map(checkRecipient))];
}

function checkCount(members: number): void {
  if (members <= MAX_GROUP_MEMBERS) return;
  throw new SessionError<GroupErrorCode>("GROUP_TOO_MANY_MEMBERS", "a group has at most 100 members", {
    details: { members, limit: MAX_GROUP_MEMBERS },
  });
}

const without = (ids: readonly SessionId[], id: SessionId): SessionId[] => ids.filter((each) => each !== id);
