/**
 * What follows from a group's state once a poll has merged it (docs/protocol/groups.md §§11 to 13), whoever changed it:
 * an admin's own promotion is accepted, keys that collide are replaced, old messages go, and a group that is over is left.
 *
 * @module
 */
import type { MemberUpdate } from "../../groups/index.js";
import type { LiveGroup } from "./live-group.js";
import { deleteLocal, localMessages } from "./local-messages.js";
import type { GroupWorld } from "./world.js";

/**
 * Does what follows at once, and begins what takes the network.
 *
 * @throws the codes of the store
 */
export async function afterMerge(world: GroupWorld, group: LiveGroup): Promise<void> {
  if (!group.isOpen) return;
  if (isOver(group)) {
    await world.store.write((batch) => world.directory.markRemoved(batch, group.id, "destroyed"));
    world.events.emit("group", { id: group.id, change: "destroyed" });
    return;
  }
  if (group.isAdmin) await group.change(() => settleAsAdmin(world, group));
  await deleteOld(world, group);
  world.wake(group);
  world.work(group);
}

/** An admin has ended the group. One of ours that is not pushed yet must get there first. */
function isOver({ state, needsPush, isAdmin }: LiveGroup): boolean {
  return state.info.details.isDestroyed && !(isAdmin && needsPush);
}

/** Part of one state change: takes up the own promotion, and replaces keys that do not fit the list. */
function settleAsAdmin({ self }: GroupWorld, { state }: LiveGroup): void {
  const own = state.members.get(self);
  if (own !== undefined && own.status !== "promotion-accepted") {
    const accepted: MemberUpdate = { promotion: "accepted" };
    if (own.removal === 0) state.members.update(self, accepted);
  }
  if (state.settle()) state.rekey();
}

/** Deletes here what an admin has deleted by time; only later times have an effect. */
export async function deleteOld(world: GroupWorld, group: LiveGroup): Promise<void> {
  const { deleteBefore, deleteAttachmentsBefore } = group.state.info.details;
  const { deletedBefore, attachmentsDeletedBefore } = group.record;
  if (deleteBefore <= deletedBefore && deleteAttachmentsBefore <= attachmentsDeletedBefore) return;
  const old = (await localMessages(world.store, group.id)).filter(
    ({ timestamp, record }) =>
      timestamp < deleteBefore * 1000 ||
      (record.attachments === true && timestamp < deleteAttachmentsBefore * 1000),
  );
  await world.store.write((batch) => {
    deleteLocal(world, batch, old, undefined);
    group.note(batch, {
      deletedBefore: Math.max(deletedBefore, deleteBefore),
      attachmentsDeletedBefore: Math.max(attachmentsDeletedBefore, deleteAttachmentsBefore),
    });
  });
}
