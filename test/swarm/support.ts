import { createHash } from "node:crypto";
import type { Ed25519KeyPair } from "session-messenger-sdk/crypto";
import { nodeCrypto } from "session-messenger-sdk/crypto/node";
import { portableCrypto } from "session-messenger-sdk/crypto/portable";
import type { RpcReply, RpcRequest, ServiceNode } from "session-messenger-sdk/network";
import {
  type SwarmNetwork,
  type SwarmNetworkCallOptions,
  Swarms,
  type SwarmsOptions,
} from "session-messenger-sdk/swarm";

export const backends = [nodeCrypto, portableCrypto];

const seed = (text: string): Uint8Array => new Uint8Array(createHash("sha256").update(text).digest());
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A 05 account with its signing pair. */
export function testAccount(name: string): { sessionId: string; ed25519: Ed25519KeyPair } {
  const ed25519 = nodeCrypto.ed25519KeyPair(seed(`account ${name}`));
  return { sessionId: `05${hex(nodeCrypto.ed25519PublicKeyToX25519(ed25519.publicKey))}`, ed25519 };
}

/** A 03 group with its key. */
export function testGroup(name: string): { groupId: string; secretKey: Uint8Array } {
  const { publicKey, secretKey } = nodeCrypto.ed25519KeyPair(seed(`group ${name}`));
  return { groupId: `03${hex(publicKey)}`, secretKey };
}

/** A service node that can sign. */
export interface FakeNode extends ServiceNode {
  readonly keys: Ed25519KeyPair;
}

/** A node; those with the same `name` have the same keys. */
export function fakeNode(name: string, swarmId?: bigint): FakeNode {
  const keys = nodeCrypto.ed25519KeyPair(seed(`node ${name}`));
  const last = seed(name)[0] ?? 0;
  return {
    keys,
    ed25519PublicKey: hex(keys.publicKey),
    x25519PublicKey: hex(nodeCrypto.ed25519PublicKeyToX25519(keys.publicKey)),
    ip: `10.0.${last}.1`,
    port: 22021,
    ...(swarmId === undefined ? {} : { swarmId }),
  };
}

/** `count` nodes. */
export function fakeNodes(count: number, prefix = "n", swarmId?: bigint): FakeNode[] {
  return Array.from({ length: count }, (_, index) => fakeNode(`${prefix}${index}`, swarmId));
}

/** Status and body; a thrown error is a failure on the way. */
export type Handler = (
  node: ServiceNode,
  request: RpcRequest,
  options: SwarmNetworkCallOptions,
) => { status: number; body: unknown } | Promise<{ status: number; body: unknown }>;

/** A network in memory. Its parts may be changed at any time. */
export class FakeNetwork implements SwarmNetwork {
  pool: readonly ServiceNode[];
  handler: Handler;
  /** Network time. */
  time = 1_800_000_000_000;
  resyncs = 0;
  onResync: () => void = () => {};
  readonly calls: { node: ServiceNode; request: RpcRequest; options: SwarmNetworkCallOptions }[] = [];
  readonly struck: string[] = [];
  readonly clock: SwarmNetwork["clock"];

  constructor(pool: readonly ServiceNode[], handler: Handler) {
    this.pool = pool;
    this.handler = handler;
    this.clock = {
      now: () => this.time,
      resync: async () => {
        this.resyncs++;
        this.onResync();
      },
    };
  }

  async nodes(): Promise<readonly ServiceNode[]> {
    return [...this.pool];
  }

  async call(
    node: ServiceNode,
    request: RpcRequest,
    options: SwarmNetworkCallOptions = {},
  ): Promise<RpcReply> {
    this.calls.push({ node, request, options });
    const { status, body } = await this.handler(node, request, options);
    const text = typeof body === "string" ? body : JSON.stringify(body);
    return { status, body: typeof body === "string" ? body : JSON.parse(text), text, node, path: [] };
  }

  strikeNode(node: ServiceNode): void {
    this.struck.push(node.ed25519PublicKey);
  }

  /** Keys of the nodes that were asked for `method`, in order. */
  asked(method: string): string[] {
    return this.calls
      .filter(({ request }) => request.method === method)
      .map(({ node }) => node.ed25519PublicKey);
  }
}

/** Swarms that do not wait between attempts. `waits` collects how long they would have. */
export function quickSwarms(
  network: SwarmNetwork,
  options: SwarmsOptions = {},
): { swarms: Swarms; waits: number[] } {
  const waits: number[] = [];
  const swarms = new Swarms(network, {
    crypto: nodeCrypto,
    sleep: async (ms, signal) => {
      waits.push(ms);
      signal?.throwIfAborted();
    },
    ...options,
  });
  return { swarms, waits };
}

/** One node as `get_swarm` and 421 have it. */
export function swarmRecord(node: ServiceNode): Record<string, unknown> {
  return {
    address: "x.snode",
    ip: node.ip,
    port: String(node.port),
    port_https: node.port,
    port_omq: 1,
    port_quic: 1,
    pubkey_ed25519: node.ed25519PublicKey,
    pubkey_x25519: node.x25519PublicKey,
    pubkey_legacy: node.ed25519PublicKey,
  };
}

/** Body of `get_swarm` and 421. */
export function swarmBody(nodes: readonly ServiceNode[], swarm = "55"): Record<string, unknown> {
  return { snodes: nodes.map(swarmRecord), swarm, hf: [19, 4], t: 1 };
}

/** Signs `text` as `node`. */
export function nodeSign(node: FakeNode, text: string | Uint8Array): string {
  const message = typeof text === "string" ? utf8(text) : text;
  return Buffer.from(nodeCrypto.ed25519Sign(message, node.keys.secretKey)).toString("base64");
}

/** The hash of docs/protocol/swarm.md §6, written out. */
export function independentHash(pubkey: string, namespace: number, data: Uint8Array): string {
  const ns = namespace === 0 ? "" : String(namespace);
  const input = Buffer.concat([Buffer.from(pubkey, "hex"), Buffer.from(ns), data]);
  return Buffer.from(nodeCrypto.blake2b(input, { size: 32 }))
    .toString("base64")
    .replace("=", "");
}

/** Body of a `store` that `nodes` kept. */
export function storeBody(
  nodes: readonly FakeNode[],
  params: Record<string, unknown>,
): Record<string, unknown> {
  const data = Buffer.from(String(params.data), "base64");
  const hash = independentHash(String(params.pubkey), Number(params.namespace ?? 0), data);
  const swarm = nodes.map((node) => [
    node.ed25519PublicKey,
    { hash, signature: nodeSign(node, hash), expiry: 5 },
  ]);
  return { swarm: Object.fromEntries(swarm), hash, hf: [19, 4], t: 1_800_000_000_001 };
}
