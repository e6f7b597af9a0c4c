/**
 * Waiting that ends early when what it waits in is closed.
 *
 * @module
 */

/** Resolves after `ms`, or at once when `signal` aborts. */
export function wait(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal.addEventListener("abort", finish, { once: true });
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
