import { MemoryLevel } from "memory-level";
import { Client, type ClientEvents, type ClientOptions } from "session-messenger-sdk/client";
import {
  type CommunityNetwork,
  type PlainCommunityNetwork,
  plainCommunityNetwork,
} from "session-messenger-sdk/communities";
import { isSessionError, type SessionError } from "session-messenger-sdk/errors";
import { type Account, accountFromSeed } from "session-messenger-sdk/identity";
import {
  type CommunityServerOptions,
  startCommunityServer,
  type TestnetCommunity,
} from "session-messenger-sdk/testnet";
import { FakeNetwork } from "../support/fake-network.js";
import { FakeTimers } from "../support/fake-timers.js";

/** The same account for the same number. */
export function accountOf(number: number): Account {
  return accountFromSeed(new Uint8Array(16).fill(number));
}

/** Events, as they were told. */
export type Told = { [Name in keyof ClientEvents]: Array<ClientEvents[Name]> };

const EVENTS: ReadonlyArray<keyof ClientEvents> = [
  "message",
  "room-edit",
  "room-deletion",
  "room-reactions",
  "room",
  "identified",
  "contact",
  "conversation",
  "dropped",
  "unsupported",
  "error",
];

/** A client over swarms in memory and real community servers. */
export interface Person {
  readonly client: Client;
  readonly told: Told;
  readonly store: MemoryLevel;
  readonly timers: FakeTimers;
  /** Polls, and gives the texts that came. */
  poll(): Promise<string[]>;
}

/** Community servers on loopback, a swarm in memory, and people. */
export class World implements AsyncDisposable {
  readonly net: FakeNetwork = new FakeNetwork();
  readonly plain: PlainCommunityNetwork;
  readonly servers: TestnetCommunity[] = [];
  readonly #clients = new Set<Client>();
  /** Local time is network time. */
  readonly now = (): number => this.net.time;
  /** Requests to servers, as `<method> <path>`. */
  readonly requests: string[] = [];
  /** Looks at every request on its way. */
  onRequest: (() => Promise<void> | void) | undefined;

  constructor() {
    this.plain = plainCommunityNetwork({ allowHttp: true, now: this.now });
  }

  static async open(options: CommunityServerOptions = {}): Promise<World> {
    const world = new World();
    await world.serve(options);
    return world;
  }

  /** The first server. */
  get server(): TestnetCommunity {
    return this.servers[0] as TestnetCommunity;
  }

  async serve(options: CommunityServerOptions = {}): Promise<TestnetCommunity> {
    const server = await startCommunityServer({ postLimit: false, now: this.now, ...options });
    this.servers.push(server);
    return server;
  }

  /** The way to the servers. */
  get network(): CommunityNetwork {
    return {
      clock: this.plain.clock,
      callServer: async (server, request, options) => {
        this.requests.push(`${request.method} ${request.endpoint}`);
        await this.onRequest?.();
        return await this.plain.callServer(server, request, options);
      },
    };
  }

  /** Opens a client. */
  async person(
    account: Account | number,
    options: Partial<ClientOptions> & { store?: MemoryLevel; listen?: readonly (keyof ClientEvents)[] } = {},
  ): Promise<Person> {
    const { store = new MemoryLevel(), listen = EVENTS, ...rest } = options;
    const timers = new FakeTimers();
    const client = await Client.open({
      account: typeof account === "number" ? accountOf(account) : account,
      network: Object.assign(this.net.network, { config: {} }),
      communityNetwork: this.network,
      store,
      polling: false,
      sync: false,
      closeTimeoutMs: 50,
      timers,
      now: this.now,
      random: () => 0.5,
      ...rest,
    });
    this.#clients.add(client);
    const told = {} as Told;
    for (const name of listen) {
      const list: unknown[] = [];
      (told as Record<string, unknown[]>)[name] = list;
      client.on(name, (event) => list.push(event));
    }
    return {
      client,
      told,
      store,
      timers,
      async poll() {
        const before = told.message?.length ?? 0;
        await client.poll();
        return (told.message ?? []).slice(before).map(({ text }) => text);
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) await client.close();
    await this.plain.close();
    for (const server of this.servers) await server.close();
  }
}

/** What a promise rejects with. */
export async function failure(promise: Promise<unknown>): Promise<SessionError> {
  try {
    await promise;
  } catch (error) {
    if (isSessionError(error)) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

/** The code of what a promise rejects with. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  return (await failure(promise)).code;
}
