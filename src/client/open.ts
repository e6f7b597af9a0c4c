/**
 * What `Client.open` takes, and how it becomes an account, a store and a network.
 *
 * @module
 */

import type { CommunityNetwork } from "../communities/index.js";
import { type Compress, platformCompressor } from "../config/index.js";
import { type Crypto, defaultCrypto } from "../crypto/index.js";
import { SessionError } from "../errors/index.js";
import { type Account, accountFromSeed, createAccount } from "../identity/index.js";
import type { ProCredential } from "../messages/index.js";
import {
  connectNetwork,
  customNetwork,
  type Network,
  type NetworkConfig,
  type Transport,
} from "../network/index.js";
import { openStore, Store, type StoredValue, type StoreLocation } from "../store/index.js";
import type { ClientErrorCode } from "./errors.js";
import { childLogger, type Logger } from "./logger.js";
import type { PollingOptions } from "./poll-loop.js";
import type { Timers } from "./timers.js";

/** Options of `Client.open`. */
export interface ClientOptions {
  /** The account. Default: the one in the store; in a new store a new one, which is kept there. */
  readonly account?: Account | undefined;
  /**
   * The network: `mainnet()`, `customNetwork({ … })`, a list of seed URLs, or a connected `Network`, which many clients
   * may share and which none of them closes.
   */
  readonly network: NetworkConfig | Network | readonly string[];
  /**
   * Where to keep account, cursors and queues: a folder, an `abstract-level` database, or a `Store` that the app opened
   * (and closes). Default: the memory of this process, so that nothing outlives it. A store holds the account's seed.
   */
  readonly store?: StoreLocation | Store;
  readonly crypto?: Crypto | undefined;
  /** Silent when left out. Never told secrets, message texts or full account ids. */
  readonly logger?: Logger | undefined;
  /** How often to poll while someone takes messages; `false`: only when `poll` is called. */
  readonly polling?: PollingOptions | false | undefined;
  /** Send read receipts with `markRead`, and take those of others. Default: false, as in the apps. */
  readonly receipts?: boolean | undefined;
  /** Send typing indicators, and take those of others. Default: false, as in the apps. */
  readonly typing?: boolean | undefined;
  /**
   * Keep profile, contacts, blocks, groups, communities and read positions the same on all devices of the account.
   * Default: true. `false` suits a bot that has one device: less is read and nothing of it is stored in the swarm; the
   * store alone has its groups and communities then.
   */
  readonly sync?: boolean | undefined;
  /**
   * Compresses configs. Default: zstd in Node, where it is loaded by itself unless `sync` is off; nothing in browsers, where
   * it is 250 kB to download: `loadCompressor` of `session-messenger-sdk/config/zstd` gives it. `false`: nothing anywhere.
   */
  readonly compress?: Compress | false | undefined;
  /**
   * Read and write in closed groups of the old kind (`client.groups.legacy`), which today's apps only list. Their boxes are
   * read without a signature, where nodes still let them. Default: false.
   */
  readonly legacyGroups?: boolean | undefined;
  /** Drop messages of old apps whose time is not signed (V2). Default: false. */
  readonly requireSignedTimestamp?: boolean | undefined;
  /** Ed25519 key of the Session Pro backend, to check proofs with: `message.pro` is `unchecked` without. */
  readonly proBackendKey?: Uint8Array | undefined;
  /** Session Pro of the account: its proof goes with messages that use it, and texts may have 10 000 code points. */
  readonly pro?: ProCredential | undefined;
  /** Most bytes of messages that this version cannot read to keep for a later one. Default: 16 MiB. */
  readonly unsupportedBytes?: number | undefined;
  /** How long `close` waits for running sends and handlers, ms. Default: 3 000. */
  readonly closeTimeoutMs?: number | undefined;
  /**
   * The way to community servers. Default: onion requests, like everything else. With `plainCommunityNetwork()` of
   * `session-messenger-sdk/communities` they are asked directly, and learn the address of who asks. Left open by `close`.
   */
  readonly communityNetwork?: CommunityNetwork | undefined;
  /** Carries every request of a network that the client connects itself. */
  readonly transport?: Transport | undefined;
  /** Local time, ms. */
  readonly now?: (() => number) | undefined;
  readonly timers?: Timers | undefined;
  /** A number from 0 to 1, 1 excluded; for choices that need no secrecy. */
  readonly random?: (() => number) | undefined;
}

/** Something with the way to let it go: closing it if it is the client's own. */
export interface Held<T> {
  readonly value: T;
  close(): Promise<void>;
}

const letGo = async (): Promise<void> => {};

/** What compresses configs. They are stored as they are where nothing can: every client reads that. */
export async function holdCompressor({
  compress,
  sync = true,
  logger,
}: ClientOptions): Promise<Compress | undefined> {
  if (compress !== undefined || !sync) return compress || undefined;
  try {
    return await platformCompressor();
  } catch (error) {
    // Such as a bundle for Node without the WebAssembly file.
    childLogger(logger, "sync").warn("configs are stored uncompressed: no compressor could be loaded", {
      error,
    });
    return undefined;
  }
}

/** Opens the store; one that the app opened is not the client's to close. */
export async function holdStore({ store, logger }: ClientOptions): Promise<Held<Store>> {
  if (store instanceof Store) return { value: store, close: letGo };
  const log = childLogger(logger, "store");
  const value = await openStore(store, {
    onCorrupt: (error) => log.error("a record was unreadable and counts as absent", { error }),
  });
  return { value, close: () => value.close() };
}

/**
 * The account to use: the one given, or the one in the store, or a new one. It is the store's from then on.
 *
 * @throws `STORE_WRONG_ACCOUNT`, `STORE_CORRUPT`
 */
export async function claimAccount(
  store: Store,
  given: Account | undefined,
  crypto: Crypto,
): Promise<Account> {
  const account = given ?? (await storedAccount(store, crypto)) ?? createAccount({ crypto });
  await store.claim({ sessionId: account.sessionId, seed: account.seed });
  return account;
}

async function storedAccount(store: Store, crypto: Crypto): Promise<Account | undefined> {
  const record = await store.account();
  if (record === undefined) return undefined;
  const account = accountFromSeed(record.seed, crypto);
  if (account.sessionId === record.sessionId) return account;
  throw new SessionError("STORE_CORRUPT", "the stored seed is not that of the stored account", {
    details: { record: "account" },
  });
}

/** Connects the network with what the store knows of it, and keeps the store up to date; or takes a connected one. */
export async function holdNetwork(options: ClientOptions, store: Store): Promise<Held<Network>> {
  const { network, transport, now, crypto = defaultCrypto, logger } = options;
  if (network === undefined || network === null) {
    throw new SessionError<ClientErrorCode>("INVALID_ARGUMENT", "the network is missing");
  }
  if (isConnected(network)) return { value: network, close: letGo };
  const config = Array.isArray(network) ? customNetwork({ seeds: network }) : (network as NetworkConfig);
  const name = stateName(config);
  const log = childLogger(logger, "network");
  const state = await store.network(name);
  const value = connectNetwork(config, { crypto, state, transport, now });
  const save = (): Promise<void> =>
    saveNetwork(value, store, config).catch((error: unknown) =>
      log.warn("the state was not saved", { error }),
    );
  value.on("pool:refreshed", () => void save());
  value.on("path:built", () => void save());
  return {
    value,
    async close() {
      await save();
      await value.close();
    },
  };
}

/** Keeps what is known of the network. */
async function saveNetwork(network: Network, store: Store, config: NetworkConfig): Promise<void> {
  const state = network.snapshot() as unknown as StoredValue;
  await store.write((batch) => batch.putNetwork(stateName(config), state));
}

/** States of networks with other seeds are kept apart, whatever they are called. */
const stateName = ({ name, seeds }: NetworkConfig): string =>
  [name, ...seeds.map(({ url }) => url)].join(" ");

const isConnected = (network: ClientOptions["network"]): network is Network => "call" in network;

/** Closes one after the other, whatever fails, and throws the first failure. */
export async function closeAll(closers: ReadonlyArray<() => Promise<void>>): Promise<void> {
  const failures: unknown[] = [];
  for (const close of closers) await close().catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}
