/**
 * Reaching the network: seed nodes, the node list, paths and guards, retries, network time (docs/protocol/network.md).
 *
 * Start at `connectNetwork(mainnet())` or `connectNetwork(customNetwork({ seeds }))`.
 *
 * @module
 */

export { type ClockNetwork, NetworkClock, type NetworkClockOptions } from "./clock.js";
export {
  type CustomNetworkOptions,
  customNetwork,
  type NetworkConfig,
  type NetworkIntervals,
  type NetworkSettings,
  type NetworkTimeouts,
  type SeedNode,
} from "./config.js";
export { Emitter } from "./emitter.js";
export { defaultFileServer, type FileServer } from "./file-server.js";
export { mainnet } from "./mainnet.js";
export { connectNetwork, Network } from "./network.js";
export { type NodeRules, parseNodeJson, parseNodeList, restoreNode, storeNode } from "./node-list.js";
export {
  classifyPathFailure,
  type PathFailureAction,
  type PathFailureContext,
  type PathSymptom,
} from "./path-failure.js";
export type { Path } from "./path-list.js";
export { PathManager, type PathManagerOptions, type PathRequest } from "./paths.js";
export { createTransport } from "./platform-transport.js";
export { NodePool, type NodePoolOptions } from "./pool.js";
export { cryptoRandomInt, pick, type RandomInt, shuffle } from "./random.js";
export { fetchFromSeeds, type SeedOptions } from "./seeds.js";
export type { TransportFactory, TransportOptions } from "./transport.js";
export { createTransport as createFetchTransport } from "./transport.portable.js";
export type * from "./types.js";
export {
  abortable,
  Background,
  type RetryPolicy,
  retry,
  SingleFlight,
  type Sleep,
  sleep,
  withDeadline,
} from "./wait.js";
export type { ConnectOptions } from "./world.js";
