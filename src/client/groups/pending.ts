/**
 * What is still to be done in a group's swarm. A flow adds to it in the same state change as to the group itself; the push
 * (push.ts) does it, and takes away what is done.
 *
 * @module
 */
import { followsTimer } from "../../groups/index.js";
import type { GroupUpdateMessage } from "../../proto/index.js";
import type { GroupNotice, PendingGroupWork } from "../../store/index.js";

/** Nothing. */
export const NO_WORK: PendingGroupWork = {
  notices: [],
  supplement: [],
  unrevoke: [],
  deleteHashes: [],
  deleteAll: false,
};

/** True if there is nothing to do. */
export function isIdle(work: PendingGroupWork): boolean {
  const { deleteAll, ...lists } = work;
  return !deleteAll && Object.values(lists).every((list) => list.length === 0);
}

/** Work without what of it is done. */
export function without(work: PendingGroupWork, done: Partial<PendingGroupWork>): PendingGroupWork {
  const rest = <T>(list: readonly T[], gone: readonly T[] = []): readonly T[] =>
    list.filter((item) => !gone.includes(item));
  return {
    notices: rest(work.notices, done.notices),
    supplement: rest(work.supplement, done.supplement),
    unrevoke: rest(work.unrevoke, done.unrevoke),
    deleteHashes: rest(work.deleteHashes, done.deleteHashes),
    deleteAll: work.deleteAll && done.deleteAll !== true,
  };
}

/** Gives a control message its sent time. */
export type Stamp = () => number;

/** The pending work of a group within one state change. */
export class MutablePending {
  #work: PendingGroupWork;
  readonly #stamp: Stamp;
  readonly #timer: () => number;

  /**
   * @param stamp - a sent time that nothing else has; noted in the same state change
   * @param timer - the group's timer, seconds
   */
  constructor(work: PendingGroupWork, stamp: Stamp, timer: () => number) {
    this.#work = work;
    this.#stamp = stamp;
    this.#timer = timer;
  }

  /** The work as it is now. */
  get work(): PendingGroupWork {
    return this.#work;
  }

  /**
   * Adds a control message for all members. Network time must be known: its sent time is signed.
   *
   * @param build - makes it, with its sent time (ms)
   * @returns the sent time
   */
  notice(build: (timestamp: number) => GroupUpdateMessage): number {
    const timestamp = this.#stamp();
    const update = build(timestamp);
    // Disappears with the messages, or never; the timer is that at the time of writing.
    const timer = followsTimer(update) ? this.#timer() : 0;
    const notice: GroupNotice = { update: { ...update }, timestamp, timer };
    this.#work = { ...this.#work, notices: [...this.#work.notices, notice] };
    return timestamp;
  }

  /** Members get the keys of what was written before. */
  supplement(members: readonly string[]): void {
    this.#add("supplement", members);
  }

  /** The swarm takes the tokens of members again. */
  unrevoke(members: readonly string[]): void {
    this.#add("unrevoke", members);
  }

  /** Messages are deleted from the swarm; only admins can. */
  deleteHashes(hashes: readonly string[]): void {
    this.#add("deleteHashes", hashes);
  }

  /** All messages are deleted from the swarm. */
  deleteAll(): void {
    this.#work = { ...this.#work, deleteAll: true };
  }

  /** These are done. */
  done(done: Partial<PendingGroupWork>): void {
    this.#work = without(this.#work, done);
  }

  #add(name: "supplement" | "unrevoke" | "deleteHashes", values: readonly string[]): void {
    this.#work = { ...this.#work, [name]: [...new Set([...this.#work[name], ...values])] };
  }
}
