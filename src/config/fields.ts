/**
 * Typed values in config dicts (docs/protocol/config.md §13).
 *
 * Reading is lenient: a value of a wrong type or out of range is read as absent. Setting is strict: see `checks.ts`.
 *
 * @module
 */
import {
  binaryStringToBytes,
  bytesToBinaryString,
  bytesToHex,
  bytesToUtf8,
  hexToBytes,
  utf8ToBytes,
} from "../bytes/index.js";
import type { ProfilePicture } from "../messages/index.js";
import { type ConfigDict, type ConfigValue, isSet } from "./data.js";
import { MAX_NAME_BYTES, MAX_PICTURE_URL_BYTES, PICTURE_KEY_BYTES } from "./limits.js";

/** A dict being put together. */
export type Entry = Map<string, ConfigValue>;

/** The binary string of a text's UTF-8 bytes. */
export function textToBinary(text: string): string {
  return bytesToBinaryString(utf8ToBytes(text));
}

/** The text of UTF-8 bytes; malformed ones become replacement characters. */
export function binaryToText(binary: string): string {
  return bytesToUtf8(binaryStringToBytes(binary), { fatal: false });
}

/** The binary string of an id in hexadecimal. */
export function idToBinary(id: string): string {
  return bytesToBinaryString(hexToBytes(id));
}

export function binaryToId(binary: string): string {
  return bytesToHex(binaryStringToBytes(binary));
}

/** At most `limit` bytes of the text's UTF-8 form, without splitting a character. */
export function truncateUtf8(text: string, limit: number = MAX_NAME_BYTES): string {
  const bytes = utf8ToBytes(text);
  if (bytes.length <= limit) return text;
  let end = limit;
  // A byte 10xxxxxx continues a character.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytesToUtf8(bytes.subarray(0, end));
}

export function readInteger(dict: ConfigDict, key: string): bigint {
  const value = dict.get(key);
  return typeof value === "bigint" ? value : 0n;
}

/** As a number, or 0 where a number cannot hold it. */
export function readNumber(dict: ConfigDict, key: string): number {
  const value = Number(readInteger(dict, key));
  return Number.isSafeInteger(value) ? value : 0;
}

export function readPositive(dict: ConfigDict, key: string): number {
  return Math.max(0, readNumber(dict, key));
}

export function readFlag(dict: ConfigDict, key: string): boolean {
  return readInteger(dict, key) !== 0n;
}

/** Unix seconds; milliseconds and microseconds of confused writers are recognised. */
export function readSeconds(dict: ConfigDict, key: string): number {
  return Number(toSeconds(readInteger(dict, key)));
}

function toSeconds(value: bigint): bigint {
  if (value <= 0n) return 0n;
  if (value > 9_000_000_000_000n) return value / 1_000_000n;
  return value > 9_000_000_000n ? value / 1000n : value;
}

export function readBinary(dict: ConfigDict, key: string): string {
  const value = dict.get(key);
  return typeof value === "string" ? value : "";
}

/** Text of at most 100 bytes; a longer one is cut. */
export function readName(dict: ConfigDict, key: string): string {
  return truncateUtf8(binaryToText(readBinary(dict, key)));
}

/** Bytes, if there are exactly `length` of them. */
export function readBytes(dict: ConfigDict, key: string, length: number): Uint8Array | undefined {
  const value = readBinary(dict, key);
  return value.length === length ? binaryStringToBytes(value) : undefined;
}

/** A profile picture in two keys; nothing unless both are usable. */
export function readPicture(dict: ConfigDict, urlKey: string, keyKey: string): ProfilePicture | undefined {
  const url = readBinary(dict, urlKey);
  const key = readBytes(dict, keyKey, PICTURE_KEY_BYTES);
  if (url === "" || url.length > MAX_PICTURE_URL_BYTES || key === undefined) return undefined;
  return { url: binaryToText(url), key };
}

/** The set bits 0 to 63, ascending. */
export function readBits(dict: ConfigDict, key: string): readonly number[] {
  const set = dict.get(key);
  if (!isSet(set)) return [];
  return [...set]
    .filter((bit): bit is bigint => typeof bit === "bigint" && bit >= 0n && bit < 64n)
    .map(Number)
    .sort((a, b) => a - b);
}

/** Writes a value, or removes the key for `undefined`. */
export function put(entry: Entry, key: string, value: ConfigValue | undefined): void {
  if (value === undefined) entry.delete(key);
  else entry.set(key, value);
}

export function putFlag(entry: Entry, key: string, value: boolean): void {
  put(entry, key, flag(value));
}

export function putPositive(entry: Entry, key: string, value: bigint | number): void {
  put(entry, key, value > 0 ? BigInt(value) : undefined);
}

export function putNonzero(entry: Entry, key: string, value: bigint | number): void {
  put(entry, key, nonzero(value));
}

export function putName(entry: Entry, key: string, name: string): void {
  put(entry, key, name === "" ? undefined : textToBinary(name));
}

export function putPicture(
  entry: Entry,
  urlKey: string,
  keyKey: string,
  picture: ProfilePicture | undefined,
): void {
  put(entry, urlKey, picture && textToBinary(picture.url));
  put(entry, keyKey, picture && bytesToBinaryString(picture.key));
}

export function putBits(entry: Entry, key: string, bits: readonly number[]): void {
  put(entry, key, bits.length === 0 ? undefined : new Set(bits.map(BigInt)));
}

export function flag(value: boolean): bigint | undefined {
  return value ? 1n : undefined;
}

export function nonzero(value: bigint | number): bigint | undefined {
  return BigInt(value) === 0n ? undefined : BigInt(value);
}

/*
 * An entry is always written whole: values that a change does not name are put into the form that writing them gives.
 * They are not read and written back, because integers beyond 2^53 and malformed texts would not survive that.
 */

export function settleFlag(entry: Entry, key: string): void {
  putFlag(entry, key, readFlag(entry, key));
}

export function settlePositive(entry: Entry, key: string): void {
  putPositive(entry, key, readInteger(entry, key));
}

export function settleNonzero(entry: Entry, key: string): void {
  putNonzero(entry, key, readInteger(entry, key));
}

export function settleSeconds(entry: Entry, key: string): void {
  putPositive(entry, key, toSeconds(readInteger(entry, key)));
}

/** Cut by bytes, as the official clients do here. */
export function settleName(entry: Entry, key: string, keepEmpty: boolean): void {
  const name = readBinary(entry, key).slice(0, MAX_NAME_BYTES);
  put(entry, key, name === "" && !keepEmpty ? undefined : name);
}

export function settlePicture(entry: Entry, urlKey: string, keyKey: string): void {
  if (readPicture(entry, urlKey, keyKey) !== undefined) return;
  entry.delete(urlKey);
  entry.delete(keyKey);
}
