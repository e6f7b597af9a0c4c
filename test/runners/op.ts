import type { Crypto } from "session-messenger-sdk/crypto";

/** JSON as it stands in a vector file. */
// biome-ignore lint/suspicious/noExplicitAny: vector inputs are untyped JSON; each op reads the members it documents.
export type Json = any;

/** What an op may look at besides its input. */
export interface OpContext {
  /** The backend under test. */
  readonly crypto: Crypto;
  /** The case's recorded output, for one-way ops that verify or open a recorded result. Never copied into the answer. */
  readonly expected: Json;
  /** All cases of the file, for those that refer to another one. */
  readonly cases?: readonly Json[] | undefined;
}

/**
 * Computes the output of a vector case with the library's public functions.
 * Throwing a `SessionError` means `{ "error": true }`; any other exception is a failure of the library.
 */
export type Op = (input: Json, context: OpContext) => Json;

/** The ops of one room, by name. */
export type OpTable = Readonly<Record<string, Op>>;

export const fromHex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));
export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
