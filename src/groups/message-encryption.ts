/**
 * Encryption of group messages (docs/protocol/groups.md §7).
 *
 * ```
 * nonce (24) ‖ XChaCha20-Poly1305(newest group key, dict ‖ 00…00)      a multiple of 256 bytes
 * dict  = d 0:i1e  a: sender's Ed25519 key(32)  d: data | z: zstd(data)  s: signature(64) e
 * s     = Ed25519(sender, value of d or z ‖ group's Ed25519 key)
 * ```
 *
 * The group's key inside the signature keeps a message from being used in another group.
 *
 * @module
 */
import { type BtDict, btDecodeDict, btEncode, concatBytes } from "../bytes/index.js";
import { type Compress, zstdDecompress } from "../config/index.js";
import { type Crypto, defaultCrypto, type Ed25519KeyPair } from "../crypto/index.js";
import { isSessionError } from "../errors/index.js";
import { type SessionId, sessionIdFromX25519 } from "../identity/index.js";
import { groupError } from "./errors.js";
import { GROUP_MESSAGE_PADDING, MAX_GROUP_MESSAGE_BYTES } from "./limits.js";

/** What encrypting takes beside the plaintext. */
export interface GroupEncryptOptions {
  /** The group key that encrypts, 32 bytes. */
  readonly key: Uint8Array;
  /** The group's Ed25519 key, 32 bytes. */
  readonly groupPublicKey: Uint8Array;
  readonly sender: Ed25519KeyPair;
  /** Makes a zstd frame, which is used when it is shorter. Default: none, messages go out as they are. */
  readonly compress?: Compress | undefined;
  /** The size becomes a multiple of this; 0 or 1: as it is. Default: 256. */
  readonly padding?: number | undefined;
  /** 24 bytes; only for reproducible output. */
  readonly nonce?: Uint8Array | undefined;
}

/** What decrypting takes beside the ciphertext. */
export interface GroupDecryptOptions {
  /** All keys that are known, in the order in which they are tried. */
  readonly keys: readonly Uint8Array[];
  /** The group's Ed25519 key, 32 bytes. */
  readonly groupPublicKey: Uint8Array;
}

/** A message that opened, and whose sender is proven. Whether the sender is a member is another question. */
export interface DecryptedGroupMessage {
  readonly plaintext: Uint8Array;
  readonly sender: SessionId;
  readonly senderEd25519PublicKey: Uint8Array;
}

/** Why a message that opened is refused: `details.reason` of `GROUP_MESSAGE_INVALID`. */
export type GroupMessageRefusal =
  | "not-bt-encoded"
  | "version"
  | "sender"
  | "signature"
  | "data"
  | "compression";

const NONCE_BYTES = 24;
const TAG_BYTES = 16;
const VERSION = 1n;

/**
 * Encrypts a serialised envelope for all members.
 *
 * @param plaintext - 1 to 1,000,000 bytes
 * @throws `GROUP_INVALID_VALUE`, `CRYPTO_INVALID_LENGTH`
 */
export function encryptGroupMessage(
  plaintext: Uint8Array,
  options: GroupEncryptOptions,
  crypto: Crypto = defaultCrypto,
): Uint8Array {
  const { key, groupPublicKey, sender, compress, padding = GROUP_MESSAGE_PADDING } = options;
  if (plaintext.length === 0 || plaintext.length > MAX_GROUP_MESSAGE_BYTES)
    throw groupError("GROUP_INVALID_VALUE", "a group message has 1 to 1,000,000 bytes", {
      details: { length: plaintext.length },
    });
  const zipped = compress?.(plaintext);
  const isShorter = zipped !== undefined && zipped.length < plaintext.length;
  const data = isShorter ? zipped : plaintext;
  const dict = btEncode({
    "": VERSION,
    a: sender.publicKey,
    [isShorter ? "z" : "d"]: data,
    s: crypto.ed25519Sign(concatBytes(data, groupPublicKey), sender.secretKey),
  });
  const size = NONCE_BYTES + dict.length + TAG_BYTES;
  const padded = new Uint8Array(dict.length + (padding > 1 ? (padding - (size % padding)) % padding : 0));
  padded.set(dict);
  const nonce = options.nonce ?? crypto.randomBytes(NONCE_BYTES);
  return concatBytes(nonce, crypto.xchacha20poly1305Encrypt(key, nonce, padded));
}

/**
 * Opens a message of namespace 11 and verifies who sent it.
 *
 * @throws `GROUP_MESSAGE_UNDECRYPTABLE`: later keys may open it; `GROUP_MESSAGE_INVALID`, `GROUP_MESSAGE_BAD_SIGNATURE`:
 * skip it for good
 */
export function decryptGroupMessage(
  ciphertext: Uint8Array,
  { keys, groupPublicKey }: GroupDecryptOptions,
  crypto: Crypto = defaultCrypto,
): DecryptedGroupMessage {
  const dict = parse(open(ciphertext, keys, crypto));
  if (dict.get("") !== VERSION) throw refused("version");
  const senderEd25519PublicKey = bytesOf(dict, "a", 32) ?? fail("sender");
  const signature = bytesOf(dict, "s", 64) ?? fail("signature");
  const [plain, zipped] = [bytesOf(dict, "d"), bytesOf(dict, "z")];
  const data = plain ?? zipped;
  // An empty value counts as none.
  if (data === undefined || (dict.has("d") && dict.has("z"))) throw refused("data");
  if (!crypto.ed25519Verify(signature, concatBytes(data, groupPublicKey), senderEd25519PublicKey))
    throw groupError("GROUP_MESSAGE_BAD_SIGNATURE", "the sender's signature does not verify");
  return {
    plaintext: plain ?? unzip(data),
    sender: senderId(senderEd25519PublicKey, crypto),
    senderEd25519PublicKey,
  };
}

function open(ciphertext: Uint8Array, keys: readonly Uint8Array[], crypto: Crypto): Uint8Array {
  if (ciphertext.length < NONCE_BYTES + TAG_BYTES)
    throw groupError("GROUP_MESSAGE_INVALID", "the message is shorter than any message", {
      details: { length: ciphertext.length },
    });
  const nonce = ciphertext.subarray(0, NONCE_BYTES);
  const box = ciphertext.subarray(NONCE_BYTES);
  for (const key of keys) {
    try {
      return crypto.xchacha20poly1305Decrypt(key, nonce, box);
    } catch (cause) {
      if (!isSessionError(cause, "CRYPTO_DECRYPT_FAILED")) throw cause;
    }
  }
  throw groupError("GROUP_MESSAGE_UNDECRYPTABLE", "no known group key opens the message");
}

/** Keys out of order are a refusal: a reader that goes through the dict once, as others do, would not see them. */
function parse(padded: Uint8Array): BtDict {
  let end = padded.length;
  while (end > 0 && padded[end - 1] === 0) end--;
  try {
    return btDecodeDict(padded.subarray(0, end), { strict: true });
  } catch (cause) {
    throw refused("not-bt-encoded", cause);
  }
}

function unzip(data: Uint8Array): Uint8Array {
  try {
    const plaintext = zstdDecompress(data, MAX_GROUP_MESSAGE_BYTES);
    if (plaintext.length > 0) return plaintext;
  } catch (cause) {
    throw refused("compression", cause);
  }
  throw refused("data");
}

function senderId(publicKey: Uint8Array, crypto: Crypto): SessionId {
  try {
    return sessionIdFromX25519(crypto.ed25519PublicKeyToX25519(publicKey));
  } catch (cause) {
    throw refused("sender", cause);
  }
}

/** A value of `length` bytes; without a length, one that is not empty. */
function bytesOf(dict: BtDict, key: string, length?: number): Uint8Array | undefined {
  const value = dict.get(key);
  if (!(value instanceof Uint8Array)) return undefined;
  return value.length > 0 && (length ?? value.length) === value.length ? value : undefined;
}

function fail(reason: GroupMessageRefusal): never {
  throw refused(reason);
}

function refused(reason: GroupMessageRefusal, cause?: unknown): Error {
  return groupError("GROUP_MESSAGE_INVALID", "the message breaks a rule", { details: { reason }, cause });
}
