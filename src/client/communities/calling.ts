/**
 * Calls to servers: until they are done, the app aborts, or the client closes; and how long a server wants to be left alone.
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

/** How long the server says to wait, ms; 0 if it does not. */
export function waitOf(error: unknown): number {
  if (!isSessionError(error, "COMMUNITY_RATE_LIMITED")) return 0;
  const { retryAfterMs } = error.details;
  return typeof retryAfterMs === "number" ? retryAfterMs : 0;
}
