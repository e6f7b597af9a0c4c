/**
 * `Store`: everything a client must remember between two runs, as typed records in one database (keys.ts has the
 * layout). Every state change is one atomic batch, synced to disk before the promise resolves.
 *
 * A store holds secrets: the account's seed, and the text of messages on their way. Protect the folder.
 *
 * @module
 */
import type { AbstractLevel } from "abstract-level";
import { bytesToHex } from "../bytes/index.js";
import { SessionError } from "../errors/index.js";
import { type Operation, StoreBatch } from "./batch.js";
import type { Collection } from "./collections.js";
import { openRecords, type Records, type StoreLocation } from "./database.js";
import { databaseError, type StoreErrorCode } from "./errors.js";
import { encodeJson } from "./json.js";
import {
  ACCOUNT_KEY,
  CLOCK_KEY,
  cursorKey,
  markKey,
  networkKey,
  queueKey,
  rangeOf,
  recordKey,
  sequenceOf,
  VERSION_KEY,
} from "./keys.js";
import { type PruneOptions, pruneMarks, pruneMessages } from "./prune.js";
import { Reader } from "./reader.js";
import {
  type AccountRecord,
  type CursorName,
  type CursorRecord,
  type InboxItem,
  type OutboxItem,
  type Queued,
  type RecordReader,
  readAccount,
  readClock,
  readCursor,
  readInboxItem,
  readNetwork,
  readOutboxItem,
  readVersion,
} from "./records.js";
import { Writer } from "./writer.js";

/** Version of the record layout. */
const LAYOUT_VERSION = 1;

/** What {@link openStore} may be told. */
export interface StoreOptions {
  /**
   * Told about each unreadable record that something can stand in for: a cursor, a network snapshot, the clock, a
   * queued message. It is treated as absent. An unreadable account or version is thrown instead.
   */
  readonly onCorrupt?: ((error: SessionError<"STORE_CORRUPT">) => void) | undefined;
}

/** Which records to list. */
export interface ListRange {
  /** First id. */
  readonly from?: string | undefined;
  /** The id before which the list ends. */
  readonly to?: string | undefined;
  readonly limit?: number | undefined;
}

/** A record with its id. */
export interface ListedRecord<T> {
  readonly id: string;
  readonly record: T;
}

/**
 * Opens a store.
 *
 * @param location - a folder (LevelDB on disk; Node only; created if absent), any open or unopened `abstract-level`
 *   database (closed by whoever made it, not by the store), or nothing: the memory of this process
 * @throws `STORE_LOCKED`, `STORE_CORRUPT`, `STORE_VERSION`, `STORE_UNSUPPORTED`, `STORE_FAILED`, `INVALID_ARGUMENT`
 */
export async function openStore(location?: StoreLocation, options: StoreOptions = {}): Promise<Store> {
  const records = await openRecords(location);
  try {
    const next = { inbox: 1, outbox: 1 };
    for (const queue of ["inbox", "outbox"] as const) {
      const [last] = await records.level.keys({ ...rangeOf(`${queue}/`), reverse: true, limit: 1 }).all();
      if (last !== undefined) next[queue] = sequenceOf(last) + 1;
    }
    const store = new Store(records, next, options);
    await store.checkVersion();
    return store;
  } catch (error) {
    await records.close().catch(() => {});
    throw databaseError(error, "read");
  }
}

/** Typed records of one account. Made by {@link openStore}. */
export class Store {
  readonly #records: Records;
  readonly #level: AbstractLevel<unknown, string, string>;
  readonly #writer: Writer;
  readonly #next: { inbox: number; outbox: number };
  readonly #reader: Reader;
  #closing: Promise<void> | undefined;

  constructor(records: Records, next: { inbox: number; outbox: number }, options: StoreOptions) {
    this.#records = records;
    this.#level = records.level;
    this.#writer = new Writer(records.level);
    this.#next = next;
    this.#reader = new Reader(records.level, () => this.#checkOpen(), options.onCorrupt);
  }

  /** Refuses layouts of newer versions; marks an empty store with this one. */
  async checkVersion(): Promise<void> {
    const version = await this.#reader.record(VERSION_KEY, readVersion, "throw");
    if (version === undefined) {
      await this.#commit([{ type: "put", key: VERSION_KEY, value: encodeJson({ version: LAYOUT_VERSION }) }]);
    } else if (version > LAYOUT_VERSION) {
      throw new SessionError("STORE_VERSION", "the store was written by a newer version of the library", {
        details: { version, supported: LAYOUT_VERSION },
      });
    }
  }

  /**
   * Writes one state change: all of what `fill` puts into the batch, or nothing. In the latter case what it said with
   * `batch.onFailed` happens.
   *
   * @returns what `fill` returned, once the change is on disk
   * @throws what `fill` throws, `STORE_FAILED`, `CLOSED`
   */
  async write<T>(fill: (batch: StoreBatch) => T): Promise<T> {
    const batch = new StoreBatch((queue) => this.#next[queue]++);
    try {
      const result = fill(batch);
      if (batch.operations.length > 0) await this.#commit(batch.operations);
      return result;
    } catch (error) {
      batch.fail();
      throw error;
    }
  }

  /** The account of this store, or undefined in a new one. Throws `STORE_CORRUPT` rather than losing a seed. */
  account(): Promise<AccountRecord | undefined> {
    return this.#reader.record(ACCOUNT_KEY, readAccount, "throw");
  }

  /**
   * Makes `account` the one of this store. Does nothing if it already is.
   *
   * @throws `STORE_WRONG_ACCOUNT` if the store holds another one, which stays
   */
  async claim(account: AccountRecord): Promise<void> {
    const present = await this.account();
    if (present === undefined) {
      const value = encodeJson({ sessionId: account.sessionId, seed: bytesToHex(account.seed) });
      await this.#commit([{ type: "put", key: ACCOUNT_KEY, value }]);
    } else if (present.sessionId !== account.sessionId) {
      throw new SessionError("STORE_WRONG_ACCOUNT", "the store holds another account", {
        details: { present: present.sessionId, given: account.sessionId },
      });
    }
  }

  /** How far a node's messages were read; undefined once the message there has expired at `now` (network ms). */
  async cursor(name: CursorName, now: number): Promise<CursorRecord | undefined> {
    const cursor = await this.#reader.record(cursorKey(name.pubkey, name.namespace, name.node), readCursor);
    return cursor !== undefined && cursor.expiration > now ? cursor : undefined;
  }

  /** Which of `hashes` in `pubkey`'s swarm are marked as seen. */
  async seen(pubkey: string, hashes: readonly string[]): Promise<Set<string>> {
    const found = await this.#reader.texts(hashes.map((hash) => markKey("seen", `${pubkey}/${hash}`)));
    return new Set(hashes.filter((_hash, index) => found[index] !== undefined));
  }

  /** True if the message of `sender` with `timestamp` was received before. */
  async known(sender: string, timestamp: number): Promise<boolean> {
    const [found] = await this.#reader.texts([markKey("known", `${sender}/${timestamp}`)]);
    return found !== undefined;
  }

  /** True if the message of `sender` with `timestamp` was deleted. */
  async gone(sender: string, timestamp: number): Promise<boolean> {
    const [found] = await this.#reader.texts([markKey("gone", `${sender}/${timestamp}`)]);
    return found !== undefined;
  }

  /** A record, with all writes that were begun before. */
  async get<T>(collection: Collection<T>, id: string): Promise<T | undefined> {
    await this.#writer.settled();
    return this.peek(collection, id);
  }

  /** A record as it is on disk, without waiting for writes that are under way. */
  peek<T>(collection: Collection<T>, id: string): Promise<T | undefined> {
    return this.#reader.record(recordKey(collection.name, id), collection.read);
  }

  /** Records in the order of their ids, with all writes that were begun before. */
  async list<T>(collection: Collection<T>, range: ListRange = {}): Promise<ListedRecord<T>[]> {
    await this.#writer.settled();
    const { from = "", to = "\uffff", limit = -1 } = range;
    const key = (id: string): string => recordKey(collection.name, id);
    const entries = await this.#reader.records({ gte: key(from), lt: key(to), limit }, collection.read);
    return entries.map((entry) => ({ id: entry.key.slice(key("").length), record: entry.record }));
  }

  /** Ids of a collection, in order. */
  async ids(collection: Collection<unknown>): Promise<string[]> {
    await this.#writer.settled();
    const prefix = recordKey(collection.name, "");
    return (await this.#reader.keys(rangeOf(prefix))).map((key) => key.slice(prefix.length));
  }

  /** Messages that the app has not finished with, oldest first, those after the place `after`, at most `limit`. */
  inbox(
    options: { after?: number | undefined; limit?: number | undefined } = {},
  ): Promise<Queued<InboxItem>[]> {
    return this.#queue("inbox", readInboxItem, options);
  }

  /** How many messages the app has not finished with. */
  async inboxCount(): Promise<number> {
    return (await this.#reader.keys(rangeOf("inbox/"))).length;
  }

  /** Messages on their way to the network, oldest first. */
  outbox(): Promise<Queued<OutboxItem>[]> {
    return this.#queue("outbox", readOutboxItem, {});
  }

  /** The newest timestamp that was given to a message, or 0. */
  async lastTimestamp(): Promise<number> {
    return (await this.#reader.record(CLOCK_KEY, readClock)) ?? 0;
  }

  /** The last snapshot of the network called `name`, as it was put; undefined if there is none. */
  network(name: string): Promise<unknown> {
    return this.#reader.record(networkKey(name), readNetwork);
  }

  /** Removes what is over, and the oldest of what is too much (see {@link PruneOptions}). Returns how many records. */
  async prune(options: PruneOptions): Promise<number> {
    this.#checkOpen();
    const commit = (operations: readonly Operation[]): Promise<void> => this.#commit(operations);
    try {
      const marks = await pruneMarks(this.#level, commit, options);
      return marks + (await pruneMessages(this.#level, commit, options));
    } catch (error) {
      throw databaseError(error, "prune");
    }
  }

  /** Waits for pending writes and closes. Closing twice is fine. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await this.#writer.idle();
    try {
      await this.#records.close();
    } catch (error) {
      throw databaseError(error, "close");
    }
  }

  async #queue<T>(
    queue: "inbox" | "outbox",
    read: RecordReader<T>,
    { after = 0, limit = -1 }: { after?: number | undefined; limit?: number | undefined },
  ): Promise<Queued<T>[]> {
    const range = { gt: queueKey(queue, after), lt: rangeOf(`${queue}/`).lt, limit };
    const entries = await this.#reader.records(range, read);
    return entries.map(({ key, record }) => ({ ...record, sequence: sequenceOf(key) }));
  }

  #commit(operations: readonly Operation[]): Promise<void> {
    this.#checkOpen();
    return this.#writer.write(operations);
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new SessionError<StoreErrorCode>("CLOSED", "the store is closed");
  }
}
