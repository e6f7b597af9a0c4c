/**
 * The words of the network room: nodes, requests and replies, the transport interface, and what a network can say
 * about itself (events, errors, the state it keeps between runs). Types only.
 *
 * Spec: docs/protocol/network.md.
 *
 * @module
 */
import type { AbortOptions, CommonErrorCode } from "../errors/index.js";

/** Codes of the errors that this room throws, in a `SessionError`. */
export type NetworkErrorCode =
  | CommonErrorCode
  /** No seed gave a usable node list. */
  | "NETWORK_NO_SEED"
  /** The network has fewer usable nodes than its configuration or a three-hop path needs. */
  | "NETWORK_TOO_FEW_NODES"
  /** Every path that was tried failed before the destination answered. */
  | "PATH_FAILED"
  /** The destination node is gone, unknown to the path, or not ready: use another node. */
  | "NODE_UNREACHABLE"
  /** The last hop could not reach the destination server. */
  | "SERVER_UNREACHABLE"
  /** The destination server refused the request before decrypting it (plain HTTP status in `details.status`). */
  | "SERVER_REFUSED"
  /** No connection, a broken connection, a refused certificate, or not HTTP. */
  | "TRANSPORT_FAILED"
  /** The reply is longer than the limit of the request. */
  | "RESPONSE_TOO_LARGE"
  /** The reply arrived but is not what the protocol says. */
  | "RESPONSE_INVALID"
  /** A stored network state cannot be read. */
  | "NETWORK_STATE_INVALID";

/** A storage server. Keys are lower-case hex. */
export interface ServiceNode {
  /** Its identity, 64 hex characters. */
  readonly ed25519PublicKey: string;
  /** Its onion key, 64 hex characters. */
  readonly x25519PublicKey: string;
  /** IPv4, dotted quad. */
  readonly ip: string;
  /** HTTPS storage port. */
  readonly port: number;
  /** Swarm it belongs to, when the list that named it said so. */
  readonly swarmId?: bigint | undefined;
  /** Storage server version, when known. */
  readonly version?: readonly [number, number, number] | undefined;
}

/** One storage RPC call: `{"method", "params"}` on the wire (docs/protocol/swarm.md §1). */
export interface RpcRequest {
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** What the destination node answered, whatever its status. */
export interface RpcReply {
  /** HTTP-like status of the call at the destination. */
  readonly status: number;
  /** The body parsed as JSON; the text itself when it is not JSON. Integers above 2^53 lose bits: see {@link text}. */
  readonly body: unknown;
  /** The body as it came. */
  readonly text: string;
  /** The node that answered. */
  readonly node: ServiceNode;
  /** The three hops the request took; empty in direct mode. */
  readonly path: readonly ServiceNode[];
}

/** A server reached through the last hop of a path (docs/protocol/onion.md §3.2). */
export interface ServerDestination {
  readonly host: string;
  readonly port: number;
  readonly protocol: "http" | "https";
  /** X25519 key of the server, 64 hex characters. */
  readonly x25519PublicKey: string;
  /** Path of the server's onion endpoint; `/oxen/v4/lsrpc` when left out. */
  readonly target?: string | undefined;
}

/** An HTTP request carried inside a v4 onion payload (docs/protocol/onion.md §5). */
export interface ServerRequest {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Path with query, starting with `/`. */
  readonly endpoint: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: Uint8Array | undefined;
}

/** What the server answered, whatever its status. */
export interface ServerReply {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly path: readonly ServiceNode[];
}

/** Whose certificate a connection accepts. */
export type TlsTrust =
  /** Any certificate: service nodes sign their own, the onion layer is what protects the request. */
  | { readonly kind: "unverified" }
  /** The authorities that the platform trusts. */
  | { readonly kind: "system" }
  /** One certificate, checked by chain, host name, public key and fingerprint (docs/protocol/network.md §2.1). */
  | {
      readonly kind: "pinned";
      /** The certificate, PEM. */
      readonly certificatePem: string;
      /** SHA-256 of its DER SubjectPublicKeyInfo, base64. */
      readonly spkiSha256: string;
      /** SHA-256 of the whole DER certificate, base64. */
      readonly certificateSha256: string;
    };

/** How much of one request, or of its reply, has passed. Onion layers are counted like everything else. */
export interface TransferProgress {
  readonly direction: "sent" | "received";
  /** Bytes so far. Starts again from 0 when a request is repeated over another path. */
  readonly bytes: number;
  /** Bytes in all, where known. */
  readonly total: number | undefined;
}

/** One HTTP exchange. */
export interface TransportRequest extends AbortOptions {
  /** `http:` or `https:`, without user name and password. */
  readonly url: string;
  /** `POST` when left out. */
  readonly method?: "GET" | "POST" | "PUT" | "DELETE" | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: Uint8Array | string | undefined;
  /** Limit from the call to the last byte of the reply, milliseconds. */
  readonly timeoutMs: number;
  /** Limit of the reply body, bytes; counted while it streams in. */
  readonly maxResponseBytes: number;
  readonly trust: TlsTrust;
  /** Called as the bodies pass; for the request body at its end only where the platform does not say more. */
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined;
}

/** The reply to a {@link TransportRequest}. Redirects are replies like any other: nobody follows them. */
export interface TransportResponse {
  readonly status: number;
  /** Names in lower case; repeated headers joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/**
 * How far a failed exchange got, in `details.phase` of a transport's errors: `connect` means that the peer never saw
 * the request, `response` that it may have.
 */
export type TransportPhase = "connect" | "response";

/**
 * The one way out of this package. `session-messenger-sdk/network/compliance` holds every implementation to:
 *
 * - errors are `SessionError` with code `TRANSPORT_FAILED`, `RESPONSE_TOO_LARGE`, `TIMEOUT`, `ABORTED`, `CLOSED` or
 *   `INVALID_ARGUMENT`; the first three have `details.phase` ({@link TransportPhase}) and `details.host`;
 * - connections are kept and used again; redirects are never followed; HTTP statuses are never errors.
 */
export interface Transport {
  request(request: TransportRequest): Promise<TransportResponse>;
  /** Ends open requests with `CLOSED` and frees every connection. */
  close(): Promise<void>;
}

/** Options of a call through the network. */
export interface CallOptions extends AbortOptions {
  /** Limit of one attempt, milliseconds. */
  readonly timeoutMs?: number | undefined;
  /** How many paths to try. */
  readonly attempts?: number | undefined;
  /** Limit of the whole call with building paths and all attempts, milliseconds. */
  readonly overallTimeoutMs?: number | undefined;
  /** Called as request and reply pass. */
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined;
}

/** Why a path or a node lost trust: the rows of docs/protocol/network.md §7.1. */
export type PathFailureReason =
  | "offline"
  | "guard-unreachable"
  | "no-answer"
  | "invalid-ciphertext"
  | "unauthenticated-status"
  | "invalid-hop-response"
  | "destination-not-found"
  | "hop-not-found"
  | "unknown-node-not-found"
  | "server-unreachable"
  | "server-slow"
  | "server-refused"
  | "hop-not-ready"
  | "destination-not-ready"
  | "guard-not-ready"
  | "hop-timeout"
  | "oxen-server-error"
  | "hop-error"
  | "unreadable-reply"
  | "invalid-reply"
  | "other-status";

/** What a network tells about its work. Keys of nodes are Ed25519, hex. */
export interface NetworkEvents {
  /** A path is ready for requests. */
  readonly "path:built": {
    readonly path: readonly ServiceNode[];
    readonly reason: "build" | "rotation" | "replacement";
  };
  /** A path is not used any more. */
  readonly "path:dropped": {
    readonly path: readonly ServiceNode[];
    readonly reason: "strikes" | "guard-dropped" | "rotation" | "replacement" | "surplus";
  };
  /** A path got a strike (`strikes` is its count now), or, after a probe went through, lost those of one failure. */
  readonly "path:struck": {
    readonly path: readonly ServiceNode[];
    readonly strikes: number;
    readonly reason: PathFailureReason | "probe-passed";
  };
  /** A node got a strike; `strikes` is its count now. */
  readonly "node:struck": { readonly node: string; readonly strikes: number; readonly reason: string };
  /** A node left the pool before the next refresh. */
  readonly "node:dropped": { readonly node: string; readonly reason: string };
  /** The node list was replaced. */
  readonly "pool:refreshed": { readonly source: "seed" | "nodes"; readonly count: number };
  /** One attempt of a request has ended. */
  readonly request: {
    readonly destination: ServiceNode | ServerDestination;
    /** RPC method, or method and endpoint without query for servers. */
    readonly method: string;
    readonly path: readonly ServiceNode[];
    readonly attempt: number;
    readonly durationMs: number;
    /** Status from the destination, when it answered. */
    readonly status?: number | undefined;
    /** Why the attempt failed on its way, otherwise. */
    readonly failure?: PathFailureReason | "aborted" | undefined;
  };
  /** The network clock was compared with several nodes. `offsetMs` = local minus network time. */
  readonly "clock:synced": { readonly offsetMs: number; readonly samples: number };
}

/** A {@link ServiceNode} as JSON. */
export interface StoredNode {
  readonly ed25519PublicKey: string;
  readonly x25519PublicKey: string;
  readonly ip: string;
  readonly port: number;
  /** Decimal. */
  readonly swarmId?: string | undefined;
  readonly version?: readonly [number, number, number] | undefined;
}

/** What is worth keeping between runs: plain JSON, no secrets. */
export interface NetworkState {
  readonly version: 1;
  /** Name of the network it belongs to. */
  readonly network: string;
  /** Local time of the snapshot, milliseconds. */
  readonly savedAt: number;
  /** Local time of the last refresh of the node list, milliseconds. */
  readonly refreshedAt: number;
  readonly nodes: readonly StoredNode[];
  /** Ed25519 keys of the guards, in order of use. */
  readonly guards: readonly string[];
  /** Strikes by Ed25519 key. */
  readonly strikes: Readonly<Record<string, number>>;
}
