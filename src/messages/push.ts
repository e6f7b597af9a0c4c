/**
 * Payload of a push notification: `nonce (24) ‖ XChaCha20-Poly1305 ciphertext`, the plaintext padded with zeros.
 *
 * @module
 */
import { type Crypto, defaultCrypto } from "../crypto/index.js";
import { SessionError } from "../errors/index.js";
import type { MessageErrorCode } from "./errors.js";

const NONCE_LENGTH = 24;
const TAG_LENGTH = 16;
const KEY_LENGTH = 32;

/**
 * Opens a push payload with the key that was registered for it.
 *
 * @throws `MESSAGE_INVALID_KEY`, `MESSAGE_MALFORMED` when it is too short, `MESSAGE_DECRYPT_FAILED`
 */
export function decryptPushPayload(
  payload: Uint8Array,
  key: Uint8Array,
  crypto: Crypto = defaultCrypto,
): Uint8Array {
  if (key.length !== KEY_LENGTH) throw error("MESSAGE_INVALID_KEY", "a push key has 32 bytes");
  if (payload.length < NONCE_LENGTH + TAG_LENGTH)
    throw error("MESSAGE_MALFORMED", "the push payload is too short");
  let plaintext: Uint8Array;
  try {
    plaintext = crypto.xchacha20poly1305Decrypt(
      key,
      payload.subarray(0, NONCE_LENGTH),
      payload.subarray(NONCE_LENGTH),
    );
  } catch (cause) {
    throw error("MESSAGE_DECRYPT_FAILED", "the push payload does not open with this key", cause);
  }
  let end = plaintext.length;
  while (end > 0 && plaintext[end - 1] === 0) end--;
  return plaintext.subarray(0, end);
}

function error(code: MessageErrorCode, message: string, cause?: unknown): SessionError<MessageErrorCode> {
  return new SessionError(code, message, cause === undefined ? {} : { cause });
}
