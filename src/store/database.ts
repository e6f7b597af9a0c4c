/**
 * The database under a store: any `abstract-level` database. A folder becomes LevelDB on disk (`classic-level`, Node
 * only), nothing becomes `memory-level`, and a database that the app opened is used as it is.
 *
 * @module
 */

import type { AbstractLevel } from "abstract-level";
import { MemoryLevel } from "memory-level";
import { openFolder } from "#store-folder";
import { SessionError } from "../errors/index.js";
import { databaseError } from "./errors.js";

/** Any `abstract-level` database: `memory-level`, `classic-level`, `browser-level`, a sublevel, … */
// biome-ignore lint/suspicious/noExplicitAny: the store sets its own encodings, so the defaults of the database may be anything.
export type LevelDatabase = AbstractLevel<any, any, any>;

/** Where a store keeps its records: a folder, a database, or (absent) the memory of this process. */
export type StoreLocation = string | LevelDatabase | undefined;

/** The part of the database that belongs to the store: text keys and text values under a prefix of their own. */
export interface Records {
  readonly level: AbstractLevel<unknown, string, string>;
  /** Closes the database if this room opened it. */
  close(): Promise<void>;
}

/** Key prefix of everything the library writes, so that a database may also hold records of the app. */
const SUBLEVEL = "session-messenger-sdk";

/**
 * Opens the records at `location`.
 *
 * @throws `STORE_LOCKED`, `STORE_CORRUPT`, `STORE_UNSUPPORTED`, `STORE_FAILED`, `INVALID_ARGUMENT`
 */
export async function openRecords(location: StoreLocation): Promise<Records> {
  const own = location === undefined || typeof location === "string";
  let database: LevelDatabase | undefined;
  try {
    database =
      location === undefined
        ? new MemoryLevel({ storeEncoding: "utf8" })
        : own
          ? await openFolder(location)
          : location;
    if (typeof database?.sublevel !== "function") {
      throw new SessionError(
        "INVALID_ARGUMENT",
        "the store is neither a folder nor an abstract-level database",
      );
    }
    await database.open();
    const level = database.sublevel<string, string>(SUBLEVEL, { keyEncoding: "utf8", valueEncoding: "utf8" });
    await level.open();
    const opened = database;
    return { level, close: () => (own ? opened.close() : level.close()) };
  } catch (error) {
    if (own) await database?.close().catch(() => {});
    throw databaseError(error, "open");
  }
}
