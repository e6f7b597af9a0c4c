/**
 * One request, one way: over a path as an onion request, or straight to a node (docs/protocol/network.md §6,
 * docs/protocol/onion.md). Says what happened; what to do about it is decided by the caller.
 *
 * ```text
 * onion:   POST https://guard/onion_req/v2        body = layers for guard, hops, destination
 * direct:  POST https://node/storage_rpc/v1       body = {"method":..,"params":{..}}
 * ```
 *
 * @module
 */
import { bytesToUtf8 } from "../bytes/index.js";
import type { Crypto } from "../crypto/index.js";
import { isSessionError, SessionError } from "../errors/index.js";
import {
  buildOnionRequest,
  encodeRpcPayload,
  type OnionDestination,
  type OnionReplyKeys,
  openNodeReply,
} from "../onion/index.js";
import type { NetworkConfig } from "./config.js";
import type { PathSymptom } from "./path-failure.js";
import type {
  NetworkErrorCode,
  RpcRequest,
  ServiceNode,
  TransferProgress,
  Transport,
  TransportResponse,
} from "./types.js";

/** A path error's text is one sentence: no more than this is kept. */
const MAX_ERROR_TEXT = 1000;
/** Socket errors that mean that this machine has no network. */
const OFFLINE = new Set(["ENETUNREACH", "ENETDOWN", "EADDRNOTAVAIL"]);

/** The request that only asks whether somebody is there, and the longest reply to it, bytes. */
const INFO: RpcRequest = { method: "info", params: {} };
const MAX_INFO_BYTES = 64 * 1024;

/** What an exchange needs. */
export interface ExchangeContext {
  readonly config: NetworkConfig;
  readonly transport: Transport;
  readonly crypto: Crypto;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs: number;
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined;
}

/** What came of a request over a path. */
export type Outcome<Reply> =
  | { readonly kind: "reply"; readonly reply: Reply }
  | {
      readonly kind: "failure";
      readonly symptom: number | PathSymptom;
      /** Text of the guard's reply, shortened; empty for other symptoms. */
      readonly body: string;
      readonly cause?: unknown;
    };

/**
 * Sends a payload over a path and opens the reply with `open`.
 *
 * @throws SessionError `ABORTED`, `CLOSED`, and what building the request throws for bad arguments and oversized payloads; everything that goes
 *   wrong on the way is an {@link Outcome}
 */
export async function sendOverPath<Reply>(
  context: ExchangeContext,
  path: readonly ServiceNode[],
  destination: OnionDestination,
  payload: Uint8Array,
  open: (body: Uint8Array, keys: OnionReplyKeys, crypto: Crypto) => Reply,
): Promise<Outcome<Reply>> {
  const { config, crypto } = context;
  let response: TransportResponse;
  let keys: OnionReplyKeys;
  try {
    const request = buildOnionRequest({ path, destination, payload, encType: config.encType, crypto });
    const { body } = request;
    keys = request.keys;
    response = await post(context, path[0] as ServiceNode, "/onion_req/v2", body, config.maxResponseBytes);
  } catch (error) {
    // A node list can hold keys that no secret can be shared with.
    if (isSessionError(error, "ONION_INVALID_KEY")) {
      return { kind: "failure", symptom: "unreadable", body: "", cause: error };
    }
    if (!isSessionError(error, "TRANSPORT_FAILED", "TIMEOUT", "RESPONSE_TOO_LARGE")) throw error;
    return { kind: "failure", symptom: symptomOf(error), body: "", cause: error };
  }
  if (response.status !== 200) {
    return { kind: "failure", symptom: response.status, body: errorText(response.body) };
  }
  try {
    return { kind: "reply", reply: open(response.body, keys, crypto) };
  } catch (cause) {
    if (isSessionError(cause, "ONION_HOP_ERROR"))
      return { kind: "failure", symptom: "hop-error", body: "", cause };
    if (isSessionError(cause, "ONION_REPLY_INVALID")) {
      return { kind: "failure", symptom: "invalid-reply", body: "", cause };
    }
    return { kind: "failure", symptom: "unreadable", body: "", cause };
  }
}

/** Sends a storage RPC straight to a node. Throws what the transport throws. */
export async function sendDirect(
  context: ExchangeContext,
  node: ServiceNode,
  request: RpcRequest,
  maxResponseBytes: number,
): Promise<{ readonly status: number; readonly body: unknown; readonly text: string }> {
  const body = JSON.stringify({ jsonrpc: "2.0", method: request.method, params: request.params });
  const response = await post(context, node, "/storage_rpc/v1", body, maxResponseBytes, {
    "Content-Type": "application/json",
  });
  const text = bytesToUtf8(response.body, { fatal: false });
  return { status: response.status, body: parseBody(text), text };
}

/** Resolves with the body of its reply if a node answers us directly. Throws `NODE_UNREACHABLE` and what the transport throws. */
export async function testNode(context: ExchangeContext, node: ServiceNode): Promise<unknown> {
  const { status, body } = await sendDirect(context, node, INFO, MAX_INFO_BYTES);
  if (status < 200 || status > 299) throw notReady(status);
  return body;
}

/** Resolves if `target` answers over `path`, whatever its status. Throws `NODE_UNREACHABLE`, `ABORTED`, `CLOSED`. */
export async function probePath(
  context: ExchangeContext,
  path: readonly ServiceNode[],
  target: ServiceNode,
): Promise<void> {
  const payload = encodeRpcPayload(INFO);
  const outcome = await sendOverPath(context, path, { kind: "node", node: target }, payload, openNodeReply);
  if (outcome.kind === "failure") throw notReady(outcome.symptom);
}

function notReady(status: number | string): SessionError<NetworkErrorCode> {
  return new SessionError("NODE_UNREACHABLE", "the node is not ready", { details: { status } });
}

async function post(
  { config, transport, signal, timeoutMs, onProgress }: ExchangeContext,
  node: ServiceNode,
  endpoint: string,
  body: Uint8Array | string,
  maxResponseBytes: number,
  headers: Readonly<Record<string, string>> = {},
): Promise<TransportResponse> {
  return await transport.request({
    url: `https://${node.ip}:${node.port}${endpoint}`,
    headers: { ...config.headers, ...headers },
    body,
    trust: { kind: "unverified" },
    timeoutMs,
    maxResponseBytes,
    signal,
    onProgress,
  });
}

function symptomOf(error: SessionError): PathSymptom {
  const { phase, reason } = error.details;
  if (error.code === "RESPONSE_TOO_LARGE") return "unreadable";
  if (phase === "connect") return OFFLINE.has(String(reason)) ? "offline" : "guard-unreachable";
  return error.code === "TIMEOUT" ? "timeout" : "connection-lost";
}

function errorText(body: Uint8Array): string {
  return bytesToUtf8(body.subarray(0, MAX_ERROR_TEXT), { fatal: false });
}

/** As replies over a path are parsed: results are objects, everything else is a sentence. */
function parseBody(text: string): unknown {
  if (!/^\s*[{[]/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
