/**
 * Signatures of the kinds of configs that are signed (docs/protocol/config.md §3, §12).
 *
 * @module
 */
import type { Crypto } from "../crypto/index.js";
import {
  type ConfigMessage,
  type ConfigSign,
  type ConfigVerify,
  parseMessage,
  signMessage,
} from "./message.js";
import type { ConfigSigning } from "./types.js";

/** Nothing for kinds that are not signed, and for devices that may not sign. */
export function signerOf(signing: ConfigSigning | undefined, crypto: Crypto): ConfigSign | undefined {
  const secretKey = signing?.secretKey;
  return secretKey && ((body) => crypto.ed25519Sign(body, secretKey));
}

export function verifierOf(signing: ConfigSigning | undefined, crypto: Crypto): ConfigVerify | undefined {
  const publicKey = signing?.publicKey;
  return publicKey && ((signature, body) => crypto.ed25519Verify(signature, body, publicKey));
}

/**
 * The message of a dump, whose signature was checked when it came. Dumps of the official clients' library lack the
 * signature of an own message, without which it would have another hash: it is made again.
 *
 * @throws `CONFIG_MALFORMED`
 */
export function loadMessage(bytes: Uint8Array, sign: ConfigSign | undefined, crypto: Crypto): ConfigMessage {
  const message = parseMessage(bytes, { crypto });
  const isComplete = sign === undefined || message.signed || message.seqno === 0n;
  return isComplete ? message : signMessage(message, sign, crypto);
}
