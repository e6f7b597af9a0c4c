/**
 * Closed groups (docs/protocol/groups.md, legacy-groups.md): keys, info and members as mergeable state, messages,
 * control messages, and the tokens that let members use the group's swarm. All of it is pure: it makes and reads bytes,
 * and leaves storing them to others.
 *
 * @module
 */
export {
  type AdminContext,
  type ContentToDelete,
  deleteContentMessage,
  followsTimer,
  type InfoChange,
  infoChangeMessage,
  inviteMessage,
  inviteResponse,
  type MemberChange,
  memberChangeMessage,
  memberLeftMessage,
  memberLeftNotice,
  promoteMessage,
} from "./control-build.js";
export type { ControlRefusal, RefusedControl } from "./control-checks.js";
export {
  type DeleteContent,
  type GroupControl,
  type GroupControlContext,
  readGroupControl,
} from "./control-read.js";
export {
  decodeGroupMessage,
  type GroupDecodeContext,
  type GroupDecodeResult,
  type GroupRuleId,
  type GroupRuleReason,
  type IncomingGroupMessage,
} from "./decode.js";
export {
  type EncodedGroupMessage,
  encodeGroupMessage,
  GROUP_MESSAGES_NAMESPACE,
  type GroupEncodeContext,
  type OutgoingGroupMessage,
} from "./encode.js";
export type { GroupErrorCode } from "./errors.js";
export { GroupConfig } from "./group-config.js";
export { type CreateGroupKeyOptions, createGroupKey, groupIdOf, groupKeyFromSeed } from "./group-key.js";
export { GroupState, type GroupStateDump, type GroupStateOptions } from "./group-state.js";
export { type GroupDetails, type GroupDetailsChange, GroupInfo } from "./info.js";
export {
  type GroupInvitation,
  type GroupStanding,
  type InvitationContext,
  readInvitation,
} from "./invitation-read.js";
export {
  GroupKeys,
  type GroupKeysOptions,
  type GroupReader,
  type LoadedKeys,
  type StoredKeysMessage,
} from "./keys.js";
export {
  buildRekeyMessage,
  buildSupplementMessage,
  type GroupKey,
  type RekeyMessage,
} from "./keys-build.js";
export { type KeysReader, type KeysRefusal, type OpenedKeys, openKeysMessage } from "./keys-open.js";
export { decodeLegacyControl, encodeLegacyControl, type LegacyControl } from "./legacy/control.js";
export {
  decodeLegacyGroupItem,
  type IncomingLegacyGroupMessage,
  type LegacyDecodeContext,
  type LegacyDecodeResult,
  type LegacyDrop,
} from "./legacy/decode.js";
export {
  createLegacyGroupId,
  createLegacyKeyPair,
  type LegacyKeyOptions,
  legacyIdBytes,
  legacyIdFrom,
  unwrapLegacyKeyPair,
  wrapLegacyKeyPair,
} from "./legacy/keys.js";
export {
  decodeLegacyGroupMessage,
  encodeLegacyGroupMessage,
  LEGACY_GROUP_NAMESPACE,
  type LegacyEncodeContext,
  type LegacyGroupMessage,
} from "./legacy/message.js";
export {
  applyLegacyControl,
  type LegacyControlContext,
  type LegacyGroupState,
  type LegacyRefusal,
  type LegacyStep,
} from "./legacy/state.js";
export {
  GROUP_MESSAGE_PADDING,
  GROUP_TTL_MS,
  KEY_EXPIRY_MS,
  KEYS_MESSAGE_MULTIPLE,
  MAX_GENERATION,
  MAX_GROUP_DESCRIPTION_BYTES,
  MAX_GROUP_MEMBERS,
  MAX_GROUP_MESSAGE_BYTES,
  MAX_GROUP_NAME_BYTES,
  MAX_KEYS_MESSAGE_BYTES,
} from "./limits.js";
export type { MemberFlagChange, MemberFlags, MemberStatus } from "./member-status.js";
export { type GroupMember, GroupMembers, type MemberUpdate } from "./members.js";
export {
  type DecryptedGroupMessage,
  decryptGroupMessage,
  encryptGroupMessage,
  type GroupDecryptOptions,
  type GroupEncryptOptions,
  type GroupMessageRefusal,
} from "./message-encryption.js";
export { buildRemovalNotice, readRemovalNotice } from "./removal-notice.js";
export {
  AUTH_DATA_BYTES,
  GROUP_ACCESS,
  type GroupMemberSigner,
  isValidAuthData,
  MEMBER_ACCESS,
  memberSigner,
  subaccountAuthData,
  subaccountToken,
} from "./subaccount.js";
