/**
 * The keys that a group's member knows, and the hashes of the messages they came in (docs/protocol/groups.md §6.4).
 *
 * Keys ascend by (generation, timestamp, key). Nothing here asks a local clock: what is old follows from the swarm's
 * timestamps alone, so that all devices forget the same keys.
 *
 * @module
 */
import { compareBytes, equalBytes } from "../bytes/index.js";
import type { GroupKey } from "./keys-build.js";
import { KEY_EXPIRY_MS } from "./limits.js";

/** Immutable: every change gives a new one. */
export interface KeyList {
  /** Ascending. */
  readonly keys: readonly GroupKey[];
  /** Hashes of messages, by the generation that they are kept for. */
  readonly hashes: ReadonlyMap<number, ReadonlySet<string>>;
}

/** No keys. */
export const EMPTY_KEY_LIST: KeyList = { keys: [], hashes: new Map() };

/**
 * Adds a key that came in the message with `hash`. A key that is known keeps its timestamp; one that comes too late is
 * dropped at once, with its hash.
 */
export function addKey(list: KeyList, key: GroupKey, hash: string): KeyList {
  const known = list.keys.some(
    (other) => other.generation === key.generation && equalBytes(other.key, key.key),
  );
  if (known) return { keys: list.keys, hashes: withHash(list.hashes, key.generation, hash) };
  const keys = [...list.keys, key].sort(compareKeys);
  return withoutExpired({ keys, hashes: withHash(list.hashes, key.generation, hash) });
}

/** Remembers a message that held no key for this reader. */
export function addHash(list: KeyList, generation: number, hash: string): KeyList {
  return withoutExpired({ keys: list.keys, hashes: withHash(list.hashes, generation, hash) });
}

/** True when two admins made different keys of the newest generation: one of them has to rekey. */
export function hasConflict({ keys }: KeyList): boolean {
  return keys.length >= 2 && keys.at(-1)?.generation === keys.at(-2)?.generation;
}

/** Order of keys: the last is the newest. */
export function compareKeys(a: GroupKey, b: GroupKey): number {
  return a.generation - b.generation || a.timestamp - b.timestamp || compareBytes(a.key, b.key);
}

/**
 * Drops generations from the oldest on, up to the first whose successor is young enough: it may still be needed to read
 * what was sent before everybody had the next key.
 */
function withoutExpired({ keys, hashes }: KeyList): KeyList {
  const newest = keys.at(-1);
  // Without a key there is no history to keep alive.
  if (newest === undefined) return EMPTY_KEY_LIST;
  let first = 0;
  for (let at = 1; at < keys.length; at++) {
    const [previous, key] = [keys[at - 1] as GroupKey, keys[at] as GroupKey];
    if (key.generation === previous.generation) continue;
    if (key.timestamp + KEY_EXPIRY_MS >= newest.timestamp) break;
    first = at;
  }
  const kept = first === 0 ? keys : keys.slice(first);
  const oldest = (kept[0] as GroupKey).generation;
  return { keys: kept, hashes: new Map([...hashes].filter(([generation]) => generation >= oldest)) };
}

function withHash(
  hashes: KeyList["hashes"],
  generation: number,
  hash: string,
): ReadonlyMap<number, ReadonlySet<string>> {
  return new Map(hashes).set(generation, new Set(hashes.get(generation)).add(hash));
}
