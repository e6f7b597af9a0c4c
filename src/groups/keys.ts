/**
 * The keys of a group as one member holds them (docs/protocol/groups.md §6): loading keys messages, rekeys waiting for
 * their confirmation, conflicts, and what is stored.
 *
 * A new key is *pending* until its own message comes back from the swarm; it already encrypts. There is no other
 * confirmation.
 *
 * @module
 */
import { equalBytes } from "../bytes/index.js";
import { type Crypto, defaultCrypto, type Ed25519KeyPair, type X25519KeyPair } from "../crypto/index.js";
import { type GroupId, idPublicKey, type SessionId } from "../identity/index.js";
import { groupError } from "./errors.js";
import { groupKeyFromSeed } from "./group-key.js";
import { addHash, addKey, EMPTY_KEY_LIST, hasConflict, type KeyList } from "./key-list.js";
import {
  buildRekeyMessage,
  buildSupplementMessage,
  deriveGroupKey,
  type GroupKey,
  type RekeyMessage,
} from "./keys-build.js";
import { dumpKeys, loadKeys, type StoredKeys } from "./keys-dump.js";
import { type KeysReader, openKeysMessage } from "./keys-open.js";

/** The part of an account that reads keys messages. */
export interface GroupReader {
  readonly x25519: X25519KeyPair;
}

/** How {@link GroupKeys} starts. */
export interface GroupKeysOptions {
  readonly groupId: GroupId;
  readonly account: GroupReader;
  /** The group's seed (32 bytes) or secret key (64), for admins. */
  readonly seed?: Uint8Array | undefined;
  /** What {@link GroupKeys.dump} gave. */
  readonly dump?: Uint8Array | undefined;
  readonly crypto?: Crypto | undefined;
}

/** A keys message as it lies in namespace 12. */
export interface StoredKeysMessage {
  readonly data: Uint8Array;
  /** The swarm's hash. */
  readonly hash: string;
  /** When the swarm took it, unix milliseconds. */
  readonly timestamp: number;
}

/** What loading a keys message did. */
export interface LoadedKeys {
  /** Whether the message held a key for this member. */
  readonly found: boolean;
  /** Whether {@link GroupKeys.keys} is different now. */
  readonly changed: boolean;
}

/** The keys of one group. Its secrets do not show in logs. */
export class GroupKeys {
  readonly groupId: GroupId;
  /** The group's Ed25519 key, 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly #member: X25519KeyPair;
  readonly #crypto: Crypto;
  #groupKey: Ed25519KeyPair | undefined;
  #list: KeyList;
  #pending: RekeyMessage | undefined;
  /** A rekey of this device was not seen to fit the member list yet. */
  #isUnsettled: boolean;
  #needsDump = false;

  /** @throws `GROUP_WRONG_KEY`, `GROUP_INVALID_DUMP`, `ID_INVALID` */
  constructor(options: GroupKeysOptions) {
    const { groupId, account, seed, dump, crypto = defaultCrypto } = options;
    this.groupId = groupId;
    this.publicKey = idPublicKey(groupId);
    this.#member = account.x25519;
    this.#crypto = crypto;
    this.#groupKey = seed === undefined ? undefined : groupKeyFromSeed(seed, groupId, crypto);
    const stored: StoredKeys =
      dump === undefined ? { list: EMPTY_KEY_LIST, isUnsettled: false } : loadKeys(dump);
    this.#list = stored.list;
    this.#pending = stored.pending;
    this.#isUnsettled = stored.isUnsettled;
  }

  /** Whether the group's secret key is known. */
  get isAdmin(): boolean {
    return this.#groupKey !== undefined;
  }

  /** The group's own pair, which only admins have. */
  get groupKey(): Ed25519KeyPair | undefined {
    return this.#groupKey;
  }

  /** All keys, 32 bytes each: the pending one, then from the newest to the oldest. All may decrypt. */
  get keys(): readonly Uint8Array[] {
    const confirmed = this.#list.keys.map(({ key }) => key).reverse();
    return this.#pending === undefined ? confirmed : [this.#pending.key, ...confirmed];
  }

  /** The first of {@link keys}: what encrypts. */
  get encryptionKey(): Uint8Array | undefined {
    return this.#pending?.key ?? this.#list.keys.at(-1)?.key;
  }

  /** Generation of the newest confirmed key; undefined before the first. */
  get generation(): number | undefined {
    return this.#list.keys.at(-1)?.generation;
  }

  /** The rekey that is not confirmed yet: store its `message` in namespace 12 until it comes back. */
  get pending(): RekeyMessage | undefined {
    return this.#pending;
  }

  /** True for an admin when two keys of the newest generation collide: rekey, and push everything. */
  get needsRekey(): boolean {
    return this.isAdmin && hasConflict(this.#list);
  }

  /** Hashes whose expiry must be extended, so that new devices find all keys. */
  get hashes(): readonly string[] {
    return [...new Set([...this.#list.hashes.values()].flatMap((hashes) => [...hashes]))];
  }

  /** True when there is something new to {@link dump}. */
  get needsDump(): boolean {
    return this.#needsDump;
  }

  /**
   * Takes a keys message. A refused one changes nothing.
   *
   * @throws `GROUP_KEYS_INVALID`, `GROUP_KEYS_BAD_SIGNATURE`
   */
  load({ data, hash, timestamp }: StoredKeysMessage): LoadedKeys {
    const reader: KeysReader =
      this.#groupKey === undefined
        ? { member: this.#member }
        : { seed: this.#groupKey.secretKey.subarray(0, 32) };
    const { generation, keys } = openKeysMessage(data, this.publicKey, reader, timestamp, this.#crypto);
    const before = this.keys;
    const [first] = keys;
    if (first === undefined) {
      this.#list = addHash(this.#list, generation, hash);
    } else {
      this.#list = keys.reduce((list, key) => addKey(list, key, hash), this.#list);
      if (this.#pending !== undefined && replacesPending(first, this.#pending)) this.#pending = undefined;
    }
    this.#needsDump = true;
    return { found: first !== undefined, changed: !sameKeys(before, this.keys) };
  }

  /**
   * Makes a new key for `members` and keeps it as pending. Info and members must be encrypted with it and pushed after
   * the message: `GroupState.rekey` sees to that.
   *
   * @param members - everybody who may read on, the own id included
   * @throws `GROUP_NOT_ADMIN`, and as `buildRekeyMessage`
   */
  rekey(members: Iterable<SessionId>): RekeyMessage {
    const newest = this.generation;
    const generation = newest === undefined ? 0 : newest + 1;
    this.#pending = buildRekeyMessage(this.#admin(), members, generation, this.#crypto);
    this.#isUnsettled = true;
    this.#needsDump = true;
    return this.#pending;
  }

  /**
   * Whether the key that encrypts was made for exactly these members. Admins can tell because keys are deterministic.
   *
   * @throws `GROUP_NOT_ADMIN`, `GROUP_NO_KEYS`, `GROUP_INVALID_MEMBER`
   */
  isMadeFor(members: Iterable<SessionId>): boolean {
    const key = this.encryptionKey;
    const generation = this.#pending?.generation ?? this.generation;
    if (key === undefined || generation === undefined)
      throw groupError("GROUP_NO_KEYS", "the group has no key yet");
    return equalBytes(key, deriveGroupKey(this.#admin(), members, generation, this.#crypto).key);
  }

  /**
   * Whether another rekey is due after a poll: see `GroupState.settle`.
   *
   * @param members - the list as it is after the poll
   * @param isListChanging - the list has changes that are not pushed
   */
  settle(members: Iterable<SessionId>, isListChanging: boolean): boolean {
    if (this.needsRekey) return true;
    if (!this.#isUnsettled || !this.isAdmin || this.#pending !== undefined) return false;
    if (!this.isMadeFor(members)) return true;
    if (!isListChanging) {
      this.#isUnsettled = false;
      this.#needsDump = true;
    }
    return false;
  }

  /**
   * The message that hands all confirmed keys to new members. It changes nothing here.
   *
   * @throws `GROUP_NOT_ADMIN`, and as `buildSupplementMessage`
   */
  supplement(members: Iterable<SessionId>): Uint8Array {
    return buildSupplementMessage(this.#admin(), members, this.#list.keys, this.#crypto);
  }

  /**
   * Makes this member an admin.
   *
   * @param seed - the group's, as sent in a promotion
   * @throws `GROUP_WRONG_KEY`
   */
  makeAdmin(seed: Uint8Array): void {
    this.#groupKey = groupKeyFromSeed(seed, this.groupId, this.#crypto);
  }

  /** The confirmed keys, ascending. */
  history(): readonly GroupKey[] {
    return this.#list.keys;
  }

  /** Bytes to store; whoever has them reads the group. The secret key of admins is not among them. */
  dump(): Uint8Array {
    this.#needsDump = false;
    return dumpKeys({ list: this.#list, pending: this.#pending, isUnsettled: this.#isUnsettled });
  }

  #admin(): Ed25519KeyPair {
    if (this.#groupKey === undefined)
      throw groupError("GROUP_NOT_ADMIN", "only admins have the group's secret key");
    return this.#groupKey;
  }
}

/** The pending key came back, or somebody was faster by a generation. Another key of the same generation is a conflict. */
function replacesPending(loaded: GroupKey, pending: RekeyMessage): boolean {
  return loaded.generation > pending.generation || equalBytes(loaded.key, pending.key);
}

function sameKeys(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return a.length === b.length && a.every((key, i) => equalBytes(key, b[i] as Uint8Array));
}
