/**
 * Argument checks and error constructors that every backend shares, so that all refuse alike.
 *
 * @module
 */
import { SessionError } from "../errors/index.js";
import type { Blake2bOptions, CryptoErrorCode, Ed25519KeyPair, X25519KeyPair } from "./types.js";

/** Bytes of a Poly1305 or GCM tag. */
export const TAG_LENGTH = 16;
/** Bytes that a sealed box adds: ephemeral public key and tag. */
export const SEAL_LENGTH = 48;

/** Throws `CRYPTO_INVALID_LENGTH` unless `bytes` has exactly `length` bytes. */
export function requireLength(bytes: Uint8Array, length: number, what: string): void {
  if (bytes.length === length) return;
  throw new SessionError<CryptoErrorCode>("CRYPTO_INVALID_LENGTH", `${what} must have ${length} bytes`, {
    details: { expected: length, got: bytes.length },
  });
}

/** Checks a secret that may be a 32-byte seed or a 64-byte Ed25519 secret key; returns the seed. */
export function requireSeed(secretKey: Uint8Array): Uint8Array {
  if (secretKey.length !== 64) requireLength(secretKey, 32, "an Ed25519 secret key or seed");
  return secretKey.length === 64 ? secretKey.subarray(0, 32) : secretKey;
}

/** Checks both halves of an X25519 pair. */
export function requireX25519Pair(pair: X25519KeyPair): void {
  requireLength(pair.publicKey, 32, "an X25519 public key");
  requireLength(pair.secretKey, 32, "an X25519 secret key");
}

/** Checks the length arguments of a cipher. */
export function requireCipher(key: Uint8Array, nonce: Uint8Array, nonceLength: number): void {
  requireLength(key, 32, "a cipher key");
  requireLength(nonce, nonceLength, "a nonce");
}

/** Checks the limits of {@link Blake2bOptions}. */
export function requireBlake2b({ size, key, salt, personal }: Blake2bOptions): void {
  if (!Number.isInteger(size) || size < 1 || size > 64) throw badSize("a BLAKE2b digest", 64, size);
  if (key !== undefined && key.length > 64) throw badSize("a BLAKE2b key", 64, key.length);
  if (salt !== undefined) requireLength(salt, 16, "a BLAKE2b salt");
  if (personal !== undefined) requireLength(personal, 16, "a BLAKE2b personalisation");
}

/** Checks the argument of `randomBytes`. */
export function requireCount(length: number): void {
  if (!Number.isSafeInteger(length) || length < 0 || length > MAX_RANDOM)
    throw badSize("random output", MAX_RANDOM, length);
}
/** No caller needs more at once; it keeps a miscalculated length from becoming an out-of-memory crash. */
const MAX_RANDOM = 2 ** 30;

/** The error for a secretstream tag that is no byte. */
export function badTag(tag: number): SessionError<CryptoErrorCode> {
  return badSize("a secretstream tag", 255, tag);
}

/** The plain form of a pair, for an already known public key. */
export function ed25519Pair(seed: Uint8Array, publicKey: Uint8Array): Ed25519KeyPair {
  const secretKey = new Uint8Array(64);
  secretKey.set(seed);
  secretKey.set(publicKey, 32);
  return { publicKey, secretKey };
}

/** The error for a public key that is no usable point. */
export function invalidPublicKey(): SessionError<CryptoErrorCode> {
  return new SessionError("CRYPTO_INVALID_PUBLIC_KEY", "the public key is not a valid point");
}

/** The error for an X25519 result of zero. */
export function lowOrder(): SessionError<CryptoErrorCode> {
  return new SessionError("CRYPTO_LOW_ORDER", "the X25519 public key has low order");
}

/** The error for a scalar that multiplies every point to the neutral element. */
export function zeroScalar(): SessionError<CryptoErrorCode> {
  return new SessionError("CRYPTO_ZERO_SCALAR", "the scalar is zero modulo the group order");
}

/** The error for input that does not authenticate or unpad. */
export function decryptFailed(): SessionError<CryptoErrorCode> {
  return new SessionError("CRYPTO_DECRYPT_FAILED", "the input cannot be decrypted with this key");
}

function badSize(what: string, maximum: number, got: number): SessionError<CryptoErrorCode> {
  return new SessionError("CRYPTO_INVALID_LENGTH", `${what} has an impossible length`, {
    details: { maximum, got },
  });
}
