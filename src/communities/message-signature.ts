/**
 * Signatures of room messages, over the padded data (docs/protocol/communities.md §6). Servers check only their length.
 *
 * ```text
 * 15, 25   Ed25519 under the key in the id
 * 05       XEd25519; some signers put the sign bit of the Ed25519 key in the top bit of the signature
 * ```
 *
 * @module
 */
import { type Crypto, defaultCrypto, xed25519PublicKey } from "../crypto/index.js";
import { isSessionError } from "../errors/index.js";
import { idPublicKey, isBlindedId, isSessionId } from "../identity/index.js";

/** Whether `signature` is `author`'s for `data`. False for whatever is not a signature or not an author. */
export function verifyCommunityMessage(
  author: string,
  data: Uint8Array,
  signature: Uint8Array,
  crypto: Crypto = defaultCrypto,
): boolean {
  if (signature.length !== 64) return false;
  if (isBlindedId(author)) return crypto.ed25519Verify(signature, data, idPublicKey(author));
  if (!isSessionId(author)) return false;
  const sign = (signature[63] as number) & 0x80;
  const plain = signature.slice();
  plain[63] = (signature[63] as number) & 0x7f;
  try {
    const key = xed25519PublicKey(idPublicKey(author)).slice();
    key[31] = (key[31] as number) | sign;
    return crypto.ed25519Verify(plain, data, key);
  } catch (error) {
    // An X25519 key that no Ed25519 key belongs to.
    if (isSessionError(error)) return false;
    throw error;
  }
}
