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
import {
  check,
  checked,
  isBytes,
  isFlag,
  isId,
  isObject,
  isText,
  isTexts,
  isTime,
  members,
} from "./records.js";

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
  /** The key with which it was read: with another one it is a server that was set up anew. */
  readonly publicKey?: string | undefined;
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

const isNumbers = (value: unknown): boolean => Array.isArray(value) && value.every(isTime);

/** By the server's address and the room in lower case. */
export const COMMUNITY_ROOMS: Collection<RoomRecord> = {
  name: "community-room",
  read: (text) =>
    checked(members(text), {}, { cursor: isTime, newest: isTime, skipHistory: isFlag, details: isObject }),
};

/** By the server's address. */
export const COMMUNITY_SERVERS: Collection<ServerRecord> = {
  name: "community-server",
  read: (text) =>
    checked(members(text), {}, { publicKey: isText, capabilities: isTexts, inbox: isTime, outbox: isTime }),
};

/** In the order in which they were accepted for sending. */
export const COMMUNITY_POSTS: Collection<PostRecord> = {
  name: "community-post",
  read(text) {
    const record = members(text);
    const { kind } = record;
    check(kind === "room" || kind === "direct", "kind");
    const common = { baseUrl: isText, timestamp: isTime, kind: isText };
    return kind === "direct"
      ? checked<PostRecord & { kind: "direct" }>(record, { ...common, recipient: isId, encrypted: isBytes })
      : checked<PostRecord & { kind: "room" }>(
          record,
          { ...common, token: isText, data: isBytes, signature: isBytes, files: isNumbers },
          { whisperTo: isId, whisperMods: isFlag },
        );
  },
};

/** By the blinded id. */
export const BLINDED_IDS: Collection<BlindedIdRecord> = {
  name: "blinded-id",
  read: (text) => checked(members(text), { baseUrl: isText, publicKey: isText }, { sessionId: isId }),
};
