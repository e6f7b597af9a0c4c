/**
 * Reader of bt-encoding for config messages (docs/protocol/bt-encoding.md §3, config.md §4).
 *
 * It goes through a message pair by pair, because what a key means depends on the keys before it, and a signature covers
 * the bytes before it. As lenient as the network's reference where that costs nothing (leading zeros, `-0`), strict where
 * config messages are (order of keys and of set members, no empty sets or dicts inside the data).
 *
 * @module
 */
import { SessionError } from "../errors/index.js";
import {
  type ConfigDict,
  type ConfigScalar,
  type ConfigSet,
  type ConfigValue,
  compareScalars,
} from "./data.js";
import type { ConfigErrorCode } from "./errors.js";
import { MAX_DEPTH, MAX_INT64, MIN_INT64 } from "./limits.js";

/** Digits of the longest 64-bit integer, leading zeros aside. */
const MAX_DIGITS = 20;

export class ConfigReader {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  /** @param text - a binary string */
  constructor(text: string) {
    this.#text = text;
  }

  /** Offset of the next byte. */
  get position(): number {
    return this.#at;
  }

  /** The next byte as a character. */
  peek(): string {
    const next = this.#text[this.#at];
    if (next === undefined) throw malformed("the message ends inside a value");
    return next;
  }

  isInteger(): boolean {
    return this.peek() === "i";
  }

  isString(): boolean {
    const next = this.peek();
    return next >= "0" && next <= "9";
  }

  /** Enters a list or a dict. */
  open(type: "l" | "d"): void {
    if (this.peek() !== type) throw malformed(type === "d" ? "a dict was expected" : "a list was expected");
    if (++this.#depth > MAX_DEPTH) throw malformed("the message is nested too deeply");
    this.#at++;
  }

  /** Leaves a list or dict, if this is its end. */
  close(): boolean {
    if (this.peek() !== "e") return false;
    this.#at++;
    this.#depth--;
    return true;
  }

  integer(): bigint {
    if (!this.isInteger()) throw malformed("an integer was expected");
    this.#at++;
    const negative = this.peek() === "-";
    if (negative) this.#at++;
    const magnitude = BigInt(this.#digits("e"));
    const value = negative ? -magnitude : magnitude;
    if (value < MIN_INT64 || value > MAX_INT64) throw malformed("an integer has more than 64 bits");
    return value;
  }

  string(): string {
    const length = Number(this.#digits(":"));
    const end = this.#at + length;
    if (end > this.#text.length) throw malformed("a string is cut off");
    const value = this.#text.slice(this.#at, end);
    this.#at = end;
    return value;
  }

  /** A key of the dict being read; it must come after `previous`. */
  key(previous: string | undefined): string {
    const key = this.string();
    if (previous !== undefined && key <= previous) throw malformed("keys are not in ascending order");
    return key;
  }

  /** The key that comes next, without going past it; `undefined` at the end of the dict. */
  peekKey(): string | undefined {
    if (this.peek() === "e") return undefined;
    const start = this.#at;
    const key = this.string();
    this.#at = start;
    return key;
  }

  /** Any value, as it stands. */
  raw(): string {
    const start = this.#at;
    this.#skip();
    return this.#text.slice(start, this.#at);
  }

  scalar(): ConfigScalar {
    if (this.isInteger()) return this.integer();
    if (this.isString()) return this.string();
    throw malformed("a set holds integers and strings only");
  }

  /** Scalars in strict order; there may be none. */
  scalars(): ConfigScalar[] {
    const scalars: ConfigScalar[] = [];
    this.open("l");
    while (!this.close()) {
      const scalar = this.scalar();
      const last = scalars.at(-1);
      if (last !== undefined && compareScalars(last, scalar) >= 0)
        throw malformed("a set is not in ascending order");
      scalars.push(scalar);
    }
    return scalars;
  }

  /** Config data. Sets and dicts in it must not be empty; the outermost dict may. */
  data(): ConfigDict {
    this.open("d");
    const dict = new Map<string, ConfigValue>();
    let previous: string | undefined;
    while (!this.close()) {
      previous = this.key(previous);
      dict.set(previous, this.#value());
    }
    return dict;
  }

  #value(): ConfigValue {
    const next = this.peek();
    if (next === "d") {
      const dict = this.data();
      if (dict.size === 0) throw malformed("the data holds an empty dict");
      return dict;
    }
    if (next === "l") {
      const set: ConfigSet = new Set(this.scalars());
      if (set.size === 0) throw malformed("the data holds an empty set");
      return set;
    }
    return this.scalar();
  }

  #skip(): void {
    const next = this.peek();
    if (next === "d" || next === "l") {
      this.open(next);
      while (!this.close()) {
        if (next === "d") this.string();
        this.#skip();
      }
    } else if (next === "i") {
      this.#at++;
      if (this.peek() === "-") this.#at++;
      this.#digits("e");
    } else {
      this.string();
    }
  }

  /** The digits before `end`, without leading zeros; goes past both. */
  #digits(end: string): string {
    const start = this.#at;
    let next = this.peek();
    while (next >= "0" && next <= "9") {
      this.#at++;
      next = this.peek();
    }
    if (next !== end || this.#at === start) throw malformed("an unexpected byte");
    let first = start;
    while (first < this.#at - 1 && this.#text[first] === "0") first++;
    if (this.#at - first > MAX_DIGITS) throw malformed("a number has too many digits");
    return this.#text.slice(first, this.#at++);
  }
}

export function malformed(message: string): SessionError<ConfigErrorCode> {
  return new SessionError("CONFIG_MALFORMED", message);
}
