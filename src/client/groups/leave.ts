/**
 * Leaving groups and ending them (docs/protocol/groups.md §13).
 *
 * Leaving is noted in the group's record, so that a program that ends in between goes on with it. Who has left cannot be
 * told from a member that nobody has taken off the list yet: an admin does that.
 *
 * @module
 */
import { type AbortOptions, isSessionError, SessionError } from "../../errors/index.js";
import { memberLeftMessage, memberLeftNotice } from "../../groups/index.js";
import { type GroupId, isGroupId } from "../../identity/index.js";
import type { StoreBatch } from "../../store/index.js";
import type { ClientErrorCode } from "../errors.js";
import { invalidArgument } from "../targets.js";
import type { LiveGroup } from "./live-group.js";
import { networkTime, requireAdmin } from "./roles.js";
import type { GroupWorld } from "./world.js";

/** How to leave. */
export interface LeaveOptions extends AbortOptions {
  /** The last admin ends the group for everybody; all messages are deleted from its swarm. Default: false. */
  readonly destroy?: boolean | undefined;
}

/**
 * Leaves a group: its members are told, an admin takes the account off the list, and this and the account's other devices
 * forget the group.
 *
 * @throws `GROUP_LAST_ADMIN` unless `destroy` is set: nobody could add, remove or rename any more; `GROUP_PUSH_FAILED`,
 *   `ABORTED` (it goes on in the background)
 */
export async function leaveGroup(
  world: GroupWorld,
  group: LiveGroup,
  { destroy = false, signal }: LeaveOptions = {},
): Promise<void> {
  if (isLastAdmin(world, group)) {
    if (destroy) return destroyGroup(world, group, { signal });
    throw new SessionError<ClientErrorCode>(
      "GROUP_LAST_ADMIN",
      "the last admin cannot leave: make somebody else an admin, or end the group for everybody with `destroy`",
      { details: { group: group.id, members: group.state.members.size } },
    );
  }
  await networkTime(world, signal);
  await group.change((batch, pending) => {
    if (group.record.isLeaving === true) return;
    group.note(batch, { isLeaving: true });
    // Before the first poll nobody could read it.
    if (group.state.keys.encryptionKey === undefined) return;
    // The second is for the admins, a millisecond later.
    pending.notice(() => memberLeftNotice());
    pending.notice(() => memberLeftMessage());
  });
  await finishLeaving(world, group, { signal });
}

/**
 * The rest of leaving; after a restart too.
 *
 * @throws `GROUP_PUSH_FAILED`, `ABORTED`, the codes of the store
 */
export async function finishLeaving(
  world: GroupWorld,
  group: LiveGroup,
  options: AbortOptions = {},
): Promise<void> {
  try {
    if (group.state.keys.encryptionKey !== undefined) await group.push(options);
  } catch (error) {
    // Who is removed already needs not say that they leave, and neither does anybody in a group that has ended.
    if (!isRefused(error) && group.isOpen) throw error;
  }
  await world.store.write((batch) => eraseGroup(world, batch, group));
}

/**
 * Ends a group for everybody, for good. All messages are deleted from its swarm.
 *
 * @throws `GROUP_NOT_ADMIN`, `GROUP_PUSH_FAILED`, `ABORTED` (it goes on in the background)
 */
export async function destroyGroup(
  world: GroupWorld,
  group: LiveGroup,
  { signal }: AbortOptions = {},
): Promise<void> {
  requireAdmin(group);
  await networkTime(world, signal);
  await group.change((_batch, pending) => {
    if (group.state.info.details.isDestroyed) return;
    group.state.info.destroy();
    pending.deleteAll();
  });
  await group.push({ signal });
  await world.store.write((batch) => eraseGroup(world, batch, group));
}

/** Takes a group off all devices of the account, unless an invitation has brought it back meanwhile. */
function eraseGroup(world: GroupWorld, batch: StoreBatch, group: LiveGroup): void {
  const { configs, directory, events } = world;
  const { id } = group;
  if (configs.groups.getGroup(id) === undefined) return;
  if (!group.isOpen && !isOver(world, id)) return;
  eraseEntry(world, batch, id);
  directory.forget(batch, id);
  events.emit("group", { id, change: "left" });
}

/**
 * Takes a group that the account was removed from, or that was ended, off all devices of the account. Of a group that the
 * account does not list, nothing.
 *
 * @throws `ID_INVALID`, `INVALID_ARGUMENT` while the account is in the group or invited to it, the codes of the store
 */
export async function forgetGroup(world: GroupWorld, id: string): Promise<void> {
  if (!isGroupId(id)) throw new SessionError("ID_INVALID", "the id is not a group's");
  const { configs, directory, store } = world;
  await store.write((batch) => {
    if (configs.groups.getGroup(id) === undefined) return;
    const standing = directory.standing(id);
    if (directory.get(id) !== undefined || standing === "member" || standing === "admin")
      throw invalidArgument("the account is in the group, and leaves it instead", { group: id });
    if (standing === "invited") throw invalidArgument("the invitation waits for an answer", { group: id });
    eraseEntry(world, batch, id);
  });
}

function eraseEntry({ configs }: GroupWorld, batch: StoreBatch, id: GroupId): void {
  configs.groups.removeGroup(id);
  configs.conversations.remove({ kind: "group", id });
  configs.save(batch);
}

const isOver = ({ directory }: GroupWorld, id: GroupId): boolean =>
  ["kicked", "destroyed"].includes(directory.standing(id));

/** No other member has the group's secret key, or was to get it; whoever has left does not count. */
function isLastAdmin({ self }: GroupWorld, { isAdmin, state, record }: LiveGroup): boolean {
  if (!isAdmin) return false;
  return !state.members
    .list()
    .filter(({ sessionId }) => sessionId !== self && record.left[sessionId] === undefined)
    .some((member) => member.isAdmin && member.removal === 0);
}

function isRefused(error: unknown): boolean {
  if (!(error instanceof SessionError)) return false;
  return isSessionError(error, "SWARM_UNAUTHORIZED") || isRefused(error.cause);
}
