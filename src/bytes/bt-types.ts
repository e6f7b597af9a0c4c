/**
 * Values of bt-encoding and the byte-string keys of its dicts (docs/protocol/bt-encoding.md).
 *
 * A dict key is a *binary string*: one UTF-16 unit of 0 to 255 for each byte. Such strings compare with `<` exactly as
 * their bytes do with `memcmp`.
 *
 * @module
 */
import { SessionError } from "../errors/index.js";
import type { BytesErrorCode } from "./errors.js";

/** A decoded value: integer, byte string, list or dict. */
export type BtValue = bigint | Uint8Array | readonly BtValue[] | BtDict;

/** A decoded dict; its keys are binary strings. */
export type BtDict = ReadonlyMap<string, BtValue>;

/**
 * What can be encoded. Numbers must be safe integers. A string *value* is encoded as its UTF-8 bytes; a *key*, in a Map
 * as in a plain object, is a binary string. Members of a plain object that are undefined are left out.
 */
export type BtInput =
  | bigint
  | number
  | string
  | Uint8Array
  | readonly BtInput[]
  | ReadonlyMap<string, BtInput>
  | { readonly [key: string]: BtInput | undefined };

/** Smallest integer: −2^63. */
export const BT_INTEGER_MIN: bigint = -(2n ** 63n);
/** Greatest integer: 2^64 − 1. Fields that are int64 by their schema check their own limit. */
export const BT_INTEGER_MAX: bigint = 2n ** 64n - 1n;
/** Nesting that encoder and decoder allow unless told otherwise. */
export const BT_MAX_DEPTH = 64;

/** The binary string of `bytes`. */
export function bytesToBinaryString(bytes: Uint8Array): string {
  // In pieces, because the arguments of one call are limited.
  let text = "";
  for (let start = 0; start < bytes.length; start += MAX_ARGUMENTS) {
    text += String.fromCharCode(...bytes.subarray(start, start + MAX_ARGUMENTS));
  }
  return text;
}

const MAX_ARGUMENTS = 4096;

/**
 * The bytes of a binary string.
 *
 * @throws `BYTES_OUT_OF_RANGE` for a unit above 255
 */
export function binaryStringToBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 255) {
      throw new SessionError<BytesErrorCode>("BYTES_OUT_OF_RANGE", "the text is not a binary string", {
        details: { position: i },
      });
    }
    bytes[i] = unit;
  }
  return bytes;
}
