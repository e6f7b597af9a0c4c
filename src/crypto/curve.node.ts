/**
 * Curve25519 in its Edwards and Montgomery forms over libsodium.
 *
 * @module
 */
import { invalidPublicKey, lowOrder, requireLength, requireSeed, zeroScalar } from "./checks.js";
import type { CurveOperations } from "./curve.portable.js";
import { scalarMultiply } from "./scalar.js";
import { sodium, succeeds } from "./sodium.node.js";
import type { Ed25519KeyPair } from "./types.js";

export const curveOperations: CurveOperations = {
  ed25519KeyPair(seed: Uint8Array): Ed25519KeyPair {
    requireLength(seed, 32, "an Ed25519 seed");
    const pair = { publicKey: new Uint8Array(32), secretKey: new Uint8Array(64) };
    sodium.crypto_sign_seed_keypair(pair.publicKey, pair.secretKey, seed);
    return pair;
  },

  ed25519Sign(message: Uint8Array, secretKey: Uint8Array): Uint8Array {
    requireLength(secretKey, 64, "an Ed25519 secret key");
    const signature = new Uint8Array(64);
    sodium.crypto_sign_detached(signature, message, secretKey);
    return signature;
  },

  ed25519Verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
    requireLength(signature, 64, "an Ed25519 signature");
    requireLength(publicKey, 32, "an Ed25519 public key");
    return sodium.crypto_sign_verify_detached(signature, message, publicKey);
  },

  ed25519PublicKeyToX25519(publicKey: Uint8Array): Uint8Array {
    requireLength(publicKey, 32, "an Ed25519 public key");
    const converted = new Uint8Array(32);
    if (!succeeds(() => sodium.crypto_sign_ed25519_pk_to_curve25519(converted, publicKey)))
      throw invalidPublicKey();
    return converted;
  },

  ed25519SecretKeyToX25519(secretKey: Uint8Array): Uint8Array {
    const converted = new Uint8Array(32);
    sodium.crypto_sign_ed25519_sk_to_curve25519(converted, requireSeed(secretKey));
    return converted;
  },

  x25519PublicKey(secretKey: Uint8Array): Uint8Array {
    requireLength(secretKey, 32, "an X25519 secret key");
    const publicKey = new Uint8Array(32);
    sodium.crypto_scalarmult_base(publicKey, secretKey);
    return publicKey;
  },

  x25519(secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array {
    requireLength(secretKey, 32, "an X25519 secret key");
    requireLength(publicKey, 32, "an X25519 public key");
    const shared = new Uint8Array(32);
    if (!succeeds(() => sodium.crypto_scalarmult(shared, secretKey, publicKey))) throw lowOrder();
    return shared;
  },

  scalarReduce(wide: Uint8Array): Uint8Array {
    requireLength(wide, 64, "a wide scalar");
    const reduced = new Uint8Array(32);
    sodium.crypto_core_ed25519_scalar_reduce(reduced, wide);
    return reduced;
  },

  scalarMultiply,

  scalarAdd(a: Uint8Array, b: Uint8Array): Uint8Array {
    requireLength(a, 32, "a scalar");
    requireLength(b, 32, "a scalar");
    const sum = new Uint8Array(32);
    sodium.crypto_core_ed25519_scalar_add(sum, a, b);
    return sum;
  },

  scalarNegate(a: Uint8Array): Uint8Array {
    requireLength(a, 32, "a scalar");
    const negated = new Uint8Array(32);
    sodium.crypto_core_ed25519_scalar_negate(negated, a);
    return negated;
  },

  pointMultiplyBase(scalar: Uint8Array): Uint8Array {
    requireLength(scalar, 32, "a scalar");
    const product = new Uint8Array(32);
    if (!succeeds(() => sodium.crypto_scalarmult_ed25519_base_noclamp(product, scalar))) throw zeroScalar();
    return product;
  },

  pointMultiply(scalar: Uint8Array, point: Uint8Array): Uint8Array {
    requireLength(scalar, 32, "a scalar");
    requireLength(point, 32, "a point");
    const product = new Uint8Array(32);
    if (!succeeds(() => sodium.crypto_scalarmult_ed25519_noclamp(product, scalar, point))) {
      throw sodium.crypto_core_ed25519_is_valid_point(point) ? zeroScalar() : invalidPublicKey();
    }
    return product;
  },

  isValidPoint(point: Uint8Array): boolean {
    requireLength(point, 32, "a point");
    return sodium.crypto_core_ed25519_is_valid_point(point);
  },
};
