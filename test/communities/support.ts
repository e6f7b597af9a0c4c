import { fail } from "node:assert/strict";
import {
  type CommunityCall,
  type CommunityNetwork,
  type CommunityServer,
  type CommunityServerOptions,
  connectCommunity,
  parseCommunityLink,
  plainCommunityNetwork,
} from "session-messenger-sdk/communities";
import { isSessionError } from "session-messenger-sdk/errors";
import { type Account, accountFromSeed } from "session-messenger-sdk/identity";
import { connectNetwork } from "session-messenger-sdk/network";
import {
  type CommunityServerOptions as ServerOptions,
  startCommunityServer,
  startTestnet,
  type TestnetCommunity,
} from "session-messenger-sdk/testnet";

/** Runs of a property test: few by default, more with FC_RUNS. */
export const runs = (count: number): { numRuns: number } => ({
  numRuns: count * Number(process.env["FC_RUNS"] ?? 1),
});

/** A community server and a way to it. */
export interface World extends AsyncDisposable {
  readonly community: TestnetCommunity;
  readonly network: CommunityNetwork;
  /** A connection of an account; anonymous when left out. */
  connect(account?: Account, options?: Omit<CommunityServerOptions, "account">): CommunityServer;
}

/** The same account for the same number. */
export function accountOf(number: number): Account {
  return accountFromSeed(new Uint8Array(16).fill(number));
}

/** Plain HTTP to a server of its own. */
export async function plainWorld(options: ServerOptions = {}): Promise<World> {
  const community = await startCommunityServer(options);
  const network = plainCommunityNetwork({ allowHttp: true, now: options.now });
  return world(community, network, async () => {
    await network.close();
    await community.close();
  });
}

/** Onion requests over three nodes of a test network. */
export async function onionWorld(options: ServerOptions = {}): Promise<World> {
  const net = await startTestnet({ nodes: 6, swarms: 1, community: options });
  const network = connectNetwork(net.network);
  return world(net.community, network, async () => {
    await network.close();
    await net.close();
  });
}

function world(community: TestnetCommunity, network: CommunityNetwork, close: () => Promise<void>): World {
  const address = { baseUrl: community.url, publicKey: community.publicKey };
  return {
    community,
    network,
    connect: (account, options) => connectCommunity(network, address, { ...options, account }),
    [Symbol.asyncDispose]: close,
  };
}

let lastRoom = 0;

/** A new room of a server; its token. */
export function newRoom(community: TestnetCommunity, options: { description?: string } = {}): string {
  const token = `room-${++lastRoom}`;
  community.addRoom({ token, name: `Room ${lastRoom}`, ...options });
  return parseCommunityLink(community.link(token)).token;
}

/** The code of the error that a promise ends with. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  return (await errorOf(promise)).code;
}

/** The error that a promise ends with. */
export async function errorOf(
  promise: Promise<unknown>,
): Promise<{ code: string; details: Readonly<Record<string, unknown>> }> {
  try {
    await promise;
  } catch (error) {
    if (isSessionError(error)) return error;
    throw error;
  }
  return fail("nothing was thrown");
}

/** Gives a user a name on the server: whoever never asked for anything is unknown to it. */
export async function introduce(server: CommunityServer): Promise<string> {
  const call: CommunityCall<unknown> = { request: { method: "GET", path: "/rooms" }, read: () => undefined };
  await server.run(call);
  return (await server.identity()).id;
}
