/**
 * Session-protocol encryption (docs/protocol/messages.md section 3.3): sign with the sender's Ed25519 key, then seal
 * to the recipient's X25519 key.
 *
 * ```text
 * sealed box to Y of   message ‖ sender Ed25519 key A (32) ‖ signature (64) of message ‖ A ‖ Y
 * ```
 *
 * 144 bytes longer than the message. The recipient's key Y is signed but not sent, so a box that is sealed again to
 * somebody else does not verify there.
 *
 * @module
 */
import { concatBytes, utf8ToBytes } from "../bytes/index.js";
import { type Crypto, defaultCrypto, type Ed25519KeyPair, type X25519KeyPair } from "../crypto/index.js";
import { SessionError } from "../errors/index.js";
import { idPublicKey, isSessionId, type SessionId, sessionIdFromX25519 } from "../identity/index.js";
import type { MessageErrorCode } from "./errors.js";

const KEY_LENGTH = 32;
const SECRET_KEY_LENGTH = 64;
const SIGNATURE_LENGTH = 64;
const SEAL_LENGTH = 48;
const SESSION_PREFIX = 0x05;
const SIGNED_OVERHEAD = KEY_LENGTH + SIGNATURE_LENGTH;
/** The shortest ciphertext, of an empty message. */
const OVERHEAD = SEAL_LENGTH + SIGNED_OVERHEAD;

/** An account, or an Ed25519 secret key: 64 bytes, or only its 32-byte seed. */
export type SenderKey = { readonly ed25519: Ed25519KeyPair } | Uint8Array;

/** An account id, its 33 bytes, or an X25519 public key. */
export type RecipientKey = SessionId | Uint8Array;

/** Parties of an encryption. */
export interface EncryptionParties {
  readonly sender: SenderKey;
  readonly recipient: RecipientKey;
  readonly crypto?: Crypto | undefined;
}

/** What {@link decryptFromSender} finds. */
export interface DecryptedMessage {
  readonly message: Uint8Array;
  readonly sender: SessionId;
  readonly senderEd25519PublicKey: Uint8Array;
}

/**
 * `message ‖ A ‖ signature`: the plaintext of the sealed box.
 *
 * @throws `MESSAGE_INVALID_RECIPIENT`, `MESSAGE_INVALID_KEY`
 */
export function signForRecipient(message: Uint8Array, parties: EncryptionParties): Uint8Array {
  const { crypto = defaultCrypto } = parties;
  return sign(message, ed25519KeyPair(parties.sender, crypto), x25519Key(parties.recipient), crypto);
}

/**
 * Encrypts with a fresh ephemeral key.
 *
 * @throws `MESSAGE_INVALID_RECIPIENT`, `MESSAGE_INVALID_KEY`
 */
export function encryptForRecipient(message: Uint8Array, parties: EncryptionParties): Uint8Array {
  const { crypto = defaultCrypto } = parties;
  const recipient = x25519Key(parties.recipient);
  return seal(sign(message, ed25519KeyPair(parties.sender, crypto), recipient, crypto), recipient, crypto);
}

/**
 * Encrypts with an ephemeral key derived from sender, recipient and message. The same message gives the same bytes, so
 * it serves config messages only.
 *
 * @throws `MESSAGE_INVALID_RECIPIENT`, `MESSAGE_INVALID_KEY`
 */
export function encryptForRecipientDeterministic(
  message: Uint8Array,
  parties: EncryptionParties,
): Uint8Array {
  const { crypto = defaultCrypto } = parties;
  const recipient = x25519Key(parties.recipient);
  const sender = ed25519KeyPair(parties.sender, crypto);
  const seed = crypto.blake2b(concatBytes(sender.secretKey.subarray(0, KEY_LENGTH), recipient, message), {
    size: 32,
    key: utf8ToBytes("SessionBoxEphemeralHashKey"),
  });
  const secretKey = crypto.sha512(seed).slice(0, KEY_LENGTH);
  const ephemeral = { secretKey, publicKey: crypto.x25519PublicKey(secretKey) };
  return seal(sign(message, sender, recipient, crypto), recipient, crypto, ephemeral);
}

/**
 * Opens a message that was encrypted to `recipient`, and verifies who sent it.
 *
 * @throws `MESSAGE_DECRYPT_FAILED` when it does not open, `MESSAGE_BAD_SIGNATURE` when the sender inside is not proven
 */
export function decryptFromSender(
  ciphertext: Uint8Array,
  recipient: X25519KeyPair,
  crypto: Crypto = defaultCrypto,
): DecryptedMessage {
  if (ciphertext.length < OVERHEAD) {
    throw error("MESSAGE_DECRYPT_FAILED", `the ciphertext is shorter than ${OVERHEAD} bytes`);
  }
  const signed = open(ciphertext, recipient, crypto);
  const keyStart = signed.length - SIGNED_OVERHEAD;
  const signature = signed.slice(keyStart + KEY_LENGTH);
  const senderEd25519PublicKey = signed.slice(keyStart, keyStart + KEY_LENGTH);
  // What was signed is what was sent with the recipient's key in the place of the signature.
  signed.set(recipient.publicKey, keyStart + KEY_LENGTH);
  const verified = signed.subarray(0, keyStart + 2 * KEY_LENGTH);
  if (!crypto.ed25519Verify(signature, verified, senderEd25519PublicKey)) {
    throw error("MESSAGE_BAD_SIGNATURE", "the sender's signature does not verify");
  }
  return {
    message: signed.subarray(0, keyStart),
    sender: senderId(senderEd25519PublicKey, crypto),
    senderEd25519PublicKey,
  };
}

/** Signs in the buffer that is then sealed: Y stands where the signature goes. */
function sign(
  message: Uint8Array,
  sender: Ed25519KeyPair,
  recipient: Uint8Array,
  crypto: Crypto,
): Uint8Array {
  const keyStart = message.length;
  const signed = new Uint8Array(keyStart + SIGNED_OVERHEAD);
  signed.set(message);
  signed.set(sender.publicKey, keyStart);
  signed.set(recipient, keyStart + KEY_LENGTH);
  const signature = crypto.ed25519Sign(signed.subarray(0, keyStart + 2 * KEY_LENGTH), sender.secretKey);
  signed.set(signature, keyStart + KEY_LENGTH);
  return signed;
}

function seal(
  signed: Uint8Array,
  recipient: Uint8Array,
  crypto: Crypto,
  ephemeral?: X25519KeyPair,
): Uint8Array {
  try {
    return ephemeral === undefined
      ? crypto.sealedBox(signed, recipient)
      : crypto.sealedBox(signed, recipient, ephemeral);
  } catch (cause) {
    throw error("MESSAGE_INVALID_RECIPIENT", "the recipient's key cannot be used", cause);
  }
}

function open(ciphertext: Uint8Array, recipient: X25519KeyPair, crypto: Crypto): Uint8Array {
  try {
    return crypto.sealedBoxOpen(ciphertext, recipient);
  } catch (cause) {
    throw error("MESSAGE_DECRYPT_FAILED", "the ciphertext does not open with this account's keys", cause);
  }
}

function senderId(publicKey: Uint8Array, crypto: Crypto): SessionId {
  try {
    return sessionIdFromX25519(crypto.ed25519PublicKeyToX25519(publicKey));
  } catch (cause) {
    throw error("MESSAGE_BAD_SIGNATURE", "the sender's key is not a valid account key", cause);
  }
}

/** The signing pair of an account or key. */
export function ed25519KeyPair(sender: SenderKey, crypto: Crypto): Ed25519KeyPair {
  if (!(sender instanceof Uint8Array)) return sender.ed25519;
  if (sender.length === KEY_LENGTH) return crypto.ed25519KeyPair(sender);
  if (sender.length === SECRET_KEY_LENGTH)
    return { secretKey: sender, publicKey: sender.subarray(KEY_LENGTH) };
  throw error("MESSAGE_INVALID_KEY", "a sender's key has 32 or 64 bytes");
}

function x25519Key(recipient: RecipientKey): Uint8Array {
  if (typeof recipient === "string") {
    if (isSessionId(recipient)) return idPublicKey(recipient);
  } else if (recipient.length === KEY_LENGTH) {
    return recipient;
  } else if (recipient.length === KEY_LENGTH + 1 && recipient[0] === SESSION_PREFIX) {
    return recipient.subarray(1);
  }
  throw error("MESSAGE_INVALID_RECIPIENT", "a recipient is an account id, its 33 bytes, or a 32-byte key");
}

function error(code: MessageErrorCode, message: string, cause?: unknown): SessionError<MessageErrorCode> {
  return new SessionError(code, message, cause === undefined ? {} : { cause });
}
