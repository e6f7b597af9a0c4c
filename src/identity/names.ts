/**
 * Registered names (ONS, also SNS): what a node is asked, and how its answer opens (docs/protocol/identity.md §6).
 *
 * ```
 * name_hash = BLAKE2b-32(name)          asked for, so that nodes learn the name only by guessing
 * key       = BLAKE2b-32(name, key = name_hash)
 * value     = XChaCha20-Poly1305(key, nonce, 33-byte Session ID) = 33 + 16 bytes
 * ```
 *
 * @module
 */
import { bytesToHex, utf8ToBytes } from "../bytes/index.js";
import { type Crypto, defaultCrypto } from "../crypto/index.js";
import { isSessionError, SessionError } from "../errors/index.js";
import type { IdentityErrorCode } from "./errors.js";
import { isSessionId, type SessionId } from "./ids.js";

const NONCE_LENGTH = 24;

/** The answer of a node about a name. */
export interface NameValue {
  /** In lower case, as {@link parseName} gives it. */
  readonly name: string;
  /** The `encrypted_value`: ciphertext ‖ tag. */
  readonly ciphertext: Uint8Array;
  /** 24 bytes. */
  readonly nonce: Uint8Array;
}

/**
 * The form of a name that is registered: trimmed and in lower case. Names are letters a-z, digits and `_`, with `-`
 * inside only. A text of 66 hexadecimal characters is an id, not a name.
 *
 * @throws `NAME_INVALID`
 */
export function parseName(text: string): string {
  const name = typeof text === "string" ? text.trim() : "";
  // Checked before lower-casing: some foreign letters have an ASCII lower case.
  if (!/^\w(?:[\w-]*\w)?$/.test(name)) throw invalidName("the text has characters that no name has");
  if (/^[0-9a-f]{66}$/i.test(name)) throw invalidName("the text is an id, not a name");
  return name.toLowerCase();
}

/**
 * The 32-byte hash under which a name is asked for; requests carry it as padded base64.
 *
 * @param name - as {@link parseName} gives it
 * @throws `NAME_INVALID`
 */
export function nameHash(name: string, crypto: Crypto = defaultCrypto): Uint8Array {
  return crypto.blake2b(nameBytes(name), { size: 32 });
}

/** The 32-byte key that opens the value of a name. As {@link nameHash}. */
export function nameDecryptionKey(name: string, crypto: Crypto = defaultCrypto): Uint8Array {
  return crypto.blake2b(nameBytes(name), { size: 32, key: nameHash(name, crypto) });
}

/**
 * The Session ID that a name stands for.
 *
 * @throws `NAME_INVALID`; `NAME_DECRYPT_FAILED` for a value that does not belong to the name, has been tampered with,
 * or holds something else than a Session ID
 */
export function decryptNameValue(
  { name, ciphertext, nonce }: NameValue,
  crypto: Crypto = defaultCrypto,
): SessionId {
  const key = nameDecryptionKey(name, crypto);
  if (nonce.length !== NONCE_LENGTH) throw undecryptable("the nonce of the name has a wrong length");
  let id: string;
  try {
    id = bytesToHex(crypto.xchacha20poly1305Decrypt(key, nonce, ciphertext));
  } catch (cause) {
    if (!isSessionError(cause)) throw cause;
    throw undecryptable("the value does not belong to the name", cause);
  }
  if (!isSessionId(id)) throw undecryptable("the value of the name is no Session ID");
  return id;
}

/** A name in another form than the registered one would hash to something else and look like an unregistered name. */
function nameBytes(name: string): Uint8Array {
  if (parseName(name) !== name) throw invalidName("the name is not in its lower-case form");
  return utf8ToBytes(name);
}

function invalidName(message: string): SessionError<IdentityErrorCode> {
  return new SessionError("NAME_INVALID", message);
}

function undecryptable(message: string, cause?: unknown): SessionError<IdentityErrorCode> {
  return new SessionError("NAME_DECRYPT_FAILED", message, { cause });
}
