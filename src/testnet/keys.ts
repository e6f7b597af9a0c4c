/**
 * Keys, swarm ids and chance: everything about a test network that a seed makes reproducible.
 *
 * @module
 */
import { bytesToHex, readUint64BE, utf8ToBytes } from "../bytes/index.js";
import type { Crypto, Ed25519KeyPair, X25519KeyPair } from "../crypto/index.js";
import { invalidOption } from "./errors.js";
import { NO_SWARM } from "./placement.js";
import type { TestnetNodeKeys, TestnetOptions } from "./types.js";

/** A node before it is started. */
export interface NodeIdentity {
  /** The key the node signs with. */
  readonly ed25519: Ed25519KeyPair;
  /** The key the node is known by, hex. */
  readonly ed25519PublicKey: string;
  readonly x25519: X25519KeyPair;
  readonly swarmId: bigint;
}

const MAX_NODES = 500;

/** 32 bytes for a label: the same for the same seed, or random when there is no seed. */
export type Deriver = (label: string) => Uint8Array;

export function createDeriver(seed: string | undefined, crypto: Crypto): Deriver {
  return seed === undefined
    ? () => crypto.randomBytes(32)
    : (label) => crypto.blake2b(utf8ToBytes(`session-messenger-sdk testnet ${seed} ${label}`), { size: 32 });
}

/** Numbers from 0 to 1 (xorshift32), good enough to choose which requests to drop. */
export function createChance(derive: Deriver, label: string): () => number {
  let state = Number(readUint64BE(derive(label)) & 0xffffffffn) || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** The nodes that the options ask for. */
export function createIdentities(
  options: TestnetOptions,
  derive: Deriver,
  crypto: Crypto,
): readonly NodeIdentity[] {
  const count = options.nodeKeys?.length ?? options.nodes ?? 12;
  if (!Number.isInteger(count) || count < 1 || count > MAX_NODES) {
    throw invalidOption(`a test network has 1 to ${MAX_NODES} nodes`);
  }
  const swarmIds = createSwarmIds(options, count, derive);
  return Array.from({ length: count }, (_, index) => {
    const keys = options.nodeKeys?.[index] ?? { ed25519Seed: derive(`node ${index}`) };
    return identify(keys, keys.swarmId ?? swarmIds[index % swarmIds.length] ?? NO_SWARM, crypto);
  });
}

function identify(keys: TestnetNodeKeys, swarmId: bigint, crypto: Crypto): NodeIdentity {
  const { ed25519Seed, x25519SecretKey } = keys;
  if (ed25519Seed === undefined && (keys.ed25519PublicKey === undefined || x25519SecretKey === undefined)) {
    throw invalidOption("node keys need a seed, or an Ed25519 public key and an X25519 secret key");
  }
  const ed25519 = crypto.ed25519KeyPair(ed25519Seed ?? crypto.randomBytes(32));
  const secretKey = x25519SecretKey ?? crypto.ed25519SecretKeyToX25519(ed25519.secretKey);
  return {
    ed25519,
    ed25519PublicKey: (keys.ed25519PublicKey ?? bytesToHex(ed25519.publicKey)).toLowerCase(),
    x25519: { secretKey, publicKey: crypto.x25519PublicKey(secretKey) },
    swarmId,
  };
}

/** Swarms of five to seven nodes where the number of nodes allows it. */
function createSwarmIds(options: TestnetOptions, nodes: number, derive: Deriver): readonly bigint[] {
  if (options.swarmIds !== undefined) {
    if (options.swarmIds.length === 0) throw invalidOption("a test network needs a swarm");
    if (options.swarmIds.some((id) => id < 0n || id >= NO_SWARM)) {
      throw invalidOption("swarm ids are between 0 and 2^64-2");
    }
    return options.swarmIds;
  }
  const count = options.swarms ?? Math.max(1, Math.round(nodes / 6));
  if (!Number.isInteger(count) || count < 1 || count > nodes) {
    throw invalidOption("a test network has at least one swarm, and a node for each");
  }
  // Spread over the ring, with low bits set, so that code which rounds a swarm id to 53 bits is found out.
  const first = (readUint64BE(derive("swarms")) >> 8n) | 1n;
  const step = (NO_SWARM - first) / BigInt(count);
  return Array.from({ length: count }, (_, index) => first + BigInt(index) * (step - (step % 2n)));
}
