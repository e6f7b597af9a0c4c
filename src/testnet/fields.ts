/**
 * Typed reading of RPC parameters, with the storage server's own words for what is wrong
 * (docs/protocol/storage-server-behaviour.md §3, §6 to §10).
 *
 * `null` counts as absent. Readers only look at types; whether a field is required is asked afterwards, as the server
 * does: of two faults in one request it names the wrong type first.
 *
 * @module
 */
import { invalidRequest } from "./errors.js";

/** The parameters of one call as parsed JSON. */
export type Params = Readonly<Record<string, unknown>>;

/** A namespace, or all of them. */
export type NamespaceOrAll = number | "all";

/** Below this a timestamp was most likely given in seconds. */
const SMALLEST_TIMESTAMP = 1_000_000_000;

function value(params: Params, name: string): unknown {
  return Object.hasOwn(params, name) ? (params[name] ?? undefined) : undefined;
}

function wrongType(name: string, expected: string): Error {
  return invalidRequest(`Invalid value given for '${name}': expected ${expected}`);
}

const isInteger = (found: unknown): found is number => typeof found === "number" && Number.isInteger(found);

export function readString(params: Params, name: string): string | undefined {
  const found = value(params, name);
  if (found === undefined || typeof found === "string") return found;
  throw wrongType(name, "string");
}

export function readBoolean(params: Params, name: string): boolean | undefined {
  const found = value(params, name);
  if (found === undefined || typeof found === "boolean") return found;
  throw wrongType(name, "boolean");
}

export function readInteger(params: Params, name: string): number | undefined {
  const found = value(params, name);
  if (found === undefined || isInteger(found)) return found;
  throw wrongType(name, "integer");
}

/** Milliseconds since 1970. */
export function readTimestamp(params: Params, name: string): number | undefined {
  const found = value(params, name);
  if (found === undefined) return undefined;
  if (!isInteger(found) || found < 0) throw wrongType(name, "integer timestamp (in milliseconds)");
  if (found < SMALLEST_TIMESTAMP) {
    throw invalidRequest(`Invalid timestamp for '${name}': timestamp must be in milliseconds`);
  }
  return found;
}

/** One timestamp or a list of them. */
export function readTimestamps(params: Params, name: string): readonly number[] | undefined {
  const found = value(params, name);
  if (found === undefined) return undefined;
  const list: readonly unknown[] = Array.isArray(found) ? found : [found];
  const isTimestamp = (item: unknown): item is number => isInteger(item) && item >= 0;
  if (!list.every(isTimestamp)) throw wrongType(name, "timestamp array");
  return list;
}

/** An integer that may come as text: `timestamp` and `ttl` of `store`. */
export function readIntegerOrText(params: Params, name: string, unsigned: boolean): number | undefined {
  const found = value(params, name);
  if (typeof found === "string") {
    if (!(unsigned ? /^\d{1,19}$/ : /^-?\d{1,19}$/).test(found)) {
      throw invalidRequest(`Invalid value given for '${name}': ${JSON.stringify(found)}`);
    }
    return Number(found);
  }
  if (found === undefined || (isInteger(found) && (!unsigned || found >= 0))) return found;
  throw wrongType(name, unsigned ? "positive integer" : "integer");
}

/** One text or a list of them. */
export function readStrings(params: Params, name: string): readonly string[] | undefined {
  const found = value(params, name);
  if (found === undefined) return undefined;
  if (typeof found === "string") return [found];
  if (Array.isArray(found) && found.every((item) => typeof item === "string")) return found;
  throw wrongType(name, "string array");
}

/** One integer or a list of them. */
export function readIntegers(params: Params, name: string): readonly number[] | undefined {
  const found = value(params, name);
  if (found === undefined) return undefined;
  if (isInteger(found)) return [found];
  if (Array.isArray(found) && found.every(isInteger)) return found;
  throw wrongType(name, "integer array");
}

/** A namespace, -32768 to 32767. */
export function readNamespace(params: Params, name: string): number | undefined {
  const found = value(params, name);
  if (found === undefined) return undefined;
  if (!isInteger(found)) throw wrongType(name, "16-bit integer");
  return inNamespaceRange(name, found);
}

/** A namespace or `all`. */
export function readNamespaceOrAll(params: Params, name: string): NamespaceOrAll | undefined {
  const found = value(params, name);
  if (found === undefined || found === "all") return found;
  if (!isInteger(found)) throw wrongType(name, 'integer or "all"');
  return inNamespaceRange(name, found);
}

function inNamespaceRange(name: string, found: number): number {
  if (found >= -32768 && found <= 32767) return found;
  throw invalidRequest(`Invalid value given for '${name}': value out of range`);
}

/** The value of a field that must be there. */
export function required<T>(name: string, found: T | undefined): T {
  if (found === undefined) throw invalidRequest(`Required field '${name}' missing`);
  return found;
}

/** Refuses two names of one thing in the same request. */
export function atMostOne(first: string, a: unknown, second: string, b: unknown): void {
  if (a !== undefined && b !== undefined) {
    throw invalidRequest(`Cannot specify both '${first}' and '${second}'`);
  }
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Decodes standard base64 with or without padding, as lenient about the last bits as the server; undefined if it is none. */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (!BASE64.test(text)) return undefined;
  const digits = text.replace(/=+$/, "").length;
  const padded = digits !== text.length;
  if (digits % 4 === 1 || (padded && text.length % 4 !== 0)) return undefined;
  return new Uint8Array(Buffer.from(text, "base64"));
}

/** Standard base64 with padding. Node's own, since a full answer is 7.8 MB. */
export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");
}

/** Decodes hex of exactly `bytes` bytes, either case; undefined if it is none. */
export function decodeHex(text: string, bytes: number): Uint8Array | undefined {
  if (text.length !== bytes * 2 || !/^[0-9a-fA-F]*$/.test(text)) return undefined;
  return new Uint8Array(Buffer.from(text, "hex"));
}

/** True for what can be a message hash: 43 base64 characters. */
export function isMessageHash(text: string): boolean {
  return text.length === 43 && decodeBase64(text) !== undefined;
}
