/**
 * How often and how long to try (docs/protocol/network.md §7.3), and which failures end a call at once.
 *
 * @module
 */
import { abortedError, isSessionError, onAbort, throwIfAborted } from "../errors/index.js";

/** How a call is repeated. */
export interface RetryPolicy {
  /** Attempts, each with another member of the swarm. */
  readonly attempts: number;
  /** Wait before the attempt after `failures` failures, ms. */
  readonly delayMs: (failures: number) => number;
  /** Limit of the whole call, ms. */
  readonly overallTimeoutMs: number;
}

const fixed = (ms: number) => (): number => ms;
const doubling =
  (ms: number, max: number) =>
  (failures: number): number =>
    Math.min(max, ms * 2 ** (failures - 1));

/** How often a call is repeated because its path failed, without counting as an attempt. */
export const PATH_RETRIES = 3;
/** Wait before such a repetition, ms. */
export const PATH_RETRY_DELAY_MS = 100;

/** Retrieving, and whatever has no row of its own. */
export const DEFAULT_POLICY: RetryPolicy = { attempts: 3, delayMs: fixed(100), overallTimeoutMs: 60_000 };
/** A `sequence` of stores and deletes. */
export const PUSH_POLICY: RetryPolicy = { attempts: 3, delayMs: fixed(1000), overallTimeoutMs: 120_000 };
/** Deleting messages by hash. */
export const DELETE_POLICY: RetryPolicy = {
  attempts: 3,
  delayMs: doubling(500, 10_000),
  overallTimeoutMs: 60_000,
};
/** Deleting everything: it is worth some patience. */
export const DELETE_ALL_POLICY: RetryPolicy = {
  attempts: 6,
  delayMs: doubling(500, 10_000),
  overallTimeoutMs: 120_000,
};

/** True for errors after which another member would do no better. */
export function isFatal(error: unknown): boolean {
  return (
    !isSessionError(error) ||
    isSessionError(
      error,
      "ABORTED",
      "CLOSED",
      "INVALID_ARGUMENT",
      "ONION_INVALID_ARGUMENT",
      "ONION_TOO_LARGE",
      "NETWORK_NO_SEED",
      "NETWORK_TOO_FEW_NODES",
      "SWARM_NO_NODES",
    )
  );
}

/** Waits `ms`; ends early with `ABORTED`. */
export function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    throwIfAborted(signal);
    const timer = setTimeout(() => {
      unlisten();
      resolve();
    }, ms);
    const unlisten = onAbort(signal, () => {
      clearTimeout(timer);
      if (signal !== undefined) reject(abortedError(signal));
    });
  });
}
