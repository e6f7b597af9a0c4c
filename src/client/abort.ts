/**
 * Several abort signals as one.
 *
 * @module
 */

/** A signal that aborts with the first of its sources. Call `unlink` when it is not needed any more. */
export interface LinkedSignal {
  readonly signal: AbortSignal;
  unlink(): void;
}

/**
 * Links `sources`. Unlike `AbortSignal.any`, nothing stays attached to a long-lived source after `unlink`: a client
 * links its own lifetime into every call.
 */
export function linkSignals(...sources: ReadonlyArray<AbortSignal | undefined>): LinkedSignal {
  const controller = new AbortController();
  const present = sources.filter((source) => source !== undefined);
  const onAbort = (event: Event): void => controller.abort((event.target as AbortSignal).reason);
  for (const source of present) {
    if (source.aborted) controller.abort(source.reason);
    else source.addEventListener("abort", onAbort);
  }
  return {
    signal: controller.signal,
    unlink() {
      for (const source of present) source.removeEventListener("abort", onAbort);
    },
  };
}
