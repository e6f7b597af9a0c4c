/**
 * The portable backend: audited JavaScript only (noble), for browsers, workers and wherever no native library loads.
 *
 * @module
 */
import { blake2b } from "@noble/hashes/blake2.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { requireBlake2b, requireCount } from "./checks.js";
import { cipherOperations } from "./cipher.portable.js";
import { curveOperations } from "./curve.portable.js";
import { incrementalOperations } from "./incremental.portable.js";
import type { Blake2bOptions, Crypto } from "./types.js";

/** Most bytes that `getRandomValues` gives in one call. */
const RANDOM_CHUNK = 65_536;

/** The noble backend. */
export const portableCrypto: Crypto = {
  name: "portable",
  ...curveOperations,
  ...cipherOperations,
  ...incrementalOperations,

  randomBytes(length: number): Uint8Array {
    requireCount(length);
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += RANDOM_CHUNK) {
      globalThis.crypto.getRandomValues(bytes.subarray(at, at + RANDOM_CHUNK));
    }
    return bytes;
  },

  sha256(message: Uint8Array): Uint8Array {
    return sha256(message);
  },

  sha512(message: Uint8Array): Uint8Array {
    return sha512(message);
  },

  hmacSha256(key: Uint8Array, message: Uint8Array): Uint8Array {
    return hmac(sha256, key, message);
  },

  blake2b(message: Uint8Array, options: Blake2bOptions): Uint8Array {
    requireBlake2b(options);
    const { size, key, salt, personal } = options;
    return blake2b(message, {
      dkLen: size,
      // BLAKE2 with a key of no bytes is BLAKE2 without a key; noble wants it left out.
      ...(key === undefined || key.length === 0 ? {} : { key }),
      ...(salt === undefined ? {} : { salt }),
      ...(personal === undefined ? {} : { personalization: personal }),
    });
  },
};
