/**
 * A group's member list, namespace 14 (docs/protocol/groups.md §5).
 *
 * ```
 * m: { 05 ‖ X25519 key (33): { n name (always)  p, q picture  t profile time (s)
 *      I invite 1 sent 2 failed 3 not sent   s needs the history   A admin   P promotion, as I   R removal 1, 2 } }
 * ```
 *
 * @module
 */
import { type BtInput, type BtValue, bytesToBinaryString } from "../bytes/index.js";
import {
  asDict,
  binaryToId,
  type ConfigDict,
  type ConfigOptions,
  changedKeys,
  checkName,
  checkPicture,
  checkSeconds,
  type Entry,
  idToBinary,
  isDict,
  type ListChanges,
  mapChanges,
  putFlag,
  putPicture,
  putPositive,
  readFlag,
  readName,
  readPicture,
  readPositive,
  readSeconds,
  settleName,
  settlePicture,
  textToBinary,
} from "../config/index.js";
import { isSessionId, type SessionId } from "../identity/index.js";
import type { ProfilePicture } from "../messages/index.js";
import { groupError } from "./errors.js";
import { GroupConfig } from "./group-config.js";
import type { GroupKeys } from "./keys.js";
import {
  changeFlags,
  type MemberFlagChange,
  type MemberFlags,
  type MemberStatus,
  memberStatus,
} from "./member-status.js";

/** A member as everybody sees it. */
export interface GroupMember extends MemberFlags {
  readonly sessionId: SessionId;
  /** May be empty. */
  readonly name: string;
  readonly picture: ProfilePicture | undefined;
  /** When the member changed name or picture, unix seconds; 0 if unknown. */
  readonly profileUpdated: number;
  readonly status: MemberStatus;
}

/** What an admin changes of a member; what is left out stays. */
export interface MemberUpdate extends MemberFlagChange {
  /** At most 100 bytes of UTF-8. */
  readonly name?: string | undefined;
  /** `undefined` removes it. */
  readonly picture?: ProfilePicture | undefined;
  /** Unix seconds. */
  readonly profileUpdated?: number | undefined;
}

/** Key of the ids that are being sent to, in the kind's own part of a dump. */
const SENDING_KEY = "pending_send_ids";
/** A member that is not listed yet: to be invited. */
const NEW_MEMBER: MemberFlags = { invite: 3, isAdmin: false, promotion: 0, removal: 0, needsHistory: false };

/** The members config of one group. */
export class GroupMembers extends GroupConfig {
  readonly #sending: Set<string>;
  #sendingChanged = false;

  /** @throws `CONFIG_DUMP_INVALID` */
  constructor(keys: GroupKeys, options: ConfigOptions = {}) {
    super({ namespace: 14, domain: "groups::Members" }, keys, options);
    this.#sending = new Set(loadSending(this.loadedExtra?.get(SENDING_KEY)));
  }

  /** Number of entries. */
  get size(): number {
    return this.#entries().size;
  }

  override get needsDump(): boolean {
    return super.needsDump || this.#sendingChanged;
  }

  /** The member with this id, if listed. */
  get(id: SessionId): GroupMember | undefined {
    const entry = this.#entries().get(entryKey(id));
    return isDict(entry) ? this.#member(id, entry) : undefined;
  }

  /** All members, by ascending id: admins, invited, and those that wait for their removal, too. */
  list(): GroupMember[] {
    const members: GroupMember[] = [];
    for (const [key, entry] of this.#entries()) {
      const id = idOf(key);
      // What is no member by today's rules is left alone.
      if (id !== undefined && isDict(entry)) members.push(this.#member(id, entry));
    }
    return members.sort((a, b) => (a.sessionId < b.sessionId ? -1 : 1));
  }

  /** Ids of all members: who gets the next key. */
  ids(): SessionId[] {
    return this.list().map(({ sessionId }) => sessionId);
  }

  /**
   * Changes a member, or adds one: it starts as one whose invitation is not sent. The entry is written whole; keys of
   * newer versions stay. An invitation or promotion that is not sent counts as being sent by this device.
   *
   * @throws `CONFIG_VALUE_INVALID`, `GROUP_INVALID_MEMBER`, `CONFIG_READ_ONLY` for members
   */
  update(id: SessionId, change: MemberUpdate): void {
    const key = entryKey(id);
    const stored = this.#entries().get(key);
    const entry: Entry = new Map(isDict(stored) ? stored : undefined);
    const flags = changeFlags(isDict(stored) ? readFlags(stored) : NEW_MEMBER, change);
    if (change.name !== undefined) entry.set("n", textToBinary(checkName("name", change.name)));
    settleName(entry, "n", true);
    if ("picture" in change) putPicture(entry, "p", "q", change.picture && checkPicture(change.picture));
    settlePicture(entry, "p", "q");
    if (change.profileUpdated !== undefined)
      putPositive(entry, "t", checkSeconds("profileUpdated", change.profileUpdated));
    putFlag(entry, "A", flags.isAdmin);
    putPositive(entry, "P", flags.promotion);
    putPositive(entry, "I", flags.isAdmin ? 0 : flags.invite);
    putFlag(entry, "s", flags.needsHistory);
    putPositive(entry, "R", flags.removal);
    this.write(["m", key], entry);
    this.setSending(id, flags.isAdmin ? flags.promotion === 3 : flags.invite === 3);
  }

  /**
   * Takes a member off the list, for good: the last step of a removal.
   *
   * @returns whether there was one
   * @throws `CONFIG_READ_ONLY` for members
   */
  remove(id: SessionId): boolean {
    const removed = this.write(["m", entryKey(id)], undefined);
    this.setSending(id, false);
    return removed;
  }

  /** Marks an invitation or promotion as being sent. The mark stays on this device. */
  setSending(id: SessionId, isSending: boolean): void {
    if (this.#sending.has(id) === isSending) return;
    if (isSending) this.#sending.add(id);
    else this.#sending.delete(id);
    this.#sendingChanged = true;
  }

  /** Takes all marks back: at start nothing is being sent. */
  clearSending(): void {
    this.#sendingChanged ||= this.#sending.size > 0;
    this.#sending.clear();
  }

  /** Members that came, changed and went since an earlier snapshot. */
  changesSince(before: ConfigDict): ListChanges<SessionId> {
    return mapChanges(changedKeys(before, this.snapshot(), ["m"]), idOf);
  }

  override dump(): Uint8Array {
    this.#sendingChanged = false;
    return super.dump();
  }

  protected override dumpExtra(): BtInput | undefined {
    return this.#sending.size === 0 ? undefined : { [SENDING_KEY]: [...this.#sending].sort() };
  }

  #member(sessionId: SessionId, entry: ConfigDict): GroupMember {
    const flags = readFlags(entry);
    return {
      ...flags,
      sessionId,
      name: readName(entry, "n"),
      picture: readPicture(entry, "p", "q"),
      profileUpdated: readSeconds(entry, "t"),
      status: memberStatus(flags, this.#sending.has(sessionId)),
    };
  }

  #entries(): ConfigDict {
    return asDict(this.read(["m"]));
  }
}

function readFlags(entry: ConfigDict): MemberFlags {
  const isAdmin = readFlag(entry, "A");
  const invite = isAdmin ? 0 : readPositive(entry, "I");
  const promotion = readPositive(entry, "P");
  const needsHistory = invite > 0 && promotion === 0 && readFlag(entry, "s");
  return { isAdmin, invite, promotion, removal: readPositive(entry, "R"), needsHistory };
}

function entryKey(id: SessionId): string {
  if (!isSessionId(id)) throw groupError("GROUP_INVALID_MEMBER", "a member's id is no account id");
  return idToBinary(id);
}

function idOf(key: string): SessionId | undefined {
  const id = binaryToId(key);
  return isSessionId(id) ? id : undefined;
}

/** A dump is this device's own: what is no list of ids was not written by it. */
function loadSending(value: BtValue | undefined): string[] {
  if (!Array.isArray(value)) return [];
  return value
    .filter((id): id is Uint8Array => id instanceof Uint8Array)
    .map((id) => bytesToBinaryString(id))
    .filter(isSessionId);
}
