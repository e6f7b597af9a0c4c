/**
 * Messages of groups that no key opens yet: they wait for later keys, as long as their swarm keeps them, and not too many in
 * one group.
 *
 * @module
 */
import type { InboxItem, Queued } from "../../store/index.js";

/** Messages of one group that may wait for a key. */
const MAX_WAITING = 200;

/** Places of items that wait for a key, by group. */
export class Waiting {
  readonly #places = new Map<string, Set<number>>();

  /** Notes an item; false if it may not wait: it is over, or the oldest of too many. */
  takes({ pubkey, sequence, expiration }: Queued<InboxItem>, now: number): boolean {
    if (expiration <= now) return false;
    const places = this.#places.get(pubkey) ?? new Set();
    this.#places.set(pubkey, places.add(sequence));
    return places.size <= MAX_WAITING || Math.min(...places) < sequence;
  }

  delete({ pubkey, sequence }: Queued<InboxItem>): void {
    const places = this.#places.get(pubkey);
    if (places?.delete(sequence) && places.size === 0) this.#places.delete(pubkey);
  }
}
