/**
 * Calls of the app: until they are done, the app aborts, or the client closes.
 *
 * @module
 */
import { type AbortOptions, isSessionError, throwIfAborted } from "../../errors/index.js";
import { linkSignals } from "../abort.js";
import { closedError } from "../errors.js";

/** Runs `task`. @throws `ABORTED`, `CLOSED`, what `task` throws */
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
