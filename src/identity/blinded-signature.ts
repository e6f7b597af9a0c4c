/**
 * Signatures with blinded keys: ordinary Ed25519 signatures under the key in the blinded id, made from a scalar that
 * has no seed (docs/protocol/communities.md §5). Deterministic.
 *
 * ```
 * R = r·B     S = r + SHA-512(R ‖ K ‖ M)·s mod L     signature = R ‖ S
 *
 * version 1:  r = SHA-512(SHA-512(secret key)[32..64) ‖ K ‖ M) mod L                   (64-byte secret key)
 * version 2:  r = BLAKE2b-64(BLAKE2b-32(seed, key "SessCommBlind25_seed") ‖ K ‖ M, key "SessCommBlind25_sig") mod L
 * ```
 *
 * @module
 */
import { concatBytes, utf8ToBytes } from "../bytes/index.js";
import { type Crypto, defaultCrypto } from "../crypto/index.js";
import { type BlindedKeyPair, blind15KeyPair, blind25KeyPair, ed25519Pair } from "./blinding.js";

/**
 * Signs `message` as a first-version id. 64 bytes.
 *
 * @param secretKey - the account's 64-byte Ed25519 secret key, or its 32-byte seed
 * @throws `KEY_INVALID`
 */
export function blind15Sign(
  secretKey: Uint8Array,
  serverPublicKey: Uint8Array,
  message: Uint8Array,
  crypto: Crypto = defaultCrypto,
): Uint8Array {
  return blindedSign(blind15KeyPair(secretKey, serverPublicKey, crypto), secretKey, message, crypto);
}

/** Signs `message` as a second-version id. As {@link blind15Sign}. */
export function blind25Sign(
  secretKey: Uint8Array,
  serverPublicKey: Uint8Array,
  message: Uint8Array,
  crypto: Crypto = defaultCrypto,
): Uint8Array {
  return blindedSign(blind25KeyPair(secretKey, serverPublicKey, crypto), secretKey, message, crypto);
}

/**
 * Signs `message` with blinded keys at hand, for whoever signs often on one server.
 *
 * @param keys - from `blind15KeyPair` or `blind25KeyPair`
 * @param secretKey - the account's own Ed25519 secret key, which the nonce is drawn from
 */
export function blindedSign(
  keys: BlindedKeyPair,
  secretKey: Uint8Array,
  message: Uint8Array,
  crypto: Crypto = defaultCrypto,
): Uint8Array {
  const own = ed25519Pair(secretKey, crypto).secretKey;
  const nonceHash = keys.id.startsWith("15") ? blind15NonceHash : blind25NonceHash;
  const nonce = crypto.scalarReduce(nonceHash(own, concatBytes(keys.publicKey, message), crypto));
  const commitment = crypto.pointMultiplyBase(nonce);
  const challenge = crypto.scalarReduce(crypto.sha512(concatBytes(commitment, keys.publicKey, message)));
  return concatBytes(commitment, crypto.scalarAdd(nonce, crypto.scalarMultiply(challenge, keys.secretKey)));
}

/** libsession hashes all 64 bytes of the secret key here; others hash the seed. Only the nonce differs. */
function blind15NonceHash(secretKey: Uint8Array, input: Uint8Array, crypto: Crypto): Uint8Array {
  const prefix = crypto.sha512(secretKey).subarray(32);
  return crypto.sha512(concatBytes(prefix, input));
}

function blind25NonceHash(secretKey: Uint8Array, input: Uint8Array, crypto: Crypto): Uint8Array {
  const seed = secretKey.subarray(0, 32);
  const prefix = crypto.blake2b(seed, { size: 32, key: utf8ToBytes("SessCommBlind25_seed") });
  return crypto.blake2b(concatBytes(prefix, input), { size: 64, key: utf8ToBytes("SessCommBlind25_sig") });
}
