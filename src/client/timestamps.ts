/**
 * Timestamps for messages. (Sender, timestamp) is a message's identity for ever: two messages of one account must
 * never share it, because receivers drop the second (docs/protocol/messages.md §3.1).
 *
 * @module
 */
import { nextTimestamp } from "../messages/index.js";

/** Gives out timestamps that never repeat. */
export class Timestamps {
  readonly #now: () => number;
  #last: number;

  /**
   * @param now - network time, ms
   * @param last - the newest timestamp ever given out (kept in the store)
   */
  constructor(now: () => number, last: number) {
    this.#now = now;
    this.#last = last;
  }

  /**
   * Network time, or one millisecond after the last timestamp if that is later.
   *
   * @param room - milliseconds before it that are to be free, for a message that goes ahead
   */
  next(room = 0): number {
    this.#last = nextTimestamp(this.#now(), this.#last + room);
    return this.#last;
  }
}
