/**
 * Making keys messages (docs/protocol/groups.md §6.1 to §6.3). All of it is deterministic: two admins with the same
 * member list and generation make the same bytes, junk included.
 *
 * ```
 * full        d #: nonce(24)  G: generation  K: key for admins(48)  k: [entry(48) × 45n]  ~: signature(64) e
 * supplement  d #: nonce(24)  +: [entry …]   G: generation                                ~: signature(64) e
 *
 * h2  = BLAKE2b-256(seed, "SessionGroupKeySeed")
 * h1  = BLAKE2b-448(ids ‖ decimal generation ‖ h2, "SessionGroupKeyGen") = key(32) ‖ nonce(24)
 * ```
 *
 * @module
 */
import { btEncode, btSignedDict, concatBytes, utf8ToBytes } from "../bytes/index.js";
import {
  type Crypto,
  defaultCrypto,
  deterministicBytes,
  type Ed25519KeyPair,
  encryptForMultiple,
  x25519KeyPairFromEd25519,
} from "../crypto/index.js";
import { idPublicKey, isSessionId, type SessionId } from "../identity/index.js";
import { groupError } from "./errors.js";
import { KEYS_MESSAGE_MULTIPLE, MAX_GENERATION, MAX_KEYS_MESSAGE_BYTES } from "./limits.js";

/** Domain of the entries for members. */
export const MEMBER_KEY_DOMAIN = "SessionGroupKeyMemberKey";
/** Bytes of an encrypted key, for admins and members alike. */
export const ENCRYPTED_KEY_BYTES = 48;

const SEED_HASH_KEY: Uint8Array = /* @__PURE__ */ utf8ToBytes("SessionGroupKeySeed");
const KEY_HASH_KEY: Uint8Array = /* @__PURE__ */ utf8ToBytes("SessionGroupKeyGen");
const ADMIN_HASH_KEY: Uint8Array = /* @__PURE__ */ utf8ToBytes("SessionGroupKeyAdminKey");
const JUNK_HASH_KEY: Uint8Array = /* @__PURE__ */ utf8ToBytes("SessionGroupJunkMembers");

/** A key that encrypts a group's configs and messages. */
export interface GroupKey {
  /** Counts rekeys, from 0. */
  readonly generation: number;
  /** When the swarm took the message with this key, unix milliseconds. */
  readonly timestamp: number;
  /** 32 bytes. */
  readonly key: Uint8Array;
}

/** A new key and the message that hands it out. */
export interface RekeyMessage {
  readonly generation: number;
  /** 32 bytes. */
  readonly key: Uint8Array;
  /** To be stored in namespace 12. */
  readonly message: Uint8Array;
}

/**
 * A new key for `members`, and the message that hands it out.
 *
 * @param members - everybody who may read on, admins included, in any order; ids whose key cannot be used get nothing
 * @param generation - 0 for the first key
 * @throws `GROUP_INVALID_MEMBER`, `GROUP_GENERATION_LIMIT`, `GROUP_TOO_MANY_MEMBERS`
 */
export function buildRekeyMessage(
  groupKey: Ed25519KeyPair,
  members: Iterable<SessionId>,
  generation: number,
  crypto: Crypto = defaultCrypto,
): RekeyMessage {
  const { ids, key, nonce, hash } = deriveGroupKey(groupKey, members, generation, crypto);
  refuseTooMany(ids.length);
  const entries = encryptForMembers(key, ids, nonce, groupKey, crypto);
  const missing = (KEYS_MESSAGE_MULTIPLE - (entries.length % KEYS_MESSAGE_MULTIPLE)) % KEYS_MESSAGE_MULTIPLE;
  if (missing > 0) entries.push(...junkEntries(missing, hash, groupKey, crypto));

  const message = btSignedDict(
    {
      "#": nonce,
      G: generation,
      K: crypto.xchacha20poly1305Encrypt(adminKey(groupKey.secretKey.subarray(0, 32), crypto), nonce, key),
      k: entries,
    },
    (body) => crypto.ed25519Sign(body, groupKey.secretKey),
  );
  return { generation, key, message };
}

/** What a rekey starts from. */
export interface DerivedGroupKey {
  /** In the order of the entries. */
  readonly ids: readonly SessionId[];
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
  /** 56 bytes: `key` ‖ `nonce`. */
  readonly hash: Uint8Array;
}

/** The key that a rekey for these members has at this generation. @throws `GROUP_INVALID_MEMBER`, `GROUP_GENERATION_LIMIT` */
export function deriveGroupKey(
  groupKey: Ed25519KeyPair,
  members: Iterable<SessionId>,
  generation: number,
  crypto: Crypto,
): DerivedGroupKey {
  if (!Number.isSafeInteger(generation) || generation < 0 || generation > MAX_GENERATION)
    throw groupError("GROUP_GENERATION_LIMIT", "the generation is out of range", { details: { generation } });
  const ids = checkedIds(members).sort();
  const seedDigest = seedHash(groupKey.secretKey.subarray(0, 32), crypto);
  const hash = crypto.blake2b(concatBytes(utf8ToBytes(ids.join("") + generation), seedDigest), {
    size: 56,
    key: KEY_HASH_KEY,
  });
  return { ids, key: hash.slice(0, 32), nonce: hash.slice(32), hash };
}

/**
 * The message that hands `keys` to `members`, who can then read the group's history.
 *
 * @param keys - all confirmed keys, in ascending order, at least one
 * @param members - in the order of their entries; ids whose key cannot be used get nothing
 * @returns bytes for namespace 12
 * @throws `GROUP_NO_KEYS`, `GROUP_INVALID_MEMBER` (also when no id can be used), `GROUP_TOO_MANY_MEMBERS`
 */
export function buildSupplementMessage(
  groupKey: Ed25519KeyPair,
  members: Iterable<SessionId>,
  keys: readonly GroupKey[],
  crypto: Crypto = defaultCrypto,
): Uint8Array {
  const newest = keys.at(-1);
  if (newest === undefined) throw groupError("GROUP_NO_KEYS", "there is no key to share");
  const ids = checkedIds(members);
  const plaintext = btEncode(
    keys.map(({ generation, key, timestamp }) => ({ g: generation, k: key, t: timestamp })),
  );
  const seed = groupKey.secretKey.subarray(0, 32);
  const nonce = crypto.blake2b(concatBytes(utf8ToBytes(ids.join("")), plaintext, seedHash(seed, crypto)), {
    size: 24,
    key: KEY_HASH_KEY,
  });
  refuseTooLong(ids.length * (plaintext.length + 21), ids.length);
  const entries = encryptForMembers(plaintext, ids, nonce, groupKey, crypto);
  if (entries.length === 0) throw groupError("GROUP_INVALID_MEMBER", "no member has a key that can be used");
  return btSignedDict({ "#": nonce, "+": entries, G: newest.generation }, (body) =>
    crypto.ed25519Sign(body, groupKey.secretKey),
  );
}

/** The key under which admins find the group key in `K`. */
export function adminKey(seed: Uint8Array, crypto: Crypto): Uint8Array {
  return crypto.blake2b(seed, { size: 32, key: ADMIN_HASH_KEY });
}

/** One entry a member; a member with a low-order key gets none. */
function encryptForMembers(
  plaintext: Uint8Array,
  ids: readonly SessionId[],
  nonce: Uint8Array,
  groupKey: Ed25519KeyPair,
  crypto: Crypto,
): Uint8Array[] {
  const sender = x25519KeyPairFromEd25519(groupKey.secretKey, crypto);
  const options = { nonce, sender, domain: MEMBER_KEY_DOMAIN, ignoreInvalid: true };
  return encryptForMultiple([plaintext], ids.map(idPublicKey), options, crypto);
}

/** Entries that hide how many members there are. None when there is nobody, as in the reference. */
function junkEntries(count: number, h1: Uint8Array, groupKey: Ed25519KeyPair, crypto: Crypto): Uint8Array[] {
  // A 64-byte secret key is seed ‖ public key, just what is hashed here.
  const seed = crypto.blake2b(concatBytes(h1, groupKey.secretKey), { size: 32, key: JUNK_HASH_KEY });
  const junk = deterministicBytes(seed, count * ENCRYPTED_KEY_BYTES);
  return Array.from({ length: count }, (_, i) =>
    junk.slice(i * ENCRYPTED_KEY_BYTES, (i + 1) * ENCRYPTED_KEY_BYTES),
  );
}

function seedHash(seed: Uint8Array, crypto: Crypto): Uint8Array {
  return crypto.blake2b(seed, { size: 32, key: SEED_HASH_KEY });
}

function checkedIds(members: Iterable<SessionId>): SessionId[] {
  const ids = [...members];
  for (const id of ids)
    if (!isSessionId(id)) throw groupError("GROUP_INVALID_MEMBER", "a member's id is no account id");
  return ids;
}

/** Before the work, not after it: entries take 51 bytes each, with their length prefix. */
function refuseTooMany(members: number): void {
  const entries = Math.ceil(members / KEYS_MESSAGE_MULTIPLE) * KEYS_MESSAGE_MULTIPLE;
  refuseTooLong(entries * (ENCRYPTED_KEY_BYTES + 3), members);
}

/** Leaves room for everything else of the message. */
function refuseTooLong(bytes: number, members: number): void {
  if (bytes > MAX_KEYS_MESSAGE_BYTES - 256)
    throw groupError("GROUP_TOO_MANY_MEMBERS", "no server would store a keys message for so many members", {
      details: { members },
    });
}
