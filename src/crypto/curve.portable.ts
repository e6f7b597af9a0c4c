/**
 * Curve25519 in its Edwards and Montgomery forms over noble-curves, with libsodium's acceptance rules.
 *
 * noble's own verifier follows other rules (cofactored, small-order R allowed), so verification, signing with a given
 * public key and the unclamped multiplications are written out here over its point arithmetic.
 *
 * Points are 32 bytes, y little endian with the sign of x in bit 255. A signature is R(32) ‖ S(32), S little endian.
 *
 * @module
 */
import { ed25519, x25519 as montgomery } from "@noble/curves/ed25519.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { concatBytes, equalBytes } from "../bytes/index.js";
import { ed25519Pair, invalidPublicKey, lowOrder, requireLength, requireSeed, zeroScalar } from "./checks.js";
import {
  fromScalar,
  ORDER,
  scalarAdd,
  scalarMultiply,
  scalarNegate,
  scalarReduce,
  toFactor,
  toInteger,
} from "./scalar.js";
import type { Crypto, Ed25519KeyPair } from "./types.js";

type Point = InstanceType<typeof ed25519.Point>;

/** The members of {@link Crypto} that this file implements. */
export type CurveOperations = Pick<
  Crypto,
  | "ed25519KeyPair"
  | "ed25519Sign"
  | "ed25519Verify"
  | "ed25519PublicKeyToX25519"
  | "ed25519SecretKeyToX25519"
  | "x25519PublicKey"
  | "x25519"
  | "scalarReduce"
  | "scalarMultiply"
  | "scalarAdd"
  | "scalarNegate"
  | "pointMultiplyBase"
  | "pointMultiply"
  | "isValidPoint"
>;

export const curveOperations: CurveOperations = {
  ed25519KeyPair(seed: Uint8Array): Ed25519KeyPair {
    requireLength(seed, 32, "an Ed25519 seed");
    return ed25519Pair(seed, ed25519.getPublicKey(seed));
  },

  ed25519Sign(message: Uint8Array, secretKey: Uint8Array): Uint8Array {
    requireLength(secretKey, 64, "an Ed25519 secret key");
    const expanded = sha512(secretKey.subarray(0, 32));
    const secret = toScalar(clamp(expanded.subarray(0, 32)));
    const nonce = toScalar(sha512(concatBytes(expanded.subarray(32), message)));
    const commitment = ed25519.Point.BASE.multiply(nonce).toBytes();
    // The public key of the secret key's second half goes into the hash, as libsodium does, not one computed anew.
    const challenge = toScalar(sha512(concatBytes(commitment, secretKey.subarray(32), message)));
    return concatBytes(commitment, fromScalar(nonce + challenge * secret));
  },

  ed25519Verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
    requireLength(signature, 64, "an Ed25519 signature");
    requireLength(publicKey, 32, "an Ed25519 public key");
    const commitment = signature.subarray(0, 32);
    const response = toInteger(signature.subarray(32));
    if (response >= ORDER) return false;
    const key = decodePoint(publicKey);
    if (key === undefined || key.isSmallOrder()) return false;
    const challenge = toScalar(sha512(concatBytes(commitment, publicKey, message)));
    const expected = ed25519.Point.BASE.multiplyUnsafe(response).subtract(key.multiplyUnsafe(challenge));
    return !expected.isSmallOrder() && equalBytes(expected.toBytes(), commitment);
  },

  ed25519PublicKeyToX25519(publicKey: Uint8Array): Uint8Array {
    requireLength(publicKey, 32, "an Ed25519 public key");
    const { y } = requirePoint(publicKey);
    const { Fp } = ed25519.Point;
    return Fp.toBytes(Fp.div(Fp.add(Fp.ONE, y), Fp.sub(Fp.ONE, y)));
  },

  ed25519SecretKeyToX25519(secretKey: Uint8Array): Uint8Array {
    return clamp(sha512(requireSeed(secretKey)).slice(0, 32));
  },

  x25519PublicKey(secretKey: Uint8Array): Uint8Array {
    requireLength(secretKey, 32, "an X25519 secret key");
    return montgomery.getPublicKey(secretKey);
  },

  x25519(secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array {
    requireLength(secretKey, 32, "an X25519 secret key");
    requireLength(publicKey, 32, "an X25519 public key");
    try {
      return montgomery.getSharedSecret(secretKey, publicKey);
    } catch {
      // With both lengths right, a result of zero is all that noble refuses.
      throw lowOrder();
    }
  },

  scalarReduce,
  scalarMultiply,
  scalarAdd,
  scalarNegate,

  pointMultiplyBase(scalar: Uint8Array): Uint8Array {
    return ed25519.Point.BASE.multiply(requireNonZero(scalar)).toBytes();
  },

  pointMultiply(scalar: Uint8Array, point: Uint8Array): Uint8Array {
    requireLength(scalar, 32, "a scalar");
    requireLength(point, 32, "a point");
    return requirePoint(point).multiply(requireNonZero(scalar)).toBytes();
  },

  isValidPoint(point: Uint8Array): boolean {
    requireLength(point, 32, "a point");
    return decodeMainPoint(point) !== undefined;
  },
};

/** The canonically encoded point, or undefined. */
function decodePoint(bytes: Uint8Array): Point | undefined {
  try {
    return ed25519.Point.fromBytes(bytes);
  } catch {
    return undefined;
  }
}

/** The canonically encoded point of the prime-order subgroup, or undefined. */
function decodeMainPoint(bytes: Uint8Array): Point | undefined {
  const point = decodePoint(bytes);
  return point !== undefined && !point.isSmallOrder() && point.isTorsionFree() ? point : undefined;
}

function requirePoint(bytes: Uint8Array): Point {
  const point = decodeMainPoint(bytes);
  if (point === undefined) throw invalidPublicKey();
  return point;
}

function requireNonZero(scalar: Uint8Array): bigint {
  const factor = toFactor(scalar);
  if (factor === 0n) throw zeroScalar();
  return factor;
}

/** Clamps in place (RFC 7748 §5). */
function clamp(scalar: Uint8Array): Uint8Array {
  scalar[0] = (scalar[0] as number) & 248;
  scalar[31] = ((scalar[31] as number) & 127) | 64;
  return scalar;
}

function toScalar(bytes: Uint8Array): bigint {
  return toInteger(bytes) % ORDER;
}
