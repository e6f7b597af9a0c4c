/**
 * JSON with bytes and 64-bit integers: a `Uint8Array` is written as `{"$bytes": base64}`, a bigint as
 * `{"$bigint": decimal}`. Used for records that hold whole messages.
 *
 * @module
 */
import { base64ToBytes, bytesToBase64 } from "../bytes/index.js";

/** What `encodeJson` takes. */
export type StoredValue =
  | null
  | boolean
  | number
  | string
  | bigint
  | Uint8Array
  | readonly StoredValue[]
  | { readonly [key: string]: StoredValue | undefined };

/** JSON text of `value`. */
export function encodeJson(value: StoredValue): string {
  return JSON.stringify(value, (_key, member: unknown) => {
    if (typeof member === "bigint") return { $bigint: String(member) };
    return member instanceof Uint8Array ? { $bytes: bytesToBase64(member) } : member;
  });
}

/** The value of `encodeJson`'s text. Throws whatever `JSON.parse` or the base64 decoder throws. */
export function decodeJson(text: string): unknown {
  return JSON.parse(text, (_key, member: unknown) => {
    if (typeof member !== "object" || member === null) return member;
    if ("$bytes" in member) return base64ToBytes(String(member.$bytes));
    return "$bigint" in member ? BigInt(String(member.$bigint)) : member;
  });
}
