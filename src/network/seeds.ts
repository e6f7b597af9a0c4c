/**
 * The first node list, from seed nodes (docs/protocol/network.md §§2, 3.1, 3.3).
 *
 * All seeds are asked at once and the first good answer counts. A seed may be a daemon (`POST <url>/json_rpc`,
 * `get_n_service_nodes`, on older ones only `get_service_nodes`) or a storage server (`POST <url>/storage_rpc/v1`): the forms are
 * tried in this order until one is understood.
 *
 * @module
 */
import { bytesToUtf8 } from "../bytes/index.js";
import { type AbortOptions, isSessionError, onAbort, SessionError } from "../errors/index.js";
import type { NetworkConfig, SeedNode } from "./config.js";
import { NODE_LIST_REQUEST, type NodeRules, parseNodeList, SEED_LIST_PARAMS } from "./node-list.js";
import type { ServiceNode, Transport } from "./types.js";
import { abortable, retry, type Sleep } from "./wait.js";

/** Waits between the attempts, milliseconds. */
const RETRY_DELAYS = [1000, 2000, 4000];

const FORMS = [
  { path: "/json_rpc", body: jsonRpc("get_n_service_nodes") },
  { path: "/json_rpc", body: jsonRpc("get_service_nodes") },
  { path: "/storage_rpc/v1", body: JSON.stringify(NODE_LIST_REQUEST) },
] as const;

/** What {@link fetchFromSeeds} needs. */
export interface SeedOptions extends AbortOptions {
  readonly config: NetworkConfig;
  readonly rules: NodeRules;
  readonly transport: Transport;
  readonly sleep: Sleep;
}

/**
 * The node list of the first seed that gives a good one: four attempts, with 1, 2 and 4 seconds between them.
 *
 * @throws SessionError `NETWORK_TOO_FEW_NODES` if a seed answered, with fewer nodes than the network needs;
 *   `NETWORK_NO_SEED` if none answered (`details.seeds` says why, by host); `ABORTED`
 */
export async function fetchFromSeeds(options: SeedOptions): Promise<readonly ServiceNode[]> {
  const { seeds } = options.config;
  if (seeds.length === 0) throw new SessionError("NETWORK_NO_SEED", "the network has no seeds");
  return await retry(async () => await askAll(options), {
    delays: RETRY_DELAYS,
    sleep: options.sleep,
    signal: options.signal,
  });
}

async function askAll(options: SeedOptions): Promise<readonly ServiceNode[]> {
  const { seeds } = options.config;
  // The others need not go on when one has answered.
  const controller = new AbortController();
  const { signal } = options;
  const unlisten = onAbort(signal, () => controller.abort(signal?.reason));
  try {
    const answers = seeds.map((seed) => askSeed(seed, { ...options, signal: controller.signal }));
    return await abortable(Promise.any(answers), signal);
  } catch (error) {
    if (!(error instanceof AggregateError)) throw error;
    throw noSeed(seeds, error.errors);
  } finally {
    unlisten();
    controller.abort();
  }
}

function noSeed(seeds: readonly SeedNode[], errors: readonly unknown[]): SessionError {
  const unexpected = errors.find((error) => !isSessionError(error));
  const tooFew = errors.find((error) => isSessionError(error, "NETWORK_TOO_FEW_NODES"));
  const reasons = errors.map((error, i) => ({
    host: new URL(seeds[i]?.url ?? "").host,
    ...(isSessionError(error) ? { code: error.code, message: error.message } : {}),
  }));
  return tooFew !== undefined
    ? new SessionError("NETWORK_TOO_FEW_NODES", "no seed knows enough nodes", {
        cause: tooFew,
        details: { seeds: reasons },
      })
    : new SessionError("NETWORK_NO_SEED", "no seed answered with a node list", {
        cause: unexpected ?? errors[0],
        details: { seeds: reasons },
      });
}

async function askSeed(seed: SeedNode, options: SeedOptions): Promise<readonly ServiceNode[]> {
  let lastError: unknown;
  for (const form of FORMS) {
    try {
      return await askForm(seed, form, options);
    } catch (error) {
      // Another form helps only a seed that answers and does not understand.
      if (!isSessionError(error, "RESPONSE_INVALID")) throw error;
      lastError = error;
    }
  }
  throw lastError;
}

async function askForm(
  seed: SeedNode,
  form: (typeof FORMS)[number],
  { config, rules, transport, signal }: SeedOptions,
): Promise<readonly ServiceNode[]> {
  const response = await transport.request({
    url: `${seed.url}${form.path}`,
    headers: { ...config.headers, "Content-Type": "application/json" },
    body: form.body,
    trust: seed.trust,
    timeoutMs: config.timeouts.seed,
    maxResponseBytes: config.maxResponseBytes,
    signal,
  });
  if (response.status !== 200) {
    throw new SessionError("RESPONSE_INVALID", `the seed answered ${response.status}`, {
      details: { status: response.status },
    });
  }
  const nodes = parseNodeList(bytesToUtf8(response.body, { fatal: false }), rules);
  if (nodes.length < config.minPoolSize) {
    throw new SessionError("NETWORK_TOO_FEW_NODES", "the seed's list has too few nodes", {
      details: { nodes: nodes.length, needed: config.minPoolSize },
    });
  }
  return nodes;
}

function jsonRpc(method: string): string {
  return JSON.stringify({ jsonrpc: "2.0", method, params: SEED_LIST_PARAMS });
}
