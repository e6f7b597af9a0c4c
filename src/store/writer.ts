/**
 * Writes state changes with group commit: while one batch is being synced to disk, the changes that arrive meanwhile
 * are gathered and written as the next one. Every change stays atomic and durable, and a burst costs few syncs.
 *
 * @module
 */
import type { AbstractLevel } from "abstract-level";
import type { Operation } from "./batch.js";
import { databaseError } from "./errors.js";

interface Waiting {
  readonly operations: readonly Operation[];
  resolve(): void;
  reject(error: unknown): void;
}

/** See the module's description. */
export class Writer {
  readonly #level: AbstractLevel<unknown, string, string>;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(level: AbstractLevel<unknown, string, string>) {
    this.#level = level;
  }

  /** Resolves when `operations` are on disk. Changes are written in the order of the calls. */
  write(operations: readonly Operation[]): Promise<void> {
    const written = new Promise<void>((resolve, reject) => {
      this.#waiting.push({ operations, resolve, reject });
    });
    this.#running ??= this.#run();
    this.#last = written.catch(() => {});
    return written;
  }

  /** Resolves when every change given so far is written or has failed. */
  async settled(): Promise<void> {
    await this.#last;
  }

  /** Resolves when nothing is left to write. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const changes = this.#waiting;
      this.#waiting = [];
      try {
        const options = { keyEncoding: "utf8", valueEncoding: "utf8", sync: true };
        await this.#level.batch(
          changes.flatMap((change) => [...change.operations]),
          options,
        );
        for (const change of changes) change.resolve();
      } catch (error) {
        const failure = databaseError(error, "write");
        // The newest first: each is taken back (`StoreBatch.onFailed`) before the one that it was built on.
        for (const change of changes.reverse()) change.reject(failure);
      }
    }
    // At once, not in a later turn: a change that arrived in between would wait for a run that has ended.
    this.#running = undefined;
  }
}
