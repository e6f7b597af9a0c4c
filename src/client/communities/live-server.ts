/**
 * A community server with joined rooms: one connection, one request for each poll however many rooms there are, and rest
 * for a server that fails (docs/protocol/communities.md §10).
 *
 * @module
 */
import { bytesToHex } from "../../bytes/index.js";
import {
  type CommunityServer,
  catchUp,
  connectCommunity,
  type InboxItem,
  inbox,
  MAX_PAGE,
  outbox,
  type PolledRoom,
  type PollResult,
  poll,
} from "../../communities/index.js";
import { isSessionError, SessionError, throwIfAborted } from "../../errors/index.js";
import type { SessionId } from "../../identity/index.js";
import {
  COMMUNITY_ROOMS,
  COMMUNITY_SERVERS,
  type PostRecord,
  type RoomRecord,
  type ServerRecord,
  type StoreBatch,
} from "../../store/index.js";
import { asSessionError, type ClientErrorCode } from "../errors.js";
import { MAX_BACKLOG } from "../poller.js";
import { putMessage } from "../world.js";
import { markKnown, takeBox, takeInfo, takePage, unsureIds } from "./intake.js";
import { type LiveRoom, roomKey } from "./live-room.js";
import type { RoomChange } from "./messages.js";
import type { Posted, Posts } from "./posts.js";
import type { CommunitiesWorld, CommunitySourceName } from "./world.js";

/** What a server works with. */
export interface ServerWorld extends CommunitiesWorld {
  readonly posts: Posts;
  /** The account whose blinded id it is, if known. */
  readonly sessionIdOf: (id: string) => SessionId | undefined;
}

type Box = "inbox" | "outbox";

const FIRST_PAUSE_MS = 5_000;
const MAX_PAUSE_MS = 300_000;
/** Servers keep direct messages for 15 days. */
const OUTBOX_MS = 16 * 86_400_000;
/** Pages of direct messages in one poll. */
const MAX_BOX_PAGES = 20;

/** See the module's description. */
export class LiveServer {
  readonly baseUrl: string;
  readonly connection: CommunityServer;
  /** By token in lower case. */
  readonly rooms = new Map<string, LiveRoom>();
  readonly #world: ServerWorld;
  #record: ServerRecord;
  readonly #posted = new Set<number>();
  #running: Promise<number> | undefined;
  #next: Promise<number> | undefined;
  #failures = 0;
  #failure: string | undefined;
  /** Local time before which the server is left alone, ms. */
  #notBefore = 0;

  constructor(
    world: ServerWorld,
    address: { baseUrl: string; publicKey: string },
    record: ServerRecord = {},
  ) {
    this.#world = world;
    this.#record = record;
    const { account, crypto, network, contacts, sessionIdOf } = world;
    this.connection = connectCommunity(network, address, {
      account,
      crypto,
      validation: { isBlocked: (id) => contacts.get(sessionIdOf(id) ?? id)?.blocked === true },
    });
    this.baseUrl = this.connection.baseUrl;
    const { capabilities: names } = record;
    if (names !== undefined) {
      const has = (name: string): boolean => names.includes(name);
      this.connection.learn({ names, blinding: has("blind"), reactions: has("reactions") });
    }
  }

  get publicKey(): string {
    return bytesToHex(this.connection.publicKey);
  }

  /** A message of this device is there: it is no news when it comes with a poll. */
  arrived(batch: StoreBatch, record: PostRecord, { id, timestamp }: Posted): void {
    const { clock, self, sessionIdOf } = this.#world;
    if (record.kind === "room") {
      const room = this.rooms.get(record.token.toLowerCase());
      room?.posted(id);
      markKnown({ world: this.#world, batch }, roomKey(this.baseUrl, record.token), id);
      return;
    }
    this.#posted.add(id);
    batch.markSeen(`${this.baseUrl}/outbox`, String(id), clock.now() + OUTBOX_MS);
    const conversation = sessionIdOf(record.recipient) ?? record.recipient;
    putMessage(batch, { author: self, timestamp }, { conversation, kind: "text" });
  }

  /**
   * Takes what is new; returns how many items. A poll that is running may have passed what the caller waits for, so a
   * further one is made after it. Failures are reported, and the server is left alone for a while. Never rejects.
   */
  poll(): Promise<number> {
    if (this.#running === undefined) return this.#start();
    this.#next ??= this.#running.then(() => this.#start());
    return this.#next;
  }

  /** True while a poll runs. */
  get isBusy(): boolean {
    return this.#running !== undefined;
  }

  /** True if it has rooms that were never read. */
  get hasNewRooms(): boolean {
    return [...this.rooms.values()].some(({ record }) => record.cursor === undefined);
  }

  /** Resolves when no poll runs. */
  async stopped(): Promise<void> {
    await this.#running;
    await this.#next;
  }

  #start(): Promise<number> {
    this.#next = undefined;
    this.#running = this.#tryPoll().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #tryPoll(): Promise<number> {
    const { lifetime, localTime, events, log } = this.#world;
    if (lifetime.aborted || this.rooms.size === 0 || localTime() < this.#notBefore) return 0;
    if (this.#isFull("community")) {
      log.warn("the app is behind: no more messages of rooms are retrieved", { server: this.baseUrl });
      return 0;
    }
    try {
      const received = await this.#poll();
      this.#failures = 0;
      this.#failure = undefined;
      await this.#world.posts.resume(this);
      return received;
    } catch (error) {
      if (lifetime.aborted) return 0;
      if (error instanceof SessionError && error.code.startsWith("STORE_")) events.emit("error", error);
      else this.#failed(error);
      return 0;
    }
  }

  async #poll(): Promise<number> {
    const { lifetime: signal, localTime } = this.#world;
    const { connection } = this;
    const rooms = [...this.rooms.values()].filter(({ notBefore }) => localTime() >= notBefore);
    // Whether there are direct messages is for blinded ids only.
    if (connection.capabilities === undefined) await connection.identity({ signal });
    const result = await poll(
      connection,
      {
        rooms: rooms.map(({ token, record: { cursor, details } }) => ({
          token,
          cursor,
          infoUpdates: details?.["infoUpdates"] as number | undefined,
        })),
        ...this.#boxes(),
      },
      { signal },
    );
    let received = await this.#take(rooms, result);
    for (const [index, polled] of result.rooms.entries()) {
      const room = rooms[index];
      if (room === undefined || !polled.messages.ok || !polled.messages.value.full) continue;
      received += await this.#catchUp(room);
    }
    for (const box of ["inbox", "outbox"] as const) {
      const page = result[box];
      if (page?.ok === true && page.value.full) received += await this.#catchUpBox(box);
    }
    return received;
  }

  /** Direct messages are asked for unless the user does not want any from communities. */
  #boxes(): { inbox?: number | "all"; outbox?: number | "all" } {
    if (this.connection.capabilities?.blinding !== true || this.#isFull("inbox")) return {};
    const wanted = this.#world.configs.profile.communityRequests !== false;
    const { inbox: received = "all", outbox: sent = "all" } = this.#record;
    return { ...(wanted ? { inbox: received } : {}), outbox: sent };
  }

  /** Everything of one answer, in one write. */
  async #take(rooms: readonly LiveRoom[], result: PollResult): Promise<number> {
    const { store, events, onAdded } = this.#world;
    const pages = rooms.map((room, index) => ({ room, polled: result.rooms[index] as PolledRoom }));
    const seen = await Promise.all(
      pages.map(({ room, polled: { messages } }) =>
        messages.ok ? store.seen(room.key, unsureIds(room, messages.value)) : new Set<string>(),
      ),
    );
    const isSent = await this.#isSent(result.outbox?.ok === true ? result.outbox.value.items : []);
    const changes: RoomChange[] = [];
    const done = await store.write((batch) => {
      const records = new Map<LiveRoom, RoomRecord>();
      let count = 0;
      for (const [index, { room, polled }] of pages.entries()) {
        if (!this.#isJoined(room)) continue;
        const taken = this.#takeRoom(batch, room, polled, seen[index] as ReadonlySet<string>);
        if (taken.change !== undefined) changes.push(taken.change);
        if (taken.record !== undefined) {
          records.set(room, taken.record);
          batch.put(COMMUNITY_ROOMS, room.key, taken.record);
        }
        count += taken.count;
      }
      const { record, count: direct } = this.#takeDirect(batch, result, isSent);
      if (record !== undefined) batch.put(COMMUNITY_SERVERS, this.baseUrl, record);
      return { records, record, count, direct };
    });
    for (const [room, record] of done.records) room.record = record;
    this.#record = done.record ?? this.#record;
    for (const change of changes) events.emit("room", change);
    for (const { room, polled } of pages) this.#judge(room, polled);
    for (const box of [result.inbox, result.outbox]) if (box?.ok === false) this.#report(box.error);
    if (done.count > 0) onAdded("community", done.count);
    if (done.direct > 0) onAdded("inbox", done.direct);
    return done.count + done.direct;
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
    let record = this.#record;
    for (const [box, page, isKnown] of [
      ["inbox", received, () => false],
      ["outbox", sent, isSent],
    ] as const) {
      if (page?.ok !== true) continue;
      const taken = takeBox(intake, this, page.value, record[box] ?? 0, isKnown);
      count += taken.count;
      if (taken.cursor !== record[box]) record = { ...record, [box]: taken.cursor };
    }
    if (capabilities.ok && String(capabilities.value.names) !== String(record.capabilities)) {
      record = { ...record, capabilities: capabilities.value.names };
    }
    return { record: record === this.#record ? undefined : record, count };
  }

  /** Page by page until there is nothing more, or the app has enough to do. */
  async #catchUp(room: LiveRoom): Promise<number> {
    const { store, posts, lifetime: signal, onAdded } = this.#world;
    const { cursor } = room.record;
    let received = 0;
    // The newest messages are where reading begins: there is nothing older to catch up with.
    if (cursor === undefined || this.#isFull("community")) return 0;
    try {
      for await (const page of catchUp(this.connection, room.token, cursor, { signal })) {
        const seen = await store.seen(room.key, unsureIds(room, page));
        const taken = await store.write((batch) => {
          if (!this.#isJoined(room)) return undefined;
          const result = takePage({ world: this.#world, batch, posts }, room, page, seen);
          batch.put(COMMUNITY_ROOMS, room.key, result.record);
          return result;
        });
        if (taken === undefined) break;
        room.record = taken.record;
        received += taken.count;
        if (taken.count > 0) onAdded("community", taken.count);
        if (this.#isFull("community")) break;
      }
    } catch (error) {
      throwIfAborted(signal);
      if (error instanceof SessionError && error.code.startsWith("STORE_")) throw error;
      this.#report(error, room);
    }
    return received;
  }

  async #catchUpBox(box: Box): Promise<number> {
    const { store, posts, lifetime: signal, onAdded } = this.#world;
    let received = 0;
    for (let pages = 0; pages < MAX_BOX_PAGES && !this.#isFull("inbox"); pages++) {
      const since = this.#record[box] ?? 0;
      const call = box === "inbox" ? inbox : outbox;
      const page = await this.connection.run(call({ since, limit: MAX_PAGE }), { signal });
      const isKnown = box === "outbox" ? await this.#isSent(page.items) : () => false;
      const { record, count } = await store.write((batch) => {
        const taken = takeBox({ world: this.#world, batch, posts }, this, page, since, isKnown);
        const changed = { ...this.#record, [box]: taken.cursor };
        batch.put(COMMUNITY_SERVERS, this.baseUrl, changed);
        return { record: changed, count: taken.count };
      });
      this.#record = record;
      received += count;
      if (count > 0) onAdded("inbox", count);
      if (!page.full || record[box] === since) break;
    }
    return received;
  }

  /** Which items this device has sent. */
  async #isSent(items: readonly InboxItem[]): Promise<(item: InboxItem) => boolean> {
    const ids = items.map(({ id }) => String(id));
    const seen = await this.#world.store.seen(`${this.baseUrl}/outbox`, ids);
    return ({ id }) => this.#posted.has(id) || seen.has(String(id));
  }

  #isJoined(room: LiveRoom): boolean {
    return this.rooms.get(room.token.toLowerCase()) === room;
  }

  #isFull(name: CommunitySourceName): boolean {
    return this.#world.backlog(name) >= MAX_BACKLOG;
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
    if (room.failure !== error.code) this.#report(error, room);
    room.failure = error.code;
  }

  /** Leaves the server alone: as long as it says, or longer with every failure. */
  #failed(error: unknown): void {
    const { localTime, random } = this.#world;
    this.#failures++;
    const pause = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(this.#failures - 1, 16));
    const wait = waitOf(error) || pause * (0.75 + random() * 0.5);
    this.#notBefore = localTime() + wait;
    const code = isSessionError(error) ? error.code : "";
    if (this.#failure !== code) this.#report(error, undefined, wait);
    this.#failure = code;
  }

  #report(cause: unknown, room?: LiveRoom, retryAfterMs: number = waitOf(cause)): void {
    const { events, log } = this.#world;
    log.warn("a community could not be polled", { server: this.baseUrl, error: cause });
    if (!isSessionError(cause)) {
      events.emit("error", asSessionError(cause, "COMMUNITY_POLL_FAILED", "polling a community failed"));
      return;
    }
    const details = {
      server: this.baseUrl,
      ...(room === undefined ? {} : { room: room.conversation }),
      ...(retryAfterMs > 0 ? { retryAfterMs } : {}),
    };
    const message =
      room === undefined ? "a community server could not be polled" : "a room could not be read";
    const error = new SessionError<ClientErrorCode>("COMMUNITY_POLL_FAILED", message, { cause, details });
    events.emit("error", error);
  }
}

/** How long the server says to wait, ms; 0 if it does not. */
export function waitOf(error: unknown): number {
  if (!isSessionError(error, "COMMUNITY_RATE_LIMITED")) return 0;
  const { retryAfterMs } = error.details;
  return typeof retryAfterMs === "number" ? retryAfterMs : 0;
}
