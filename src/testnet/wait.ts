/**
 * Waiting that ends early when what it waits in is closed.
 *
 * @module
 */
import { onAbort } from "../errors/index.js";

/** Resolves after `ms`, or at once when `signal` aborts. */
export function wait(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      unlisten();
      resolve();
    };
    const timer = setTimeout(finish, ms);
    const unlisten = onAbort(signal, finish);
  });
}

/** What `promise` gives within `ms`, else undefined. */
export async function within<T>(
  promise: Promise<T>,
  ms: number,
  signal: AbortSignal,
): Promise<T | undefined> {
  const done = new AbortController();
  const limit = wait(ms, AbortSignal.any([signal, done.signal]));
  const result = await Promise.race([promise, limit.then(() => undefined)]);
  done.abort();
  return result;
}
