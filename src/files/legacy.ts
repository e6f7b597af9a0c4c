/**
 * The legacy scheme of attachments: AES-256-CBC and HMAC-SHA-256 (docs/protocol/attachments.md §2).
 *
 * ```text
 * key(64) = aesKey(32) ‖ macKey(32)
 * blob    = iv(16) ‖ c ‖ HMAC-SHA-256(macKey, iv ‖ c)(32)       c = AES-256-CBC-PKCS7(aesKey, iv, file ‖ zeros)
 * digest  = SHA-256(blob)
 * ```
 *
 * The zeros hide the exact size: files of about the same size become equally long.
 *
 * @module
 */
import { concatBytes, equalBytes } from "../bytes/index.js";
import { type Crypto, defaultCrypto, type IncrementalCipher } from "../crypto/index.js";
import { isSessionError, SessionError } from "../errors/index.js";
import { corrupt, type FileErrorCode, requireKey } from "./errors.js";
import { MAX_FILE_SIZE } from "./limits.js";

const KEY = 64;
const IV = 16;
const MAC = 32;
const BLOCK = 16;
const SMALLEST_BUCKET = 541;
/** Bytes that are encrypted or decrypted at a time: small enough for the processor's cache. */
const STEP = 65_536;

/** What a receiver needs besides the blob. */
export interface LegacySecrets {
  /** 64 bytes. */
  readonly key: Uint8Array;
  /** SHA-256 of the blob, 32 bytes. */
  readonly digest: Uint8Array;
  /** Bytes of the file, without padding. */
  readonly size: number;
}

/** {@link LegacySecrets} as a pointer may or may not have them. */
export type LegacyPointer = { readonly [Name in keyof LegacySecrets]?: LegacySecrets[Name] | undefined };

/** Options of {@link encryptLegacy}. */
export interface LegacyEncryptOptions {
  /** 64 bytes; random when left out. Never use one twice. */
  readonly key?: Uint8Array | undefined;
  /** 16 bytes; random when left out. */
  readonly iv?: Uint8Array | undefined;
  /** Length after padding; {@link legacyPaddedSize} when left out. `exact`: no padding, as for images of link previews. */
  readonly paddedSize?: number | "exact" | undefined;
  readonly crypto?: Crypto | undefined;
}

/** The padded length of a file of `size` bytes (§2.1). */
export function legacyPaddedSize(size: number): number {
  // The apps compute this with IEEE doubles: so must we.
  const bucket = Math.floor(1.05 ** Math.ceil(Math.log(size) / Math.log(1.05)));
  const padded = Math.max(SMALLEST_BUCKET, bucket);
  return padded > MAX_FILE_SIZE && size <= MAX_FILE_SIZE ? MAX_FILE_SIZE : padded;
}

/** Length of the blob of a padded file. */
export function legacyBlobSize(paddedSize: number): number {
  return IV + (Math.floor(paddedSize / BLOCK) + 1) * BLOCK + MAC;
}

/**
 * Encrypts a file.
 *
 * @throws `FILE_KEY_INVALID`, `INVALID_ARGUMENT` for a padded size below the size
 */
export function encryptLegacy(
  data: Uint8Array,
  options: LegacyEncryptOptions = {},
): LegacySecrets & { readonly blob: Uint8Array } {
  const paddedSize = paddedSizeOf(data.length, options);
  const encryptor = createLegacyEncryptor({ ...options, paddedSize });
  const blob = new Uint8Array(legacyBlobSize(paddedSize));
  let at = 0;
  const add = (bytes: Uint8Array): void => {
    blob.set(bytes, at);
    at += bytes.length;
  };
  for (const step of steps(data)) add(encryptor.update(step));
  for (const piece of encryptor.final()) add(piece);
  return { blob, ...encryptor.secrets() };
}

/** Encryption in pieces: one pass, nothing kept. The blob is what `update` and `final` give, joined. */
export interface LegacyEncryptor {
  update(bytes: Uint8Array): Uint8Array;
  /** Padding and mac. */
  final(): Generator<Uint8Array>;
  /** After `final` has been read to its end. */
  secrets(): LegacySecrets;
}

/** Starts to encrypt a file in pieces. Without `paddedSize` the file's own size decides at the end. */
export function createLegacyEncryptor(options: LegacyEncryptOptions = {}): LegacyEncryptor {
  const { crypto = defaultCrypto } = options;
  const key = options.key ?? crypto.randomBytes(KEY);
  const iv = options.iv ?? crypto.randomBytes(IV);
  requireKey(key, KEY, "an attachment key");
  requireKey(iv, IV, "an iv");
  const ownKey = new Uint8Array(key);
  const cipher = crypto.aes256cbcEncryptor(key.subarray(0, 32), iv);
  const mac = crypto.hmacSha256Incremental(key.subarray(32));
  const hash = crypto.sha256Incremental();
  let size = 0;
  let digest: Uint8Array | undefined;
  const authenticated = (bytes: Uint8Array): Uint8Array => {
    mac.update(bytes);
    hash.update(bytes);
    return bytes;
  };
  authenticated(iv);
  let head: Uint8Array | undefined = new Uint8Array(iv);
  const encrypt = (bytes: Uint8Array): Uint8Array => {
    const output = authenticated(cipher.update(bytes));
    if (head === undefined) return output;
    const first = concatBytes(head, output);
    head = undefined;
    return first;
  };
  return {
    update(bytes: Uint8Array): Uint8Array {
      size += bytes.length;
      return encrypt(bytes);
    },
    *final(): Generator<Uint8Array> {
      const padding = paddedSizeOf(size, options) - size;
      const zeros = new Uint8Array(Math.min(padding, STEP));
      for (let left = padding; left > 0; left -= STEP) yield encrypt(zeros.subarray(0, Math.min(left, STEP)));
      // Also brings the iv of a file of no bytes at all.
      yield encrypt(new Uint8Array(0));
      yield authenticated(cipher.final());
      const tag = mac.digest();
      hash.update(tag);
      digest = hash.digest();
      yield tag;
    },
    secrets(): LegacySecrets {
      if (digest === undefined)
        throw new SessionError("INVALID_ARGUMENT", "the file is not encrypted to its end");
      return { key: ownKey, digest, size };
    },
  };
}

/**
 * Decrypts a blob. Mac and digest are checked over the whole blob before anything is decrypted.
 *
 * @throws `FILE_KEY_INVALID`, `FILE_CORRUPT`
 */
export function decryptLegacy(
  blob: Uint8Array,
  secrets: LegacyPointer,
  crypto: Crypto = defaultCrypto,
): Uint8Array {
  const verifier = createLegacyVerifier(secrets, crypto);
  const size = requireSize(secrets.size);
  verifier.update(blob);
  const paddedSize = verifier.final();
  if (size > paddedSize) throw corrupt("size-too-big");
  const file = new Uint8Array(size);
  let at = 0;
  for (const piece of decryptVerified([blob], secrets.key as Uint8Array, paddedSize, crypto)) {
    const wanted = piece.subarray(0, size - at);
    file.set(wanted, at);
    at += wanted.length;
  }
  return file;
}

/** Checks a blob that comes in pieces. */
export interface LegacyVerifier {
  update(bytes: Uint8Array): void;
  /**
   * Checks mac, digest and block padding, all that can be wrong with a blob.
   *
   * @returns the length of the padded file
   * @throws `FILE_CORRUPT`
   */
  final(): number;
}

/** Starts to check a blob. The pieces must be kept by the caller: nothing may be decrypted before `final`. */
export function createLegacyVerifier(
  { key, digest }: LegacyPointer,
  crypto: Crypto = defaultCrypto,
): LegacyVerifier {
  requireKey(key, KEY, "an attachment key");
  const aesKey = new Uint8Array(key.subarray(0, 32));
  const mac = crypto.hmacSha256Incremental(key.subarray(32));
  const hash = crypto.sha256Incremental();
  // The last bytes so far: if they are the end, they are two blocks and the mac, which does not cover itself.
  const tail = new Tail(2 * BLOCK + MAC);
  return {
    update(bytes: Uint8Array): void {
      hash.update(bytes);
      for (const certain of tail.push(bytes)) mac.update(certain);
    },
    final(): number {
      if (tail.length < IV + MAC) throw corrupt("too-short");
      const end = tail.bytes.subarray(0, tail.bytes.length - MAC);
      mac.update(end);
      if (!equalBytes(mac.digest(), tail.bytes.subarray(end.length))) throw corrupt("mac");
      if (digest === undefined || digest.length === 0) throw corrupt("digest-missing");
      if (!equalBytes(hash.digest(), digest)) throw corrupt("digest");
      const ciphertext = tail.length - IV - MAC;
      if (ciphertext === 0 || ciphertext % BLOCK !== 0) throw corrupt("block-padding");
      // In CBC the last block needs only the one before it.
      const last = unpadded(() =>
        crypto.aes256cbcDecrypt(aesKey, end.subarray(0, BLOCK), end.subarray(BLOCK)),
      );
      return ciphertext - BLOCK + last.length;
    },
  };
}

/** The last `size` bytes of a sequence; what comes before them is given on. */
class Tail {
  readonly #size: number;
  /** The tail; shorter while fewer bytes have come. */
  bytes: Uint8Array = new Uint8Array(0);
  /** Bytes pushed in all. */
  length = 0;

  constructor(size: number) {
    this.#size = size;
  }

  /** Adds bytes and gives, in order, those that are not in the tail any more. */
  push(bytes: Uint8Array): readonly Uint8Array[] {
    this.length += bytes.length;
    if (bytes.length >= this.#size) {
      const before = this.bytes;
      this.bytes = new Uint8Array(bytes.subarray(bytes.length - this.#size));
      return [before, bytes.subarray(0, bytes.length - this.#size)];
    }
    const joined = concatBytes(this.bytes, bytes);
    const certain = Math.max(0, joined.length - this.#size);
    this.bytes = joined.slice(certain);
    return [joined.subarray(0, certain)];
  }
}

/**
 * Decrypts the pieces of a blob that was verified, padding included. Each piece is let go when it is done.
 *
 * @param paddedSize - what {@link LegacyVerifier.final} gave
 */
export function* decryptVerified(
  pieces: Iterable<Uint8Array>,
  key: Uint8Array,
  paddedSize: number,
  crypto: Crypto = defaultCrypto,
): Generator<Uint8Array> {
  let iv: Uint8Array = new Uint8Array(0);
  let cipher: IncrementalCipher | undefined;
  let left = legacyBlobSize(paddedSize) - IV - MAC;
  for (const piece of pieces) {
    const missing = IV - iv.length;
    if (missing > 0) iv = concatBytes(iv, piece.subarray(0, missing));
    if (iv.length < IV) continue;
    cipher ??= crypto.aes256cbcDecryptor(key.subarray(0, 32), iv);
    for (const step of steps(piece.subarray(missing))) {
      const ciphertext = step.subarray(0, left);
      left -= ciphertext.length;
      if (ciphertext.length > 0) yield cipher.update(ciphertext);
    }
  }
  if (cipher !== undefined) yield unpadded(() => (cipher as IncrementalCipher).final());
}

function unpadded(decrypt: () => Uint8Array): Uint8Array {
  try {
    return decrypt();
  } catch (error) {
    if (!isSessionError(error, "CRYPTO_DECRYPT_FAILED")) throw error;
    throw corrupt("block-padding", error);
  }
}

/** The size that a pointer gives; apps take a missing one for damage. */
export function requireSize(size: number | undefined): number {
  if (size === undefined || !Number.isSafeInteger(size) || size <= 0) throw corrupt("size-missing");
  return size;
}

function* steps(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += STEP) yield bytes.subarray(at, at + STEP);
}

function paddedSizeOf(size: number, { paddedSize }: LegacyEncryptOptions): number {
  const padded = paddedSize === "exact" ? size : (paddedSize ?? legacyPaddedSize(size));
  if (Number.isSafeInteger(padded) && padded >= size) return padded;
  throw new SessionError<FileErrorCode>("INVALID_ARGUMENT", "the padded size is smaller than the file");
}
