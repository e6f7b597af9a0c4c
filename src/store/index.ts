/**
 * What a client remembers: account, cursors, seen messages, inbox, outbox, network, over any `abstract-level` database.
 *
 * `session-messenger-sdk/store/compliance` is the suite that a database must pass to carry a store.
 *
 * @module
 */
export type { StoreBatch } from "./batch.js";
export * from "./collections.js";
export * from "./collections-communities.js";
export * from "./collections-groups.js";
export * from "./collections-legacy.js";
export type { LevelDatabase, StoreLocation } from "./database.js";
export type { StoreErrorCode } from "./errors.js";
export type { StoredValue } from "./json.js";
export type { PruneOptions } from "./prune.js";
export type {
  AccountRecord,
  CursorName,
  CursorRecord,
  InboxItem,
  OutboxItem,
  Queued,
  RecordReader,
} from "./records.js";
export { type ListedRecord, type ListRange, openStore, Store, type StoreOptions } from "./store.js";
