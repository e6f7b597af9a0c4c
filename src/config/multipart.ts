/**
 * Configs too large for one message (docs/protocol/config.md §9), in parts that are encrypted and stored one by one:
 *
 * ```text
 * m l 32:BLAKE2b-256(whole)  1:index  1:count  size:bytes e
 * ```
 *
 * @module
 */
import {
  type BtDict,
  type BtInput,
  type BtValue,
  btDecode,
  bytesToBinaryString,
  bytesToUtf8,
  concatBytes,
  utf8ToBytes,
} from "../bytes/index.js";
import { type Crypto, defaultCrypto } from "../crypto/index.js";
import { isSessionError, SessionError } from "../errors/index.js";
import { CONFIG_OVERHEAD } from "./encrypt.js";
import type { ConfigErrorCode } from "./errors.js";
import { MAX_STORED_BYTES, PARTS_DONE_MS, PARTS_WAIT_MS } from "./limits.js";
import { malformed } from "./read.js";

/** One part, decrypted. */
export interface ConfigPart {
  /** Hash of the whole, a binary string. */
  readonly id: string;
  readonly index: number;
  readonly count: number;
  readonly data: Uint8Array;
}

const ID_LENGTH = 32;
/** `m`, `l` and `e`, and the prefixes and values of hash, index and count, with 6 bytes for the last length. */
const PART_OVERHEAD = 50;
const LENGTH_PREFIX = 6;
const PART_SIZE = MAX_STORED_BYTES - PART_OVERHEAD - CONFIG_OVERHEAD;

/** Cuts a padded config. A config of one part's size or less needs no cutting, but could be. */
export function splitConfig(
  padded: Uint8Array,
  crypto: Crypto = defaultCrypto,
): { readonly id: string; readonly parts: readonly Uint8Array[] } {
  const hash = crypto.blake2b(padded, { size: ID_LENGTH });
  const count = Math.ceil(padded.length / PART_SIZE);
  const parts = Array.from({ length: count }, (_, index) => {
    const data = padded.subarray(index * PART_SIZE, (index + 1) * PART_SIZE);
    const length = `${data.length}:`;
    return concatBytes(
      utf8ToBytes("ml32:"),
      hash,
      utf8ToBytes("1:"),
      Uint8Array.of(index),
      utf8ToBytes("1:"),
      Uint8Array.of(count),
      utf8ToBytes(length),
      data,
      utf8ToBytes("e"),
      // The official clients reckon with the longest prefix; what a shorter one leaves stays zero.
      new Uint8Array(LENGTH_PREFIX - length.length),
    );
  });
  return { id: bytesToBinaryString(hash), parts };
}

/** Reads a part, the `m` before it included. @throws `CONFIG_PART_INVALID` */
export function parsePart(plaintext: Uint8Array): ConfigPart {
  const list = decodeList(plaintext.subarray(1));
  const [id, index, count, data] = list;
  if (list.length !== 4 || !isBytes(id) || !isBytes(index) || !isBytes(count) || !isBytes(data)) {
    throw invalidPart("a part does not have four members");
  }
  const [i = 0, n = 0] = [index[0], count[0]];
  const sizes = id.length === ID_LENGTH && index.length === 1 && count.length === 1 && data.length > 0;
  if (!sizes || n < 2 || i >= n) throw invalidPart("a part's members are of wrong size");
  return { id: bytesToBinaryString(id), index: i, count: n, data };
}

function decodeList(bytes: Uint8Array): readonly BtValue[] {
  try {
    const value = btDecode(bytes, { maxDepth: 2 });
    if (Array.isArray(value)) return value;
  } catch (cause) {
    if (!isSessionError(cause)) throw cause;
    throw new SessionError<ConfigErrorCode>("CONFIG_PART_INVALID", "a part cannot be read", { cause });
  }
  throw invalidPart("a part is not a list");
}

/** Parts of one config that came so far; none once it is complete. */
interface PartSet {
  /** 0 when complete. */
  readonly count: number;
  /** Unix milliseconds. */
  readonly expires: number;
  readonly parts: ReadonlyMap<number, { readonly hash: string; readonly data: Uint8Array }>;
}

/** What {@link PartCollector.add} gives when a part completes a config. */
export interface CompleteParts {
  readonly padded: Uint8Array;
  /** Storage hashes of all parts. */
  readonly hashes: readonly string[];
}

/** Collects parts that come in any order, over any time up to a week. */
export class PartCollector {
  readonly #crypto: Crypto;
  readonly #sets = new Map<string, PartSet>();

  constructor(crypto: Crypto) {
    this.#crypto = crypto;
  }

  /**
   * Takes a part in. Repeated parts, and parts of a config that is complete, change nothing.
   *
   * @throws `CONFIG_PART_INVALID` when it contradicts the parts before it
   */
  add({ id, index, count, data }: ConfigPart, hash: string, now: number): CompleteParts | undefined {
    const known = this.#sets.get(id);
    if (known?.count === 0 || known?.parts.has(index)) return undefined;
    if (known !== undefined && known.count !== count) throw invalidPart("parts do not agree on their number");
    const parts = new Map(known?.parts).set(index, { hash, data });
    if (parts.size < count) {
      this.#sets.set(id, { count, expires: now + PARTS_WAIT_MS, parts });
      return undefined;
    }
    const ordered = Array.from({ length: count }, (_, i) => parts.get(i)?.data ?? new Uint8Array(0));
    const padded = concatBytes(...ordered);
    if (bytesToBinaryString(this.#crypto.blake2b(padded, { size: ID_LENGTH })) !== id) {
      this.#sets.delete(id);
      throw invalidPart("the parts do not give the whole that they name");
    }
    this.remember(id, now);
    return { padded, hashes: [...parts.values()].map((part) => part.hash) };
  }

  /** Marks a config as complete. */
  remember(id: string, now: number): void {
    this.#sets.set(id, { count: 0, expires: now + PARTS_DONE_MS, parts: new Map() });
  }

  /** Forgets what waited too long. */
  expire(now: number): void {
    for (const [id, { expires }] of this.#sets) if (expires <= now) this.#sets.delete(id);
  }

  /** Storage hashes of the parts that wait for others. */
  hashes(): string[] {
    return [...this.#sets.values()].flatMap(({ parts }) => [...parts.values()].map(({ hash }) => hash));
  }

  /** For a dump (docs/protocol/config.md §12). */
  toDump(): BtInput {
    return new Map(
      [...this.#sets].map(([id, { count, expires, parts }]) => {
        const list = [...parts].map(([index, { hash, data }]) => ({ "#": index, M: hash, d: data }));
        return [id, { "#": count, T: expires, p: count === 0 ? undefined : list }] as const;
      }),
    );
  }

  /** Takes over what a dump holds. @throws `CONFIG_MALFORMED` */
  load(dump: BtDict): void {
    for (const [id, value] of dump) {
      if (!(value instanceof Map)) throw malformed("the parts of a dump are no dict");
      const { count, expires, parts } = readSet(value);
      this.#sets.set(id, { count, expires, parts });
    }
  }
}

function readSet(dict: BtDict): PartSet {
  const list = dict.get("p") ?? [];
  if (!Array.isArray(list)) throw malformed("the parts of a dump are no list");
  const parts = (list as readonly BtValue[]).map((part) => {
    const [hash, data] = part instanceof Map ? [part.get("M"), part.get("d")] : [];
    if (!(part instanceof Map) || !isBytes(hash) || !isBytes(data))
      throw malformed("a dump's part cannot be read");
    return [numberOf(part, "#"), { hash: bytesToUtf8(hash), data }] as const;
  });
  return { count: numberOf(dict, "#"), expires: numberOf(dict, "T"), parts: new Map(parts) };
}

function numberOf(dict: BtDict, key: string): number {
  const value = dict.get(key);
  if (typeof value !== "bigint" || value < 0n) throw malformed("a dump's number cannot be read");
  return Number(value);
}

function isBytes(value: BtValue | undefined): value is Uint8Array {
  return value instanceof Uint8Array;
}

function invalidPart(message: string): SessionError<ConfigErrorCode> {
  return new SessionError("CONFIG_PART_INVALID", message);
}
