/**
 * XEd25519: Ed25519 signatures made and checked with X25519 keys (docs/protocol/identity.md §4, communities.md §6).
 *
 * An X25519 key stands for two Ed25519 keys that differ in the sign of x. The one with sign bit 0 is meant here: its
 * secret scalar is a or −a, whichever has that public key.
 *
 * @module
 */
import { ed25519 } from "@noble/curves/ed25519.js";
import { backend } from "#crypto-backend";
import { concatBytes } from "../bytes/index.js";
import { invalidPublicKey, requireLength } from "./checks.js";
import type { Crypto } from "./types.js";

/** Domain separation of the nonce hash: 2^256 − 2, little endian (the hash_1 of XEdDSA). */
const NONCE_PREFIX: Uint8Array = /* @__PURE__ */ (() => {
  const prefix = new Uint8Array(32).fill(0xff);
  prefix[0] = 0xfe;
  return prefix;
})();

/**
 * The Ed25519 public key with sign bit 0 that maps to an X25519 public key: y = (u − 1)/(u + 1).
 *
 * @param publicKey - 32 bytes
 * @throws `CRYPTO_INVALID_LENGTH`; `CRYPTO_INVALID_PUBLIC_KEY` for u = −1, which has no counterpart
 */
export function xed25519PublicKey(publicKey: Uint8Array): Uint8Array {
  requireLength(publicKey, 32, "an X25519 public key");
  const { Fp } = ed25519.Point;
  const masked = publicKey.slice();
  masked[31] = (masked[31] as number) & 127;
  const u = Fp.create(Fp.fromBytes(masked, true));
  const divisor = Fp.add(u, Fp.ONE);
  if (Fp.is0(divisor)) throw invalidPublicKey();
  return Fp.toBytes(Fp.div(Fp.sub(u, Fp.ONE), divisor));
}

/**
 * Signs with an X25519 secret key.
 *
 * @param secretKey - 32 bytes
 * @param random - 64 random bytes; given only for reproducible output
 * @returns 64 bytes, valid for {@link xed25519PublicKey} of the signer's public key
 * @throws `CRYPTO_INVALID_LENGTH`
 */
export function xed25519Sign(
  secretKey: Uint8Array,
  message: Uint8Array,
  random?: Uint8Array,
  crypto: Crypto = backend,
): Uint8Array {
  requireLength(secretKey, 32, "an X25519 secret key");
  const noise = random ?? crypto.randomBytes(64);
  requireLength(noise, 64, "the random input");
  const clamped = secretKey.slice();
  clamped[0] = (clamped[0] as number) & 248;
  clamped[31] = ((clamped[31] as number) & 127) | 64;

  let publicKey = crypto.pointMultiplyBase(clamped);
  let secret = crypto.scalarMultiply(clamped, ONE);
  if (((publicKey[31] as number) & 128) !== 0) {
    publicKey = publicKey.slice();
    publicKey[31] = (publicKey[31] as number) & 127;
    secret = crypto.scalarNegate(secret);
  }
  const nonce = crypto.scalarReduce(crypto.sha512(concatBytes(NONCE_PREFIX, secret, message, noise)));
  const commitment = crypto.pointMultiplyBase(nonce);
  const challenge = crypto.scalarReduce(crypto.sha512(concatBytes(commitment, publicKey, message)));
  return concatBytes(commitment, crypto.scalarAdd(nonce, crypto.scalarMultiply(challenge, secret)));
}

/** The scalar 1: multiplying by it reduces mod L. */
const ONE: Uint8Array = /* @__PURE__ */ (() => {
  const one = new Uint8Array(32);
  one[0] = 1;
  return one;
})();

/**
 * Checks a signature of {@link xed25519Sign} against an X25519 public key.
 *
 * @returns false for any wrong signature and for keys that are no valid point
 * @throws `CRYPTO_INVALID_LENGTH`
 */
export function xed25519Verify(
  signature: Uint8Array,
  message: Uint8Array,
  publicKey: Uint8Array,
  crypto: Crypto = backend,
): boolean {
  requireLength(signature, 64, "an XEd25519 signature");
  return crypto.ed25519Verify(signature, message, xed25519PublicKey(publicKey));
}
