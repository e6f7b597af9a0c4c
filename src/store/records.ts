/**
 * The records of a store and the checks that a stored text must pass to be one of them.
 *
 * @module
 */
import { base64ToBytes, hexToBytes } from "../bytes/index.js";
import { decodeJson } from "./json.js";

/** The account that a store belongs to. */
export interface AccountRecord {
  readonly sessionId: string;
  /** 16 or 32 bytes. Secret. */
  readonly seed: Uint8Array;
}

/** Which messages of one namespace one node has already given out. */
export interface CursorRecord {
  /** `last_hash` of the next `retrieve`. */
  readonly hash: string;
  /** When that message expires, ms of network time: from then on the node no longer knows the hash. */
  readonly expiration: number;
}

/** Names a cursor: arrival order differs from node to node, so each has its own. */
export interface CursorName {
  /** Owner of the swarm, 66 hex characters. */
  readonly pubkey: string;
  readonly namespace: number;
  /** Ed25519 key of the node, hex. */
  readonly node: string;
}

/** A retrieved message that the app has not finished with. */
export interface InboxItem {
  readonly pubkey: string;
  readonly namespace: number;
  readonly hash: string;
  /** As stored in the swarm. */
  readonly data: Uint8Array;
  /** When the node got it, ms. */
  readonly timestamp: number;
  /** When it expires, ms. */
  readonly expiration: number;
  /** The room of a community that it is from; absent: it is from a swarm. */
  readonly room?: string | undefined;
}

/** A message that was accepted for sending and is not yet in every swarm where it belongs. */
export interface OutboxItem {
  /** The recipient, 66 hex characters. */
  readonly to: string;
  /** The message as the sender gave it; JSON with bytes. */
  readonly message: Readonly<Record<string, unknown>>;
  /** The message's own timestamp, network ms; 0 until it has one. */
  readonly timestamp: number;
  /** Hash in the recipient's swarm once it is there: what is left is the copy for the own devices. */
  readonly hash?: string | undefined;
  /** When the recipient's swarm took it, ms. */
  readonly storedAt?: number | undefined;
  /** A message that must be there before this one; it has a timestamp 100 ms earlier. */
  readonly prelude?: Readonly<Record<string, unknown>> | undefined;
  /** False: the own devices are not told. */
  readonly sync?: boolean | undefined;
}

/** An item of a queue with its place in it. */
export type Queued<T> = T & { readonly sequence: number };

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
export const isTime = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;
export const isId = (value: unknown): value is string =>
  typeof value === "string" && /^[0-9a-f]{66}$/.test(value);
export const isText = (value: unknown): value is string => typeof value === "string";
export const isFlag = (value: unknown): value is boolean => typeof value === "boolean";
export const isBytes = (value: unknown): value is Uint8Array => value instanceof Uint8Array;
export const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText);
export const isIds = (value: unknown): boolean => Array.isArray(value) && value.every(isId);
export const isTimes = (value: unknown): boolean => isObject(value) && Object.values(value).every(isTime);

/** Turns a stored text into a record, or throws anything at all. */
export type RecordReader<T> = (text: string) => T;

export function members(text: string): Record<string, unknown> {
  const value = decodeJson(text);
  if (!isObject(value)) throw new TypeError("not an object");
  return value;
}

export function check(condition: boolean, member: string): asserts condition {
  if (!condition) throw new TypeError(`${member} is not valid`);
}

type Check = (value: unknown) => boolean;
type OptionalName<T> = keyof { [Name in keyof T as undefined extends T[Name] ? Name : never]: unknown };

/**
 * The record with these members, if all of them pass; those in `optional` may be absent. The types see to it that no member
 * goes without a check.
 */
export function checked<T extends object>(
  record: Record<string, unknown>,
  required: Readonly<Record<Exclude<keyof T, OptionalName<T>>, Check>>,
  ...[optional]: [OptionalName<T>] extends [never] ? [] : [Readonly<Record<OptionalName<T>, Check>>]
): T {
  for (const [name, is] of Object.entries<Check>(required)) check(is(record[name]), name);
  for (const [name, is] of Object.entries<Check>(optional ?? {}))
    check(record[name] === undefined || is(record[name]), name);
  return record as T;
}

export const readVersion: RecordReader<number> = (text) => {
  const { version } = members(text);
  check(isTime(version), "version");
  return version;
};

export const readAccount: RecordReader<AccountRecord> = (text) => {
  const { sessionId, seed } = members(text);
  check(isId(sessionId), "sessionId");
  check(typeof seed === "string" && (seed.length === 32 || seed.length === 64), "seed");
  return { sessionId, seed: hexToBytes(seed) };
};

export const readClock: RecordReader<number> = (text) => {
  const { last } = members(text);
  check(isTime(last), "last");
  return last;
};

export const readCursor: RecordReader<CursorRecord> = (text) => {
  const { hash, expiration } = members(text);
  check(typeof hash === "string", "hash");
  check(isTime(expiration), "expiration");
  return { hash, expiration };
};

export const readInboxItem: RecordReader<InboxItem> = (text) => {
  const { pubkey, namespace, hash, data, timestamp, expiration, room } = members(text);
  check(isId(pubkey), "pubkey");
  check(Number.isInteger(namespace), "namespace");
  check(typeof hash === "string", "hash");
  check(typeof data === "string", "data");
  check(isTime(timestamp), "timestamp");
  check(isTime(expiration), "expiration");
  check(room === undefined || typeof room === "string", "room");
  return {
    pubkey,
    namespace: namespace as number,
    hash,
    data: base64ToBytes(data),
    timestamp,
    expiration,
    ...(room === undefined ? {} : { room }),
  };
};

export const readOutboxItem: RecordReader<OutboxItem> = (text) => {
  const { to, message, timestamp, hash, storedAt, prelude, sync } = members(text);
  check(isId(to), "to");
  check(isObject(message), "message");
  check(isTime(timestamp), "timestamp");
  check(hash === undefined || typeof hash === "string", "hash");
  check(storedAt === undefined || isTime(storedAt), "storedAt");
  check(prelude === undefined || isObject(prelude), "prelude");
  check(sync === undefined || typeof sync === "boolean", "sync");
  return {
    to,
    message,
    timestamp,
    ...(hash === undefined ? {} : { hash }),
    ...(storedAt === undefined ? {} : { storedAt }),
    ...(prelude === undefined ? {} : { prelude }),
    ...(sync === undefined ? {} : { sync }),
  };
};

export const readNetwork: RecordReader<unknown> = decodeJson;
