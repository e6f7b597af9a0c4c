/**
 * What configs take and give.
 *
 * @module
 */
import type { Crypto, Ed25519KeyPair } from "../crypto/index.js";
import type { SessionError } from "../errors/index.js";
import type { Compress } from "./compress.js";

/** Where a kind of config is stored, and the name its encryption is bound to. */
export interface ConfigKind {
  readonly namespace: number;
  /** 1 to 24 ASCII characters. */
  readonly domain: string;
}

/** The secrets of one config. */
export interface ConfigSecrets {
  /** 32-byte keys, the newest first: it encrypts, all decrypt. */
  readonly keys: readonly Uint8Array[];
  /** The account, for the kinds that are wrapped in protobuf. */
  readonly wrap?: Ed25519KeyPair | undefined;
  /** For the kinds that are signed. Without a secret key the config can only be read. */
  readonly signing?: ConfigSigning | undefined;
}

/** The key pair that signs a config. */
export interface ConfigSigning {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** 64 bytes. */
  readonly secretKey?: Uint8Array | undefined;
}

/** What a config works with. */
export interface ConfigOptions {
  readonly crypto?: Crypto | undefined;
  /** The network's time, unix milliseconds. Default: the device's. */
  readonly now?: (() => number) | undefined;
  /** See `session-messenger-sdk/config/zstd`. Default: configs are stored uncompressed. */
  readonly compress?: Compress | undefined;
  /** Where to go on: what `dump` gave. */
  readonly dump?: Uint8Array | undefined;
}

/** A message as a swarm gave it. */
export interface StoredConfig {
  /** The storage hash. */
  readonly hash: string;
  readonly data: Uint8Array;
}

/** A message that was not merged, and why. */
export interface IgnoredConfig {
  readonly hash: string;
  readonly error: SessionError;
}

/** What a merge did. */
export interface MergeResult {
  /** Hashes of the messages that were read, old and repeated ones included. */
  readonly accepted: readonly string[];
  readonly ignored: readonly IgnoredConfig[];
  /** Whether another version is current now. */
  readonly changed: boolean;
}

/** What is to be stored and deleted. */
export interface ConfigPush {
  readonly seqno: bigint;
  /** All are to be stored: one message, or the parts of a large config. */
  readonly messages: readonly Uint8Array[];
  /** Storage hashes to delete once all messages are stored. */
  readonly obsolete: readonly string[];
}

/** What happened to the entries of a list between two snapshots. */
export interface ListChanges<Id> {
  readonly added: readonly Id[];
  readonly updated: readonly Id[];
  readonly removed: readonly Id[];
}
