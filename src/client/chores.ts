/**
 * Changes of the own swarm that must happen some time: deleting a copy, or letting it expire when its message
 * disappears. They are on disk until a member of the swarm has done them, and tried again with every poll.
 *
 * @module
 */
import { isSessionError } from "../errors/index.js";
import { CHORES, type ChoreRecord, type Store, type StoreBatch } from "../store/index.js";
import type { Logger } from "./logger.js";
import type { ClockPort, SwarmPort } from "./ports.js";

/** What chores need. */
export interface ChoresWorld {
  readonly store: Store;
  readonly swarm: SwarmPort;
  readonly clock: ClockPort;
  readonly log: Logger;
  readonly lifetime: AbortSignal;
}

/** Chores done in one round. */
const ROUND = 100;
/** An expiry that is nearer is a deletion: nodes refuse times that are over. */
const SOON_MS = 5_000;

/** See the module's description. */
export class Chores {
  readonly #world: ChoresWorld;
  #running: Promise<boolean> | undefined;

  constructor(world: ChoresWorld) {
    this.#world = world;
  }

  /** Adds chores; {@link Chores.run} does them once `batch` is written. */
  add(batch: StoreBatch, hash: string, chore: ChoreRecord): void {
    batch.put(CHORES, hash, chore);
  }

  /** Does what is to be done. Never rejects; true if nothing is left. */
  run(): Promise<boolean> {
    const run = (): Promise<boolean> => this.#run().catch((error: unknown) => this.#failed(error));
    const running = (this.#running?.then(run) ?? run()).finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }

  async #run(): Promise<boolean> {
    const { store, swarm, clock, lifetime: signal } = this.#world;
    for (;;) {
      if (signal.aborted) return false;
      const chores = await store.list(CHORES, { limit: ROUND });
      if (chores.length === 0) return true;
      const groups = new Map<number, string[]>();
      for (const { id, record } of chores) {
        const expiry = "expiry" in record && record.expiry > clock.now() + SOON_MS ? record.expiry : 0;
        groups.set(expiry, [...(groups.get(expiry) ?? []), id]);
      }
      for (const [expiry, hashes] of groups) {
        if (expiry === 0) await swarm.delete(hashes, { signal });
        else await swarm.shorten(hashes, expiry, { signal });
        await store.write((batch) => {
          for (const hash of hashes) batch.delete(CHORES, hash);
        });
      }
    }
  }

  #failed(error: unknown): false {
    if (!isSessionError(error, "ABORTED", "CLOSED")) {
      this.#world.log.warn("a change of the own swarm failed, and is tried again", { error });
    }
    return false;
  }
}
