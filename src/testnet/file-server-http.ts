/**
 * The HTTP side of a file server: plain requests, and `POST /oxen/v4/lsrpc`, which carries one of them sealed
 * (docs/protocol/onion.md §5).
 *
 * @module
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { X25519KeyPair } from "../crypto/index.js";
import {
  answerFileRequest,
  type FileAnswer,
  type FileRequest,
  type FileServerWorld,
  page,
} from "./file-routes.js";
import { readBody } from "./listen.js";
import { answerSealed, ONION_PATH } from "./v4-endpoint.js";

/** More than any onion request holds. */
const MAX_BODY = 16 * 1024 * 1024;

/** What the server does instead of answering. */
export interface FileServerFault {
  /** Answers every file request with this status. */
  status?: number | undefined;
  /** Stops in the middle of every answer. */
  stalls: boolean;
}

/** The server, not yet listening. */
export function createFileServer(
  world: FileServerWorld,
  x25519: X25519KeyPair,
  fault: FileServerFault,
): Server {
  const server = createServer((request, response) => {
    serve(world, x25519, fault, request, response).catch(() => request.socket.destroy());
  });
  server.on("clientError", (_error, socket) => socket.destroy());
  return server;
}

async function serve(
  world: FileServerWorld,
  x25519: X25519KeyPair,
  fault: FileServerFault,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = "", url = "" } = request;
  const body = await readBody(request, MAX_BODY);
  const answer = (inner: FileRequest): FileAnswer =>
    fault.status === undefined ? answerFileRequest(world, inner) : page(fault.status, "Fault");
  let reply: FileAnswer;
  if (body === undefined) reply = page(413, "Request Entity Too Large");
  else if (url !== ONION_PATH) reply = answer({ method, path: url, headers: plainHeaders(request), body });
  else if (method !== "POST") reply = page(405, "Method Not Allowed");
  else reply = answerOnion(world, x25519, body, answer);
  send(response, reply, fault);
}

function answerOnion(
  { crypto }: FileServerWorld,
  x25519: X25519KeyPair,
  body: Uint8Array,
  answer: (request: FileRequest) => FileAnswer,
): FileAnswer {
  const sealed = answerSealed(body, x25519, crypto, ({ method, endpoint, headers, body: inner }) => {
    const named = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
    return answer({
      method,
      path: endpoint,
      headers: Object.fromEntries(named),
      body: inner ?? new Uint8Array(0),
    });
  });
  if (sealed === undefined) return page(400, "Bad Request");
  return { status: 200, headers: { "content-type": "text/html; charset=utf-8" }, body: sealed };
}

function plainHeaders({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(", ") : (value ?? ""),
    ]),
  );
}

function send(
  response: ServerResponse,
  { status, headers, body }: FileAnswer,
  { stalls }: FileServerFault,
): void {
  if (response.destroyed) return;
  response.writeHead(status, { ...headers, "content-length": body.length });
  if (stalls) response.write(body.subarray(0, body.length >> 1));
  else response.end(body);
}
