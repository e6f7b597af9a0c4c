/**
 * The HTTPS side of a node: paths, refusals, faults (docs/protocol/storage-server-behaviour.md §1).
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import { bytesToBase64, hexToBytes, utf8ToBytes } from "../bytes/index.js";
import type { Certificate } from "./certificates.js";
import { toJson } from "./json.js";
import { readBody } from "./listen.js";
import type { StorageNode } from "./node.js";
import { serveGuard, serveRelayed } from "./onion-relay.js";
import { PEER_TOKEN_HEADER, PeerPath } from "./peers.js";
import { NO_SWARM } from "./placement.js";
import { serveMember, servePush } from "./replicate.js";
import { runRpc } from "./rpc.js";
import type { RpcResponse } from "./rpc-types.js";
import type { Garbage } from "./types.js";
import { wait } from "./wait.js";
import type { World } from "./world.js";

const MAX_BODY = 10 * 1024 * 1024;
const KEEP_ALIVE = 10_000;
const OVERSIZE_CHUNKS = 512;
const CHUNK = 64 * 1024;

interface HttpReply {
  readonly status: number;
  readonly body: string | Uint8Array;
  readonly type?: "application/json" | "application/octet-stream" | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly close?: boolean;
}

/** The server of a node, not yet listening. */
export function createNodeServer(world: World, node: StorageNode, certificate: Certificate): Server {
  const server = createServer({ ...certificate, keepAliveTimeout: KEEP_ALIVE }, (request, response) => {
    serve(world, node, request, response).catch(() => request.socket.destroy());
  });
  // Broken handshakes and requests are the client's business.
  server.on("clientError", (_error, socket) => socket.destroy());
  return server;
}

async function serve(
  world: World,
  node: StorageNode,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const isPeer = request.headers[PEER_TOKEN_HEADER] === world.peers.token;
  if (!isPeer) node.countRequest(request.socket);
  const { delayMs, drop, garbage } = node.faults.plan();
  if (delayMs > 0) {
    node.report({ type: "fault", node: node.index, fault: "delay" });
    await wait(delayMs, node.stopping);
  }
  if (drop) {
    node.report({ type: "fault", node: node.index, fault: "drop" });
    request.resume();
    return;
  }
  if (garbage !== undefined) {
    node.report({ type: "fault", node: node.index, fault: garbage });
    await answerGarbage(garbage, request, response);
    return;
  }
  const reply = isPeer ? await servePeer(world, node, request) : await serveClient(world, node, request);
  send(node, request, response, reply);
}

function send(node: StorageNode, request: IncomingMessage, response: ServerResponse, reply: HttpReply): void {
  if (response.destroyed) return;
  const body = typeof reply.body === "string" ? utf8ToBytes(reply.body) : reply.body;
  const closes = reply.close === true || request.headers.connection?.toLowerCase() === "close";
  response.writeHead(reply.status, {
    Server: node.serverHeader,
    "Content-Type": reply.type ?? "text/plain",
    "Content-Length": body.length,
    // Said outright, so that Node adds no hint about its time limit, which real nodes do not give either.
    Connection: closes ? "close" : "keep-alive",
    ...reply.headers,
  });
  response.end(body);
}

async function serveClient(world: World, node: StorageNode, request: IncomingMessage): Promise<HttpReply> {
  const { method = "", url = "" } = request;
  switch (`${method} ${url}`) {
    case "POST /storage_rpc/v1":
      return serveRpc(world, node, request);
    case "POST /onion_req/v2": {
      const body = isReady(node) ? await readBody(request, MAX_BODY) : undefined;
      if (body === undefined) return isReady(node) ? TOO_LARGE : NOT_READY;
      return serveGuard(world, node, body);
    }
    case "POST /ping_test/v1":
      return {
        status: 200,
        body: "",
        headers: { "X-Oxen-Snode-Pubkey": bytesToBase64(hexToBytes(node.ed25519PublicKey)) },
      };
    case "GET /get_stats/v1":
      return {
        status: 200,
        body: toJson({ version: world.rules.version.join(".") }),
        type: "application/json",
      };
    default:
      return { status: 404, body: `${method.toLowerCase()} ${url} Not Found` };
  }
}

const NOT_READY: HttpReply = { status: 503, body: "Service node is not ready: not in any swarm\n" };
const TOO_LARGE: HttpReply = { status: 413, body: "Request body too large", close: true };

const isReady = (node: StorageNode): boolean => node.swarmId !== NO_SWARM;

async function serveRpc(world: World, node: StorageNode, request: IncomingMessage): Promise<HttpReply> {
  if (!isReady(node)) return NOT_READY;
  if (!node.takeToken(request.socket.remoteAddress ?? ""))
    return { status: 429, body: "Too Many Requests\n" };
  if (request.headers["x-loki-long-poll"] !== undefined) {
    return { status: 410, body: "long polling is no longer supported, client upgrade required" };
  }
  const body = await readBody(request, MAX_BODY);
  if (body === undefined) return TOO_LARGE;
  node.count("rpc");
  const { method, response } = await runRpc(body, node);
  world.emit({ type: "rpc", node: node.index, method, status: response.status, via: "direct" });
  return httpReply(response);
}

function httpReply({ status, body }: RpcResponse): HttpReply {
  if (typeof body === "string") return { status, body };
  if (body instanceof Uint8Array) return { status, body, type: "application/octet-stream" };
  return { status, body: toJson(body), type: "application/json" };
}

async function servePeer(world: World, node: StorageNode, request: IncomingMessage): Promise<HttpReply> {
  const body = (await readBody(request, 2 * MAX_BODY)) ?? new Uint8Array();
  switch (request.url) {
    case PeerPath.member:
      return httpReply(await serveMember(node, body));
    case PeerPath.push:
      servePush(node, body);
      return { status: 200, body: "" };
    default:
      return serveRelayed(world, node, body, request.headers);
  }
}

async function answerGarbage(
  kind: Garbage,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  request.resume();
  switch (kind) {
    case "reset":
      request.socket.destroy();
      return;
    case "bytes":
      response.writeHead(200).end(randomBytes(300));
      return;
    case "truncated":
      response.writeHead(200, { "Content-Length": 4096 });
      response.write(randomBytes(1024), () => request.socket.destroy());
      return;
    case "oversize": {
      response.writeHead(200);
      const chunk = randomBytes(CHUNK);
      for (let sent = 0; sent < OVERSIZE_CHUNKS && !response.destroyed; sent++) {
        if (!response.write(chunk)) await drained(response);
      }
      response.end();
    }
  }
}

/** Resolves when the response takes more, or will never do so. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off("drain", done).off("close", done);
      resolve();
    };
    response.on("drain", done).on("close", done);
  });
}
