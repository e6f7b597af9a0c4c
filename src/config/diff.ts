/**
 * What changed between two versions of a config (docs/protocol/config.md §3.1, §6.1).
 *
 * ```text
 * diff   d (key change)* e            change   0:  scalar set        1:-  scalar removed
 *                                              l added removed e     two lists of a set's members
 *                                              diff                  of the dict at this key
 * ```
 *
 * New values are not in the diff; they are read from the data of the message that carries it.
 *
 * @module
 */
import {
  type ConfigDict,
  type ConfigScalar,
  type ConfigSet,
  type ConfigValue,
  type Editor,
  EMPTY_DICT,
  isDict,
  isScalar,
  isSet,
  sameKind,
  sortedEntries,
  sortedScalars,
} from "./data.js";
import { type ConfigReader, malformed } from "./read.js";
import { writeScalars, writeString } from "./write.js";

/** Members that came into a set and left it, each in order. */
export interface SetChange {
  readonly added: readonly ConfigScalar[];
  readonly removed: readonly ConfigScalar[];
}

/** `""`: a scalar was set. `"-"`: a scalar was removed. */
export type ConfigChange = "" | "-" | SetChange | ConfigDiff;
/** Changes by key. */
export type ConfigDiff = ReadonlyMap<string, ConfigChange>;

const NO_SET: ConfigSet = /* @__PURE__ */ new Set();

/** What leads from `before` to `after`. Parts that both share are not looked at. */
export function diffDicts(before: ConfigDict, after: ConfigDict): ConfigDiff {
  const diff = new Map<string, ConfigChange>();
  if (before === after) return diff;
  for (const [key, value] of after) {
    const old = before.get(key);
    // A change of kind is recorded as an addition alone: applying it replaces the value of the old kind.
    const change = old === undefined || !sameKind(old, value) ? added(value) : changed(old, value);
    if (change !== undefined) diff.set(key, change);
  }
  for (const [key, old] of before) {
    if (!after.has(key)) diff.set(key, removed(old));
  }
  return diff;
}

function added(value: ConfigValue): ConfigChange {
  if (isDict(value)) return diffDicts(EMPTY_DICT, value);
  return isSet(value) ? { added: sortedScalars(value), removed: [] } : "";
}

function removed(value: ConfigValue): ConfigChange {
  if (isDict(value)) return diffDicts(value, EMPTY_DICT);
  return isSet(value) ? { added: [], removed: sortedScalars(value) } : "-";
}

function changed(old: ConfigValue, value: ConfigValue): ConfigChange | undefined {
  if (isDict(value)) {
    const inner = diffDicts(isDict(old) ? old : EMPTY_DICT, value);
    return inner.size === 0 ? undefined : inner;
  }
  if (isSet(value)) {
    const before = isSet(old) ? old : NO_SET;
    if (before === value) return undefined;
    const change = { added: without(value, before), removed: without(before, value) };
    return change.added.length === 0 && change.removed.length === 0 ? undefined : change;
  }
  return old === value ? undefined : "";
}

function without(set: ConfigSet, other: ConfigSet): ConfigScalar[] {
  return sortedScalars([...set].filter((scalar) => !other.has(scalar)));
}

/**
 * Applies `diff` to `target`.
 *
 * @param target - a dict that `editor` made
 * @param source - the data of the message that carries the diff, at the same path
 */
export function applyDiff(
  target: Map<string, ConfigValue>,
  diff: ConfigDiff,
  source: ConfigDict,
  editor: Editor,
): void {
  for (const [key, change] of diff) {
    const value = source.get(key);
    if (value === undefined || !fits(change, value)) {
      target.delete(key);
    } else if (change === "") {
      target.set(key, value);
    } else if (change === "-") {
      target.delete(key);
    } else if (isDiff(change)) {
      const current = target.get(key);
      const child = editor.own(isDict(current) ? current : EMPTY_DICT);
      target.set(key, child);
      applyDiff(child, change, value as ConfigDict, editor);
    } else {
      const current = target.get(key);
      const set = new Set(isSet(current) ? current : NO_SET);
      for (const scalar of change.added) set.add(scalar);
      for (const scalar of change.removed) set.delete(scalar);
      target.set(key, set);
    }
  }
}

function fits(change: ConfigChange, value: ConfigValue): boolean {
  if (typeof change === "string") return isScalar(value);
  return isDiff(change) ? isDict(value) : isSet(value);
}

export function isDiff(change: ConfigChange): change is ConfigDiff {
  return change instanceof Map;
}

export function writeDiff(diff: ConfigDiff): string {
  let text = "d";
  for (const [key, change] of sortedEntries(diff)) text += writeString(key) + writeChange(change);
  return `${text}e`;
}

function writeChange(change: ConfigChange): string {
  if (typeof change === "string") return writeString(change);
  if (isDiff(change)) return writeDiff(change);
  return `l${writeScalars(change.added)}${writeScalars(change.removed)}e`;
}

/** @throws `CONFIG_MALFORMED` */
export function readDiff(reader: ConfigReader): ConfigDiff {
  const diff = new Map<string, ConfigChange>();
  let previous: string | undefined;
  reader.open("d");
  while (!reader.close()) {
    previous = reader.key(previous);
    diff.set(previous, readChange(reader));
  }
  return diff;
}

function readChange(reader: ConfigReader): ConfigChange {
  const next = reader.peek();
  if (next === "d") return readDiff(reader);
  if (next === "l") {
    reader.open("l");
    const change = { added: reader.scalars(), removed: reader.scalars() };
    if (!reader.close()) throw malformed("a set's change has more than two lists");
    return change;
  }
  // Above all no integer: the network's reference never comes back from one.
  if (!reader.isString()) throw malformed("a diff holds a value of a wrong type");
  const text = reader.string();
  if (text !== "" && text !== "-") throw malformed("a diff holds an unknown mark");
  return text;
}
