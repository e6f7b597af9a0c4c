/**
 * Sent times (docs/protocol/messages.md section 3.1). A message is known for ever by its author and its time.
 *
 * @module
 */

/**
 * A time for the next message: `now`, or one millisecond after `last` if that is not earlier. Two messages of one
 * account must never have the same time, other apps drop the second.
 *
 * @param now - network time, unix milliseconds
 * @param last - the time given out before
 */
export function nextTimestamp(now: number, last: number | undefined): number {
  const whole = Math.floor(now);
  return last === undefined || whole > last ? whole : last + 1;
}

/** A 64-bit value as time, or `undefined` if no time can have it: above 2^53 − 1. */
export function toTimestamp(value: bigint): number | undefined {
  return value >= 0n && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : undefined;
}
