/**
 * Swarms: which nodes keep an account's messages, and every call of the storage RPC
 * (docs/protocol/swarm.md, docs/protocol/storage-server-behaviour.md).
 *
 * The pure half builds requests with their signatures and reads replies with theirs. The other half, {@link Swarms}
 * and the functions that take it first, sends them through a network with retries.
 *
 * @module
 */
export {
  type InfoResult,
  info,
  type OxendResult,
  oxendRequest,
  type ResolveNameOptions,
  resolveName,
} from "./anywhere.js";
export {
  type GroupAdminKeys,
  groupAdminAuth,
  type SigningAccount,
  type SubaccountKeys,
  type SwarmAuth,
  subaccountAuth,
  userAuth,
} from "./auth.js";
export {
  batchCall,
  deleteAllCall,
  deleteBeforeCall,
  deleteCall,
  expireAllCall,
  expireCall,
  getExpiriesCall,
  getSwarmCall,
  infoCall,
  rawCall,
  retrieveCall,
  revokedSubaccountsCall,
  revokeSubaccountCall,
  type SubResult,
  type SubResults,
  sequenceCall,
  storeCall,
  unrevokeSubaccountCall,
} from "./calls.js";
export { type SwarmErrorCode, statusError } from "./errors.js";
export { messageHash } from "./hash.js";
export { isMessageHash } from "./ids.js";
export * from "./manage.js";
export { batch, type ManyResult, sequence } from "./many.js";
export { INVALID_SWARM_ID, swarmFromPool, swarmIdFor, swarmSpace } from "./mapping.js";
export * from "./member-replies.js";
export * from "./meta-requests.js";
export {
  checkNamespace,
  isPublicInbox,
  isPublicOutbox,
  isUnrevocable,
  MAX_DATA_BYTES,
  MAX_INBOX_TTL_MS,
  MAX_TTL_MS,
  MIN_TTL_MS,
  maxSizeFractions,
  maxTtl,
  NAMESPACES,
  type NamespaceOrAll,
  namespaceText,
  retrieveNeedsSignature,
  storeNeedsSignature,
} from "./namespaces.js";
export * from "./node-signatures.js";
export * from "./replies.js";
export * from "./requests.js";
export * from "./signed-text.js";
export * from "./store.js";
export * from "./subaccount.js";
export { type RequestFactory, type SwarmCallOptions, Swarms, type SwarmsOptions } from "./swarms.js";
export type {
  ReplyContext,
  SwarmAnswer,
  SwarmCall,
  SwarmNetwork,
  SwarmNetworkCallOptions,
} from "./types.js";
