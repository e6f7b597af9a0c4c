/**
 * The Node backend: libsodium through the optional package `sodium-native`, and OpenSSL through `node:crypto` for AES
 * and SHA-2. BLAKE2b with digests or keys under 16 bytes, which the binding refuses, is noble's.
 *
 * @module
 */
import { createHmac, hash } from "node:crypto";
import { requireCount } from "./checks.js";
import { cipherOperations, plain } from "./cipher.node.js";
import { curveOperations } from "./curve.node.js";
import { incrementalOperations } from "./incremental.node.js";
import { sodium } from "./sodium.node.js";
import type { Blake2bOptions, Crypto } from "./types.js";

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
    const hash = incrementalOperations.blake2bIncremental(options);
    hash.update(message);
    return hash.digest();
  },
};
