/**
 * The front door: a client, accounts and networks. Every room has a door of its own too, `session-messenger-sdk/<room>`.
 *
 * @module
 */
export {
  Client,
  type ClientErrorCode,
  type ClientEvents,
  type ClientOptions,
  type Group,
  type Logger,
  type MessageContent,
  type PollingOptions,
  type PollReport,
  type ReceivedMessage,
  type ReceivedText,
  type Room,
  type RoomSendResult,
  type SendResult,
} from "./client/index.js";
export { isSessionError, SessionError } from "./errors/index.js";
export type { Attachment } from "./files/index.js";
export {
  type Account,
  createAccount,
  type GroupId,
  restoreAccount,
  type SessionId,
} from "./identity/index.js";
export type { MessageReference } from "./messages/index.js";
export {
  type CustomNetworkOptions,
  customNetwork,
  mainnet,
  type NetworkConfig,
  type ServiceNode,
} from "./network/index.js";
