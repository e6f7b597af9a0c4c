/**
 * Removal notices (docs/protocol/groups.md §12): what tells a removed member so. They lie in namespace -11, the only one
 * that a revoked token still reads, in the simple container of multi-recipient encryption.
 *
 * ```
 * plaintext = member's X25519 key (32) ‖ decimal generation of the group's key before the removal
 * ```
 *
 * @module
 */
import { bytesToBinaryString, concatBytes, equalBytes, utf8ToBytes } from "../bytes/index.js";
import {
  type Crypto,
  decryptForMultipleSimple,
  defaultCrypto,
  type Ed25519KeyPair,
  encryptForMultipleSimple,
  type X25519KeyPair,
  x25519KeyPairFromEd25519,
} from "../crypto/index.js";
import { isSessionError } from "../errors/index.js";
import { type GroupId, idPublicKey, isSessionId, type SessionId } from "../identity/index.js";
import { groupError } from "./errors.js";

const DOMAIN = "SessionGroupKickedMessage";

/**
 * One notice for all `members`, bytes for namespace -11.
 *
 * @param generation - of the newest confirmed key, before the rekey that shuts them out
 * @param options - `nonce` (24 bytes) only for reproducible output
 * @throws `GROUP_INVALID_MEMBER`
 */
export function buildRemovalNotice(
  groupKey: Ed25519KeyPair,
  members: readonly SessionId[],
  generation: number,
  options: { readonly nonce?: Uint8Array | undefined } = {},
  crypto: Crypto = defaultCrypto,
): Uint8Array {
  if (members.length === 0 || !members.every(isSessionId))
    throw groupError("GROUP_INVALID_MEMBER", "a notice is for members with account ids");
  if (!Number.isSafeInteger(generation) || generation < 0)
    throw groupError("GROUP_INVALID_VALUE", "a generation is a whole number from 0", {
      details: { generation },
    });
  const keys = members.map(idPublicKey);
  const suffix = utf8ToBytes(String(generation));
  const sender = x25519KeyPairFromEd25519(groupKey.secretKey, crypto);
  return encryptForMultipleSimple(
    keys.map((key) => concatBytes(key, suffix)),
    keys,
    { ...options, sender, domain: DOMAIN, ignoreInvalid: true },
    crypto,
  );
}

/**
 * Reads a notice of namespace -11.
 *
 * @returns the generation up to which the reader was a member, or undefined when the notice is not for this reader.
 * The reader was removed if it is not lower than the generation of its newest key; a lower one is from before it came
 * back.
 */
export function readRemovalNotice(
  data: Uint8Array,
  groupId: GroupId,
  member: X25519KeyPair,
  crypto: Crypto = defaultCrypto,
): number | undefined {
  const plaintext = open(data, groupId, member, crypto);
  if (plaintext === undefined || !equalBytes(plaintext.subarray(0, 32), member.publicKey)) return undefined;
  const digits = bytesToBinaryString(plaintext.subarray(32));
  return /^[0-9]{1,15}$/.test(digits) ? Number(digits) : undefined;
}

function open(
  data: Uint8Array,
  groupId: GroupId,
  recipient: X25519KeyPair,
  crypto: Crypto,
): Uint8Array | undefined {
  try {
    const sender = crypto.ed25519PublicKeyToX25519(idPublicKey(groupId));
    return decryptForMultipleSimple(data, { recipient, sender, domain: DOMAIN }, crypto);
  } catch (cause) {
    if (!isSessionError(cause)) throw cause;
    return undefined;
  }
}
