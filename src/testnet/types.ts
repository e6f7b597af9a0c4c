/**
 * The test network as its users see it: options, the network, its nodes and their faults, events. Types only.
 *
 * @module
 */
import type { Crypto } from "../crypto/index.js";
import type { NetworkConfig } from "../network/index.js";
import type { CommunityServerOptions, TestnetCommunity } from "./community-types.js";
import type { FileServerOptions, TestFileServer } from "./file-server.js";

/** The keys of a node. Test keys: never use them on a real network. */
export interface TestnetNodeKeys {
  /** Seed of the Ed25519 pair, 32 bytes. Without it, {@link ed25519PublicKey} and {@link x25519SecretKey} are needed. */
  readonly ed25519Seed?: Uint8Array | undefined;
  /** 64 hex characters. A node that knows only this one signs its answers with another key. */
  readonly ed25519PublicKey?: string | undefined;
  /** 32 bytes; made from the seed when left out. */
  readonly x25519SecretKey?: Uint8Array | undefined;
  /** The swarm of this node; dealt out in turn when left out. */
  readonly swarmId?: bigint | undefined;
}

/** How long a node waits for another, milliseconds. */
export interface TestnetTimeouts {
  /** For a swarm member that does not answer; 5000. */
  readonly member: number;
  /** For a swarm member that is switched off; 200 (a real node cannot tell the two apart and waits 5000). */
  readonly deadMember: number;
  /** For the next hop of an onion request that does not answer; 10000 (real: 30000). */
  readonly relay: number;
  /** For the next hop that is switched off; 500 (real: 30000). */
  readonly deadHop: number;
  /** For a server behind the last hop; 25000. */
  readonly server: number;
}

/** The token bucket in front of direct RPC calls, per address. */
export interface RateLimit {
  readonly burst: number;
  readonly perSecond: number;
}

/** Options of `startTestnet`. */
export interface TestnetOptions {
  /** Number of service nodes; 12. */
  readonly nodes?: number | undefined;
  /** Number of swarms; so many that each has about six nodes. */
  readonly swarms?: number | undefined;
  /** Makes all keys and swarm ids, and what faults do by chance, reproducible. Random when left out. */
  readonly seed?: string | undefined;
  /** Swarm ids, instead of made ones. */
  readonly swarmIds?: readonly bigint[] | undefined;
  /** Node keys, instead of made ones. */
  readonly nodeKeys?: readonly TestnetNodeKeys[] | undefined;
  /** The clock of all nodes, milliseconds; `Date.now` when left out. */
  readonly now?: (() => number) | undefined;
  /** Version of the storage server to act; 2.8.0. From 2.11 on `revoked_subaccounts` and `active_nodes_bin` exist. */
  readonly version?: readonly [number, number, number] | undefined;
  /** Hard and soft fork; 19, 4. */
  readonly hardfork?: readonly [number, number] | undefined;
  /** Height of the chain; 1500000. */
  readonly height?: number | undefined;
  readonly timeouts?: Partial<TestnetTimeouts> | undefined;
  /** 600 and 300 per second; `false` for none. */
  readonly rateLimit?: RateLimit | false | undefined;
  /** How long a node keeps a call for a swarm member that is switched off, milliseconds of the clock; 95000. */
  readonly lateDeliveryMs?: number | undefined;
  /** The file server; with the clock, seed and cryptography of the network unless it is given its own. `false` for none. */
  readonly fileServer?: FileServerOptions | false | undefined;
  /** The community server; with the clock, seed and cryptography of the network unless it is given its own. */
  readonly community?: CommunityServerOptions | undefined;
  /** Called for everything that happens; the same as `net.on`. */
  readonly onEvent?: ((event: TestnetEvent) => void) | undefined;
  readonly crypto?: Crypto | undefined;
}

/** What a node answers instead of the truth. */
export type Garbage =
  /** Status 200 and random bytes. */
  | "bytes"
  /** A reply whose TLS connection ends in the middle. */
  | "truncated"
  /** Status 200 and more bytes than anybody should accept. */
  | "oversize"
  /** The connection is reset before any reply. */
  | "reset";

/** Faults of one node. They touch what clients and other nodes ask it; each stays until it is taken back. */
export interface NodeFaults {
  /** Answers so many milliseconds later. 0 takes it back. */
  delay(ms: number): void;
  /** Never answers this share of the requests, 0 to 1. */
  drop(share?: number): void;
  /** Answers garbage; `false` takes it back. */
  garbage(kind: Garbage | boolean): void;
  /** The node's clock is off by so many milliseconds (positive = ahead). */
  skewClock(ms: number): void;
  /** Leaves the node out of the lists that clients fetch; it stays in its swarm and answers. */
  hide(hidden?: boolean): void;
  /** The node's database is full: it stores nothing, and says so in its entry. */
  fill(full?: boolean): void;
  /** Takes everything back. */
  clear(): void;
}

/** What a node counted since the network started. */
export interface NodeCounters {
  /** TLS connections that clients opened. */
  readonly connections: number;
  /** Requests of clients, whatever the path. */
  readonly requests: number;
  /** `POST /storage_rpc/v1` of clients. */
  readonly rpc: number;
  /** Onion layers peeled, as guard or later hop. */
  readonly onion: number;
}

/** One service node. */
export interface TestnetNode {
  /** From 0. */
  readonly index: number;
  /** 64 hex characters. */
  readonly ed25519PublicKey: string;
  /** 64 hex characters. */
  readonly x25519PublicKey: string;
  readonly ip: string;
  /** The HTTPS port; kept over a restart as long as nobody else takes it. */
  readonly port: number;
  /** 2^64-1 while the node is in no swarm. */
  readonly swarmId: bigint;
  readonly isRunning: boolean;
  readonly faults: NodeFaults;
  readonly counters: NodeCounters;
  /** Switches the node off: its port refuses, its messages stay, calls it kept for others are lost. */
  stop(): Promise<void>;
  /** Switches it on again; done when the calls that were kept for it are delivered. */
  start(): Promise<void>;
  /**
   * Takes the node out of its swarm (as an unstaked or decommissioned one): it answers 503. With its last node a swarm
   * dissolves, and the messages go to the swarms that keep their accounts from then on.
   */
  leave(): Promise<void>;
  /** Puts it in a swarm, its last one by default; done when the others have pushed their messages to it. */
  join(swarmId?: bigint): Promise<void>;
}

/** A message and who has it. */
export interface StoredMessage {
  readonly hash: string;
  readonly namespace: number;
  readonly timestamp: number;
  readonly expiry: number;
  readonly data: Uint8Array;
  /** Indexes of the nodes that have it. */
  readonly nodes: readonly number[];
}

/** What happens in the network. Nodes are given by index. */
export type TestnetEvent =
  /** A node peeled a layer. `next` is the next node's index, -1 when it does not exist. */
  | {
      readonly type: "onion";
      readonly node: number;
      readonly hopNo: number;
      readonly role: "relay" | "destination" | "server";
      readonly next?: number;
      /** `host:port` of a server destination. */
      readonly host?: string;
    }
  /** A node answered an RPC call. */
  | {
      readonly type: "rpc";
      readonly node: number;
      readonly method: string;
      readonly status: number;
      readonly via: "direct" | "onion" | "member";
    }
  /** A call for a switched-off member was kept, delivered later, or given up. */
  | {
      readonly type: "late-delivery";
      readonly node: number;
      readonly to: number;
      readonly method: string;
      readonly outcome: "kept" | "delivered" | "lost";
    }
  /** A node did what one of its faults says. */
  | { readonly type: "fault"; readonly node: number; readonly fault: "delay" | "drop" | Garbage };

/** A running test network. */
export interface Testnet extends AsyncDisposable {
  /** For `Client.open({ network })`. */
  readonly network: NetworkConfig;
  /** The seed node: `POST <seedUrl>/json_rpc`. */
  readonly seedUrl: string;
  readonly nodes: readonly TestnetNode[];
  /** The file server, which `network` names too. Throws `INVALID_ARGUMENT` where there is none. */
  readonly fileServer: TestFileServer;
  /** The community server, with a room `lobby` unless the options name others. */
  readonly community: TestnetCommunity;
  /** The nodes that keep this account. */
  swarmOf(id: string): readonly TestnetNode[];
  /** All messages of this account, by whoever has them; in the order of the first node that has them. */
  messagesOf(id: string, namespace?: number): readonly StoredMessage[];
  /** Registers a name with the chain daemon: `oxend_request` `ons_resolve` finds it. */
  registerName(name: string, sessionId: string, options?: { readonly nonce?: Uint8Array }): void;
  /** Tells last hops where a server destination really is, both as `host:port`: any name for a server on loopback. */
  routeServer(named: string, real: string): void;
  /** Changes what the nodes report and act on. */
  setHardfork(hard: number, soft: number): void;
  /** Listens to everything that happens; gives back the way to stop. */
  on(listener: (event: TestnetEvent) => void): () => void;
  /** Ends every server and connection. */
  close(): Promise<void>;
}
