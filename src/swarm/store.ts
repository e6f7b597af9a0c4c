/**
 * Storing and retrieving messages.
 *
 * @module
 */
import { isSessionError } from "../errors/index.js";
import { retrieveCall, storeCall } from "./calls.js";
import { accountId } from "./ids.js";
import type { StoredEntry, SwarmResult } from "./member-replies.js";
import type { RetrieveReply, StoredMessage } from "./replies.js";
import type { RetrieveParams, StoreParams } from "./requests.js";
import type { SwarmCallOptions, Swarms } from "./swarms.js";
import type { ServiceNode } from "./types.js";

/** Where an answer came from. */
export interface AnswerSource {
  /** The node that answered. */
  readonly node: ServiceNode;
  /** The hops in between; empty in direct mode. */
  readonly path: readonly ServiceNode[];
}

/** What {@link store} takes: {@link StoreParams} whose times default to network time. */
export interface StoreOptions extends Omit<StoreParams, "timestamp" | "signatureTimestamp"> {
  /** Time of the message, network ms. Default: now. */
  readonly timestamp?: number | undefined;
}

/** A stored message. */
export interface StoreResult extends SwarmResult<StoredEntry>, AnswerSource {
  readonly hash: string;
  /** Time of the message, ms. */
  readonly timestamp: number;
}

/**
 * Stores `data` for an account at every member of its swarm. Repeating it is harmless: the same data in the same
 * namespace is the same message.
 *
 * @returns at least one member has proved by its signature that it keeps the message
 * @throws codes of `Swarms.run`; `SWARM_FORBIDDEN` for a time to live that the server does not take
 */
export async function store(
  swarms: Swarms,
  params: StoreOptions,
  options: SwarmCallOptions = {},
): Promise<StoreResult> {
  // One time for every attempt, or a second attempt would store the message under another.
  const timestamp = params.timestamp ?? swarms.network.clock.now();
  const { value, node, path } = await swarms.run(
    params.pubkey,
    (now) => storeCall({ ...params, timestamp, signatureTimestamp: now }, swarms.crypto),
    options,
  );
  return { ...value, timestamp, node, path };
}

/** What {@link retrieve} takes: {@link RetrieveParams} without the time of the signature. */
export type RetrieveOptions = Omit<RetrieveParams, "timestamp">;

/** Messages of one namespace at one node. */
export interface RetrieveResult extends RetrieveReply, AnswerSource {}

/**
 * Retrieves messages of one namespace from one member. Order and content differ between members: keep `lastHash` for
 * each of them, and expect to see a message more than once.
 *
 * @throws codes of `Swarms.run`
 */
export async function retrieve(
  swarms: Swarms,
  params: RetrieveOptions,
  options: SwarmCallOptions = {},
): Promise<RetrieveResult> {
  const { value, node, path } = await swarms.run(
    params.pubkey,
    (now) => retrieveCall({ ...params, timestamp: now }, swarms.crypto),
    options,
  );
  return { ...value, node, path };
}

/** Rounds of {@link retrieveAll} unless told otherwise. */
const MAX_ROUNDS = 20;

/** Everything that {@link retrieveAll} found. */
export interface RetrieveAllResult extends AnswerSource {
  /** Each hash once, in the order of the node. */
  readonly messages: readonly StoredMessage[];
  /** False if the rounds ran out before the messages did. */
  readonly complete: boolean;
  /** The `lastHash` for the next retrieve at the same node. */
  readonly lastHash?: string | undefined;
  /** Messages that were dropped because their hash is not that of their data. */
  readonly dropped: number;
}

/** Options of {@link retrieveAll}. */
export interface RetrieveAllOptions extends SwarmCallOptions {
  /** Most retrieves. Default: 20. */
  readonly maxRounds?: number | undefined;
}

/**
 * Retrieves page after page from one member while it says that there is more. A member that only repeats itself is not
 * asked again.
 *
 * @throws codes of `Swarms.run`, if the first page fails; a later failure ends the search with what there is
 */
export async function retrieveAll(
  swarms: Swarms,
  params: RetrieveOptions,
  { maxRounds = MAX_ROUNDS, ...options }: RetrieveAllOptions = {},
): Promise<RetrieveAllResult> {
  const messages = new Map<string, StoredMessage>();
  let page = await retrieve(swarms, params, options);
  const { node, path } = page;
  const cursors = new Set<string>();
  let lastHash = params.lastHash;
  let dropped = 0;
  for (let round = 1; ; round++) {
    for (const message of page.messages) messages.set(message.hash, message);
    dropped += page.dropped;
    const next = page.lastHash;
    lastHash = next ?? lastHash;
    if (!page.more || next === undefined || cursors.has(next) || round >= maxRounds) break;
    cursors.add(next);
    try {
      page = await retrieve(swarms, { ...params, lastHash: next }, { ...options, node });
    } catch (error) {
      if (!isSessionError(error) || isSessionError(error, "ABORTED", "CLOSED")) throw error;
      break;
    }
  }
  return { messages: [...messages.values()], complete: !page.more, lastHash, dropped, node, path };
}

/**
 * The nodes that keep `pubkey`.
 *
 * @throws codes of `Swarms.get`
 */
export function getSwarm(
  swarms: Swarms,
  pubkey: string,
  options: Parameters<Swarms["get"]>[1] = {},
): Promise<readonly ServiceNode[]> {
  return swarms.get(accountId(pubkey), options);
}
