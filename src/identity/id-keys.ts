/**
 * Ids and the keys in them, where that takes arithmetic (docs/protocol/identity.md §4).
 *
 * @module
 */
import { type Crypto, defaultCrypto } from "../crypto/index.js";
import { isSessionError, SessionError } from "../errors/index.js";
import type { IdentityErrorCode } from "./errors.js";
import { type AnyId, idPrefix, idPublicKey, type SessionId, sessionIdFromX25519 } from "./ids.js";

/**
 * The Session ID of an account's 32-byte Ed25519 public key.
 *
 * @throws `CRYPTO_INVALID_PUBLIC_KEY`, `CRYPTO_INVALID_LENGTH`
 */
export function sessionIdFromEd25519(publicKey: Uint8Array, crypto: Crypto = defaultCrypto): SessionId {
  return sessionIdFromX25519(crypto.ed25519PublicKeyToX25519(publicKey));
}

/**
 * Checks what the text of an id cannot show: that its 32 bytes are a key to work with. An 05 key must not have low
 * order; all others must be canonical points of the prime-order subgroup. The apps do not check this.
 *
 * @throws `KEY_INVALID`, `ID_INVALID`
 */
export function checkIdKey(id: AnyId, crypto: Crypto = defaultCrypto): void {
  const prefix = idPrefix(id);
  const key = idPublicKey(id);
  const isUsable = prefix === "05" ? hasHighOrder(key, crypto) : crypto.isValidPoint(key);
  if (!isUsable) {
    throw new SessionError<IdentityErrorCode>("KEY_INVALID", "the id does not hold a usable public key", {
      details: { id },
    });
  }
}

/** X25519 multiplies by the cofactor, so any secret at all gives zero with a low-order key, and only with one. */
function hasHighOrder(key: Uint8Array, crypto: Crypto): boolean {
  try {
    crypto.x25519(new Uint8Array(32).fill(1), key);
    return true;
  } catch (error) {
    if (isSessionError(error, "CRYPTO_LOW_ORDER")) return false;
    throw error;
  }
}
