/**
 * Bytes that look random and follow from a seed: libsodium's `randombytes_buf_deterministic`, the ChaCha20-IETF
 * keystream of key `seed`, nonce `LibsodiumDRG` and counter 0 (docs/protocol/groups.md §6.2).
 *
 * @module
 */
import { chacha20 } from "@noble/ciphers/chacha.js";
import { utf8ToBytes } from "../bytes/index.js";
import { requireLength } from "./checks.js";

const NONCE: Uint8Array = /* @__PURE__ */ utf8ToBytes("LibsodiumDRG");

/**
 * `length` bytes that everybody with `seed` can compute. Not for keys: use it where two parties must write equal junk.
 *
 * @param seed - 32 bytes
 * @throws `CRYPTO_INVALID_LENGTH`
 */
export function deterministicBytes(seed: Uint8Array, length: number): Uint8Array {
  requireLength(seed, 32, "a seed");
  return chacha20(seed, NONCE, new Uint8Array(length));
}
