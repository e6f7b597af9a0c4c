/**
 * The data of a config (docs/protocol/config.md §2): a dict of scalars, sets and dicts.
 *
 * Byte strings, as keys and as values, are *binary strings*: one UTF-16 unit of 0 to 255 for each byte. They compare as
 * their bytes do, and sharing them between versions of a config costs nothing. Integers are `bigint`s of 64 bits.
 *
 * Data is never changed in place once others can see it; {@link Editor} copies what it touches. So two versions share
 * all that did not change, and comparing them skips it.
 *
 * @module
 */
import { SessionError } from "../errors/index.js";
import type { ConfigErrorCode } from "./errors.js";
import { MAX_DEPTH, MAX_INT64, MIN_INT64 } from "./limits.js";

/** A 64-bit integer, or a binary string. */
export type ConfigScalar = bigint | string;
/** Unique scalars. */
export type ConfigSet = ReadonlySet<ConfigScalar>;
/** Values by binary string. */
export type ConfigDict = ReadonlyMap<string, ConfigValue>;
export type ConfigValue = ConfigScalar | ConfigSet | ConfigDict;
/** Keys from the root to a value. */
export type ConfigPath = readonly string[];

export const EMPTY_DICT: ConfigDict = /* @__PURE__ */ new Map();

export function isDict(value: unknown): value is ConfigDict {
  return value instanceof Map;
}

export function isSet(value: unknown): value is ConfigSet {
  return value instanceof Set;
}

export function isScalar(value: ConfigValue): value is ConfigScalar {
  return typeof value === "string" || typeof value === "bigint";
}

/** Both scalars, both sets, or both dicts. */
export function sameKind(a: ConfigValue, b: ConfigValue): boolean {
  return isDict(a) ? isDict(b) : isSet(a) ? isSet(b) : isScalar(b);
}

/** Order inside a set: integers first, ascending, then strings by their bytes. */
export function compareScalars(a: ConfigScalar, b: ConfigScalar): number {
  if (typeof a !== typeof b) return typeof a === "bigint" ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

export function sortedScalars(scalars: Iterable<ConfigScalar>): ConfigScalar[] {
  return [...scalars].sort(compareScalars);
}

/** True for an empty set or dict, which counts as absent. */
export function isEmpty(value: ConfigValue): boolean {
  return !isScalar(value) && value.size === 0;
}

/** Equality of content. The integer 1 and the string "1" differ. */
export function equalValues(a: ConfigValue | undefined, b: ConfigValue | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  if (isSet(a)) return isSet(b) && a.size === b.size && [...a].every((scalar) => b.has(scalar));
  if (isDict(a)) {
    return isDict(b) && a.size === b.size && [...a].every(([key, value]) => equalValues(value, b.get(key)));
  }
  return false;
}

/** The dict without empty sets and dicts, at every depth; itself if there are none. */
export function pruned(dict: ConfigDict): ConfigDict {
  let result: Map<string, ConfigValue> | undefined;
  for (const [key, value] of dict) {
    const kept = isDict(value) ? pruned(value) : value;
    if (kept === value && !isEmpty(kept)) continue;
    result ??= new Map(dict);
    if (isEmpty(kept)) result.delete(key);
    else result.set(key, kept);
  }
  return result ?? dict;
}

/** The value at `path`, if every step but the last is a dict. */
export function valueAt(dict: ConfigDict, path: ConfigPath): ConfigValue | undefined {
  let value: ConfigValue | undefined = dict;
  for (const key of path) {
    if (!isDict(value)) return undefined;
    value = value.get(key);
  }
  return value;
}

/** Levels of dicts and sets: 0 for a scalar. */
function depthOf(value: ConfigValue | undefined): number {
  if (isDict(value)) return 1 + Math.max(0, ...[...value.values()].map(depthOf));
  return isSet(value) ? 1 : 0;
}

/** Entries in the order of their keys' bytes. */
export function sortedEntries<Value>(dict: ReadonlyMap<string, Value>): [string, Value][] {
  return [...dict].sort(([a], [b]) => (a < b ? -1 : 1));
}

/**
 * Checks a change that comes from outside.
 *
 * @throws `CONFIG_VALUE_INVALID` for integers beyond 64 bits, text that is no binary string, sets of other than scalars,
 * an empty path, and deep nesting
 */
export function checkChange(path: ConfigPath, value: ConfigValue | undefined): void {
  path.forEach(checkBinary);
  if (value !== undefined) checkValue(value);
  // The message adds a level, and its list of earlier changes two more.
  if (path.length === 0 || path.length + depthOf(value) > MAX_DEPTH - 4) {
    throw invalid("the path is empty or too long");
  }
}

function checkValue(value: ConfigValue, depth = 0): void {
  if (depth > MAX_DEPTH) throw invalid("the value is nested too deeply");
  if (typeof value === "bigint") {
    if (value < MIN_INT64 || value > MAX_INT64) throw invalid("the integer has more than 64 bits");
  } else if (typeof value === "string") {
    checkBinary(value);
  } else if (isSet(value)) {
    for (const scalar of value) {
      if (!isScalar(scalar)) throw invalid("a set holds scalars only");
      checkValue(scalar, depth + 1);
    }
  } else if (isDict(value)) {
    for (const [key, inner] of value) {
      checkBinary(key);
      checkValue(inner, depth + 1);
    }
  } else {
    throw invalid("config data has no form for this type");
  }
}

function checkBinary(text: string): void {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 255) throw invalid("the text is not a binary string");
  }
}

/** Changes dicts without changing what others may hold: what it has not copied itself is copied first. */
export class Editor {
  readonly #own = new WeakSet<ConfigDict>();

  /** `dict` itself if this editor made it, else a copy. */
  own(dict: ConfigDict): Map<string, ConfigValue> {
    if (this.#own.has(dict)) return dict as Map<string, ConfigValue>;
    const copy = new Map(dict);
    this.#own.add(copy);
    return copy;
  }

  /** `root` with `value` at `path`. Whatever is in the way is replaced by dicts. */
  set(root: ConfigDict, path: ConfigPath, value: ConfigValue): ConfigDict {
    const [key, ...rest] = path;
    if (key === undefined) return root;
    const owned = this.own(root);
    if (rest.length === 0) {
      owned.set(key, value);
    } else {
      const child = owned.get(key);
      owned.set(key, this.set(isDict(child) ? child : EMPTY_DICT, rest, value));
    }
    return owned;
  }

  /** `root` without the value at `path`. The dicts around it stay, if only empty. */
  delete(root: ConfigDict, path: ConfigPath): ConfigDict {
    const [key, ...rest] = path;
    const child = key === undefined ? undefined : root.get(key);
    if (key === undefined || child === undefined) return root;
    const owned = this.own(root);
    if (rest.length === 0) owned.delete(key);
    else if (isDict(child)) owned.set(key, this.delete(child, rest));
    return owned;
  }
}

function invalid(message: string): SessionError<ConfigErrorCode> {
  return new SessionError("CONFIG_VALUE_INVALID", message);
}
