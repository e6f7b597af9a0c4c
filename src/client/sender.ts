/**
 * Sending, at least once: a message is in the outbox on disk before the network sees it and leaves it when it is in
 * the recipient's swarm and, as a copy for the other devices, in the own one (docs/protocol/messages.md §§3 and 4).
 *
 * What is still there after a crash is sent again with the same timestamp: receivers take the second for a duplicate.
 *
 * @module
 */
import { isSessionError, SessionError, throwIfAborted } from "../errors/index.js";
import type { OutgoingMessage } from "../messages/index.js";
import type { OutboxItem, Queued, Store, StoreBatch } from "../store/index.js";
import { SignalHub } from "./abort.js";
import { asSessionError, closedError } from "./errors.js";
import type { Emitter } from "./events.js";
import { Limiter } from "./limiter.js";
import type { Logger } from "./logger.js";
import type { ClockPort, EncodedItem, MessageCodec, Stored, SwarmPort } from "./ports.js";
import { delay, settledWithin, type Timers } from "./timers.js";
import type { Timestamps } from "./timestamps.js";

/** What `Client.send` answers. */
export interface SendResult {
  readonly to: string;
  /** Hash in the recipient's swarm; in the own swarm for a note to self. */
  readonly hash: string;
  /** The message's identity together with its sender, network ms. */
  readonly timestamp: number;
  /** The swarm member that took it, the path there, and what each member said. */
  readonly stored: Stored;
  /** The copy for the own devices. Absent: it could not be stored yet, and is tried again in the background. */
  readonly synced?: Stored | undefined;
}

/** What a sender works with. */
export interface SenderWorld {
  readonly self: string;
  readonly store: Store;
  readonly swarm: SwarmPort;
  readonly codec: MessageCodec;
  readonly timestamps: Timestamps;
  readonly clock: ClockPort;
  readonly timers: Timers;
  readonly log: Logger;
  readonly events: Emitter;
  /** Ends with the client. */
  readonly lifetime: AbortSignal;
}

/** Messages stored at the same time. */
const CONCURRENCY = 8;
/** A message that could not be sent for so long is given up. */
const GIVE_UP_MS = 1_209_600_000;
/** The own copies' hashes and timestamps are remembered for so long: no copy lives longer. */
const REMEMBER_MS = 2_592_000_000;
const RETRY_MS = 5_000;
const MAX_RETRY_MS = 300_000;
/** Errors that another attempt cannot mend. */
const PERMANENT: ReadonlySet<string> = /* @__PURE__ */ new Set([
  "SWARM_BAD_REQUEST",
  "SWARM_FORBIDDEN",
  "INVALID_ARGUMENT",
]);

/** See the module's description. */
export class Sender {
  readonly #world: SenderWorld;
  readonly #limiter = new Limiter(CONCURRENCY);
  readonly #signals = new SignalHub();
  /** Places in the outbox that a call of `send` works on. */
  readonly #active = new Set<number>();
  readonly #sends = new Set<Promise<unknown>>();
  #resuming: Promise<void> | undefined;
  #resumeAgain = false;

  constructor(world: SenderWorld) {
    this.#world = world;
  }

  /**
   * Sends `message` to `to`.
   *
   * @throws `SEND_FAILED`, `ABORTED` (no further attempt is made), `CLOSED` (the message stays in the outbox), the codes
   *   of the store, and of the message encoder
   */
  send(to: string, message: OutgoingMessage, signal?: AbortSignal): Promise<SendResult> {
    const sent = this.#send(to, message, signal);
    this.#sends.add(sent);
    sent.catch(() => {}).finally(() => this.#sends.delete(sent));
    return sent;
  }

  /** Sends in the background what an earlier run, or a failed copy, left in the outbox. */
  resume(waitMs = 0): void {
    if (this.#world.lifetime.aborted) return;
    if (this.#resuming !== undefined) {
      this.#resumeAgain = true;
      return;
    }
    this.#resuming = this.#resume(waitMs).finally(() => {
      this.#resuming = undefined;
      if (!this.#resumeAgain) return;
      this.#resumeAgain = false;
      this.resume(RETRY_MS);
    });
  }

  /** Waits for running sends, at most `ms`. */
  async drain(ms: number): Promise<void> {
    await settledWithin(Promise.allSettled(this.#sends), ms, this.#world.timers);
  }

  /** Resolves when nothing runs any more; to be called once the client's lifetime has ended. */
  async stopped(): Promise<void> {
    await Promise.allSettled([...this.#sends, this.#resuming]);
  }

  async #send(
    to: string,
    message: OutgoingMessage,
    userSignal: AbortSignal | undefined,
  ): Promise<SendResult> {
    const { store, lifetime } = this.#world;
    const { signal, unlink } = this.#signals.link(userSignal, lifetime);
    let item: Queued<OutboxItem> | undefined;
    let incomplete = false;
    try {
      throwIfAborted(signal);
      const accepted = await this.#accept(to, message);
      item = accepted;
      const result = await this.#limiter.run(() => this.#transmit(accepted, signal), signal);
      incomplete = result.synced === undefined;
      return result;
    } catch (error) {
      if (lifetime.aborted && isSessionError(error, "ABORTED", "CLOSED")) throw closedError();
      if (item !== undefined) {
        const { sequence } = item;
        await store.write((batch) => batch.removeOutbox(sequence));
      }
      throw error;
    } finally {
      if (item !== undefined) this.#active.delete(item.sequence);
      if (incomplete) this.resume(RETRY_MS);
      unlink();
    }
  }

  /** Puts a message into the outbox, with its timestamp if network time is known. */
  async #accept(to: string, message: OutgoingMessage): Promise<Queued<OutboxItem>> {
    const { store, timestamps, clock } = this.#world;
    const item = { to, message: { ...message }, timestamp: clock.ready() ? timestamps.next() : 0 };
    const sequence = await store.write((batch) => {
      const place = batch.addOutbox(item);
      this.#active.add(place);
      if (item.timestamp > 0) this.#noteTimestamp(batch, item.timestamp);
      return place;
    });
    return { ...item, sequence };
  }

  /** The item with a timestamp, on disk, before any node sees it. */
  async #stamped(item: Queued<OutboxItem>, signal: AbortSignal): Promise<Queued<OutboxItem>> {
    if (item.timestamp > 0) return item;
    const { store, timestamps, clock } = this.#world;
    await clock.sync(signal);
    throwIfAborted(signal);
    const stamped = { ...item, timestamp: timestamps.next() };
    await store.write((batch) => {
      batch.updateOutbox(item.sequence, stamped);
      this.#noteTimestamp(batch, stamped.timestamp);
    });
    return stamped;
  }

  #noteTimestamp(batch: StoreBatch, timestamp: number): void {
    batch.putLastTimestamp(timestamp);
    // The copy that comes back from the own swarm is no news, whichever attempt it stems from.
    batch.markKnown(this.#world.self, timestamp, timestamp + REMEMBER_MS);
  }

  /** Brings an outbox item where it belongs and takes it out. */
  async #transmit(queued: Queued<OutboxItem>, signal: AbortSignal): Promise<SendResult> {
    const { self, store, codec, events } = this.#world;
    const item = await this.#stamped(queued, signal);
    const { to, timestamp, sequence } = item;
    const message = item.message as unknown as OutgoingMessage;
    const copy = (): EncodedItem => codec.encodeSyncCopy(message, to, timestamp);
    if (to === self) {
      const stored = await this.#store(self, copy, "SEND_FAILED", signal);
      await this.#finish(sequence, stored);
      events.emit("sent", { to, timestamp, hash: stored.hash });
      return { to, hash: stored.hash, timestamp, stored, synced: stored };
    }
    if (item.hash !== undefined) {
      const synced = await this.#storeCopy(sequence, copy, signal);
      return { to, hash: item.hash, timestamp, stored: synced, synced };
    }
    const encode = (): EncodedItem => codec.encode(message, to, timestamp);
    const stored = await this.#store(to, encode, "SEND_FAILED", signal);
    events.emit("sent", { to, timestamp, hash: stored.hash });
    // Should this write fail, the message is stored twice after a crash: harmless, so the send has succeeded.
    store
      .write((batch) => batch.updateOutbox(sequence, { ...item, hash: stored.hash }))
      .catch((error: unknown) => this.#report(error));
    const synced = await this.#storeCopy(sequence, copy, signal).catch((error: unknown) => {
      if (!signal.aborted) this.#report(error);
    });
    return { to, hash: stored.hash, timestamp, stored, synced: synced ?? undefined };
  }

  /** Stores the copy for the own devices: the last thing to do for an item. */
  async #storeCopy(sequence: number, encode: () => EncodedItem, signal: AbortSignal): Promise<Stored> {
    const stored = await this.#store(this.#world.self, encode, "SYNC_FAILED", signal);
    await this.#finish(sequence, stored);
    return stored;
  }

  /** Stores in the swarm of `pubkey`; a failure of the network becomes one of code `failure`. */
  async #store(
    pubkey: string,
    encode: () => EncodedItem,
    failure: "SEND_FAILED" | "SYNC_FAILED",
    signal: AbortSignal,
  ): Promise<Stored> {
    throwIfAborted(signal);
    try {
      return await this.#world.swarm.store(pubkey, encode, { signal });
    } catch (cause) {
      throwIfAborted(signal);
      if (isSessionError(cause) && cause.code.startsWith("MESSAGE_")) throw cause;
      this.#world.log.warn("storing a message failed", { pubkey, error: cause });
      throw new SessionError(failure, "no member of the swarm took the message", {
        cause,
        details: { pubkey },
      });
    }
  }

  async #finish(sequence: number, copy: Stored): Promise<void> {
    const { self, store, clock } = this.#world;
    await store.write((batch) => {
      batch.removeOutbox(sequence);
      batch.markSeen(self, copy.hash, clock.now() + REMEMBER_MS);
    });
  }

  async #resume(waitMs: number): Promise<void> {
    const { timers, lifetime } = this.#world;
    try {
      for (let wait = waitMs; ; wait = Math.min(Math.max(wait * 2, RETRY_MS), MAX_RETRY_MS)) {
        if (wait > 0) await delay(wait, timers, lifetime);
        if (!(await this.#resumeOnce())) return;
      }
    } catch (error) {
      if (!lifetime.aborted) this.#report(error);
    }
  }

  /** One round over what is left in the outbox; true if something still is. */
  async #resumeOnce(): Promise<boolean> {
    const { store, lifetime } = this.#world;
    const left = async (): Promise<Queued<OutboxItem>[]> =>
      (await store.outbox()).filter(({ sequence }) => !this.#active.has(sequence));
    const rounds = (await left()).map(async (item) => {
      const { signal, unlink } = this.#signals.link(lifetime);
      await this.#limiter.run(() => this.#resumeItem(item, signal), signal).finally(unlink);
    });
    await Promise.all(rounds);
    return (await left()).length > 0;
  }

  async #resumeItem(item: Queued<OutboxItem>, signal: AbortSignal): Promise<void> {
    const { store, clock } = this.#world;
    const tooOld = item.timestamp > 0 && item.timestamp + GIVE_UP_MS < clock.now();
    try {
      if (tooOld) throw new SessionError("SEND_FAILED", "the message is too old to be sent");
      await this.#transmit(item, signal);
    } catch (error) {
      if (signal.aborted) return;
      this.#world.log.warn("resending failed", { error });
      if (!tooOld && !isPermanent(error)) return;
      await store.write((batch) => batch.removeOutbox(item.sequence));
      this.#report(error);
    }
  }

  #report(error: unknown): void {
    this.#world.events.emit("error", asSessionError(error, "SEND_FAILED", "sending failed"));
  }
}

/** True if sending the same message again is pointless. */
function isPermanent(error: unknown): boolean {
  if (!(error instanceof SessionError)) return false;
  if (error.code === "SEND_FAILED" || error.code === "SYNC_FAILED") return isPermanent(error.cause);
  return PERMANENT.has(error.code) || error.code.startsWith("MESSAGE_");
}
