/**
 * Encryption of one layer, in both directions (docs/protocol/onion.md §1).
 *
 * The client has a fresh pair (a, A), the node its long-term pair (b, B); s = X25519(a, B) = X25519(b, A).
 *
 * | type      | key                          | wire                                          |
 * | --------- | ---------------------------- | --------------------------------------------- |
 * | aes-gcm   | HMAC-SHA256(key "LOKI", s)   | nonce(12) ‖ ciphertext ‖ tag(16)              |
 * | xchacha20 | BLAKE2b-256(s ‖ A ‖ B)       | nonce(24) ‖ ciphertext ‖ tag(16)              |
 * | aes-cbc   | s                            | iv(16) ‖ ciphertext, PKCS#7, unauthenticated  |
 *
 * The reply uses the key of the request, so the client's key stands first in the hash in both directions.
 *
 * @module
 */
import { concatBytes, utf8ToBytes } from "../bytes/index.js";
import type { Crypto, X25519KeyPair } from "../crypto/index.js";
import { type OnionErrorCode, onionError } from "./errors.js";

/** How a layer is encrypted. Nodes still take `aes-cbc`; clients must not use it. */
export type EncType = "aes-gcm" | "xchacha20" | "aes-cbc";

/** What two parties share for one layer. Secret. */
export interface LayerSecret {
  readonly encType: EncType;
  /** X25519 shared secret, 32 bytes. */
  readonly shared: Uint8Array;
  /** The client's ephemeral public key A. */
  readonly clientKey: Uint8Array;
  /** The node's or server's public key B. */
  readonly nodeKey: Uint8Array;
}

const GCM_SALT: Uint8Array = /* @__PURE__ */ utf8ToBytes("LOKI");
const NONCE_LENGTHS: Readonly<Record<EncType, number>> = { "aes-gcm": 12, xchacha20: 24, "aes-cbc": 16 };
/** Nonce and tag; for CBC the iv and one block. */
const MINIMUM_LENGTHS: Readonly<Record<EncType, number>> = { "aes-gcm": 28, xchacha20: 40, "aes-cbc": 32 };

const ALIASES: ReadonlyMap<string, EncType> = /* @__PURE__ */ new Map<string, EncType>([
  ["aes-gcm", "aes-gcm"],
  ["gcm", "aes-gcm"],
  ["xchacha20", "xchacha20"],
  ["xchacha20-poly1305", "xchacha20"],
  ["aes-cbc", "aes-cbc"],
  ["cbc", "aes-cbc"],
]);

/** The type that an `enc_type` member names; aliases included. Undefined for an unknown name. */
export function parseEncType(name: string): EncType | undefined {
  return ALIASES.get(name);
}

/**
 * The client's side of a layer for the node or server with public key `nodeKey`.
 *
 * @throws `ONION_INVALID_KEY` for a key of low order or wrong length
 */
export function clientLayerSecret(
  encType: EncType,
  ephemeral: X25519KeyPair,
  nodeKey: Uint8Array,
  crypto: Crypto,
): LayerSecret {
  const shared = agree(ephemeral.secretKey, nodeKey, "ONION_INVALID_KEY", crypto);
  return { encType, shared, clientKey: ephemeral.publicKey, nodeKey };
}

/**
 * The node's side of a layer from the client with ephemeral public key `clientKey`.
 *
 * @throws `ONION_DECRYPT_FAILED` for a key of low order or wrong length
 */
export function nodeLayerSecret(
  encType: EncType,
  node: X25519KeyPair,
  clientKey: Uint8Array,
  crypto: Crypto,
): LayerSecret {
  const shared = agree(node.secretKey, clientKey, "ONION_DECRYPT_FAILED", crypto);
  return { encType, shared, clientKey, nodeKey: node.publicKey };
}

/**
 * Encrypts one layer.
 *
 * @param nonce - only for reproducible output; random by default. Never use one twice with the same secret.
 */
export function encryptLayer(
  plaintext: Uint8Array,
  secret: LayerSecret,
  crypto: Crypto,
  nonce?: Uint8Array,
): Uint8Array {
  return concatBytes(...encryptLayerParts(plaintext, secret, crypto, nonce));
}

/** As {@link encryptLayer}, without joining nonce and ciphertext: for large ones that are packed next. */
export function encryptLayerParts(
  plaintext: Uint8Array,
  secret: LayerSecret,
  crypto: Crypto,
  nonce: Uint8Array = crypto.randomBytes(NONCE_LENGTHS[secret.encType]),
): readonly [nonce: Uint8Array, box: Uint8Array] {
  const key = layerKey(secret, secret.encType, crypto);
  switch (secret.encType) {
    case "aes-gcm":
      return [nonce, crypto.aes256gcmEncrypt(key, nonce, plaintext)];
    case "xchacha20":
      return [nonce, crypto.xchacha20poly1305Encrypt(key, nonce, plaintext)];
    case "aes-cbc":
      return [nonce, crypto.aes256cbcEncrypt(key, nonce, plaintext)];
  }
}

/**
 * Opens one layer.
 *
 * @param encType - the type to try, when it is not the secret's own
 * @throws `ONION_DECRYPT_FAILED`
 */
export function decryptLayer(
  layer: Uint8Array,
  secret: LayerSecret,
  crypto: Crypto,
  encType: EncType = secret.encType,
): Uint8Array {
  if (layer.length < MINIMUM_LENGTHS[encType])
    throw onionError("ONION_DECRYPT_FAILED", `the layer is too short for ${encType}`, {
      encType,
      length: layer.length,
    });
  const nonce = layer.subarray(0, NONCE_LENGTHS[encType]);
  const box = layer.subarray(nonce.length);
  try {
    const key = layerKey(secret, encType, crypto);
    switch (encType) {
      case "aes-gcm":
        return crypto.aes256gcmDecrypt(key, nonce, box);
      case "xchacha20":
        return crypto.xchacha20poly1305Decrypt(key, nonce, box);
      case "aes-cbc":
        return crypto.aes256cbcDecrypt(key, nonce, box);
    }
  } catch (cause) {
    throw onionError(
      "ONION_DECRYPT_FAILED",
      "the layer does not open with this key",
      { encType, length: layer.length },
      cause,
    );
  }
}

function layerKey(secret: LayerSecret, encType: EncType, crypto: Crypto): Uint8Array {
  switch (encType) {
    case "aes-gcm":
      return crypto.hmacSha256(GCM_SALT, secret.shared);
    case "xchacha20":
      return crypto.blake2b(concatBytes(secret.shared, secret.clientKey, secret.nodeKey), { size: 32 });
    case "aes-cbc":
      return secret.shared;
  }
}

function agree(
  secretKey: Uint8Array,
  publicKey: Uint8Array,
  code: OnionErrorCode,
  crypto: Crypto,
): Uint8Array {
  try {
    return crypto.x25519(secretKey, publicKey);
  } catch (cause) {
    throw onionError(code, "no shared secret can be made with this public key", {}, cause);
  }
}
