/**
 * One service node: keys, store, HTTPS server, faults, its place in the network.
 *
 * @module
 */
import type { Server } from "node:https";
import type { Socket } from "node:net";
import type { Crypto, Ed25519KeyPair, X25519KeyPair } from "../crypto/index.js";
import { SessionError } from "../errors/index.js";
import { type Certificate, createCertificate } from "./certificates.js";
import { type Account, MessageDatabase } from "./database.js";
import { invalidOption, type TestnetErrorCode } from "./errors.js";
import { Faults } from "./faults.js";
import { createNodeServer } from "./http.js";
import type { JsonObject } from "./json.js";
import type { NodeIdentity } from "./keys.js";
import { LOOPBACK, listen, stopServer } from "./listen.js";
import { askOxend } from "./oxend.js";
import { NO_SWARM, swarmFor } from "./placement.js";
import { RateLimiter } from "./rate-limit.js";
import { deliverKept, distribute, type KeptCall, pushTo } from "./replicate.js";
import type { ForwardedCall, NodeRecord, RpcNode, RpcResponse, ServerRules } from "./rpc-types.js";
import type { NodeCounters, TestnetEvent, TestnetNode } from "./types.js";
import type { World } from "./world.js";

export class StorageNode implements TestnetNode, RpcNode {
  readonly index: number;
  readonly ip: string = LOOPBACK;
  readonly ed25519PublicKey: string;
  readonly x25519PublicKey: string;
  readonly ed25519: Ed25519KeyPair;
  readonly x25519: X25519KeyPair;
  readonly faults: Faults;
  readonly #world: World;
  readonly #database = new MessageDatabase();
  readonly #limiter: RateLimiter | undefined;
  readonly #knownSockets = new WeakSet<Socket>();
  readonly #counters = { connections: 0, requests: 0, rpc: 0, onion: 0 };
  /** Made at the first start, kept over restarts. */
  #certificate: Certificate | undefined;
  #kept: KeptCall[] = [];
  #startWaiters: Array<(value: true) => void> = [];
  #started: Promise<void> | undefined;
  /** Set while it listens. */
  #server: Server | undefined;
  #stopping = new AbortController();
  #port = 0;
  #swarmId: bigint;
  #lastSwarmId: bigint;

  constructor(world: World, index: number, identity: NodeIdentity, hexX25519: string, chance: () => number) {
    this.#world = world;
    this.index = index;
    this.ed25519PublicKey = identity.ed25519PublicKey;
    this.x25519PublicKey = hexX25519;
    this.ed25519 = identity.ed25519;
    this.x25519 = identity.x25519;
    this.#swarmId = identity.swarmId;
    this.#lastSwarmId = identity.swarmId;
    this.faults = new Faults(chance);
    this.#limiter = world.rateLimit === false ? undefined : new RateLimiter(world.rateLimit);
  }

  // What users of the network see.

  get port(): number {
    return this.#port;
  }

  get swarmId(): bigint {
    return this.#swarmId;
  }

  get isRunning(): boolean {
    return this.#server !== undefined;
  }

  get counters(): NodeCounters {
    return { ...this.#counters };
  }

  start(): Promise<void> {
    this.#started ??= this.#start().catch((error: unknown) => {
      this.#started = undefined;
      throw error;
    });
    return this.#started;
  }

  async #start(): Promise<void> {
    if (this.#world.closing.aborted) {
      throw new SessionError<TestnetErrorCode>("CLOSED", "the test network is closed");
    }
    this.#certificate ??= await createCertificate();
    const server = createNodeServer(this.#world, this, this.#certificate);
    this.#stopping = new AbortController();
    this.#port = await listen(server, this.#port);
    this.#server = server;
    for (const resume of this.#startWaiters.splice(0)) resume(true);
    await deliverKept(this.#world, this);
  }

  async stop(): Promise<void> {
    if (this.#started === undefined) return;
    // A node that did not start has nothing to stop.
    await this.#started.catch(() => undefined);
    const server = this.#server;
    this.#started = undefined;
    this.#server = undefined;
    if (server === undefined) return;
    this.#stopping.abort();
    for (const { to, call } of this.#kept.splice(0)) {
      this.report({
        type: "late-delivery",
        node: this.index,
        to: to.index,
        method: call.method,
        outcome: "lost",
      });
    }
    await stopServer(server);
  }

  async leave(): Promise<void> {
    const { nodes } = this.#world;
    const left = this.#swarmId;
    this.#swarmId = NO_SWARM;
    if (left === NO_SWARM || nodes.some(({ swarmId }) => swarmId === left)) return;
    for (const node of nodes.filter(({ swarmId }) => swarmId !== NO_SWARM))
      await pushTo(this.#world, node, [this]);
  }

  async join(swarmId: bigint = this.#lastSwarmId): Promise<void> {
    if (swarmId < 0n || swarmId >= NO_SWARM) throw invalidOption("swarm ids are between 0 and 2^64-2");
    if (this.#swarmId === swarmId) return;
    this.#swarmId = swarmId;
    this.#lastSwarmId = swarmId;
    await pushTo(this.#world, this);
  }

  // What methods see.

  get rules(): ServerRules {
    return this.#world.rules;
  }

  get crypto(): Crypto {
    return this.#world.crypto;
  }

  get database(): MessageDatabase {
    this.#database.sweep(this.now());
    return this.#database;
  }

  get isFull(): boolean {
    return this.faults.isFull;
  }

  now(): number {
    return Math.floor(this.#world.now() + this.faults.skewMs);
  }

  /** Ids of the swarms that there are. */
  swarmIds(): readonly bigint[] {
    return [...new Set(this.#world.nodes.map(({ swarmId }) => swarmId))].filter((id) => id !== NO_SWARM);
  }

  swarmOf(account: Account): { readonly swarmId: bigint; readonly nodes: readonly NodeRecord[] } {
    const swarmId = swarmFor(account, this.swarmIds());
    return {
      swarmId,
      nodes: swarmId === NO_SWARM ? [] : this.#world.nodes.filter((node) => node.swarmId === swarmId),
    };
  }

  serves(account: Account): boolean {
    return this.#swarmId !== NO_SWARM && swarmFor(account, this.swarmIds()) === this.#swarmId;
  }

  distribute(call: ForwardedCall): Promise<Readonly<Record<string, JsonObject>>> {
    return distribute(this.#world, this, call);
  }

  oxend(endpoint: string, params: unknown): RpcResponse {
    return askOxend(this.#world.chain, endpoint, params);
  }

  allNodes(): readonly NodeRecord[] {
    return this.#world.chain.listedNodes();
  }

  // What the rest of the network needs.

  /** The `Server` header, and the `User-Agent` towards servers. */
  get serverHeader(): string {
    return `Oxen Storage Server/${this.rules.version.join(".")}`;
  }

  /** Aborted when the node stops. */
  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Resolves when the node listens. */
  untilStarted(): Promise<true> {
    if (this.isRunning) return Promise.resolve(true);
    return new Promise((resolve) => this.#startWaiters.push(resolve));
  }

  /** Keeps a call for a member that is switched off. */
  keep(kept: KeptCall): void {
    this.#kept.push(kept);
    const { to, call } = kept;
    this.report({
      type: "late-delivery",
      node: this.index,
      to: to.index,
      method: call.method,
      outcome: "kept",
    });
  }

  /** Takes out the calls that were kept for a member. */
  takeKept(to: StorageNode): readonly KeptCall[] {
    const taken = this.#kept.filter((kept) => kept.to === to);
    this.#kept = this.#kept.filter((kept) => kept.to !== to);
    return taken;
  }

  /** Counts a client's request, and its connection if it is the first on it. */
  countRequest(socket: Socket): void {
    this.#counters.requests++;
    if (this.#knownSockets.has(socket)) return;
    this.#knownSockets.add(socket);
    this.#counters.connections++;
  }

  count(what: "rpc" | "onion"): void {
    this.#counters[what]++;
  }

  /** Takes a token for an address; false if it asks too much. */
  takeToken(address: string): boolean {
    return this.#limiter?.take(address, this.now()) ?? true;
  }

  report(event: TestnetEvent): void {
    this.#world.emit(event);
  }

  /** What this node has of an account, expired or not. */
  peek(account: Account): ReturnType<MessageDatabase["all"]> {
    return this.#database.all(account);
  }
}
