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
  sequenceOf,
  VERSION_KEY,
} from "./keys.js";
import { type PruneOptions, pruneMarks } from "./prune.js";
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
  readonly #onCorrupt: StoreOptions["onCorrupt"];
  #closing: Promise<void> | undefined;

  constructor(records: Records, next: { inbox: number; outbox: number }, options: StoreOptions) {
    this.#records = records;
    this.#level = records.level;
    this.#writer = new Writer(records.level);
    this.#next = next;
    this.#onCorrupt = options.onCorrupt;
  }

  /** Refuses layouts of newer versions; marks an empty store with this one. */
  async checkVersion(): Promise<void> {
    const version = await this.#read(VERSION_KEY, readVersion, "throw");
    if (version === undefined) {
      await this.#commit([{ type: "put", key: VERSION_KEY, value: encodeJson({ version: LAYOUT_VERSION }) }]);
    } else if (version > LAYOUT_VERSION) {
      throw new SessionError("STORE_VERSION", "the store was written by a newer version of the library", {
        details: { version, supported: LAYOUT_VERSION },
      });
    }
  }

  /**
   * Writes one state change: all of what `fill` puts into the batch, or nothing.
   *
   * @returns what `fill` returned, once the change is on disk
   * @throws `STORE_FAILED`, `CLOSED`
   */
  async write<T>(fill: (batch: StoreBatch) => T): Promise<T> {
    const batch = new StoreBatch((queue) => this.#next[queue]++);
    const result = fill(batch);
    if (batch.operations.length > 0) await this.#commit(batch.operations);
    return result;
  }

  /** The account of this store, or undefined in a new one. Throws `STORE_CORRUPT` rather than losing a seed. */
  account(): Promise<AccountRecord | undefined> {
    return this.#read(ACCOUNT_KEY, readAccount, "throw");
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
    const cursor = await this.#read(cursorKey(name.pubkey, name.namespace, name.node), readCursor);
    return cursor !== undefined && cursor.expiration > now ? cursor : undefined;
  }

  /** Which of `hashes` in `pubkey`'s swarm are marked as seen. */
  async seen(pubkey: string, hashes: readonly string[]): Promise<Set<string>> {
    const found = await this.#get(hashes.map((hash) => markKey("seen", `${pubkey}/${hash}`)));
    return new Set(hashes.filter((_hash, index) => found[index] !== undefined));
  }

  /** True if the message of `sender` with `timestamp` was received before. */
  async known(sender: string, timestamp: number): Promise<boolean> {
    const [found] = await this.#get([markKey("known", `${sender}/${timestamp}`)]);
    return found !== undefined;
  }

  /** Messages that the app has not finished with, oldest first, those after the place `after`, at most `limit`. */
  inbox(
    options: { after?: number | undefined; limit?: number | undefined } = {},
  ): Promise<Queued<InboxItem>[]> {
    return this.#queue("inbox", readInboxItem, options);
  }

  /** How many messages the app has not finished with. */
  async inboxCount(): Promise<number> {
    this.#checkOpen();
    try {
      return (await this.#level.keys(rangeOf("inbox/")).all()).length;
    } catch (error) {
      throw databaseError(error, "read");
    }
  }

  /** Messages on their way to the network, oldest first. */
  outbox(): Promise<Queued<OutboxItem>[]> {
    return this.#queue("outbox", readOutboxItem, {});
  }

  /** The newest timestamp that was given to a message, or 0. */
  async lastTimestamp(): Promise<number> {
    return (await this.#read(CLOCK_KEY, readClock)) ?? 0;
  }

  /** The last snapshot of the network called `name`, as it was put; undefined if there is none. */
  network(name: string): Promise<unknown> {
    return this.#read(networkKey(name), readNetwork);
  }

  /** Removes marks whose time is over, and the ones that end soonest when there are too many. Returns how many. */
  async prune(options: PruneOptions): Promise<number> {
    this.#checkOpen();
    try {
      return await pruneMarks(this.#level, (operations) => this.#commit(operations), options);
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
    this.#checkOpen();
    const range = { gt: queueKey(queue, after), lt: rangeOf(`${queue}/`).lt, limit };
    try {
      const items: Queued<T>[] = [];
      for await (const [key, text] of this.#level.iterator(range)) {
        const item = this.#parse(key, text, read);
        if (item !== undefined) items.push({ ...item, sequence: sequenceOf(key) });
      }
      return items;
    } catch (error) {
      throw databaseError(error, "read");
    }
  }

  async #read<T>(
    key: string,
    read: RecordReader<T>,
    corrupt: "throw" | "report" = "report",
  ): Promise<T | undefined> {
    const [text] = await this.#get([key]);
    return text === undefined ? undefined : this.#parse(key, text, read, corrupt);
  }

  #parse<T>(key: string, text: string, read: RecordReader<T>, corrupt = "report"): T | undefined {
    try {
      return read(text);
    } catch (cause) {
      // The cause may quote the text, which may be secret: only its name goes on.
      const problem = new SessionError("STORE_CORRUPT", "a record of the store is unreadable", {
        details: {
          record: key,
          problem: cause instanceof Error ? cause.name : typeof cause,
          length: text.length,
        },
      });
      if (corrupt === "throw") throw problem;
      this.#onCorrupt?.(problem);
      return undefined;
    }
  }

  async #get(keys: string[]): Promise<(string | undefined)[]> {
    this.#checkOpen();
    try {
      return await this.#level.getMany(keys);
    } catch (error) {
      throw databaseError(error, "read");
    }
  }

  #commit(operations: readonly Operation[]): Promise<void> {
    this.#checkOpen();
    return this.#writer.write(operations);
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new SessionError<StoreErrorCode>("CLOSED", "the store is closed");
  }
}
