/**
 * What the parts of a client need from the rooms below, and no more: tests give them fakes of these shapes, `wiring.ts`
 * gives them the real thing.
 *
 * @module
 */
import type { AbortOptions, SessionError } from "../errors/index.js";
import type { DecodeResult, OutgoingMessage } from "../messages/index.js";
import type { ServiceNode } from "../network/index.js";
import type { SwarmAuth } from "../swarm/index.js";

/** Where and how an item was stored. */
export interface Stored {
  readonly hash: string;
  /** The member that took the request. */
  readonly node: ServiceNode;
  /** The hops the request took; empty in direct mode. */
  readonly path: readonly ServiceNode[];
  /** Every member of the swarm that answered for itself: whether it has the item now. */
  readonly swarm: readonly StoredAt[];
  /** When the swarm took it, by the clock of the member, ms. */
  readonly time?: number | undefined;
}

/** What one member of the swarm said about a store. */
export interface StoredAt {
  /** Ed25519 key, hex. */
  readonly node: string;
  readonly ok: boolean;
}

/** One namespace to read from. */
export interface RetrieveTarget {
  readonly namespace: number;
  /** Give what came after this message; undefined: everything. */
  readonly lastHash?: string | undefined;
  /** Most bytes; -n: one n-th of what a reply holds. */
  readonly maxSize?: number | undefined;
}

/** One item of a namespace. */
export interface RetrievedItem {
  readonly hash: string;
  readonly data: Uint8Array;
  /** ms */
  readonly timestamp: number;
  /** ms */
  readonly expiration: number;
}

/** What one namespace had. */
export interface Retrieved {
  readonly items: readonly RetrievedItem[];
  /** The last item of the reply: where the next one starts. Absent when there is none to go by. */
  readonly last?: { readonly hash: string; readonly expiration: number } | undefined;
  /** Items of the reply that are not what their hash says. */
  readonly invalid: number;
  readonly more: boolean;
}

/** Swarms, as the parts see them. */
export interface SwarmPort {
  /** Members of the swarm of `pubkey`, in any order. */
  members(pubkey: string, options?: AbortOptions): Promise<readonly ServiceNode[]>;
  /**
   * Stores what `encode` makes in the swarm of `pubkey`: several attempts, each with another member and encoded anew
   * (docs/protocol/network.md §7.3).
   */
  store(pubkey: string, encode: () => EncodedItem, options: AbortOptions): Promise<Stored>;
  /**
   * Reads namespaces of the own account from `node` in one request, with the status of each sub-request checked.
   * Results are in the order of `targets`.
   */
  retrieve(
    node: ServiceNode,
    targets: readonly RetrieveTarget[],
    options: AbortOptions,
  ): Promise<readonly Retrieved[]>;
  /** Deletes items of the own swarm, in whatever namespace. */
  delete(hashes: readonly string[], options: AbortOptions): Promise<void>;
  /** Lets items of the own swarm expire at `expiry` (ms) unless they do earlier. */
  shorten(hashes: readonly string[], expiry: number, options: AbortOptions): Promise<void>;
}

/** A config message, or a part of one, to be stored in the own swarm. */
export interface ConfigItem {
  readonly namespace: number;
  readonly data: Uint8Array;
}

/** What became of {@link ConfigPort.push}. */
export interface ConfigsStored {
  /** Storage hashes in the order of the items; undefined for what was not stored. */
  readonly hashes: ReadonlyArray<string | undefined>;
  /** Whether the obsolete messages were deleted. */
  readonly deleted: boolean;
  /** Why not all was done. */
  readonly error?: SessionError | undefined;
}

/** The own swarm, as a place for configs. */
export interface ConfigPort {
  /** Stores `items`, and once all of them are stored deletes `obsolete` (docs/protocol/swarm.md §10.3). */
  push(
    items: readonly ConfigItem[],
    obsolete: readonly string[],
    options: AbortOptions,
  ): Promise<ConfigsStored>;
  /**
   * Lets messages live until `expiry` (ms) at least.
   *
   * @returns those that a member does not have any more
   */
  extend(hashes: readonly string[], expiry: number, options: AbortOptions): Promise<readonly string[]>;
}

/** Network time (docs/protocol/network.md §8). */
export interface ClockPort {
  /** Milliseconds. */
  now(): number;
  /** True once a node has told its time. */
  ready(): boolean;
  /** Asks some nodes unless one has told. Never rejects: the local clock must do when nobody can be asked. */
  sync(signal: AbortSignal): Promise<void>;
}

/** A message ready to be stored. */
export interface EncodedItem {
  readonly namespace: number;
  readonly data: Uint8Array;
  readonly ttl: number;
  /** Who stores it, where not anyone may. */
  readonly auth?: SwarmAuth | undefined;
}

/** Messages of the own account, to and from bytes. */
export interface MessageCodec {
  /**
   * Resolves when what is encoded now can be read by others: see groups/sending.ts. Absent: always.
   *
   * @throws the codes of reading and pushing a group, `ABORTED`
   */
  ready?(recipient: string, signal: AbortSignal): Promise<void>;
  /** Encrypted anew at each call. */
  encode(message: OutgoingMessage, recipient: string, timestamp: number): EncodedItem;
  /** The copy for the own devices. */
  encodeSyncCopy(message: OutgoingMessage, recipient: string, timestamp: number): EncodedItem;
  decode(item: RetrievedItem): DecodeResult;
}
