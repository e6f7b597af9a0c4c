/**
 * Onion requests at a node: peel, then answer, hand on, or post to a server
 * (docs/protocol/storage-server-behaviour.md §13).
 *
 * @module
 */
import { bytesToBase64, bytesToHex, hexToBytes, utf8ToBytes } from "../bytes/index.js";
import {
  checkHopNumber,
  type OnionLayer,
  onionRefusal,
  type PeeledLayer,
  parseEncType,
  parseOnionRequest,
  peelOnionLayer,
  sealNodeReply,
} from "../onion/index.js";
import { toJson } from "./json.js";
import type { StorageNode } from "./node.js";
import { type PeerOutcome, PeerPath } from "./peers.js";
import { NO_SWARM } from "./placement.js";
import { runRpc } from "./rpc.js";
import type { RpcResponse } from "./rpc-types.js";
import { postToServer } from "./server-proxy.js";
import { within } from "./wait.js";
import type { World } from "./world.js";

/** What goes back to the hop before, or as HTTP reply to the client. */
export interface OnionAnswer {
  readonly status: number;
  readonly body: Uint8Array;
}

/** Statuses that relays know; any other becomes 500 on its way back. */
const KNOWN_STATUSES: ReadonlySet<number> = /* @__PURE__ */ new Set([
  200, 400, 401, 403, 404, 406, 410, 413, 421, 429, 500, 502, 503, 504,
]);

const inClear = (status: number, text: string): OnionAnswer => ({ status, body: utf8ToBytes(text) });

/** Serves the HTTP request of a client: this node is the guard. */
export async function serveGuard(world: World, node: StorageNode, body: Uint8Array): Promise<OnionAnswer> {
  let request: ReturnType<typeof parseOnionRequest>;
  try {
    request = parseOnionRequest(body);
  } catch (error) {
    return inClear(
      onionRefusal(error)?.status ?? 400,
      onionRefusal(error)?.body ?? "Error parsing onion request",
    );
  }
  return serveLayer(world, node, request, request.hopNo);
}

/** Serves a layer that another hop handed on. */
export async function serveRelayed(
  world: World,
  node: StorageNode,
  body: Uint8Array,
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Promise<OnionAnswer> {
  const hopNo = Number(headers["x-hop-no"]);
  try {
    checkHopNumber(hopNo);
  } catch (error) {
    const refusal = onionRefusal(error);
    if (refusal === undefined) throw error;
    return inClear(refusal.status, refusal.body);
  }
  const layer: OnionLayer = {
    ciphertext: body,
    ephemeralKey: hexToBytes(String(headers["x-ephemeral-key"])),
    encType: parseEncType(String(headers["x-enc-type"])) ?? "aes-gcm",
  };
  return serveLayer(world, node, layer, hopNo);
}

async function serveLayer(
  world: World,
  node: StorageNode,
  layer: OnionLayer,
  hopNo: number,
): Promise<OnionAnswer> {
  if (node.swarmId === NO_SWARM) return inClear(503, `Snode not ready: ${node.ed25519PublicKey}`);
  let peeled: PeeledLayer;
  try {
    peeled = peelOnionLayer(layer, node.x25519, world.crypto);
  } catch (error) {
    const refusal = onionRefusal(error);
    if (refusal === undefined) throw error;
    if (!refusal.encrypted) return inClear(refusal.status, refusal.body);
    return { status: 200, body: sealNodeReply(refusal, layer, node.x25519, world.crypto) };
  }
  node.count("onion");
  switch (peeled.kind) {
    case "destination": {
      world.emit({ type: "onion", node: node.index, hopNo, role: "destination" });
      const { method, response } = await runRpc(peeled.payload, node);
      world.emit({ type: "rpc", node: node.index, method, status: response.status, via: "onion" });
      const wishes = { ...layer, json: peeled.json, base64: peeled.base64 };
      return { status: 200, body: sealNodeReply(asText(response), wishes, node.x25519, world.crypto) };
    }
    case "forward":
      return handOn(world, node, peeled, hopNo);
    case "server": {
      const { protocol, host, port, target, plaintext } = peeled;
      world.emit({ type: "onion", node: node.index, hopNo, role: "server", host: `${host}:${port}` });
      return postToServer({
        protocol,
        host,
        port,
        target,
        body: plaintext,
        userAgent: node.serverHeader,
        timeoutMs: world.timeouts.server,
        routes: world.serverRoutes,
      });
    }
  }
}

function asText({ status, body }: RpcResponse): { status: number; body: string; isJson: boolean } {
  if (typeof body === "string") return { status, body, isJson: false };
  if (body instanceof Uint8Array) return { status, body: bytesToBase64(body), isJson: false };
  return { status, body: toJson(body), isJson: true };
}

async function handOn(
  world: World,
  node: StorageNode,
  { destination, ciphertext, ephemeralKey, encType }: Extract<PeeledLayer, { kind: "forward" }>,
  hopNo: number,
): Promise<OnionAnswer> {
  const next = world.nodes.find(({ ed25519PublicKey }) => ed25519PublicKey === destination);
  world.emit({ type: "onion", node: node.index, hopNo, role: "relay", next: next?.index ?? -1 });
  if (next === undefined) return inClear(502, `Next node not found: ${destination}`);
  const send = (): Promise<PeerOutcome> =>
    world.peers.post({
      port: next.port,
      path: PeerPath.onion,
      body: ciphertext,
      headers: {
        "X-Ephemeral-Key": bytesToHex(ephemeralKey),
        "X-Enc-Type": encType,
        "X-Hop-No": String(hopNo + 1),
      },
      timeoutMs: world.timeouts.relay,
    });
  let outcome = await send();
  if (outcome.kind === "refused" || (outcome.kind === "broken" && !next.isRunning)) {
    // The request waits for the node: if it comes back in time it is served.
    const isBack = await within(next.untilStarted(), world.timeouts.deadHop, world.closing);
    outcome = isBack === undefined ? { kind: "timeout" } : await send();
  }
  switch (outcome.kind) {
    case "reply":
      return { status: KNOWN_STATUSES.has(outcome.status) ? outcome.status : 500, body: outcome.body };
    case "broken":
      return inClear(500, "Invalid response from snode");
    default:
      return inClear(504, "Request time out");
  }
}
