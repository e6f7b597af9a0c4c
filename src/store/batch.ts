/**
 * One state change: what it puts and deletes is written together or not at all.
 *
 * @module
 */
import { bytesToBase64 } from "../bytes/index.js";
import type { Collection } from "./collections.js";
import { encodeJson, type StoredValue } from "./json.js";
import {
  CLOCK_KEY,
  cursorKey,
  type MarkKind,
  markKey,
  networkKey,
  queueKey,
  recordKey,
  untilKey,
} from "./keys.js";
import type { CursorName, CursorRecord, InboxItem, OutboxItem } from "./records.js";

/** A write of the database. */
export type Operation =
  | { readonly type: "put"; readonly key: string; readonly value: string }
  | { readonly type: "del"; readonly key: string };

/** Collects the writes of one state change; made by `Store.write`. */
export class StoreBatch {
  readonly operations: Operation[] = [];
  readonly #nextSequence: (queue: "inbox" | "outbox") => number;
  readonly #onFailed: Array<() => void> = [];

  constructor(nextSequence: (queue: "inbox" | "outbox") => number) {
    this.#nextSequence = nextSequence;
  }

  /**
   * Says what is to happen if nothing of this batch is written: because what fills it throws, or the database refuses it.
   * Whoever changes what is in memory together with the batch takes that back here, or sees to it that the next batch has
   * it. A later batch may already be built on the change, and be written: look before taking anything back.
   *
   * @param callback - called at most once, before `Store.write` rejects. Those of one batch are called the last one first,
   *   and so are batches that fail together. It must not throw.
   */
  onFailed(callback: () => void): void {
    this.#onFailed.push(callback);
  }

  /** @internal Nothing of this is written. */
  fail(): void {
    for (const callback of this.#onFailed.splice(0).reverse()) callback();
  }

  /** Remembers how far a node's messages were read. */
  putCursor(name: CursorName, { hash, expiration }: CursorRecord): void {
    this.#put(cursorKey(name.pubkey, name.namespace, name.node), { hash, expiration });
  }

  /** Marks a message hash of `pubkey`'s swarm as seen until `until` (ms of network time). */
  markSeen(pubkey: string, hash: string, until: number): void {
    this.#mark("seen", `${pubkey}/${hash}`, until);
  }

  /** Marks the message of `sender` with `timestamp` as received until `until` (docs/protocol/messages.md §5.1, V12). */
  markKnown(sender: string, timestamp: number, until: number): void {
    this.#mark("known", `${sender}/${timestamp}`, until);
  }

  /** Marks the message of `sender` with `timestamp` as deleted until `until`: it stays so if it comes again. */
  markGone(sender: string, timestamp: number, until: number): void {
    this.#mark("gone", `${sender}/${timestamp}`, until);
  }

  /** Puts a record of a collection. */
  put<T>(collection: Collection<T>, id: string, record: T): void {
    this.#put(recordKey(collection.name, id), record as StoredValue);
  }

  /** Deletes a record of a collection, if it is there. */
  delete(collection: Collection<unknown>, id: string): void {
    this.operations.push({ type: "del", key: recordKey(collection.name, id) });
  }

  /** Queues a retrieved message for the app; returns its place. */
  addInbox(item: InboxItem): number {
    const sequence = this.#nextSequence("inbox");
    this.#put(queueKey("inbox", sequence), { ...item, data: bytesToBase64(item.data) });
    return sequence;
  }

  /** The app is done with a message. */
  removeInbox(sequence: number): void {
    this.operations.push({ type: "del", key: queueKey("inbox", sequence) });
  }

  /** Queues a message for the network; returns its place. */
  addOutbox(item: OutboxItem): number {
    const sequence = this.#nextSequence("outbox");
    this.updateOutbox(sequence, item);
    return sequence;
  }

  /** Replaces a queued message. */
  updateOutbox(sequence: number, item: OutboxItem): void {
    this.#put(queueKey("outbox", sequence), item as unknown as StoredValue);
  }

  /** The network has the message, or it was given up. */
  removeOutbox(sequence: number): void {
    this.operations.push({ type: "del", key: queueKey("outbox", sequence) });
  }

  /** The newest timestamp given to a message, ms. */
  putLastTimestamp(last: number): void {
    this.#put(CLOCK_KEY, { last });
  }

  /** What is known of the network called `name`. */
  putNetwork(name: string, state: StoredValue): void {
    this.#put(networkKey(name), state);
  }

  #mark(kind: MarkKind, name: string, until: number): void {
    const end = Math.max(0, Math.min(Math.trunc(until), Number.MAX_SAFE_INTEGER));
    this.operations.push({ type: "put", key: markKey(kind, name), value: String(end) });
    this.operations.push({ type: "put", key: untilKey(end, kind, name), value: "" });
  }

  #put(key: string, value: StoredValue): void {
    this.operations.push({ type: "put", key, value: encodeJson(value) });
  }
}
