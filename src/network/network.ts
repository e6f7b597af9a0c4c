/**
 * A connection to one network: calls to nodes and servers over paths, with retries over other paths; the node list;
 * the clock.
 *
 * ```text
 * call ─▶ path without the destination ─▶ exchange ─▶ reply, whatever its status
 *             ▲                             │
 *             └── strikes, retry ◀── classifyPathFailure
 * ```
 *
 * Errors of the destination are replies: what a status means belongs to the rooms above.
 *
 * @module
 */
import { type AbortOptions, isSessionError, onAbort, SessionError } from "../errors/index.js";
import { encodeRpcPayload, encodeV4Request, openNodeReply, openServerReply } from "../onion/index.js";
import { NetworkClock } from "./clock.js";
import type { NetworkConfig } from "./config.js";
import { callServerDirect } from "./direct.js";
import { type ExchangeContext, probePath, sendDirect, testNode } from "./exchange.js";
import { NODE_LIST_REQUEST } from "./node-list.js";
import { type CallWorld, callOverPaths } from "./path-call.js";
import { PathManager } from "./paths.js";
import { NodePool } from "./pool.js";
import { fetchFromSeeds } from "./seeds.js";
import { makeState } from "./state.js";
import type {
  CallOptions,
  NetworkErrorCode,
  NetworkEvents,
  NetworkState,
  RpcReply,
  RpcRequest,
  ServerDestination,
  ServerReply,
  ServerRequest,
  ServiceNode,
} from "./types.js";
import { withDeadline } from "./wait.js";
import { type ConnectOptions, makeWorld, type NetworkWorld } from "./world.js";

/** Connects to a network. Nothing is sent before the first call. */
export function connectNetwork(config: NetworkConfig, options: ConnectOptions = {}): Network {
  return new Network(config, options);
}

/** See {@link connectNetwork}. */
export class Network {
  readonly config: NetworkConfig;
  readonly clock: NetworkClock;
  readonly pool: NodePool;
  readonly paths: PathManager;
  readonly #world: NetworkWorld;
  readonly #lifetime = new AbortController();

  constructor(config: NetworkConfig, options: ConnectOptions = {}) {
    const world = makeWorld(config, options);
    const { state, now } = world;
    this.config = config;
    this.#world = world;
    this.clock = new NetworkClock({
      ...world,
      network: this,
      timeoutMs: config.timeouts.clock,
      intervalMs: config.intervals.clockSync,
    });
    this.pool = new NodePool({
      ...world,
      config,
      initial: state,
      fetchSeeds: async (signal) => await fetchFromSeeds({ ...world, config, signal }),
      askNode: async (node, signal) => await this.#askForNodes(node, signal),
      onDrop: (key) => this.paths.removeNode(key),
    });
    this.paths = new PathManager({
      ...world,
      config,
      pool: this.pool,
      guards: state.guards,
      testGuard: async (node, signal) => {
        const sentAt = now();
        const body = await testNode(this.#context(config.timeouts.guardTest, signal), node);
        this.clock.observe(body, sentAt, now());
      },
      probe: async (path, target, signal) =>
        await probePath(this.#context(config.timeouts.probe, signal), path, target),
    });
  }

  /**
   * Calls a storage RPC method of a node.
   *
   * Failures on the way are retried over other paths, within `overallTimeoutMs`; a reply of the destination is returned
   * whatever its status.
   *
   * @throws SessionError `PATH_FAILED`, `TIMEOUT`, `NODE_UNREACHABLE`, `RESPONSE_INVALID`, `TRANSPORT_FAILED` (offline) with
   *   `details.attempts`; `NETWORK_NO_SEED`, `NETWORK_TOO_FEW_NODES`, `ABORTED`, `CLOSED`;
   *   `ONION_TOO_LARGE`, `ONION_INVALID_ARGUMENT` for requests that nodes cannot take
   */
  async call(node: ServiceNode, request: RpcRequest, options: CallOptions = {}): Promise<RpcReply> {
    return await this.#run(options, async (context, remaining) => {
      if (this.config.direct) return await this.#callDirect(node, request, context);
      const payload = encodeRpcPayload(request);
      const { reply, path, sentAt } = await callOverPaths(this.#callWorld(), context, {
        destination: node,
        route: { kind: "node", node },
        method: request.method,
        payload,
        open: openNodeReply,
        attempts: options.attempts,
        remaining,
      });
      this.clock.observe(reply.body, sentAt, this.#world.now());
      return { status: reply.status, body: reply.body, text: reply.text, node, path: path.nodes };
    });
  }

  /**
   * Sends an HTTP request to a server through the last hop of a path, as a v4 onion request. Failures on the way are retried
   * over other paths; give `attempts: 1` where the server must not see the request twice.
   *
   * @throws SessionError as {@link call}, and `SERVER_UNREACHABLE`, `SERVER_REFUSED`
   */
  async callServer(
    server: ServerDestination,
    request: ServerRequest,
    options: CallOptions = {},
  ): Promise<ServerReply> {
    return await this.#run(options, async (context, remaining) => {
      if (this.config.direct) return await callServerDirect(context, server, request);
      const { headers = {}, ...rest } = request;
      const { reply, path } = await callOverPaths(this.#callWorld(), context, {
        destination: server,
        route: { kind: "server", ...server },
        method: `${request.method} ${request.endpoint.replace(/\?.*$/s, "")}`,
        payload: encodeV4Request({ ...rest, headers }),
        open: openServerReply,
        attempts: options.attempts,
        remaining,
      });
      return { status: reply.status, headers: reply.headers, body: reply.body, path: path.nodes };
    });
  }

  /**
   * The nodes of the network, from a seed the first time.
   *
   * @throws SessionError `NETWORK_NO_SEED`, `NETWORK_TOO_FEW_NODES`, `ABORTED`, `CLOSED`
   */
  async nodes(options: AbortOptions = {}): Promise<readonly ServiceNode[]> {
    this.#requireOpen();
    return await this.#orClosed(this.pool.ensure(options));
  }

  /** A random node, without those whose keys are in `exclude`. Errors as {@link nodes}. */
  async randomNode(
    options: AbortOptions & { readonly exclude?: ReadonlySet<string> | undefined } = {},
  ): Promise<ServiceNode> {
    await this.nodes(options);
    const node = this.pool.random(options.exclude);
    if (node !== undefined) return node;
    throw new SessionError<NetworkErrorCode>("NETWORK_TOO_FEW_NODES", "no other node is known");
  }

  /** One strike for a node that misbehaved as a destination; the third takes it out until the next refresh. */
  strikeNode(node: ServiceNode, reason: string): void {
    this.pool.strike(node.ed25519PublicKey, reason);
  }

  /** Takes a node out until the next refresh. */
  dropNode(node: ServiceNode, reason: string): void {
    this.pool.drop(node.ed25519PublicKey, reason);
  }

  /** Calls `listener` for each event of this name. Returns a function that ends it. */
  on<Name extends keyof NetworkEvents>(
    name: Name,
    listener: (event: NetworkEvents[Name]) => void,
  ): () => void {
    return this.#world.events.on(name, listener);
  }

  /** What to give to the next {@link connectNetwork} as `state`. */
  snapshot(): NetworkState {
    const { nodes, refreshedAt, strikes } = this.pool;
    const state = { nodes, refreshedAt, guards: this.paths.guards, strikes: Object.fromEntries(strikes) };
    return makeState(state, this.config.name, this.#world.now());
  }

  /** Resolves when nothing is refreshed, built, probed or rotated in the background. */
  async idle(): Promise<void> {
    await Promise.all([this.pool.idle(), this.paths.idle()]);
  }

  /** Ends every call with `CLOSED`, and the connections. A transport that was given is left open. */
  async close(): Promise<void> {
    if (!this.#lifetime.signal.aborted) this.#lifetime.abort(closed());
    this.pool.close();
    this.paths.close();
    if (this.#world.ownsTransport) await this.#world.transport.close();
    await this.idle();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Runs a call within its overall limit; `remaining` says how much of that is left. */
  async #run<T>(
    options: CallOptions,
    task: (
      context: ExchangeContext & { readonly signal: AbortSignal },
      remaining: () => number,
    ) => Promise<T>,
  ): Promise<T> {
    this.#requireOpen();
    const { timeouts } = this.config;
    const { timeoutMs = timeouts.request, overallTimeoutMs = timeouts.overall } = options;
    const startedAt = this.#world.now();
    const remaining = (): number => overallTimeoutMs - (this.#world.now() - startedAt);
    const run = withDeadline(overallTimeoutMs, options.signal, async (signal) => {
      const controller = new AbortController();
      const end = (): void => controller.abort(signal.reason);
      const unlisten = [onAbort(signal, end), onAbort(this.#lifetime.signal, end)];
      try {
        const context = this.#context(timeoutMs, controller.signal);
        return await task({ ...context, onProgress: options.onProgress }, remaining);
      } finally {
        for (const each of unlisten) each();
      }
    });
    return await this.#orClosed(run);
  }

  async #callDirect(node: ServiceNode, request: RpcRequest, context: ExchangeContext): Promise<RpcReply> {
    const sentAt = this.#world.now();
    const about = { destination: node, method: request.method, path: [], attempt: 1 } as const;
    try {
      const reply = await sendDirect(context, node, request, this.config.maxResponseBytes);
      this.clock.observe(reply.body, sentAt, this.#world.now());
      this.#world.events.emit("request", {
        ...about,
        durationMs: this.#world.now() - sentAt,
        status: reply.status,
      });
      return { ...reply, node, path: [] };
    } catch (cause) {
      const isAborted = isSessionError(cause, "ABORTED", "CLOSED");
      const failure = isAborted ? "aborted" : "no-answer";
      this.#world.events.emit("request", { ...about, durationMs: this.#world.now() - sentAt, failure });
      if (isAborted || !isSessionError(cause)) throw cause;
      this.pool.strike(node.ed25519PublicKey, failure);
      if (!isSessionError(cause, "TRANSPORT_FAILED")) throw cause;
      throw new SessionError<NetworkErrorCode>("NODE_UNREACHABLE", "the node does not answer", {
        cause,
        details: cause.details,
      });
    }
  }

  async #askForNodes(node: ServiceNode, signal: AbortSignal): Promise<string> {
    const { status, text } = await this.call(node, NODE_LIST_REQUEST, { signal, attempts: 2 });
    if (status === 200) return text;
    throw new SessionError<NetworkErrorCode>("RESPONSE_INVALID", `the node answered ${status}`, {
      details: { status },
    });
  }

  #context<Signal extends AbortSignal>(
    timeoutMs: number,
    signal: Signal,
  ): ExchangeContext & { readonly signal: Signal } {
    return {
      config: this.config,
      transport: this.#world.transport,
      crypto: this.#world.crypto,
      timeoutMs,
      signal,
    };
  }

  #callWorld(): CallWorld {
    return { ...this.#world, pool: this.pool, paths: this.paths };
  }

  #requireOpen(): void {
    if (this.#lifetime.signal.aborted) throw closed();
  }

  /** Turns the aborts that closing causes into `CLOSED`. */
  async #orClosed<T>(promise: Promise<T>): Promise<T> {
    try {
      return await promise;
    } catch (error) {
      if (this.#lifetime.signal.aborted && isSessionError(error, "ABORTED")) throw closed();
      throw error;
    }
  }
}

function closed(): SessionError<NetworkErrorCode> {
  return new SessionError("CLOSED", "the network is closed");
}
