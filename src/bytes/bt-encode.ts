/**
 * Encoder of bt-encoding (docs/protocol/bt-encoding.md §2): one form for each value, dict keys sorted.
 *
 * ```
 * integer  i 42 e          byte string  5:hello
 * list     l values e      dict         d (key value)* e
 * ```
 *
 * @module
 */
import { SessionError } from "../errors/index.js";
import { joinBytes } from "./array.js";
import {
  BT_INTEGER_MAX,
  BT_INTEGER_MIN,
  BT_MAX_DEPTH,
  type BtInput,
  binaryStringToBytes,
} from "./bt-types.js";
import type { BtErrorCode, BytesErrorCode } from "./errors.js";
import { utf8ToBytes } from "./utf8.js";

/**
 * The encoding of `value`.
 *
 * @throws `BT_OUT_OF_RANGE` for an integer outside −2^63 … 2^64 − 1 or a number that is no safe integer, `BT_TOO_DEEP`
 * for more than 64 levels, `BYTES_OUT_OF_RANGE` for a key that is no binary string, `BT_INVALID` for any other type
 */
export function btEncode(value: BtInput): Uint8Array {
  const parts: Uint8Array[] = [];
  append(parts, value, 1);
  return joinBytes(parts);
}

function append(parts: Uint8Array[], value: BtInput, depth: number): void {
  if (typeof value === "bigint" || typeof value === "number") {
    parts.push(utf8ToBytes(`i${integer(value)}e`));
  } else if (typeof value === "string") {
    appendBytes(parts, utf8ToBytes(value));
  } else if (value instanceof Uint8Array) {
    appendBytes(parts, value);
  } else {
    if (depth > BT_MAX_DEPTH) throw failure("BT_TOO_DEEP", "the value is nested too deeply");
    if (Array.isArray(value)) appendList(parts, value, depth);
    else appendDict(parts, entriesOf(value), depth);
  }
}

function appendBytes(parts: Uint8Array[], bytes: Uint8Array): void {
  parts.push(utf8ToBytes(`${bytes.length}:`), bytes);
}

function appendList(parts: Uint8Array[], values: readonly BtInput[], depth: number): void {
  parts.push(LIST);
  for (const value of values) append(parts, value, depth + 1);
  parts.push(END);
}

function appendDict(parts: Uint8Array[], entries: [string, BtInput][], depth: number): void {
  parts.push(DICT);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [key, value] of entries) {
    appendBytes(parts, binaryStringToBytes(key));
    append(parts, value, depth + 1);
  }
  parts.push(END);
}

function entriesOf(value: unknown): [string, BtInput][] {
  if (value instanceof Map) return [...(value as Map<string, BtInput>)];
  const prototype: unknown =
    typeof value === "object" && value !== null ? Object.getPrototypeOf(value) : undefined;
  if (prototype !== Object.prototype && prototype !== null) {
    throw failure("BT_INVALID", "bt-encoding has no form for this type");
  }
  const entries = Object.entries(value as Record<string, BtInput | undefined>);
  return entries.filter((entry): entry is [string, BtInput] => entry[1] !== undefined);
}

function integer(value: bigint | number): string {
  const inRange = typeof value === "number" ? Number.isSafeInteger(value) : fits(value);
  if (!inRange) throw failure("BT_OUT_OF_RANGE", "the integer cannot be encoded");
  return BigInt(value).toString();
}

function fits(value: bigint): boolean {
  return value >= BT_INTEGER_MIN && value <= BT_INTEGER_MAX;
}

function failure(code: BtErrorCode, message: string): SessionError<BytesErrorCode> {
  return new SessionError(code, message);
}

const LIST: Uint8Array = /* @__PURE__ */ Uint8Array.of(0x6c);
const DICT: Uint8Array = /* @__PURE__ */ Uint8Array.of(0x64);
const END: Uint8Array = /* @__PURE__ */ Uint8Array.of(0x65);
