/**
 * Building paths: finding guards that answer, and hops to go with them (docs/protocol/network.md §5.2).
 *
 * @module
 */
import { isSessionError, SessionError, throwIfAborted } from "../errors/index.js";
import { subnet24 } from "./address.js";
import type { NetworkConfig } from "./config.js";
import { chooseHops, keysOf } from "./path-build.js";
import { guardOf, type LivePath, type Path, type PathList } from "./path-list.js";
import type { NodePool } from "./pool.js";
import { type RandomInt, shuffle } from "./random.js";
import type { NetworkErrorCode, ServiceNode } from "./types.js";
import { retry, type Sleep } from "./wait.js";

/** Rounds of guard tests in one build, and candidates in each. */
const GUARD_ROUNDS = 6;
const GUARDS_AT_ONCE = 2;
/** Waits before asking a seed again when the nodes do not suffice for a path, milliseconds. */
const REBUILD_DELAYS = [1000, 1000, 1000];

/** The world of a {@link PathBuilder}. */
export interface PathBuilderOptions {
  readonly config: NetworkConfig;
  readonly pool: NodePool;
  readonly random: RandomInt;
  readonly sleep: Sleep;
  /** Resolves when the node answers us directly. */
  readonly testGuard: (node: ServiceNode, signal: AbortSignal) => Promise<void>;
  /** Guards of an earlier run, in order of use. */
  readonly guards?: readonly string[] | undefined;
}

/** Adds paths to a list. */
export class PathBuilder {
  readonly #options: PathBuilderOptions;
  readonly #list: PathList;
  #knownGuards: readonly string[];

  constructor(list: PathList, options: PathBuilderOptions) {
    this.#list = list;
    this.#options = options;
    this.#knownGuards = options.guards ?? [];
  }

  /** Keys of the guards that are tried first. */
  get knownGuards(): readonly string[] {
    return this.#knownGuards;
  }

  /** A guard is not to be tried first any more. */
  forgetGuard(key: string): void {
    this.#knownGuards = this.#knownGuards.filter((known) => known !== key);
  }

  /**
   * Builds the paths that are missing; content with one.
   *
   * @throws SessionError `PATH_FAILED` if no guard answers, `NETWORK_TOO_FEW_NODES`, `NETWORK_NO_SEED`, `ABORTED`
   */
  async buildMissing(signal: AbortSignal): Promise<void> {
    const { pool, sleep } = this.#options;
    const build = async (attempt: number): Promise<void> => {
      if (attempt > 0) await pool.refill({ signal });
      await pool.ready({ signal });
      await this.#testGuards(signal);
    };
    const shouldRetry = (error: unknown): boolean => isSessionError(error, "NETWORK_TOO_FEW_NODES");
    await retry(build, { delays: REBUILD_DELAYS, sleep, signal, shouldRetry });
  }

  /**
   * One more path, around a destination: of unused nodes, or, where the network is too small for that, with nodes of other
   * paths. A guard in use is kept.
   *
   * @throws SessionError `PATH_FAILED`, `NETWORK_TOO_FEW_NODES`, `NETWORK_NO_SEED`, `ABORTED`
   */
  async buildExtra(destination: string | undefined, signal: AbortSignal): Promise<LivePath> {
    const nodes = await this.#options.pool.ready({ signal });
    const excluded = new Set(destination === undefined ? [] : [destination]);
    const isAllowed = (node: ServiceNode): boolean => !excluded.has(node.ed25519PublicKey);
    for (const guard of shuffle(this.#list.guards.filter(isAllowed), this.#options.random)) {
      const hops = this.hopsFor(guard, { excluded }) ?? this.#anyHops(guard, excluded);
      if (hops !== undefined) return this.#list.add([guard, ...hops], true, "build");
    }
    let tested = 0;
    for (const guard of shuffle(nodes.filter(isAllowed), this.#options.random)) {
      const hops = this.#anyHops(guard, excluded);
      if (hops === undefined) continue;
      if (await this.#answers(guard, signal)) return this.#list.add([guard, ...hops], true, "build");
      if (++tested === GUARD_ROUNDS * GUARDS_AT_ONCE) break;
    }
    throw tested > 0 ? noGuard(tested) : tooFewNodes(nodes.length);
  }

  /** Hops for a guard, apart from all paths but `without`, and from `guards` that are about to get paths. */
  hopsFor(
    guard: ServiceNode,
    options: {
      readonly excluded?: ReadonlySet<string>;
      readonly guards?: readonly ServiceNode[];
      readonly without?: Path;
    } = {},
  ): readonly ServiceNode[] | undefined {
    const { excluded = [], guards = [], without } = options;
    const others = this.#list.all.filter((path) => path !== without).map(guardOf);
    const taken = new Set([...excluded, ...this.#list.keys(without)]);
    return this.#choose(this.#options.config.hopCount - 1, taken, [guard, ...guards, ...others]);
  }

  /** A node to take the place of one hop. */
  replacementFor(path: Path, position: number): ServiceNode | undefined {
    const others = this.#list.all.filter((other) => other !== path);
    const excluded = new Set([...this.#list.keys(path), ...keysOf(path.nodes)]);
    const kept = path.nodes.filter((_node, i) => i !== position);
    return this.#choose(1, excluded, [...kept, ...others.map(guardOf)])?.[0];
  }

  #anyHops(guard: ServiceNode, excluded: ReadonlySet<string>): readonly ServiceNode[] | undefined {
    return this.#choose(this.#options.config.hopCount - 1, excluded, [guard]);
  }

  #choose(
    count: number,
    excluded: ReadonlySet<string>,
    neighbours: readonly ServiceNode[],
  ): readonly ServiceNode[] | undefined {
    const { pool, random, config } = this.#options;
    return chooseHops(count, {
      nodes: pool.nodes,
      excluded,
      neighbours,
      subnetRule: config.subnetRule,
      random,
    });
  }

  /** Tests guards, two at a time, and makes a path of each that answers, until there are enough. */
  async #testGuards(signal: AbortSignal): Promise<void> {
    const { pool } = this.#options;
    const silent = new Set<string>();
    let answered = 0;
    for (let round = 0; round < GUARD_ROUNDS && this.#list.missing > 0; round++) {
      const candidates = this.#guardCandidates(silent, Math.min(GUARDS_AT_ONCE, this.#list.missing));
      if (candidates.length === 0) break;
      const test = async (guard: ServiceNode): Promise<void> => {
        if (!(await this.#answers(guard, signal))) {
          silent.add(guard.ed25519PublicKey);
          return;
        }
        answered++;
        const hops = this.hopsFor(guard, { guards: candidates });
        if (hops === undefined) return;
        this.forgetGuard(guard.ed25519PublicKey);
        this.#knownGuards = [...this.#knownGuards, guard.ed25519PublicKey];
        this.#list.add([guard, ...hops], false, "build");
      };
      await Promise.all(candidates.map(test));
      throwIfAborted(signal);
    }
    // When nobody answers, the fault is more likely on this side than with all of them.
    if (answered > 0) {
      for (const key of silent) {
        this.forgetGuard(key);
        pool.strike(key, "guard-test");
      }
    }
    if (this.#list.all.length === 0)
      throw silent.size > 0 ? noGuard(silent.size) : tooFewNodes(pool.nodes.length);
  }

  async #answers(guard: ServiceNode, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#options.testGuard(guard, signal);
      return true;
    } catch {
      throwIfAborted(signal);
      return false;
    }
  }

  /** Nodes that may become a guard and have hops to go with, those that have been one first. */
  #guardCandidates(silent: ReadonlySet<string>, count: number): readonly ServiceNode[] {
    const { pool, random, config } = this.#options;
    const known = this.#knownGuards.flatMap((key) => pool.get(key) ?? []);
    const knownKeys = keysOf(known);
    const others = pool.nodes.filter((node) => !knownKeys.has(node.ed25519PublicKey));
    const used = this.#list.keys();
    const subnets = this.#list.guardSubnets();
    const candidates: ServiceNode[] = [];
    for (const node of [...known, ...shuffle(others, random)]) {
      if (candidates.length === count) break;
      const subnet = subnet24(node.ip);
      if (silent.has(node.ed25519PublicKey) || used.has(node.ed25519PublicKey)) continue;
      if (config.subnetRule && subnets.has(subnet)) continue;
      if (this.hopsFor(node, { guards: candidates }) === undefined) continue;
      subnets.add(subnet);
      candidates.push(node);
    }
    return candidates;
  }
}

function noGuard(tested: number): SessionError<NetworkErrorCode> {
  return new SessionError("PATH_FAILED", "no guard node answers", { details: { tested } });
}

function tooFewNodes(nodes: number): SessionError<NetworkErrorCode> {
  return new SessionError("NETWORK_TOO_FEW_NODES", "the known nodes do not suffice for a path", {
    details: { nodes },
  });
}
