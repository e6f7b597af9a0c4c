/**
 * Requests that hold others, and requests about no account (docs/protocol/swarm.md §4, §7).
 *
 * @module
 */
import { invalidArgument } from "./errors.js";
import type { RpcRequest } from "./types.js";

/** Most entries of a `batch` or `sequence`. */
export const MAX_SUBREQUESTS = 20;

/** Methods that the node asked passes on to its whole swarm, waiting up to 5 s for members that are away. */
const RECURSIVE: ReadonlySet<string> = /* @__PURE__ */ new Set([
  "store",
  "delete",
  "delete_all",
  "delete_before",
  "expire",
  "expire_all",
  "revoke_subaccount",
  "unrevoke_subaccount",
]);

/** Methods that hold other requests. */
const META: ReadonlySet<string> = /* @__PURE__ */ new Set(["batch", "sequence", "ifelse"]);

/** Limit of one attempt of an ordinary request. */
const BASE_TIME_LIMIT_MS = 10_000;
/** What one more dead member's wait costs. */
const RECURSION_TIME_MS = 5_000;

/** `batch`: up to 20 requests, run in parallel, each with a result of its own. */
export function batchRequest(requests: readonly RpcRequest[]): RpcRequest {
  return { method: "batch", params: { requests: checkEntries(requests) } };
}

/** `sequence`: up to 20 requests, one after the other, until the first that fails. */
export function sequenceRequest(requests: readonly RpcRequest[]): RpcRequest {
  return { method: "sequence", params: { requests: checkEntries(requests) } };
}

/** Conditions of {@link ifElseRequest}; all that are given must hold. */
export interface IfElseConditions {
  /** [hard fork, soft fork]. */
  readonly hardforkAtLeast?: readonly [number, number] | undefined;
  readonly hardforkBefore?: readonly [number, number] | undefined;
  /** Storage server version. */
  readonly versionAtLeast?: readonly [number, number, number] | undefined;
  readonly versionBefore?: readonly [number, number, number] | undefined;
  /** Block height. */
  readonly heightAtLeast?: number | undefined;
  readonly heightBefore?: number | undefined;
}

/** What {@link ifElseRequest} chooses between; at least one is given. */
export interface IfElseBranches {
  readonly then?: RpcRequest | undefined;
  readonly else?: RpcRequest | undefined;
}

/** `ifelse`: the server runs one of two requests, which may hold others, by its own version or height. */
export function ifElseRequest(conditions: IfElseConditions, branches: IfElseBranches): RpcRequest {
  const tests = Object.entries({
    hf_at_least: conditions.hardforkAtLeast,
    hf_before: conditions.hardforkBefore,
    v_at_least: conditions.versionAtLeast,
    v_before: conditions.versionBefore,
    height_at_least: conditions.heightAtLeast,
    height_before: conditions.heightBefore,
  }).filter(([, value]) => value !== undefined);
  const chosen = Object.entries(branches).filter(([, request]) => request !== undefined);
  if (tests.length === 0) throw invalidArgument("an ifelse needs a condition");
  if (chosen.length === 0) throw invalidArgument("an ifelse needs a branch");
  return { method: "ifelse", params: { if: Object.fromEntries(tests), ...Object.fromEntries(chosen) } };
}

/** `info`: version and clock of a node. */
export function infoRequest(): RpcRequest {
  return { method: "info", params: {} };
}

/** Endpoints that {@link oxendRequestRequest} reaches. */
export type OxendEndpoint = "get_service_nodes" | "ons_resolve";

/** `oxend_request`: a question that the node passes to the chain daemon beside it. */
export function oxendRequestRequest(
  endpoint: OxendEndpoint,
  params: Readonly<Record<string, unknown>> = {},
): RpcRequest {
  return { method: "oxend_request", params: { endpoint, params } };
}

/** `active_nodes_bin`: every node of the network in 51 bytes each; servers after 2.8 only. */
export function activeNodesRequest(): RpcRequest {
  return { method: "active_nodes_bin", params: {} };
}

/** The entries of a `batch` or `sequence` that this room built; empty for other methods. */
export function subrequests(request: RpcRequest): readonly RpcRequest[] {
  const { requests } = request.params;
  const holds = request.method === "batch" || request.method === "sequence";
  return holds && Array.isArray(requests) ? (requests as readonly RpcRequest[]) : [];
}

/**
 * The limit of one attempt of `request`: 10 s, and 5 s more for each entry of a `sequence` that waits for the whole
 * swarm, beyond the first (docs/protocol/network.md §7.3). A `batch` waits for all of its entries at once.
 */
export function requestTimeLimit(request: RpcRequest): number {
  if (request.method === "ifelse") {
    const branches = [request.params.then, request.params.else].filter(isRequest);
    return Math.max(BASE_TIME_LIMIT_MS, ...branches.map(requestTimeLimit));
  }
  if (request.method !== "sequence") return BASE_TIME_LIMIT_MS;
  const waits = subrequests(request).filter(({ method }) => RECURSIVE.has(method)).length;
  return BASE_TIME_LIMIT_MS + RECURSION_TIME_MS * Math.max(0, waits - 1);
}

function isRequest(value: unknown): value is RpcRequest {
  return typeof value === "object" && value !== null && "method" in value;
}

function checkEntries(requests: readonly RpcRequest[]): RpcRequest[] {
  if (requests.length === 0 || requests.length > MAX_SUBREQUESTS)
    throw invalidArgument("a batch holds 1 to 20 requests", { requests: requests.length });
  const nested = requests.findIndex(({ method }) => META.has(method));
  if (nested >= 0) throw invalidArgument("a batch holds no batch, sequence or ifelse", { index: nested });
  return [...requests];
}
