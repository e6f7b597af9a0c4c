/**
 * Decoder of bt-encoding (docs/protocol/bt-encoding.md §3).
 *
 * Leniently (the default) it takes what the network's reference consumer takes: dict keys in any order, leading zeros,
 * bytes after the outermost value. Strictly it takes only what {@link btEncode} produces. Either way depth and size are
 * bounded, and no length or integer in the input can make it allocate or recurse beyond them.
 *
 * @module
 */
import { SessionError } from "../errors/index.js";
import {
  BT_INTEGER_MAX,
  BT_INTEGER_MIN,
  BT_MAX_DEPTH,
  type BtDict,
  type BtValue,
  bytesToBinaryString,
} from "./bt-types.js";
import type { BtErrorCode, BytesErrorCode } from "./errors.js";

/** What {@link btDecode} takes. */
export interface BtDecodeOptions {
  /**
   * True: dict keys must ascend strictly, integers and lengths must be in shortest form, nothing may follow the value.
   * Default: false; of equal keys the last one counts.
   */
  readonly strict?: boolean | undefined;
  /** Lists and dicts inside each other, at most. Default: 64; values above 1,000 count as 1,000. */
  readonly maxDepth?: number | undefined;
  /** Longest input, in bytes. Default: no limit beyond the input itself. */
  readonly maxBytes?: number | undefined;
}

/**
 * Decodes one value. Byte strings are copies, independent of `bytes`.
 *
 * @throws `BT_TRUNCATED`, `BT_INVALID`, `BT_TOO_DEEP`, `BT_TOO_LARGE`, `BT_OUT_OF_RANGE`; strict also `BT_UNSORTED`,
 * `BT_TRAILING`, `BT_NOT_CANONICAL`
 */
export function btDecode(bytes: Uint8Array, options: BtDecodeOptions = {}): BtValue {
  const reader = new BtReader(bytes, options);
  const value = reader.value(1);
  reader.end();
  return value;
}

/**
 * As {@link btDecode}, for input whose outermost value must be a dict.
 *
 * @throws also `BT_INVALID` for another type
 */
export function btDecodeDict(bytes: Uint8Array, options: BtDecodeOptions = {}): BtDict {
  const value = btDecode(bytes, options);
  if (!(value instanceof Map)) throw failure("BT_INVALID", "the value is not a dict", 0);
  return value;
}

/** Deep enough for any protocol message, shallow enough for any stack. */
const HARD_MAX_DEPTH = 1000;
/** Digits of the longest integer, and of the longest string length, that a strict form can have; leading zeros aside. */
const MAX_DIGITS = 20;

const LIST = 0x6c;
const DICT = 0x64;
const INTEGER = 0x69;
const END = 0x65;
const COLON = 0x3a;
const MINUS = 0x2d;

/** A dict entry as {@link BtReader.dict} meets it. */
type EntryVisitor = (key: string, value: BtValue, start: number) => void;

/** Reads values one after the other. For this room only; others use {@link btDecode}. */
export class BtReader {
  readonly #bytes: Uint8Array;
  readonly #strict: boolean;
  readonly #maxDepth: number;
  #at = 0;

  constructor(bytes: Uint8Array, { strict = false, maxDepth = BT_MAX_DEPTH, maxBytes }: BtDecodeOptions) {
    if (maxBytes !== undefined && bytes.length > maxBytes) {
      throw failure("BT_TOO_LARGE", "the input is too long", 0, { length: bytes.length, maxBytes });
    }
    this.#bytes = bytes;
    this.#strict = strict;
    this.#maxDepth = Math.min(maxDepth, HARD_MAX_DEPTH);
  }

  /** Offset of the next byte. */
  get position(): number {
    return this.#at;
  }

  value(depth: number): BtValue {
    const type = this.#peek();
    if (type === INTEGER) return this.#integer();
    if (type === LIST) return this.#list(depth);
    if (type === DICT) return this.dict(depth);
    return this.#string();
  }

  /** Checks that nothing follows, if that matters. */
  end(): void {
    if (this.#strict && this.#at < this.#bytes.length)
      throw failure("BT_TRAILING", "bytes follow the value", this.#at);
  }

  dict(depth: number, visit?: EntryVisitor): BtDict {
    this.#open(DICT, depth);
    const dict = new Map<string, BtValue>();
    let previous: string | undefined;
    while (!this.#close()) {
      const start = this.#at;
      const key = bytesToBinaryString(this.#string());
      if (this.#strict && previous !== undefined && key <= previous) {
        throw failure("BT_UNSORTED", "the dict's keys are not in strictly ascending order", start);
      }
      previous = key;
      const value = this.value(depth + 1);
      dict.set(key, value);
      visit?.(key, value, start);
    }
    return dict;
  }

  #list(depth: number): readonly BtValue[] {
    this.#open(LIST, depth);
    const list: BtValue[] = [];
    while (!this.#close()) list.push(this.value(depth + 1));
    return list;
  }

  #open(type: number, depth: number): void {
    if (this.#peek() !== type) throw failure("BT_INVALID", "a value of another type was expected", this.#at);
    // Written so that a limit of NaN refuses everything instead of nothing.
    if (!(depth <= this.#maxDepth)) throw failure("BT_TOO_DEEP", "the value is nested too deeply", this.#at);
    this.#at++;
  }

  /** Consumes the closing `e` if it is next. */
  #close(): boolean {
    if (this.#peek() !== END) return false;
    this.#at++;
    return true;
  }

  #integer(): bigint {
    const start = this.#at++;
    const negative = this.#peek() === MINUS;
    if (negative) this.#at++;
    const magnitude = BigInt(this.#digits(END));
    const value = negative ? -magnitude : magnitude;
    if (value < BT_INTEGER_MIN || value > BT_INTEGER_MAX)
      throw failure("BT_OUT_OF_RANGE", "the integer is too big", start);
    if (this.#strict && negative && value === 0n) throw failure("BT_NOT_CANONICAL", "zero has a sign", start);
    return value;
  }

  #string(): Uint8Array {
    const start = this.#at;
    const length = Number(this.#digits(COLON));
    if (length > this.#bytes.length - this.#at)
      throw failure("BT_TRUNCATED", "a byte string is cut off", start);
    this.#at += length;
    // Not subarray: a small value must not keep a large input alive. Not slice: a Buffer's shares its memory.
    return new Uint8Array(this.#bytes.subarray(this.#at - length, this.#at));
  }

  /** The digits before `terminator`, without leading zeros; consumes both. */
  #digits(terminator: number): string {
    const start = this.#at;
    let byte = this.#peek();
    while (byte >= 0x30 && byte <= 0x39) {
      this.#at++;
      byte = this.#peek();
    }
    if (byte !== terminator || this.#at === start)
      throw failure("BT_INVALID", "an unexpected byte", this.#at);
    let first = start;
    while (first < this.#at - 1 && this.#bytes[first] === 0x30) first++;
    if (this.#strict && first !== start)
      throw failure("BT_NOT_CANONICAL", "a number has leading zeros", start);
    if (this.#at - first > MAX_DIGITS)
      throw failure("BT_OUT_OF_RANGE", "a number has too many digits", start);
    const digits = bytesToBinaryString(this.#bytes.subarray(first, this.#at));
    this.#at++;
    return digits;
  }

  #peek(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw failure("BT_TRUNCATED", "the input ends inside a value", this.#at);
    return byte;
  }
}

function failure(
  code: BtErrorCode,
  message: string,
  position: number,
  details: Record<string, unknown> = {},
): SessionError<BytesErrorCode> {
  return new SessionError(code, message, { details: { ...details, position } });
}
