/**
 * Calls about messages (docs/protocol/communities.md §8.2).
 *
 * @module
 */
import { bytesToBase64 } from "../bytes/index.js";
import { type CommunityCall, replyJson } from "./call.js";
import { invalidArgument } from "./errors.js";
import { numberSegment, roomPath, userSegment, withQuery } from "./path.js";
import { type JsonObject, member, readFlag, readInteger, readRecord, readTime } from "./read.js";
import { type RoomMessage, type RoomPage, readRoomPage, readRow, requireMessage } from "./rows.js";

/** The most rows that servers give at once. */
export const MAX_PAGE = 256;
const DEFAULT_PAGE = 100;
/** Reactors listed for each emoji, as the apps ask for. */
const DEFAULT_REACTORS = 5;

/** How much of the messages to read. */
export interface PageOptions {
  /** Rows, 1 to 256; 100 when left out. */
  readonly limit?: number | undefined;
  /** Reactors listed for each emoji, 0 to 20; 5 when left out. */
  readonly reactors?: number | undefined;
}

/** A message as it is posted: see `signRoomMessage`. */
export interface SignedMessage {
  /** Padded content. */
  readonly data: Uint8Array;
  /** 64 bytes. */
  readonly signature: Uint8Array;
  /** Uploaded files that the message shows: they stay for 15 days instead of an hour. */
  readonly files: readonly number[];
}

/** Who alone may see a message; moderators only may whisper. */
export interface WhisperOptions {
  /** A user of the server. */
  readonly whisperTo?: string | undefined;
  readonly whisperMods?: boolean | undefined;
}

/** What the server made of a posted message. */
export interface PostedMessage {
  readonly id: number;
  readonly seqno: number;
  /** Time of posting by the server's clock, unix milliseconds. */
  readonly timestamp: number;
  /** The server's filter hides it from everybody else. */
  readonly filtered: boolean;
}

/** The newest messages, newest first, without deleted ones. */
export function recentMessages(token: string, options: PageOptions = {}): CommunityCall<RoomPage> {
  return page(token, roomPath(token, "messages", "recent"), {}, options);
}

/** Every change after the number `seqno`, oldest first: new, edited and deleted messages, and reactions. */
export function messagesSince(
  token: string,
  seqno: number,
  options: PageOptions = {},
): CommunityCall<RoomPage> {
  const path = roomPath(token, "messages", "since", numberSegment(seqno, "a sequence number"));
  return page(token, path, { t: "r" }, options);
}

/** Messages before the one with this id, newest first. */
export function messagesBefore(
  token: string,
  id: number,
  options: PageOptions = {},
): CommunityCall<RoomPage> {
  return page(token, roomPath(token, "messages", "before", numberSegment(id, "a message id")), {}, options);
}

/**
 * One message.
 *
 * Reading throws `COMMUNITY_BAD_SIGNATURE`, `MESSAGE_MALFORMED`, `COMMUNITY_REPLY_INVALID` when it cannot be shown.
 */
export function message(
  token: string,
  id: number,
  { reactors = DEFAULT_REACTORS }: Pick<PageOptions, "reactors"> = {},
): CommunityCall<RoomMessage> {
  const path = roomPath(token, "message", numberSegment(id, "a message id"));
  return {
    request: { method: "GET", path: withQuery(path, { reactors: checkReactors(reactors) }) },
    read: (reply, context) => requireMessage(readRow(replyJson(reply), token, context)),
  };
}

/** Posts a message. */
export function postMessage(
  token: string,
  signed: SignedMessage,
  { whisperTo, whisperMods }: WhisperOptions = {},
): CommunityCall<PostedMessage> {
  const value = {
    ...signedMembers(signed),
    ...(whisperTo === undefined ? {} : { whisper_to: userSegment(whisperTo) }),
    ...(whisperMods === true ? { whisper_mods: true } : {}),
  };
  return {
    request: { method: "POST", path: roomPath(token, "message"), body: { kind: "json", value } },
    read: (reply) => readPosted(readRecord(replyJson(reply), "the posted message")),
  };
}

/** Replaces an own message. */
export function editMessage(token: string, id: number, signed: SignedMessage): CommunityCall<void> {
  return {
    request: {
      method: "PUT",
      path: roomPath(token, "message", numberSegment(id, "a message id")),
      body: { kind: "json", value: signedMembers(signed) },
    },
    read: () => undefined,
  };
}

/** Deletes a message: an own one, or as moderator any. `COMMUNITY_NOT_FOUND` when it is gone already. */
export function deleteMessage(token: string, id: number): CommunityCall<void> {
  return {
    request: { method: "DELETE", path: roomPath(token, "message", numberSegment(id, "a message id")) },
    read: () => undefined,
  };
}

/** Deletes all messages and files of a user in a room; moderators, or oneself. `COMMUNITY_NOT_FOUND` when there are none. */
export function deleteUserMessages(token: string, user: string): CommunityCall<void> {
  return {
    request: { method: "DELETE", path: roomPath(token, "all", userSegment(user)) },
    read: () => undefined,
  };
}

/** How many messages were deleted where. */
export interface DeletedEverywhere {
  readonly total: number;
  /** By token. */
  readonly rooms: ReadonlyMap<string, number>;
}

/** Deletes all messages of a user in every room that the account moderates. */
export function deleteUserMessagesEverywhere(user: string): CommunityCall<DeletedEverywhere> {
  return {
    request: { method: "DELETE", path: `/rooms/all/${userSegment(user)}` },
    read: (reply) => {
      const record = readRecord(replyJson(reply), "the reply");
      const byRoom = Object.entries(readRecord(member(record, "rooms"), "the rooms"));
      return {
        total: readInteger(member(record, "total"), "the number of messages"),
        rooms: new Map(byRoom.map(([name, count]) => [name, readInteger(count, "the number of messages")])),
      };
    },
  };
}

function page(
  token: string,
  path: string,
  query: Readonly<Record<string, string>>,
  { limit = DEFAULT_PAGE, reactors = DEFAULT_REACTORS }: PageOptions,
): CommunityCall<RoomPage> {
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE)
    throw invalidArgument("1 to 256 messages can be read at once", { limit });
  return {
    request: { method: "GET", path: withQuery(path, { ...query, limit, reactors: checkReactors(reactors) }) },
    read: (reply, context) => readRoomPage(replyJson(reply), token, limit, context),
  };
}

function checkReactors(reactors: number): number {
  if (Number.isInteger(reactors) && reactors >= 0 && reactors <= 20) return reactors;
  throw invalidArgument("0 to 20 reactors can be listed", { reactors });
}

function signedMembers({ data, signature, files }: SignedMessage): JsonObject {
  if (signature.length !== 64) throw invalidArgument("a signature has 64 bytes");
  return {
    data: bytesToBase64(data),
    signature: bytesToBase64(signature),
    ...(files.length === 0 ? {} : { files: files.map((id) => numberSegment(id, "a file id")) }),
  };
}

function readPosted(record: JsonObject): PostedMessage {
  return {
    id: readInteger(member(record, "id"), "the message's id"),
    seqno: readInteger(member(record, "seqno"), "the message's sequence number"),
    timestamp: readTime(member(record, "posted"), "the time of posting"),
    filtered: readFlag(member(record, "filtered"), "the filter"),
  };
}
