/**
 * Messages on their way to a community server: on disk before they are sent, so that none is lost, and found again by
 * their signature (or ciphertext), so that none is posted twice (docs/decisions/013-communities.md).
 *
 * @module
 */
import { base64ToBytes, bytesToBase64, equalBytes } from "../../bytes/index.js";
import {
  type CommunityServer,
  outbox,
  type PostedMessage,
  postMessage,
  postToInbox,
  recentMessages,
} from "../../communities/index.js";
import { type AbortOptions, isSessionError, SessionError } from "../../errors/index.js";
import type { BlindedId } from "../../identity/index.js";
import { COMMUNITY_POSTS, type PostRecord, type StoreBatch } from "../../store/index.js";
import { asSessionError, type ClientErrorCode } from "../errors.js";
import { settledWithin } from "../timers.js";
import { whileOpen } from "./calling.js";
import type { LiveServer } from "./live-server.js";
import type { CommunitiesWorld } from "./world.js";

/** What a server made of a message. */
export type Posted = Omit<PostedMessage, "seqno"> & { readonly seqno?: number | undefined };

/** A message on its way. */
interface Pending {
  readonly record: PostRecord;
  readonly id: string;
  /** A call of the app waits for it. */
  readonly isAwaited: boolean;
  /** A poll has found it on the server. */
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
/** Messages looked through for one that may have been posted. */
const LOOK_BACK = 256;
/** Answers after which the server may have the message all the same. */
const UNCLEAR = ["COMMUNITY_SERVER_ERROR", "COMMUNITY_REPLY_INVALID"] as const;

/** See the module's description. */
export class Posts {
  readonly #world: CommunitiesWorld;
  /** By signature or ciphertext. */
  readonly #pending = new Map<string, Pending>();
  readonly #running = new Set<Promise<unknown>>();

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

  /** Sends what an earlier run left for `server`. Failures are reported, and tried again after the next poll. */
  async resume(server: LiveServer): Promise<void> {
    const { store, clock, events, lifetime } = this.#world;
    const left = [...this.#pending].filter(
      ([, { record, isAwaited }]) => record.baseUrl === server.baseUrl && !isAwaited,
    );
    for (const [mark, pending] of left) {
      const forget = async (posted?: Posted): Promise<void> => {
        await store.write((batch) => {
          batch.delete(COMMUNITY_POSTS, pending.id);
          if (posted !== undefined) server.arrived(batch, pending.record, posted);
        });
        this.#pending.delete(mark);
      };
      try {
        const found = await find(server.connection, pending.record, lifetime);
        if (found === undefined && pending.record.timestamp + GIVE_UP_MS < clock.now())
          throw new SessionError<ClientErrorCode>("SEND_FAILED", "the message is too old to be posted");
        await forget(found ?? (await run(server.connection, pending.record, lifetime)));
      } catch (error) {
        if (lifetime.aborted) return;
        if (isSessionError(error) && isFinal(error)) await forget();
        else if (isSessionError(error, "COMMUNITY_RATE_LIMITED")) continue;
        events.emit("error", asSessionError(error, "SEND_FAILED", "a message could not be posted"));
      }
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
        const posted = await this.#send(server.connection, pending, signal);
        await store.write((batch) => {
          batch.delete(COMMUNITY_POSTS, pending.id);
          server.arrived(batch, record, posted);
        });
        return posted;
      } catch (error) {
        // The next client on the store goes on with it.
        if (lifetime.aborted) throw error;
        await store.write((batch) => {
          batch.delete(COMMUNITY_POSTS, pending.id);
          options.undo?.(batch);
        });
        throw error;
      } finally {
        this.#pending.delete(mark);
      }
    });
  }

  async #send(connection: CommunityServer, pending: Pending, signal: AbortSignal): Promise<Posted> {
    try {
      return await run(connection, pending.record, signal);
    } catch (cause) {
      if (!(cause instanceof SessionError) || signal.aborted || !isUnclear(cause)) throw cause;
      const found = pending.found ?? (await find(connection, pending.record, signal).catch(() => undefined));
      if (found !== undefined) return found;
      throw new SessionError<ClientErrorCode>("SEND_FAILED", "the server did not confirm the message", {
        cause,
        details: { server: connection.baseUrl },
      });
    }
  }
}

async function run(connection: CommunityServer, record: PostRecord, signal: AbortSignal): Promise<Posted> {
  if (record.kind === "room") {
    const { token, whisperTo, whisperMods } = record;
    return await connection.run(postMessage(token, record, { whisperTo, whisperMods }), { signal });
  }
  const { recipient, encrypted } = record;
  const { id, timestamp } = await connection.run(postToInbox(recipient as BlindedId, encrypted), { signal });
  return { id, timestamp, filtered: false };
}

/** Looks for a message on its server. */
async function find(
  connection: CommunityServer,
  record: PostRecord,
  signal: AbortSignal,
): Promise<Posted | undefined> {
  if (record.kind === "direct") {
    const { items } = await connection.run(outbox({ limit: LOOK_BACK }), { signal });
    const item = items.find(({ message }) => equalBytes(message, record.encrypted));
    return item && { id: item.id, timestamp: item.timestamp, filtered: false };
  }
  const { updates, rows } = await connection.run(recentMessages(record.token, { limit: LOOK_BACK }), {
    signal,
  });
  const mark = markOf(record);
  const index = rows.findIndex((row) => {
    const { signature } = row as { readonly signature?: unknown };
    return typeof signature === "string" && unpadded(signature) === mark;
  });
  const update = updates[index];
  if (update?.kind !== "message") return undefined;
  const { id, seqno, timestamp } = update.message;
  return { id, seqno, timestamp, filtered: false };
}

const isUnclear = ({ code }: SessionError): boolean =>
  !code.startsWith("COMMUNITY_") || UNCLEAR.some((unclear) => unclear === code);

/** True for answers that another attempt does not change. */
const isFinal = (error: SessionError): boolean =>
  error.code === "SEND_FAILED" || (!isUnclear(error) && error.code !== "COMMUNITY_RATE_LIMITED");

function markOf(record: PostRecord): string {
  return unpadded(bytesToBase64(record.kind === "room" ? record.signature : record.encrypted));
}

/** Place in the queue: by time, and told apart by what is signed or encrypted. */
function idOf(record: PostRecord): string {
  const bytes = base64ToBytes(markOf(record)).subarray(0, 8);
  return `${String(record.timestamp).padStart(16, "0")}/${[...bytes].join("-")}`;
}

const unpadded = (base64: string): string => base64.replace(/=+$/, "");
