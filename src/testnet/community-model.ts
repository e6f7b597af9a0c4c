/**
 * What a community server keeps: users, rooms, messages, files, direct messages, and how they change. Times are seconds
 * with a fraction, as on the wire.
 *
 * Every change of a message gets the room's next number. `log` holds a room's messages in the order of their last
 * change, with stale entries where a message changed again, so that "everything since N" is a search and a walk.
 *
 * @module
 */
import type { CommunityDefaults } from "./community-types.js";

/** Somebody whom the server knows. */
export interface User {
  readonly id: string;
  banned: boolean;
  moderator: boolean;
  admin: boolean;
  visible: boolean;
}

export type Right = keyof CommunityDefaults;
export const RIGHTS: readonly Right[] = ["accessible", "read", "write", "upload"];

/** What is set for one user in one room. */
export interface Override {
  banned: boolean;
  moderator: boolean;
  admin: boolean;
  visible: boolean;
  readonly rights: Map<Right, boolean>;
}

/** A change to come. */
export interface Future {
  readonly user: User;
  readonly at: number;
  readonly rights: ReadonlyMap<Right, boolean>;
  /** Only of bans. */
  readonly banned?: boolean | undefined;
}

export interface Message {
  readonly id: number;
  readonly author: User;
  readonly posted: number;
  /** Padded; `undefined` once deleted. */
  data: Uint8Array | undefined;
  signature: Uint8Array;
  edited: number | undefined;
  readonly whisperTo: User | undefined;
  readonly whisperMods: boolean;
  readonly filtered: boolean;
  readonly created: number;
  /** Number of the last change, whatever it was. */
  seqno: number;
  /** Number of the last change of the data. */
  seqnoData: number;
  /** When each user reacted, by emoji. */
  readonly reactions: Map<string, Map<User, number>>;
}

export interface Pin {
  at: number;
  by: User;
}

export interface Room {
  readonly token: string;
  name: string;
  description: string | undefined;
  image: number | undefined;
  readonly created: number;
  infoUpdates: number;
  sequence: number;
  readonly defaults: Record<Right, boolean>;
  readonly overrides: Map<User, Override>;
  readonly futures: Future[];
  /** By id, ascending. */
  readonly messages: Message[];
  readonly byId: Map<number, Message>;
  readonly log: { readonly seqno: number; readonly message: Message }[];
  readonly pins: Map<Message, Pin>;
  /** Last activity of each user. */
  readonly active: Map<User, number>;
}

export interface StoredFile {
  readonly id: number;
  readonly room: Room;
  readonly uploader: User;
  readonly bytes: Uint8Array;
  readonly uploaded: number;
  /** `undefined` for files that stay. */
  expiry: number | undefined;
  readonly disposition: string;
  /** A message shows it. */
  owned: boolean;
}

export interface DirectMessage {
  readonly id: number;
  readonly sender: User;
  readonly recipient: User;
  readonly posted: number;
  readonly expiry: number;
  readonly message: Uint8Array;
}

/** Gives a message the room's next number. */
export function touchMessage(room: Room, message: Message, what: "data" | "reactions"): void {
  message.seqno = ++room.sequence;
  if (what === "data") message.seqnoData = message.seqno;
  room.log.push({ seqno: message.seqno, message });
}

/** Deletes a message: its row stays, without data, reactions and pin. */
export function deleteMessage(room: Room, message: Message, now: number): void {
  message.data = undefined;
  message.edited = now;
  message.reactions.clear();
  if (room.pins.delete(message)) room.infoUpdates++;
  touchMessage(room, message, "data");
}

/** What is set for a user in a room, made if need be. */
export function overrideOf(room: Room, user: User): Override {
  const known = room.overrides.get(user);
  if (known !== undefined) return known;
  const override: Override = {
    banned: false,
    moderator: false,
    admin: false,
    visible: true,
    rights: new Map(),
  };
  room.overrides.set(user, override);
  return override;
}

/** Forgets an override that says nothing. */
export function dropEmptyOverride(room: Room, user: User): void {
  const override = room.overrides.get(user);
  if (override !== undefined && !override.banned && !override.moderator && override.rights.size === 0)
    room.overrides.delete(user);
}

/** Sets roles in a room; who sees the room's info is told by its count of updates. */
export function setRoomRole(
  room: Room,
  user: User,
  role: { readonly moderator?: boolean; readonly admin?: boolean; readonly visible?: boolean },
): void {
  const override = overrideOf(room, user);
  const { admin = override.admin, visible = override.visible } = role;
  // Who is an admin is a moderator.
  const { moderator = admin || override.moderator } = role;
  if (moderator !== override.moderator || admin !== override.admin) room.infoUpdates++;
  Object.assign(override, { moderator, admin, visible });
  dropEmptyOverride(room, user);
}
