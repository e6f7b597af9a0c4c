/**
 * What Session puts into QR codes, as text (docs/protocol/identity.md §7): the plain Session ID, the seed in
 * hexadecimal, and community join links. Drawing is `session-messenger-sdk/identity/qr`.
 *
 * @module
 */
import { bytesToHex, hexToBytes } from "../bytes/index.js";
import { isSessionError, SessionError } from "../errors/index.js";
import type { IdentityErrorCode } from "./errors.js";
import { isSessionId, parseSessionId, type SessionId } from "./ids.js";
import { type DecodePhraseOptions, decodeRecoveryPhrase } from "./recovery-phrase.js";
import { canonicalSeed } from "./seed.js";

/** What a scanned text is. */
export type QrPayload =
  /** Somebody's Session ID. */
  | { readonly kind: "session-id"; readonly id: SessionId }
  /** A community join link, as scanned; its parts are the communities' to judge. */
  | { readonly kind: "community"; readonly url: string }
  /** An account's secret, as phrase or seed: 16 or 32 bytes for `restoreAccount`. */
  | { readonly kind: "seed"; readonly seed: Uint8Array };

const COMMUNITY_LINK = /^https?:\/\/[^\s/?#]+\/(?:r\/)?[\w-]{1,64}\/?\?public_key=[0-9a-f]{64}$/i;
const SEED = /^(?:[0-9a-f]{32}){1,2}$/i;

/** The text of an account's own QR code: its Session ID. @throws `ID_INVALID` */
export function encodeQrPayload(id: SessionId): string {
  return parseSessionId(id);
}

/** The text of a recovery QR code: the seed in hexadecimal. It is the account: show it to its owner alone. @throws `SEED_INVALID` */
export function encodeRecoveryQrPayload(seed: Uint8Array): string {
  return bytesToHex(canonicalSeed(seed));
}

/**
 * Recognises a scanned text.
 *
 * @param options - languages of a phrase; default English
 * @throws `QR_UNKNOWN`; its `cause` is the phrase error if the text might have been a phrase
 */
export function parseQrPayload(text: string, options: DecodePhraseOptions = {}): QrPayload {
  const content = typeof text === "string" ? text.trim() : "";
  if (COMMUNITY_LINK.test(content)) return { kind: "community", url: content };
  const id = content.toLowerCase();
  if (isSessionId(id)) return { kind: "session-id", id };
  // Apps try the phrase first. 32 digits are too short for one, and 64 random digits are not one by any real chance.
  if (SEED.test(content)) return { kind: "seed", seed: canonicalSeed(hexToBytes(content)) };
  try {
    return { kind: "seed", seed: decodeRecoveryPhrase(content, options) };
  } catch (cause) {
    if (!isSessionError(cause)) throw cause;
    throw new SessionError<IdentityErrorCode>("QR_UNKNOWN", "the code holds nothing that Session knows", {
      cause,
    });
  }
}
