/**
 * Messages that disappear (docs/protocol/messages.md §8): when their time comes, their traces are removed and the app is
 * told, by one timer at a time. What is to disappear lies in the store, so a restart changes nothing.
 *
 * @module
 */
import type { Expiration } from "../messages/index.js";
import { DISAPPEARING, type DisappearingRecord, disappearsAtOf, type ListedRecord } from "../store/index.js";
import { asSessionError } from "./errors.js";
import { forgetMessage, type World } from "./world.js";

/** Records looked at in one go. */
const PAGE = 100;
/** The longest timer: clocks may be set meanwhile. */
const MAX_PAUSE_MS = 3_600_000;
/** A disappearance that nobody wants to hear of is forgotten after this, ms. */
const TELL_WITHIN_MS = 2_592_000_000;

/** See the module's description. */
export class Disappearing {
  readonly #world: Omit<World, "chores">;
  #timer: unknown;
  #running: Promise<void> | undefined;
  #again = false;
  #closed = false;

  constructor(world: Omit<World, "chores">) {
    this.#world = world;
  }

  /** Looks at what is next: call it when something was added, or when someone begins to listen. */
  wake(): void {
    if (this.#closed) return;
    this.#again = true;
    this.#running ??= this.#run();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#world.timers.clearTimeout(this.#timer);
    await this.#running;
  }

  async #run(): Promise<void> {
    const { events } = this.#world;
    while (this.#again && !this.#closed) {
      this.#again = false;
      try {
        await this.#check();
      } catch (error) {
        if (!this.#closed)
          events.emit("error", asSessionError(error, "STORE_FAILED", "letting messages disappear failed"));
      }
    }
    this.#running = undefined;
  }

  async #check(): Promise<void> {
    const { store, clock, timers } = this.#world;
    let from = "";
    for (;;) {
      const page = await store.list(DISAPPEARING, { from, limit: PAGE });
      const now = clock.now();
      const due = page.filter(({ id }) => disappearsAtOf(id) <= now);
      if (due.length > 0) await this.#disappear(due, now);
      const next = page[due.length];
      if (next !== undefined) {
        timers.clearTimeout(this.#timer);
        const pause = Math.min(disappearsAtOf(next.id) - now, MAX_PAUSE_MS);
        if (!this.#closed) this.#timer = timers.setTimeout(() => this.wake(), pause);
        return;
      }
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) return;
      from = `${last.id}\u0000`;
    }
  }

  /** Removes the traces; the record stays until somebody was told. */
  async #disappear(due: ReadonlyArray<ListedRecord<DisappearingRecord>>, now: number): Promise<void> {
    const { store, events } = this.#world;
    const heard = events.has("disappeared");
    if (heard) for (const { record } of due) events.emit("disappeared", record);
    await store.write((batch) => {
      for (const { id, record } of due) {
        forgetMessage(batch, record, undefined, now);
        if (heard || disappearsAtOf(id) < now - TELL_WITHIN_MS) batch.delete(DISAPPEARING, id);
      }
    });
  }
}

/** When a message of `expiration` that starts its countdown at `start` disappears; undefined: never. */
export function disappearsAt({ mode, seconds }: Expiration, start: number): number | undefined {
  return mode === "off" ? undefined : start + seconds * 1000;
}
