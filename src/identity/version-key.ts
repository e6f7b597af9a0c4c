/**
 * The `07` key: an Ed25519 key of its own with which an account asks the file server for the newest app version
 * without showing who it is (docs/protocol/attachments.md §6.4).
 *
 * ```
 * seed = BLAKE2b-32(account's 32-byte seed, key "VersionCheckKey_sig")
 * signed: ASCII unix seconds ‖ METHOD ‖ path with query ‖ raw body
 * ```
 *
 * Secret keys are given as 64 bytes (seed ‖ public key) or as the 32-byte seed; other lengths throw `KEY_INVALID`.
 *
 * @module
 */
import { concatBytes, utf8ToBytes } from "../bytes/index.js";
import { type Crypto, defaultCrypto, type Ed25519KeyPair } from "../crypto/index.js";
import { SessionError } from "../errors/index.js";
import { ed25519Pair } from "./blinding.js";
import { idFromPublicKey, type VersionKeyId } from "./ids.js";
import { hideSecretKey } from "./secret.js";

/** The version-check keys of an account. */
export interface VersionKeyPair extends Ed25519KeyPair {
  readonly id: VersionKeyId;
}

/** The apps that have a release channel. */
export type VersionPlatform = "android" | "desktop" | "ios";

/** What {@link blindVersionSignRequest} signs. */
export interface VersionRequest {
  /** Unix seconds. */
  readonly timestamp: number;
  /** Upper case, such as `GET`. */
  readonly method: string;
  /** With leading `/` and the query string. */
  readonly path: string;
  readonly body?: Uint8Array | undefined;
}

/** The version-check keys of the account with this Ed25519 secret key. */
export function blindVersionKeyPair(secretKey: Uint8Array, crypto: Crypto = defaultCrypto): VersionKeyPair {
  const seed = ed25519Pair(secretKey, crypto).secretKey.subarray(0, 32);
  const pair = crypto.ed25519KeyPair(
    crypto.blake2b(seed, { size: 32, key: utf8ToBytes("VersionCheckKey_sig") }),
  );
  return hideSecretKey({ id: idFromPublicKey("07", pair.publicKey), ...pair });
}

/** Signature of the release check of one platform; `timestamp` in unix seconds. 64 bytes. */
export function blindVersionSign(
  secretKey: Uint8Array,
  platform: VersionPlatform,
  timestamp: number,
  crypto: Crypto = defaultCrypto,
): Uint8Array {
  const path = `/session_version?platform=${platform}`;
  return blindVersionSignRequest(secretKey, { timestamp, method: "GET", path }, crypto);
}

/** Signature of any file server request under the version-check key. 64 bytes. */
export function blindVersionSignRequest(
  secretKey: Uint8Array,
  request: VersionRequest,
  crypto: Crypto = defaultCrypto,
): Uint8Array {
  const { timestamp, method, path, body } = request;
  if (!Number.isSafeInteger(timestamp)) {
    throw new SessionError("INVALID_ARGUMENT", "the timestamp is not in whole seconds");
  }
  const signed = concatBytes(utf8ToBytes(`${timestamp}${method}${path}`), body ?? new Uint8Array());
  return crypto.ed25519Sign(signed, blindVersionKeyPair(secretKey, crypto).secretKey);
}
