import { bytesToHex, bytesToUtf8, utf8ToBytes } from "session-messenger-sdk/bytes";
import type { X25519KeyPair } from "session-messenger-sdk/crypto";
import { nodeCrypto } from "session-messenger-sdk/crypto/node";
import { SessionError } from "session-messenger-sdk/errors";
import {
  type ConnectOptions,
  connectNetwork,
  customNetwork,
  type Network,
  type NetworkConfig,
  type NetworkSettings,
  type ServiceNode,
  type Transport,
  type TransportRequest,
  type TransportResponse,
} from "session-messenger-sdk/network";
import {
  decodeV4Request,
  encodeV4Reply,
  type OnionLayer,
  onionRefusal,
  openServerRequest,
  parseOnionRequest,
  peelOnionLayer,
  sealNodeReply,
  sealOnionReply,
} from "session-messenger-sdk/onion";

/** What a fake node does instead of its work. */
export type Fault =
  /** Refuses connections. */
  | "off"
  /** Lets the time limit of whoever waits for it pass. */
  | "silent"
  /** Cuts the connection. */
  | "cut"
  /** Answers bytes that mean nothing, with status 200. */
  | "garbage"
  /** Answers more than anybody takes. */
  | "huge"
  /** As destination: seals something that is no reply. */
  | "nonsense"
  /** Answers this in clear. */
  | { readonly status: number; readonly body: string };

export interface FakeNode {
  readonly node: ServiceNode;
  readonly keys: X25519KeyPair;
  fault?: Fault | undefined;
  /** Milliseconds that its clock is ahead. */
  skew: number;
}

export interface FakeRequest {
  readonly url: string;
  readonly timeoutMs: number;
  /** Ed25519 keys of the nodes that saw it. */
  readonly route: readonly string[];
  readonly method?: string | undefined;
}

/** What a destination answers. */
export type Rpc = (node: FakeNode, request: { method: string; params: Record<string, unknown> }) => RpcAnswer;
export interface RpcAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** A seeded stream of integers. */
export function seededRandom(seed: number): (bound: number) => number {
  let state = seed >>> 0;
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

/** A whole network behind a transport: real onion layers, no sockets, no timers. */
export class FakeNetwork implements Transport {
  readonly nodes: FakeNode[];
  readonly requests: FakeRequest[] = [];
  readonly sleeps: number[] = [];
  readonly server: X25519KeyPair = keyPair();
  /** Local time of the client, milliseconds. */
  time = 1_800_000_000_000;
  seedFault: Fault | undefined;
  rpc: Rpc = (node, request) => this.answer(node, request);

  constructor(count: number, ip: (index: number) => string = (i) => `45.${i}.0.1`) {
    this.nodes = Array.from({ length: count }, (_, i) => {
      const { publicKey, secretKey } = nodeCrypto.ed25519KeyPair(new Uint8Array(32).fill(i + 1));
      const x25519 = nodeCrypto.ed25519SecretKeyToX25519(secretKey);
      const keys = { secretKey: x25519, publicKey: nodeCrypto.x25519PublicKey(x25519) };
      const node: ServiceNode = {
        ed25519PublicKey: bytesToHex(publicKey),
        x25519PublicKey: bytesToHex(keys.publicKey),
        ip: ip(i),
        port: 22_000 + i,
        swarmId: BigInt(i % 3) * 6_148_914_691_236_517_205n + 1n,
        version: [2, 11, 3],
      };
      return { node, keys, skew: 0 };
    });
  }

  config(settings: NetworkSettings = {}): NetworkConfig {
    return customNetwork({ seeds: ["http://127.0.0.1:1"], ...settings });
  }

  connect(settings: NetworkSettings = {}, options: ConnectOptions = {}): Network {
    return connectNetwork(this.config(settings), {
      transport: this,
      crypto: nodeCrypto,
      random: seededRandom(1),
      now: () => this.time,
      sleep: async (ms, signal) => {
        this.sleeps.push(ms);
        this.time += ms;
        if (signal?.aborted) throw new SessionError("ABORTED", "aborted");
      },
      ...options,
    });
  }

  find(key: string): FakeNode {
    const found = this.nodes.find(({ node }) => node.ed25519PublicKey === key);
    if (found === undefined) throw new Error(`no node ${key}`);
    return found;
  }

  /** Requests to guards that carried this RPC method. */
  calls(method: string): readonly FakeRequest[] {
    return this.requests.filter((request) => request.method === method);
  }

  async request(request: TransportRequest): Promise<TransportResponse> {
    const { url, timeoutMs, signal } = request;
    if (signal?.aborted) throw new SessionError("ABORTED", "aborted");
    await Promise.resolve();
    const { hostname, port, pathname } = new URL(url);
    if (hostname === "127.0.0.1") return this.#seed(pathname, request);
    const route: string[] = [];
    const trace: { method?: string } = {};
    const guard = this.nodes.find(({ node }) => node.ip === hostname && node.port === Number(port));
    try {
      if (guard === undefined) throw transportError(request, "connect", "EHOSTUNREACH");
      return pathname === "/onion_req/v2"
        ? this.#relay(guard, parseOnionRequest(request.body as Uint8Array), request, route, trace)
        : this.#direct(guard, request, route, trace);
    } finally {
      this.requests.push({ url, timeoutMs, route, method: trace.method });
    }
  }

  async close(): Promise<void> {}

  nodeList(nodes: readonly FakeNode[] = this.nodes): string {
    const states = nodes.map(
      ({ node }) =>
        `{"public_ip":"${node.ip}","storage_port":${node.port},"pubkey_ed25519":"${node.ed25519PublicKey}",` +
        `"pubkey_x25519":"${node.x25519PublicKey}","swarm_id":${node.swarmId},"storage_server_version":[2,11,3]}`,
    );
    return `{"result":{"service_node_states":[${states.join()}],"status":"OK"},"hf":[19,4],"t":${this.time}}`;
  }

  answer(node: FakeNode, { method }: { method: string }): RpcAnswer {
    const t = this.time + node.skew;
    if (method === "info") {
      return { status: 200, body: { version: [2, 11, 3], timestamp: t, hf: [19, 4], t } };
    }
    if (method === "oxend_request") return { status: 200, body: this.nodeList() };
    return { status: 200, body: { from: node.node.ed25519PublicKey, hf: [19, 4], t } };
  }

  #seed(pathname: string, request: TransportRequest): TransportResponse {
    this.requests.push({ url: request.url, timeoutMs: request.timeoutMs, route: [] });
    if (this.seedFault === "off") throw transportError(request, "connect", "ECONNREFUSED");
    const status = pathname === "/json_rpc" ? 200 : 404;
    return { status, headers: {}, body: utf8ToBytes(this.nodeList()) };
  }

  #direct(
    node: FakeNode,
    request: TransportRequest,
    route: string[],
    trace: { method?: string },
  ): TransportResponse {
    const failed = this.#fail(node, request, route);
    if (failed !== undefined) return failed;
    const call = JSON.parse(request.body as string) as { method: string; params: Record<string, unknown> };
    trace.method = `direct ${call.method}`;
    const { status, body } = this.rpc(node, call);
    return { status, headers: {}, body: utf8ToBytes(typeof body === "string" ? body : JSON.stringify(body)) };
  }

  #relay(
    node: FakeNode,
    layer: OnionLayer,
    request: TransportRequest,
    route: string[],
    trace: { method?: string },
  ): TransportResponse {
    const isDestinationFault = node.fault === "nonsense";
    const failed = isDestinationFault ? undefined : this.#fail(node, request, route);
    if (failed !== undefined) return failed;
    if (isDestinationFault) route.push(node.node.ed25519PublicKey);
    try {
      const peeled = peelOnionLayer(layer, node.keys, nodeCrypto);
      if (peeled.kind === "forward") {
        const next = this.nodes.find((other) => other.node.ed25519PublicKey === peeled.destination);
        if (next === undefined) return plain(502, `Next node not found: ${peeled.destination}`);
        return this.#relay(next, peeled, request, route, trace);
      }
      if (peeled.kind === "server") return this.#serve(peeled.plaintext, trace);
      const call = JSON.parse(bytesToUtf8(peeled.payload)) as {
        method: string;
        params: Record<string, unknown>;
      };
      trace.method = call.method;
      if (isDestinationFault)
        return plain(
          200,
          btoa(String.fromCharCode(...sealOnionReply(utf8ToBytes("hm?"), layer, node.keys, nodeCrypto))),
        );
      const { status, body } = this.rpc(node, call);
      const text = typeof body === "string" ? body : JSON.stringify(body);
      return {
        status: 200,
        headers: {},
        body: sealNodeReply({ status, body: text }, { ...layer, ...peeled }, node.keys, nodeCrypto),
      };
    } catch (error) {
      const refusal = onionRefusal(error);
      if (refusal === undefined) throw error;
      return refusal.encrypted
        ? { status: 200, headers: {}, body: sealNodeReply(refusal, layer, node.keys, nodeCrypto) }
        : plain(refusal.status, refusal.body);
    }
  }

  #serve(body: Uint8Array, trace: { method?: string }): TransportResponse {
    const { payload, ...layer } = openServerRequest(body, this.server, nodeCrypto);
    const request = decodeV4Request(payload);
    trace.method = `${request.method} ${request.endpoint}`;
    const reply = encodeV4Reply({
      status: 200,
      headers: { "content-type": "text/plain" },
      body: request.body ?? utf8ToBytes("none"),
    });
    return { status: 200, headers: {}, body: sealOnionReply(reply, layer, this.server, nodeCrypto) };
  }

  #fail(
    { node, fault }: FakeNode,
    request: TransportRequest,
    route: string[],
  ): TransportResponse | undefined {
    const isGuard = route.length === 0;
    route.push(node.ed25519PublicKey);
    switch (fault) {
      case undefined:
      case "nonsense":
        return undefined;
      case "off":
        if (isGuard) throw transportError(request, "connect", "ECONNREFUSED");
        throw timedOut(request, this);
      case "silent":
        throw timedOut(request, this);
      case "cut":
        throw transportError(request, "response", "UND_ERR_SOCKET");
      case "huge":
        throw new SessionError("RESPONSE_TOO_LARGE", "too large", {
          details: { phase: "response", limit: request.maxResponseBytes },
        });
      case "garbage":
        return plain(200, "\u0000 this is not a reply");
      default:
        return plain(fault.status, fault.body);
    }
  }
}

function plain(status: number, text: string): TransportResponse {
  return { status, headers: {}, body: utf8ToBytes(text) };
}

function transportError({ url }: TransportRequest, phase: string, reason: string): SessionError {
  return new SessionError("TRANSPORT_FAILED", reason, {
    details: { phase, reason, host: new URL(url).host },
  });
}

function timedOut({ timeoutMs }: TransportRequest, network: FakeNetwork): SessionError {
  network.time += timeoutMs;
  return new SessionError("TIMEOUT", "timed out", { details: { phase: "response", timeoutMs } });
}

function keyPair(): X25519KeyPair {
  const secretKey = new Uint8Array(32).fill(99);
  return { secretKey, publicKey: nodeCrypto.x25519PublicKey(secretKey) };
}
