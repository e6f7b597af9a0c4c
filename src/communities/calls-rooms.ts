/**
 * Calls about a server and its rooms (docs/protocol/communities.md §7, §8.1).
 *
 * @module
 */
import { type CommunityCall, replyJson } from "./call.js";
import { checkChange, invalidArgument } from "./errors.js";
import { numberSegment, roomPath, withQuery } from "./path.js";
import {
  type CommunityUserId,
  type JsonObject,
  member,
  readFlag,
  readInteger,
  readList,
  readOptionalText,
  readRecord,
  readText,
  readTime,
  readUserId,
  readUserIds,
} from "./read.js";

/** What a server can do. */
export interface Capabilities {
  /** Names as the server gives them. */
  readonly names: readonly string[];
  /** Requests must come from blinded ids. */
  readonly blinding: boolean;
  /** There are reactions. */
  readonly reactions: boolean;
}

/** What everybody may do in a room who has no permissions of their own. */
export interface DefaultPermissions {
  readonly accessible: boolean;
  readonly read: boolean;
  readonly write: boolean;
  readonly upload: boolean;
}

/** What the account may do in a room, and who is there. */
export interface RoomRights {
  readonly token: string;
  /** Users of the last seven days. */
  readonly activeUsers: number;
  readonly read: boolean;
  readonly write: boolean;
  readonly upload: boolean;
  /** Moderator or admin, of the room or of the server. */
  readonly moderator: boolean;
  readonly admin: boolean;
  readonly globalModerator: boolean;
  readonly globalAdmin: boolean;
  /** Told to moderators only. */
  readonly defaults?: DefaultPermissions | undefined;
}

/** A pinned message. */
export interface PinnedMessage {
  readonly id: number;
  /** Unix milliseconds. */
  readonly pinnedAt: number;
  readonly pinnedBy: CommunityUserId;
}

/** A room. */
export interface Room extends RoomRights {
  readonly name: string;
  readonly description?: string | undefined;
  /** Counts changes of what is told here; for {@link pollInfo}. */
  readonly infoUpdates: number;
  /** Number of the last change to messages. */
  readonly messageSequence: number;
  /** Unix milliseconds. */
  readonly createdAt: number;
  /** File of the room. */
  readonly imageId?: number | undefined;
  readonly pinnedMessages: readonly PinnedMessage[];
  readonly moderators: readonly CommunityUserId[];
  readonly admins: readonly CommunityUserId[];
  /** Told to moderators only. */
  readonly hiddenModerators: readonly CommunityUserId[];
  /** Told to moderators only. */
  readonly hiddenAdmins: readonly CommunityUserId[];
}

/** Rights, and the room itself if it has changed. */
export interface RoomInfo extends RoomRights {
  readonly details?: Room | undefined;
}

/** What can be changed about a room. */
export interface RoomChanges {
  readonly name?: string | undefined;
  /** `null` takes it away. */
  readonly description?: string | null | undefined;
  /** Id of a file of the room. */
  readonly imageId?: number | undefined;
  readonly defaults?: Partial<DefaultPermissions> | undefined;
}

/** What the server can do. Works without account. */
export function capabilities(): CommunityCall<Capabilities> {
  return {
    request: { method: "GET", path: "/capabilities" },
    read: (reply) => readCapabilities(replyJson(reply)),
  };
}

/** As {@link capabilities}; the server refuses (`COMMUNITY_CAPABILITY_MISSING`) if it lacks one of `names`. */
export function requireCapabilities(names: readonly string[]): CommunityCall<Capabilities> {
  if (names.length === 0 || names.some((name) => !/^[\w.-]+$/.test(name)))
    throw invalidArgument("capabilities are named by letters, digits, . _ and -");
  const path = withQuery("/capabilities", { required: names.join(",") });
  return { request: { method: "GET", path }, read: (reply) => readCapabilities(replyJson(reply)) };
}

/** The rooms that the account may know of; without account the public ones. */
export function rooms(): CommunityCall<readonly Room[]> {
  return {
    request: { method: "GET", path: "/rooms" },
    read: (reply) => readList(replyJson(reply), "the rooms").map(readRoom),
  };
}

/** A room. `COMMUNITY_NOT_FOUND` also where the account may not know of it. */
export function room(token: string): CommunityCall<Room> {
  return { request: { method: "GET", path: roomPath(token) }, read: (reply) => readRoom(replyJson(reply)) };
}

/**
 * Rights in a room, with the room itself if its `infoUpdates` is not the given one.
 *
 * A room that never changed has 0, so 0 does not always ask for everything: take {@link room} the first time.
 */
export function pollInfo(token: string, infoUpdates: number): CommunityCall<RoomInfo> {
  const path = roomPath(token, "pollInfo", numberSegment(infoUpdates, "a count of updates"));
  return {
    request: { method: "GET", path },
    read: (reply) => {
      const record = readRecord(replyJson(reply), "the room info");
      const details = member(record, "details");
      return { ...readRights(record), ...(details === undefined ? {} : { details: readRoom(details) }) };
    },
  };
}

/** Changes a room; admins only. Returns the new count of updates. */
export function updateRoom(token: string, changes: RoomChanges): CommunityCall<number> {
  const { name, description, imageId, defaults = {} } = checkChange(changes);
  checkChange(defaults);
  const value = {
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description }),
    ...(imageId === undefined ? {} : { image: numberSegment(imageId, "an image") }),
    ...Object.fromEntries(
      (["read", "accessible", "write", "upload"] as const).flatMap((right) =>
        defaults[right] === undefined ? [] : [[`default_${right}`, defaults[right]]],
      ),
    ),
  };
  if (Object.keys(value).length === 0) throw invalidArgument("nothing of the room is to be changed");
  return {
    request: { method: "PUT", path: roomPath(token), body: { kind: "json", value } },
    read: (reply) => readInfoUpdates(replyJson(reply)),
  };
}

/** Pins a message; admins only, and neither whispers nor deleted ones. Returns the room's new count of updates. */
export function pinMessage(token: string, id: number): CommunityCall<number> {
  return {
    request: {
      method: "POST",
      path: roomPath(token, "pin", numberSegment(id, "a message id")),
      body: { kind: "json", value: {} },
    },
    idempotent: true,
    read: (reply) => readInfoUpdates(replyJson(reply)),
  };
}

/** What unpinning did. */
export interface Unpinned {
  /** How many messages were pinned and are not any more. */
  readonly count: number;
  readonly infoUpdates: number;
}

/** Unpins a message, or `all`; admins only. */
export function unpinMessage(token: string, id: number | "all"): CommunityCall<Unpinned> {
  const segment = id === "all" ? id : numberSegment(id, "a message id");
  return {
    request: { method: "POST", path: roomPath(token, "unpin", segment), body: { kind: "json", value: {} } },
    idempotent: true,
    read: (reply) => {
      const record = readRecord(replyJson(reply), "the reply");
      return { count: readCount(member(record, "unpinned")), infoUpdates: readInfoUpdates(record) };
    },
  };
}

/** The count of updates in a reply to a change. */
function readInfoUpdates(value: unknown): number {
  return readInteger(member(readRecord(value, "the reply"), "info_updates"), "the count of updates");
}

/** One is told as flag, all as number. */
function readCount(value: unknown): number {
  return typeof value === "boolean" ? Number(value) : readInteger(value, "the count of messages");
}

/** Takes note of a server's capabilities, wherever they come from. */
export function readCapabilities(value: unknown): Capabilities {
  const names = readList(
    member(readRecord(value, "the capabilities"), "capabilities"),
    "the capabilities",
  ).map((name) => readText(name, "a capability"));
  return { names, blinding: names.includes("blind"), reactions: names.includes("reactions") };
}

function readRoom(value: unknown): Room {
  const record = readRecord(value, "a room");
  const description = readOptionalText(member(record, "description"), "the description");
  const imageId = member(record, "image_id");
  const pinned = member(record, "pinned_messages");
  return {
    ...readRights(record),
    name: readText(member(record, "name"), "the name of a room"),
    ...(description === undefined ? {} : { description }),
    infoUpdates: readInteger(member(record, "info_updates"), "the count of updates"),
    messageSequence: readInteger(member(record, "message_sequence"), "the sequence number of a room"),
    createdAt: readTime(member(record, "created"), "the time of creation"),
    ...(imageId === undefined || imageId === null ? {} : { imageId: readInteger(imageId, "the image") }),
    pinnedMessages: pinned === undefined ? [] : readList(pinned, "the pinned messages").map(readPinned),
    moderators: readUserIds(member(record, "moderators"), "the moderators"),
    admins: readUserIds(member(record, "admins"), "the admins"),
    hiddenModerators: readUserIds(member(record, "hidden_moderators"), "the hidden moderators"),
    hiddenAdmins: readUserIds(member(record, "hidden_admins"), "the hidden admins"),
  };
}

function readRights(record: JsonObject): RoomRights {
  const flag = (name: string): boolean => readFlag(member(record, name), `the right ${name}`);
  const hasDefaults = member(record, "default_read") !== undefined;
  return {
    token: readText(member(record, "token"), "the token of a room"),
    activeUsers: readInteger(member(record, "active_users"), "the number of users"),
    read: flag("read"),
    write: flag("write"),
    upload: flag("upload"),
    moderator: flag("moderator") || flag("admin") || flag("global_moderator") || flag("global_admin"),
    admin: flag("admin") || flag("global_admin"),
    globalModerator: flag("global_moderator") || flag("global_admin"),
    globalAdmin: flag("global_admin"),
    ...(hasDefaults
      ? {
          defaults: {
            accessible: flag("default_accessible"),
            read: flag("default_read"),
            write: flag("default_write"),
            upload: flag("default_upload"),
          },
        }
      : {}),
  };
}

function readPinned(value: unknown): PinnedMessage {
  const record = readRecord(value, "a pinned message");
  return {
    id: readInteger(member(record, "id"), "a pinned message's id"),
    pinnedAt: readTime(member(record, "pinned_at"), "the time of pinning"),
    pinnedBy: readUserId(member(record, "pinned_by"), "who pinned"),
  };
}
