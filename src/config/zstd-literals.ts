/**
 * The literals of a zstd block (RFC 8878 §3.1.1.3.1, §4.2): plain, one byte repeated, or Huffman coded.
 *
 * @module
 */
import { BackwardBits, highestBit, invalid, readFseTable } from "./zstd-bits.js";

/** Huffman decoding: by the next `log` bits, the symbol and the length of its code. */
export interface HuffmanTable {
  readonly log: number;
  readonly symbols: Uint8Array;
  readonly lengths: Uint8Array;
}

/** What a literals section gives. */
export interface Literals {
  readonly bytes: Uint8Array;
  /** Offset after the section. */
  readonly end: number;
  /** The table to use where a later block refers to the last one. */
  readonly table: HuffmanTable | undefined;
}

const MAX_WEIGHT_LOG = 6;
const MAX_CODE_LENGTH = 11;
const STREAMS = 4;

/**
 * @param block - the whole block; the section starts at 0
 * @param maxSize - most literals that a block may have
 */
export function readLiterals(
  block: Uint8Array,
  previous: HuffmanTable | undefined,
  maxSize: number,
): Literals {
  const first = byteAt(block, 0);
  const type = first & 3;
  const format = (first >> 2) & 3;
  return type < 2
    ? readPlain(block, type === 1, format, previous, maxSize)
    : readCoded(block, type === 3, format, previous, maxSize);
}

function readPlain(
  block: Uint8Array,
  repeated: boolean,
  format: number,
  table: HuffmanTable | undefined,
  maxSize: number,
): Literals {
  const header = format === 1 ? 2 : format === 3 ? 3 : 1;
  const size = littleEndian(block, 0, header) >> (header === 1 ? 3 : 4);
  const end = header + (repeated ? 1 : size);
  if (size > maxSize || end > block.length) throw invalid("literals are too long or cut off");
  const bytes = repeated ? new Uint8Array(size).fill(byteAt(block, header)) : block.subarray(header, end);
  return { bytes, end, table };
}

function readCoded(
  block: Uint8Array,
  sameTable: boolean,
  format: number,
  previous: HuffmanTable | undefined,
  maxSize: number,
): Literals {
  const header = format < 2 ? 3 : format + 2;
  const width = format < 2 ? 10 : format === 2 ? 14 : 18;
  // Up to 40 bits, beyond what bitwise operators can hold.
  const fields = Math.floor(littleEndian(block, 0, header) / 16);
  const size = fields % 2 ** width;
  const end = header + (Math.floor(fields / 2 ** width) % 2 ** width);
  if (size > maxSize || end > block.length) throw invalid("literals are too long or cut off");

  let start = header;
  let table = previous;
  if (!sameTable) ({ table, end: start } = readHuffmanTable(block.subarray(0, end), header));
  if (table === undefined) throw invalid("literals refer to a table that is not there");
  const bytes = new Uint8Array(size);
  const streams = block.subarray(start, end);
  if (format === 0) decodeStream(streams, bytes, table);
  else decodeStreams(streams, bytes, table);
  return { bytes, end, table };
}

/** Four streams after a table of the lengths of the first three. */
function decodeStreams(streams: Uint8Array, out: Uint8Array, table: HuffmanTable): void {
  const share = (out.length + STREAMS - 1) >> 2;
  let at = 6;
  for (let i = 0; i < STREAMS; i++) {
    const end = i < STREAMS - 1 ? at + littleEndian(streams, i * 2, 2) : streams.length;
    const outStart = Math.min(i * share, out.length);
    const outEnd = i < STREAMS - 1 ? Math.min(outStart + share, out.length) : out.length;
    if (end > streams.length || at > end) throw invalid("a stream of literals is cut off");
    decodeStream(streams.subarray(at, end), out.subarray(outStart, outEnd), table);
    at = end;
  }
}

function decodeStream(stream: Uint8Array, out: Uint8Array, { log, symbols, lengths }: HuffmanTable): void {
  const bits = new BackwardBits(stream);
  for (let i = 0; i < out.length; i++) {
    const index = bits.peek(log);
    out[i] = symbols[index] as number;
    bits.left -= lengths[index] as number;
  }
  if (bits.left !== 0) throw invalid("a stream of literals has a wrong length");
}

function readHuffmanTable(bytes: Uint8Array, start: number): { table: HuffmanTable; end: number } {
  const header = byteAt(bytes, start);
  const direct = header >= 128;
  const count = header - 127;
  const end = start + 1 + (direct ? (count + 1) >> 1 : header);
  if (end > bytes.length) throw invalid("a table of literals is cut off");
  const weights: number[] = [];
  if (direct) {
    for (let i = 0; i < count; i++) {
      const pair = byteAt(bytes, start + 1 + (i >> 1));
      weights.push(i % 2 === 0 ? pair >> 4 : pair & 15);
    }
  } else {
    weights.push(...readWeights(bytes.subarray(start + 1, end)));
  }
  return { table: buildHuffmanTable(weights), end };
}

/** Weights in FSE coding: two states take turns until the bits are used up. */
function readWeights(bytes: Uint8Array): number[] {
  const { table, end } = readFseTable(bytes, 0, MAX_WEIGHT_LOG, MAX_CODE_LENGTH + 1);
  const bits = new BackwardBits(bytes.subarray(end));
  const weights: number[] = [];
  const states = [bits.read(table.log), bits.read(table.log)];
  if (bits.left < 0) throw invalid("a table of literals is cut off");
  for (let turn = 0; weights.length < 255; turn ^= 1) {
    const state = states[turn] as number;
    weights.push(table.symbols[state] as number);
    const width = table.bits[state] as number;
    if (bits.left < width) {
      weights.push(table.symbols[states[turn ^ 1] as number] as number);
      break;
    }
    states[turn] = (table.bases[state] as number) + bits.read(width);
  }
  return weights;
}

/** Codes by weight: the weight of the last symbol is what is missing to a power of two. */
function buildHuffmanTable(weights: readonly number[]): HuffmanTable {
  let sum = 0;
  for (const weight of weights) {
    if (weight > MAX_CODE_LENGTH) throw invalid("a code of literals is too long");
    sum += weight === 0 ? 0 : 1 << (weight - 1);
  }
  if (sum === 0 || weights.length > 255) throw invalid("a table of literals is empty or too large");
  const log = highestBit(sum) + 1;
  const rest = (1 << log) - sum;
  if (log > MAX_CODE_LENGTH || (rest & (rest - 1)) !== 0)
    throw invalid("a table of literals does not add up");
  const all = [...weights, highestBit(rest) + 1];

  const symbols = new Uint8Array(1 << log);
  const lengths = new Uint8Array(1 << log);
  let at = 0;
  for (let weight = 1; weight <= log; weight++) {
    for (let symbol = 0; symbol < all.length; symbol++) {
      if (all[symbol] !== weight) continue;
      const end = at + (1 << (weight - 1));
      symbols.fill(symbol, at, end);
      lengths.fill(log + 1 - weight, at, end);
      at = end;
    }
  }
  return { log, symbols, lengths };
}

export function byteAt(bytes: Uint8Array, index: number): number {
  const byte = bytes[index];
  if (byte === undefined) throw invalid("the data is cut off");
  return byte;
}

/** `count` bytes as a number; up to 6 are exact. */
export function littleEndian(bytes: Uint8Array, start: number, count: number): number {
  let value = 0;
  for (let i = count - 1; i >= 0; i--) value = value * 256 + byteAt(bytes, start + i);
  return value;
}
