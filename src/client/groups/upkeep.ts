/**
 * What follows once a poll has merged a group's state, whoever changed it (docs/protocol/groups.md §§11 to 13).
 *
 * @module
 */
import type { SessionId } from "../../identity/index.js";
import type { LiveGroup } from "./live-group.js";
import { deleteLocal, localMessages } from "./local-messages.js";
import { settle } from "./take.js";
import type { GroupWorld } from "./world.js";

/**
 * Does what follows at once, and begins what takes the network.
 *
 * @throws the codes of the store
 */
export async function afterPoll(world: GroupWorld, group: LiveGroup): Promise<void> {
  if (!group.isOpen) return;
  await settle(world, group);
  await markLeft(group);
  await deleteOld(world, group);
  world.wake(group);
  world.work(group);
}

/** An admin marks who left; the rest is as for everybody who is removed, without a notice (§12.2). */
async function markLeft(group: LiveGroup): Promise<void> {
  const ids = Object.keys(group.record.left) as SessionId[];
  if (ids.length === 0) return;
  await group.change((batch) => {
    const { members } = group.state;
    for (const id of group.isAdmin ? ids : [])
      if (members.get(id)?.removal === 0) members.update(id, { removal: "member" });
    group.note(batch, { left: {} });
  });
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
