/**
 * At most so many tasks at once, started in the order they came.
 *
 * @module
 */
import { abortedError, onAbort, throwIfAborted } from "../errors/index.js";

/** See the module's description. */
export class Limiter {
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(slots: number) {
    this.#free = slots;
  }

  /**
   * Runs `task` as soon as a slot is free.
   *
   * @throws `ABORTED` if `signal` aborts before that
   */
  async run<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await this.#slot(signal);
    try {
      return await task();
    } finally {
      const [next] = this.#waiting;
      if (next === undefined) this.#free++;
      else next();
    }
  }

  async #slot(signal: AbortSignal): Promise<void> {
    throwIfAborted(signal);
    if (this.#free > 0) {
      this.#free--;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const start = (): void => {
        this.#waiting.delete(start);
        unlisten();
        resolve();
      };
      this.#waiting.add(start);
      const unlisten = onAbort(signal, () => {
        this.#waiting.delete(start);
        reject(abortedError(signal));
      });
    });
  }
}
