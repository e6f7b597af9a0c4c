/**
 * A real Session network on loopback, in one process: for tests, demos and first steps.
 *
 * Service nodes over HTTPS with onion requests, swarms, replication, signatures and limits as storage servers have them
 * (docs/protocol/storage-server-behaviour.md), a seed node, and faults to switch on. Node only.
 *
 * @module
 */
export { startCommunityServer } from "./community-server.js";
export type {
  CommunityAnswer,
  CommunityDefaults,
  CommunityExchange,
  CommunityIntercept,
  CommunityKeys,
  CommunityPost,
  CommunityRoomOptions,
  CommunityServerOptions,
  PostLimit,
  TestnetCommunity,
} from "./community-types.js";
export type { TestnetErrorCode } from "./errors.js";
export type { TestRelease, TestReleases } from "./file-routes.js";
export { type FileServerOptions, startFileServer, type TestFileServer } from "./file-server.js";
export type { StoredFile } from "./file-store.js";
export { startTestnet } from "./testnet.js";
export type {
  Garbage,
  NodeCounters,
  NodeFaults,
  RateLimit,
  StoredMessage,
  Testnet,
  TestnetEvent,
  TestnetNode,
  TestnetNodeKeys,
  TestnetOptions,
  TestnetTimeouts,
} from "./types.js";
