import { bytesToBase64, bytesToHex, utf8ToBytes } from "session-messenger-sdk/bytes";
import { defaultCrypto, type Ed25519KeyPair } from "session-messenger-sdk/crypto";
import { SessionError, throwIfAborted } from "session-messenger-sdk/errors";
import type { Network, RpcReply, RpcRequest, ServiceNode } from "session-messenger-sdk/network";
import { deleteNodeText, expireNodeText, messageHash } from "session-messenger-sdk/swarm";

export interface FakeMessage {
  hash: string;
  data: string;
  timestamp: number;
  expiration: number;
}

export interface FakeReply {
  status: number;
  body: unknown;
}

/** One node: what it stores, by account and namespace, in its own order. */
export class FakeNode {
  readonly keys: Ed25519KeyPair;
  readonly info: ServiceNode;
  readonly boxes: Map<string, FakeMessage[]> = new Map();
  /** Most messages in one reply. */
  pageSize: number = 100;
  /** The node does not answer. */
  down = false;

  constructor(index: number, swarmId: bigint) {
    this.keys = defaultCrypto.ed25519KeyPair(new Uint8Array(32).fill(index + 1));
    this.info = {
      ed25519PublicKey: bytesToHex(this.keys.publicKey),
      x25519PublicKey: bytesToHex(defaultCrypto.ed25519PublicKeyToX25519(this.keys.publicKey)),
      ip: `127.0.0.${index + 1}`,
      port: 22021,
      swarmId,
    };
  }

  box(pubkey: string, namespace: number): FakeMessage[] {
    const name = `${pubkey}/${namespace}`;
    const box = this.boxes.get(name) ?? [];
    this.boxes.set(name, box);
    return box;
  }

  /** Messages of all namespaces. */
  all(pubkey: string): FakeMessage[] {
    return [...this.boxes].filter(([name]) => name.startsWith(`${pubkey}/`)).flatMap(([, box]) => box);
  }
}

export type Params = Record<string, unknown>;
/** Answers instead of the node, or throws; `undefined` lets the node answer. */
export type Intercept = (call: {
  node: FakeNode;
  method: string;
  params: Params;
}) => FakeReply | undefined | Promise<FakeReply | undefined>;

/** A network of one swarm, in memory, that speaks the storage RPC without onions. */
export class FakeNetwork {
  readonly nodes: FakeNode[];
  /** Network time; tests move it. */
  time: number = 1_800_000_000_000;
  /** What each call was. */
  readonly calls: Array<{ node: FakeNode; method: string; params: Params }> = [];
  intercept: Intercept | undefined;
  closed = 0;
  /** Whether a node has told its time. */
  clockKnown = true;
  resyncs = 0;

  constructor(nodes = 3) {
    this.nodes = Array.from({ length: nodes }, (_, index) => new FakeNode(index, 1n));
  }

  /** As a client takes it. */
  get network(): Network {
    const fake = this;
    const network = {
      clock: {
        get isKnown() {
          return fake.clockKnown;
        },
        now: () => fake.time,
        sync: async () => {
          fake.resyncs++;
          fake.clockKnown = true;
        },
        resync: async () => {
          fake.resyncs++;
        },
      },
      nodes: async () => fake.nodes.map(({ info }) => info),
      call: (node: ServiceNode, request: RpcRequest, options?: { signal?: AbortSignal }) =>
        fake.#call(node, request, options?.signal),
      callServer: async () => {
        throw new SessionError("SERVER_UNREACHABLE", "there are no servers here");
      },
      on: () => () => {},
      close: async () => {
        fake.closed++;
      },
    };
    return network as unknown as Network;
  }

  /** Messages for `pubkey` at every node. */
  put(
    pubkey: string,
    data: Uint8Array,
    nodes: readonly FakeNode[] = this.nodes,
    ttl = 1_209_600_000,
    namespace = 0,
  ): FakeMessage {
    const message = {
      hash: messageHash(pubkey, namespace, data),
      data: bytesToBase64(data),
      timestamp: this.time,
      expiration: this.time + ttl,
    };
    for (const node of nodes) {
      const box = node.box(pubkey, namespace);
      if (!box.some(({ hash }) => hash === message.hash)) box.push({ ...message });
    }
    return message;
  }

  /** Calls of one method so far. */
  callsOf(method: string): Array<{ node: FakeNode; method: string; params: Params }> {
    return this.calls.filter((call) => call.method === method);
  }

  async #call(info: ServiceNode, request: RpcRequest, signal: AbortSignal | undefined): Promise<RpcReply> {
    throwIfAborted(signal);
    const node = this.nodes.find((candidate) => candidate.info.ed25519PublicKey === info.ed25519PublicKey);
    if (node === undefined || node.down) throw new SessionError("NODE_UNREACHABLE", "the node is down");
    const reply = await this.#answer(node, request.method, request.params as Params);
    throwIfAborted(signal);
    const body = structuredClone(reply.body);
    return { status: reply.status, body, text: JSON.stringify(body) ?? "", node: info, path: [] };
  }

  /** What every node of the swarm that is up says for itself. */
  everywhere(entry: (member: FakeNode) => object): FakeReply {
    const swarm = Object.fromEntries(
      this.nodes.map((member) => [
        member.info.ed25519PublicKey,
        member.down ? { failed: true, timeout: true } : entry(member),
      ]),
    );
    return { status: 200, body: { swarm, t: this.time } };
  }

  async #answer(node: FakeNode, method: string, params: Params): Promise<FakeReply> {
    this.calls.push({ node, method, params });
    const instead = await this.intercept?.({ node, method, params });
    if (instead !== undefined) return instead;
    const box = node.box(String(params["pubkey"]), Number(params["namespace"] ?? 0));
    switch (method) {
      case "batch":
      case "sequence": {
        const results: unknown[] = [];
        for (const entry of params["requests"] as Array<{ method: string; params: Params }>) {
          const { status, body } = await this.#answer(node, entry.method, entry.params);
          results.push({ code: status, body });
        }
        return { status: 200, body: { results } };
      }
      case "store": {
        const data = new Uint8Array(Buffer.from(String(params["data"]), "base64"));
        const pubkey = String(params["pubkey"]);
        const { hash } = this.put(
          pubkey,
          data,
          this.nodes.filter(({ down }) => !down),
          Number(params["ttl"]),
          Number(params["namespace"] ?? 0),
        );
        const swarm = Object.fromEntries(
          this.nodes.map((member) => [
            member.info.ed25519PublicKey,
            member.down ? { failed: true, timeout: true } : { hash, signature: sign(member, hash) },
          ]),
        );
        return { status: 200, body: { swarm, hash, t: this.time } };
      }
      case "retrieve": {
        const start = box.findIndex(({ hash }) => hash === params["last_hash"]) + 1;
        const messages = box.slice(start, start + node.pageSize);
        return { status: 200, body: { messages, more: start + messages.length < box.length, t: this.time } };
      }
      case "delete": {
        const requested = params["messages"] as string[];
        const pubkey = String(params["pubkey"]);
        return this.everywhere((member) => {
          const deleted = requested.filter((hash) => member.all(pubkey).some((item) => item.hash === hash));
          for (const [name, box] of member.boxes) {
            if (!name.startsWith(`${pubkey}/`)) continue;
            member.boxes.set(
              name,
              box.filter(({ hash }) => !deleted.includes(hash)),
            );
          }
          return { deleted, signature: sign(member, deleteNodeText(pubkey, requested, deleted)) };
        });
      }
      case "expire": {
        const requested = params["messages"] as string[];
        const pubkey = String(params["pubkey"]);
        const expiry = Number(params["expiry"]);
        return this.everywhere((member) => {
          const found = member.all(pubkey).filter(({ hash }) => requested.includes(hash));
          const later = found.filter(({ expiration }) => {
            if (params["extend"] === true) return expiration < expiry;
            return params["shorten"] !== true || expiration > expiry;
          });
          for (const item of later) item.expiration = expiry;
          const updated = later.map(({ hash }) => hash).sort();
          const others = found.filter((item) => !later.includes(item));
          const unchanged = new Map(others.map(({ hash, expiration }) => [hash, expiration]));
          const text = expireNodeText(pubkey, requested, { expiry, updated, unchanged });
          return { updated, unchanged: Object.fromEntries(unchanged), expiry, signature: sign(member, text) };
        });
      }
      case "get_swarm": {
        const snodes = this.nodes.map(({ info }) => ({
          ip: info.ip,
          port_https: info.port,
          pubkey_ed25519: info.ed25519PublicKey,
          pubkey_x25519: info.x25519PublicKey,
        }));
        return { status: 200, body: { snodes, swarm: "1", t: this.time } };
      }
      default:
        return { status: 400, body: `no method ${method}` };
    }
  }
}

/** The node's signature of its own word, base64. */
export function sign(node: FakeNode, text: string | Uint8Array): string {
  const bytes = typeof text === "string" ? utf8ToBytes(text) : text;
  return bytesToBase64(defaultCrypto.ed25519Sign(bytes, node.keys.secretKey));
}
