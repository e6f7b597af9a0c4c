import { MemoryLevel } from "memory-level";
import { Client, type ClientEvents, type ClientOptions } from "session-messenger-sdk/client";
import type { Crypto } from "session-messenger-sdk/crypto";
import { nodeCrypto } from "session-messenger-sdk/crypto/node";
import { SessionError } from "session-messenger-sdk/errors";
import { GroupState } from "session-messenger-sdk/groups";
import { type Account, accountFromSeed, type GroupId } from "session-messenger-sdk/identity";
import type { Network, RpcRequest, ServiceNode } from "session-messenger-sdk/network";
import { GROUPS, openStore } from "session-messenger-sdk/store";
import type { FakeNetwork } from "./fake-network.js";
import { FakeTimers } from "./fake-timers.js";

/** Plain events and messages, as they were told. */
export type Told = { [Name in keyof ClientEvents]: Array<ClientEvents[Name]> };

/** What becomes of a request: nothing bad, lost on the way, refused by the node, or done with its reply lost. */
export type Fault = "lost" | "refused" | "reply-lost" | undefined;

/** An account by number. */
export function person(index: number): Account {
  return accountFromSeed(new Uint8Array(16).fill(0x40 + index), nodeCrypto);
}

const TOLD: ReadonlyArray<keyof ClientEvents> = [
  "message",
  "group-update",
  "group",
  "group-invite",
  "deleted",
  "dropped",
  "error",
  "sent",
];

/** Everything on a disk. */
export type Disk = Array<[string, string]>;

async function databaseOf(disk: Disk): Promise<MemoryLevel> {
  const database = new MemoryLevel();
  await database.open();
  await database.batch(disk.map(([key, value]) => ({ type: "put" as const, key, value })));
  return database;
}

/** `answer`, unless `signal` aborts first, as with any transport. */
async function unlessAborted<T>(answer: T | Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!(answer instanceof Promise) || signal === undefined) return answer;
  let end: () => void = () => {};
  const aborted = new Promise<never>((_, reject) => {
    end = () => reject(new SessionError("ABORTED", "the request was aborted"));
    if (signal.aborted) end();
    else signal.addEventListener("abort", end);
  });
  return Promise.race([answer, aborted]).finally(() => signal.removeEventListener("abort", end));
}

/** A client over a network in memory, with a store that outlives it. */
export class Device {
  client!: Client;
  timers = new FakeTimers();
  /** By this client: a new one begins anew. */
  told!: Told;
  /** What became of groups, by all clients of this device. */
  readonly changes: string[] = [];
  /** Decides about each request. */
  fault: (request: RpcRequest) => Fault | Promise<Fault> = () => undefined;
  readonly account: Account;
  readonly #net: FakeNetwork;
  readonly #options: Partial<ClientOptions>;
  #database = new MemoryLevel();
  /** Switches the current client off. */
  #life = { over: false };

  private constructor(net: FakeNetwork, account: Account, options: Partial<ClientOptions>) {
    this.#net = net;
    this.account = account;
    this.#options = options;
  }

  /** @param disk - what a device had on disk; default: a new one */
  static async open(
    net: FakeNetwork,
    account: Account,
    options: Partial<ClientOptions> = {},
    disk?: Disk,
  ): Promise<Device> {
    const device = new Device(net, account, options);
    if (disk !== undefined) device.#database = await databaseOf(disk);
    await device.#open();
    return device;
  }

  get id(): string {
    return this.account.sessionId;
  }

  /** Makes people accept each other, so that invitations need no answer. */
  async knows(...others: readonly Device[]): Promise<void> {
    for (const { id } of others) await this.client.contacts.accept(id);
  }

  /** What is on disk by now. */
  disk(): Promise<Disk> {
    return this.#database.iterator().all();
  }

  /** A group as it is on disk: with its keys, but without an admin's. */
  async groupState(id: GroupId): Promise<GroupState> {
    const store = await openStore(await databaseOf(await this.disk()));
    const record = await store.get(GROUPS, id);
    await store.close();
    return new GroupState({ groupId: id, account: this.account, dump: record?.dump });
  }

  /** Polls, and pushes what is to be pushed. */
  async sync(): Promise<void> {
    await this.client.sync();
  }

  /** Closes the client and opens the next one on its store. */
  async restart(): Promise<void> {
    await this.client.close();
    await this.#open();
  }

  /**
   * Kills the client: nothing of what it is doing gets any further, neither to the network nor to disk. The next one goes on
   * from what is on disk by now.
   */
  async crash(): Promise<void> {
    this.#life.over = true;
    const dead = this.client;
    this.#database = await databaseOf(await this.disk());
    await this.#open();
    await dead.close().catch(() => {});
  }

  async close(): Promise<void> {
    await this.client.close();
  }

  async #open(): Promise<void> {
    this.#life = { over: false };
    this.timers = new FakeTimers();
    this.client = await Client.open({
      account: this.account,
      network: this.#network(),
      store: this.#database,
      polling: false,
      closeTimeoutMs: 50,
      timers: this.timers,
      crypto: nodeCrypto as Crypto,
      ...this.#options,
    });
    this.told = {} as Told;
    for (const name of TOLD) {
      const list: unknown[] = [];
      (this.told as Record<string, unknown[]>)[name] = list;
      this.client.on(name, (event) => list.push(event));
    }
    this.client.on("group", ({ change }) => this.changes.push(change));
  }

  #network(): Network {
    const life = this.#life;
    const network = this.#net.network;
    const unreachable = (): SessionError => new SessionError("NODE_UNREACHABLE", "the node is not reached");
    const call = async (
      node: ServiceNode,
      request: RpcRequest,
      options?: { readonly signal?: AbortSignal },
    ): ReturnType<Network["call"]> => {
      const fault = await unlessAborted(this.fault(request), options?.signal);
      if (life.over || fault === "lost") throw unreachable();
      if (fault === "refused") return { status: 503, body: "not now", text: "not now", node, path: [] };
      const reply = await network.call(node, request, options);
      if (life.over || fault === "reply-lost") throw unreachable();
      return reply;
    };
    return Object.assign(Object.create(network) as Network, { call });
  }
}
