/**
 * Records about communities, by id, in collections of their own.
 *
 * ```
 * community-room/<server address>/<room>     how far a room was read, and what is known of it
 * community-server/<server address>          how far the direct messages on a server were read
 * community-post/<ms>/<number>               a message on its way to a room, or to a blinded id
 * blinded-id/<blinded id>                    somebody known by a blinded id, and who that is
 * ```
 *
 * @module
 */
import type { Collection } from "./collections.js";
import { check, isId, isObject, isTime, members } from "./records.js";

/** A room that the account has joined. */
export interface RoomRecord {
  /** Number of the last change that was read; absent before the first poll. */
  readonly cursor?: number | undefined;
  /** Id of the newest message that was read when there was nothing more to read: older ones are not new. */
  readonly newest?: number | undefined;
  /** The messages that are there before the first poll are not wanted. */
  readonly skipHistory?: boolean | undefined;
  /** The room as its server last described it. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}

/** A community server. */
export interface ServerRecord {
  /** What the server last said it can do. */
  readonly capabilities?: readonly string[] | undefined;
  /** Id of the last direct message that was read. */
  readonly inbox?: number | undefined;
  /** Id of the last own direct message that was read. */
  readonly outbox?: number | undefined;
}

/** A message on its way to a community server: signed or encrypted, so that it can be found there again. */
export type PostRecord = {
  /** The server. */
  readonly baseUrl: string;
  /** Sent time, network ms. */
  readonly timestamp: number;
} & (
  | {
      readonly kind: "room";
      readonly token: string;
      readonly data: Uint8Array;
      readonly signature: Uint8Array;
      readonly files: readonly number[];
      readonly whisperTo?: string | undefined;
      readonly whisperMods?: boolean | undefined;
    }
  | { readonly kind: "direct"; readonly recipient: string; readonly encrypted: Uint8Array }
);

/** Somebody known by a blinded id. */
export interface BlindedIdRecord {
  /** Whose it is; absent as long as that is not known. */
  readonly sessionId?: string | undefined;
  /** The server where they are called so. */
  readonly baseUrl: string;
  /** Its key, 64 hex characters. */
  readonly publicKey: string;
}

const optional = (value: unknown, is: (value: unknown) => boolean): boolean =>
  value === undefined || is(value);
const isText = (value: unknown): boolean => typeof value === "string";
const isFlag = (value: unknown): boolean => typeof value === "boolean";

/** By the server's address and the room in lower case. */
export const COMMUNITY_ROOMS: Collection<RoomRecord> = {
  name: "community-room",
  read(text) {
    const record = members(text);
    for (const name of ["cursor", "newest"]) check(optional(record[name], isTime), name);
    check(optional(record["skipHistory"], isFlag), "skipHistory");
    check(optional(record["details"], isObject), "details");
    return record as unknown as RoomRecord;
  },
};

/** By the server's address. */
export const COMMUNITY_SERVERS: Collection<ServerRecord> = {
  name: "community-server",
  read(text) {
    const record = members(text);
    for (const name of ["inbox", "outbox"]) check(optional(record[name], isTime), name);
    const { capabilities } = record;
    check(capabilities === undefined || (Array.isArray(capabilities) && capabilities.every(isText)), "names");
    return record as unknown as ServerRecord;
  },
};

/** In the order in which they were accepted for sending. */
export const COMMUNITY_POSTS: Collection<PostRecord> = {
  name: "community-post",
  read(text) {
    const record = members(text);
    check(isText(record["baseUrl"]), "baseUrl");
    check(isTime(record["timestamp"]), "timestamp");
    if (record["kind"] === "direct") {
      check(isId(record["recipient"]), "recipient");
      check(record["encrypted"] instanceof Uint8Array, "encrypted");
    } else {
      check(record["kind"] === "room" && isText(record["token"]), "token");
      for (const name of ["data", "signature"]) check(record[name] instanceof Uint8Array, name);
      check(Array.isArray(record["files"]) && record["files"].every(isTime), "files");
      check(optional(record["whisperTo"], isId), "whisperTo");
      check(optional(record["whisperMods"], isFlag), "whisperMods");
    }
    return record as unknown as PostRecord;
  },
};

/** By the blinded id. */
export const BLINDED_IDS: Collection<BlindedIdRecord> = {
  name: "blinded-id",
  read(text) {
    const record = members(text);
    check(optional(record["sessionId"], isId), "sessionId");
    for (const name of ["baseUrl", "publicKey"]) check(isText(record[name]), name);
    return record as unknown as BlindedIdRecord;
  },
};
