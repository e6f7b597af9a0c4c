/**
 * Those who take messages: handlers of `on("message")` and iterators of `messages()`. Each is given one message after
 * the other and says when it is done with it.
 *
 * @module
 */
import type { Handler } from "./events.js";
import { type Deliverable, type ReceivedMessage, type ReceivedText, receivedMessage } from "./received.js";

/** How a consumer ended with a message: `seen`, or `released` unread because the consumer went away. */
export type Outcome = "seen" | "released";

/** Takes messages. */
export interface Consumer {
  /** True for the messages that it takes. */
  wants(message: Deliverable): boolean;
  /** False while it must not be given more. */
  ready(): boolean;
  /** Resolves when the consumer is done with `message`; rejects if it failed. */
  take(message: Deliverable): Promise<Outcome>;
  /** True if the next message must wait until {@link take} has settled. */
  readonly waits: boolean;
}

/** A handler: done when its promise resolves. */
export class HandlerConsumer implements Consumer {
  readonly waits = true;
  readonly #kind: Deliverable["kind"];
  readonly #handler: Handler<ReceivedMessage>;

  /** @param handler - takes messages of `kind` */
  constructor(kind: Deliverable["kind"], handler: Handler<never>) {
    this.#kind = kind;
    this.#handler = handler as Handler<ReceivedMessage>;
  }

  wants({ kind }: Deliverable): boolean {
    return kind === this.#kind;
  }

  ready(): boolean {
    return true;
  }

  async take(message: Deliverable): Promise<Outcome> {
    await this.#handler(receivedMessage(message));
    return "seen";
  }
}

/** Messages that an iterator holds in memory before delivery pauses. */
export const STREAM_LIMIT = 16;

/** A message in an iterator, with the way to say that it was seen. */
interface Held {
  readonly message: ReceivedText;
  settle(outcome: Outcome): void;
}

/** An iterator: done with a message when it is asked for the next one, or ended with `return` (leaving the loop). */
export class StreamConsumer implements Consumer, AsyncIterableIterator<ReceivedText, undefined> {
  readonly waits = false;
  readonly #conversation: string | undefined;
  readonly #held: Held[] = [];
  /** The message that the loop body works on. */
  #current: Held | undefined;
  readonly #asked: Array<(result: IteratorResult<ReceivedText, undefined>) => void> = [];
  #ended = false;
  readonly #onChange: (stream: StreamConsumer) => void;

  /**
   * @param onChange - called when there is room again, and when the stream has ended
   * @param conversation - the only one of which it takes texts; undefined: all
   */
  constructor(onChange: (stream: StreamConsumer) => void, conversation?: string) {
    this.#onChange = onChange;
    this.#conversation = conversation;
  }

  wants({ kind, conversation }: Deliverable): boolean {
    return kind === "text" && (this.#conversation === undefined || conversation === this.#conversation);
  }

  get ended(): boolean {
    return this.#ended;
  }

  ready(): boolean {
    return this.#held.length < STREAM_LIMIT;
  }

  take(message: Deliverable): Promise<Outcome> {
    if (this.#ended) return Promise.resolve("released");
    return new Promise((settle) => {
      const held = { message: receivedMessage(message) as ReceivedText, settle };
      const asked = this.#asked.shift();
      if (asked === undefined) this.#held.push(held);
      else this.#give(held, asked);
    });
  }

  next(): Promise<IteratorResult<ReceivedText, undefined>> {
    this.#settleCurrent();
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => {
      const held = this.#held.shift();
      if (held === undefined) this.#asked.push(resolve);
      else this.#give(held, resolve);
      this.#onChange(this);
    });
  }

  /** Ends the stream: the message of the loop body counts as seen, those that were not read stay with the client. */
  return(): Promise<IteratorResult<ReceivedText, undefined>> {
    this.#settleCurrent();
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** Ends the stream from outside: the message of the loop body is seen once the loop asks for the next one. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const { settle } of this.#held.splice(0)) settle("released");
    for (const asked of this.#asked.splice(0)) asked({ done: true, value: undefined });
    this.#onChange(this);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  #give(held: Held, asked: (result: IteratorResult<ReceivedText, undefined>) => void): void {
    this.#current = held;
    asked({ done: false, value: held.message });
  }

  #settleCurrent(): void {
    this.#current?.settle("seen");
    this.#current = undefined;
  }
}
