/**
 * Config messages (docs/protocol/config.md): what the devices of an account share, and how it is merged.
 *
 * The four configs of an account are classes; the engine under them and its layers are here too. All of it is pure: time,
 * cryptography and compression are arguments, and nothing is sent or stored.
 *
 * @module
 */
export { ConfigBase } from "./base.js";
export type { BlindedContact, BlindedContactChange, BlindedContactFields } from "./blinded-contact.js";
export { asDict, changedKeys, differs, joinChanges, mapChanges } from "./changes.js";
export { checkName, checkPicture, checkSeconds, checkText, checkTimer } from "./checks.js";
export {
  type CommunityRoom,
  type CommunityServer,
  canonicalBaseUrl,
  decodeServerKey,
  formatCommunityUrl,
  isCommunityRoom,
  joinServerAddress,
  parseCommunityUrl,
  type ServerAddressParts,
  splitServerAddress,
} from "./community-address.js";
export { type Compress, compressConfig } from "./compress.js";
export { platformCompressor } from "./compressor.js";
export type { ContactFields, ContactNotifications } from "./contact-entry.js";
export { type Contact, Contacts, type ContactsChanges } from "./contacts.js";
export type {
  ConversationFields,
  ConversationId,
  ConversationKind,
  ConversationPro,
} from "./conversation-entry.js";
export { type Conversation, ConvoInfoVolatile } from "./convo-info-volatile.js";
export {
  type ConfigDict,
  type ConfigPath,
  type ConfigScalar,
  type ConfigSet,
  type ConfigValue,
  isDict,
} from "./data.js";
export type { ConfigChange, ConfigDiff, SetChange } from "./diff.js";
export { diffDicts } from "./diff.js";
export type { ConfigState } from "./dump.js";
export {
  type ConfigKey,
  decryptConfig,
  encryptConfig,
  padConfig,
  paddedConfigLength,
  unpadConfig,
} from "./encrypt.js";
export type { ConfigErrorCode } from "./errors.js";
export {
  binaryToId,
  binaryToText,
  type Entry,
  idToBinary,
  putFlag,
  putName,
  putPicture,
  putPositive,
  readBinary,
  readFlag,
  readName,
  readPicture,
  readPositive,
  readSeconds,
  settleName,
  settlePicture,
  textToBinary,
  truncateUtf8,
} from "./fields.js";
export type {
  GroupBase,
  GroupChange,
  GroupFields,
  GroupNotifications,
  GroupRemoval,
  LegacyGroupFields,
} from "./group-entries.js";
export {
  CONFIG_TTL_MS,
  MAX_CONFIG_BYTES,
  MAX_DECOMPRESSED_BYTES,
  MAX_NAME_BYTES,
  MAX_PICTURE_URL_BYTES,
  MAX_STORED_BYTES,
} from "./limits.js";
export { type ConfigMessage, type LaggedDiff, parseMessage } from "./message.js";
export { type ConfigPart, parsePart, splitConfig } from "./multipart.js";
export type { ProCredential } from "./pro-credential.js";
export { unpackConfig } from "./seal.js";
export type {
  ConfigKind,
  ConfigOptions,
  ConfigPush,
  ConfigSecrets,
  ConfigSigning,
  IgnoredConfig,
  ListChanges,
  MergeResult,
  StoredConfig,
} from "./types.js";
export {
  type Community,
  type CommunityName,
  type Group,
  type LegacyGroup,
  UserGroups,
  type UserGroupsChanges,
} from "./user-groups.js";
export { type ProfileField, type ProState, UserProfile } from "./user-profile.js";
export type { ConfigAccount } from "./user-secrets.js";
export { unwrapConfig, type WrapContext, wrapConfig } from "./wrap.js";
export { zstdDecompress } from "./zstd-decompress.js";
