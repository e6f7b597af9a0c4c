/**
 * Communities: open rooms on community servers (docs/protocol/communities.md).
 *
 * An endpoint is a value, such as `recentMessages("lobby")`: a request and the way to read its reply. A connection
 * performs one (`server.run`) or several in one request (`server.batch`, `server.sequence`). What takes keys or several
 * steps is a function of a connection, such as `sendRoomMessage(server, "lobby", { text })`.
 *
 * ```ts
 * const link = parseCommunityLink(text);
 * const server = connectCommunity(network, link, { account });
 * await sendRoomMessage(server, link.token, { text: "hello" });
 * const { rooms } = await poll(server, { rooms: [{ token: link.token }] });
 * ```
 *
 * @module
 */
export { batchCall, type Outcomes, sequenceCall } from "./batch.js";
export type {
  CommunityCall,
  CommunityReply,
  CommunityRequest,
  Outcome,
  ReadContext,
  RequestBody,
} from "./call.js";
export {
  type CommunityFile,
  communityAttachment,
  communityFileId,
  communityFileUrl,
  cutToSize,
  downloadFile,
  MAX_COMMUNITY_FILE,
  type UploadOptions,
  uploadFile,
} from "./calls-files.js";
export {
  type DeletedEverywhere,
  deleteMessage,
  deleteUserMessages,
  deleteUserMessagesEverywhere,
  editMessage,
  MAX_PAGE,
  message,
  messagesBefore,
  messagesSince,
  type PageOptions,
  type PostedMessage,
  postMessage,
  recentMessages,
  type SignedMessage,
  type WhisperOptions,
} from "./calls-messages.js";
export {
  banUser,
  type ModerationScope,
  type PermissionChange,
  permissions,
  type RoleChange,
  type ScheduledPermissions,
  scheduledPermissions,
  schedulePermissions,
  setPermissions,
  setRole,
  type UserPermissions,
  unbanUser,
  userPermissions,
} from "./calls-moderation.js";
export {
  addReaction,
  type ReactionChange,
  type ReactionsRemoved,
  type Reactor,
  reactors,
  removeAllReactions,
  removeReaction,
} from "./calls-reactions.js";
export {
  type Capabilities,
  capabilities,
  type DefaultPermissions,
  type PinnedMessage,
  pinMessage,
  pollInfo,
  type Room,
  type RoomChanges,
  type RoomInfo,
  type RoomRights,
  requireCapabilities,
  room,
  rooms,
  type Unpinned,
  unpinMessage,
  updateRoom,
} from "./calls-rooms.js";
export {
  type CommunityContent,
  type CommunityText,
  type ContentOrigin,
  decodeCommunityContent,
  encodeCommunityContent,
  type OutgoingCommunityText,
} from "./content.js";
export type { CommunityErrorCode } from "./errors.js";
export type { CommunityNetwork } from "./exchange.js";
export {
  type BlindingKind,
  type CommunityAccount,
  type CommunityIdentity,
  communityIdentity,
} from "./identity.js";
export {
  clearInbox,
  decodeInboxItem,
  type InboxContext,
  type InboxItem,
  type InboxMessage,
  type InboxOptions,
  type InboxPage,
  type InboxResult,
  inbox,
  openInboxItem,
  outbox,
  postToInbox,
} from "./inbox.js";
export {
  type CommunityAddress,
  type CommunityLink,
  communityConversation,
  communityDestination,
  communityKey,
  formatCommunityLink,
  isRoomToken,
  isSameCommunity,
  OFFICIAL_COMMUNITY,
  parseBaseUrl,
  parseCommunityLink,
  parseServerKey,
} from "./link.js";
export { findMentions, mention } from "./mentions.js";
export { verifyCommunityMessage } from "./message-signature.js";
export { type PlainCommunityNetwork, type PlainNetworkOptions, plainCommunityNetwork } from "./plain.js";
export {
  catchUp,
  type PolledRoom,
  type PollRequest,
  type PollResult,
  poll,
  type RoomPosition,
} from "./poll.js";
export type { CommunityUserId } from "./read.js";
export {
  type RequestSigningContext,
  type SignableRequest,
  type SignedRequest,
  signRequest,
} from "./request-signing.js";
export {
  type Reaction,
  type RoomMessage,
  type RoomPage,
  type RoomUpdate,
  readReactions,
  readRow,
  type Whisper,
} from "./rows.js";
export {
  type BannedAndDeleted,
  banAndDelete,
  downloadAttachment,
  sealDirectMessage,
  sendDirectMessage,
  sendRoomEdit,
  sendRoomMessage,
  setRoomImage,
  signRoomMessage,
  type WriteOptions,
} from "./send.js";
export {
  type CommunityCallOptions,
  CommunityServer,
  type CommunityServerOptions,
  connectCommunity,
} from "./server.js";
