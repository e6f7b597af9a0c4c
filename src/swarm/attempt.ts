/**
 * One request to one node, and what its outcome means for the next step (docs/protocol/network.md §7.2).
 *
 * @module
 */
import { type AbortOptions, isSessionError, type SessionError } from "../errors/index.js";
import { isUnusableReply } from "./calls.js";
import { isSuccess, statusError } from "./errors.js";
import { requestTimeLimit, subrequests } from "./meta-requests.js";
import { parseBatchReply } from "./replies.js";
import { isFatal } from "./retry.js";
import type { ReplyContext, RpcReply, RpcRequest, ServiceNode, SwarmCall, SwarmNetwork } from "./types.js";

/** A value that a reply gave, with the reply. */
export interface Success<Value> {
  readonly value: Value;
  readonly reply: RpcReply;
}

/** What came of an attempt. */
export type Outcome<Value> =
  /** Done. */
  | ({ readonly kind: "done" } & Success<Value>)
  /** No other node would answer otherwise. */
  | { readonly kind: "refused"; readonly error: SessionError }
  /** The request did not get there; the node is not to blame. */
  | { readonly kind: "path"; readonly error: SessionError }
  /** Nothing came back in time, or the node is not there: `gone`. The network has noted it. */
  | { readonly kind: "silent"; readonly error: SessionError; readonly gone: boolean }
  | Answered<Value>;

/** The node answered, but not with what was asked for. */
export interface Answered<Value> {
  /** `clock`: the time was refused. `moved`: not the account's swarm. `node`: this node failed. */
  readonly kind: "clock" | "moved" | "node";
  readonly error: SessionError;
  /** With `moved`: may say which nodes are the account's swarm. */
  readonly body?: unknown;
  /** What the reply gave nevertheless, when only entries of a batch failed. */
  readonly partly?: Success<Value> | undefined;
}

/** Options of {@link attempt}. */
export interface AttemptOptions extends AbortOptions, ReplyContext {
  /** Canonical id of the account that the request is about, if it is about one. */
  readonly pubkey?: string | undefined;
  readonly timeoutMs?: number | undefined;
  /** Paths to try. */
  readonly pathAttempts: number;
  /** What is left of the whole call's time, ms. */
  readonly remainingMs: number;
}

/** Asks `node` once. Throws only what ends the whole call. */
export async function attempt<Value>(
  network: SwarmNetwork,
  node: ServiceNode,
  call: SwarmCall<Value>,
  options: AttemptOptions,
): Promise<Outcome<Value>> {
  const { request } = call;
  const limit = options.timeoutMs ?? requestTimeLimit(request);
  let reply: RpcReply;
  try {
    reply = await network.call(node, request, {
      signal: options.signal,
      timeoutMs: Math.min(limit, options.remainingMs),
      overallTimeoutMs: options.remainingMs,
      attempts: options.pathAttempts,
    });
  } catch (error) {
    if (isFatal(error) || !isSessionError(error)) throw error;
    if (isSessionError(error, "PATH_FAILED", "TRANSPORT_FAILED")) return { kind: "path", error };
    if (isSessionError(error, "RESPONSE_INVALID", "RESPONSE_TOO_LARGE")) return { kind: "node", error };
    return { kind: "silent", error, gone: error.code === "NODE_UNREACHABLE" };
  }
  const context = { method: request.method, node: node.ed25519PublicKey };
  if (!isSuccess(reply.status)) {
    const error = statusError(reply.status, reply.body, context);
    return failure(error, accountOf(request) === options.pubkey ? reply.body : undefined);
  }
  try {
    const success = { value: call.read(reply.body, options), reply };
    const inner = innerFailure(request, reply.body, options.pubkey, context);
    return inner === undefined ? { kind: "done", ...success } : { ...inner, partly: success };
  } catch (error) {
    if (isUnusableReply(error)) return { kind: "node", error };
    throw error;
  }
}

function failure(
  error: SessionError,
  body: unknown,
): Answered<never> | { readonly kind: "refused"; readonly error: SessionError } {
  switch (error.code) {
    case "SWARM_CLOCK":
      return { kind: "clock", error };
    case "SWARM_WRONG":
      return { kind: "moved", error, body };
    case "SWARM_RATE_LIMITED":
    case "SWARM_SERVER_ERROR":
      return { kind: "node", error };
    default:
      return { kind: "refused", error };
  }
}

/**
 * A failure among the entries of a `batch` or `sequence` that another try may mend: a wrong swarm for our account or a
 * refused time in any entry, or a node that fails at all of them. It arrives inside a reply of status 200.
 */
function innerFailure(
  request: RpcRequest,
  body: unknown,
  pubkey: string | undefined,
  context: { readonly method: string; readonly node: string },
): Answered<never> | undefined {
  const entries = subrequests(request);
  if (entries.length === 0) return undefined;
  const failures = parseBatchReply(body).map(({ code, body: text }, index) => {
    if (isSuccess(code)) return undefined;
    // The account is taken from our own request: a node may say anything about whose swarm it names.
    const entry = entries[index];
    const ours = entry !== undefined && accountOf(entry) === pubkey;
    const result = failure(statusError(code, text, context), ours ? text : undefined);
    return result.kind === "refused" || (result.kind === "moved" && !ours) ? undefined : result;
  });
  const urgent = failures.find((result) => result !== undefined && result.kind !== "node");
  if (urgent !== undefined) return urgent;
  return failures.every((result) => result?.kind === "node") ? failures[0] : undefined;
}

function accountOf(request: RpcRequest): string | undefined {
  const { pubkey } = request.params;
  return typeof pubkey === "string" ? pubkey.toLowerCase() : undefined;
}
