/**
 * The Node backend: libsodium through the optional package `sodium-native`, and OpenSSL through `node:crypto` for AES
 * and SHA-2. BLAKE2b with digests or keys under 16 bytes, which the binding refuses, is noble's.
 *
 * @module
 */
import { createHmac, hash } from "node:crypto";
import { requireBlake2b, requireCount } from "./checks.js";
import { cipherOperations, plain } from "./cipher.node.js";
import { curveOperations } from "./curve.node.js";
import { incrementalOperations } from "./incremental.node.js";
import { sodium } from "./sodium.node.js";
import type { Blake2bOptions, Crypto } from "./types.js";

/** Least size of a digest, and of a key, that the binding takes. */
const BINDING_MINIMUM = 16;

/**
 * The libsodium backend.
 *
 * Without `sodium-native` its functions throw `CRYPTO_BACKEND_UNAVAILABLE`; the default backend falls back by itself.
 */
export const nodeCrypto: Crypto = {
  name: "node",
  ...curveOperations,
  ...cipherOperations,
  ...incrementalOperations,

  randomBytes(length: number): Uint8Array {
    requireCount(length);
    const bytes = new Uint8Array(length);
    sodium.randombytes_buf(bytes);
    return bytes;
  },

  sha256(message: Uint8Array): Uint8Array {
    return plain(hash("sha256", message, "buffer"));
  },

  sha512(message: Uint8Array): Uint8Array {
    return plain(hash("sha512", message, "buffer"));
  },

  hmacSha256(key: Uint8Array, message: Uint8Array): Uint8Array {
    return plain(createHmac("sha256", key).update(message).digest());
  },

  blake2b(message: Uint8Array, options: Blake2bOptions): Uint8Array {
    const { size, key, salt, personal } = options;
    const keyLength = key?.length ?? 0;
    const keyFits = keyLength === 0 || keyLength >= BINDING_MINIMUM;
    if (salt !== undefined || personal !== undefined || size < BINDING_MINIMUM || !keyFits) {
      const hash = incrementalOperations.blake2bIncremental(options);
      hash.update(message);
      return hash.digest();
    }
    // One call for the usual case: three through the incremental interface take several times as long.
    requireBlake2b(options);
    const digest = new Uint8Array(size);
    sodium.crypto_generichash(digest, message, keyLength === 0 ? undefined : key);
    return digest;
  },
};
