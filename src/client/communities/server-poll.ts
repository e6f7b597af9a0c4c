/**
 * One poll of a server: everything new on it in one request, and what did not fit into the answer in further ones
 * (docs/protocol/communities.md §10).
 *
 * @module
 */
import {
  catchUp,
  type InboxItem,
  inbox,
  MAX_PAGE,
  outbox,
  type PolledRoom,
  type PollResult,
  poll,
} from "../../communities/index.js";
import { isSessionError, SessionError, throwIfAborted } from "../../errors/index.js";
import {
  COMMUNITY_ROOMS,
  COMMUNITY_SERVERS,
  type RoomRecord,
  type ServerRecord,
  type StoreBatch,
} from "../../store/index.js";
import { MAX_BACKLOG } from "../poller.js";
import { waitOf } from "./calling.js";
import { takeBox, takeInfo, takePage, unsureIds } from "./intake.js";
import type { LiveRoom } from "./live-room.js";
import type { LiveServer, ServerWorld } from "./live-server.js";
import type { RoomChange } from "./messages.js";
import { completed } from "./missed.js";
import type { CommunitySourceName } from "./world.js";

/** Pages of direct messages in one poll. */
const MAX_BOX_PAGES = 20;
/** Items of all rooms that may wait for the app; each room may have {@link MAX_BACKLOG}. */
const MAX_WAITING = 10 * MAX_BACKLOG;

type Box = "inbox" | "outbox";

/** The answer about a room, ready to be written. */
interface PreparedRoom {
  readonly room: LiveRoom;
  readonly polled: PolledRoom;
  /** Ids of messages that are known. */
  readonly seen: ReadonlySet<string>;
}

/** See the module's description. */
export class ServerPoll {
  readonly #world: ServerWorld;
  readonly #server: LiveServer;
  /** Items that came so far: they are there even if what follows fails. */
  received = 0;

  constructor(world: ServerWorld, server: LiveServer) {
    this.#world = world;
    this.#server = server;
  }

  /** Takes what is new. @throws what the server or the network answers, the codes of the store */
  async run(): Promise<void> {
    const { lifetime: signal } = this.#world;
    const { connection } = this.#server;
    const rooms = this.#rooms();
    // Only those with blinded ids have direct messages.
    if (connection.capabilities === undefined) await connection.identity({ signal });
    const boxes = this.#boxes();
    if (rooms.length === 0 && boxes.outbox === undefined) return;
    const result = await poll(
      connection,
      {
        rooms: rooms.map(({ token, record: { cursor, details } }) => ({
          token,
          cursor,
          infoUpdates: details?.["infoUpdates"] as number | undefined,
        })),
        ...boxes,
      },
      { signal },
    );
    await this.#take(rooms, result);
    for (const [index, polled] of result.rooms.entries()) {
      const room = rooms[index];
      if (room === undefined || !polled.messages.ok || !polled.messages.value.full) continue;
      await this.#catchUp(room);
    }
    for (const box of ["inbox", "outbox"] as const) {
      const page = result[box];
      if (page?.ok === true && page.value.full) await this.#catchUpBox(box);
    }
  }

  /** The rooms to ask for: not those for which the app has enough to do, nor those with a wait of their own. */
  #rooms(): readonly LiveRoom[] {
    const { localTime, backlog, log } = this.#world;
    const { rooms, baseUrl: server } = this.#server;
    if (backlog("community") >= MAX_WAITING) {
      log.warn("the app is behind: no more messages of rooms are retrieved", { server });
      return [];
    }
    return [...rooms.values()].filter((room) => {
      const isFull = this.#isFull(room);
      if (isFull) log.warn("the app is behind: no more messages of a room are retrieved", { server });
      return !isFull && localTime() >= room.notBefore;
    });
  }

  /** Direct messages are asked for unless the user does not want any from communities. */
  #boxes(): { inbox?: number | "all"; outbox?: number | "all" } {
    if (this.#server.connection.capabilities?.blinding !== true || this.#isBoxFull()) return {};
    const wanted = this.#world.configs.profile.communityRequests !== false;
    const { inbox: received = "all", outbox: sent = "all" } = this.#server.record;
    return { ...(wanted ? { inbox: received } : {}), outbox: sent };
  }

  /** Everything of one answer, in one write. */
  async #take(rooms: readonly LiveRoom[], result: PollResult): Promise<void> {
    const { store, events } = this.#world;
    const pages = await Promise.all(
      rooms.map((room, index) => this.#prepared(room, result.rooms[index] as PolledRoom)),
    );
    const isSent = await this.#server.isSent(result.outbox?.ok === true ? result.outbox.value.items : []);
    const changes: RoomChange[] = [];
    const done = await store.write((batch) => {
      const records = new Map<LiveRoom, RoomRecord>();
      const counts = new Map<LiveRoom, number>();
      for (const { room, polled, seen } of pages) {
        if (!this.#server.isJoined(room)) continue;
        const taken = this.#takeRoom(batch, room, polled, seen);
        if (taken.change !== undefined) changes.push(taken.change);
        if (taken.record !== undefined) {
          records.set(room, taken.record);
          batch.put(COMMUNITY_ROOMS, room.key, taken.record);
        }
        counts.set(room, taken.count);
      }
      const { record, count: direct } = this.#takeDirect(batch, result, isSent);
      if (record !== undefined) batch.put(COMMUNITY_SERVERS, this.#server.baseUrl, record);
      return { records, record, counts, direct };
    });
    for (const [room, record] of done.records) room.record = record;
    this.#server.record = done.record ?? this.#server.record;
    for (const change of changes) events.emit("room", change);
    for (const { room, polled } of pages) this.#judge(room, polled);
    for (const box of [result.inbox, result.outbox]) if (box?.ok === false) this.#server.report(box.error);
    for (const [room, added] of done.counts) this.#added("community", added, room.key);
    this.#added("inbox", done.direct);
  }

  #added(name: CommunitySourceName, count: number, place?: string): void {
    if (count === 0) return;
    this.received += count;
    this.#world.onAdded(name, count, place);
  }

  /** What is known of the messages in an answer, and what it lacks of them; a failure of that is one of the room. */
  async #prepared(room: LiveRoom, polled: PolledRoom): Promise<PreparedRoom> {
    const { messages } = polled;
    if (!messages.ok) return { room, polled, seen: new Set() };
    const seen = await this.#world.store.seen(room.seenPlace, unsureIds(room, messages.value));
    try {
      const value = await completed(this.#world, room, messages.value, seen);
      return { room, polled: { ...polled, messages: { ok: true, value } }, seen };
    } catch (error) {
      throwIfAborted(this.#world.lifetime);
      if (!isSessionError(error)) throw error;
      return { room, polled: { ...polled, messages: { ok: false, error } }, seen };
    }
  }

  #takeRoom(
    batch: StoreBatch,
    room: LiveRoom,
    { info, messages }: PolledRoom,
    seen: ReadonlySet<string>,
  ): { record: RoomRecord | undefined; change: RoomChange | undefined; count: number } {
    const { posts } = this.#world;
    let { record } = room;
    let count = 0;
    if (messages.ok && (record.cursor === undefined || messages.value.updates.length > 0)) {
      ({ record, count } = takePage({ world: this.#world, batch, posts }, room, messages.value, seen));
    }
    const { info: described, change } = info.ok ? takeInfo(room, info.value) : {};
    room.info = described ?? room.info;
    const isNewer = described?.infoUpdates !== record.details?.["infoUpdates"];
    if (described !== undefined && (change !== undefined || isNewer)) {
      record = { ...record, details: { ...described } };
    }
    return { record: record === room.record ? undefined : record, change, count };
  }

  #takeDirect(
    batch: StoreBatch,
    { capabilities, inbox: received, outbox: sent }: PollResult,
    isSent: (item: InboxItem) => boolean,
  ): { record: ServerRecord | undefined; count: number } {
    const { posts } = this.#world;
    const intake = { world: this.#world, batch, posts };
    let count = 0;
    let record = this.#server.record;
    for (const [box, page, isKnown] of [
      ["inbox", received, () => false],
      ["outbox", sent, isSent],
    ] as const) {
      if (page?.ok !== true) continue;
      const taken = takeBox(intake, this.#server, page.value, record[box] ?? 0, isKnown);
      count += taken.count;
      if (taken.cursor !== record[box]) record = { ...record, [box]: taken.cursor };
    }
    if (capabilities.ok && String(capabilities.value.names) !== String(record.capabilities)) {
      record = { ...record, capabilities: capabilities.value.names };
    }
    return { record: record === this.#server.record ? undefined : record, count };
  }

  /** Page by page until there is nothing more, or the app has enough to do. */
  async #catchUp(room: LiveRoom): Promise<void> {
    const { store, posts, lifetime: signal } = this.#world;
    const { cursor } = room.record;
    // The newest messages are where reading begins: there is nothing older to catch up with.
    if (cursor === undefined || this.#isFull(room)) return;
    try {
      for await (const page of catchUp(this.#server.connection, room.token, cursor, { signal })) {
        const seen = await store.seen(room.seenPlace, unsureIds(room, page));
        const whole = await completed(this.#world, room, page, seen);
        const taken = await store.write((batch) => {
          if (!this.#server.isJoined(room)) return undefined;
          const result = takePage({ world: this.#world, batch, posts }, room, whole, seen);
          batch.put(COMMUNITY_ROOMS, room.key, result.record);
          return result;
        });
        if (taken === undefined) break;
        room.record = taken.record;
        this.#added("community", taken.count, room.key);
        if (this.#isFull(room)) break;
      }
    } catch (error) {
      throwIfAborted(signal);
      if (error instanceof SessionError && error.code.startsWith("STORE_")) throw error;
      this.#server.report(error, room);
    }
  }

  async #catchUpBox(box: Box): Promise<void> {
    const { store, posts, lifetime: signal } = this.#world;
    for (let pages = 0; pages < MAX_BOX_PAGES && !this.#isBoxFull(); pages++) {
      const since = this.#server.record[box] ?? 0;
      const call = box === "inbox" ? inbox : outbox;
      const page = await this.#server.connection.run(call({ since, limit: MAX_PAGE }), { signal });
      const isKnown = box === "outbox" ? await this.#server.isSent(page.items) : () => false;
      const { record, count } = await store.write((batch) => {
        const taken = takeBox({ world: this.#world, batch, posts }, this.#server, page, since, isKnown);
        const changed = { ...this.#server.record, [box]: taken.cursor };
        batch.put(COMMUNITY_SERVERS, this.#server.baseUrl, changed);
        return { record: changed, count: taken.count };
      });
      this.#server.record = record;
      this.#added("inbox", count);
      if (!page.full || record[box] === since) break;
    }
  }

  /** Tells when a room begins to fail, or fails in another way. */
  #judge(room: LiveRoom, { info, messages }: PolledRoom): void {
    const error = messages.ok ? (info.ok ? undefined : info.error) : messages.error;
    if (error === undefined) {
      room.failure = undefined;
      return;
    }
    const wait = waitOf(error);
    if (wait > 0) room.notBefore = this.#world.localTime() + wait;
    if (room.failure !== error.code) this.#server.report(error, room);
    room.failure = error.code;
  }

  /** True while the app has enough to do for a room. */
  #isFull({ key }: LiveRoom): boolean {
    return this.#world.backlog("community", key) >= MAX_BACKLOG;
  }

  #isBoxFull(): boolean {
    return this.#world.backlog("inbox") >= MAX_BACKLOG;
  }
}
