/**
 * Which rooms are joined, and the servers they are on. The account's config of groups says it for all devices; this follows
 * it, and keeps how far each room was read.
 *
 * @module
 */
import { bytesToHex } from "../../bytes/index.js";
import {
  type CommunityAddress,
  type CommunityLink,
  type CommunityServer,
  communityKey,
  connectCommunity,
  isSameCommunity,
  parseBaseUrl,
  parseCommunityLink,
  parseServerKey,
  type Room as RoomInfo,
  room as roomCall,
} from "../../communities/index.js";
import type { Community } from "../../config/index.js";
import { SessionError } from "../../errors/index.js";
import {
  COMMUNITY_ROOMS,
  COMMUNITY_SERVERS,
  type PostRecord,
  type RoomRecord,
  type ServerRecord,
  type StoreBatch,
} from "../../store/index.js";
import { whileOpen } from "../abort.js";
import { asSessionError, type ClientErrorCode } from "../errors.js";
import { editConfigs } from "../sync-configs.js";
import { keyOf, parseRoomAddress, parseServerAddress, type RoomAddress } from "./addresses.js";
import type { JoinOptions } from "./communities.js";
import type { DirectWorld } from "./direct.js";
import { LiveRoom, roomKey } from "./live-room.js";
import { LiveServer } from "./live-server.js";
import { Room } from "./room.js";
import type { RoomWorld } from "./room-base.js";

/** What the directory works with. */
export interface DirectoryWorld extends DirectWorld, RoomWorld {
  /** Told of a room that is to be read. */
  readonly onJoined: () => void;
}

/** See the module's description. */
export class Directory {
  readonly world: DirectoryWorld;
  /** By address. */
  readonly servers: Map<string, LiveServer> = new Map();
  readonly #handles = new WeakMap<LiveRoom, Room>();
  /** What the store had when it was opened, until it is used. */
  readonly #records: Map<string, RoomRecord>;
  readonly #serverRecords: Map<string, ServerRecord>;

  private constructor(
    world: DirectoryWorld,
    records: Map<string, RoomRecord>,
    serverRecords: Map<string, ServerRecord>,
  ) {
    this.world = world;
    this.#records = records;
    this.#serverRecords = serverRecords;
  }

  /** Takes up the joined rooms. */
  static async open(world: DirectoryWorld): Promise<Directory> {
    const { store, configs } = world;
    const records = new Map((await store.list(COMMUNITY_ROOMS)).map(({ id, record }) => [id, record]));
    const servers = new Map((await store.list(COMMUNITY_SERVERS)).map(({ id, record }) => [id, record]));
    const directory = new Directory(world, records, servers);
    await directory.#follow({ tell: false });
    configs.listeners.add(async ({ groups: { communities } }) => {
      const { added, updated, removed } = communities;
      if (added.length + updated.length + removed.length > 0) await directory.#follow({ tell: true });
    });
    return directory;
  }

  list(): readonly Room[] {
    const rooms = [...this.servers.values()].flatMap(({ rooms: joined }) => [...joined.values()]);
    return rooms.sort((a, b) => (a.key < b.key ? -1 : 1)).map((room) => this.handle(room));
  }

  get(address: string): Room | undefined {
    const room = this.#find(parseRoomAddress(address));
    return room && this.handle(room);
  }

  /** The joined room with this place in the store. */
  byKey(key: string): LiveRoom | undefined {
    for (const { rooms } of this.servers.values()) {
      for (const room of rooms.values()) if (room.key === key) return room;
    }
    return undefined;
  }

  handle(room: LiveRoom): Room {
    const known = this.#handles.get(room);
    if (known !== undefined) return known;
    const handle = new Room(this.world, room);
    this.#handles.set(room, handle);
    return handle;
  }

  async join(text: string, { history = true, signal }: JoinOptions): Promise<Room> {
    const link = parseCommunityLink(text);
    const joined = this.#joined(link);
    if (joined !== undefined) return joined;
    const server = this.#serverOf(link) ?? new LiveServer(this.world, link);
    const details = await whileOpen(this.world, { signal }, (linked) =>
      server.connection.run(roomCall(link.token), { signal: linked }),
    );
    // Another call may have joined it meanwhile.
    return this.#joined(link) ?? (await this.#add(link, details, history));
  }

  async leave(room: LiveRoom): Promise<void> {
    const { configs, events } = this.world;
    const { server, token, conversation } = room;
    if (server.rooms.get(token.toLowerCase()) !== room) return;
    const key = communityKey({ baseUrl: server.baseUrl, token });
    await editConfigs(this.world, (_configs, batch) => {
      // Devices may have joined it under several forms of its address: any that stays would join it again.
      const same = [...configs.groups.communities()].filter(
        (other) => keyOf(other.baseUrl, other.room) === key,
      );
      for (const { baseUrl, room: name } of same) {
        configs.groups.removeCommunity({ baseUrl, room: name });
        configs.conversations.remove({ kind: "community", baseUrl, room: name });
      }
      this.#remove(batch, room);
    });
    events.emit("room", { conversation, change: "left", info: room.info });
    await this.takeUpPosts();
  }

  /** See `Communities.server`. */
  connection(
    server: string | CommunityAddress,
    { anonymous = false }: { readonly anonymous?: boolean | undefined },
  ): CommunityServer {
    const { network, crypto } = this.world;
    if (!anonymous) return this.liveServer(server).connection;
    const known = this.liveServer(server);
    return connectCommunity(network, { baseUrl: known.baseUrl, publicKey: known.publicKey }, { crypto });
  }

  /** The server with joined rooms, or one that is not polled. */
  liveServer(server: string | CommunityAddress): LiveServer {
    const isAddress = typeof server === "object" && server !== null;
    const address = isAddress ? checkedAddress(server) : this.#addressOf(server);
    return this.#serverOf(address) ?? new LiveServer(this.world, address);
  }

  /**
   * Finds the servers of messages that were left on their way, whether rooms of them are joined or not. Those that nothing
   * leads to any more are given up: what was written to a room is not posted when the room was left.
   */
  async takeUpPosts(): Promise<void> {
    const { posts, blinded, lifetime, events } = this.world;
    for (const record of posts.left) {
      const { baseUrl } = record;
      if (record.kind === "room" || this.servers.has(baseUrl)) continue;
      const place = blinded.placeOf(record.recipient);
      if (place !== undefined) this.servers.set(baseUrl, this.#newServer({ ...place, baseUrl }));
    }
    const isLost = (record: PostRecord): boolean => {
      const server = this.servers.get(record.baseUrl);
      if (record.kind === "direct") return server === undefined;
      return server?.rooms.has(record.token.toLowerCase()) !== true;
    };
    await posts.giveUp(isLost).catch((error: unknown) => {
      if (lifetime.aborted) return;
      events.emit("error", asSessionError(error, "STORE_FAILED", "a message could not be given up"));
    });
  }

  /** Resolves when no poll runs. */
  async stopped(): Promise<void> {
    await Promise.all([...this.servers.values()].map((server) => server.stopped()));
  }

  /** The handle of a room that is joined under whatever form of its address. @throws `COMMUNITY_KEY_CHANGED` */
  #joined(link: CommunityLink): Room | undefined {
    this.#serverOf(link);
    const room = this.#find(link);
    return room && this.handle(room);
  }

  #find(address: RoomAddress): LiveRoom | undefined {
    const wanted = communityKey(address);
    for (const { baseUrl, rooms } of this.servers.values()) {
      for (const room of rooms.values()) {
        if (communityKey({ baseUrl, token: room.token }) === wanted) return room;
      }
    }
    return undefined;
  }

  /**
   * The server at an address, also if that is written with another scheme.
   *
   * @throws `COMMUNITY_KEY_CHANGED`: whoever gives another key wants its rooms to go silent, or the server was set up anew
   */
  #serverOf({ baseUrl, publicKey }: CommunityAddress): LiveServer | undefined {
    for (const server of this.servers.values()) {
      const isSame = isSameCommunity({ baseUrl: server.baseUrl, token: "-" }, { baseUrl, token: "-" });
      if (!isSame || server.rooms.size === 0) continue;
      if (server.publicKey === publicKey.toLowerCase()) return server;
      throw new SessionError<ClientErrorCode>(
        "COMMUNITY_KEY_CHANGED",
        "rooms of the server are joined with another key: leave them first",
        { details: { server: server.baseUrl } },
      );
    }
    return undefined;
  }

  /** A link, or the address of a server that is known. @throws `COMMUNITY_LINK_INVALID` */
  #addressOf(text: string): CommunityAddress {
    if (typeof text !== "string" || text.includes("?")) {
      const { baseUrl, publicKey } = parseCommunityLink(text);
      return { baseUrl, publicKey };
    }
    for (const { baseUrl, publicKey, rooms } of this.servers.values()) {
      const asked = rooms.size > 0 ? parseServerAddress(text) : undefined;
      if (asked !== undefined && isSameCommunity({ baseUrl, token: "-" }, { baseUrl: asked, token: "-" }))
        return { baseUrl, publicKey };
    }
    return parseCommunityLink(text);
  }

  async #add(link: CommunityLink, details: RoomInfo, history: boolean): Promise<Room> {
    const { configs, events, clock, onJoined } = this.world;
    const { baseUrl } = this.#serverOf(link) ?? link;
    const record = { details: { ...details }, ...(history ? {} : { skipHistory: true }) };
    const room = await editConfigs(this.world, (_configs, batch) => {
      const { token, publicKey } = link;
      configs.groups.setCommunity(
        { baseUrl, room: token, publicKey },
        { joined: Math.floor(clock.now() / 1000), invited: false },
      );
      batch.put(COMMUNITY_ROOMS, roomKey(baseUrl, token), record);
      return this.#put({ baseUrl, room: token, publicKey }, record);
    });
    events.emit("room", { conversation: room.conversation, change: "joined", info: details });
    onJoined();
    return this.handle(room);
  }

  #put(
    { baseUrl, room: token, publicKey }: Pick<Community, "baseUrl" | "room" | "publicKey">,
    record: RoomRecord,
  ): LiveRoom {
    const known = this.servers.get(baseUrl);
    // A server without rooms is not asked any more: its key may be another one now.
    const server =
      known !== undefined && known.publicKey === publicKey ? known : this.#newServer({ baseUrl, publicKey });
    this.servers.set(baseUrl, server);
    const room = new LiveRoom(server, token, record);
    server.rooms.set(token.toLowerCase(), room);
    return room;
  }

  /** A server as it was left; from its beginning if it was set up anew: its numbers begin again then. */
  #newServer({ baseUrl, publicKey }: CommunityAddress): LiveServer {
    const record = this.#isSetUpAnew(baseUrl, publicKey) ? {} : this.#serverRecords.get(baseUrl);
    this.#serverRecords.delete(baseUrl);
    return new LiveServer(this.world, { baseUrl, publicKey }, record);
  }

  /** True if what the store has of a server is of one with another key. */
  #isSetUpAnew(baseUrl: string, publicKey: string): boolean {
    const known = this.#serverRecords.get(baseUrl)?.publicKey;
    return known !== undefined && known !== publicKey.toLowerCase();
  }

  #remove(batch: StoreBatch, room: LiveRoom): void {
    batch.delete(COMMUNITY_ROOMS, room.key);
    room.server.rooms.delete(room.token.toLowerCase());
    this.#records.delete(room.key);
  }

  /** Makes the rooms those of the config, which other devices may have changed. */
  async #follow({ tell }: { readonly tell: boolean }): Promise<void> {
    const { configs, store, events, onJoined } = this.world;
    const wanted = new Map<string, Community>();
    for (const community of configs.groups.communities()) {
      const { baseUrl, room, invited } = community;
      const key = keyOf(baseUrl, room);
      // Once is enough, whatever another device has made of the address.
      if (key !== undefined && !invited && !wanted.has(key)) wanted.set(key, community);
    }
    const present = [...this.servers.values()].flatMap(({ rooms }) => [...rooms.values()]);
    const isKept = ({ server: { baseUrl, publicKey }, token }: LiveRoom): boolean => {
      const community = wanted.get(communityKey({ baseUrl, token }));
      return community?.baseUrl === baseUrl && community.publicKey === publicKey;
    };
    const gone = present.filter((room) => !isKept(room));
    const kept = new Set(present.filter(isKept).map(({ key }) => key));
    const fresh = [...wanted.values()].filter(({ baseUrl, room }) => !kept.has(roomKey(baseUrl, room)));
    const rejoined = new Set(gone.map(({ key }) => key));
    // The same room with another key of its server is on a server that was set up anew.
    const anew = new Set(
      fresh
        .filter(({ baseUrl, publicKey }) => this.#isSetUpAnew(baseUrl, publicKey))
        .map(({ baseUrl, room }) => roomKey(baseUrl, room)),
    );
    const joined = await store.write((batch) => {
      for (const room of gone) this.#remove(batch, room);
      return fresh.map((community) => {
        const key = roomKey(community.baseUrl, community.room);
        const known = anew.has(key) ? undefined : this.#records.get(key);
        const record = known ?? {};
        if (known === undefined) batch.put(COMMUNITY_ROOMS, key, record);
        this.#records.delete(key);
        return { room: this.#put(community, record), isNew: !rejoined.has(key) };
      });
    });
    for (const { conversation, key, info } of gone) {
      if (!fresh.some(({ baseUrl, room }) => roomKey(baseUrl, room) === key))
        events.emit("room", { conversation, change: "left", info });
    }
    for (const { room, isNew } of joined) {
      if (isNew && tell)
        events.emit("room", { conversation: room.conversation, change: "joined", info: room.info });
    }
    if (tell && gone.length > 0) await this.takeUpPosts();
    if (tell && joined.length > 0) onJoined();
  }
}

/** @throws `COMMUNITY_LINK_INVALID` */
function checkedAddress({ baseUrl, publicKey }: CommunityAddress): CommunityAddress {
  return { baseUrl: parseBaseUrl(baseUrl), publicKey: bytesToHex(parseServerKey(publicKey)) };
}
