/**
 * Sending, at least once: a message is in the outbox on disk before the network sees it and leaves it when it is in
 * the recipient's swarm and, as a copy for the other devices, in the own one (docs/protocol/messages.md §§3 and 4).
 *
 * What is still there after a crash is sent again with the same timestamp: receivers take the second for a duplicate.
 *
 * @module
 */
import { type AbortOptions, isSessionError, SessionError, throwIfAborted } from "../errors/index.js";
import type { OutgoingMessage } from "../messages/index.js";
import type { OutboxItem, Queued, StoreBatch } from "../store/index.js";
import { linkSignals } from "./abort.js";
import { asSessionError, closedError } from "./errors.js";
import { REMEMBER_MS } from "./intake.js";
import { Limiter } from "./limiter.js";
import { delay, settledWithin, type Timers } from "./timers.js";
import type { Timestamps } from "./timestamps.js";
import { type Parcel, PRELUDE_MS, type SendResult, type TransmitWorld, transmit } from "./transmit.js";

/** What a sender works with. */
export interface SenderWorld extends Omit<TransmitWorld, "isUnsent"> {
  readonly timestamps: Timestamps;
  readonly timers: Timers;
  /** Ends with the client. */
  readonly lifetime: AbortSignal;
}

/** What goes with a message. */
export interface Companions {
  /** Stored with the recipient before the message, with a timestamp 100 ms earlier. */
  readonly prelude?: OutgoingMessage | undefined;
  /** Written together with the message's place in the outbox. */
  readonly also?: ((batch: StoreBatch) => void) | undefined;
  /** Takes that back, when the message is not sent after all. */
  readonly undo?: ((batch: StoreBatch) => void) | undefined;
}

/** How to send. */
export interface SendOptions extends AbortOptions {
  /** Makes what is sent of the message, such as by uploading its files; runs before the message is queued. */
  readonly prepare?:
    | ((message: OutgoingMessage, signal: AbortSignal) => Promise<OutgoingMessage>)
    | undefined;
  /** False: the own devices are not told, although they are of other messages of the kind. */
  readonly sync?: boolean | undefined;
  /** False: not kept for a later run of the program (docs/protocol/messages.md §6). Default: true. */
  readonly queue?: boolean | undefined;
  /** What goes with the message, asked for when it is accepted for sending. */
  readonly companions?: (() => Companions) | undefined;
}

/** Messages stored at the same time. */
const CONCURRENCY = 8;
/** A message that could not be sent for so long is given up. */
const GIVE_UP_MS = 1_209_600_000;
const RETRY_MS = 5_000;
const MAX_RETRY_MS = 300_000;
/** Errors that another attempt cannot mend. */
const PERMANENT: ReadonlySet<string> = /* @__PURE__ */ new Set([
  "SWARM_BAD_REQUEST",
  "SWARM_FORBIDDEN",
  "INVALID_ARGUMENT",
  "GROUP_NOT_JOINED",
  "GROUP_INVALID_VALUE",
]);

/** See the module's description. */
export class Sender {
  readonly #world: SenderWorld;
  readonly #limiter = new Limiter(CONCURRENCY);
  /** Places in the outbox that a call of `send` works on. */
  readonly #active = new Set<number>();
  readonly #sends = new Set<Promise<unknown>>();
  /** Timestamps of messages that were unsent while their copies had still to be stored. */
  readonly #unsent = new Set<number>();
  #resuming: Promise<void> | undefined;
  #resumeAgain = false;

  constructor(world: SenderWorld) {
    this.#world = world;
  }

  /**
   * Sends `message` to `to`.
   *
   * @throws `SEND_FAILED`, `ABORTED` (no further attempt is made), `CLOSED` (a queued message stays in the outbox), the
   *   codes of the store, of the message encoder, and of `prepare`
   */
  send(to: string, message: OutgoingMessage, options: SendOptions = {}): Promise<SendResult> {
    const sent = this.#send(to, message, options);
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

  /**
   * Gives up what is left to do for an own message that is unsent: its copy for the own devices is not stored any more.
   *
   * @returns what belongs into the batch that forgets the message
   */
  async giveUp(timestamp: number): Promise<(batch: StoreBatch) => void> {
    const left = (await this.#world.store.outbox()).filter((item) => item.timestamp === timestamp);
    return (batch) => {
      for (const { sequence } of left) batch.removeOutbox(sequence);
      if (left.length > 0) this.#unsent.add(timestamp);
    };
  }

  /** Waits for running sends, at most `ms`. */
  async drain(ms: number): Promise<void> {
    await settledWithin(Promise.allSettled(this.#sends), ms, this.#world.timers);
  }

  /** Resolves when nothing runs any more; to be called once the client's lifetime has ended. */
  async stopped(): Promise<void> {
    await Promise.allSettled([...this.#sends, this.#resuming]);
  }

  async #send(to: string, message: OutgoingMessage, options: SendOptions): Promise<SendResult> {
    const { store, lifetime } = this.#world;
    const { signal, unlink } = linkSignals(options.signal, lifetime);
    let parcel: Parcel | undefined;
    let companions: Companions = {};
    let incomplete = false;
    try {
      throwIfAborted(signal);
      const prepared = options.prepare === undefined ? message : await options.prepare(message, signal);
      companions = options.companions?.() ?? {};
      const accepted = await this.#accept(to, prepared, options, companions);
      parcel = accepted;
      const { result, complete } = await this.#limiter.run(() => this.#transmit(accepted, signal), signal);
      incomplete = !complete;
      return result;
    } catch (error) {
      if (lifetime.aborted && isSessionError(error, "ABORTED", "CLOSED")) throw closedError();
      if (parcel !== undefined) {
        const { sequence } = parcel;
        await store.write((batch) => {
          if (sequence !== undefined) batch.removeOutbox(sequence);
          companions.undo?.(batch);
        });
      }
      throw error;
    } finally {
      if (parcel?.sequence !== undefined) this.#active.delete(parcel.sequence);
      if (incomplete) this.resume(RETRY_MS);
      unlink();
    }
  }

  /** Puts a message into the outbox if it is to be queued, with its timestamp if network time is known. */
  async #accept(
    to: string,
    message: OutgoingMessage,
    { sync, queue = true }: SendOptions,
    { prelude, also }: Companions,
  ): Promise<Parcel> {
    const { store, clock } = this.#world;
    const item: OutboxItem = {
      to,
      message: { ...message },
      timestamp: clock.ready() ? this.#nextTimestamp(prelude) : 0,
      ...(prelude === undefined ? {} : { prelude: { ...prelude } }),
      ...(sync === undefined ? {} : { sync }),
    };
    const sequence = await store.write((batch) => {
      also?.(batch);
      if (item.timestamp > 0) this.#noteTimestamp(batch, item.timestamp);
      if (!queue) return undefined;
      const place = batch.addOutbox(item);
      this.#active.add(place);
      return place;
    });
    return { ...item, sequence };
  }

  /** The parcel with a timestamp, on disk, before any node sees it. */
  async #stamped(parcel: Parcel, signal: AbortSignal): Promise<Parcel> {
    if (parcel.timestamp > 0) return parcel;
    const { store, clock } = this.#world;
    await clock.sync(signal);
    throwIfAborted(signal);
    const { sequence, ...item } = { ...parcel, timestamp: this.#nextTimestamp(parcel.prelude) };
    await store.write((batch) => {
      if (sequence !== undefined) batch.updateOutbox(sequence, item);
      this.#noteTimestamp(batch, item.timestamp);
    });
    return { ...item, sequence };
  }

  #nextTimestamp(prelude: unknown): number {
    return this.#world.timestamps.next(prelude === undefined ? 0 : PRELUDE_MS);
  }

  #noteTimestamp(batch: StoreBatch, timestamp: number): void {
    batch.putLastTimestamp(timestamp);
    // The copy that comes back from the own swarm is no news, whichever attempt it stems from.
    batch.markKnown(this.#world.self, timestamp, timestamp + REMEMBER_MS);
  }

  async #transmit(parcel: Parcel, signal: AbortSignal): ReturnType<typeof transmit> {
    const isUnsent = (timestamp: number): boolean => this.#unsent.has(timestamp);
    return transmit({ ...this.#world, isUnsent }, await this.#stamped(parcel, signal), signal);
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
      const { signal, unlink } = linkSignals(lifetime);
      await this.#limiter.run(() => this.#resumeItem(item, signal), signal).finally(unlink);
    });
    await Promise.all(rounds);
    return (await left()).length > 0;
  }

  async #resumeItem(item: Queued<OutboxItem>, signal: AbortSignal): Promise<void> {
    const { store, clock } = this.#world;
    if (this.#unsent.has(item.timestamp)) return;
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
