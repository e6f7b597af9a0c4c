/**
 * Bit streams and FSE tables of zstd (RFC 8878 §4.1).
 *
 * @module
 */
import { SessionError } from "../errors/index.js";
import type { ConfigErrorCode } from "./errors.js";

/** A decoding table: for each state the symbol, the bits to read next, and the state they are added to. */
export interface FseTable {
  readonly log: number;
  readonly symbols: Uint8Array;
  readonly bits: Uint8Array;
  readonly bases: Uint16Array;
}

/**
 * A stream that is read from its last bit to its first. The highest set bit of the last byte marks the end.
 */
export class BackwardBits {
  readonly #bytes: Uint8Array;
  /** Bits not read yet; negative after reading too many. */
  left: number;

  constructor(bytes: Uint8Array) {
    const last = bytes[bytes.length - 1] ?? 0;
    if (last === 0) throw invalid("a bit stream has no end mark");
    this.#bytes = bytes;
    this.left = bytes.length * 8 - 8 + highestBit(last);
  }

  /** The next `count` bits, at most 31; zeros stand for what is missing. */
  read(count: number): number {
    const value = this.peek(count);
    this.left -= count;
    return value;
  }

  peek(count: number): number {
    if (count > 16) {
      const high = this.#at(this.left - count + 16, count - 16);
      return high * 0x10000 + this.#at(this.left - count, 16);
    }
    return this.#at(this.left - count, count);
  }

  /** `count` bits (at most 16) from bit `position` up; bits below 0 are zero. */
  #at(position: number, count: number): number {
    if (position < 0) {
      const present = position + count;
      return present <= 0 ? 0 : this.#at(0, present) << -position;
    }
    const index = position >> 3;
    const bytes = this.#bytes;
    const word = (bytes[index] ?? 0) | ((bytes[index + 1] ?? 0) << 8) | ((bytes[index + 2] ?? 0) << 16);
    return (word >>> (position & 7)) & ((1 << count) - 1);
  }
}

/** Reads the description of a table from `start`; returns the table and where the description ends. */
export function readFseTable(
  bytes: Uint8Array,
  start: number,
  maxLog: number,
  maxSymbol: number,
): { table: FseTable; end: number } {
  let position = start * 8;
  const take = (count: number): number => {
    const index = position >> 3;
    const word = (bytes[index] ?? 0) | ((bytes[index + 1] ?? 0) << 8) | ((bytes[index + 2] ?? 0) << 16);
    return (word >>> (position & 7)) & ((1 << count) - 1);
  };
  const log = take(4) + 5;
  position += 4;
  if (log > maxLog) throw invalid("a table is too large");

  const counts: number[] = [];
  let remaining = 1 << log;
  while (remaining > 0) {
    // Values up to `remaining` + 1 take the fewest bits that can hold them; the smallest of them one bit less.
    const width = highestBit(remaining + 1) + 1;
    const shortMask = (1 << (width - 1)) - 1;
    const shortValues = (1 << width) - 1 - (remaining + 1);
    let value = take(width);
    if ((value & shortMask) < shortValues) {
      value &= shortMask;
      position += width - 1;
    } else {
      if (value > shortMask) value -= shortValues;
      position += width;
    }
    const count = value - 1;
    counts.push(count);
    remaining -= Math.abs(count);
    if (count === 0) {
      let zeros: number;
      do {
        zeros = take(2);
        position += 2;
        for (let i = 0; i < zeros; i++) counts.push(0);
      } while (zeros === 3 && counts.length <= maxSymbol);
    }
    if (counts.length > maxSymbol + 1) throw invalid("a table has too many symbols");
  }
  const end = (position + 7) >> 3;
  if (remaining !== 0 || end > bytes.length) throw invalid("a table is cut off or does not add up");
  return { table: buildFseTable(counts, log), end };
}

/** The table of given frequencies; −1 stands for "less than one". They must add up to 2^log. */
export function buildFseTable(counts: readonly number[], log: number): FseTable {
  const size = 1 << log;
  const symbols = new Uint8Array(size);
  const next = counts.map((count) => Math.abs(count));
  let high = size - 1;
  counts.forEach((count, symbol) => {
    if (count === -1) symbols[high--] = symbol;
  });
  const step = (size >> 1) + (size >> 3) + 3;
  let position = 0;
  counts.forEach((count, symbol) => {
    for (let i = 0; i < count; i++) {
      symbols[position] = symbol;
      do position = (position + step) & (size - 1);
      while (position > high);
    }
  });
  const bits = new Uint8Array(size);
  const bases = new Uint16Array(size);
  for (let state = 0; state < size; state++) {
    const symbol = symbols[state] as number;
    const nextState = next[symbol] as number;
    next[symbol] = nextState + 1;
    bits[state] = log - highestBit(nextState);
    bases[state] = (nextState << (bits[state] as number)) - size;
  }
  return { log, symbols, bits, bases };
}

/** The table that always gives `symbol` and reads nothing. */
export function constantTable(symbol: number): FseTable {
  return {
    log: 0,
    symbols: Uint8Array.of(symbol),
    bits: new Uint8Array(1),
    bases: new Uint16Array(1),
  };
}

/** Position of the highest set bit of a positive number. */
export function highestBit(value: number): number {
  return 31 - Math.clz32(value);
}

export function invalid(message: string): SessionError<ConfigErrorCode> {
  return new SessionError("ZSTD_INVALID", message);
}
