/**
 * The state of one community server: who and what there is, its numbers, and its clock.
 *
 * @module
 */
import type { Crypto } from "../crypto/index.js";
import { isSessionError } from "../errors/index.js";
import { type Blind15Ids, blind15Ids, isSessionId } from "../identity/index.js";
import type { DirectMessage, Future, Message, Room, StoredFile, User } from "./community-model.js";
import type { CommunityRoomOptions, CommunityServerOptions, PostLimit } from "./community-types.js";
import { invalidOption } from "./errors.js";

/** Everything of one server. */
export class CommunityState {
  readonly crypto: Crypto;
  /** X25519, 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly requireBlinding: boolean;
  readonly postLimit: PostLimit | false;
  readonly maxFileBytes: number;
  readonly wordFilter: CommunityServerOptions["wordFilter"];
  readonly users: Map<string, User> = new Map();
  /** By lower-case token. */
  readonly rooms: Map<string, Room> = new Map();
  readonly files: Map<number, StoredFile> = new Map();
  readonly globalFutures: Future[] = [];
  inbox: DirectMessage[] = [];
  /** Nonces in hex with the time of their use. */
  readonly nonces: Map<string, number> = new Map();
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
    const blinded = this.#blindedIds(id);
    if (blinded === undefined) this.#takeOver(user);
    else this.#awaited.set(unsigned(blinded.positive), user);
    return user;
  }

  /** The user of an id, if known. */
  findUser(id: string): User | undefined {
    const blinded = this.requireBlinding ? this.#blindedIds(id) : undefined;
    const known = blinded && (this.users.get(blinded.positive) ?? this.users.get(blinded.negative));
    return known ?? this.users.get(id);
  }

  /** What a 05 id can be called here; `undefined` for other ids, and for those whose key is none. */
  #blindedIds(id: string): Blind15Ids | undefined {
    if (!isSessionId(id)) return undefined;
    try {
      return blind15Ids(id, this.publicKey, this.crypto);
    } catch (error) {
      if (isSessionError(error)) return undefined;
      throw error;
    }
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

/** A blinded id without its sign. */
function unsigned(id: string): string {
  return id.slice(0, 64) + (Number.parseInt(id.slice(64), 16) & 0x7f).toString(16).padStart(2, "0");
}
