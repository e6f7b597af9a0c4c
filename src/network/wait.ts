/**
 * Waiting: delays, deadlines, retries, work that several callers share. All of it obeys an `AbortSignal`.
 *
 * @module
 */
import {
  type AbortOptions,
  abortedError,
  isSessionError,
  onAbort,
  SessionError,
  throwIfAborted,
} from "../errors/index.js";

/** Waits `ms` milliseconds. */
export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>;

/** {@link Sleep} on the platform's timers. */
export const sleep: Sleep = (ms, signal) =>
  new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(abortedError(signal));
      return;
    }
    const timer = setTimeout(() => {
      unlisten();
      resolve();
    }, ms);
    const unlisten = onAbort(signal, () => {
      clearTimeout(timer);
      if (signal !== undefined) reject(abortedError(signal));
    });
  });

/** `promise`, or `ABORTED` as soon as `signal` is; the work behind the promise goes on. */
export async function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await promise;
  if (signal.aborted) {
    // Nobody is left to hear how it ends.
    promise.catch(() => {});
    throw abortedError(signal);
  }
  let unlisten: (() => void) | undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    unlisten = onAbort(signal, () => reject(abortedError(signal)));
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    unlisten?.();
  }
}

/** Runs `task` with a signal that also fires after `ms`; that ends it with `TIMEOUT`, the caller's signal with `ABORTED`. */
export async function withDeadline<T>(
  ms: number,
  signal: AbortSignal | undefined,
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  throwIfAborted(signal);
  const controller = new AbortController();
  let expired = false;
  const timer = setTimeout(() => {
    expired = true;
    controller.abort();
  }, ms);
  const unlisten = onAbort(signal, () => controller.abort(signal?.reason));
  try {
    return await abortable(task(controller.signal), controller.signal);
  } catch (error) {
    if (expired && isSessionError(error, "ABORTED")) {
      throw new SessionError("TIMEOUT", `not done within ${ms} ms`, { details: { timeoutMs: ms } });
    }
    throw error;
  } finally {
    clearTimeout(timer);
    unlisten();
  }
}

/** How {@link retry} goes on. */
export interface RetryPolicy extends AbortOptions {
  /** Waits before the second, third, … attempt; as many retries as entries. */
  readonly delays: readonly number[];
  readonly sleep: Sleep;
  /** Whether another attempt can help. Aborted work is never repeated. */
  readonly shouldRetry?: ((error: unknown) => boolean) | undefined;
}

/** Runs `task` until it succeeds or the policy says no; then throws the last error. */
export async function retry<T>(task: (attempt: number) => Promise<T>, policy: RetryPolicy): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    throwIfAborted(policy.signal);
    try {
      return await task(attempt);
    } catch (error) {
      const delay = policy.delays[attempt];
      if (delay === undefined || isSessionError(error, "ABORTED", "CLOSED")) throw error;
      if (policy.shouldRetry?.(error) === false) throw error;
      await policy.sleep(delay, policy.signal);
    }
  }
}

/** Work that is done once for everybody who asks while it runs. Nobody's signal but the owner's ends it. */
export class SingleFlight<T> {
  #running: Promise<T> | undefined;

  /** The running work, started with `task` if there is none. */
  run(task: () => Promise<T>): Promise<T> {
    this.#running ??= task().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  get running(): Promise<T> | undefined {
    return this.#running;
  }
}

/** Work in the background, whose end can be waited for. Its errors concern nobody. */
export class Background {
  readonly #tasks = new Set<Promise<void>>();

  add(task: Promise<unknown>): void {
    const settled = task.then(
      () => {},
      () => {},
    );
    this.#tasks.add(settled);
    void settled.then(() => this.#tasks.delete(settled));
  }

  /** Resolves when nothing runs any more. */
  async idle(): Promise<void> {
    while (this.#tasks.size > 0) await Promise.all(this.#tasks);
  }
}
