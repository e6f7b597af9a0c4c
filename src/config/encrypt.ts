/**
 * Padding and encryption of config messages (docs/protocol/config.md §7, §8):
 *
 * ```text
 * 00…00 ‖ message        padded so that the encrypted size is a multiple of 256 … 5,120
 * key   = BLAKE2b-256(K ‖ length of the padded message, 8 bytes big endian ‖ domain)
 * nonce = BLAKE2b-192(padded message, key "libsessionutil-config-encrypted-" ‖ domain)
 * XChaCha20-Poly1305 ciphertext ‖ tag(16) ‖ nonce(24)
 * ```
 *
 * The nonce follows from the content, so that all devices store the same bytes for the same config.
 *
 * @module
 */
import { concatBytes, utf8ToBytes, writeUint64BE } from "../bytes/index.js";
import { type Crypto, defaultCrypto } from "../crypto/index.js";
import { SessionError } from "../errors/index.js";
import type { ConfigErrorCode } from "./errors.js";

/** Bytes that encryption adds: tag and nonce. */
export const CONFIG_OVERHEAD = 40;
const KEY_LENGTH = 32;
const NONCE_LENGTH = 24;
const MAX_DOMAIN_LENGTH = 24;
const NONCE_KEY = "libsessionutil-config-encrypted-";

/** Which key, and what for. */
export interface ConfigKey {
  /** 32 bytes: the account's seed, or a group key. */
  readonly key: Uint8Array;
  /** 1 to 24 ASCII characters: the kind of config. */
  readonly domain: string;
}

/** Length after padding of a message of `length` bytes. */
export function paddedConfigLength(length: number): number {
  const encrypted = length + CONFIG_OVERHEAD;
  const step = encrypted < 5120 ? 256 : encrypted < 20480 ? 1024 : encrypted < 40960 ? 2048 : 5120;
  return Math.ceil(encrypted / step) * step - CONFIG_OVERHEAD;
}

/** Pads on the left with zeros. */
export function padConfig(message: Uint8Array): Uint8Array {
  const padded = new Uint8Array(paddedConfigLength(message.length));
  padded.set(message, padded.length - message.length);
  return padded;
}

/** Removes the zeros on the left. A view. */
export function unpadConfig(padded: Uint8Array): Uint8Array {
  let start = 0;
  while (start < padded.length && padded[start] === 0) start++;
  return padded.subarray(start);
}

/** Encrypts a padded message; 40 bytes longer. @throws `CONFIG_KEY_INVALID` */
export function encryptConfig(
  message: Uint8Array,
  { key, domain }: ConfigKey,
  crypto: Crypto = defaultCrypto,
): Uint8Array {
  const messageKey = deriveKey(key, domain, message.length, crypto);
  const nonce = crypto.blake2b(message, { size: NONCE_LENGTH, key: utf8ToBytes(NONCE_KEY + domain) });
  return concatBytes(crypto.xchacha20poly1305Encrypt(messageKey, nonce, message), nonce);
}

/** Opens a message; padding stays. @throws `CONFIG_DECRYPT_FAILED`, `CONFIG_KEY_INVALID` */
export function decryptConfig(
  ciphertext: Uint8Array,
  { key, domain }: ConfigKey,
  crypto: Crypto = defaultCrypto,
): Uint8Array {
  if (ciphertext.length < CONFIG_OVERHEAD) throw decryptFailed("the ciphertext is too short");
  const messageKey = deriveKey(key, domain, ciphertext.length - CONFIG_OVERHEAD, crypto);
  const end = ciphertext.length - NONCE_LENGTH;
  try {
    return crypto.xchacha20poly1305Decrypt(messageKey, ciphertext.slice(end), ciphertext.subarray(0, end));
  } catch (cause) {
    throw decryptFailed("the ciphertext does not open with this key and domain", cause);
  }
}

function deriveKey(key: Uint8Array, domain: string, length: number, crypto: Crypto): Uint8Array {
  if (key.length !== KEY_LENGTH) throw invalidKey("a config key has 32 bytes");
  const domainBytes = utf8ToBytes(domain);
  if (domainBytes.length === 0 || domainBytes.length > MAX_DOMAIN_LENGTH) {
    throw invalidKey(`a domain has 1 to ${MAX_DOMAIN_LENGTH} bytes`);
  }
  const size = writeUint64BE(BigInt(length));
  return crypto.blake2b(concatBytes(key, size, domainBytes), { size: KEY_LENGTH });
}

function invalidKey(message: string): SessionError<ConfigErrorCode> {
  return new SessionError("CONFIG_KEY_INVALID", message);
}

function decryptFailed(message: string, cause?: unknown): SessionError<ConfigErrorCode> {
  return new SessionError("CONFIG_DECRYPT_FAILED", message, { cause });
}
