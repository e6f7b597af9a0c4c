/**
 * Node lists: asking for them, reading them, comparing them (docs/protocol/network.md §§3, 4).
 *
 * ```text
 * {"result":{"height":N,"service_node_states":[{"public_ip":"a.b.c.d","storage_port":22021,
 *  "pubkey_x25519":"..","pubkey_ed25519":"..","swarm_id":u64,"storage_server_version":[2,11,3]}, ...]}, ...}
 * ```
 *
 * `swarm_id` goes up to 2^64 - 1, more than a JavaScript number holds, so it is quoted before the text is parsed.
 *
 * @module
 */
import { bytesToHex, hexToBytes } from "../bytes/index.js";
import type { Crypto } from "../crypto/index.js";
import { SessionError } from "../errors/index.js";
import { isIpv4, isPrivateIpv4, isUnusableIpv4 } from "./address.js";
import type { RpcRequest, ServiceNode, StoredNode } from "./types.js";

const FIELDS = {
  public_ip: true,
  storage_port: true,
  pubkey_x25519: true,
  pubkey_ed25519: true,
  storage_server_version: true,
  swarm_id: true,
} as const;

/** Swarm id of a node that belongs to none: it answers nothing. */
const NO_SWARM = 2n ** 64n - 1n;

/** Parameters for a seed: the fields that apps ask for, and two of use. No `limit`: the list must be complete. */
export const SEED_LIST_PARAMS: Readonly<Record<string, unknown>> = {
  active_only: true,
  fields: { ...FIELDS, requested_unlock_height: true, height: true },
};

/** The storage RPC that asks a node for the list. */
export const NODE_LIST_REQUEST: RpcRequest = {
  method: "oxend_request",
  params: { endpoint: "get_service_nodes", params: { active_only: true, fields: FIELDS } },
};

/** What a {@link ServiceNode} must be to be used. */
export interface NodeRules {
  readonly allowPrivateAddresses: boolean;
  readonly crypto: Crypto;
}

/** Parses JSON of a node with every `swarm_id` as a decimal string. Throws `RESPONSE_INVALID`. */
export function parseNodeJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(/"swarm_id"\s*:\s*(\d+)/g, '"swarm_id":"$1"'));
  } catch (cause) {
    throw new SessionError("RESPONSE_INVALID", "the reply is not JSON", {
      cause,
      details: { length: text.length },
    });
  }
}

/**
 * The usable nodes of a list; entries without address, port or keys, with an address no public node has, or with no
 * swarm are left out, and of two with one key the second.
 *
 * @throws SessionError `RESPONSE_INVALID` if there is no list in the text, or no usable node in the list
 */
export function parseNodeList(text: string, rules: NodeRules): readonly ServiceNode[] {
  const states = property(property(parseNodeJson(text), "result"), "service_node_states");
  if (!Array.isArray(states)) {
    throw new SessionError("RESPONSE_INVALID", "the reply holds no list of service nodes");
  }
  const nodes = new Map<string, ServiceNode>();
  for (const state of states as readonly unknown[]) {
    const node = readState(state, rules);
    if (node !== undefined && !nodes.has(node.ed25519PublicKey)) nodes.set(node.ed25519PublicKey, node);
  }
  if (nodes.size === 0) {
    throw new SessionError("RESPONSE_INVALID", "the list of service nodes has no usable entry", {
      details: { entries: states.length },
    });
  }
  return [...nodes.values()];
}

/**
 * The nodes on which at least two of the lists agree, in key, address and onion key: a list of one liar cannot move a
 * node to another address.
 */
export function commonNodes(lists: readonly (readonly ServiceNode[])[]): readonly ServiceNode[] {
  const counts = new Map<string, number>();
  const common: ServiceNode[] = [];
  for (const node of lists.flat()) {
    const identity = `${node.ed25519PublicKey} ${node.x25519PublicKey} ${node.ip}:${node.port}`;
    const count = (counts.get(identity) ?? 0) + 1;
    counts.set(identity, count);
    if (count === 2) common.push(node);
  }
  return common;
}

/** A node as JSON. */
export function storeNode(node: ServiceNode): StoredNode {
  const { swarmId, ...rest } = node;
  return swarmId === undefined ? rest : { ...rest, swarmId: swarmId.toString() };
}

/** A node from JSON, if it is one and may be used. */
export function restoreNode(value: unknown, rules: NodeRules): ServiceNode | undefined {
  return makeNode(
    {
      ed25519: property(value, "ed25519PublicKey"),
      x25519: property(value, "x25519PublicKey"),
      ip: property(value, "ip"),
      port: property(value, "port"),
      swarmId: property(value, "swarmId")?.toString(),
      version: property(value, "version"),
    },
    rules,
  );
}

function readState(state: unknown, rules: NodeRules): ServiceNode | undefined {
  return makeNode(
    {
      ed25519: property(state, "pubkey_ed25519"),
      x25519: property(state, "pubkey_x25519"),
      ip: property(state, "public_ip"),
      port: property(state, "storage_port"),
      swarmId: property(state, "swarm_id"),
      version: property(state, "storage_server_version"),
    },
    rules,
  );
}

interface RawNode {
  readonly ed25519: unknown;
  readonly x25519: unknown;
  readonly ip: unknown;
  readonly port: unknown;
  readonly swarmId: unknown;
  readonly version: unknown;
}

function makeNode(raw: RawNode, rules: NodeRules): ServiceNode | undefined {
  const { ip, port } = raw;
  if (!isKey(raw.ed25519) || typeof ip !== "string" || !isIpv4(ip) || isUnusableIpv4(ip)) return undefined;
  if (!rules.allowPrivateAddresses && isPrivateIpv4(ip)) return undefined;
  if (typeof port !== "number" || !Number.isInteger(port) || port < 1 || port > 65_535) return undefined;
  const ed25519PublicKey = raw.ed25519.toLowerCase();
  const x25519PublicKey = isKey(raw.x25519)
    ? raw.x25519.toLowerCase()
    : raw.x25519 === undefined
      ? onionKey(ed25519PublicKey, rules.crypto)
      : undefined;
  const swarmId = readSwarmId(raw.swarmId);
  if (x25519PublicKey === undefined || swarmId === NO_SWARM) return undefined;
  const version = readVersion(raw.version);
  return Object.freeze({
    ed25519PublicKey,
    x25519PublicKey,
    ip,
    port,
    ...(swarmId === undefined ? {} : { swarmId }),
    ...(version === undefined ? {} : { version }),
  });
}

/** A node's onion key is the birational map of its identity key. */
function onionKey(ed25519PublicKey: string, crypto: Crypto): string | undefined {
  try {
    return bytesToHex(crypto.ed25519PublicKeyToX25519(hexToBytes(ed25519PublicKey)));
  } catch {
    return undefined;
  }
}

function readSwarmId(value: unknown): bigint | undefined {
  if (typeof value !== "string" || !/^\d{1,20}$/.test(value)) return undefined;
  const swarmId = BigInt(value);
  return swarmId <= NO_SWARM ? swarmId : undefined;
}

function readVersion(value: unknown): readonly [number, number, number] | undefined {
  if (!Array.isArray(value) || value.length !== 3) return undefined;
  const [major, minor, patch] = value as readonly unknown[];
  return isVersionPart(major) && isVersionPart(minor) && isVersionPart(patch)
    ? [major, minor, patch]
    : undefined;
}

function isVersionPart(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 0xffff;
}

function isKey(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-fA-F]{64}$/.test(value);
}

/** `value[name]`, whatever `value` is. */
export function property(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}
