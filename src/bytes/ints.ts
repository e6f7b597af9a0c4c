/**
 * Integers of fixed width. 32-bit values are numbers, 64-bit values are bigints.
 *
 * @module
 */
import { SessionError } from "../errors/index.js";
import type { BytesErrorCode } from "./errors.js";

const UINT32_MAX = 0xffff_ffff;
const UINT64_MAX = 0xffff_ffff_ffff_ffffn;

/**
 * Unsigned little-endian 32-bit integer at `offset`.
 *
 * @throws `BYTES_OUT_OF_RANGE` when fewer than 4 bytes are there
 */
export function readUint32LE(bytes: Uint8Array, offset = 0): number {
  return view(bytes, offset, 4).getUint32(0, true);
}

/**
 * 4 bytes, little endian.
 *
 * @throws `BYTES_OUT_OF_RANGE` unless `value` is an integer from 0 to 2^32 − 1
 */
export function writeUint32LE(value: number): Uint8Array {
  return written32(value, true);
}

/** As {@link readUint32LE}, big endian. */
export function readUint32BE(bytes: Uint8Array, offset = 0): number {
  return view(bytes, offset, 4).getUint32(0, false);
}

/** As {@link writeUint32LE}, big endian. */
export function writeUint32BE(value: number): Uint8Array {
  return written32(value, false);
}

/**
 * Unsigned little-endian 64-bit integer at `offset`.
 *
 * @throws `BYTES_OUT_OF_RANGE` when fewer than 8 bytes are there
 */
export function readUint64LE(bytes: Uint8Array, offset = 0): bigint {
  return view(bytes, offset, 8).getBigUint64(0, true);
}

/**
 * 8 bytes, little endian.
 *
 * @throws `BYTES_OUT_OF_RANGE` unless `value` is from 0 to 2^64 − 1
 */
export function writeUint64LE(value: bigint): Uint8Array {
  return written64(value, true);
}

/** As {@link readUint64LE}, big endian. */
export function readUint64BE(bytes: Uint8Array, offset = 0): bigint {
  return view(bytes, offset, 8).getBigUint64(0, false);
}

/** As {@link writeUint64LE}, big endian. */
export function writeUint64BE(value: bigint): Uint8Array {
  return written64(value, false);
}

function view(bytes: Uint8Array, offset: number, width: number): DataView {
  if (!Number.isSafeInteger(offset) || offset < 0 || offset + width > bytes.length) {
    throw outOfRange(`no ${width}-byte integer at the offset`, { offset, length: bytes.length });
  }
  return new DataView(bytes.buffer, bytes.byteOffset + offset, width);
}

function written32(value: number, littleEndian: boolean): Uint8Array {
  if (!Number.isInteger(value) || value < 0 || value > UINT32_MAX)
    throw outOfRange("not an unsigned 32-bit integer");
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, littleEndian);
  return bytes;
}

function written64(value: bigint, littleEndian: boolean): Uint8Array {
  if (value < 0n || value > UINT64_MAX) throw outOfRange("not an unsigned 64-bit integer");
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, littleEndian);
  return bytes;
}

function outOfRange(message: string, details: Record<string, unknown> = {}): SessionError<BytesErrorCode> {
  return new SessionError("BYTES_OUT_OF_RANGE", message, { details });
}
