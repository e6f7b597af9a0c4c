/**
 * Several abort signals as one.
 *
 * @module
 */
import { onAbort } from "../errors/index.js";

/** A signal that aborts with the first of its sources. Call `unlink` when it is not needed any more. */
export interface LinkedSignal {
  readonly signal: AbortSignal;
  unlink(): void;
}

/** Links signals; those that are undefined do not count. */
export function linkSignals(...sources: ReadonlyArray<AbortSignal | undefined>): LinkedSignal {
  const controller = new AbortController();
  const unlisten = sources.map((source) => onAbort(source, () => controller.abort(source?.reason)));
  const aborted = sources.find((source) => source?.aborted);
  if (aborted !== undefined) controller.abort(aborted.reason);
  return {
    signal: controller.signal,
    unlink: () => {
      for (const each of unlisten) each();
    },
  };
}
