/**
 * The token bucket in front of `/storage_rpc/v1`, one for each address (docs/protocol/storage-server-behaviour.md §1).
 *
 * @module
 */
import type { RateLimit } from "./types.js";

interface Bucket {
  tokens: number;
  filledAt: number;
}

const MAX_ADDRESSES = 10_000;

export class RateLimiter {
  readonly #limit: RateLimit;
  readonly #buckets = new Map<string, Bucket>();

  constructor(limit: RateLimit) {
    this.#limit = limit;
  }

  /** Takes a token for `address`; false if there is none. */
  take(address: string, now: number): boolean {
    const { burst, perSecond } = this.#limit;
    let bucket = this.#buckets.get(address);
    if (bucket === undefined) {
      if (this.#buckets.size >= MAX_ADDRESSES) return false;
      bucket = { tokens: burst, filledAt: now };
      this.#buckets.set(address, bucket);
    }
    const elapsed = Math.max(0, now - bucket.filledAt);
    bucket.tokens = Math.min(burst, bucket.tokens + (elapsed * perSecond) / 1000);
    bucket.filledAt = now;
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }
}
