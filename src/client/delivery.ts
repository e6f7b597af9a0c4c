/**
 * From the inbox to the app, at least once.
 *
 * A retrieved message lies in the store's inbox until everyone who takes messages is done with it; only then it is
 * removed, in one batch with the mark that makes its duplicates known. A crash before that, or a handler that throws,
 * means that it is delivered again: at the next poll, then after 2, 4 and 8 polls more; after {@link MAX_DELIVERIES}
 * it rests until the store is opened anew. Nothing else waits for it.
 *
 * @module
 */
import { isSessionError, type SessionError } from "../errors/index.js";
import type { InboxItem, Queued, Store } from "../store/index.js";
import type { Consumer, Outcome } from "./consumers.js";
import { asSessionError } from "./errors.js";
import { type Emitter, handlerError } from "./events.js";
import type { Logger } from "./logger.js";
import type { Deliverable } from "./received.js";
import type { MessageSource } from "./sources.js";

/** What delivery works with. */
export interface DeliveryWorld {
  readonly store: Store;
  readonly log: Logger;
  readonly events: Emitter;
  readonly sources: readonly MessageSource[];
}

/** Deliveries of a message to a handler that throws, before it rests. */
const MAX_DELIVERIES = 5;
/** Items read from the store at a time. */
const PAGE = 32;
/** Items read at a time to be counted. */
const COUNT_PAGE = 256;

/** A message and where it comes from. */
interface Letter {
  readonly message: Deliverable;
  readonly source: MessageSource;
  readonly identity: string;
}

/** An item that some consumers have not finished with. */
interface Open {
  /** Consumers that are done with it. */
  readonly seenBy: Set<Consumer>;
  deliveries: number;
  /** Round from which it may be delivered again; undefined while consumers work on it. */
  nextRound: number | undefined;
}

/** See the module's description. */
export class Delivery {
  readonly #world: DeliveryWorld;
  readonly #consumers = new Set<Consumer>();
  readonly #open = new Map<number, Open>();
  /** Identities of the messages being delivered, and their places. */
  readonly #inFlight = new Map<string, number>();
  /** Messages that consumers work on. */
  readonly #deliveries = new Set<Promise<void>>();
  readonly #writes = new Set<Promise<void>>();
  /** Places of messages whose effects have been applied. */
  readonly #applied = new Set<number>();
  /** Places settled since the current page was read: the page still has them. */
  readonly #settled = new Set<number>();
  /** Rounds of redelivery: one per poll. */
  #round = 0;
  #running: Promise<void> | undefined;
  #again = false;
  #blocked = false;
  #closed = false;
  #waiters: Array<() => void> = [];
  /** Items in the inbox, by source and by place. */
  readonly #backlog = new Map<string, number>();

  private constructor(world: DeliveryWorld) {
    this.#world = world;
  }

  /** Takes up what lies in the inbox. @throws the codes of the store */
  static async open(world: DeliveryWorld): Promise<Delivery> {
    const delivery = new Delivery(world);
    for (let after = 0; ; ) {
      const items = await world.store.inbox({ after, limit: COUNT_PAGE });
      for (const item of items) {
        after = item.sequence;
        const source = world.sources.find((candidate) => candidate.reads(item));
        if (source !== undefined) delivery.#count(source.name, source.placeOf?.(item), 1);
      }
      if (items.length < COUNT_PAGE) return delivery;
    }
  }

  /** Items of a source in the inbox, or of one of its places: those that nobody wants must not keep others from coming. */
  backlog(name: MessageSource["name"], place?: string): number {
    return this.#backlog.get(backlogKey(name, place)) ?? 0;
  }

  /** True if someone takes messages. */
  get wanted(): boolean {
    return this.#consumers.size > 0;
  }

  add(consumer: Consumer): void {
    this.#consumers.add(consumer);
    // What nobody has taken yet is for the newcomer.
    for (const open of this.#open.values()) {
      if (open.nextRound !== undefined && open.seenBy.size === 0) open.nextRound = this.#round;
    }
    this.#wake();
  }

  remove(consumer: Consumer): void {
    this.#consumers.delete(consumer);
    this.changed();
  }

  /** Items of a source were added to the inbox, all of one place if the source counts places. */
  added(name: MessageSource["name"], count: number, place?: string): void {
    this.#count(name, place, count);
    this.#wake();
  }

  /** A stream has room again. */
  changed(): void {
    for (const wake of this.#waiters.splice(0)) wake();
  }

  /** Starts a round: items that failed earlier may be delivered again. */
  retry(): void {
    this.#round++;
    this.#wake();
  }

  /** Resolves when every item was handed out and every handler is done, or when an iterator must be read first. */
  async settled(): Promise<void> {
    while (this.#running !== undefined && !this.#blocked) await this.#change();
    await Promise.all(this.#writes);
  }

  /** Hands out nothing more. Resolves when all are done with what they have, and that is written. */
  async close(): Promise<void> {
    this.#closed = true;
    this.changed();
    await this.#running;
    await Promise.all(this.#deliveries);
    await Promise.all(this.#writes);
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  #wake(): void {
    if (this.#closed) return;
    this.#again = true;
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    while (this.#again && !this.#closed) {
      this.#again = false;
      try {
        await this.#pass();
      } catch (error) {
        if (!this.#closed) this.#report(error);
      }
    }
    // At once, not in a later turn: a wake-up in between would wait for a run that has ended.
    this.#running = undefined;
    this.changed();
  }

  /** Goes through the inbox once. */
  async #pass(): Promise<void> {
    for (let after = 0; ; ) {
      this.#settled.clear();
      const items = await this.#world.store.inbox({ after, limit: PAGE });
      for (const item of items) {
        if (this.#closed) return;
        after = item.sequence;
        if (this.#settled.has(after)) continue;
        const open = this.#open.get(after);
        if (open === undefined || (open.nextRound !== undefined && open.nextRound <= this.#round)) {
          await this.#deliver(item);
        }
      }
      if (items.length < PAGE) return;
    }
  }

  async #deliver(item: Queued<InboxItem>): Promise<void> {
    const letter = await this.#read(item);
    if (letter === undefined) return;
    const { message, source, identity } = letter;
    if (!this.#applied.has(item.sequence)) {
      await source.apply(message, item, (write) => this.#track(write));
      this.#applied.add(item.sequence);
    }
    const open = this.#open.get(item.sequence) ?? { seenBy: new Set(), deliveries: 0, nextRound: undefined };
    await this.#room(message);
    if (this.#closed) return;
    const wanting = [...this.#consumers].filter((consumer) => consumer.wants(message));
    if (wanting.length === 0) {
      // A text waits for someone who takes texts, the others for someone who takes any: nobody misses them later.
      const waits = message.kind === "text" || (!this.wanted && message.kind !== "typing");
      if (!waits) await this.#done(item, source, letter);
      else this.#open.set(item.sequence, { ...open, nextRound: Number.POSITIVE_INFINITY });
      return;
    }
    open.nextRound = undefined;
    open.deliveries++;
    this.#open.set(item.sequence, open);
    this.#inFlight.set(identity, item.sequence);
    const takers = wanting.filter((consumer) => !open.seenBy.has(consumer));
    const takes = takers.map((consumer) => ({ consumer, outcome: take(consumer, message) }));
    const finished = Promise.all(
      takes.map(async ({ consumer, outcome }) => ({ consumer, outcome: await outcome })),
    )
      .then((outcomes) => this.#finish(item, letter, open, outcomes))
      .finally(() => this.#deliveries.delete(finished));
    this.#deliveries.add(finished);
    const waited = takes.filter(({ consumer }) => consumer.waits).map(({ outcome }) => outcome);
    await (waited.length === takes.length ? finished : Promise.all(waited));
  }

  /** Waits until everyone who wants `message` can take one more. */
  async #room(message: Deliverable): Promise<void> {
    const full = (consumer: Consumer): boolean => consumer.wants(message) && !consumer.ready();
    while (!this.#closed && [...this.#consumers].some(full)) {
      this.#blocked = true;
      this.#world.log.debug("waiting for an iterator to be read", { kind: message.kind });
      this.changed();
      await this.#change();
    }
    this.#blocked = false;
  }

  /** All consumers are done with a message. What must be written is not waited for, so that a burst shares its syncs. */
  #finish(
    item: Queued<InboxItem>,
    letter: Letter,
    open: Open,
    outcomes: ReadonlyArray<{ consumer: Consumer; outcome: Outcome | SessionError }>,
  ): void {
    for (const { consumer, outcome } of outcomes) if (outcome === "seen") open.seenBy.add(consumer);
    const failures = outcomes.filter(({ outcome }) => typeof outcome === "object");
    const failed = failures.some(({ consumer }) => this.#consumers.has(consumer));
    if (!failed && open.seenBy.size > 0) {
      this.#track(this.#done(item, letter.source, letter));
    } else {
      const wait = failed ? Math.max(1, 2 ** (open.deliveries - 2)) : 0;
      open.nextRound =
        open.deliveries >= MAX_DELIVERIES && failed ? Number.POSITIVE_INFINITY : this.#round + wait;
      if (!failed) open.deliveries--;
      this.#inFlight.delete(letter.identity);
    }
    for (const { outcome } of failures) this.#report(outcome);
    // Released unread by an iterator that ended: for whoever else is there.
    if (open.nextRound === this.#round) this.#wake();
  }

  /** The message in `item`; undefined when there is none for the app, which settles the item, or none yet. */
  async #read(item: Queued<InboxItem>): Promise<Letter | undefined> {
    const { sources, log } = this.#world;
    const source = sources.find((candidate) => candidate.reads(item));
    if (source === undefined) {
      // Perhaps of another version of the library: it stays where it is.
      log.warn("an item of the inbox is of no known source", { namespace: item.namespace });
      this.#postpone(item, Number.POSITIVE_INFINITY);
      return undefined;
    }
    const isInFlight = (identity: string): boolean =>
      (this.#inFlight.get(identity) ?? item.sequence) !== item.sequence;
    const message = await source.read(item, isInFlight);
    if (message === "later") {
      this.#postpone(item, this.#round + 1);
      return undefined;
    }
    if (message !== undefined) return { message, source, identity: source.identityOf(message) };
    await this.#done(item, source);
    return undefined;
  }

  #postpone({ sequence }: Queued<InboxItem>, nextRound: number): void {
    this.#open.set(sequence, { seenBy: new Set(), deliveries: 0, nextRound });
  }

  /** Takes an item out of the inbox; the message of `letter` is known from then on. */
  async #done(item: Queued<InboxItem>, source: MessageSource, letter?: Letter): Promise<void> {
    await this.#world.store.write((batch) => {
      batch.removeInbox(item.sequence);
      if (letter !== undefined) source.markReceived(batch, item, letter.message);
    });
    this.#settled.add(item.sequence);
    this.#open.delete(item.sequence);
    this.#applied.delete(item.sequence);
    if (letter !== undefined) this.#inFlight.delete(letter.identity);
    this.#count(source.name, source.placeOf?.(item), -1);
    this.changed();
  }

  #count(name: MessageSource["name"], place: string | undefined, change: number): void {
    for (const key of new Set([backlogKey(name), backlogKey(name, place)])) {
      const count = (this.#backlog.get(key) ?? 0) + change;
      if (count > 0) this.#backlog.set(key, count);
      else this.#backlog.delete(key);
    }
  }

  #track(work: Promise<unknown>): void {
    const tracked: Promise<void> = work
      .then(() => {})
      .catch((error: unknown) => this.#report(error))
      .finally(() => this.#writes.delete(tracked));
    this.#writes.add(tracked);
  }

  #report(error: unknown): void {
    // What a closed client could not write is delivered again by the next one.
    if (this.#closed && isSessionError(error, "CLOSED")) return;
    this.#world.events.emit("error", asSessionError(error, "HANDLER_FAILED", "delivery failed"));
  }
}

const backlogKey = (name: MessageSource["name"], place?: string): string =>
  place === undefined ? name : `${name} ${place}`;

/** Gives `message` to `consumer`; a failure becomes an outcome. */
async function take(consumer: Consumer, message: Deliverable): Promise<Outcome | SessionError> {
  try {
    return await consumer.take(message);
  } catch (cause) {
    const { from, timestamp } = message as { readonly from?: string; readonly timestamp?: number };
    return handlerError("message", cause, { from, timestamp, hash: message.hash });
  }
}
