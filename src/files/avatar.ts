/**
 * Avatars: AES-256-GCM, or the stream scheme where the url says so (docs/protocol/attachments.md §7).
 *
 * ```text
 * blob = iv(12) ‖ AES-256-GCM ciphertext ‖ tag(16)            no padding, no additional data
 * ```
 *
 * @module
 */
import { concatBytes } from "../bytes/index.js";
import { type Crypto, defaultCrypto } from "../crypto/index.js";
import { isSessionError } from "../errors/index.js";
import { corrupt, requireKey } from "./errors.js";
import { decryptStream, encryptStream } from "./stream.js";
import { isStreamUrl } from "./url.js";

const KEY = 32;
const IV = 12;
/** An iv, a byte of image and a tag. */
const SHORTEST = 29;

/** Options of {@link encryptAvatarGcm}. */
export interface GcmOptions {
  /** 32 bytes; random when left out. */
  readonly key?: Uint8Array | undefined;
  /** 12 bytes; random when left out. */
  readonly iv?: Uint8Array | undefined;
  readonly crypto?: Crypto | undefined;
}

/** An encrypted avatar and the profile key that opens it, 32 bytes. */
export interface EncryptedAvatar {
  readonly blob: Uint8Array;
  readonly key: Uint8Array;
}

/** How {@link encryptAvatar} does it. */
export interface AvatarOptions {
  /** `legacy` (AES-256-GCM) is understood by everybody and the default; `stream` needs a seed. */
  readonly scheme?: "legacy" | "stream" | undefined;
  /** The account's 32-byte seed; stream scheme only. */
  readonly seed?: Uint8Array | undefined;
  readonly crypto?: Crypto | undefined;
}

/**
 * Encrypts an avatar for upload. The url of the upload must carry the marker of the stream scheme if that was chosen.
 *
 * @throws `FILE_KEY_INVALID`, `FILE_TOO_LARGE`
 */
export function encryptAvatar(image: Uint8Array, options: AvatarOptions = {}): EncryptedAvatar {
  const { scheme = "legacy", seed, crypto = defaultCrypto } = options;
  if (scheme === "legacy") return encryptAvatarGcm(image, { crypto });
  requireKey(seed, 32, "a seed");
  const { blob, key } = encryptStream(image, { seed, domain: "avatar", crypto });
  return { blob, key };
}

/**
 * Decrypts an avatar; the fragment of its url names the scheme.
 *
 * @throws `FILE_KEY_INVALID`, `FILE_UNSUPPORTED`, `FILE_CORRUPT`
 */
export function decryptAvatar(
  blob: Uint8Array,
  { key, url }: { readonly key: Uint8Array; readonly url: string },
  crypto: Crypto = defaultCrypto,
): Uint8Array {
  return isStreamUrl(url) ? decryptStream(blob, { key }, crypto) : decryptAvatarGcm(blob, key, crypto);
}

/**
 * The legacy scheme of avatars.
 *
 * @throws `FILE_KEY_INVALID`
 */
export function encryptAvatarGcm(image: Uint8Array, options: GcmOptions = {}): EncryptedAvatar {
  const { crypto = defaultCrypto } = options;
  const key = options.key ?? crypto.randomBytes(KEY);
  const iv = options.iv ?? crypto.randomBytes(IV);
  requireKey(key, KEY, "a profile key");
  requireKey(iv, IV, "an iv");
  return { blob: concatBytes(iv, crypto.aes256gcmEncrypt(key, iv, image)), key };
}

/**
 * Opens the legacy scheme of avatars.
 *
 * @throws `FILE_KEY_INVALID`, `FILE_CORRUPT`
 */
export function decryptAvatarGcm(
  blob: Uint8Array,
  key: Uint8Array,
  crypto: Crypto = defaultCrypto,
): Uint8Array {
  requireKey(key, KEY, "a profile key");
  if (blob.length < SHORTEST) throw corrupt("too-short");
  try {
    return crypto.aes256gcmDecrypt(key, blob.subarray(0, IV), blob.subarray(IV));
  } catch (error) {
    if (!isSessionError(error, "CRYPTO_DECRYPT_FAILED")) throw error;
    throw corrupt("tag", error);
  }
}
