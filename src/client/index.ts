/**
 * The client: one account on one network with one store, that sends and receives and loses nothing.
 *
 * @module
 */
export type { AccountSettings, SettingsChanges, SharedSettings } from "./account-settings.js";
export type { Calls } from "./calls.js";
export { offerSdp } from "./calls.js";
export { Client, type StreamOptions } from "./client.js";
export type { Communities, JoinOptions, ServerOptions } from "./communities/communities.js";
export type { DirectSent } from "./communities/direct.js";
export type {
  IdentifiedContact,
  InboxText,
  RoomChange,
  RoomDeletion,
  RoomEdit,
  RoomReactions,
  RoomText,
} from "./communities/messages.js";
export type { Room, RoomSendResult, RoomSendSettings } from "./communities/room.js";
export type { RoomMessageTarget } from "./communities/room-base.js";
export type { BanOptions, BanScope, RoleOptions } from "./communities/room-moderation.js";
export type { RoomChanges } from "./communities/room-reading.js";
export type { Contact } from "./contact-state.js";
export type { Contacts, ProfileChanges } from "./contacts.js";
export type { MessageContent, OutgoingPreview } from "./content.js";
export type { Conversation, Conversations, NotificationSetting } from "./conversations.js";
export type { UnsendResult } from "./deleting.js";
export type { ClientErrorCode } from "./errors.js";
export type {
  ClientEvents,
  ConfigChange,
  ConfigName,
  DisappearedMessage,
  DroppedItem,
  Handler,
  MessageEvents,
  PlainEvents,
  PollReport,
  ProfileChange,
  SentMessage,
  TypingChange,
  UnsupportedItem,
} from "./events.js";
export type { DownloadSettings, UploadProgress, UploadSettings } from "./files.js";
export type { NewGroup } from "./groups/create.js";
export type { GroupMessagesToDelete } from "./groups/delete-messages.js";
export type { DeletedMessage, GroupEvent, GroupInvite } from "./groups/events.js";
export type { Group, ListedMember } from "./groups/group.js";
export type { Groups } from "./groups/groups.js";
export type { GroupNotice } from "./groups/incoming-control.js";
export type { PendingInvitation } from "./groups/invitations.js";
export type { InviteOptions, InviteResult } from "./groups/invite.js";
export type { LeaveOptions } from "./groups/leave.js";
export type { NewLegacyGroup } from "./groups/legacy/actions.js";
export type { LegacyGroupEvent } from "./groups/legacy/events.js";
export type {
  LegacyGroup,
  LegacyGroupMember,
  LegacyGroups,
  LegacyStanding,
} from "./groups/legacy/legacy-groups.js";
export type { RemoveOptions } from "./groups/remove.js";
export type { GroupSendOptions } from "./groups/sending.js";
export { type LogFacts, type Logger, redact } from "./logger.js";
export type { DisappearingSetting } from "./notices.js";
export type { ClientOptions } from "./open.js";
export type { FileContent, FileData, OutgoingAttachment, OutgoingVoice } from "./outgoing-files.js";
export type { OwnProfile } from "./own-profile.js";
export type { PollingOptions } from "./poll-loop.js";
export type { Stored, StoredAt } from "./ports.js";
export type { ReadMessages, ReadResult } from "./reading.js";
export type {
  DirectMessage,
  GroupMessage,
  LegacyGroupMessage,
  ReceivedGroupText,
  ReceivedMessage,
  ReceivedPreview,
  ReceivedRoomMessage,
  ReceivedRoomText,
  ReceivedText,
  RoomAttachment,
} from "./received.js";
export type { MessageTarget } from "./targets.js";
export type { Timers } from "./timers.js";
export type { SendResult, Sent } from "./transmit.js";
export type { Typing } from "./typing.js";
export { VERSION } from "./version.js";
