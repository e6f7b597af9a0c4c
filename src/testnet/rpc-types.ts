/**
 * How an RPC method and the node it runs on see each other.
 *
 * A method has two steps, as in the storage server: reading the parameters (a fault there is 400 and refuses a whole
 * batch) and running (a fault there is the call's own status).
 *
 * @module
 */
import { bytesToBase32z, bytesToBase64, hexToBytes } from "../bytes/index.js";
import type { Crypto, Ed25519KeyPair } from "../crypto/index.js";
import { signedBytes } from "./auth.js";
import type { Account, MessageDatabase } from "./database.js";
import type { Params } from "./fields.js";
import type { JsonObject, JsonValue } from "./json.js";

/** What a call answers: text for errors, JSON, or bytes. */
export interface RpcResponse {
  readonly status: number;
  readonly body: string | JsonObject | Uint8Array;
}

/** One node of the list as clients see it. */
export interface NodeRecord {
  readonly ed25519PublicKey: string;
  readonly x25519PublicKey: string;
  readonly ip: string;
  readonly port: number;
  readonly swarmId: bigint;
}

/** What is the same for the whole network. */
export interface ServerRules {
  /** Version of the storage server that is acted. */
  readonly version: readonly [number, number, number];
  /** Hard and soft fork. */
  readonly hardfork: readonly [number, number];
  /** Height of the chain. */
  readonly height: number;
}

/** The node on which a method runs. */
export interface RpcNode {
  readonly rules: ServerRules;
  readonly crypto: Crypto;
  readonly ed25519: Ed25519KeyPair;
  readonly ed25519PublicKey: string;
  /** Swept and ready to read. */
  readonly database: MessageDatabase;
  /** Nothing more can be stored. */
  readonly isFull: boolean;
  /** The node's own clock, milliseconds. */
  now(): number;
  /** The swarm of an account; empty when there is no swarm. */
  swarmOf(account: Account): { readonly swarmId: bigint; readonly nodes: readonly NodeRecord[] };
  /** True if the account belongs to this node's swarm. */
  serves(account: Account): boolean;
  /** Sends a call to all other members of this node's swarm; each one's entry by Ed25519 key. Never rejects. */
  distribute(call: ForwardedCall): Promise<Readonly<Record<string, JsonObject>>>;
  /** Asks the chain daemon. */
  oxend(endpoint: string, params: unknown): RpcResponse;
  /** All nodes, for the binary list. */
  allNodes(): readonly NodeRecord[];
}

/** A call as one member hands it to another. */
export interface ForwardedCall {
  readonly method: string;
  readonly params: Params;
}

/** A call whose parameters are in order. */
export interface PreparedCall {
  /** `batch`, `sequence` and `ifelse`: not allowed inside a batch. */
  readonly isMeta?: boolean;
  /** Members hand it on to the whole swarm. */
  readonly isRecursive?: boolean;
  /** @param recurse - false for a call that another member handed on */
  run(node: RpcNode, recurse: boolean): Promise<RpcResponse>;
}

/** Reads the parameters of a method. Throws `RPC_INVALID_REQUEST`. */
export type Method = (params: Params, rules: ServerRules) => PreparedCall;

/** Methods by name. */
export type MethodTable = Readonly<Record<string, Method>>;

/** Bounds of every signed timestamp, milliseconds either way. */
export const SIGNATURE_TOLERANCE = 60_000;

/** An error answer. */
export function refuse(status: number, text: string): RpcResponse {
  return { status, body: text };
}

/** True if a signed timestamp is too far from the node's clock. */
export function isFar(timestamp: number, now: number): boolean {
  return Math.abs(timestamp - now) > SIGNATURE_TOLERANCE;
}

/** The fields that nearly every answer has: the node's clock and the fork. */
export function stamp(node: RpcNode, now: number): { readonly t: number; readonly hf: JsonValue } {
  return { t: now, hf: node.rules.hardfork };
}

/** The answer of a node that does not keep the account: the swarm that does. */
export function wrongSwarm(node: RpcNode, account: Account): RpcResponse {
  return { status: 421, body: { ...swarmBody(node, account), ...stamp(node, node.now()) } };
}

/** A swarm as `get_swarm` and 421 show it. */
export function swarmBody(node: RpcNode, account: Account): JsonObject {
  const { swarmId, nodes } = node.swarmOf(account);
  return { swarm: swarmId.toString(16), snodes: nodes.map(nodeBody) };
}

function nodeBody(node: NodeRecord): JsonObject {
  return {
    address: `${bytesToBase32z(hexToBytes(node.ed25519PublicKey))}.snode`,
    ip: node.ip,
    port: String(node.port),
    port_https: node.port,
    port_omq: quicPort(node),
    port_quic: quicPort(node),
    pubkey_ed25519: node.ed25519PublicKey,
    pubkey_legacy: node.ed25519PublicKey,
    pubkey_x25519: node.x25519PublicKey,
  };
}

/** The port at which a real node would speak OMQ and QUIC. Nothing listens there. */
export function quicPort({ port }: NodeRecord): number {
  return port < 65_000 ? port + 100 : port - 100;
}

/** This node's signature over parts of an answer, base64. */
export function signAnswer(node: RpcNode, ...parts: readonly (string | number | Uint8Array)[]): string {
  return bytesToBase64(node.crypto.ed25519Sign(signedBytes(parts), node.ed25519.secretKey));
}

/**
 * Runs a call on the whole swarm: the others get it first, then this node does its part, then it waits for them.
 *
 * @param work - does this node's part and gives its entry
 * @param extra - further members of the answer, from this node's entry
 */
export async function onWholeSwarm(
  node: RpcNode,
  call: ForwardedCall,
  recurse: boolean,
  work: () => JsonObject,
  extra: (own: JsonObject) => { readonly top?: JsonObject; readonly own?: JsonObject } = () => ({}),
): Promise<RpcResponse> {
  if (!recurse) return { status: 200, body: work() };
  const now = node.now();
  const others = node.distribute(call);
  const own = work();
  const more = extra(own);
  const swarm = { ...(await others), [node.ed25519PublicKey]: { ...own, ...more.own } };
  const { version } = node.rules;
  const failed = Object.values(swarm).every((entry) => entry["failed"] !== undefined);
  // 2.8 looks for `failed` one level too high and so always answers 200.
  const status = failed && (version[0] > 2 || version[1] >= 11) ? 500 : 200;
  return { status, body: { swarm, ...stamp(node, now), ...more.top } };
}
