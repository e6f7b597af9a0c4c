/**
 * Several abort signals as one, and tasks that end with the first of them.
 *
 * @module
 */
import { type AbortOptions, isSessionError, onAbort, throwIfAborted } from "../errors/index.js";
import { closedError } from "./errors.js";

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

/** Runs `task` until it is done, the app aborts, or the client closes. @throws `ABORTED`, `CLOSED`, what `task` throws */
export async function whileOpen<T>(
  { lifetime }: { readonly lifetime: AbortSignal },
  options: AbortOptions,
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { signal, unlink } = linkSignals(options.signal, lifetime);
  try {
    throwIfAborted(signal);
    return await task(signal);
  } catch (error) {
    if (lifetime.aborted && isSessionError(error, "ABORTED", "CLOSED")) throw closedError();
    throw error;
  } finally {
    unlink();
  }
}
