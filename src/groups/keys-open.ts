/**
 * Reading keys messages (docs/protocol/groups.md §6.4): signature, shape, and the keys inside that are for the reader.
 *
 * Everything is checked, whoever reads: a message that one member refuses, all refuse.
 *
 * @module
 */
import { type BtDict, type BtValue, btDecode, btVerifySignedDict } from "../bytes/index.js";
import { type Crypto, decryptForMultiple, defaultCrypto, type X25519KeyPair } from "../crypto/index.js";
import { isSessionError } from "../errors/index.js";
import { groupError } from "./errors.js";
import { adminKey, ENCRYPTED_KEY_BYTES, type GroupKey, MEMBER_KEY_DOMAIN } from "./keys-build.js";
import { KEYS_MESSAGE_MULTIPLE, MAX_GENERATION, MAX_KEYS_MESSAGE_BYTES } from "./limits.js";

/** Who reads: an admin with the group's seed, or a member with the account's X25519 pair. */
export type KeysReader = { readonly seed: Uint8Array } | { readonly member: X25519KeyPair };

/** What a keys message holds for its reader. */
export interface OpenedKeys {
  readonly kind: "full" | "supplement";
  /** Of the message; of a supplement, its highest. */
  readonly generation: number;
  /** Empty if the message is not for this reader. Admins take nothing from a supplement: they have the keys. */
  readonly keys: readonly GroupKey[];
}

/** Why a keys message is refused: `details.reason` of `GROUP_KEYS_INVALID`. */
export type KeysRefusal =
  | "too-long"
  | "not-bt-encoded"
  | "nonce"
  | "generation"
  | "admin-key"
  | "member-entries"
  | "member-count"
  | "supplement";

/** bt-encoded `{g, k, t}` of the smallest size, in a list, with its tag. */
const MIN_SUPPLEMENT_ENTRY = 52 + 16;
const NONCE_BYTES = 24;
const KEY_BYTES = 32;

/**
 * Opens a keys message.
 *
 * @param data - as stored in namespace 12
 * @param groupPublicKey - the group's Ed25519 key
 * @param timestamp - when the swarm took it, unix milliseconds
 * @throws `GROUP_KEYS_INVALID`, `GROUP_KEYS_BAD_SIGNATURE`
 */
export function openKeysMessage(
  data: Uint8Array,
  groupPublicKey: Uint8Array,
  reader: KeysReader,
  timestamp: number,
  crypto: Crypto = defaultCrypto,
): OpenedKeys {
  if (data.length > MAX_KEYS_MESSAGE_BYTES) throw refused("too-long");
  const dict = verified(data, groupPublicKey, crypto);
  const nonce = dict.get("#");
  if (!isBytes(nonce, NONCE_BYTES)) throw refused("nonce");
  const generation = generationOf(dict.get("G"));
  const open: OpenEntry = (entries) => {
    if (!("member" in reader)) return undefined;
    const sender = crypto.ed25519PublicKeyToX25519(groupPublicKey);
    return decryptForMultiple(
      entries,
      { nonce, recipient: reader.member, sender, domain: MEMBER_KEY_DOMAIN },
      crypto,
    );
  };
  return dict.has("+")
    ? { kind: "supplement", generation, keys: supplementKeys(dict, open) }
    : {
        kind: "full",
        generation,
        keys: fullKeys(dict, nonce, { generation, timestamp }, reader, open, crypto),
      };
}

/** The plaintext of the first entry that opens for a member. */
type OpenEntry = (entries: readonly Uint8Array[]) => Uint8Array | undefined;

function fullKeys(
  dict: BtDict,
  nonce: Uint8Array,
  at: Pick<GroupKey, "generation" | "timestamp">,
  reader: KeysReader,
  open: OpenEntry,
  crypto: Crypto,
): GroupKey[] {
  const forAdmins = dict.get("K");
  if (!isBytes(forAdmins, ENCRYPTED_KEY_BYTES)) throw refused("admin-key");
  const entries = dict.get("k");
  if (!isListOf(entries, (entry) => isBytes(entry, ENCRYPTED_KEY_BYTES))) throw refused("member-entries");
  if (entries.length % KEYS_MESSAGE_MULTIPLE !== 0) throw refused("member-count");
  const key = "seed" in reader ? openAdminKey(forAdmins, nonce, reader.seed, crypto) : open(entries);
  return key === undefined ? [] : [{ ...at, key }];
}

function openAdminKey(box: Uint8Array, nonce: Uint8Array, seed: Uint8Array, crypto: Crypto): Uint8Array {
  try {
    return crypto.xchacha20poly1305Decrypt(adminKey(seed, crypto), nonce, box);
  } catch (cause) {
    if (!isSessionError(cause, "CRYPTO_DECRYPT_FAILED")) throw cause;
    throw refused("admin-key", cause);
  }
}

function supplementKeys(dict: BtDict, open: OpenEntry): GroupKey[] {
  const entries = dict.get("+");
  if (!isListOf(entries, (entry) => entry instanceof Uint8Array && entry.length >= MIN_SUPPLEMENT_ENTRY))
    throw refused("supplement");
  const plaintext = open(entries);
  if (plaintext === undefined) return [];
  const list = decoded(plaintext);
  if (!Array.isArray(list)) throw refused("supplement");
  return list.map(supplementKey);
}

function supplementKey(value: BtValue): GroupKey {
  if (!(value instanceof Map)) throw refused("supplement");
  const [key, timestamp] = [value.get("k"), value.get("t")];
  if (!isBytes(key, KEY_BYTES) || typeof timestamp !== "bigint") throw refused("supplement");
  if (timestamp < 0n || timestamp > BigInt(Number.MAX_SAFE_INTEGER)) throw refused("supplement");
  return { generation: generationOf(value.get("g")), timestamp: Number(timestamp), key };
}

function verified(data: Uint8Array, publicKey: Uint8Array, crypto: Crypto): BtDict {
  try {
    return btVerifySignedDict(data, (signature, body) => crypto.ed25519Verify(signature, body, publicKey), {
      strict: true,
    });
  } catch (cause) {
    if (!isSessionError(cause, "BT_BAD_SIGNATURE")) throw refused("not-bt-encoded", cause);
    throw groupError("GROUP_KEYS_BAD_SIGNATURE", "the group did not sign this keys message", { cause });
  }
}

function decoded(plaintext: Uint8Array): BtValue {
  try {
    return btDecode(plaintext);
  } catch (cause) {
    throw refused("supplement", cause);
  }
}

function generationOf(value: BtValue | undefined): number {
  if (typeof value !== "bigint" || value < 0n || value > BigInt(MAX_GENERATION)) throw refused("generation");
  return Number(value);
}

function isBytes(value: BtValue | undefined, length: number): value is Uint8Array {
  return value instanceof Uint8Array && value.length === length;
}

function isListOf(
  value: BtValue | undefined,
  fits: (entry: BtValue) => boolean,
): value is readonly Uint8Array[] {
  return Array.isArray(value) && value.every(fits);
}

function refused(reason: KeysRefusal, cause?: unknown): Error {
  return groupError("GROUP_KEYS_INVALID", "the keys message breaks a rule", { details: { reason }, cause });
}
