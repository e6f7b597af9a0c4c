/**
 * Onion requests: layered encryption over a path of service nodes (docs/protocol/onion.md).
 *
 * The client's half builds requests and opens replies; the node's half peels layers and seals replies. All functions
 * are pure and synchronous.
 *
 * @module
 */
export {
  buildOnionRequest,
  type ClientEncType,
  MAX_ONION_HOPS,
  type OnionDestination,
  type OnionHop,
  type OnionReplyKeys,
  type OnionRequest,
  type OnionRequestOptions,
  onionReplyKeys,
} from "./build.js";
export type { OnionErrorCode } from "./errors.js";
export {
  clientLayerSecret,
  decryptLayer,
  type EncType,
  encryptLayer,
  type LayerSecret,
  nodeLayerSecret,
  parseEncType,
} from "./layer.js";
export {
  checkHopNumber,
  type OnionLayer,
  type OnionRefusal,
  onionRefusal,
  openServerRequest,
  type ParsedOnionRequest,
  type PeeledLayer,
  parseOnionRequest,
  peelOnionLayer,
  sealNodeReply,
  sealOnionReply,
} from "./node.js";
export { MAX_ONION_BODY, packPayload, type UnpackedPayload, unpackPayload } from "./pack.js";
export {
  decryptOnionReply,
  MAX_ONION_REPLY,
  type NodeReply,
  openNodeReply,
  openServerReply,
} from "./reply.js";
export { encodeRpcPayload, type RpcCall } from "./rpc.js";
export {
  decodeV4Reply,
  decodeV4Request,
  encodeV4Reply,
  encodeV4Request,
  type V4Reply,
  type V4Request,
} from "./v4.js";
