/**
 * A community server, mostly with joined rooms: one connection, one request for each poll however many rooms there are, and rest
 * for a server that fails (docs/protocol/communities.md §10).
 *
 * @module
 */
import { bytesToHex } from "../../bytes/index.js";
import { type CommunityServer, connectCommunity, type InboxItem } from "../../communities/index.js";
import { isSessionError, SessionError } from "../../errors/index.js";
import type { SessionId } from "../../identity/index.js";
import type { PostRecord, ServerRecord, StoreBatch } from "../../store/index.js";
import { asSessionError, type ClientErrorCode } from "../errors.js";
import { putMessage } from "../world.js";
import { waitOf } from "./calling.js";
import { markKnown } from "./intake.js";
import { type LiveRoom, roomKey } from "./live-room.js";
import type { Posted } from "./post-calls.js";
import type { Posts } from "./posts.js";
import { ServerPoll } from "./server-poll.js";
import type { CommunitiesWorld } from "./world.js";

/** What a server works with. */
export interface ServerWorld extends CommunitiesWorld {
  readonly posts: Posts;
  /** The account whose blinded id it is, if known. */
  readonly sessionIdOf: (id: string) => SessionId | undefined;
}

const FIRST_PAUSE_MS = 5_000;
const MAX_PAUSE_MS = 300_000;
/** Servers keep direct messages for 15 days. */
const OUTBOX_MS = 16 * 86_400_000;

/** See the module's description. */
export class LiveServer {
  readonly baseUrl: string;
  readonly connection: CommunityServer;
  /** By token in lower case. */
  readonly rooms: Map<string, LiveRoom> = new Map();
  /** As it is on disk. */
  record: ServerRecord;
  readonly #world: ServerWorld;
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
    this.record = { ...record, publicKey: address.publicKey.toLowerCase() };
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
      markKnown({ world: this.#world, batch }, this.seenPlace(roomKey(this.baseUrl, record.token)), id);
      return;
    }
    this.#posted.add(id);
    batch.markSeen(this.#outbox, String(id), clock.now() + OUTBOX_MS);
    const conversation = sessionIdOf(record.recipient) ?? record.recipient;
    putMessage(batch, { author: self, timestamp }, { conversation, kind: "text" });
  }

  /**
   * Takes what is new; returns how many items. A poll that is running may have passed what the caller waits for, so a
   * further one is made after it. Failures are reported, and the server is left alone for a while. Never rejects.
   */
  poll(): Promise<number> {
    if (this.rooms.size === 0 && !this.#hasPosts) return Promise.resolve(0);
    if (this.#running === undefined) return this.#start();
    this.#next ??= this.#running.then(() => this.#start());
    return this.#next;
  }

  /** Where ids of a room or a box are remembered: a server that was set up anew gives the same ids again. */
  seenPlace(place: string): string {
    return `${place}?${this.publicKey}`;
  }

  get #outbox(): string {
    return this.seenPlace(`${this.baseUrl}/outbox`);
  }

  get #hasPosts(): boolean {
    return this.#world.posts.left.some(({ baseUrl }) => baseUrl === this.baseUrl);
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
    const { lifetime, localTime, events, posts } = this.#world;
    if (lifetime.aborted || localTime() < this.#notBefore) return 0;
    const hasRooms = this.rooms.size > 0;
    const running = new ServerPoll(this.#world, this);
    try {
      if (hasRooms) {
        await running.run();
        this.#succeeded();
      }
      const failure = await posts.resume(this);
      // What is left for it is all that a server without rooms is asked for.
      if (!hasRooms && failure === undefined) this.#succeeded();
      else if (!hasRooms) this.#rest(failure);
    } catch (error) {
      if (lifetime.aborted) return 0;
      if (error instanceof SessionError && error.code.startsWith("STORE_")) events.emit("error", error);
      else this.#failed(error);
    }
    return running.received;
  }

  /** Which items of the outbox this device has sent. */
  async isSent(items: readonly InboxItem[]): Promise<(item: InboxItem) => boolean> {
    const ids = items.map(({ id }) => String(id));
    const seen = await this.#world.store.seen(this.#outbox, ids);
    return ({ id }) => this.#posted.has(id) || seen.has(String(id));
  }

  /** True as long as the account has not left it. */
  isJoined(room: LiveRoom): boolean {
    return this.rooms.get(room.token.toLowerCase()) === room;
  }

  /** Tells that the server, or a room of it, could not be read. */
  report(cause: unknown, room?: LiveRoom, retryAfterMs: number = waitOf(cause)): void {
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

  #succeeded(): void {
    this.#failures = 0;
    this.#failure = undefined;
  }

  /** Leaves the server alone: as long as it says, or longer with every failure. Returns for how long, ms. */
  #rest(error: unknown): number {
    const { localTime, random } = this.#world;
    this.#failures++;
    const pause = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(this.#failures - 1, 16));
    const wait = waitOf(error) || pause * (0.75 + random() * 0.5);
    this.#notBefore = localTime() + wait;
    return wait;
  }

  #failed(error: unknown): void {
    const wait = this.#rest(error);
    const code = isSessionError(error) ? error.code : "";
    if (this.#failure !== code) this.report(error, undefined, wait);
    this.#failure = code;
  }
}
