/**
 * The service nodes known now, and how much each is trusted (docs/protocol/network.md §§4, 7).
 *
 * The list is filled from a seed when it has too few nodes, and refreshed from three of its own nodes when it is two
 * hours old, or ten minutes after it lost a node: what at least two of them agree on stays. Nobody waits for a refresh; it starts with the first call
 * after the time has passed, so a pool needs no timer.
 *
 * @module
 */
import { type AbortOptions, SessionError } from "../errors/index.js";
import { subnet24 } from "./address.js";
import type { NetworkConfig } from "./config.js";
import type { Emitter } from "./emitter.js";
import { commonNodes, type NodeRules, parseNodeList } from "./node-list.js";
import { pick, type RandomInt, shuffle } from "./random.js";
import type { NetworkEvents, ServiceNode } from "./types.js";
import { abortable, Background, SingleFlight, type Sleep } from "./wait.js";

/** Nodes asked for their list in one refresh, and the waits between tries with other ones, milliseconds. */
const ASKED = 3;
const REFRESH_DELAYS = [200, 400];
/** After a refresh that failed, the next one of its own accord waits this long, milliseconds. */
const FAILED_REFRESH_PAUSE = 60_000;
/** A list that lost nodes is refreshed after this long, milliseconds: a bad path may have put the blame on good ones. */
const SHRUNK_LIST_AGE = 600_000;

/** The world of a {@link NodePool}. */
export interface NodePoolOptions {
  readonly config: NetworkConfig;
  readonly rules: NodeRules;
  readonly events: Emitter<NetworkEvents>;
  readonly now: () => number;
  readonly random: RandomInt;
  readonly sleep: Sleep;
  /** The list of a seed. */
  readonly fetchSeeds: (signal: AbortSignal) => Promise<readonly ServiceNode[]>;
  /** The text of a node's reply to the node list request. */
  readonly askNode: (node: ServiceNode, signal: AbortSignal) => Promise<string>;
  /** Told about each node that leaves the pool for its faults. */
  readonly onDrop?: ((key: string) => void) | undefined;
  /** A list from an earlier run or from the application. */
  readonly initial?:
    | {
        readonly nodes: readonly ServiceNode[];
        /** Local time it was fetched at, milliseconds. */
        readonly refreshedAt: number;
        readonly strikes: Readonly<Record<string, number>>;
      }
    | undefined;
}

/** The node list of one network. */
export class NodePool {
  readonly #options: NodePoolOptions;
  readonly #filling = new SingleFlight<void>();
  readonly #refreshing = new SingleFlight<void>();
  readonly #background = new Background();
  readonly #lifetime = new AbortController();
  #nodes: Map<string, ServiceNode>;
  #strikes: Map<string, number>;
  #refreshedAt: number;
  /** Local time of the first drop since the last refresh. */
  #shrunkAt = Number.POSITIVE_INFINITY;
  #triedAt = Number.NEGATIVE_INFINITY;

  constructor(options: NodePoolOptions) {
    this.#options = options;
    const { nodes = [], refreshedAt = 0, strikes = {} } = options.initial ?? {};
    this.#nodes = byKey(nodes);
    this.#strikes = new Map(Object.entries(strikes));
    this.#refreshedAt = refreshedAt;
  }

  /** The nodes at hand, maybe none. */
  get nodes(): readonly ServiceNode[] {
    return [...this.#nodes.values()];
  }

  /** Local time of the last refresh, milliseconds; 0 for a list of unknown age. */
  get refreshedAt(): number {
    return this.#refreshedAt;
  }

  /** Strikes by key. */
  get strikes(): ReadonlyMap<string, number> {
    return this.#strikes;
  }

  get(key: string): ServiceNode | undefined {
    return this.#nodes.get(key);
  }

  /** A random node without those in `exclude`. */
  random(exclude: ReadonlySet<string> = new Set()): ServiceNode | undefined {
    const candidates = this.nodes.filter((node) => !exclude.has(node.ed25519PublicKey));
    return pick(candidates, this.#options.random);
  }

  /**
   * The nodes, from a seed if there are too few. Starts a refresh of an old list, without waiting for it.
   *
   * @throws SessionError `NETWORK_NO_SEED`, `NETWORK_TOO_FEW_NODES`, `ABORTED`
   */
  async ensure(options: AbortOptions = {}): Promise<readonly ServiceNode[]> {
    const nodes = await this.ready(options);
    const now = this.#options.now();
    const isOld =
      now - this.#refreshedAt > this.#options.config.intervals.poolRefresh ||
      now - this.#shrunkAt > SHRUNK_LIST_AGE;
    if (isOld && now - this.#triedAt > FAILED_REFRESH_PAUSE) this.#background.add(this.refresh());
    return nodes;
  }

  /** {@link ensure} without refresh: what building a path may wait for, as a refresh itself needs a path. */
  async ready({ signal }: AbortOptions = {}): Promise<readonly ServiceNode[]> {
    if (this.#nodes.size < this.#options.config.minPoolSize) await abortable(this.#fill(), signal);
    return this.nodes;
  }

  /** Replaces the list by that of a seed. */
  async refill({ signal }: AbortOptions = {}): Promise<void> {
    await abortable(this.#fill(), signal);
  }

  /**
   * Replaces the list by what three of its nodes agree on, or, failing that, by that of a seed. Does nothing within two
   * seconds of the last time.
   *
   * @throws SessionError `NETWORK_NO_SEED`, `NETWORK_TOO_FEW_NODES`, `ABORTED`
   */
  async refresh({ signal }: AbortOptions = {}): Promise<void> {
    const { now, config } = this.#options;
    if (this.#refreshing.running === undefined && now() - this.#triedAt < config.intervals.poolRefreshMin)
      return;
    const running = this.#refreshing.run(async () => {
      this.#triedAt = now();
      const nodes = await this.#askNodes(this.#lifetime.signal);
      if (nodes === undefined) await this.#fill();
      else this.#replace(nodes, "nodes");
    });
    await abortable(running, signal);
  }

  /** One strike for a node; the third takes it out of the pool until the next refresh. */
  strike(key: string, reason: string): void {
    const strikes = (this.#strikes.get(key) ?? 0) + 1;
    this.#strikes.set(key, strikes);
    this.#options.events.emit("node:struck", { node: key, strikes, reason });
    if (strikes >= this.#options.config.strikeLimit) this.drop(key, "strikes");
  }

  /** Takes a node out of the pool until the next refresh. */
  drop(key: string, reason: string): void {
    if (!this.#nodes.delete(key)) return;
    this.#shrunkAt = Math.min(this.#shrunkAt, this.#options.now());
    this.#options.events.emit("node:dropped", { node: key, reason });
    this.#options.onDrop?.(key);
  }

  /** Resolves when no refresh runs in the background. */
  async idle(): Promise<void> {
    await this.#background.idle();
  }

  /** Ends what runs. */
  close(): void {
    this.#lifetime.abort(new SessionError("CLOSED", "the network is closed"));
  }

  #fill(): Promise<void> {
    return this.#filling.run(async () => {
      this.#replace(await this.#options.fetchSeeds(this.#lifetime.signal), "seed");
    });
  }

  #replace(nodes: readonly ServiceNode[], source: "seed" | "nodes"): void {
    this.#nodes = byKey(shuffle(nodes, this.#options.random));
    this.#strikes = new Map();
    this.#refreshedAt = this.#options.now();
    this.#shrunkAt = Number.POSITIVE_INFINITY;
    this.#options.events.emit("pool:refreshed", { source, count: this.#nodes.size });
  }

  async #askNodes(signal: AbortSignal): Promise<readonly ServiceNode[] | undefined> {
    const { config, rules, askNode, sleep } = this.#options;
    const asked = new Set<string>();
    for (let attempt = 0; attempt <= REFRESH_DELAYS.length; attempt++) {
      const nodes = this.#spread(asked);
      for (const node of nodes) asked.add(node.ed25519PublicKey);
      const answers = await Promise.allSettled(
        nodes.map(async (node) => parseNodeList(await askNode(node, signal), rules)),
      );
      const common = commonNodes(
        answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : [])),
      );
      if (common.length >= config.minPoolSize) return common;
      const delay = REFRESH_DELAYS[attempt];
      if (delay !== undefined) await sleep(delay, signal);
    }
    return undefined;
  }

  /** Up to three random nodes of different /24, not asked before where possible. */
  #spread(asked: ReadonlySet<string>): readonly ServiceNode[] {
    const { config, random } = this.#options;
    const shuffled = shuffle(this.nodes, random);
    const fresh = shuffled.filter((node) => !asked.has(node.ed25519PublicKey));
    const chosen: ServiceNode[] = [];
    const subnets = new Set<string>();
    for (const node of fresh.length >= ASKED ? fresh : shuffled) {
      if (chosen.length === ASKED) break;
      const subnet = subnet24(node.ip);
      if (config.subnetRule && subnets.has(subnet)) continue;
      subnets.add(subnet);
      chosen.push(node);
    }
    return chosen;
  }
}

function byKey(nodes: readonly ServiceNode[]): Map<string, ServiceNode> {
  return new Map(nodes.map((node) => [node.ed25519PublicKey, node]));
}
