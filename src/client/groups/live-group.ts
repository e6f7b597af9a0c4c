/**
 * A group that this device reads and writes: its state in memory, and in the store after every change.
 *
 * Whoever changes a group does so within {@link LiveGroup.change} (or {@link LiveGroup.edit}, when other records change
 * with it): state and pending work are on disk together, and what is on disk is pushed some time, whatever happens to the
 * program.
 *
 * @module
 */
import type { Compress } from "../../config/index.js";
import type { Crypto } from "../../crypto/index.js";
import type { AbortOptions } from "../../errors/index.js";
import { GroupState, memberSigner } from "../../groups/index.js";
import type { Account, GroupId, SessionId } from "../../identity/index.js";
import {
  type CursorRecord,
  GROUP_CURSORS,
  GROUPS,
  type GroupCursorsRecord,
  type GroupRecord,
  type Store,
  type StoreBatch,
} from "../../store/index.js";
import { groupAdminAuth, type SwarmAuth, subaccountAuth } from "../../swarm/index.js";
import type { Emitter } from "../events.js";
import { REMEMBER_MS } from "../intake.js";
import type { ClockPort } from "../ports.js";
import type { Timestamps } from "../timestamps.js";
import { Unwritten } from "../unwritten.js";
import { tellNews } from "./events.js";
import { isIdle, MutablePending, NO_WORK } from "./pending.js";

/** What a group on this device works with. */
export interface LiveGroupWorld {
  readonly account: Account;
  readonly store: Store;
  readonly clock: ClockPort;
  readonly timestamps: Timestamps;
  readonly crypto: Crypto;
  readonly compress: Compress | undefined;
  readonly events: Emitter;
  /** Brings to the swarm what is to be brought there. */
  readonly push: (group: LiveGroup, options: AbortOptions) => Promise<void>;
}

/** What lets this account use a group's swarm. An admin needs no auth data. */
export interface GroupCredentials {
  /** 64 bytes. */
  readonly secretKey: Uint8Array | undefined;
  /** 100 bytes. */
  readonly authData: Uint8Array | undefined;
}

/** What of a record is changed beside dump and pending work. */
export type GroupUpkeep = Partial<Omit<GroupRecord, "dump" | "pending">>;

/** See the module's description. */
export class LiveGroup {
  readonly id: GroupId;
  readonly #world: LiveGroupWorld;
  #credentials: GroupCredentials;
  #state: GroupState;
  #record: GroupRecord;
  #cursors: GroupCursorsRecord;
  #auth: SwarmAuth | undefined;
  readonly #membership = new AbortController();
  readonly #lost = new Set<"info" | "members">();
  readonly #unwritten = new Unwritten<GroupRecord>();
  readonly #unwrittenCursors = new Unwritten<GroupCursorsRecord>();
  /** A write has failed: what the store has may not be the record. */
  #isUnsaved = false;

  /**
   * @param record - what the store has; absent: the group is new here, and the first change puts it there
   * @throws `GROUP_WRONG_KEY`, `GROUP_INVALID_DUMP`, `CONFIG_DUMP_INVALID`
   */
  constructor(
    world: LiveGroupWorld,
    id: GroupId,
    credentials: GroupCredentials,
    stored: {
      readonly record?: GroupRecord | undefined;
      readonly cursors?: GroupCursorsRecord | undefined;
    } = {},
  ) {
    this.#world = world;
    this.id = id;
    this.#credentials = credentials;
    this.#state = this.#load(stored.record?.dump);
    const now = world.clock.now();
    this.#record = stored.record ?? {
      dump: new Uint8Array(),
      pending: NO_WORK,
      obsolete: [],
      keptAt: 0,
      isRead: false,
      isLeaving: false,
      activeAt: now,
      deletedBefore: 0,
      attachmentsDeletedBefore: 0,
      openedAt: now,
      former: {},
      left: {},
      since: {},
    };
    this.#cursors = stored.cursors ?? {};
  }

  /** Keys, info and members. Change it within {@link change} only, and do not hold it: a change that fails replaces it. */
  get state(): GroupState {
    return this.#state;
  }

  /** What the store has beside the state. */
  get record(): GroupRecord {
    return this.#record;
  }

  get isAdmin(): boolean {
    return this.#state.isAdmin;
  }

  /** False once the account is not in the group any more: nothing is to be done with it then. */
  get isOpen(): boolean {
    return !this.#membership.signal.aborted;
  }

  /** Aborts when the account is not in the group any more. */
  get membership(): AbortSignal {
    return this.#membership.signal;
  }

  /** Signs requests about the group: as an admin, or with the member's token. @throws `GROUP_INVALID_AUTH_DATA` */
  get auth(): SwarmAuth {
    this.#auth ??= this.#makeAuth();
    return this.#auth;
  }

  /** True if a push would bring something to the swarm. */
  get needsPush(): boolean {
    // Without a key nothing can be said: what there is to say waits for one.
    if (this.#state.keys.encryptionKey === undefined) return false;
    if (!isIdle(this.#record.pending)) return true;
    const { info, members, keys } = this.#state;
    const isChanged =
      info.needsPush || members.needsPush || keys.pending !== undefined || this.#lost.size > 0;
    return this.isAdmin && (isChanged || this.#record.obsolete.length > 0);
  }

  /** Configs of which the swarm has lost messages: admins store them again. */
  get lost(): Set<"info" | "members"> {
    return this.#lost;
  }

  /** Is this account on the member list? While the list is not known, everybody is. */
  isMember(id: SessionId): boolean {
    return this.#state.members.size === 0 || this.#state.members.get(id) !== undefined;
  }

  /** Is this account an admin by the member list? */
  isListedAdmin(id: SessionId): boolean {
    return this.#state.members.get(id)?.isAdmin === true;
  }

  /**
   * One state change, of which the event `group` tells. `change` runs at once and to its end; if it throws, or cannot be
   * written, the group is as it was.
   *
   * @throws what `change` throws, `STORE_FAILED`
   */
  async change<T>(change: (batch: StoreBatch, pending: MutablePending) => T): Promise<T> {
    const { store, events } = this.#world;
    const { result, news } = await store.write((batch) => {
      const [info, members] = [this.#state.info.snapshot(), this.#state.members.snapshot()];
      const changed = this.edit(batch, (pending) => change(batch, pending));
      const fields = this.#state.info.changesSince(info);
      return { result: changed, news: { fields, ...this.#state.members.changesSince(members) } };
    });
    tellNews(events, this.id, news);
    return result;
  }

  /** A change within a batch that changes more than this group. */
  edit<T>(batch: StoreBatch, edit: (pending: MutablePending) => T): T {
    const pending = new MutablePending(
      this.#record.pending,
      () => this.#stamp(batch),
      () => this.#state.info.details.timerSeconds,
    );
    let result: T;
    try {
      result = edit(pending);
    } catch (error) {
      // A part of the change may have been made: back to what the store has.
      if (this.#state.needsDump) this.#state = this.#load(this.#storedDump);
      throw error;
    }
    this.#save(batch, pending.work === this.#record.pending ? {} : { pending: pending.work });
    return result;
  }

  /** Changes what is known of the group beside its state. */
  note(batch: StoreBatch, upkeep: GroupUpkeep): void {
    this.#save(batch, upkeep);
  }

  /**
   * Everything that is to be brought to the swarm is there when this resolves. What fails is tried again in the background.
   *
   * @throws `GROUP_PUSH_FAILED`, `ABORTED` (it goes on in the background), the codes of the store
   */
  push(options: AbortOptions = {}): Promise<void> {
    return this.#world.push(this, options);
  }

  /** Makes this account an admin: the group's seed or secret key is known. Everything is read anew then. */
  makeAdmin(batch: StoreBatch, secretKey: Uint8Array): void {
    const former = this.#credentials;
    this.#state.makeAdmin(secretKey);
    this.setCredentials({ ...former, secretKey });
    batch.onFailed(() => {
      this.setCredentials(former);
      this.#state = this.#load(this.#storedDump);
    });
    this.putCursors(batch, {}, { replace: true });
  }

  /** Another device of the account has other credentials for the group. */
  setCredentials(credentials: GroupCredentials): void {
    this.#credentials = credentials;
    this.#auth = undefined;
  }

  get credentials(): GroupCredentials {
    return this.#credentials;
  }

  /** Where to go on with reading a namespace at a node. */
  cursor(node: string, namespace: number): CursorRecord | undefined {
    const cursor = this.#cursors[`${namespace}/${node}`];
    return cursor !== undefined && cursor.expiration > this.#world.clock.now() ? cursor : undefined;
  }

  /** Remembers how far namespaces were read, by `<namespace>/<node>`. */
  putCursors(
    batch: StoreBatch,
    cursors: GroupCursorsRecord,
    { replace = false }: { readonly replace?: boolean } = {},
  ): void {
    const now = this.#world.clock.now();
    const former = this.#cursors;
    const kept = Object.entries(replace ? {} : this.#cursors).filter(
      ([, { expiration }]) => expiration > now,
    );
    const present = { ...Object.fromEntries(kept), ...cursors };
    this.#cursors = present;
    batch.put(GROUP_CURSORS, this.id, present);
    // What was read is lost with the batch: it is to be read again.
    batch.onFailed(() => {
      const left = this.#unwrittenCursors.add(present, former);
      if (this.#cursors === present) this.#cursors = left ?? {};
    });
  }

  /** Takes the group out of the store; nothing is to be done with it any more. */
  forget(batch: StoreBatch): void {
    this.#membership.abort();
    batch.delete(GROUPS, this.id);
    batch.delete(GROUP_CURSORS, this.id);
  }

  get #storedDump(): Uint8Array | undefined {
    return this.#record.dump.length === 0 ? undefined : this.#record.dump;
  }

  #load(dump: Uint8Array | undefined): GroupState {
    const { account, crypto, clock, compress } = this.#world;
    const { secretKey: seed } = this.#credentials;
    return new GroupState({ groupId: this.id, account, seed, dump, crypto, now: clock.now, compress });
  }

  #makeAuth(): SwarmAuth {
    const { account, crypto } = this.#world;
    const { secretKey, authData = new Uint8Array() } = this.#credentials;
    if (secretKey !== undefined) return groupAdminAuth({ groupId: this.id, secretKey }, crypto);
    return subaccountAuth(memberSigner(this.id, authData, account.ed25519, crypto));
  }

  #stamp(batch: StoreBatch): number {
    const { timestamps, account } = this.#world;
    const timestamp = timestamps.next();
    batch.putLastTimestamp(timestamp);
    // It comes back from the swarm, and is no news then.
    batch.markKnown(account.sessionId, timestamp, timestamp + REMEMBER_MS);
    return timestamp;
  }

  #save(batch: StoreBatch, changes: Partial<GroupRecord>): void {
    const isNew = this.#storedDump === undefined;
    const { needsDump } = this.#state;
    if (!isNew && !needsDump && !this.#isUnsaved && Object.keys(changes).length === 0) return;
    const former = this.#record;
    const dump = isNew || needsDump ? this.#state.dump() : former.dump;
    const present = { ...former, ...changes, dump };
    this.#record = present;
    this.#isUnsaved = false;
    if (this.isOpen) batch.put(GROUPS, this.id, present);
    batch.onFailed(() => {
      this.#isUnsaved = true;
      // The account's config has a new group by now, and will be written: so will be what the group begins with.
      if (isNew) return;
      const left = this.#unwritten.add(present, former) ?? former;
      // A later change may hold this one.
      if (this.#record !== present) return;
      this.#record = left;
      if (dump !== left.dump) this.#state = this.#load(this.#storedDump);
    });
  }
}
