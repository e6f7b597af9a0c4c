/**
 * The message hash (docs/protocol/swarm.md §6):
 * base64 without padding of BLAKE2b-256(prefix byte ‖ 32 key bytes ‖ namespace text ‖ data).
 *
 * Time is not in it: the same data in the same box is the same message.
 *
 * @module
 */
import { bytesToBase64, concatBytes, utf8ToBytes } from "../bytes/index.js";
import { type Crypto, defaultCrypto } from "../crypto/index.js";
import { accountBytes } from "./ids.js";
import { namespaceText } from "./namespaces.js";

/**
 * The 43-character hash by which servers know a message.
 *
 * @param pubkey - 66-digit id of the account that it is stored for
 * @param data - the stored bytes, not their base64
 * @throws `INVALID_ARGUMENT`
 */
export function messageHash(
  pubkey: string,
  namespace: number,
  data: Uint8Array,
  crypto: Crypto = defaultCrypto,
): string {
  const input = concatBytes(accountBytes(pubkey), utf8ToBytes(namespaceText(namespace)), data);
  return bytesToBase64(crypto.blake2b(input, { size: 32 }), { padding: false });
}
