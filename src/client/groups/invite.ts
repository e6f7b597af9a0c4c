/**
 * Adding members (docs/protocol/groups.md §10.1): the list and a new key go to the swarm first, then everybody who was
 * added is told one-to-one.
 *
 * Who is still to be told is on the member list, together with this device's mark that it is the one that tells
 * (`invite-sending`): an interrupted invitation goes on after a restart, on this device and no other.
 *
 * @module
 */
import { type AbortOptions, isSessionError, SessionError, throwIfAborted } from "../../errors/index.js";
import {
  type GroupErrorCode,
  type GroupMember,
  inviteMessage,
  MAX_GROUP_MEMBERS,
  MEMBER_ACCESS,
  memberChangeMessage,
  promoteMessage,
  subaccountAuthData,
} from "../../groups/index.js";
import type { SessionId } from "../../identity/index.js";
import type { GroupUpdateMessage } from "../../proto/index.js";
import type { ClientErrorCode } from "../errors.js";
import { Limiter } from "../limiter.js";
import { orAborted } from "../timers.js";
import { sendDirect } from "./direct.js";
import type { LiveGroup } from "./live-group.js";
import type { MutablePending } from "./pending.js";
import {
  adminContext,
  checkIds,
  checkTokens,
  listedProfile,
  networkTime,
  requireAdmin,
  requireMember,
} from "./roles.js";
import type { GroupWorld } from "./world.js";

/** How to invite. */
export interface InviteOptions extends AbortOptions {
  /** The new members can read what was written before. Default: false. */
  readonly history?: boolean | undefined;
  /** The new members become admins. That cannot be taken back. Default: false. */
  readonly asAdmin?: boolean | undefined;
}

/** Whom invitations or promotions have reached. */
export interface InviteResult {
  readonly sent: readonly SessionId[];
  /** Not reached: `Group.resendInvitation` tries again. */
  readonly failed: readonly SessionId[];
}

/** Members told at the same time. */
const CONCURRENCY = 4;

/**
 * Adds members and invites them.
 *
 * @returns once the list is in the swarm and every invitation was tried
 * @throws `GROUP_NOT_ADMIN`, `GROUP_TOO_MANY_MEMBERS`, `GROUP_ALREADY_MEMBER`, `ID_INVALID`, `INVALID_ARGUMENT` (nothing
 *   changed); `GROUP_PUSH_FAILED`, `ABORTED` (it goes on in the background; nothing changed while the key of an earlier removal
 *   could not be stored)
 */
export async function inviteMembers(
  world: GroupWorld,
  group: LiveGroup,
  ids: readonly string[],
  { history = false, asAdmin = false, signal }: InviteOptions = {},
): Promise<InviteResult> {
  const groupKey = requireAdmin(group);
  const members = checkIds(ids);
  if (members.length === 0) return { sent: [], failed: [] };
  checkTokens(groupKey, members, world.crypto);
  await networkTime(world, signal);
  await changeOnceShutOut(world, group, signal, (pending) => {
    checkNewcomers(group, members);
    addMembers(world, group, pending, members, { history, asAdmin });
  });
  await group.push({ signal });
  return tellMembers(world, group, members, signal);
}

/**
 * A change that makes a new key, once the key of an earlier removal is in the swarm: the next one would be of the same
 * generation (§6.2), up to which the removal notice counts (§12.2), and whoever returns with it would take themselves for
 * removed.
 *
 * @throws `GROUP_PUSH_FAILED` (nothing changed), `GROUP_NOT_JOINED`, what `change` throws
 */
async function changeOnceShutOut(
  world: GroupWorld,
  group: LiveGroup,
  signal: AbortSignal | undefined,
  change: (pending: MutablePending) => void,
): Promise<void> {
  for (let isChanged = false; !isChanged; ) {
    if (isShuttingOut(group)) await group.push({ signal });
    world.directory.require(group.id);
    isChanged = await group.change((_batch, pending) => {
      if (isShuttingOut(group)) return false;
      change(pending);
      return true;
    });
  }
}

const isShuttingOut = ({ state, record }: LiveGroup): boolean =>
  state.keys.pending !== undefined && state.keys.pending.generation <= (record.shutOut ?? -1);

/**
 * Puts new members on the list of a group, in one of its state changes: with a new key for all, a notice, and tokens that
 * the swarm takes, whatever it was told of them before.
 */
export function addMembers(
  world: GroupWorld,
  group: LiveGroup,
  pending: MutablePending,
  members: readonly SessionId[],
  { history = false, asAdmin = false }: InviteOptions = {},
): void {
  const { state } = group;
  for (const id of members) {
    const step = asAdmin ? ({ promotion: "not-sent" } as const) : ({ invite: "not-sent" } as const);
    // An admin has all keys by the group's seed.
    state.members.update(id, { ...listedProfile(world, id), ...step, needsHistory: history && !asAdmin });
  }
  state.rekey();
  if (history && !asAdmin) pending.supplement(members);
  pending.unrevoke(members);
  pending.notice((timestamp) =>
    memberChangeMessage(
      { change: "added", members, historyShared: history || asAdmin },
      adminContext(world, group, timestamp),
    ),
  );
}

/**
 * Sends an invitation or promotion again, to somebody who has not answered it. Their token is un-revoked and, if they were
 * to have it, the history handed over once more.
 *
 * @throws `GROUP_NOT_ADMIN`, `GROUP_NOT_MEMBER`, `GROUP_ALREADY_MEMBER` if they have answered, as {@link inviteMembers}
 */
export async function resendInvitation(
  world: GroupWorld,
  group: LiveGroup,
  id: string,
  { signal }: AbortOptions = {},
): Promise<InviteResult> {
  requireAdmin(group);
  const [member] = checkIds([id]) as [SessionId];
  await networkTime(world, signal);
  await group.change((_batch, pending) => {
    const { isAdmin, invite, promotion, removal, needsHistory } = requireMember(group, member);
    if (removal > 0 || (isAdmin ? promotion : invite) === 0) throw alreadyMember(group, [member]);
    group.state.members.update(member, isAdmin ? { promotion: "not-sent" } : { invite: "not-sent" });
    pending.unrevoke([member]);
    if (needsHistory) pending.supplement([member]);
  });
  await group.push({ signal });
  return tellMembers(world, group, [member], signal);
}

/** Members whom this device is to tell. */
export function membersToTell({ state, isAdmin }: LiveGroup): SessionId[] {
  if (!isAdmin) return [];
  return state.members
    .list()
    .filter(({ status }) => status === "invite-sending" || status === "promotion-sending")
    .map(({ sessionId }) => sessionId);
}

/** Members who are being told, by group: nobody is told twice at once. */
const busy: WeakMap<LiveGroup, Map<SessionId, Promise<InviteResult>>> = /* @__PURE__ */ new WeakMap();

/**
 * Tells members of their invitation or promotion, and puts on the list how that went. What is interrupted goes on later.
 *
 * @throws `ABORTED` (it goes on in the background), the codes of the store
 */
export async function tellMembers(
  world: GroupWorld,
  group: LiveGroup,
  ids: readonly SessionId[],
  signal?: AbortSignal,
): Promise<InviteResult> {
  throwIfAborted(signal);
  const telling = busy.get(group) ?? new Map<SessionId, Promise<InviteResult>>();
  busy.set(group, telling);
  const others = new Set(ids.flatMap((id) => telling.get(id) ?? []));
  const members = ids.filter((id) => !telling.has(id));
  // Whoever stops waiting does not stop it: others may wait for the same.
  const told = tell(world, group, members, world.lifetime).finally(() => {
    for (const id of members) telling.delete(id);
  });
  for (const id of members) telling.set(id, told);
  const results = await orAborted(Promise.all([told, ...others]), signal);
  return {
    sent: ids.filter((id) => results.some(({ sent }) => sent.includes(id))),
    failed: ids.filter((id) => results.some(({ failed }) => failed.includes(id))),
  };
}

async function tell(
  world: GroupWorld,
  group: LiveGroup,
  ids: readonly SessionId[],
  signal: AbortSignal,
): Promise<InviteResult> {
  if (ids.length === 0) return { sent: [], failed: [] };
  const limiter = new Limiter(CONCURRENCY);
  const outcomes = await Promise.all(
    ids.map((id) =>
      limiter.run(async () => ({ id, error: await tellOne(world, group, id, signal) }), signal),
    ),
  );
  const failures = outcomes.flatMap(({ id, error }) => (error === undefined ? [] : [{ id, error }]));
  const failed = failures.map(({ id }) => id);
  const sent = ids.filter((id) => !failed.includes(id));
  await group.change(() => {
    for (const id of ids) settle(group, id, failed.includes(id) ? "failed" : "sent");
  });
  world.wake(group);
  const [first] = failures;
  if (first !== undefined) {
    world.events.emit("group", { id: group.id, change: "unreached", members: failed, error: first.error });
  }
  return { sent, failed };
}

/** Puts on the list how telling somebody went, unless another admin or their answer was faster. */
function settle(group: LiveGroup, id: SessionId, outcome: "sent" | "failed"): void {
  const member = group.state.members.get(id);
  if (!group.isAdmin || member === undefined) return;
  if (member.status === "invite-sending") group.state.members.update(id, { invite: outcome });
  if (member.status === "promotion-sending") group.state.members.update(id, { promotion: outcome });
}

/** The error if `id` was not reached. */
async function tellOne(
  world: GroupWorld,
  group: LiveGroup,
  id: SessionId,
  signal: AbortSignal,
): Promise<SessionError | undefined> {
  const member = group.state.members.get(id);
  // Removed, or answered, meanwhile.
  if (member === undefined || !group.isAdmin || !isUntold(member)) return undefined;
  try {
    await sendDirect(world, id, (timestamp) => letter(world, group, member, timestamp), signal);
    return undefined;
  } catch (error) {
    if (!isSessionError(error) || signal.aborted || error.code.startsWith("STORE_")) throw error;
    world.log.warn("a member was not reached", { group: group.id, error });
    return error;
  }
}

const isUntold = ({ removal, isAdmin, invite, promotion }: GroupMember): boolean =>
  removal === 0 && (isAdmin ? promotion : invite) > 0;

/** The invitation or promotion of a member. */
function letter(
  world: GroupWorld,
  group: LiveGroup,
  { sessionId: invitee, isAdmin }: GroupMember,
  timestamp: number,
): GroupUpdateMessage {
  const { name } = group.state.info.details;
  const context = adminContext(world, group, timestamp);
  const { groupKey } = context;
  if (isAdmin) return promoteMessage({ groupKey, name });
  const authData = subaccountAuthData(groupKey, invitee, MEMBER_ACCESS, world.crypto);
  return inviteMessage({ invitee, name, authData }, context);
}

/** @throws `GROUP_ALREADY_MEMBER`, `GROUP_TOO_MANY_MEMBERS` */
function checkNewcomers(group: LiveGroup, ids: readonly SessionId[]): void {
  const { members } = group.state;
  const listed = ids.filter((id) => {
    const member = members.get(id);
    return member !== undefined && member.status !== "invite-failed";
  });
  if (listed.length > 0) throw alreadyMember(group, listed);
  const count = members.size + ids.filter((id) => members.get(id) === undefined).length;
  if (count > MAX_GROUP_MEMBERS) {
    throw new SessionError<GroupErrorCode>(
      "GROUP_TOO_MANY_MEMBERS",
      "the group would have too many members",
      {
        details: { group: group.id, members: count, limit: MAX_GROUP_MEMBERS },
      },
    );
  }
}

function alreadyMember(group: LiveGroup, members: readonly SessionId[]): SessionError {
  return new SessionError<ClientErrorCode>("GROUP_ALREADY_MEMBER", "on the member list already", {
    details: { group: group.id, members },
  });
}
