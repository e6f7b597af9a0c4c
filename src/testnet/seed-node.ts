/**
 * The seed node: JSON-RPC over plain HTTP, `POST /json_rpc` (docs/protocol/network.md §3.1).
 *
 * @module
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { parseJson, toJson } from "./json.js";
import { listen, readBody, stopServer } from "./listen.js";
import { askOxend, type ChainView } from "./oxend.js";

const MAX_BODY = 1024 * 1024;
const METHODS: readonly string[] = ["get_n_service_nodes", "get_service_nodes", "ons_resolve"];

/** A running seed node. */
export interface SeedNodeServer {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  close(): Promise<void>;
}

export async function startSeedNode(chain: ChainView): Promise<SeedNodeServer> {
  const server: Server = createServer((request, response) => {
    answer(request, response, chain).catch(() => response.destroy());
  });
  const port = await listen(server, 0);
  return { url: `http://127.0.0.1:${port}`, close: () => stopServer(server) };
}

async function answer(request: IncomingMessage, response: ServerResponse, chain: ChainView): Promise<void> {
  if (request.method !== "POST" || request.url?.split("?")[0] !== "/json_rpc") {
    response.writeHead(404, { "Content-Type": "text/plain" }).end("Not Found");
    return;
  }
  const body = await readBody(request, MAX_BODY);
  if (body === undefined) {
    response.writeHead(413, { Connection: "close" }).end();
    return;
  }
  const call = parseJson(Buffer.from(body).toString("utf8"));
  const { id, method, params } = (typeof call === "object" && call !== null ? call : {}) as Record<
    string,
    unknown
  >;
  const echo = typeof id === "string" || typeof id === "number" ? id : null;
  const reply = (content: Parameters<typeof toJson>[0]): void => {
    response.writeHead(200, { "Content-Type": "application/json" }).end(toJson(content));
  };
  if (call === undefined) {
    reply({ id: null, jsonrpc: "2.0", error: { code: -32700, message: "Parse error" } });
  } else if (typeof method !== "string" || !METHODS.includes(method)) {
    reply({ id: echo, jsonrpc: "2.0", error: { code: -32601, message: "Method not found" } });
  } else {
    const { status, body: result } = askOxend(chain, method, params);
    if (status === 200 && typeof result !== "string" && !(result instanceof Uint8Array)) {
      reply({ id: echo, jsonrpc: "2.0", result });
    } else {
      reply({ id: echo, jsonrpc: "2.0", error: { code: -32602, message: String(result) } });
    }
  }
}
