/**
 * Integers modulo L, the order of the Ed25519 base point, as 32 bytes little endian.
 *
 * Both backends use these: libsodium's own scalar multiplication is not among what its Node binding exposes.
 *
 * @module
 */
import { requireLength } from "./checks.js";

/** L = 2^252 + 27742317777372353535851937790883648493. */
export const ORDER: bigint = 0x1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3edn;

const WORD = 2n ** 256n;
const UINT64 = 2n ** 64n - 1n;

/** {@link Crypto.scalarReduce} */
export function scalarReduce(wide: Uint8Array): Uint8Array {
  requireLength(wide, 64, "a wide scalar");
  return fromScalar(toInteger(wide));
}

/** {@link Crypto.scalarMultiply} */
export function scalarMultiply(a: Uint8Array, b: Uint8Array): Uint8Array {
  return fromScalar(scalarInteger(a) * scalarInteger(b));
}

/** {@link Crypto.scalarAdd} */
export function scalarAdd(a: Uint8Array, b: Uint8Array): Uint8Array {
  return fromScalar((scalarInteger(a) + scalarInteger(b)) % WORD);
}

/** {@link Crypto.scalarNegate} */
export function scalarNegate(a: Uint8Array): Uint8Array {
  return fromScalar(ORDER - (scalarInteger(a) % ORDER));
}

/** The little-endian integer in 32 or 64 bytes. */
export function toInteger(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let value = 0n;
  for (let at = bytes.length - 8; at >= 0; at -= 8) value = (value << 64n) | view.getBigUint64(at, true);
  return value;
}

/** `value` mod L in 32 bytes; `value` must not be negative. */
export function fromScalar(value: bigint): Uint8Array {
  const bytes = new Uint8Array(32);
  const view = new DataView(bytes.buffer);
  let rest = value % ORDER;
  for (let at = 0; at < 32; at += 8) {
    view.setBigUint64(at, rest & UINT64, true);
    rest >>= 64n;
  }
  return bytes;
}

/** The factor of a multiplication without clamping: bit 255 is ignored, as in libsodium, then reduced mod L. */
export function toFactor(scalar: Uint8Array): bigint {
  return (scalarInteger(scalar) % (WORD / 2n)) % ORDER;
}

function scalarInteger(bytes: Uint8Array): bigint {
  requireLength(bytes, 32, "a scalar");
  return toInteger(bytes);
}
