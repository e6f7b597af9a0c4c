/**
 * {@link Swarms}: storage calls with everything that can go wrong around them
 * (docs/protocol/network.md §7.2 to §7.4, §8).
 *
 * @module
 */

import { readUint32LE } from "../bytes/index.js";
import { type Crypto, defaultCrypto } from "../crypto/index.js";
import { type AbortOptions, SessionError, throwIfAborted } from "../errors/index.js";
import { attempt, type Outcome, type Success } from "./attempt.js";
import { rawCall } from "./calls.js";
import { accountId } from "./ids.js";
import { DEFAULT_POLICY, isFatal, PATH_RETRIES, PATH_RETRY_DELAY_MS, sleep } from "./retry.js";
import { SwarmCache } from "./swarm-cache.js";
import type { RpcReply, RpcRequest, ServiceNode, SwarmAnswer, SwarmCall, SwarmNetwork } from "./types.js";

/** A request made this long ago need not be signed again, ms. */
const FRESH_MS = 2000;

interface Prepared<Value> {
  readonly call: SwarmCall<Value>;
  readonly madeAt: number;
}

/** Options of {@link Swarms}. */
export interface SwarmsOptions {
  readonly crypto?: Crypto | undefined;
  /**
   * Work swarms out from the swarm ids in the node pool where all are known, instead of asking a node. Default: true.
   */
  readonly computeLocally?: boolean | undefined;
  /** A random integer from 0 to `bound` - 1. Default: from `crypto`. */
  readonly random?: ((bound: number) => number) | undefined;
  /** Waits between attempts. */
  readonly sleep?: ((ms: number, signal: AbortSignal | undefined) => Promise<void>) | undefined;
  /** Milliseconds of a clock that only goes forward. */
  readonly monotonicNow?: (() => number) | undefined;
}

/** Options of a call to a swarm. */
export interface SwarmCallOptions extends AbortOptions {
  /**
   * Attempts, each with another member of the swarm. Default: 3, more or fewer as the function says. Those that end
   * without an answer may be as many again, less one, since the path may be to blame.
   */
  readonly attempts?: number | undefined;
  /** Wait before the attempt after `failures` failures, ms. */
  readonly delayMs?: ((failures: number) => number) | undefined;
  /** Limit of the whole call, ms. */
  readonly overallTimeoutMs?: number | undefined;
  /** Limit of one attempt, ms. Default: by the request, see `requestTimeLimit`. */
  readonly timeoutMs?: number | undefined;
  /** Ask this node and no other. What it says about members is held against the swarm only if that is known already. */
  readonly node?: ServiceNode | undefined;
  /** Ed25519 keys of nodes that are not to be asked. */
  readonly exclude?: ReadonlySet<string> | undefined;
}

/** Makes a request at network time `now` (ms): it is called anew for every attempt, so that signatures are fresh. */
export type RequestFactory<Result> = (now: number) => Result;

/**
 * The swarms of a network: finds the nodes that keep an account and asks them.
 *
 * - Members take turns; one that fails gets a strike and another is asked.
 * - 421 replaces the known swarm and is tried again. 406 and 425 set the network clock and are tried once more.
 * - 400, 401, 403 and 404 end a call: no other node would answer otherwise.
 */
export class Swarms {
  readonly network: SwarmNetwork;
  readonly crypto: Crypto;
  readonly #cache: SwarmCache;
  readonly #sleep: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
  readonly #monotonicNow: () => number;

  constructor(network: SwarmNetwork, options: SwarmsOptions = {}) {
    const crypto = options.crypto ?? defaultCrypto;
    this.network = network;
    this.crypto = crypto;
    this.#sleep = options.sleep ?? sleep;
    this.#monotonicNow = options.monotonicNow ?? (() => performance.now());
    this.#cache = new SwarmCache(network, {
      crypto,
      random: options.random ?? ((bound) => (bound > 0 ? readUint32LE(crypto.randomBytes(4)) % bound : 0)),
      monotonicNow: this.#monotonicNow,
      computeLocally: options.computeLocally ?? true,
    });
  }

  /**
   * The nodes that keep `pubkey`.
   *
   * @throws `SWARM_NO_NODES`, `INVALID_ARGUMENT`, `ABORTED`, and errors of the network
   */
  async get(pubkey: string, options: AbortOptions = {}): Promise<readonly ServiceNode[]> {
    throwIfAborted(options.signal);
    return this.#cache.get(accountId(pubkey), options);
  }

  /** Forgets the swarm of `pubkey`, or of every account: the next call finds it anew. */
  forget(pubkey?: string): void {
    this.#cache.forget(pubkey === undefined ? undefined : accountId(pubkey));
  }

  /**
   * Asks a member of the swarm of `pubkey` and returns its reply as it is, of status 200 to 299. A request that is
   * signed over a time should be given as a factory: only that can be signed again.
   *
   * @throws `SWARM_…` by the last status, errors of the network, `TIMEOUT`, `ABORTED`, `INVALID_ARGUMENT`
   */
  async call(
    pubkey: string,
    request: RpcRequest | RequestFactory<RpcRequest>,
    options: SwarmCallOptions = {},
  ): Promise<RpcReply> {
    const build = typeof request === "function" ? request : () => request;
    const { reply } = await this.#run(accountId(pubkey), (now) => rawCall(build(now)), options);
    return reply;
  }

  /** As {@link call}, but reads the reply; one that cannot be used counts as a failure of the node. */
  async run<Value>(
    pubkey: string,
    build: RequestFactory<SwarmCall<Value>>,
    options: SwarmCallOptions = {},
  ): Promise<SwarmAnswer<Value>> {
    const { value, reply } = await this.#run(accountId(pubkey), build, options);
    return { value, node: reply.node, path: reply.path };
  }

  /** As {@link run}, for requests that any node of the network answers. */
  async runAnywhere<Value>(
    build: RequestFactory<SwarmCall<Value>>,
    options: SwarmCallOptions = {},
  ): Promise<SwarmAnswer<Value>> {
    const { value, reply } = await this.#run(undefined, build, options);
    return { value, node: reply.node, path: reply.path };
  }

  async #run<Value>(
    pubkey: string | undefined,
    build: RequestFactory<SwarmCall<Value>>,
    options: SwarmCallOptions,
  ): Promise<Success<Value>> {
    const { signal, node: only } = options;
    const attempts = options.attempts ?? DEFAULT_POLICY.attempts;
    const delayMs = options.delayMs ?? DEFAULT_POLICY.delayMs;
    const deadline = this.#monotonicNow() + (options.overallTimeoutMs ?? DEFAULT_POLICY.overallTimeoutMs);
    const tried = new Set<string>();
    let first: Prepared<Value> | undefined = this.#prepare(build);
    let error: SessionError | undefined;
    let partly: Success<Value> | undefined;
    let again: ServiceNode | undefined;
    let clockSet = false;
    let followed = false;
    let pathFailures = 0;
    let silences = 0;
    let failures = 0;
    while (failures < attempts) {
      throwIfAborted(signal);
      const remainingMs = Math.ceil(deadline - this.#monotonicNow());
      if (remainingMs <= 0) {
        error = new SessionError("TIMEOUT", "the swarm did not answer in time", { cause: error });
        break;
      }
      const node = only ?? again ?? (await this.#pick(pubkey, { signal, tried, exclude: options.exclude }));
      again = undefined;
      tried.add(node.ed25519PublicKey);
      const call = this.#isFresh(first) ? first.call : build(this.network.clock.now());
      first = undefined;
      const context = pubkey === undefined ? {} : { pubkey, members: this.#cache.knownMembers(pubkey) };
      const { timeoutMs } = options;
      // One dead node, member or hop, is the usual reason for silence: another member over some path is the quick way
      // out. After that, paths are worth a second look.
      const pathAttempts = pathFailures + silences === 0 ? 1 : 2;
      const outcome = await attempt(this.network, node, call, {
        ...context,
        signal,
        timeoutMs,
        pathAttempts,
        remainingMs,
      });
      if (outcome.kind === "done") {
        this.#cache.worked(node);
        return outcome;
      }
      if (outcome.kind === "refused") throw outcome.error;
      error = outcome.error;
      if ("partly" in outcome) partly = outcome.partly ?? partly;
      if (outcome.kind === "clock" && !clockSet) {
        clockSet = true;
        await this.#setClock(signal);
        again = node;
        continue;
      }
      if (outcome.kind === "path" && pathFailures++ < PATH_RETRIES) {
        again = node;
        await this.#sleep(PATH_RETRY_DELAY_MS, signal);
        continue;
      }
      this.#blame(pubkey, node, outcome);
      if (outcome.kind === "moved" && !followed && only === undefined) {
        followed = true;
        continue;
      }
      // Silence may as well be the path's fault: there may be as many more tries as there are attempts, less one.
      if (outcome.kind === "silent" && !outcome.gone && ++silences < attempts) continue;
      failures++;
      if (failures < attempts) await this.#sleep(delayMs(failures), signal);
    }
    if (partly !== undefined) return partly;
    throw error ?? new SessionError("INVALID_ARGUMENT", "a call needs at least one attempt");
  }

  #pick(pubkey: string | undefined, options: Parameters<SwarmCache["pickAny"]>[0]): Promise<ServiceNode> {
    return pubkey === undefined ? this.#cache.pickAny(options) : this.#cache.pick(pubkey, options);
  }

  /** Makes the first request before anybody is asked for anything: one that no server would take is found here. */
  #prepare<Value>(build: RequestFactory<SwarmCall<Value>>): Prepared<Value> {
    const madeAt = this.network.clock.now();
    return { call: build(madeAt), madeAt };
  }

  /** Finding the swarm takes time, and may have told us the right time. */
  #isFresh<Value>(prepared: Prepared<Value> | undefined): prepared is Prepared<Value> {
    return prepared !== undefined && Math.abs(this.network.clock.now() - prepared.madeAt) <= FRESH_MS;
  }

  /** Remembers who failed, so that others are asked first. */
  #blame<Value>(
    pubkey: string | undefined,
    node: ServiceNode,
    outcome: Exclude<Outcome<Value>, { kind: "done" | "refused" }>,
  ): void {
    if (outcome.kind === "path") return;
    this.#cache.strike(node, outcome.kind === "silent" && outcome.gone);
    // Silence has been noted by the network itself.
    if (outcome.kind !== "silent") this.network.strikeNode?.(node, outcome.error.code);
    if (pubkey === undefined) return;
    if (outcome.kind === "moved") this.#cache.moved(pubkey, node, outcome.body);
    // Its clock is wrong, not ours: ours has just been set.
    if (outcome.kind === "clock") this.#cache.drop(pubkey, node);
  }

  async #setClock(signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.network.clock.resync({ signal });
    } catch (error) {
      // Without an answer about the time the second try tells whether it matters.
      if (isFatal(error)) throw error;
    }
  }
}
