/**
 * Attachments, avatars and the file server (docs/protocol/attachments.md).
 *
 * @module
 */
export {
  type Attachment,
  type AttachmentScheme,
  attachmentFromPointer,
  attachmentToPointer,
  VOICE_MESSAGE_FLAG,
} from "./attachment.js";
export {
  type AttachmentSecrets,
  type ByteSource,
  type DecryptStreamOptions,
  decryptAttachment,
  decryptAttachmentStream,
  type EncryptedFile,
  type EncryptOptions,
  encryptAttachment,
  encryptAttachmentStream,
  type FileSecrets,
} from "./attachment-crypto.js";
export {
  type AvatarOptions,
  decryptAvatar,
  decryptAvatarGcm,
  type EncryptedAvatar,
  encryptAvatar,
  encryptAvatarGcm,
  type GcmOptions,
} from "./avatar.js";
export type { CorruptReason, FileErrorCode } from "./errors.js";
export type { FileCallOptions, FileNetwork } from "./exchange.js";
export { displayFileName, safeFileName } from "./file-name.js";
export {
  type DownloadOptions,
  downloadFile,
  extendFile,
  type FileInfo,
  type FileUrlOptions,
  fileInfo,
  type UploadedFile,
  type UploadOptions,
  uploadFile,
} from "./file-server.js";
export {
  decryptLegacy,
  encryptLegacy,
  type LegacyEncryptOptions,
  type LegacyPointer,
  type LegacySecrets,
  legacyPaddedSize,
} from "./legacy.js";
export { MAX_FILE_SIZE, MAX_STREAM_ENCRYPTED_SIZE, MAX_STREAM_FILE_SIZE } from "./limits.js";
export type { FileProgress, FileProgressListener } from "./progress.js";
export {
  defaultFileServer,
  type FileServer,
  fileServerDestinations,
  fileServerOf,
  knownFileServers,
  potatoFileServer,
  testnetFileServer,
  writtenServerKey,
} from "./servers.js";
export {
  type ReleaseInfo,
  sessionVersion,
  type VersionInfo,
  type VersionOptions,
} from "./session-version.js";
export { decryptStream, encryptStream, type StreamDomain, type StreamEncryptOptions } from "./stream.js";
export { streamEncryptedSize, streamPadding } from "./stream-padding.js";
export {
  type DownloadAttachmentOptions,
  downloadAttachment,
  downloadAvatar,
  type OutgoingFile,
  type UploadAttachmentOptions,
  uploadAttachment,
  uploadAvatar,
} from "./transfer.js";
export {
  type FileUrl,
  type FileUrlParts,
  formatFileUrl,
  isStreamUrl,
  numericFileId,
  parseFileUrl,
} from "./url.js";
