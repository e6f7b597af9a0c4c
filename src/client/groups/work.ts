/**
 * What is to be done about groups beside pushing them, in the background: leaving, finishing removals, telling those who
 * are invited or promoted. Every poll wakes it, so what fails is tried again, and what an earlier run of the program left
 * is gone on with: all of it is in the groups' state.
 *
 * @module
 */
import { isSessionError } from "../../errors/index.js";
import { asSessionError } from "../errors.js";
import { membersToTell, tellMembers } from "./invite.js";
import { finishLeaving } from "./leave.js";
import type { LiveGroup } from "./live-group.js";
import { finishRemovals, membersToRemove } from "./remove.js";
import type { GroupWorld } from "./world.js";

/** See the module's description. */
export class GroupWork {
  readonly #running = new Map<LiveGroup, Promise<void>>();
  readonly #again = new Set<LiveGroup>();
  #closed = false;

  /** Does what is to be done in `group`, soon. */
  wake(world: GroupWorld, group: LiveGroup): void {
    if (this.#closed || !group.isOpen) return;
    if (this.#running.has(group)) {
      this.#again.add(group);
      return;
    }
    if (!isWaiting(world, group)) return;
    const running = this.#run(world, group).finally(() => {
      this.#running.delete(group);
      if (this.#again.delete(group)) this.wake(world, group);
    });
    this.#running.set(group, running);
  }

  /** Resolves when nothing runs. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running.values());
  }

  /** Begins nothing more. Resolves when nothing runs: the client's lifetime has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.settled();
  }

  async #run(world: GroupWorld, group: LiveGroup): Promise<void> {
    const options = { signal: world.lifetime };
    try {
      if (group.record.isLeaving === true) return await finishLeaving(world, group, options);
      await finishRemovals(world, group, options);
      const members = membersToTell(group);
      if (members.length === 0) return;
      // What they are told of must be there.
      await group.push(options);
      await tellMembers(world, group, members, world.lifetime);
    } catch (error) {
      if (world.lifetime.aborted || isSessionError(error, "CLOSED") || !group.isOpen) return;
      world.log.warn("work on a group failed, and is tried again", { group: group.id, error });
      // A push that fails is told by whoever pushes.
      if (!isSessionError(error, "GROUP_PUSH_FAILED"))
        world.events.emit("error", asSessionError(error, "GROUP_PUSH_FAILED", "work on a group failed"));
    }
  }
}

const isWaiting = ({ self }: GroupWorld, group: LiveGroup): boolean =>
  group.record.isLeaving === true ||
  membersToRemove(group, self).length > 0 ||
  membersToTell(group).length > 0;
