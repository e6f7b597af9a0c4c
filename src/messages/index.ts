/**
 * Messages (docs/protocol/messages.md): what apps say to each other, and how it becomes bytes in a swarm.
 *
 * `encodeMessage` and `decodeMessage` do a whole one-to-one message; the layers under them are here too. All of it is
 * pure: time, state and cryptography are arguments.
 *
 * @module
 */
export {
  type BlindedDecryptionParties,
  type BlindedEncryptionParties,
  decryptFromBlinded,
  encryptForBlinded,
} from "./blinded-encryption.js";
export { buildContent, type ContentContext, messageTtl } from "./build-content.js";
export { decodeContent, encodeContent, isUnknownKind, onlyFirstPart } from "./content.js";
export { type DecodeContext, decodeMessage, type StoredItem } from "./decode.js";
export { type EncodeContext, encodeMessage, encodeSyncCopy, needsSyncCopy } from "./encode.js";
export {
  type DirectEnvelope,
  decoyProSignature,
  directEnvelope,
  unwrapEnvelope,
  wrapEnvelope,
} from "./envelope.js";
export type { MessageErrorCode } from "./errors.js";
export {
  type CopyFor,
  EXPIRATION_OFF,
  type Expiration,
  type ExpirationFields,
  expirationFields,
  expiringTtl,
  fromReading,
  readExpiration,
} from "./expiration.js";
export type * from "./incoming.js";
export {
  COMMUNITY_CLOCK_TOLERANCE_MS,
  MAX_ATTACHMENTS,
  MAX_EMOJI_LENGTH,
  MAX_NAME_BYTES,
  MESSAGE_TTL_MS,
  PADDING_BLOCK,
  TEXT_LIMIT,
  TEXT_LIMIT_PRO,
} from "./limits.js";
export { hasLink } from "./links.js";
export { checkName, countCodePoints, cutToCodePoints, displayableName, prepareName } from "./names.js";
export type * from "./outgoing.js";
export { paddedLength, padMessage, unpadMessage } from "./padding.js";
export {
  type ProCredential,
  type ProInput,
  type ProStatus,
  proProofLayout,
  readPro,
  withPro,
} from "./pro.js";
export {
  isNewerProfile,
  type Profile,
  type ProfileFields,
  type ProfilePicture,
  profileFields,
  readProfile,
} from "./profile.js";
export { decryptPushPayload } from "./push.js";
export { readContent } from "./read-content.js";
export { kindRules, senderRules, type ValidationRule, validate } from "./rules.js";
export {
  type DecryptedMessage,
  decryptFromSender,
  type EncryptionParties,
  encryptForRecipient,
  encryptForRecipientDeterministic,
  type RecipientKey,
  type SenderKey,
  signForRecipient,
} from "./session-encryption.js";
export { nextTimestamp, toTimestamp } from "./timestamps.js";
export type * from "./validation.js";
