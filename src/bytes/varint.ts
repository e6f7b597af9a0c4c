/**
 * Unsigned LEB128 integers, the varints of protocol buffers: 7 bits a byte, lowest first, top bit set while more
 * follow, at most 10 bytes and 64 bits.
 *
 * @module
 */
import { SessionError } from "../errors/index.js";
import type { BytesErrorCode } from "./errors.js";

const UINT64_MAX = 0xffff_ffff_ffff_ffffn;
const MAX_BYTES = 10;

/** A varint that was read. */
export interface DecodedVarint {
  readonly value: bigint;
  /** Bytes it took, 1 to 10. */
  readonly length: number;
}

/**
 * Shortest encoding of `value`.
 *
 * @throws `BYTES_OUT_OF_RANGE` unless `value` is an integer from 0 to 2^64 − 1 (numbers: a safe integer)
 */
export function encodeVarint(value: bigint | number): Uint8Array {
  if (typeof value === "number" && !Number.isSafeInteger(value)) throw outOfRange();
  let rest = BigInt(value);
  if (rest < 0n || rest > UINT64_MAX) throw outOfRange();
  const bytes: number[] = [];
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

/**
 * Reads the varint at `offset`. Longer encodings than needed are taken, as protocol buffers do.
 *
 * @throws `BYTES_INVALID_VARINT` when it is cut off or exceeds 64 bits
 */
export function decodeVarint(bytes: Uint8Array, offset = 0): DecodedVarint {
  let value = 0n;
  for (let length = 1; length <= MAX_BYTES; length++) {
    const byte = bytes[offset + length - 1];
    if (byte === undefined) throw invalid("is cut off");
    value |= BigInt(byte & 0x7f) << BigInt(7 * (length - 1));
    if (byte < 0x80) {
      if (value > UINT64_MAX) throw invalid("exceeds 64 bits");
      return { value, length };
    }
  }
  throw invalid("is longer than 10 bytes");
}

function invalid(reason: string): SessionError<BytesErrorCode> {
  return new SessionError("BYTES_INVALID_VARINT", `the varint ${reason}`);
}

function outOfRange(): SessionError<BytesErrorCode> {
  return new SessionError("BYTES_OUT_OF_RANGE", "not an unsigned 64-bit integer");
}
