export { createTransport } from "#transport";
export {
  type CustomNetworkOptions,
  customNetwork,
  type NetworkConfig,
  type NetworkIntervals,
  type NetworkSettings,
  type NetworkTimeouts,
  type SeedNode,
} from "./config.js";
export { mainnet } from "./mainnet.js";
export type { TransportFactory, TransportOptions } from "./transport.js";
export { createTransport as createFetchTransport } from "./transport.portable.js";
export type * from "./types.js";
