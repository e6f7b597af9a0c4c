/**
 * What a community server keeps: users, rooms, messages, files, direct messages. Times are seconds with a fraction, as
 * on the wire.
 *
 * Every change of a message gets the room's next number. `log` holds a room's messages in the order of their last
 * change, with stale entries where a message changed again, so that "everything since N" is a search and a walk.
 *
 * @module
 */
import type { Crypto } from "../crypto/index.js";
import { blind15Ids, isSessionId } from "../identity/index.js";
import type {
  CommunityDefaults,
  CommunityRoomOptions,
  CommunityServerOptions,
  PostLimit,
} from "./community-types.js";
import { invalidOption } from "./errors.js";

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

/** Everything of one server. */
export class CommunityState {
  readonly crypto: Crypto;
  /** X25519, 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly requireBlinding: boolean;
  readonly postLimit: PostLimit | false;
  readonly maxFileBytes: number;
  readonly wordFilter: CommunityServerOptions["wordFilter"];
  readonly users = new Map<string, User>();
  /** By lower-case token. */
  readonly rooms = new Map<string, Room>();
  readonly files = new Map<number, StoredFile>();
  readonly globalFutures: Future[] = [];
  inbox: DirectMessage[] = [];
  /** Nonces in hex with the time of their use. */
  readonly nonces = new Map<string, number>();
  skew = 0;
  readonly #clock: () => number;
  /** Users of 05 ids whose blinded id is not known yet, by that id without its sign. */
  readonly #awaited = new Map<string, User>();
  #lastMessage = 0;
  #lastFile = 0;
  #lastDirect = 0;

  constructor(options: CommunityServerOptions, publicKey: Uint8Array, crypto: Crypto) {
    this.crypto = crypto;
    this.publicKey = publicKey;
    this.requireBlinding = options.requireBlinding ?? true;
    this.postLimit = options.postLimit ?? { posts: 5, seconds: 16 };
    this.maxFileBytes = options.maxFileBytes ?? 10_000_000;
    this.wordFilter = options.wordFilter;
    this.#clock = options.now ?? Date.now;
    for (const room of options.rooms ?? [{ token: "lobby", name: "Lobby" }]) this.addRoom(room);
  }

  /** Unix seconds. */
  now(): number {
    return (this.#clock() + this.skew) / 1000;
  }

  addRoom({ token, name, description, defaults }: CommunityRoomOptions): void {
    if (!/^[\w-]{1,64}$/.test(token))
      throw invalidOption("a room token has 1 to 64 letters, digits, - and _");
    if (this.rooms.has(token.toLowerCase())) throw invalidOption("there is a room with this token");
    this.rooms.set(token.toLowerCase(), {
      token,
      name,
      description,
      image: undefined,
      created: this.now(),
      infoUpdates: 0,
      sequence: 0,
      defaults: { accessible: true, read: true, write: true, upload: true, ...defaults },
      overrides: new Map(),
      futures: [],
      messages: [],
      byId: new Map(),
      log: [],
      pins: new Map(),
      active: new Map(),
    });
  }

  /** The user of an id, made if need be. A 05 id leads to the blinded user where the server wants blinding. */
  user(id: string): User {
    const known = this.findUser(id);
    if (known !== undefined) return known;
    const user: User = { id, banned: false, moderator: false, admin: false, visible: false };
    this.users.set(id, user);
    if (!this.requireBlinding) return user;
    if (isSessionId(id))
      this.#awaited.set(unsigned(blind15Ids(id, this.publicKey, this.crypto).positive), user);
    else this.#takeOver(user);
    return user;
  }

  /** The user of an id, if known. */
  findUser(id: string): User | undefined {
    if (this.requireBlinding && isSessionId(id)) {
      const { positive, negative } = blind15Ids(id, this.publicKey, this.crypto);
      const blinded = this.users.get(positive) ?? this.users.get(negative);
      if (blinded !== undefined) return blinded;
    }
    return this.users.get(id);
  }

  /** What was set for a 05 id goes over to its blinded id, which has come. */
  #takeOver(user: User): void {
    const earlier = this.#awaited.get(unsigned(user.id));
    if (earlier === undefined) return;
    this.#awaited.delete(unsigned(user.id));
    const { banned, moderator, admin, visible } = earlier;
    Object.assign(user, { banned, moderator, admin, visible });
    Object.assign(earlier, { banned: false, moderator: false, admin: false });
    for (const { overrides } of this.rooms.values()) {
      const override = overrides.get(earlier);
      if (override === undefined) continue;
      overrides.delete(earlier);
      overrides.set(user, override);
    }
  }

  /** Adds a message to a room, past all checks. */
  addMessage(
    room: Room,
    about: Pick<Message, "author" | "signature" | "whisperTo" | "whisperMods" | "filtered"> & {
      readonly data: Uint8Array;
      readonly posted: number;
    },
  ): Message {
    const seqno = ++room.sequence;
    const message: Message = {
      ...about,
      id: ++this.#lastMessage,
      edited: undefined,
      created: seqno,
      seqno,
      seqnoData: seqno,
      reactions: new Map(),
    };
    room.messages.push(message);
    room.byId.set(message.id, message);
    room.log.push({ seqno, message });
    return message;
  }

  addFile(about: Omit<StoredFile, "id">): StoredFile {
    const file = { ...about, id: ++this.#lastFile };
    this.files.set(file.id, file);
    return file;
  }

  addDirectMessage(about: Omit<DirectMessage, "id">): DirectMessage {
    const message = { ...about, id: ++this.#lastDirect };
    this.inbox.push(message);
    return message;
  }
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
  const { moderator = override.moderator, admin = override.admin, visible = override.visible } = role;
  if (moderator !== override.moderator || admin !== override.admin) room.infoUpdates++;
  Object.assign(override, { moderator, admin, visible });
  dropEmptyOverride(room, user);
}

/** A blinded id without its sign. */
function unsigned(id: string): string {
  return id.slice(0, 64) + (Number.parseInt(id.slice(64), 16) & 0x7f).toString(16).padStart(2, "0");
}
