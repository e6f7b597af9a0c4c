/**
 * What this room needs from the network, and the two shapes that everything in it passes on.
 *
 * @module
 */
import type { AbortOptions } from "../errors/index.js";
import type { RpcReply, RpcRequest, ServiceNode } from "../network/index.js";

export type { RpcReply, RpcRequest, ServiceNode };

/** Options of {@link SwarmNetwork.call}. */
export interface SwarmNetworkCallOptions extends AbortOptions {
  /** Limit of one attempt. */
  readonly timeoutMs?: number | undefined;
  /** Attempts over different paths. */
  readonly attempts?: number | undefined;
  /** Limit of the whole call with building paths and all attempts. */
  readonly overallTimeoutMs?: number | undefined;
}

/** The part of a `Network` that swarms use; anything of this shape serves. */
export interface SwarmNetwork {
  /** Sends one request to `node`. Statuses of the destination come back in the reply; everything else throws. */
  call(node: ServiceNode, request: RpcRequest, options?: SwarmNetworkCallOptions): Promise<RpcReply>;
  /** The node pool. */
  nodes(options?: AbortOptions): Promise<readonly ServiceNode[]>;
  readonly clock: {
    /** Network time in milliseconds. */
    now(): number;
    /** Asks the network for its time again. */
    resync(options?: AbortOptions): Promise<unknown>;
  };
  /** Told about a node that answered, but as no good node does. */
  strikeNode?(node: ServiceNode, reason: string): void;
}

/** What a reply is read with. */
export interface ReplyContext {
  /** Ed25519 keys of the swarm's members; entries of other nodes count as failed. Absent: not checked. */
  readonly members?: ReadonlySet<string> | undefined;
}

/** A request together with the way to read its reply. */
export interface SwarmCall<Value> {
  readonly request: RpcRequest;
  /**
   * Reads the body of a 2xx reply.
   *
   * @throws `SWARM_REPLY_INVALID`, `SWARM_ALL_FAILED`
   */
  read(body: unknown, context: ReplyContext): Value;
}

/** A value with the node that gave it and the path it came over. */
export interface SwarmAnswer<Value> {
  readonly value: Value;
  readonly node: ServiceNode;
  readonly path: readonly ServiceNode[];
}
