/**
 * Readers of JSON that nobody vouches for: each returns the value with its type, or throws the error of the room that
 * reads.
 *
 * @module
 */
import { isSessionError } from "../errors/index.js";
import { base64ToBytes } from "./base64.js";

/** A JSON object as it was parsed. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** True for what JSON calls an object: no array, no null. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A member of an object; inherited ones, such as `constructor`, do not count. */
export function jsonMember(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** The bounds of an integer, both included. */
export interface JsonIntegerRange {
  readonly min?: number | undefined;
  readonly max?: number | undefined;
}

/** Functions that take a value and what it is called in errors. */
export interface JsonReaders {
  /** An object that is no array. */
  readRecord(value: unknown, what: string): JsonObject;
  /** An array. */
  readList(value: unknown, what: string): readonly unknown[];
  /** A string. */
  readText(value: unknown, what: string): string;
  /** An integer that JSON carried without loss, from 0 unless told. */
  readInteger(value: unknown, what: string, range?: JsonIntegerRange): number;
  /** Bytes of base64 text, padded or not. */
  readBase64(value: unknown, what: string): Uint8Array;
}

/** Readers that throw what `invalid` makes of a description. */
export function jsonReaders(invalid: (what: string, cause?: unknown) => Error): JsonReaders {
  const readText = (value: unknown, what: string): string => {
    if (typeof value !== "string") throw invalid(`${what} is no text`);
    return value;
  };
  return {
    readText,
    readRecord(value, what) {
      if (!isJsonObject(value)) throw invalid(`${what} is no object`);
      return value;
    },
    readList(value, what) {
      if (!Array.isArray(value)) throw invalid(`${what} is no list`);
      return value;
    },
    readInteger(value, what, { min = 0, max = Number.MAX_SAFE_INTEGER } = {}) {
      if (typeof value !== "number" || !Number.isSafeInteger(value) || value < min || value > max)
        throw invalid(`${what} is no integer in range`);
      return value;
    },
    readBase64(value, what) {
      try {
        return base64ToBytes(readText(value, what));
      } catch (cause) {
        if (isSessionError(cause, "BYTES_INVALID_BASE64")) throw invalid(`${what} is no base64`, cause);
        throw cause;
      }
    },
  };
}

/** What `read` returns, or `undefined` where there is no value: no member, or `null`. */
export function optionalJson<T>(
  read: (value: unknown, what: string) => T,
): (value: unknown, what: string) => T | undefined {
  return (value, what) => (value === undefined || value === null ? undefined : read(value, what));
}
