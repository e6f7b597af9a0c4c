/**
 * Decompression of zstd (RFC 8878), bounded in memory and time by what the caller allows.
 *
 * ```text
 * frame   28 B5 2F FD   descriptor   [window]   [dictionary id]   [content size]   blocks   [checksum]
 * block   3 bytes: last (1 bit), type (2 bits), size (21 bits)    raw | one byte repeated | compressed
 * ```
 *
 * Own code, because what it reads comes from the network: see docs/decisions/011-config.md. The output is the window, so a
 * frame's window costs nothing; a size that the frame claims is checked before anything is allocated. Checksums are not
 * verified: everything that is decompressed here was authenticated before.
 *
 * @module
 */
import { SessionError } from "../errors/index.js";
import type { ConfigErrorCode } from "./errors.js";
import { MAX_DECOMPRESSED_BYTES } from "./limits.js";
import { invalid } from "./zstd-bits.js";
import { byteAt, type HuffmanTable, littleEndian, readLiterals } from "./zstd-literals.js";
import { FIRST_OFFSETS, runSequences, type SequenceTables } from "./zstd-sequences.js";

const MAGIC = 0xfd2fb528;
/** Magic numbers that differ from it in the low 4 bits alone start frames to be skipped. */
const SKIPPABLE_MAGIC = 0x184d2a50;
const MAX_BLOCK_SIZE = 128 * 1024;

/** Bytes that grow up to a limit. */
class Output {
  readonly #maxSize: number;
  bytes: Uint8Array = new Uint8Array(0);
  length = 0;

  constructor(maxSize: number) {
    this.#maxSize = maxSize;
  }

  /** Makes room for `count` more bytes. @throws `ZSTD_TOO_LARGE` */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed > this.#maxSize) throw this.tooLarge(needed);
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, Math.min(this.bytes.length * 2, this.#maxSize)));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  /** How much of `wanted` bytes is allowed. */
  room(wanted: number): number {
    return Math.min(wanted, this.#maxSize - this.length);
  }

  tooLarge(size: number): SessionError<ConfigErrorCode> {
    return new SessionError("ZSTD_TOO_LARGE", `the data decompresses to more than ${this.#maxSize} bytes`, {
      details: { size, maxSize: this.#maxSize },
    });
  }
}

/**
 * Decompresses one or more frames.
 *
 * @param maxSize - most bytes that may come out; default 10,000,000
 * @throws `ZSTD_INVALID`, `ZSTD_TOO_LARGE`
 */
export function zstdDecompress(data: Uint8Array, maxSize: number = MAX_DECOMPRESSED_BYTES): Uint8Array {
  const output = new Output(maxSize);
  let at = 0;
  do {
    const magic = littleEndian(data, at, 4);
    if (magic === MAGIC) {
      at = readFrame(data, at + 4, output);
    } else if (magic - (magic % 16) === SKIPPABLE_MAGIC) {
      at += 8 + littleEndian(data, at + 4, 4);
      if (at > data.length) throw invalid("a frame is cut off");
    } else {
      throw invalid("this is no zstd frame");
    }
  } while (at < data.length);
  return output.bytes.length === output.length ? output.bytes : output.bytes.slice(0, output.length);
}

/** What a frame's header says. */
interface FrameHeader {
  readonly contentSize: number | undefined;
  readonly maxBlockSize: number;
  readonly hasChecksum: boolean;
  readonly end: number;
}

function readFrame(data: Uint8Array, start: number, output: Output): number {
  const header = readHeader(data, start);
  const { contentSize } = header;
  output.reserve(contentSize ?? 0);
  const frame: FrameState = {
    start: output.length,
    end: contentSize === undefined ? undefined : output.length + contentSize,
    maxBlockSize: header.maxBlockSize,
    offsets: [...FIRST_OFFSETS],
    huffman: undefined,
    tables: undefined,
  };
  let at = header.end;
  for (let last = false; !last; ) {
    const block = littleEndian(data, at, 3);
    last = (block & 1) === 1;
    at = readBlock(data, at + 3, { type: (block >> 1) & 3, size: block >> 3 }, frame, output);
  }
  if (frame.end !== undefined && output.length !== frame.end) throw wrongSize();
  if (!header.hasChecksum) return at;
  if (at + 4 > data.length) throw invalid("a frame is cut off");
  return at + 4;
}

function readHeader(data: Uint8Array, start: number): FrameHeader {
  const descriptor = byteAt(data, start);
  if ((descriptor & 8) !== 0) throw invalid("a reserved bit is set");
  const isSingleSegment = (descriptor & 32) !== 0;
  let at = start + 1;
  let windowSize = Number.POSITIVE_INFINITY;
  if (!isSingleSegment) {
    const window = byteAt(data, at++);
    windowSize = 2 ** (10 + (window >> 3)) * (1 + (window & 7) / 8);
  }
  const idSize = [0, 1, 2, 4][descriptor & 3] as number;
  if (littleEndian(data, at, idSize) !== 0) throw invalid("the frame needs a dictionary");
  at += idSize;
  const sizeSize = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] as number;
  // Above 2^53 the sum is not exact, and too large in any case.
  const size = littleEndian(data, at, sizeSize) + (sizeSize === 2 ? 256 : 0);
  if (isSingleSegment) windowSize = size;
  return {
    contentSize: sizeSize === 0 ? undefined : size,
    maxBlockSize: Math.min(windowSize, MAX_BLOCK_SIZE),
    hasChecksum: (descriptor & 4) !== 0,
    end: at + sizeSize,
  };
}

/** What the blocks of a frame share. */
interface FrameState {
  readonly start: number;
  /** Where the output ends, if the frame claims a size. */
  readonly end: number | undefined;
  readonly maxBlockSize: number;
  readonly offsets: [number, number, number];
  huffman: HuffmanTable | undefined;
  tables: SequenceTables | undefined;
}

function readBlock(
  data: Uint8Array,
  start: number,
  { type, size }: { readonly type: number; readonly size: number },
  frame: FrameState,
  output: Output,
): number {
  if (type === 3 || size > frame.maxBlockSize) throw invalid("a block is too long or of unknown type");
  const end = start + (type === 1 ? 1 : size);
  if (end > data.length) throw invalid("a block is cut off");
  if (type === 2) {
    runBlock(data.subarray(start, end), frame, output);
    return end;
  }
  const to = output.length + size;
  if (frame.end !== undefined && to > frame.end) throw wrongSize();
  output.reserve(size);
  if (type === 1) output.bytes.fill(byteAt(data, start), output.length, to);
  else output.bytes.set(data.subarray(start, end), output.length);
  output.length = to;
  return end;
}

function runBlock(block: Uint8Array, frame: FrameState, output: Output): void {
  const { offsets, maxBlockSize } = frame;
  const literals = readLiterals(block, frame.huffman, maxBlockSize);
  const start = output.length;
  const claimed = frame.end === undefined ? maxBlockSize : Math.min(maxBlockSize, frame.end - start);
  const room = output.room(claimed);
  output.reserve(room);
  const { end, tables } = runSequences(block.subarray(literals.end), literals.bytes, frame.tables, {
    bytes: output.bytes,
    frameStart: frame.start,
    start,
    limit: start + room,
    tooLong: () => (room < claimed ? output.tooLarge(start + claimed) : wrongSize()),
    offsets,
  });
  frame.huffman = literals.table;
  frame.tables = tables;
  output.length = end;
}

function wrongSize(): SessionError<ConfigErrorCode> {
  return invalid("a block or frame is longer than allowed or not as long as it claims");
}
