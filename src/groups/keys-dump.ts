/**
 * The stored form of a group's keys (docs/protocol/groups.md §6.7). It holds keys: whoever reads it reads the group.
 *
 * ```
 * d A: [[generation, hash …] …]  L: [d g: generation  k: key(32)  t: timestamp e …]
 *   P: d c: message  g: generation  k: key(32) e   (only while a rekey is not confirmed)
 *   S: 1   (only while a rekey is not seen to fit the member list; ours, others ignore it) e
 * ```
 *
 * @module
 */
import { type BtDict, type BtValue, btDecodeDict, btEncode, bytesToUtf8 } from "../bytes/index.js";
import { isSessionError } from "../errors/index.js";
import { groupError } from "./errors.js";
import { compareKeys, type KeyList } from "./key-list.js";
import type { GroupKey, RekeyMessage } from "./keys-build.js";
import { MAX_GENERATION } from "./limits.js";

/** Everything that is stored. */
export interface StoredKeys {
  readonly list: KeyList;
  readonly pending?: RekeyMessage | undefined;
  /** A rekey of this device was not seen to fit the member list yet. */
  readonly isUnsettled: boolean;
}

/** Bytes of `stored`. */
export function dumpKeys({ list, pending, isUnsettled }: StoredKeys): Uint8Array {
  return btEncode({
    A: [...list.hashes]
      .sort(([a], [b]) => a - b)
      .map(([generation, hashes]) => [generation, ...[...hashes].sort()]),
    L: list.keys.map(({ generation, key, timestamp }) => ({ g: generation, k: key, t: timestamp })),
    P: pending && { c: pending.message, g: pending.generation, k: pending.key },
    S: isUnsettled ? 1 : undefined,
  });
}

/** @throws `GROUP_INVALID_DUMP` */
export function loadKeys(dump: Uint8Array): StoredKeys {
  try {
    const dict = btDecodeDict(dump);
    const keys = list(dict.get("L")).map((entry) => storedKey(asDict(entry)));
    const hashes = list(dict.get("A")).map((entry) => storedHashes(list(entry)));
    const pending = dict.get("P");
    return {
      list: { keys: keys.sort(compareKeys), hashes: new Map(hashes) },
      ...(pending === undefined ? {} : { pending: storedPending(asDict(pending)) }),
      isUnsettled: dict.has("S"),
    };
  } catch (cause) {
    if (!isSessionError(cause)) throw cause;
    throw isSessionError(cause, "GROUP_INVALID_DUMP") ? cause : invalid(cause);
  }
}

function storedKey(dict: BtDict): GroupKey {
  const { generation, key } = generationAndKey(dict);
  return { generation, key, timestamp: integer(dict.get("t"), Number.MAX_SAFE_INTEGER) };
}

function storedPending(dict: BtDict): RekeyMessage {
  const message = dict.get("c");
  if (!(message instanceof Uint8Array)) throw invalid();
  return { ...generationAndKey(dict), message };
}

function storedHashes([generation, ...hashes]: readonly BtValue[]): [number, ReadonlySet<string>] {
  return [
    integer(generation, MAX_GENERATION),
    new Set(
      hashes.map((hash) => {
        if (!(hash instanceof Uint8Array)) throw invalid();
        return bytesToUtf8(hash);
      }),
    ),
  ];
}

function generationAndKey(dict: BtDict): Pick<GroupKey, "generation" | "key"> {
  const key = dict.get("k");
  if (!(key instanceof Uint8Array) || key.length !== 32) throw invalid();
  return { generation: integer(dict.get("g"), MAX_GENERATION), key };
}

function list(value: BtValue | undefined): readonly BtValue[] {
  if (!Array.isArray(value)) throw invalid();
  return value;
}

function asDict(value: BtValue): BtDict {
  if (!(value instanceof Map)) throw invalid();
  return value;
}

function integer(value: BtValue | undefined, max: number): number {
  if (typeof value !== "bigint" || value < 0n || value > BigInt(max)) throw invalid();
  return Number(value);
}

function invalid(cause?: unknown): Error {
  return groupError("GROUP_INVALID_DUMP", "the stored keys cannot be read", { cause });
}
