/**
 * Random choices.
 *
 * @module
 */
import type { Crypto } from "../crypto/index.js";

/** A uniform integer from 0 to `bound` - 1. */
export type RandomInt = (bound: number) => number;

/** {@link RandomInt} from a secure source. `bound` up to 2^32. */
export function cryptoRandomInt(crypto: Crypto): RandomInt {
  return (bound) => {
    const limit = Math.floor(2 ** 32 / bound) * bound;
    for (;;) {
      const [a = 0, b = 0, c = 0, d = 0] = crypto.randomBytes(4);
      const value = a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d;
      // Values above the last whole multiple would favour small results.
      if (value < limit) return value % bound;
    }
  };
}

/** One of `items`. */
export function pick<T>(items: readonly T[], random: RandomInt): T | undefined {
  return items.length === 0 ? undefined : items[random(items.length)];
}

/** The items in random order, in a new array. */
export function shuffle<T>(items: readonly T[], random: RandomInt): T[] {
  const shuffled = [...items];
  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = random(i + 1);
    [shuffled[i], shuffled[j]] = [shuffled[j] as T, shuffled[i] as T];
  }
  return shuffled;
}
