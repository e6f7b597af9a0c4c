/**
 * Which nodes keep which account, and which of them to ask next (docs/protocol/network.md §7.4).
 *
 * A swarm is kept while three of its nodes are in the pool. It is worked out from the swarm ids in the pool where they are
 * all known, else asked for. Members take turns; those that failed lately come last.
 *
 * @module
 */
import type { Crypto } from "../crypto/index.js";
import { type AbortOptions, isSessionError, SessionError } from "../errors/index.js";
import { getSwarmCall, isUnusableReply } from "./calls.js";
import { isSuccess, type SwarmErrorCode, statusError } from "./errors.js";
import { swarmFromPool } from "./mapping.js";
import { requestTimeLimit } from "./meta-requests.js";
import { parseSwarmReply } from "./replies.js";
import { isFatal } from "./retry.js";
import type { ServiceNode, SwarmNetwork } from "./types.js";

/** Members that must be in the pool for a cached swarm to be used. */
const MIN_KNOWN_MEMBERS = 3;
/** Accounts whose swarm is remembered; the oldest go first. */
const MAX_ACCOUNTS = 1000;
/** Nodes asked for a swarm before giving up. */
const GET_SWARM_ATTEMPTS = 4;
/** Strikes from which a member is only asked when there is no other. */
const STRIKE_LIMIT = 3;
/** After this long without another failure a node's strikes are forgotten. */
const STRIKE_LIFE_MS = 600_000;

interface Entry {
  readonly keys: readonly string[];
  /** The members as the reply named them, for those that the pool does not know; only while that pool is in use. */
  readonly told: ReadonlyMap<string, ServiceNode>;
  readonly pool: readonly ServiceNode[];
  /** Worked out from the pool, so outdated with it. */
  readonly local: boolean;
  /** Members that had their turn in this round. */
  readonly used: Set<string>;
}

/** What the cache needs besides a network. */
export interface SwarmCacheOptions {
  readonly crypto: Crypto;
  /** A random integer from 0 to `bound` - 1. */
  readonly random: (bound: number) => number;
  /** Milliseconds of a clock that only goes forward. */
  readonly monotonicNow: () => number;
  /** Work swarms out from the pool where possible. */
  readonly computeLocally: boolean;
}

/** Whom not to ask. */
export interface PickOptions extends AbortOptions {
  /** Ed25519 keys of nodes already asked; asked again when nobody else is left. */
  readonly tried?: ReadonlySet<string> | undefined;
  /** Ed25519 keys of nodes never to ask. */
  readonly exclude?: ReadonlySet<string> | undefined;
}

/** The swarms of accounts. */
export class SwarmCache {
  readonly #network: SwarmNetwork;
  readonly #options: SwarmCacheOptions;
  readonly #entries = new Map<string, Entry>();
  /** Accounts for which the pool's swarm ids proved wrong. */
  readonly #misplaced = new Set<string>();
  readonly #strikes = new Map<string, { readonly count: number; readonly at: number }>();
  #pool: readonly ServiceNode[] = [];
  #byKey: ReadonlyMap<string, ServiceNode> = new Map();

  constructor(network: SwarmNetwork, options: SwarmCacheOptions) {
    this.#network = network;
    this.#options = options;
  }

  /** The members of the swarm of `pubkey` (canonical id). */
  async get(pubkey: string, options: AbortOptions): Promise<readonly ServiceNode[]> {
    await this.#refreshPool(options);
    const cached = this.#entries.get(pubkey);
    if (cached !== undefined) {
      const known = cached.keys.filter((key) => this.#byKey.has(key)).length;
      const outdated = cached.local && cached.pool !== this.#pool;
      if (!outdated && known >= Math.min(MIN_KNOWN_MEMBERS, cached.keys.length)) return this.#resolve(cached);
    }
    const local =
      this.#options.computeLocally && !this.#misplaced.has(pubkey)
        ? swarmFromPool(pubkey, this.#pool)
        : undefined;
    if (local !== undefined) return this.#remember(pubkey, local, true);
    return this.#remember(pubkey, await this.#ask(pubkey, options), false);
  }

  /** Keys of the members as far as they are known without asking. */
  knownMembers(pubkey: string): ReadonlySet<string> | undefined {
    const entry = this.#entries.get(pubkey);
    return entry && new Set(entry.keys);
  }

  /** The member to ask next. */
  async pick(pubkey: string, options: PickOptions): Promise<ServiceNode> {
    const members = await this.get(pubkey, options);
    const node = this.#choose(members, options, this.#entries.get(pubkey)?.used ?? new Set());
    if (node === undefined) throw noNodes("the swarm has no node to ask");
    return node;
  }

  /** Any node of the pool. */
  async pickAny(options: PickOptions): Promise<ServiceNode> {
    await this.#refreshPool(options);
    const node = this.#choose(this.#pool, options, new Set());
    if (node === undefined) throw noNodes("the network has no node to ask");
    return node;
  }

  /** Takes the swarm that a 421 names, or drops the node that sent none. */
  moved(pubkey: string, node: ServiceNode, body: unknown): void {
    this.#misplaced.add(pubkey);
    try {
      const { nodes } = parseSwarmReply(body, this.#options.crypto);
      if (nodes.length > 0) {
        this.#remember(pubkey, nodes, false);
        return;
      }
    } catch (error) {
      if (!isSessionError(error)) throw error;
    }
    this.drop(pubkey, node);
  }

  /** Takes `node` out of the swarm of `pubkey`; a swarm left empty is asked for anew. */
  drop(pubkey: string, node: ServiceNode): void {
    const entry = this.#entries.get(pubkey);
    if (entry === undefined) return;
    const keys = entry.keys.filter((key) => key !== node.ed25519PublicKey);
    if (keys.length === 0) this.#entries.delete(pubkey);
    else this.#entries.set(pubkey, { ...entry, keys });
  }

  /** Forgets the swarm of `pubkey`, or every swarm. */
  forget(pubkey?: string): void {
    if (pubkey === undefined) this.#entries.clear();
    else this.#entries.delete(pubkey);
  }

  /** Notes that `node` failed; `gone`: there is no point in asking it again soon. */
  strike(node: ServiceNode, gone = false): void {
    const count = gone ? STRIKE_LIMIT : this.#strikesOf(node) + 1;
    this.#strikes.set(node.ed25519PublicKey, { count, at: this.#options.monotonicNow() });
  }

  /** Notes that `node` works. */
  worked(node: ServiceNode): void {
    this.#strikes.delete(node.ed25519PublicKey);
  }

  #strikesOf(node: ServiceNode): number {
    const strikes = this.#strikes.get(node.ed25519PublicKey);
    if (strikes === undefined) return 0;
    if (this.#options.monotonicNow() - strikes.at <= STRIKE_LIFE_MS) return strikes.count;
    this.#strikes.delete(node.ed25519PublicKey);
    return 0;
  }

  async #refreshPool(options: AbortOptions): Promise<void> {
    const pool = await this.#network.nodes({ signal: options.signal });
    // Unchanged nodes keep their objects, though not the list that holds them.
    if (pool.length === this.#pool.length && pool.every((node, index) => node === this.#pool[index])) return;
    this.#pool = pool;
    this.#byKey = new Map(pool.map((node) => [node.ed25519PublicKey, node]));
  }

  #remember(pubkey: string, nodes: readonly ServiceNode[], local: boolean): readonly ServiceNode[] {
    const entry: Entry = {
      keys: nodes.map((node) => node.ed25519PublicKey),
      told: new Map(nodes.map((node) => [node.ed25519PublicKey, node])),
      pool: this.#pool,
      local,
      used: new Set(),
    };
    this.#entries.delete(pubkey);
    this.#entries.set(pubkey, entry);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= MAX_ACCOUNTS) break;
      this.#entries.delete(oldest);
      this.#misplaced.delete(oldest);
    }
    return this.#resolve(entry);
  }

  /** The pool's word counts where it knows a node; a reply could name false addresses. */
  #resolve(entry: Entry): readonly ServiceNode[] {
    const current = entry.pool === this.#pool;
    return entry.keys
      .map((key) => this.#byKey.get(key) ?? (current ? entry.told.get(key) : undefined))
      .filter((node) => node !== undefined);
  }

  #choose(
    nodes: readonly ServiceNode[],
    { tried, exclude }: PickOptions,
    used: Set<string>,
  ): ServiceNode | undefined {
    const allowed = nodes.filter(({ ed25519PublicKey }) => !exclude?.has(ed25519PublicKey));
    const fresh = allowed.filter(({ ed25519PublicKey }) => !tried?.has(ed25519PublicKey));
    const candidates = fresh.length > 0 ? fresh : allowed;
    const fewest = Math.min(...candidates.map((node) => this.#strikesOf(node)));
    const best = candidates.filter((node) => this.#strikesOf(node) === fewest);
    const waiting = best.filter(({ ed25519PublicKey }) => !used.has(ed25519PublicKey));
    if (waiting.length === 0) used.clear();
    const last = waiting.length > 0 ? waiting : best;
    const node = last[this.#options.random(last.length)];
    if (node !== undefined) used.add(node.ed25519PublicKey);
    return node;
  }

  async #ask(pubkey: string, options: AbortOptions): Promise<readonly ServiceNode[]> {
    const call = getSwarmCall(pubkey, this.#options.crypto);
    const tried = new Set<string>();
    let cause: unknown;
    for (let attempt = 0; attempt < GET_SWARM_ATTEMPTS; attempt++) {
      const node = await this.pickAny({ ...options, tried });
      tried.add(node.ed25519PublicKey);
      try {
        const reply = await this.#network.call(node, call.request, {
          signal: options.signal,
          timeoutMs: requestTimeLimit(call.request),
        });
        if (!isSuccess(reply.status)) throw statusError(reply.status, reply.body, { method: "get_swarm" });
        const { nodes } = call.read(reply.body, {});
        if (nodes.length > 0) return nodes;
      } catch (error) {
        if (isFatal(error)) throw error;
        if (isUnusableReply(error) || isSessionError(error, "SWARM_SERVER_ERROR")) this.strike(node);
        cause = error;
      }
    }
    throw noNodes("no node told the swarm of the account", cause);
  }
}

function noNodes(message: string, cause?: unknown): SessionError<SwarmErrorCode> {
  return new SessionError("SWARM_NO_NODES", message, { cause });
}
