/**
 * Starts and ends a test network.
 *
 * @module
 */
import { bytesToHex } from "../bytes/index.js";
import { defaultCrypto } from "../crypto/index.js";
import { customNetwork } from "../network/index.js";
import { parseAccount } from "./auth.js";
import { startCommunityServer } from "./community-server.js";
import type { CommunityServerOptions, TestnetCommunity } from "./community-types.js";
import { invalidOption } from "./errors.js";
import { type FileServerOptions, startFileServer, type TestFileServer } from "./file-server.js";
import { createChance, createDeriver, createIdentities } from "./keys.js";
import { NameService } from "./names.js";
import { StorageNode } from "./node.js";
import type { ChainView } from "./oxend.js";
import { Peers } from "./peers.js";
import { NO_SWARM, swarmFor } from "./placement.js";
import type { ServerRules } from "./rpc-types.js";
import { type SeedNodeServer, startSeedNode } from "./seed-node.js";
import type {
  StoredMessage,
  Testnet,
  TestnetEvent,
  TestnetNode,
  TestnetOptions,
  TestnetTimeouts,
} from "./types.js";
import type { World } from "./world.js";

const TIMEOUTS: TestnetTimeouts = {
  member: 5_000,
  deadMember: 200,
  relay: 10_000,
  deadHop: 500,
  server: 25_000,
};

/**
 * Starts a whole network on loopback, in this process: a seed node, a file server, a community server, and service nodes,
 * each with its own keys, certificate and HTTPS port, that do what storage servers do (docs/protocol/storage-server-behaviour.md).
 *
 * @throws SessionError `INVALID_ARGUMENT`, `TESTNET_START_FAILED`
 */
export async function startTestnet(options: TestnetOptions = {}): Promise<Testnet> {
  const network = new TestNetwork(options);
  try {
    await network.start();
  } catch (error) {
    await network.close();
    throw error;
  }
  return network;
}

class TestNetwork implements Testnet, World {
  readonly crypto: World["crypto"];
  readonly peers: Peers;
  readonly names: NameService;
  readonly chain: ChainView;
  readonly timeouts: TestnetTimeouts;
  readonly rateLimit: World["rateLimit"];
  readonly lateDeliveryMs: number;
  readonly serverRoutes = new Map<string, string>();
  readonly nodes: readonly StorageNode[];
  readonly now: () => number;
  readonly #closing = new AbortController();
  readonly #listeners = new Set<(event: TestnetEvent) => void>();
  #rules: ServerRules;
  readonly #communityOptions: CommunityServerOptions;
  readonly #fileServerOptions: FileServerOptions | undefined;
  #seedNode: SeedNodeServer | undefined;
  #fileServer: TestFileServer | undefined;
  #community: TestnetCommunity | undefined;

  constructor(options: TestnetOptions) {
    const crypto = options.crypto ?? defaultCrypto;
    const derive = createDeriver(options.seed, crypto);
    this.crypto = crypto;
    this.peers = new Peers(bytesToHex(crypto.randomBytes(16)));
    this.names = new NameService(crypto);
    this.now = options.now ?? Date.now;
    this.#communityOptions = { seed: options.seed, now: this.now, crypto, ...options.community };
    const ed25519Seed = derive("file server");
    this.#fileServerOptions =
      options.fileServer === false
        ? undefined
        : { ed25519Seed, now: this.now, crypto, ...options.fileServer };
    this.timeouts = { ...TIMEOUTS, ...options.timeouts };
    this.rateLimit = options.rateLimit ?? { burst: 600, perSecond: 300 };
    this.lateDeliveryMs = options.lateDeliveryMs ?? 95_000;
    this.#rules = {
      version: options.version ?? [2, 8, 0],
      hardfork: options.hardfork ?? [19, 4],
      height: options.height ?? 1_500_000,
    };
    if (options.onEvent !== undefined) this.#listeners.add(options.onEvent);
    this.nodes = createIdentities(options, derive, crypto).map((identity, index) => {
      const chance = createChance(derive, `chance ${index}`);
      return new StorageNode(this, index, identity, bytesToHex(identity.x25519.publicKey), chance);
    });
    const listedNodes = (): readonly StorageNode[] => this.nodes.filter(({ faults }) => !faults.isHidden);
    this.chain = createChain(this, listedNodes, bytesToHex(derive("block")));
  }

  get rules(): ServerRules {
    return this.#rules;
  }

  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  get seedUrl(): string {
    return this.#seedNode?.url ?? "";
  }

  get network(): Testnet["network"] {
    return customNetwork({
      name: "testnet",
      seeds: [this.seedUrl],
      allowPrivateAddresses: true,
      minPoolSize: Math.min(4, this.nodes.length),
      fileServer: this.#fileServer,
    });
  }

  get community(): TestnetCommunity {
    // Started before anybody gets to see the network.
    return this.#community as TestnetCommunity;
  }

  get fileServer(): TestFileServer {
    if (this.#fileServer !== undefined) return this.#fileServer;
    throw invalidOption("the network was started without a file server");
  }

  async start(): Promise<void> {
    this.#seedNode = await startSeedNode(this.chain);
    if (this.#fileServerOptions !== undefined) {
      this.#fileServer = await startFileServer(this.#fileServerOptions);
    }
    this.#community = await startCommunityServer(this.#communityOptions);
    await Promise.all(this.nodes.map((node) => node.start()));
  }

  swarmOf(id: string): readonly TestnetNode[] {
    const ids = [...new Set(this.nodes.map(({ swarmId }) => swarmId))].filter((own) => own !== NO_SWARM);
    const swarmId = swarmFor(parseAccount(id), ids);
    return swarmId === NO_SWARM ? [] : this.nodes.filter((node) => node.swarmId === swarmId);
  }

  messagesOf(id: string, namespace?: number): readonly StoredMessage[] {
    const account = parseAccount(id);
    const found = new Map<string, StoredMessage>();
    for (const { index, peek } of this.nodes.map((node) => ({
      index: node.index,
      peek: node.peek(account),
    }))) {
      for (const { hash, namespace: own, timestamp, expiry, data } of peek) {
        if (namespace !== undefined && own !== namespace) continue;
        const nodes = [...(found.get(hash)?.nodes ?? []), index];
        found.set(hash, { hash, namespace: own, timestamp, expiry, data, nodes });
      }
    }
    return [...found.values()];
  }

  registerName(name: string, sessionId: string, { nonce }: { readonly nonce?: Uint8Array } = {}): void {
    this.names.register(name, sessionId, nonce);
  }

  routeServer(named: string, real: string): void {
    if (!/:\d+$/.test(named) || !/:\d+$/.test(real)) throw invalidOption("a server is given as host:port");
    this.serverRoutes.set(named, real);
  }

  setHardfork(hard: number, soft: number): void {
    this.#rules = { ...this.#rules, hardfork: [hard, soft] };
  }

  on(listener: (event: TestnetEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  emit(event: TestnetEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([
      this.#seedNode?.close(),
      this.#fileServer?.close(),
      this.#community?.close(),
      ...this.nodes.map((node) => node.stop()),
    ]);
    this.peers.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function createChain(world: World, listedNodes: ChainView["listedNodes"], blockHash: string): ChainView {
  return {
    get rules() {
      return world.rules;
    },
    names: world.names,
    listedNodes,
    blockHash,
  };
}
