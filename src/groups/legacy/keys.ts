/**
 * Keys of legacy closed groups (docs/protocol/legacy-groups.md §1, §4). Deprecated: today's apps only show what they
 * still have of them.
 *
 * The id looks like an account's: `05` and the X25519 key of a pair that is thrown away. Messages are encrypted with a
 * second X25519 pair that all members share; an admin replaces it by handing out a new one, wrapped for each member.
 *
 * @module
 */
import { concatBytes, equalBytes, hexToBytes } from "../../bytes/index.js";
import {
  type Crypto,
  defaultCrypto,
  type X25519KeyPair,
  x25519KeyPairFromEd25519,
} from "../../crypto/index.js";
import { isSessionError } from "../../errors/index.js";
import { idFromPublicKey, idPublicKey, isSessionId, type SessionId } from "../../identity/index.js";
import { decryptFromSender, encryptForRecipient, type SenderKey } from "../../messages/index.js";
import {
  decodeProto,
  encodeProto,
  type KeyPair,
  KeyPairSchema,
  type DataMessageClosedGroupControlMessageKeyPairWrapper as KeyPairWrapper,
} from "../../proto/index.js";
import { groupError } from "../errors.js";

/** How keys are drawn. */
export interface LegacyKeyOptions {
  readonly crypto?: Crypto | undefined;
  /** Gives `length` random bytes. Default: the backend's secure random source. */
  readonly random?: ((length: number) => Uint8Array) | undefined;
}

const ACCOUNT_PREFIX = 0x05;

/** The id of a new legacy group. */
export function createLegacyGroupId(options: LegacyKeyOptions = {}): SessionId {
  return idFromPublicKey("05", createLegacyKeyPair(options).publicKey);
}

/** A new encryption pair of a legacy group. */
export function createLegacyKeyPair(options: LegacyKeyOptions = {}): X25519KeyPair {
  const { crypto = defaultCrypto, random = (length: number) => crypto.randomBytes(length) } = options;
  return x25519KeyPairFromEd25519(crypto.ed25519KeyPair(random(32)).secretKey, crypto);
}

/** The 33 bytes of an account's or legacy group's id. */
export function legacyIdBytes(id: SessionId): Uint8Array {
  return hexToBytes(id);
}

/** The id in 33 bytes, or undefined if they are none. */
export function legacyIdFrom(bytes: Uint8Array): SessionId | undefined {
  if (bytes.length !== 33 || bytes[0] !== ACCOUNT_PREFIX) return undefined;
  return idFromPublicKey("05", bytes.slice(1));
}

/** The pair in its wire form. */
export function legacyKeyPairToProto({ publicKey, secretKey }: X25519KeyPair): KeyPair {
  return { publicKey, privateKey: secretKey };
}

/**
 * A pair from its wire form, or undefined when the parts do not belong together. Old apps put 05 before the public key.
 */
export function legacyKeyPairFromProto(
  pair: KeyPair,
  crypto: Crypto = defaultCrypto,
): X25519KeyPair | undefined {
  const publicKey =
    pair.publicKey.length === 33 && pair.publicKey[0] === ACCOUNT_PREFIX
      ? pair.publicKey.slice(1)
      : pair.publicKey.slice();
  const secretKey = pair.privateKey.slice();
  if (publicKey.length !== 32 || secretKey.length !== 32) return undefined;
  return equalBytes(crypto.x25519PublicKey(secretKey), publicKey) ? { publicKey, secretKey } : undefined;
}

/**
 * A pair, encrypted once for each recipient.
 *
 * @throws `GROUP_INVALID_MEMBER`
 */
export function wrapLegacyKeyPair(
  pair: X25519KeyPair,
  recipients: readonly SessionId[],
  sender: SenderKey,
  crypto: Crypto = defaultCrypto,
): KeyPairWrapper[] {
  if (!recipients.every(isSessionId))
    throw groupError("GROUP_INVALID_MEMBER", "a recipient's id is no account id");
  const plaintext = encodeProto(KeyPairSchema, legacyKeyPairToProto(pair));
  return recipients.map((recipient) => ({
    publicKey: concatBytes(Uint8Array.of(ACCOUNT_PREFIX), idPublicKey(recipient)),
    encryptedKeyPair: encryptForRecipient(plaintext, { sender, recipient, crypto }),
  }));
}

/** The pair in the wrapper for `reader`, and who wrapped it; undefined when there is none that opens. */
export function unwrapLegacyKeyPair(
  wrappers: readonly KeyPairWrapper[],
  reader: X25519KeyPair,
  crypto: Crypto = defaultCrypto,
): { readonly pair: X25519KeyPair; readonly from: SessionId } | undefined {
  const own = concatBytes(Uint8Array.of(ACCOUNT_PREFIX), reader.publicKey);
  for (const { publicKey, encryptedKeyPair } of wrappers) {
    if (!equalBytes(publicKey, own)) continue;
    try {
      const { message, sender } = decryptFromSender(encryptedKeyPair, reader, crypto);
      const pair = legacyKeyPairFromProto(decodeProto(KeyPairSchema, message), crypto);
      if (pair !== undefined) return { pair, from: sender };
    } catch (cause) {
      if (!isSessionError(cause)) throw cause;
    }
  }
  return undefined;
}
