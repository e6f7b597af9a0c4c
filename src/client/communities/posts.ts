/**
 * Messages on their way to a community server: on disk before they are sent, so that none is lost, and found again by
 * their signature (or ciphertext), so that none is posted twice (docs/decisions/013-communities.md).
 *
 * @module
 */
import { base64ToBytes } from "../../bytes/index.js";
import type { CommunityServer } from "../../communities/index.js";
import { type AbortOptions, SessionError } from "../../errors/index.js";
import { COMMUNITY_POSTS, type PostRecord, type StoreBatch } from "../../store/index.js";
import { whileOpen } from "../abort.js";
import { asSessionError, type ClientErrorCode } from "../errors.js";
import { settledWithin } from "../timers.js";
import { roomKey } from "./live-room.js";
import type { LiveServer } from "./live-server.js";
import { findPost, markOf, type Posted, runPost, unpadded } from "./post-calls.js";
import type { CommunitiesWorld } from "./world.js";

/** A message on its way. */
interface Pending {
  readonly record: PostRecord;
  readonly id: string;
  /** A call of the app waits for it. */
  isAwaited: boolean;
  /** It is on the server. */
  found?: Posted | undefined;
}

/** How to post. */
export interface PostOptions extends AbortOptions {
  /** Written together with the message's place in the queue. */
  readonly also?: ((batch: StoreBatch) => void) | undefined;
  /** Takes that back, when the message is not sent after all. */
  readonly undo?: ((batch: StoreBatch) => void) | undefined;
}

/** Receivers drop what was signed six hours before it was posted (V3). */
const GIVE_UP_MS = 5 * 3_600_000;
/** Answers after which the server may have the message all the same. */
const UNCLEAR = ["COMMUNITY_SERVER_ERROR", "COMMUNITY_REPLY_INVALID"] as const;

/** See the module's description. */
export class Posts {
  readonly #world: CommunitiesWorld;
  /** By signature or ciphertext. */
  readonly #pending = new Map<string, Pending>();
  readonly #running = new Set<Promise<unknown>>();
  /** By the server's address. */
  readonly #resuming = new Map<string, Promise<SessionError | undefined>>();

  private constructor(world: CommunitiesWorld) {
    this.#world = world;
  }

  /** Takes up what an earlier run left. */
  static async open(world: CommunitiesWorld): Promise<Posts> {
    const posts = new Posts(world);
    for (const { id, record } of await world.store.list(COMMUNITY_POSTS)) {
      posts.#pending.set(markOf(record), { id, record, isAwaited: false });
    }
    return posts;
  }

  /**
   * Posts a message.
   *
   * @throws `SEND_FAILED` (it may have arrived all the same), `ABORTED` (also), `CLOSED` (the next client goes on), the
   *   server's answers (`COMMUNITY_…`), those of the store
   */
  post(server: LiveServer, record: PostRecord, options: PostOptions): Promise<Posted> {
    const running = this.#post(server, record, options);
    this.#running.add(running);
    running.catch(() => {}).finally(() => this.#running.delete(running));
    return running;
  }

  /**
   * A message of the own account came with a poll: true if this device sent it. It has arrived then, whatever its call was
   * told.
   *
   * @param mark - signature or ciphertext, base64
   */
  claim(batch: StoreBatch, mark: string, posted: Posted): boolean {
    const pending = this.#pending.get(unpadded(mark));
    if (pending === undefined) return false;
    pending.found = posted;
    batch.delete(COMMUNITY_POSTS, pending.id);
    if (!pending.isAwaited) this.#pending.delete(unpadded(mark));
    return true;
  }

  /** What no call waits for: an earlier run left it, or it was posted and could not be taken out. */
  get left(): readonly PostRecord[] {
    return [...this.#pending.values()].filter(({ isAwaited }) => !isAwaited).map(({ record }) => record);
  }

  /**
   * Sends what is left for `server`, once however many ask. Failures are reported; returns the last that another attempt may
   * change.
   */
  resume(server: LiveServer): Promise<SessionError | undefined> {
    const { baseUrl } = server;
    const running = this.#resuming.get(baseUrl);
    // Two at a time would both find nothing, and post twice.
    if (running !== undefined) return running;
    const resuming = this.#resume(server).finally(() => this.#resuming.delete(baseUrl));
    this.#resuming.set(baseUrl, resuming);
    return resuming;
  }

  /** Takes out what is left for places that there is no way to any more, and reports it. */
  async giveUp(isLost: (record: PostRecord) => boolean): Promise<void> {
    const lost = [...this.#pending].filter(([, { record, isAwaited }]) => !isAwaited && isLost(record));
    if (lost.length === 0) return;
    // Before the write, so that nobody posts it meanwhile.
    for (const [mark] of lost) this.#pending.delete(mark);
    await this.#world.store.write((batch) => {
      for (const [, { id }] of lost) batch.delete(COMMUNITY_POSTS, id);
    });
    for (const [, { record }] of lost) {
      const place = record.kind === "room" ? { room: roomKey(record.baseUrl, record.token) } : {};
      const error = new SessionError<ClientErrorCode>(
        "SEND_FAILED",
        "the message was not posted: its room was left, or its recipient is not known any more",
        { details: { server: record.baseUrl, ...place } },
      );
      this.#world.events.emit("error", error);
    }
  }

  /** Waits for running posts, at most `ms`. */
  async drain(ms: number): Promise<void> {
    await settledWithin(Promise.allSettled(this.#running), ms, this.#world.timers);
  }

  /** Resolves when nothing runs any more. */
  async stopped(): Promise<void> {
    await Promise.allSettled(this.#running);
  }

  async #post(server: LiveServer, record: PostRecord, options: PostOptions): Promise<Posted> {
    const { store, lifetime } = this.#world;
    const mark = markOf(record);
    const pending: Pending = { record, id: idOf(record), isAwaited: true };
    return await whileOpen(this.#world, options, async (signal) => {
      this.#pending.set(mark, pending);
      try {
        await store.write((batch) => {
          options.also?.(batch);
          batch.put(COMMUNITY_POSTS, pending.id, record);
        });
        pending.found = await this.#send(server.connection, pending, signal);
      } catch (error) {
        this.#pending.delete(mark);
        // The next client on the store goes on with it.
        if (lifetime.aborted) throw error;
        await store.write((batch) => {
          batch.delete(COMMUNITY_POSTS, pending.id);
          options.undo?.(batch);
        });
        throw error;
      }
      await this.#arrived(server, pending, pending.found);
      return pending.found;
    });
  }

  /**
   * Takes a message out that is on its server. If the store fails it has been posted all the same: the record stays for the
   * next poll or the next run to take out, and who sent it is not told to send it again.
   */
  async #arrived(server: LiveServer, pending: Pending, posted: Posted): Promise<void> {
    const { lifetime, events } = this.#world;
    try {
      await this.#takeOut(server, pending, posted);
    } catch (error) {
      pending.isAwaited = false;
      if (lifetime.aborted) throw error;
      events.emit("error", asSessionError(error, "STORE_FAILED", "a message that was posted was not noted"));
    }
  }

  async #takeOut(server: LiveServer, pending: Pending, posted?: Posted): Promise<void> {
    const { id, record } = pending;
    await this.#world.store.write((batch) => {
      batch.delete(COMMUNITY_POSTS, id);
      if (posted !== undefined) server.arrived(batch, record, posted);
    });
    this.#pending.delete(markOf(record));
  }

  async #resume(server: LiveServer): Promise<SessionError | undefined> {
    const { events, lifetime } = this.#world;
    let failure: SessionError | undefined;
    const left = [...this.#pending.values()].filter(({ record }) => record.baseUrl === server.baseUrl);
    for (const pending of left) {
      // Polls may have found it, and rooms may be left, meanwhile.
      if (pending.isAwaited || this.#pending.get(markOf(pending.record)) !== pending) continue;
      try {
        await this.#takeOut(server, pending, await this.#postOnce(server, pending));
      } catch (cause) {
        if (lifetime.aborted) return undefined;
        const error = asSessionError(cause, "SEND_FAILED", "a message could not be posted");
        if (isFinal(error)) await this.#takeOut(server, pending);
        else failure = error;
        if (error.code !== "COMMUNITY_RATE_LIMITED") events.emit("error", error);
      }
    }
    return failure;
  }

  /** Posts a message unless it is there already. */
  async #postOnce({ connection }: LiveServer, { record, found }: Pending): Promise<Posted> {
    const { clock, lifetime } = this.#world;
    const there = found ?? (await findPost(connection, record, lifetime));
    if (there !== undefined) return there;
    if (record.timestamp + GIVE_UP_MS < clock.now())
      throw new SessionError<ClientErrorCode>("SEND_FAILED", "the message is too old to be posted");
    return await runPost(connection, record, lifetime);
  }

  async #send(connection: CommunityServer, pending: Pending, signal: AbortSignal): Promise<Posted> {
    try {
      return await runPost(connection, pending.record, signal);
    } catch (cause) {
      if (!(cause instanceof SessionError) || signal.aborted || !isUnclear(cause)) throw cause;
      const found =
        pending.found ?? (await findPost(connection, pending.record, signal).catch(() => undefined));
      if (found !== undefined) return found;
      throw new SessionError<ClientErrorCode>("SEND_FAILED", "the server did not confirm the message", {
        cause,
        details: { server: connection.baseUrl },
      });
    }
  }
}

const isUnclear = ({ code }: SessionError): boolean =>
  !code.startsWith("COMMUNITY_") || UNCLEAR.some((unclear) => unclear === code);

/** True for answers that another attempt does not change. */
const isFinal = (error: SessionError): boolean =>
  error.code === "SEND_FAILED" || (!isUnclear(error) && error.code !== "COMMUNITY_RATE_LIMITED");

/** Place in the queue: by time, and told apart by what is signed or encrypted. */
function idOf(record: PostRecord): string {
  const bytes = base64ToBytes(markOf(record)).subarray(0, 8);
  return `${String(record.timestamp).padStart(16, "0")}/${[...bytes].join("-")}`;
}
