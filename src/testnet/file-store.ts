/**
 * What a file server keeps, and for how long (docs/protocol/attachments.md §6.3).
 *
 * @module
 */
import { bytesToBase64, utf8ToBytes } from "../bytes/index.js";
import type { Crypto } from "../crypto/index.js";

/** A stored file. Times in milliseconds of the server's clock. */
export interface StoredFile {
  readonly id: string;
  readonly data: Uint8Array;
  readonly uploadedAt: number;
  readonly expiresAt: number;
}

/** The rules of a {@link FileStore}. */
export interface FileStoreRules {
  readonly crypto: Crypto;
  readonly now: () => number;
  /** `hash`: 44 characters that follow from the bytes, each content is kept once; `number`: random, below 2^53. */
  readonly ids: "hash" | "number";
  /** Bytes of all files together; no limit when left out. */
  readonly capacity: number;
}

/** Refused ids of other lengths cannot be extended: the number may belong to another file by now. */
const HASH_ID_LENGTH = 44;
/** `SessionFileSvr` and two zero bytes. */
const SALT = "SessionFileSvr\0\0";

/** Files in memory. Expired ones are forgotten when somebody looks. */
export class FileStore {
  readonly #files = new Map<string, StoredFile>();
  readonly #rules: FileStoreRules;

  constructor(rules: FileStoreRules) {
    this.#rules = rules;
  }

  /** All files that have not expired, in the order of their first upload. */
  list(): readonly StoredFile[] {
    for (const id of [...this.#files.keys()]) this.get(id);
    return [...this.#files.values()];
  }

  get(id: string): StoredFile | undefined {
    const file = this.#files.get(id);
    if (file === undefined || file.expiresAt > this.#rules.now()) return file;
    this.#files.delete(id);
    return undefined;
  }

  /** Undefined when there is no room. */
  add(data: Uint8Array, ttlMs: number): StoredFile | undefined {
    const { now, capacity } = this.#rules;
    const id = this.#idFor(data);
    const known = this.get(id);
    const used = this.list().reduce((sum, file) => sum + file.data.length, 0);
    if (known === undefined && used + data.length > capacity) return undefined;
    const expiresAt = Math.max(known?.expiresAt ?? 0, now() + ttlMs);
    const file = { id, data: known?.data ?? new Uint8Array(data), uploadedAt: now(), expiresAt };
    this.#files.set(id, file);
    return file;
  }

  /** Moves the end of a file's life, never towards now. Undefined for files that are not there or have short ids. */
  extend(id: string, ttlMs: number): StoredFile | undefined {
    const file = id.length < HASH_ID_LENGTH ? undefined : this.get(id);
    if (file === undefined) return undefined;
    const extended = { ...file, expiresAt: Math.max(file.expiresAt, this.#rules.now() + ttlMs) };
    this.#files.set(id, extended);
    return extended;
  }

  #idFor(data: Uint8Array): string {
    const { crypto, ids } = this.#rules;
    if (ids === "hash") {
      const hash = crypto.blake2b(data, { size: 33, salt: utf8ToBytes(SALT) });
      return bytesToBase64(hash).replaceAll("+", "-").replaceAll("/", "_");
    }
    for (;;) {
      const random = crypto.randomBytes(7).reduce((number, byte) => number * 256n + BigInt(byte), 0n);
      const id = (random & (2n ** 53n - 1n)).toString();
      if (this.get(id) === undefined) return id;
    }
  }
}
