/**
 * Replies that one node answers for itself (docs/protocol/swarm.md §5). Everything in them may be a lie; what can be
 * checked is checked, and the rest is typed.
 *
 * @module
 */
import { bytesToHex, hexToBytes, readUint64BE } from "../bytes/index.js";
import { type Crypto, defaultCrypto } from "../crypto/index.js";
import { isSessionError } from "../errors/index.js";
import { replyInvalid } from "./errors.js";
import { messageHash } from "./hash.js";
import { INVALID_SWARM_ID } from "./mapping.js";
import {
  isNodeKey,
  type JsonObject,
  member,
  readBase64,
  readHash,
  readInteger,
  readIntegers,
  readList,
  readOptionalInteger,
  readRecord,
  readText,
  readTimesByHash,
} from "./read.js";
import { subaccountTokenFromText } from "./subaccount.js";
import type { ServiceNode } from "./types.js";

/** A stored message. */
export interface StoredMessage {
  /** Equal to the hash of `data`: others are dropped. */
  readonly hash: string;
  /** When its sender says it was sent, ms. */
  readonly timestamp: number;
  /** When servers drop it, ms. */
  readonly expiration: number;
  readonly data: Uint8Array;
}

/** Messages of one namespace at one node, in the order in which that node stored them. */
export interface RetrieveReply {
  readonly messages: readonly StoredMessage[];
  /** The node has more after these. */
  readonly more: boolean;
  /** The `lastHash` for the next retrieve at the same node: that of the last element, dropped or not. */
  readonly lastHash?: string | undefined;
  /** Messages that were dropped because their hash is not that of their data. */
  readonly dropped: number;
  /** Server time in ms, when told. */
  readonly time?: number | undefined;
}

/** `retrieve`. */
export function parseRetrieveReply(
  body: unknown,
  request: { readonly pubkey: string; readonly namespace: number },
  crypto: Crypto = defaultCrypto,
): RetrieveReply {
  const record = readRecord(body, "the body");
  const all = readList(member(record, "messages"), "the messages").map(readMessage);
  // A false hash would make a reader believe that it has seen the message which really has that hash.
  const messages = all.filter(
    ({ hash, data }) => hash === messageHash(request.pubkey, request.namespace, data, crypto),
  );
  return {
    messages,
    more: Boolean(member(record, "more")),
    lastHash: all[all.length - 1]?.hash,
    dropped: all.length - messages.length,
    time: readOptionalInteger(member(record, "t"), "the server time"),
  };
}

function readMessage(value: unknown): StoredMessage {
  const record = readRecord(value, "a message");
  return {
    hash: readHash(member(record, "hash"), "a message's hash"),
    timestamp: readInteger(member(record, "timestamp"), "a message's timestamp"),
    expiration: readInteger(member(record, "expiration"), "a message's expiration"),
    data: readData(member(record, "data")),
  };
}

/** Servers of version 2.8 write no bytes as `=`, and anybody can leave an empty message in an inbox. */
function readData(value: unknown): Uint8Array {
  return value === "=" ? new Uint8Array() : readBase64(value, "a message's data");
}

/** `get_expiries`: ms by hash; a hash that is not there is not stored. */
export function parseExpiriesReply(body: unknown): ReadonlyMap<string, number> {
  return readTimesByHash(member(readRecord(body, "the body"), "expiries"), "the expiries");
}

/** The swarm of an account as a node tells it. */
export interface SwarmReply {
  /** Without those that have no usable address yet. */
  readonly nodes: readonly ServiceNode[];
  /** `undefined` if the node knows no swarm. */
  readonly swarmId?: bigint | undefined;
  /** Server time in ms, when told. */
  readonly time?: number | undefined;
}

/** `get_swarm`, and the body of every 421. */
export function parseSwarmReply(body: unknown, crypto: Crypto = defaultCrypto): SwarmReply {
  const record = readRecord(body, "the body");
  const swarmId = readSwarmId(member(record, "swarm"));
  const list = readList(member(record, "snodes"), "the swarm's nodes");
  const nodes = new Map<string, ServiceNode>();
  for (const item of list) {
    const node = readNode(readRecord(item, "a swarm's node"), swarmId, crypto);
    if (node !== undefined) nodes.set(node.ed25519PublicKey, node);
  }
  return {
    nodes: [...nodes.values()],
    swarmId,
    time: readOptionalInteger(member(record, "t"), "the server time"),
  };
}

/** Hexadecimal without leading zeros. */
function readSwarmId(value: unknown): bigint | undefined {
  const text = readText(value, "the swarm id");
  if (!/^[0-9a-f]{1,16}$/i.test(text)) throw replyInvalid("the swarm id is no 64-bit number");
  const id = BigInt(`0x${text}`);
  return id === INVALID_SWARM_ID ? undefined : id;
}

function readNode(record: JsonObject, swarmId: bigint | undefined, crypto: Crypto): ServiceNode | undefined {
  const key = member(record, "pubkey_ed25519");
  const ed25519PublicKey = typeof key === "string" ? key.toLowerCase() : key;
  if (!isNodeKey(ed25519PublicKey)) throw replyInvalid("a node has no Ed25519 key");
  const ip = readText(member(record, "ip"), "a node's address");
  const port = readInteger(member(record, "port_https"), "a node's port", { max: 65535 });
  if (ip === "0.0.0.0" || port === 0) return undefined;
  if (!isIPv4(ip)) throw replyInvalid("a node's address is not IPv4");
  try {
    // The onion key is the Ed25519 key's other form: computed, not believed.
    const x25519 = crypto.ed25519PublicKeyToX25519(hexToBytes(ed25519PublicKey));
    return { ed25519PublicKey, x25519PublicKey: bytesToHex(x25519), ip, port, swarmId };
  } catch (cause) {
    if (isSessionError(cause)) throw replyInvalid("a node's Ed25519 key is no key", cause);
    throw cause;
  }
}

function isIPv4(text: string): boolean {
  const parts = text.split(".");
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}

/** A node about itself. */
export interface InfoReply {
  readonly version: readonly [number, number, number];
  /** Its clock, ms. */
  readonly timestamp: number;
  /** [hard fork, soft fork]. */
  readonly hardfork?: readonly [number, number] | undefined;
}

/** `info`. */
export function parseInfoReply(body: unknown): InfoReply {
  const record = readRecord(body, "the body");
  const hardfork = member(record, "hf");
  return {
    version: readIntegers(member(record, "version"), "the version", 3) as [number, number, number],
    timestamp: readInteger(member(record, "timestamp"), "the timestamp"),
    hardfork:
      hardfork === undefined ? undefined : (readIntegers(hardfork, "the hard fork", 2) as [number, number]),
  };
}

/** `oxend_request`: the daemon's answer, as parsed JSON: integers above 2^53 have lost bits. */
export function parseOxendReply(body: unknown): Readonly<Record<string, unknown>> {
  return readRecord(member(readRecord(body, "the body"), "result"), "the daemon's result");
}

/** `revoked_subaccounts`: tokens of 36 bytes. */
export function parseRevokedSubaccountsReply(body: unknown): readonly Uint8Array[] {
  const list = readList(member(readRecord(body, "the body"), "revoked_subaccounts"), "the revoked tokens");
  return list.map((token) => {
    const text = readText(token, "a revoked token");
    try {
      return subaccountTokenFromText(text);
    } catch (cause) {
      throw replyInvalid("a revoked token is no token", cause);
    }
  });
}

/** Bytes of one node in an `active_nodes_bin` reply. */
const ACTIVE_NODE_BYTES = 51;

/** A node of {@link parseActiveNodes}. */
export interface ActiveNode extends ServiceNode {
  readonly swarmId: bigint;
  readonly version: readonly [number, number, number];
  /** Port for OMQ and QUIC. */
  readonly quicPort: number;
}

/**
 * `active_nodes_bin` (docs/protocol/network.md §3.2): base64 text of 51 bytes for each node, big endian: Ed25519 key (32),
 * swarm id (8), IPv4 (4), HTTPS port (2), OMQ/QUIC port (2), version (3). Nodes without address are left out.
 */
export function parseActiveNodes(body: unknown, crypto: Crypto = defaultCrypto): readonly ActiveNode[] {
  const bytes = readBase64(body, "the node list");
  if (bytes.length % ACTIVE_NODE_BYTES !== 0) throw replyInvalid("the node list is cut off");
  const nodes: ActiveNode[] = [];
  for (let at = 0; at < bytes.length; at += ACTIVE_NODE_BYTES) {
    const node = readActiveNode(bytes.subarray(at, at + ACTIVE_NODE_BYTES), crypto);
    if (node !== undefined) nodes.push(node);
  }
  return nodes;
}

function readActiveNode(entry: Uint8Array, crypto: Crypto): ActiveNode | undefined {
  const view = new DataView(entry.buffer, entry.byteOffset, entry.length);
  const ed25519 = entry.subarray(0, 32);
  const ip = entry.subarray(40, 44).join(".");
  const port = view.getUint16(44);
  const quicPort = view.getUint16(46);
  if (ip === "0.0.0.0" || port === 0 || quicPort === 0) return undefined;
  try {
    return {
      ed25519PublicKey: bytesToHex(ed25519),
      x25519PublicKey: bytesToHex(crypto.ed25519PublicKeyToX25519(ed25519)),
      ip,
      port,
      quicPort,
      swarmId: readUint64BE(entry, 32),
      version: [entry[48] as number, entry[49] as number, entry[50] as number],
    };
  } catch (cause) {
    if (isSessionError(cause)) throw replyInvalid("a node's Ed25519 key is no key", cause);
    throw cause;
  }
}

/** One entry of a `batch` or `sequence` reply, or the result of an `ifelse`. */
export interface SubReply {
  readonly code: number;
  /** An object on success, mostly text on failure. */
  readonly body: unknown;
}

/** The entries of a `batch` or `sequence` reply. Their number is the caller's to check. */
export function parseBatchReply(body: unknown): readonly SubReply[] {
  const results = member(readRecord(body, "the body"), "results");
  return readList(results, "the results").map(readSubReply);
}

function readSubReply(value: unknown): SubReply {
  const record = readRecord(value, "a result");
  const code = readInteger(member(record, "code"), "a result's code", { min: 100, max: 599 });
  return { code, body: member(record, "body") };
}

/** What an `ifelse` did. */
export interface IfElseReply {
  /** Whether the conditions held. */
  readonly condition: boolean;
  /** Absent when there was no branch for it. */
  readonly result?: SubReply | undefined;
}

/** `ifelse`. */
export function parseIfElseReply(body: unknown): IfElseReply {
  const record = readRecord(body, "the body");
  const condition = member(record, "condition");
  if (typeof condition !== "boolean") throw replyInvalid("the condition is no boolean");
  const result = member(record, "result");
  return { condition, result: result === undefined ? undefined : readSubReply(result) };
}
