/**
 * `Client`: one account on one network with one store. A thin front for its parts: sender, poller, delivery.
 *
 * @module
 */
import { defaultCrypto } from "../crypto/index.js";
import { type AbortOptions, isSessionError, SessionError, throwIfAborted } from "../errors/index.js";
import type { Account, SessionId } from "../identity/index.js";
import type { IncomingText } from "../messages/index.js";
import type { Network } from "../network/index.js";
import { resolveName, Swarms } from "../swarm/index.js";
import { type Consumer, HandlerConsumer, StreamConsumer } from "./consumers.js";
import { checkContent, checkRecipient, type MessageContent } from "./content.js";
import { closedError } from "./errors.js";
import {
  type ClientEvents,
  type Handler,
  MESSAGE_KINDS,
  type MessageEvents,
  type PollReport,
} from "./events.js";
import { type ClientOptions, claimAccount, closeAll, holdNetwork, holdStore } from "./open.js";
import { buildParts, type ClientParts } from "./parts.js";
import type { SendResult } from "./sender.js";
import { delay, orAborted, platformTimers, settledWithin, type Timers } from "./timers.js";
import { clockPort, messageCodec, swarmPort } from "./wiring.js";

/** What a client is made of. @internal */
export interface ClientCore {
  readonly account: Account;
  readonly network: Network;
  readonly swarms: Swarms;
  readonly timers: Timers;
  readonly closeTimeoutMs: number;
  /** Run at the end of `close`, in order. */
  readonly closers: ReadonlyArray<() => Promise<void>>;
}

const CLOSE_TIMEOUT_MS = 3_000;

/**
 * One account. Made by {@link Client.open}.
 *
 * **Delivery is at least once.** A message is marked as seen only when every handler of its event has finished (an
 * asynchronous one is awaited) and every iterator has been asked for the next message. A crash before that, or a
 * handler that throws, means that it comes again: make handlers idempotent by `message.hash`, or by `message.from` with
 * `message.timestamp`.
 */
export class Client {
  readonly #core: ClientCore;
  readonly #parts: ClientParts;
  /** Handlers of message events, by event, so that `off` finds them. */
  readonly #handlers = new Map<string, Map<unknown, Consumer>>();
  readonly #streams = new Set<StreamConsumer>();
  #closing: Promise<void> | undefined;

  private constructor(core: ClientCore, parts: ClientParts) {
    this.#core = core;
    this.#parts = parts;
  }

  /**
   * Opens a client. No request is made before one is needed.
   *
   * @throws the codes of the store (`STORE_LOCKED`, `STORE_WRONG_ACCOUNT`, …), `INVALID_ARGUMENT`
   */
  static async open(options: ClientOptions): Promise<Client> {
    if (typeof options?.network !== "object" || options.network === null) {
      throw new SessionError("INVALID_ARGUMENT", "Client.open needs a network");
    }
    const { crypto = defaultCrypto, timers = platformTimers, now = Date.now, random = Math.random } = options;
    const store = await holdStore(options);
    const closers = [store.close];
    try {
      const account = await claimAccount(store.value, options.account, crypto);
      const network = await holdNetwork(options, store.value);
      closers.unshift(network.close);
      const swarms = new Swarms(network.value, { crypto, sleep: (ms, signal) => delay(ms, timers, signal) });
      const clock = clockPort(network.value.clock);
      const core: ClientCore = {
        account,
        network: network.value,
        swarms,
        timers,
        closeTimeoutMs: options.closeTimeoutMs ?? CLOSE_TIMEOUT_MS,
        closers,
      };
      const world = {
        self: account.sessionId,
        store: store.value,
        swarm: swarmPort(swarms, account, crypto),
        codec: messageCodec(account, clock.now, crypto),
        clock,
        timers,
        now,
        random,
        logger: options.logger,
        polling: options.polling ?? {},
      };
      const client: Client = new Client(core, await buildParts(world, () => client.#pollAndDeliver()));
      return client;
    } catch (error) {
      await closeAll(closers).catch(() => {});
      throw error;
    }
  }

  /** The account, with its secrets. */
  get account(): Account {
    return this.#core.account;
  }

  get sessionId(): SessionId {
    return this.#core.account.sessionId;
  }

  /** The network: its events tell about paths, nodes and requests. */
  get network(): Network {
    return this.#core.network;
  }

  /**
   * Sends a message, and a copy for the account's other devices. To the own id: a note to self, which is that copy alone.
   *
   * It is on disk before the network sees it, so a crash from then on does not lose it: the next client on the store
   * sends it, with the same timestamp. When this rejects, it will not be sent again, except with `CLOSED`, where it
   * waits for the next client. After `ABORTED`, or a time-out behind `SEND_FAILED`, it may have arrived all the same.
   *
   * @returns once the recipient's swarm has it and the copy was tried; calls may run at the same time, each message
   *   gets a timestamp of its own
   * @throws `ID_INVALID`, `MESSAGE_EMPTY`, `MESSAGE_TOO_LONG`, `INVALID_ARGUMENT` (nothing was sent), `SEND_FAILED`,
   *   `ABORTED`, `CLOSED`, `STORE_FAILED`
   */
  async send(to: string, content: MessageContent, { signal }: AbortOptions = {}): Promise<SendResult> {
    this.#checkOpen();
    const recipient = checkRecipient(to);
    const message = checkContent(content);
    throwIfAborted(signal);
    return this.#parts.sender.send(recipient, message, signal);
  }

  /**
   * Calls `handler` for each event. Events that carry messages (`message` for texts, and the other kinds by name) wait
   * for their handlers, one message after the other; polling goes on meanwhile. If a handler throws, `error` tells, the
   * next message follows, and this one comes again to that handler: at the next poll, then in growing intervals, five
   * times in all before it rests until the store is opened anew. Do not `await` this client's `poll` or `close` inside
   * a message handler: both wait for it.
   *
   * The client polls while somebody takes messages.
   *
   * @returns a function that takes the handler off again
   * @throws `CLOSED`
   */
  on<Name extends keyof ClientEvents>(name: Name, handler: Handler<ClientEvents[Name]>): () => void {
    this.#checkOpen();
    if (isMessageEvent(name)) this.#addHandler(name, handler as never);
    else this.#parts.events.on(name, handler as never);
    return () => this.off(name, handler);
  }

  /** Takes a handler off. */
  off<Name extends keyof ClientEvents>(name: Name, handler: Handler<ClientEvents[Name]>): void {
    if (!isMessageEvent(name)) {
      this.#parts.events.off(name, handler as never);
      return;
    }
    const consumer = this.#handlers.get(name)?.get(handler);
    if (consumer === undefined) return;
    this.#handlers.get(name)?.delete(handler);
    this.#remove(consumer);
  }

  /**
   * The texts, as an iterator: the same, in the same order, as `message` tells. It takes part from this call on, so read
   * it: it holds 16 messages, then delivery (also to handlers) waits for it, and later nothing more is retrieved.
   *
   * A message counts as seen when the next one is asked for, or the loop is left, by `break` or by an error of the app.
   * The iterator ends without an error when `signal` aborts and when the client closes.
   *
   * @throws `CLOSED`
   */
  messages({ signal }: AbortOptions = {}): AsyncIterableIterator<IncomingText, undefined> {
    this.#checkOpen();
    const end = (): void => stream.end();
    const stream = new StreamConsumer((changed) => {
      if (!changed.ended) return this.#parts.delivery.changed();
      signal?.removeEventListener("abort", end);
      if (this.#streams.delete(changed)) this.#remove(changed);
    });
    this.#streams.add(stream);
    this.#add(stream);
    if (signal?.aborted) stream.end();
    else signal?.addEventListener("abort", end);
    return stream;
  }

  /**
   * Polls now. Resolves when what was found is processed: handlers are done, iterators have it (or are full).
   *
   * @throws `POLL_FAILED`, `ABORTED`, `CLOSED`
   */
  async poll({ signal }: AbortOptions = {}): Promise<PollReport> {
    this.#checkOpen();
    throwIfAborted(signal);
    try {
      return await orAborted(this.#pollAndDeliver(), signal);
    } catch (error) {
      if (this.#closing !== undefined && isSessionError(error, "ABORTED", "CLOSED")) throw closedError();
      throw error;
    }
  }

  /**
   * The Session ID behind a registered name.
   *
   * @throws `NAME_INVALID`, `SWARM_NAME_NOT_REGISTERED`, `SWARM_NAME_UNRESOLVED`, `ABORTED`, `CLOSED`
   */
  async resolveName(name: string, { signal }: AbortOptions = {}): Promise<SessionId> {
    this.#checkOpen();
    return resolveName(this.#core.swarms, name, { signal });
  }

  /**
   * Closes the client: nothing new begins, running sends and handlers may finish within `closeTimeoutMs`, iterators end,
   * then store and network are closed if the client opened them. What was not finished is done by the next client on the
   * same store. Leave the loop over an iterator before closing: the message in its body is not seen until then. Closing
   * twice is fine.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const { loop, delivery, sender, poller, lifetime } = this.#parts;
    const { timers, closeTimeoutMs, closers } = this.#core;
    loop?.stop();
    for (const stream of [...this.#streams]) stream.end();
    await Promise.all([
      sender.drain(closeTimeoutMs),
      settledWithin(delivery.close(), closeTimeoutMs, timers),
    ]);
    lifetime.abort();
    await Promise.all([sender.stopped(), poller.stopped()]);
    await closeAll(closers);
  }

  async #pollAndDeliver(): Promise<PollReport> {
    const { poller, delivery } = this.#parts;
    try {
      return await poller.poll();
    } finally {
      delivery.retry();
      await delivery.settled();
    }
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
    this.#parts.delivery.add(consumer);
    this.#parts.loop?.start();
  }

  #remove(consumer: Consumer): void {
    const { delivery, loop } = this.#parts;
    delivery.remove(consumer);
    if (!delivery.wanted) loop?.stop();
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw closedError();
  }
}

function isMessageEvent(name: keyof ClientEvents): name is keyof MessageEvents {
  return name in MESSAGE_KINDS;
}
