/**
 * Encryption to a blinded id, for the inbox of a community (docs/protocol/communities.md section 11).
 *
 * ```text
 * 00 ‖ XChaCha20-Poly1305(key, nonce, message ‖ sender Ed25519 key A (32)) ‖ nonce (24)
 * key = BLAKE2b-32(s·other ‖ sender's blinded key ‖ recipient's blinded key)
 * s   = a mod L (15 ids), k′·a mod L (25 ids)
 * ```
 *
 * Sender and recipient derive the same key, so both can read the message. 73 bytes longer than the message.
 *
 * @module
 */
import { concatBytes } from "../bytes/index.js";
import { type Crypto, defaultCrypto, type Ed25519KeyPair } from "../crypto/index.js";
import { SessionError } from "../errors/index.js";
import {
  type BlindedId,
  type BlindedKeyPair,
  blind15KeyPair,
  blind25KeyPair,
  idPrefix,
  idPublicKey,
  isBlindedId,
  matchesBlindedId,
  type SessionId,
  sessionIdFromX25519,
} from "../identity/index.js";
import type { MessageErrorCode } from "./errors.js";
import { type DecryptedMessage, ed25519KeyPair, type SenderKey } from "./session-encryption.js";

const VERSION = 0;
const KEY_LENGTH = 32;
const NONCE_LENGTH = 24;
const OVERHEAD = 1 + KEY_LENGTH + 16 + NONCE_LENGTH;

/** Parties of an encryption to a blinded id. */
export interface BlindedEncryptionParties {
  readonly sender: SenderKey;
  readonly recipient: BlindedId;
  /** 32 bytes: the community's key. */
  readonly serverPublicKey: Uint8Array;
  /** 24 bytes; default: random. A nonce must not be used twice between the same two. */
  readonly nonce?: Uint8Array | undefined;
  readonly crypto?: Crypto | undefined;
}

/** An inbox or outbox item, and the key of the side that reads it. */
export interface BlindedDecryptionParties {
  /** The reader, who sent the message or received it. */
  readonly account: SenderKey;
  readonly sender: BlindedId;
  readonly recipient: BlindedId;
  /** 32 bytes: the community's key. */
  readonly serverPublicKey: Uint8Array;
  readonly crypto?: Crypto | undefined;
}

/**
 * Encrypts a padded message.
 *
 * @throws `MESSAGE_INVALID_RECIPIENT`, `MESSAGE_INVALID_KEY`
 */
export function encryptForBlinded(message: Uint8Array, parties: BlindedEncryptionParties): Uint8Array {
  const {
    recipient,
    serverPublicKey,
    crypto = defaultCrypto,
    nonce = crypto.randomBytes(NONCE_LENGTH),
  } = parties;
  if (!isBlindedId(recipient)) throw error("MESSAGE_INVALID_RECIPIENT", "the recipient is not a blinded id");
  checkKeys(serverPublicKey, nonce);
  const sender = ed25519KeyPair(parties.sender, crypto);
  const own = blindedKeyPair(sender, recipient, serverPublicKey, crypto);
  let key: Uint8Array;
  try {
    key = sharedKey(own, sender, recipient, { sender: own.id, recipient }, crypto);
  } catch (cause) {
    throw error("MESSAGE_INVALID_RECIPIENT", "the recipient's key cannot be used", cause);
  }
  const ciphertext = crypto.xchacha20poly1305Encrypt(key, nonce, concatBytes(message, sender.publicKey));
  return concatBytes(Uint8Array.of(VERSION), ciphertext, nonce);
}

/**
 * Opens an inbox or outbox item and checks that the sender inside is the blinded one outside. The message is still
 * padded.
 *
 * @throws `MESSAGE_MALFORMED`, `MESSAGE_DECRYPT_FAILED`, `MESSAGE_BAD_SIGNATURE` when the two senders differ,
 * `MESSAGE_INVALID_KEY`
 */
export function decryptFromBlinded(
  ciphertext: Uint8Array,
  parties: BlindedDecryptionParties,
): DecryptedMessage {
  const { sender, recipient, serverPublicKey, crypto = defaultCrypto } = parties;
  if (ciphertext.length < OVERHEAD || ciphertext[0] !== VERSION) {
    throw error("MESSAGE_MALFORMED", `not a version 0 message of at least ${OVERHEAD} bytes`);
  }
  if (!isBlindedId(sender) || !isBlindedId(recipient) || idPrefix(sender) !== idPrefix(recipient)) {
    throw error("MESSAGE_MALFORMED", "sender and recipient are not blinded ids of one kind");
  }
  checkKeys(serverPublicKey);
  const account = ed25519KeyPair(parties.account, crypto);
  const own = blindedKeyPair(account, recipient, serverPublicKey, crypto);
  if (own.id !== sender && own.id !== recipient) {
    throw error("MESSAGE_DECRYPT_FAILED", "the account is neither the sender nor the recipient");
  }
  const opened = open(ciphertext, own, account, parties, crypto);
  const message = opened.subarray(0, -KEY_LENGTH);
  const senderEd25519PublicKey = opened.slice(-KEY_LENGTH);
  return { message, sender: provenSender(senderEd25519PublicKey, parties, crypto), senderEd25519PublicKey };
}

function open(
  ciphertext: Uint8Array,
  own: BlindedKeyPair,
  account: Ed25519KeyPair,
  { sender, recipient }: BlindedDecryptionParties,
  crypto: Crypto,
): Uint8Array {
  try {
    const other = own.id === sender ? recipient : sender;
    const key = sharedKey(own, account, other, { sender, recipient }, crypto);
    const body = ciphertext.subarray(1, -NONCE_LENGTH);
    return crypto.xchacha20poly1305Decrypt(key, ciphertext.subarray(-NONCE_LENGTH), body);
  } catch (cause) {
    throw error("MESSAGE_DECRYPT_FAILED", "the item does not open with this account's keys", cause);
  }
}

function sharedKey(
  own: BlindedKeyPair,
  account: Ed25519KeyPair,
  other: BlindedId,
  { sender, recipient }: { readonly sender: BlindedId; readonly recipient: BlindedId },
  crypto: Crypto,
): Uint8Array {
  const shared = crypto.pointMultiply(exchangeScalar(own, account, crypto), idPublicKey(other));
  return crypto.blake2b(concatBytes(shared, idPublicKey(sender), idPublicKey(recipient)), {
    size: KEY_LENGTH,
  });
}

/** The factor of 15 ids is common to all, so the other side's key brings it; that of 25 ids is each account's own. */
function exchangeScalar(own: BlindedKeyPair, account: Ed25519KeyPair, crypto: Crypto): Uint8Array {
  if (idPrefix(own.id) === "25") return own.secretKey;
  const wide = new Uint8Array(2 * KEY_LENGTH);
  wide.set(crypto.ed25519SecretKeyToX25519(account.secretKey));
  return crypto.scalarReduce(wide);
}

function blindedKeyPair(
  account: Ed25519KeyPair,
  like: BlindedId,
  serverPublicKey: Uint8Array,
  crypto: Crypto,
): BlindedKeyPair {
  const make = idPrefix(like) === "25" ? blind25KeyPair : blind15KeyPair;
  return make(account.secretKey, serverPublicKey, crypto);
}

function provenSender(
  publicKey: Uint8Array,
  { sender, serverPublicKey }: BlindedDecryptionParties,
  crypto: Crypto,
): SessionId {
  let id: SessionId;
  try {
    id = sessionIdFromX25519(crypto.ed25519PublicKeyToX25519(publicKey));
  } catch (cause) {
    throw error("MESSAGE_BAD_SIGNATURE", "the sender's key is not a valid account key", cause);
  }
  if (!matchesBlindedId(id, sender, serverPublicKey, crypto)) {
    throw error("MESSAGE_BAD_SIGNATURE", "the sender inside is not the blinded sender");
  }
  return id;
}

function checkKeys(serverPublicKey: Uint8Array, nonce?: Uint8Array): void {
  if (serverPublicKey.length !== KEY_LENGTH) throw error("MESSAGE_INVALID_KEY", "a server key has 32 bytes");
  if (nonce !== undefined && nonce.length !== NONCE_LENGTH)
    throw error("MESSAGE_INVALID_KEY", "a nonce has 24 bytes");
}

function error(code: MessageErrorCode, message: string, cause?: unknown): SessionError<MessageErrorCode> {
  return new SessionError(code, message, cause === undefined ? {} : { cause });
}
