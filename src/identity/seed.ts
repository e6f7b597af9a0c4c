/**
 * The account seed (docs/protocol/identity.md §1): 16 random bytes, which stand for the 32-byte Ed25519 seed
 * `S16 ‖ 16 zero bytes`. A full 32-byte seed is taken as it is.
 *
 * @module
 */
import { SessionError } from "../errors/index.js";
import type { IdentityErrorCode } from "./errors.js";

/** Bytes of a usual seed; the other half of the Ed25519 seed is zero. */
export const SHORT_SEED_LENGTH = 16;
const FULL_SEED_LENGTH = 32;

/**
 * A copy of `seed` in its one canonical form: 16 bytes, or 32 if the last 16 are not all zero.
 *
 * @throws `SEED_INVALID`
 */
export function canonicalSeed(seed: Uint8Array): Uint8Array {
  if (
    !(seed instanceof Uint8Array) ||
    (seed.length !== SHORT_SEED_LENGTH && seed.length !== FULL_SEED_LENGTH)
  ) {
    throw new SessionError<IdentityErrorCode>("SEED_INVALID", "a seed is 16 or 32 bytes long", {
      details: { length: seed instanceof Uint8Array ? seed.length : undefined },
    });
  }
  const isShort = seed.subarray(SHORT_SEED_LENGTH).every((byte) => byte === 0);
  // `Uint8Array.from` and not `slice`: a Buffer's slice shares its memory.
  return Uint8Array.from(isShort ? seed.subarray(0, SHORT_SEED_LENGTH) : seed);
}

/** The 32-byte Ed25519 seed of a canonical seed. */
export function ed25519Seed(seed: Uint8Array): Uint8Array {
  const full = new Uint8Array(FULL_SEED_LENGTH);
  full.set(seed);
  return full;
}
