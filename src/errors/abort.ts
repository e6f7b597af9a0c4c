/**
 * Listening to abort signals that many calls share.
 *
 * The lifetime of a network goes into every call, an app may give one signal to a hundred: Node warns of a leak from
 * eleven listeners on. So a signal gets one listener, however many wait for it. `AbortSignal.any` would not warn either,
 * but leaves something attached to a long-lived source for each signal made of it.
 *
 * @module
 */

interface Shared {
  readonly waiting: Set<() => void>;
  readonly listener: () => void;
}

const shared: WeakMap<AbortSignal, Shared> = /* @__PURE__ */ new WeakMap<AbortSignal, Shared>();

/**
 * Calls `listener` once when `signal` aborts; never for one that is aborted already. Call the result when it is not
 * needed any more: then nothing stays attached to the signal.
 */
export function onAbort(signal: AbortSignal | undefined, listener: () => void): () => void {
  if (signal === undefined || signal.aborted) return () => {};
  const entry = shared.get(signal) ?? share(signal);
  // A function of its own, so that the same listener can be added twice.
  const run = (): void => listener();
  entry.waiting.add(run);
  return () => {
    entry.waiting.delete(run);
    if (entry.waiting.size > 0 || shared.get(signal) !== entry) return;
    shared.delete(signal);
    signal.removeEventListener("abort", entry.listener);
  };
}

function share(signal: AbortSignal): Shared {
  const waiting = new Set<() => void>();
  const listener = (): void => {
    shared.delete(signal);
    // Those that an earlier one takes off are not called, as with the platform's own listeners.
    for (const run of waiting) run();
  };
  const entry = { waiting, listener };
  shared.set(signal, entry);
  signal.addEventListener("abort", listener, { once: true });
  return entry;
}
