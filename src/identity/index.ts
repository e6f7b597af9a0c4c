/**
 * Who somebody is: seed and recovery phrase, account keys, ids of every kind, blinded ids, QR contents and registered
 * names (docs/protocol/identity.md). Pure functions; randomness and cryptography are arguments with defaults.
 *
 * @module
 */
export {
  type Account,
  accountFromSeed,
  type CreateAccountOptions,
  createAccount,
  type RestoreAccountOptions,
  restoreAccount,
} from "./account.js";
export { blind15Sign, blind25Sign, blindedSign } from "./blinded-signature.js";
export {
  type Blind15Ids,
  type BlindedKeyPair,
  blind15Factor,
  blind15IdFromEd25519,
  blind15Ids,
  blind15KeyPair,
  blind25Factor,
  blind25Id,
  blind25IdFromEd25519,
  blind25KeyPair,
  matchesBlindedId,
} from "./blinding.js";
export type { IdentityErrorCode } from "./errors.js";
export { checkIdKey, sessionIdFromEd25519 } from "./id-keys.js";
export {
  type AnyId,
  type BlindedId,
  type BlindedId15,
  type BlindedId25,
  type GroupId,
  type IdByPrefix,
  type IdPrefix,
  idFromPublicKey,
  idPrefix,
  idPublicKey,
  isBlindedId,
  isGroupId,
  isParticipantId,
  isSessionId,
  type ParticipantId,
  parseBlindedId,
  parseGroupId,
  parseHistoricId,
  parseId,
  parseParticipantId,
  parseSessionId,
  type SessionId,
  sessionIdFromX25519,
  shortId,
  type UnblindedId,
  type VersionKeyId,
} from "./ids.js";
export { decryptNameValue, type NameValue, nameDecryptionKey, nameHash, parseName } from "./names.js";
export { encodeQrPayload, encodeRecoveryQrPayload, parseQrPayload, type QrPayload } from "./qr-payload.js";
export { type DecodePhraseOptions, decodeRecoveryPhrase, encodeRecoveryPhrase } from "./recovery-phrase.js";
export {
  blindVersionKeyPair,
  blindVersionSign,
  blindVersionSignRequest,
  type VersionKeyPair,
  type VersionPlatform,
  type VersionRequest,
} from "./version-key.js";
export type { Wordlist } from "./wordlist.js";
export { english } from "./words-english.js";
