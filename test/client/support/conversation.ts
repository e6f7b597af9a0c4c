import { MemoryLevel } from "memory-level";
import { Client, type ClientEvents, type ClientOptions } from "session-messenger-sdk/client";
import type { Account } from "session-messenger-sdk/identity";
import {
  type DecodeResult,
  decodeMessage,
  directEnvelope,
  encodeContent,
  encodeMessage,
  encodeSyncCopy,
  encryptForRecipient,
  type IncomingMessage,
  type OutgoingMessage,
  padMessage,
  wrapEnvelope,
} from "session-messenger-sdk/messages";
import type { Content } from "session-messenger-sdk/proto";
import { alice, bob } from "./accounts.js";
import { type FakeMessage, FakeNetwork } from "./fake-network.js";
import { FakeTimers } from "./fake-timers.js";

/** Plain events and messages, as they were told. */
export type Told = { [Name in keyof ClientEvents]: Array<ClientEvents[Name]> };

/** Alice's client over a network in memory; bob, and alice's other devices, are what the test puts into her swarm. */
export class Conversation {
  readonly net: FakeNetwork = new FakeNetwork();
  timers: FakeTimers = new FakeTimers();
  readonly database: MemoryLevel = new MemoryLevel();
  client!: Client;
  told!: Told;
  readonly #options: Partial<ClientOptions>;

  private constructor(options: Partial<ClientOptions>) {
    this.#options = options;
  }

  static async open(options: Partial<ClientOptions> = {}): Promise<Conversation> {
    const conversation = new Conversation(options);
    await conversation.reopen();
    return conversation;
  }

  /** Closes the client, if there is one, and opens the next one on its store. */
  async reopen(options: Partial<ClientOptions> = {}, listen = true): Promise<void> {
    await (this.client as Client | undefined)?.close();
    this.timers = new FakeTimers();
    this.client = await Client.open({
      account: alice,
      network: this.net.network,
      store: this.database,
      polling: false,
      sync: false,
      closeTimeoutMs: 50,
      timers: this.timers,
      ...this.#options,
      ...options,
    });
    this.told = {} as Told;
    if (listen) this.listen();
  }

  /** Takes all events. */
  listen(names: ReadonlyArray<keyof ClientEvents> = ALL_EVENTS): void {
    for (const name of names) {
      const list: unknown[] = [];
      (this.told as Record<string, unknown[]>)[name] = list;
      this.client.on(name, (event) => list.push(event));
    }
  }

  /** What `from` sends to alice, in her swarm from now on. */
  put(message: OutgoingMessage, options: PutOptions = {}): FakeMessage & { sentAt: number } {
    const { from = bob, timestamp = this.net.time, ttl } = options;
    const { data, ttl: usual } = encodeMessage(message, {
      sender: from,
      recipient: alice.sessionId,
      timestamp,
    });
    return { ...this.net.put(alice.sessionId, data, this.net.nodes, ttl ?? usual), sentAt: timestamp };
  }

  /** What another device of alice tells this one about a message to `to`. */
  putCopy(message: OutgoingMessage, options: PutOptions & { to?: Account } = {}): FakeMessage {
    const { to = bob, timestamp = this.net.time } = options;
    const { data, ttl } = encodeSyncCopy(message, { sender: alice, recipient: to.sessionId, timestamp });
    return this.net.put(alice.sessionId, data, this.net.nodes, options.ttl ?? ttl);
  }

  /** Any content at all. */
  putContent(content: Content, { from = bob, timestamp = this.net.time }: PutOptions = {}): FakeMessage {
    return this.net.put(alice.sessionId, sealed(content, from, timestamp));
  }

  /** Polls once. */
  async poll(): Promise<void> {
    await this.client.poll();
  }

  /** What lies in the swarm of `account`, as its owner reads it. */
  swarm(account: Account = bob): IncomingMessage[] {
    return this.items(account).map((item) => {
      const result: DecodeResult = decodeMessage(item, { account, now: this.net.time });
      if (result.kind !== "message") throw new Error(`not a message: ${result.kind}`);
      return result.message;
    });
  }

  items(account: Account = alice): FakeMessage[] {
    return this.net.nodes[0]?.box(account.sessionId, 0) ?? [];
  }

  async close(): Promise<void> {
    await this.client.close();
  }
}

export interface PutOptions {
  readonly from?: Account;
  /** Default: network time. */
  readonly timestamp?: number;
  readonly ttl?: number;
}

const ALL_EVENTS: ReadonlyArray<keyof ClientEvents> = [
  "message",
  "reaction",
  "timer-update",
  "receipt",
  "unsend",
  "request-response",
  "data-extraction",
  "call",
  "group-update",
  "typing",
  "contact",
  "profile",
  "disappeared",
  "dropped",
  "unsupported",
  "error",
  "sent",
];

/** Stored bytes of a content of `from` for alice. */
export function sealed(content: Content, from: Account, envelopeTime: number): Uint8Array {
  const ciphertext = encryptForRecipient(padMessage(encodeContent(content)), {
    sender: from,
    recipient: alice.sessionId,
  });
  const proSignature = new Uint8Array(64).fill(1);
  return wrapEnvelope(directEnvelope({ timestamp: envelopeTime, ciphertext, proSignature }));
}
