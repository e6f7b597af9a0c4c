/**
 * The ports of a client, made of the rooms below.
 *
 * @module
 */
import type { Crypto } from "../crypto/index.js";
import { isSessionError } from "../errors/index.js";
import type { Account, SessionId } from "../identity/index.js";
import {
  type DecodeContext,
  decodeMessage,
  encodeMessage,
  encodeSyncCopy,
  type ProCredential,
} from "../messages/index.js";
import type { Network } from "../network/index.js";
import {
  batchCall,
  deleteMessages,
  expire,
  MIN_TTL_MS,
  retrieveCall,
  type Swarms,
  storeCall,
  userAuth,
} from "../swarm/index.js";
import type { ContactState } from "./contact-state.js";
import type { ClientOptions } from "./open.js";
import type { ClockPort, MessageCodec, Retrieved, RetrievedItem, SwarmPort } from "./ports.js";

/**
 * Attempts of a store. The apps make three and repeat the job later (docs/protocol/network.md §7.3); here the caller waits
 * for the answer, and with a broken path and two members down three are too few.
 */
const STORE_ATTEMPTS = 5;
/** Limit of one retrieve with the paths tried for it, ms: the poller asks another member then. */
const RETRIEVE_LIMIT_MS = 20_000;

/** Storing and retrieving as `account`. */
export function swarmPort(swarms: Swarms, account: Account, crypto: Crypto): SwarmPort {
  const auth = userAuth(account, crypto);
  const pubkey = account.sessionId;
  return {
    members: (owner, options) => swarms.get(owner, options),

    async store(owner, encode, { signal }) {
      const { value, node, path } = await swarms.run(
        owner,
        (timestamp) => {
          const { namespace, data, ttl: wanted, auth: signer } = encode();
          // Swarms keep nothing for less, whatever the timer of a message that disappears.
          const ttl = Math.max(wanted, MIN_TTL_MS);
          // The time is that of the request, not of the message (docs/protocol/messages.md §3.6).
          const params = { pubkey: owner, namespace, data, ttl, timestamp };
          return storeCall(signer === undefined ? params : { ...params, auth: signer }, crypto);
        },
        { signal, attempts: STORE_ATTEMPTS, delayMs: () => 100 },
      );
      return {
        hash: value.hash,
        node,
        path,
        swarm: value.swarm.map(({ node: key, ok }) => ({ node: key, ok })),
        time: value.time,
      };
    },

    async delete(hashes, { signal }) {
      await deleteMessages(swarms, { auth, hashes }, { signal });
    },

    async shorten(hashes, expiry, { signal }) {
      await expire(swarms, { auth, hashes, expiry, mode: "shorten" }, { signal });
    },

    async retrieve(node, targets, { signal }) {
      const { value } = await swarms.run(
        pubkey,
        (timestamp) =>
          batchCall(targets.map((target) => retrieveCall({ pubkey, auth, timestamp, ...target }, crypto))),
        { signal, node, attempts: 1, overallTimeoutMs: RETRIEVE_LIMIT_MS },
      );
      return value.map((result): Retrieved => {
        if (!result.ok) throw result.error;
        const { messages, lastHash, more, dropped } = result.value;
        const last = messages.at(-1);
        return { items: messages, more, invalid: dropped, last: last?.hash === lastHash ? last : undefined };
      });
    },
  };
}

/** What messages of an account are encoded and decoded with. */
export interface CodecOptions {
  readonly account: Account;
  /** Network time, ms. */
  readonly now: () => number;
  /** The receiver's settings and state, for the rules of docs/protocol/messages.md §5.1. */
  readonly rules: Omit<DecodeContext, "account" | "now">;
  readonly pro: ProCredential | undefined;
  readonly crypto: Crypto;
}

/** Messages of an account. */
export function messageCodec({ account, now, rules, pro, crypto }: CodecOptions): MessageCodec {
  const context = (recipient: string, timestamp: number) => ({
    sender: account,
    recipient: recipient as SessionId,
    timestamp,
    pro,
    crypto,
  });
  return {
    encode: (message, recipient, timestamp) => encodeMessage(message, context(recipient, timestamp)),
    encodeSyncCopy: (message, recipient, timestamp) => encodeSyncCopy(message, context(recipient, timestamp)),
    decode: (item: RetrievedItem) => decodeMessage(item, { ...rules, account, now: now(), crypto }),
  };
}

/** A message is not older than a removal by less than this, ms: clocks and networks are slow (V6). */
const REMOVAL_TOLERANCE_MS = 120_000;

/** The receiver's settings and state, as the rules ask for them. */
export function receiverRules(
  { receipts = false, typing = false, legacyGroups, requireSignedTimestamp, proBackendKey }: ClientOptions,
  contacts: ContactState,
): Omit<DecodeContext, "account" | "now"> {
  return {
    receipts,
    typing,
    legacyGroups,
    requireSignedTimestamp,
    proBackendKey,
    isBlocked: (id) => contacts.get(id)?.blocked === true,
    isRemovedSince(conversation, timestamp) {
      const removedAt = contacts.get(conversation)?.removedAt;
      return removedAt !== undefined && timestamp < removedAt - REMOVAL_TOLERANCE_MS;
    },
  };
}

/** Network time. */
export function clockPort(clock: Network["clock"]): ClockPort {
  return {
    now: () => clock.now(),
    ready: () => clock.isKnown,
    async sync(signal) {
      if (clock.isKnown) return;
      try {
        await clock.sync({ signal });
      } catch (error) {
        // The local clock must do until the network can be asked.
        if (!isSessionError(error)) throw error;
      }
    },
  };
}
