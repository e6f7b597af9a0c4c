/**
 * The one interface through which every room reaches cryptography.
 *
 * All functions are synchronous and pure except {@link Crypto.randomBytes}. Every backend gives the same results and
 * the same refusals, byte for byte: `session-messenger-sdk/crypto/compliance` is the suite that holds them to it.
 *
 * @module
 */

import type { IncrementalOperations } from "./incremental.js";

/** Codes that every backend throws, in a `SessionError`. */
export type CryptoErrorCode =
  /** A key, nonce, seed, signature or digest length is not what the primitive takes. */
  | "CRYPTO_INVALID_LENGTH"
  /** A public key is no valid point: non-canonical, off the curve, small order, or outside the prime-order subgroup. */
  | "CRYPTO_INVALID_PUBLIC_KEY"
  /** An X25519 result is all zero: the peer's key has low order. */
  | "CRYPTO_LOW_ORDER"
  /** A scalar is 0 mod L where a point must come out. */
  | "CRYPTO_ZERO_SCALAR"
  /** An authentication tag, a padding or a signature inside a box is wrong. */
  | "CRYPTO_DECRYPT_FAILED"
  /** An object for input in pieces was used after its end. */
  | "CRYPTO_ENDED"
  /** The backend was asked for by name and its native library is not installed. */
  | "CRYPTO_BACKEND_UNAVAILABLE"
  /** A backend under test failed a compliance check. */
  | "CRYPTO_NOT_COMPLIANT";

/** An Ed25519 pair in libsodium's form. */
export interface Ed25519KeyPair {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** 64 bytes: seed ‖ public key. */
  readonly secretKey: Uint8Array;
}

/** An X25519 pair. */
export interface X25519KeyPair {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** 32 bytes, clamped when it comes from an Ed25519 seed. */
  readonly secretKey: Uint8Array;
}

/** Parameters of a BLAKE2b hash (RFC 7693). */
export interface Blake2bOptions {
  /** Digest length in bytes, 1 to 64. */
  readonly size: number;
  /** At most 64 bytes. */
  readonly key?: Uint8Array | undefined;
  /** Exactly 16 bytes. */
  readonly salt?: Uint8Array | undefined;
  /** Exactly 16 bytes. */
  readonly personal?: Uint8Array | undefined;
}

/** A cryptography backend. What works on input in pieces is in {@link IncrementalOperations}. */
export interface Crypto extends IncrementalOperations {
  /** Short name for logs and test titles, such as `portable` or `node`. */
  readonly name: string;

  /** `length` bytes of a cryptographically secure random source. */
  randomBytes(length: number): Uint8Array;

  sha256(message: Uint8Array): Uint8Array;
  sha512(message: Uint8Array): Uint8Array;
  /** 32 bytes; any key length. */
  hmacSha256(key: Uint8Array, message: Uint8Array): Uint8Array;
  /** BLAKE2b, optionally keyed, salted and personalised. */
  blake2b(message: Uint8Array, options: Blake2bOptions): Uint8Array;

  /** RFC 8032 pair of a 32-byte seed. */
  ed25519KeyPair(seed: Uint8Array): Ed25519KeyPair;
  /** 64-byte signature with a 64-byte secret key (seed ‖ public key). */
  ed25519Sign(message: Uint8Array, secretKey: Uint8Array): Uint8Array;
  /**
   * Strict as libsodium: false for S ≥ L, for a small-order or non-canonical key, for a small-order R, and whenever R is
   * not byte for byte the encoding of S·B − h·A (no cofactor). Throws only for wrong lengths.
   */
  ed25519Verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean;
  /** Birational map; refuses small-order, non-canonical and torsioned points (`CRYPTO_INVALID_PUBLIC_KEY`). */
  ed25519PublicKeyToX25519(publicKey: Uint8Array): Uint8Array;
  /** Clamped first half of SHA-512(seed). Takes a 32-byte seed or a 64-byte secret key. */
  ed25519SecretKeyToX25519(secretKey: Uint8Array): Uint8Array;

  /** Public key of a 32-byte secret. */
  x25519PublicKey(secretKey: Uint8Array): Uint8Array;
  /** Shared secret, 32 bytes; refuses an all-zero result (`CRYPTO_LOW_ORDER`). */
  x25519(secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array;

  /** 64 little-endian bytes reduced mod L to 32. */
  scalarReduce(wide: Uint8Array): Uint8Array;
  /** a·b mod L, 32 bytes each, little endian; the arguments need not be reduced. */
  scalarMultiply(a: Uint8Array, b: Uint8Array): Uint8Array;
  /** a + b mod L. As in libsodium the sum is cut to 256 bits before it is reduced: only unreduced arguments notice. */
  scalarAdd(a: Uint8Array, b: Uint8Array): Uint8Array;
  /** −a mod L. */
  scalarNegate(a: Uint8Array): Uint8Array;
  /** scalar·B without clamping; bit 255 is ignored. Refuses a scalar that is 0 mod L (`CRYPTO_ZERO_SCALAR`). */
  pointMultiplyBase(scalar: Uint8Array): Uint8Array;
  /**
   * scalar·P without clamping; bit 255 of the scalar is ignored. Refuses what {@link Crypto.isValidPoint} refuses
   * (`CRYPTO_INVALID_PUBLIC_KEY`) and a scalar that is 0 mod L (`CRYPTO_ZERO_SCALAR`).
   */
  pointMultiply(scalar: Uint8Array, point: Uint8Array): Uint8Array;
  /** True for a canonical point of the prime-order subgroup, as libsodium's `crypto_core_ed25519_is_valid_point`. */
  isValidPoint(point: Uint8Array): boolean;

  /** libsodium `crypto_box_seal`: 48 bytes longer than the message. `ephemeral` only for deterministic output. */
  sealedBox(message: Uint8Array, recipient: Uint8Array, ephemeral?: X25519KeyPair): Uint8Array;
  /** Opens a sealed box with the recipient's X25519 pair. */
  sealedBoxOpen(box: Uint8Array, recipient: X25519KeyPair): Uint8Array;

  /** XSalsa20-Poly1305 (secretbox): tag(16) ‖ ciphertext; 32-byte key, 24-byte nonce. */
  xsalsa20poly1305Encrypt(key: Uint8Array, nonce: Uint8Array, message: Uint8Array): Uint8Array;
  xsalsa20poly1305Decrypt(key: Uint8Array, nonce: Uint8Array, box: Uint8Array): Uint8Array;
  /** XChaCha20-Poly1305-IETF: ciphertext ‖ tag(16); 32-byte key, 24-byte nonce. */
  xchacha20poly1305Encrypt(
    key: Uint8Array,
    nonce: Uint8Array,
    message: Uint8Array,
    aad?: Uint8Array,
  ): Uint8Array;
  xchacha20poly1305Decrypt(key: Uint8Array, nonce: Uint8Array, box: Uint8Array, aad?: Uint8Array): Uint8Array;
  /** AES-256-GCM: ciphertext ‖ tag(16); 32-byte key, 12-byte nonce. */
  aes256gcmEncrypt(key: Uint8Array, nonce: Uint8Array, message: Uint8Array, aad?: Uint8Array): Uint8Array;
  aes256gcmDecrypt(key: Uint8Array, nonce: Uint8Array, box: Uint8Array, aad?: Uint8Array): Uint8Array;
  /** AES-256-CBC with PKCS#7 padding; 32-byte key, 16-byte iv. Not authenticated. */
  aes256cbcEncrypt(key: Uint8Array, iv: Uint8Array, message: Uint8Array): Uint8Array;
  aes256cbcDecrypt(key: Uint8Array, iv: Uint8Array, ciphertext: Uint8Array): Uint8Array;
}
