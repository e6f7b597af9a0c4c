/**
 * Bringing one message where it belongs: to the recipient's swarm, what must go ahead of it first, and as a copy for the
 * other devices to the own swarm (docs/protocol/messages.md §§3 and 4).
 *
 * @module
 */
import { isSessionError, SessionError, throwIfAborted } from "../errors/index.js";
import { isGroupId } from "../identity/index.js";
import { needsSyncCopy, type OutgoingMessage } from "../messages/index.js";
import type { OutboxItem, Store, StoreBatch } from "../store/index.js";
import { asSessionError } from "./errors.js";
import type { Emitter } from "./events.js";
import { REMEMBER_MS } from "./intake.js";
import type { Logger } from "./logger.js";
import type { ClockPort, EncodedItem, MessageCodec, Stored, SwarmPort } from "./ports.js";

/** What was sent, wherever it was. */
export interface Sent {
  /** The conversation. */
  readonly to: string;
  /** Names the message where it is: in a swarm, or on a community server. */
  readonly hash: string;
  /** The message's identity together with its sender, ms. */
  readonly timestamp: number;
}

/** What `Client.send` answers about a message to a person or a group. */
export interface SendResult extends Sent {
  /** Hash in the recipient's swarm; in the own swarm for a note to self. */
  readonly hash: string;
  /** The swarm member that took it, the path there, and what each member said. */
  readonly stored: Stored;
  /**
   * The copy for the own devices. Absent: it could not be stored yet, and is tried again in the background; or it is a
   * message of a kind that own devices are not told of.
   */
  readonly synced?: Stored | undefined;
}

/** A message that was sent, or the copy of one. */
export interface SentNote {
  readonly to: string;
  readonly message: OutgoingMessage;
  readonly timestamp: number;
  /** When the recipient's swarm took it, ms. */
  readonly storedAt: number;
  /** Hash of the copy in the own swarm, once it is there; of the message itself in the swarm of a group. */
  readonly hash?: string | undefined;
}

/** What sending works with. */
export interface TransmitWorld {
  readonly self: string;
  readonly store: Store;
  readonly swarm: SwarmPort;
  readonly codec: MessageCodec;
  readonly clock: ClockPort;
  readonly log: Logger;
  readonly events: Emitter;
  /** Remembers a message that was sent; its hash is told when the copy is stored. */
  readonly note: (batch: StoreBatch, sent: SentNote) => void;
  /** True for an own message that was unsent: no copy of it is to be stored. */
  readonly isUnsent: (timestamp: number) => boolean;
  /** Deletes a copy that was on its way when its message was unsent. */
  readonly discard: (batch: StoreBatch, hash: string) => void;
}

/** A message on its way; one that is not queued has no place in the outbox. */
export type Parcel = OutboxItem & { readonly sequence?: number | undefined };

/** A recipient that is ready, and is not any more when the message is encoded, is awaited so often. */
const READY_ATTEMPTS = 5;
/** The message that goes ahead has a timestamp so much earlier (docs/protocol/messages.md §6.8). */
export const PRELUDE_MS = 100;

/**
 * Brings `parcel` where it belongs, and takes it out of the outbox.
 *
 * @returns the result, and whether nothing is left to do
 * @throws `SEND_FAILED`, `SYNC_FAILED` (of a parcel whose message was stored before), `ABORTED`
 */
export async function transmit(
  world: TransmitWorld,
  parcel: Parcel,
  signal: AbortSignal,
): Promise<{ readonly result: SendResult; readonly complete: boolean }> {
  const { self, codec, clock, store, events } = world;
  const { to, timestamp, sequence } = parcel;
  const message = parcel.message as unknown as OutgoingMessage;
  // The own devices read the swarm of a group themselves.
  const isForGroup = isGroupId(to);
  const wantsCopy = parcel.sync !== false && !isForGroup && needsSyncCopy(message);
  const copy = (): EncodedItem => codec.encodeSyncCopy(message, to, timestamp);
  const note = (batch: StoreBatch, storedAt: number, hash?: string): void =>
    world.note(batch, { to, message, timestamp, storedAt, hash });
  const tell = (hash: string): void => events.emit("sent", { to, timestamp, hash, kind: message.kind });

  if (to === self) {
    const stored = await storeIn(world, self, copy, "SEND_FAILED", signal);
    await finish(world, parcel, stored, (batch) => note(batch, stored.time ?? clock.now(), stored.hash));
    tell(stored.hash);
    return { result: { to, hash: stored.hash, timestamp, stored, synced: stored }, complete: true };
  }
  if (parcel.hash !== undefined) {
    const synced = await storeIn(world, self, copy, "SYNC_FAILED", signal);
    const storedAt = parcel.storedAt ?? clock.now();
    await finish(world, parcel, synced, (batch) => note(batch, storedAt, synced.hash));
    return { result: { to, hash: parcel.hash, timestamp, stored: synced, synced }, complete: true };
  }
  await sendPrelude(world, parcel, signal);
  const stored = await storeIn(world, to, () => codec.encode(message, to, timestamp), "SEND_FAILED", signal);
  const { hash, time: storedAt = clock.now() } = stored;
  // Should this write fail, the message is stored twice after a crash: harmless, so the send has succeeded.
  const noted = store.write((batch) => {
    if (world.isUnsent(timestamp)) return;
    note(batch, storedAt, isForGroup ? hash : undefined);
    if (sequence === undefined) return;
    if (wantsCopy) batch.updateOutbox(sequence, { ...outboxItem(parcel), hash, storedAt });
    else batch.removeOutbox(sequence);
  });
  noted.catch((error: unknown) => report(world, error));
  tell(hash);
  const done = { to, hash, timestamp, stored };
  if (!wantsCopy || world.isUnsent(timestamp)) {
    await noted.catch(() => {});
    return { result: done, complete: true };
  }
  try {
    const synced = await storeIn(world, self, copy, "SYNC_FAILED", signal);
    await finish(world, parcel, synced, (batch) => note(batch, storedAt, synced.hash));
    return { result: { ...done, synced }, complete: true };
  } catch (error) {
    if (!signal.aborted) report(world, error);
    return { result: done, complete: sequence === undefined };
  }
}

async function sendPrelude(world: TransmitWorld, parcel: Parcel, signal: AbortSignal): Promise<void> {
  const { to } = parcel;
  const prelude = parcel.prelude as OutgoingMessage | undefined;
  if (prelude === undefined) return;
  const timestamp = parcel.timestamp - PRELUDE_MS;
  const encode = (): EncodedItem => world.codec.encode(prelude, to, timestamp);
  const { hash } = await storeIn(world, to, encode, "SEND_FAILED", signal);
  world.events.emit("sent", { to, timestamp, hash, kind: prelude.kind });
}

/** Stores in the swarm of `pubkey`; a failure of the network becomes one of code `failure`. */
async function storeIn(
  { swarm, codec, log }: TransmitWorld,
  pubkey: string,
  encode: () => EncodedItem,
  failure: "SEND_FAILED" | "SYNC_FAILED",
  signal: AbortSignal,
): Promise<Stored> {
  throwIfAborted(signal);
  try {
    for (let attempt = 1; ; attempt++) {
      await codec.ready?.(pubkey, signal);
      try {
        return await swarm.store(pubkey, encode, { signal });
      } catch (error) {
        // A group got another key between the two.
        if (attempt === READY_ATTEMPTS || !isSessionError(error, "GROUP_PUSH_FAILED")) throw error;
      }
    }
  } catch (cause) {
    throwIfAborted(signal);
    if (isSessionError(cause) && cause.code.startsWith("MESSAGE_")) throw cause;
    log.warn("storing a message failed", { pubkey, error: cause });
    throw new SessionError(failure, "no member of the swarm took the message", {
      cause,
      details: { pubkey },
    });
  }
}

/** The copy for the own devices is stored: the last thing to do for a parcel. */
async function finish(
  { self, store, clock, isUnsent, discard }: TransmitWorld,
  { sequence, timestamp }: Parcel,
  copy: Stored,
  note: (batch: StoreBatch) => void,
): Promise<void> {
  await store.write((batch) => {
    if (sequence !== undefined) batch.removeOutbox(sequence);
    batch.markSeen(self, copy.hash, clock.now() + REMEMBER_MS);
    if (isUnsent(timestamp)) discard(batch, copy.hash);
    else note(batch);
  });
}

function outboxItem({ sequence: _place, ...item }: Parcel): OutboxItem {
  return item;
}

function report({ events }: TransmitWorld, error: unknown): void {
  events.emit("error", asSessionError(error, "SEND_FAILED", "sending failed"));
}
