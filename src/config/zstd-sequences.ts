/**
 * The sequences of a zstd block (RFC 8878 §3.1.1.3.2, §3.1.1.4): how many literals to copy, then how much from how far
 * back.
 *
 * @module
 */
import {
  BackwardBits,
  buildFseTable,
  constantTable,
  type FseTable,
  invalid,
  readFseTable,
} from "./zstd-bits.js";
import { byteAt, littleEndian } from "./zstd-literals.js";

/** The tables of literal lengths, offsets and match lengths. */
export type SequenceTables = readonly [FseTable, FseTable, FseTable];

/** Offsets of the last three matches; what a frame starts with. */
export const FIRST_OFFSETS: readonly [number, number, number] = [1, 4, 8];

const LITERAL_WIDTHS = [
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14,
  15, 16,
] as const;
const MATCH_WIDTHS = [
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1,
  2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
] as const;
const LITERAL_BASES: readonly number[] = /* @__PURE__ */ basesOf(0, LITERAL_WIDTHS);
const MATCH_BASES: readonly number[] = /* @__PURE__ */ basesOf(3, MATCH_WIDTHS);

/** Frequencies of the tables that need no description, in the order of {@link SequenceTables}. */
const DEFAULTS = [
  {
    log: 6,
    counts: [
      4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1,
      -1, -1,
    ],
  },
  {
    log: 5,
    counts: [1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1],
  },
  {
    log: 6,
    counts: [
      1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
      1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1,
    ],
  },
] as const;
const MAX_LOGS = [9, 8, 9] as const;
const MAX_SYMBOLS = [35, 31, 52] as const;

/** Where the sequences of a block go. */
export interface BlockOutput {
  /** The frame so far; room for the whole block is there. */
  readonly bytes: Uint8Array;
  /** Where the frame starts in `bytes`: no match reaches before it. */
  readonly frameStart: number;
  /** Where the block starts. */
  readonly start: number;
  /** Where the block must end at the latest. */
  readonly limit: number;
  /** The error for a block that would go on. */
  readonly tooLong: () => Error;
  /** The last three offsets, changed in place. */
  readonly offsets: [number, number, number];
}

/**
 * Reads the sequences in `section` and carries them out.
 *
 * @returns where the block ends in the output, and the tables that a later block may refer to
 */
export function runSequences(
  section: Uint8Array,
  literals: Uint8Array,
  previous: SequenceTables | undefined,
  output: BlockOutput,
): { end: number; tables: SequenceTables | undefined } {
  const { count, start } = readCount(section);
  if (count === 0) {
    if (start !== section.length) throw invalid("bytes follow the last sequence");
    return { end: copyLiterals(literals, 0, literals.length, output, output.start), tables: previous };
  }
  const { tables, end: tablesEnd } = readTables(section, start, previous);
  const [literalTable, offsetTable, matchTable] = tables;
  const bits = new BackwardBits(section.subarray(tablesEnd));
  let literalState = bits.read(literalTable.log);
  let offsetState = bits.read(offsetTable.log);
  let matchState = bits.read(matchTable.log);
  let literalsAt = 0;
  let at = output.start;
  for (let i = 0; i < count; i++) {
    const literalCode = literalTable.symbols[literalState] as number;
    const offsetCode = offsetTable.symbols[offsetState] as number;
    const matchCode = matchTable.symbols[matchState] as number;
    const offsetValue = 2 ** offsetCode + bits.read(offsetCode);
    const matchLength = (MATCH_BASES[matchCode] as number) + bits.read(MATCH_WIDTHS[matchCode] as number);
    const literalLength =
      (LITERAL_BASES[literalCode] as number) + bits.read(LITERAL_WIDTHS[literalCode] as number);
    if (i < count - 1) {
      literalState = nextState(literalTable, literalState, bits);
      matchState = nextState(matchTable, matchState, bits);
      offsetState = nextState(offsetTable, offsetState, bits);
    }
    if (bits.left < 0) throw invalid("the sequences are cut off");
    at = copyLiterals(literals, literalsAt, literalLength, output, at);
    literalsAt += literalLength;
    at = copyMatch(resolveOffset(offsetValue, literalLength, output.offsets), matchLength, output, at);
  }
  if (bits.left !== 0) throw invalid("bits are left after the last sequence");
  return { end: copyLiterals(literals, literalsAt, literals.length - literalsAt, output, at), tables };
}

function nextState(table: FseTable, state: number, bits: BackwardBits): number {
  return (table.bases[state] as number) + bits.read(table.bits[state] as number);
}

function readCount(section: Uint8Array): { count: number; start: number } {
  const first = byteAt(section, 0);
  if (first < 128) return { count: first, start: 1 };
  if (first < 255) return { count: ((first - 128) << 8) + byteAt(section, 1), start: 2 };
  return { count: littleEndian(section, 1, 2) + 0x7f00, start: 3 };
}

function readTables(
  section: Uint8Array,
  start: number,
  previous: SequenceTables | undefined,
): { tables: SequenceTables; end: number } {
  const modes = byteAt(section, start);
  if ((modes & 3) !== 0) throw invalid("a reserved bit is set");
  let end = start + 1;
  const tables = [6, 4, 2].map((shift, index) => {
    const mode = (modes >> shift) & 3;
    const maxSymbol = MAX_SYMBOLS[index] as number;
    if (mode === 0) {
      const { counts, log } = DEFAULTS[index] as (typeof DEFAULTS)[number];
      return buildFseTable(counts, log);
    }
    if (mode === 1) {
      const symbol = byteAt(section, end++);
      if (symbol > maxSymbol) throw invalid("a code is out of range");
      return constantTable(symbol);
    }
    if (mode === 2) {
      const read = readFseTable(section, end, MAX_LOGS[index] as number, maxSymbol);
      end = read.end;
      return read.table;
    }
    const table = previous?.[index];
    if (table === undefined) throw invalid("the sequences refer to a table that is not there");
    return table;
  });
  return { tables: tables as unknown as SequenceTables, end };
}

/** Values 1 to 3 stand for recent offsets, greater ones for the offset plus 3. Changes the recent ones. */
function resolveOffset(value: number, literalLength: number, recent: [number, number, number]): number {
  const [first, second, third] = recent;
  if (value > 3) {
    recent.splice(0, 3, value - 3, first, second);
    return recent[0];
  }
  // Without literals before it, the last offset would have been a longer match: the values shift by one.
  const choice = literalLength === 0 ? value : value - 1;
  if (choice === 0) return first;
  const offset = choice === 1 ? second : choice === 2 ? third : first - 1;
  recent.splice(0, 3, offset, first, choice === 1 ? third : second);
  return offset;
}

function copyLiterals(
  literals: Uint8Array,
  from: number,
  length: number,
  { bytes, limit, tooLong }: BlockOutput,
  at: number,
): number {
  if (from + length > literals.length) throw invalid("the sequences need more literals than there are");
  if (at + length > limit) throw tooLong();
  bytes.set(literals.subarray(from, from + length), at);
  return at + length;
}

function copyMatch(offset: number, length: number, output: BlockOutput, at: number): number {
  const { bytes, frameStart, limit, tooLong } = output;
  if (offset <= 0 || offset > at - frameStart) throw invalid("a match reaches too far back");
  const end = at + length;
  if (end > limit) throw tooLong();
  // Byte by byte: a match may overlap what it writes.
  for (let to = at; to < end; to++) bytes[to] = bytes[to - offset] as number;
  return end;
}

/** Each code starts where the one before it ends. */
function basesOf(first: number, widths: readonly number[]): number[] {
  const bases: number[] = [];
  let base = first;
  for (const width of widths) {
    bases.push(base);
    base += 2 ** width;
  }
  return bases;
}
