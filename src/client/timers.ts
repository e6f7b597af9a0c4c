/**
 * Waiting, with timers that can be replaced.
 *
 * @module
 */
import { abortedError, onAbort, throwIfAborted } from "../errors/index.js";

/** The two timer functions; those of the platform unless an app or a test brings its own. */
export interface Timers {
  setTimeout(run: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
}

/** The platform's. */
export const platformTimers: Timers = {
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
};

/**
 * Resolves after `ms`.
 *
 * @throws `ABORTED`
 */
export function delay(ms: number, timers: Timers, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    throwIfAborted(signal);
    const timer = timers.setTimeout(() => {
      unlisten();
      resolve();
    }, ms);
    const unlisten = onAbort(signal, () => {
      timers.clearTimeout(timer);
      if (signal !== undefined) reject(abortedError(signal));
    });
  });
}

/**
 * `promise`, unless `signal` aborts first. What `promise` stands for goes on.
 *
 * @throws `ABORTED`, or what `promise` rejects with
 */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    if (signal.aborted) reject(abortedError(signal));
    const unlisten = onAbort(signal, () => reject(abortedError(signal)));
    promise.then(resolve, reject).finally(unlisten);
  });
}

/** True if `promise` settled within `ms`. Never rejects. */
export async function settledWithin(promise: Promise<unknown>, ms: number, timers: Timers): Promise<boolean> {
  const limit = new AbortController();
  const late = delay(ms, timers, limit.signal).then(
    () => false,
    () => true,
  );
  const settled = promise.then(
    () => true,
    () => true,
  );
  const result = await Promise.race([settled, late]);
  limit.abort();
  return result;
}
