/**
 * What the parts of one test network share.
 *
 * @module
 */
import type { Crypto } from "../crypto/index.js";
import type { NameService } from "./names.js";
import type { StorageNode } from "./node.js";
import type { ChainView } from "./oxend.js";
import type { Peers } from "./peers.js";
import type { ServerRules } from "./rpc-types.js";
import type { RateLimit, TestnetEvent, TestnetTimeouts } from "./types.js";

export interface World {
  readonly crypto: Crypto;
  readonly peers: Peers;
  readonly names: NameService;
  readonly chain: ChainView;
  readonly timeouts: TestnetTimeouts;
  readonly rateLimit: RateLimit | false;
  readonly lateDeliveryMs: number;
  /** Where server destinations really are, `host:port` by `host:port`. */
  readonly serverRoutes: ReadonlyMap<string, string>;
  /** All nodes, running or not, by index. */
  readonly nodes: readonly StorageNode[];
  /** Aborted when the network closes: ends every wait. */
  readonly closing: AbortSignal;
  readonly rules: ServerRules;
  now(): number;
  emit(event: TestnetEvent): void;
}
