/**
 * Encryption of one message, or one message each, for several X25519 recipients (docs/protocol/multi-encrypt.md).
 *
 *     key   = BLAKE2b-256( X25519(sender, recipient) ‖ sender key ‖ recipient key, key = domain[0..64] )
 *     entry = XChaCha20-Poly1305(key, nonce, message), 16 bytes longer than the message
 *     "simple" container = bt dict { "#": nonce(24), "e": [entry, …, junk …] }
 *
 * All entries share one nonce and carry no recipient: a reader finds its own by trial. The key of a (sender,
 * recipient, domain) is constant, so a nonce must never serve two different messages.
 *
 * @module
 */
import { backend } from "#crypto-backend";
import { type BtValue, btDecode, btEncode, concatBytes, utf8ToBytes } from "../bytes/index.js";
import { isSessionError, SessionError } from "../errors/index.js";
import type { Crypto, X25519KeyPair } from "./types.js";

/** Codes that these functions throw beside those of the backend, in a `SessionError`. */
export type MultiEncryptErrorCode =
  /** The number of messages is neither 1 nor the number of recipients. */
  | "MULTI_MESSAGE_COUNT"
  /** The container is no dict with a nonce of 24 bytes and a list of entries. */
  | "MULTI_MALFORMED";

/** What encrypting takes beside the messages and recipients. */
export interface MultiEncryptOptions {
  /** 24 bytes. */
  readonly nonce: Uint8Array;
  readonly sender: X25519KeyPair;
  /** Separates uses of the same keys; only the first 64 bytes count. */
  readonly domain: string;
  /** Skip recipients with a low-order key (and their message) instead of failing. Default false. */
  readonly ignoreInvalid?: boolean | undefined;
}

/** What decrypting takes beside the entries. */
export interface MultiDecryptOptions {
  /** The reader's own pair. */
  readonly recipient: X25519KeyPair;
  /** X25519 public key of the sender; it is not part of the entries. */
  readonly sender: Uint8Array;
  readonly domain: string;
}

const NONCE_LENGTH = 24;
const TAG_LENGTH = 16;

/** The X25519 pair of an Ed25519 seed (32 bytes) or secret key (64 bytes), as senders and recipients need it. */
export function x25519KeyPairFromEd25519(secretKey: Uint8Array, crypto: Crypto = backend): X25519KeyPair {
  const x25519 = crypto.ed25519SecretKeyToX25519(secretKey);
  return { secretKey: x25519, publicKey: crypto.x25519PublicKey(x25519) };
}

/**
 * One entry a recipient, in the order of the recipients.
 *
 * @param messages - one for all, or one a recipient
 * @param recipients - X25519 public keys
 * @throws `MULTI_MESSAGE_COUNT`, `CRYPTO_LOW_ORDER`, `CRYPTO_INVALID_LENGTH`
 */
export function encryptForMultiple(
  messages: readonly Uint8Array[],
  recipients: readonly Uint8Array[],
  { nonce, sender, domain, ignoreInvalid = false }: MultiEncryptOptions,
  crypto: Crypto = backend,
): Uint8Array[] {
  if (messages.length !== 1 && messages.length !== recipients.length)
    throw new SessionError<MultiEncryptErrorCode>(
      "MULTI_MESSAGE_COUNT",
      "there must be one message for all recipients, or one for each",
      { details: { messages: messages.length, recipients: recipients.length } },
    );
  const entries: Uint8Array[] = [];
  for (const [index, recipient] of recipients.entries()) {
    const message = messages[messages.length === 1 ? 0 : index] as Uint8Array;
    try {
      const shared = crypto.x25519(sender.secretKey, recipient);
      const key = entryKey(shared, sender.publicKey, recipient, domain, crypto);
      entries.push(crypto.xchacha20poly1305Encrypt(key, nonce, message));
    } catch (error) {
      if (!(ignoreInvalid && isSessionError(error, "CRYPTO_LOW_ORDER"))) throw error;
    }
  }
  return entries;
}

/**
 * The message in the first entry that opens, or undefined if none is for this reader.
 *
 * @throws `CRYPTO_INVALID_LENGTH` for a key or nonce of the wrong length, `CRYPTO_LOW_ORDER` for a bad sender key
 */
export function decryptForMultiple(
  entries: Iterable<Uint8Array>,
  { nonce, recipient, sender, domain }: MultiDecryptOptions & { readonly nonce: Uint8Array },
  crypto: Crypto = backend,
): Uint8Array | undefined {
  const shared = crypto.x25519(recipient.secretKey, sender);
  const key = entryKey(shared, sender, recipient.publicKey, domain, crypto);
  for (const entry of entries) {
    if (entry.length < TAG_LENGTH) continue;
    try {
      return crypto.xchacha20poly1305Decrypt(key, nonce, entry);
    } catch (error) {
      if (!isSessionError(error, "CRYPTO_DECRYPT_FAILED")) throw error;
    }
  }
  return undefined;
}

/**
 * Entries in the "simple" container.
 *
 * @param options - as for {@link encryptForMultiple}; `nonce` is random by default. `pad` above 1 adds junk entries
 * until their number is a multiple of it. `random` is the source of nonce and junk.
 * @throws as {@link encryptForMultiple}
 */
export function encryptForMultipleSimple(
  messages: readonly Uint8Array[],
  recipients: readonly Uint8Array[],
  options: Omit<MultiEncryptOptions, "nonce"> & {
    readonly nonce?: Uint8Array | undefined;
    readonly pad?: number | undefined;
    readonly random?: ((length: number) => Uint8Array) | undefined;
  },
  crypto: Crypto = backend,
): Uint8Array {
  const { pad = 0, random = (length: number) => crypto.randomBytes(length) } = options;
  const nonce = options.nonce ?? random(NONCE_LENGTH);
  const entries = encryptForMultiple(messages, recipients, { ...options, nonce }, crypto);
  const junkLength = (messages[0]?.length ?? 0) + TAG_LENGTH;
  while (pad > 1 && entries.length % pad !== 0) entries.push(random(junkLength));
  return btEncode({ "#": nonce, e: entries });
}

/**
 * Opens a "simple" container: the message for this reader, or undefined if there is none.
 *
 * @throws `MULTI_MALFORMED`, and as {@link decryptForMultiple}
 */
export function decryptForMultipleSimple(
  container: Uint8Array,
  options: MultiDecryptOptions,
  crypto: Crypto = backend,
): Uint8Array | undefined {
  const { nonce, entries } = parseContainer(container);
  return decryptForMultiple(entries, { ...options, nonce }, crypto);
}

function parseContainer(container: Uint8Array): { nonce: Uint8Array; entries: Uint8Array[] } {
  let value: BtValue;
  try {
    value = btDecode(container);
  } catch (cause) {
    throw malformed("is not bt-encoded", cause);
  }
  if (!(value instanceof Map)) throw malformed("is no dict");
  const nonce: unknown = value.get("#");
  const entries: unknown = value.get("e");
  if (!(nonce instanceof Uint8Array) || nonce.length !== NONCE_LENGTH)
    throw malformed("has no nonce of 24 bytes");
  if (!Array.isArray(entries) || !entries.every((entry) => entry instanceof Uint8Array))
    throw malformed("has no list of entries");
  return { nonce, entries };
}

function entryKey(
  shared: Uint8Array,
  sender: Uint8Array,
  recipient: Uint8Array,
  domain: string,
  crypto: Crypto,
): Uint8Array {
  const message = concatBytes(shared, sender, recipient);
  return crypto.blake2b(message, { size: 32, key: utf8ToBytes(domain).subarray(0, 64) });
}

function malformed(reason: string, cause?: unknown): SessionError<MultiEncryptErrorCode> {
  return new SessionError("MULTI_MALFORMED", `the container ${reason}`, { cause });
}
