/**
 * Reading records: texts out of the database, checked on the way.
 *
 * @module
 */
import type { AbstractLevel } from "abstract-level";
import { SessionError } from "../errors/index.js";
import { databaseError } from "./errors.js";
import type { RecordReader } from "./records.js";

/** A record with its key. */
export interface Entry<T> {
  readonly key: string;
  readonly record: T;
}

/** A range of keys. */
export interface KeyRange {
  readonly gte?: string;
  readonly gt?: string;
  readonly lt: string;
  readonly limit?: number;
}

/** Told of a record that is unreadable and counts as absent. */
export type OnCorrupt = ((error: SessionError<"STORE_CORRUPT">) => void) | undefined;

/** See the module's description. What the database throws comes out as the codes of the store. */
export class Reader {
  readonly #level: AbstractLevel<unknown, string, string>;
  readonly #checkOpen: () => void;
  readonly #onCorrupt: OnCorrupt;

  constructor(level: AbstractLevel<unknown, string, string>, checkOpen: () => void, onCorrupt: OnCorrupt) {
    this.#level = level;
    this.#checkOpen = checkOpen;
    this.#onCorrupt = onCorrupt;
  }

  /** Texts of `keys`, in their order. */
  async texts(keys: string[]): Promise<(string | undefined)[]> {
    this.#checkOpen();
    try {
      return await this.#level.getMany(keys);
    } catch (error) {
      throw databaseError(error, "read");
    }
  }

  /** One record; an unreadable one is told and counts as absent, or is thrown. */
  async record<T>(
    key: string,
    read: RecordReader<T>,
    corrupt: "throw" | "report" = "report",
  ): Promise<T | undefined> {
    const [text] = await this.texts([key]);
    return text === undefined ? undefined : this.#parse(key, text, read, corrupt);
  }

  /** The readable records of a range, in the order of their keys. */
  async records<T>(range: KeyRange, read: RecordReader<T>): Promise<Entry<T>[]> {
    this.#checkOpen();
    const entries: Entry<T>[] = [];
    try {
      for await (const [key, text] of this.#level.iterator(range)) {
        const record = this.#parse(key, text, read, "report");
        if (record !== undefined) entries.push({ key, record });
      }
      return entries;
    } catch (error) {
      throw databaseError(error, "read");
    }
  }

  /** The keys of a range, in order. */
  async keys(range: KeyRange): Promise<string[]> {
    this.#checkOpen();
    try {
      return await this.#level.keys(range).all();
    } catch (error) {
      throw databaseError(error, "read");
    }
  }

  #parse<T>(key: string, text: string, read: RecordReader<T>, corrupt: "throw" | "report"): T | undefined {
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
}
