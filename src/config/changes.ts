/**
 * What happened to the entries of a config between two snapshots.
 *
 * @module
 */
import {
  type ConfigDict,
  type ConfigPath,
  type ConfigValue,
  EMPTY_DICT,
  equalValues,
  isDict,
  valueAt,
} from "./data.js";
import { diffDicts } from "./diff.js";
import type { ListChanges } from "./types.js";

/** Keys below `path` that came, changed and went. */
export function changedKeys(before: ConfigDict, after: ConfigDict, path: ConfigPath): ListChanges<string> {
  const [from, to] = [before, after].map((dict) => asDict(valueAt(dict, path))) as [ConfigDict, ConfigDict];
  const changes = { added: [] as string[], updated: [] as string[], removed: [] as string[] };
  if (from === to) return changes;
  for (const key of diffDicts(from, to).keys()) {
    const list = !from.has(key) ? changes.added : to.has(key) ? changes.updated : changes.removed;
    list.push(key);
  }
  for (const list of Object.values(changes)) list.sort();
  return changes;
}

/** Turns keys into ids; keys that are none are left out. */
export function mapChanges<From, To>(
  changes: ListChanges<From>,
  convert: (key: From) => To | undefined,
): ListChanges<To> {
  const map = (keys: readonly From[]): To[] =>
    keys.map(convert).filter((id): id is NonNullable<typeof id> => id !== undefined);
  return { added: map(changes.added), updated: map(changes.updated), removed: map(changes.removed) };
}

export function joinChanges<Id>(all: readonly ListChanges<Id>[]): ListChanges<Id> {
  return {
    added: all.flatMap(({ added }) => added),
    updated: all.flatMap(({ updated }) => updated),
    removed: all.flatMap(({ removed }) => removed),
  };
}

/** True when the values at `path` differ. */
export function differs(before: ConfigDict, after: ConfigDict, path: ConfigPath): boolean {
  return !equalValues(valueAt(before, path), valueAt(after, path));
}

export function asDict(value: ConfigValue | undefined): ConfigDict {
  return isDict(value) ? value : EMPTY_DICT;
}
