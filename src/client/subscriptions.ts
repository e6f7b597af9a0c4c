/**
 * Who listens to a client: handlers by event, and iterators. The client polls while somebody takes messages.
 *
 * @module
 */
import { onAbort } from "../errors/index.js";
import { type Consumer, HandlerConsumer, StreamConsumer } from "./consumers.js";
import type { Delivery } from "./delivery.js";
import type { Disappearing } from "./disappearing.js";
import {
  type ClientEvents,
  type Emitter,
  type Handler,
  MESSAGE_KINDS,
  type MessageEvents,
  type PlainEvents,
} from "./events.js";
import type { PollLoop } from "./poll-loop.js";
import type { ReceivedText } from "./received.js";

/** What subscriptions work on. */
export interface SubscriptionsWorld {
  readonly events: Emitter;
  readonly delivery: Delivery;
  readonly disappearing: Disappearing;
  readonly loop: PollLoop | undefined;
}

/** Plain events that come out of messages: who listens to them wants polls too. */
const NEWS: ReadonlyArray<keyof PlainEvents> = [
  "typing",
  "contact",
  "profile",
  "config",
  "group",
  "group-invite",
  "room",
  "identified",
  "deleted",
];

/** See the module's description. */
export class Subscriptions {
  readonly #world: SubscriptionsWorld;
  /** Handlers of message events, by event, so that `off` finds them. */
  readonly #handlers = new Map<string, Map<unknown, Consumer>>();
  readonly #streams = new Set<StreamConsumer>();
  /** The app's handlers of news, by event: the client has handlers of its own, which want nothing. */
  readonly #news = new Map<keyof PlainEvents, Set<unknown>>(NEWS.map((name) => [name, new Set()]));

  constructor(world: SubscriptionsWorld) {
    this.#world = world;
  }

  on<Name extends keyof ClientEvents>(name: Name, handler: Handler<ClientEvents[Name]>): void {
    const { events, disappearing, loop } = this.#world;
    if (isMessageEvent(name)) {
      this.#addHandler(name, handler as never);
      return;
    }
    events.on(name, handler as never);
    if (this.#news.get(name)?.add(handler)) loop?.start();
    if (name === "disappeared") disappearing.wake();
  }

  off<Name extends keyof ClientEvents>(name: Name, handler: Handler<ClientEvents[Name]>): void {
    if (!isMessageEvent(name)) {
      this.#world.events.off(name, handler as never);
      this.#news.get(name)?.delete(handler);
      this.#rest();
      return;
    }
    const consumer = this.#handlers.get(name)?.get(handler);
    if (consumer === undefined) return;
    this.#handlers.get(name)?.delete(handler);
    this.#remove(consumer);
  }

  /** An iterator over texts, those of one conversation if it is given; it ends when `signal` aborts. */
  stream(
    signal: AbortSignal | undefined,
    conversation?: string,
  ): StreamConsumer & AsyncIterableIterator<ReceivedText, undefined> {
    let unlisten = (): void => {};
    const stream = new StreamConsumer((changed) => {
      if (!changed.ended) return this.#world.delivery.changed();
      unlisten();
      if (this.#streams.delete(changed)) this.#remove(changed);
    }, conversation);
    this.#streams.add(stream);
    this.#add(stream);
    if (signal?.aborted) stream.end();
    else unlisten = onAbort(signal, () => stream.end());
    return stream;
  }

  /** Ends all iterators. */
  endStreams(): void {
    for (const stream of [...this.#streams]) stream.end();
  }

  #addHandler<Name extends keyof MessageEvents>(name: Name, handler: Handler<never>): void {
    const handlers = this.#handlers.get(name) ?? new Map<unknown, Consumer>();
    this.#handlers.set(name, handlers);
    if (handlers.has(handler)) return;
    const consumer = new HandlerConsumer(MESSAGE_KINDS[name], handler);
    handlers.set(handler, consumer);
    this.#add(consumer);
  }

  #add(consumer: Consumer): void {
    this.#world.delivery.add(consumer);
    this.#world.loop?.start();
  }

  #remove(consumer: Consumer): void {
    this.#world.delivery.remove(consumer);
    this.#rest();
  }

  /** Stops polling when nobody is left. */
  #rest(): void {
    const { delivery, loop } = this.#world;
    const wantsNews = [...this.#news.values()].some((handlers) => handlers.size > 0);
    if (!delivery.wanted && !wantsNews) loop?.stop();
  }
}

function isMessageEvent(name: keyof ClientEvents): name is keyof MessageEvents {
  return name in MESSAGE_KINDS;
}
