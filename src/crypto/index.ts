/**
 * Cryptography: the {@link Crypto} interface, the backend that fits the runtime, and the constructions above it.
 *
 * Functions that need cryptography take a `Crypto` argument whose default is {@link defaultCrypto}: libsodium and
 * `node:crypto` in Node, noble elsewhere, chosen by the package's `imports` map.
 *
 * @module
 */
import { backend } from "#crypto-backend";
import type { Crypto } from "./types.js";

export { deterministicBytes } from "./deterministic.js";
export {
  type IncrementalCipher,
  type IncrementalHash,
  type IncrementalOperations,
  SECRETSTREAM_FINAL,
  SECRETSTREAM_OVERHEAD,
  type SecretstreamDecryptor,
  type SecretstreamEncryptor,
} from "./incremental.js";
export {
  decryptForMultiple,
  decryptForMultipleSimple,
  encryptForMultiple,
  encryptForMultipleSimple,
  type MultiDecryptOptions,
  type MultiEncryptErrorCode,
  type MultiEncryptOptions,
  x25519KeyPairFromEd25519,
} from "./multi-encrypt.js";
export type {
  Blake2bOptions,
  Crypto,
  CryptoErrorCode,
  Ed25519KeyPair,
  X25519KeyPair,
} from "./types.js";
export { xed25519PublicKey, xed25519Sign, xed25519Verify } from "./xed25519.js";

/** The backend for this runtime. */
export const defaultCrypto: Crypto = backend;
