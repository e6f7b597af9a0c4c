/**
 * Encrypting and decrypting attachments, whole or in pieces, in the scheme that is asked for or that the address names
 * (docs/protocol/attachments.md §1).
 *
 * Memory of the forms in pieces: a file that is encrypted the legacy way is never held; otherwise one copy of it is.
 * Decryption hands nothing out before everything was verified.
 *
 * @module
 */
import { type Crypto, defaultCrypto } from "../crypto/index.js";
import { SessionError } from "../errors/index.js";
import type { Attachment, AttachmentScheme } from "./attachment.js";
import { corrupt, type FileErrorCode, requireKey, tooLarge } from "./errors.js";
import {
  createLegacyEncryptor,
  createLegacyVerifier,
  decryptLegacy,
  decryptVerified,
  encryptLegacy,
  requireSize,
} from "./legacy.js";
import {
  createStreamDecryptor,
  createStreamKeyHash,
  decryptStream,
  encryptStream,
  encryptStreamPieces,
  finishStreamKey,
  requireStreamSize,
} from "./stream.js";

/** What the receiver of an encrypted file needs: members of {@link Attachment}. */
export interface FileSecrets {
  readonly scheme: "legacy" | "stream";
  readonly key: Uint8Array;
  readonly digest?: Uint8Array | undefined;
  readonly size: number;
}

/** An encrypted file. */
export interface EncryptedFile extends FileSecrets {
  readonly blob: Uint8Array;
}

/** How {@link encryptAttachment} does it. */
export interface EncryptOptions {
  /** `legacy`, the default, is understood by every app. `stream` needs a seed. */
  readonly scheme?: "legacy" | "stream" | undefined;
  /** The account's 32-byte seed; stream scheme only. */
  readonly seed?: Uint8Array | undefined;
  /** Hide the exact size; true when left out. The apps do not pad the images of link previews. Legacy scheme only. */
  readonly pad?: boolean | undefined;
  readonly crypto?: Crypto | undefined;
}

/** What {@link decryptAttachment} goes by. */
export type AttachmentSecrets = Pick<Attachment, "key" | "digest" | "size"> & {
  readonly scheme: AttachmentScheme;
};

/** Options of {@link decryptAttachmentStream}. */
export interface DecryptStreamOptions {
  /** Longest input accepted, bytes. */
  readonly maxBytes?: number | undefined;
  readonly crypto?: Crypto | undefined;
}

/** A file as it is read. */
export type ByteSource = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/**
 * Encrypts a file.
 *
 * @throws `FILE_EMPTY`, `FILE_KEY_INVALID`, `FILE_TOO_LARGE`
 */
export function encryptAttachment(data: Uint8Array, options: EncryptOptions = {}): EncryptedFile {
  const { scheme = "legacy", pad = true, crypto = defaultCrypto } = options;
  if (data.length === 0) throw empty();
  if (scheme === "stream") {
    return { scheme, ...encryptStream(data, { seed: requireSeed(options), crypto }) };
  }
  return { scheme, ...encryptLegacy(data, { paddedSize: pad ? undefined : "exact", crypto }) };
}

/**
 * Encrypts a file in pieces. `secrets()` says what the receiver needs, once all pieces were read.
 *
 * ```ts
 * const { pieces, secrets } = encryptAttachmentStream(createReadStream(path));
 * for await (const piece of pieces) await write(piece);
 * const { key, digest, size } = secrets();
 * ```
 *
 * @throws `FILE_KEY_INVALID`; while it is read also `FILE_EMPTY`, `FILE_TOO_LARGE`
 */
export function encryptAttachmentStream(
  source: ByteSource,
  options: EncryptOptions = {},
): { readonly pieces: AsyncGenerator<Uint8Array, void, undefined>; readonly secrets: () => FileSecrets } {
  let result: FileSecrets | undefined;
  const done = (secrets: FileSecrets): void => {
    result = secrets;
  };
  const pieces =
    options.scheme === "stream" ? streamPieces(source, options, done) : legacyPieces(source, options, done);
  return {
    pieces,
    secrets(): FileSecrets {
      if (result !== undefined) return result;
      throw new SessionError<FileErrorCode>("INVALID_ARGUMENT", "the file is not encrypted to its end");
    },
  };
}

async function* legacyPieces(
  source: ByteSource,
  { pad = true, crypto = defaultCrypto }: EncryptOptions,
  done: (secrets: FileSecrets) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  const encryptor = createLegacyEncryptor({ paddedSize: pad ? undefined : "exact", crypto });
  let isEmpty = true;
  for await (const piece of source) {
    if (piece.length === 0) continue;
    isEmpty = false;
    const output = encryptor.update(piece);
    if (output.length > 0) yield output;
  }
  if (isEmpty) throw empty();
  yield* encryptor.final();
  done({ scheme: "legacy", ...encryptor.secrets() });
}

async function* streamPieces(
  source: ByteSource,
  options: EncryptOptions,
  done: (secrets: FileSecrets) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { crypto = defaultCrypto } = options;
  const settings = { seed: requireSeed(options), crypto };
  const hash = createStreamKeyHash(settings);
  // The key comes from the whole file, so that it has to be kept until it is known.
  const kept: Uint8Array[] = [];
  let size = 0;
  for await (const piece of source) {
    size += piece.length;
    requireStreamSize(size, settings);
    hash.update(piece);
    kept.push(new Uint8Array(piece));
  }
  if (size === 0) throw empty();
  const streamKey = finishStreamKey(hash);
  yield* encryptStreamPieces(released(kept), size, streamKey, crypto);
  done({ scheme: "stream", key: streamKey.key, size });
}

/**
 * Decrypts an attachment: everything is verified before anything is returned.
 *
 * @throws `FILE_KEY_INVALID`, `FILE_UNSUPPORTED`, `FILE_CORRUPT`
 */
export function decryptAttachment(
  blob: Uint8Array,
  secrets: AttachmentSecrets,
  crypto: Crypto = defaultCrypto,
): Uint8Array {
  switch (secrets.scheme) {
    case "legacy":
      return decryptLegacy(blob, secrets, crypto);
    case "stream":
      requireKey(secrets.key, 32, "a file key");
      return decryptStream(blob, { key: secrets.key, size: requireSize(secrets.size) }, crypto);
    case "none":
      throw noKey();
  }
}

/**
 * Decrypts an attachment in pieces. The first piece is handed out when all of the input has been read and verified.
 *
 * @throws while it is read: `FILE_KEY_INVALID`, `FILE_UNSUPPORTED`, `FILE_CORRUPT`, `FILE_TOO_LARGE`
 */
export async function* decryptAttachmentStream(
  source: ByteSource,
  secrets: AttachmentSecrets,
  { maxBytes = Number.POSITIVE_INFINITY, crypto = defaultCrypto }: DecryptStreamOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const limited = upTo(source, maxBytes);
  switch (secrets.scheme) {
    case "legacy":
      yield* openLegacy(limited, secrets, crypto);
      return;
    case "stream":
      yield* openStream(limited, secrets, crypto);
      return;
    case "none":
      throw noKey();
  }
}

async function* openLegacy(
  source: ByteSource,
  secrets: AttachmentSecrets,
  crypto: Crypto,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { key } = secrets;
  requireKey(key, 64, "an attachment key");
  const size = requireSize(secrets.size);
  const verifier = createLegacyVerifier(secrets, crypto);
  const kept: Uint8Array[] = [];
  for await (const piece of source) {
    verifier.update(piece);
    kept.push(new Uint8Array(piece));
  }
  const paddedSize = verifier.final();
  if (size > paddedSize) throw corrupt("size-too-big");
  yield* cut(decryptVerified(released(kept), key, paddedSize, crypto), size);
}

async function* openStream(
  source: ByteSource,
  secrets: AttachmentSecrets,
  crypto: Crypto,
): AsyncGenerator<Uint8Array, void, undefined> {
  const decryptor = createStreamDecryptor(secrets.key, crypto);
  const size = requireSize(secrets.size);
  const kept: Uint8Array[] = [];
  let length = 0;
  const keep = (piece: Uint8Array): void => {
    if (piece.length > 0) kept.push(piece);
    length += piece.length;
  };
  for await (const piece of source) for (const opened of decryptor.update(piece)) keep(opened);
  keep(decryptor.final());
  if (size > length) throw corrupt("size-too-big");
  yield* cut(released(kept), size);
}

/** The first `size` bytes of `pieces`, which are read to their end. */
function* cut(pieces: Iterable<Uint8Array>, size: number): Generator<Uint8Array> {
  let left = size;
  for (const piece of pieces) {
    const wanted = piece.subarray(0, left);
    left -= wanted.length;
    if (wanted.length > 0) yield wanted;
  }
}

/** The entries of a list, each of which is let go as soon as it was given. */
function* released(kept: Uint8Array[]): Generator<Uint8Array> {
  kept.reverse();
  for (let piece = kept.pop(); piece !== undefined; piece = kept.pop()) yield piece;
}

async function* upTo(source: ByteSource, maxBytes: number): AsyncGenerator<Uint8Array, void, undefined> {
  let length = 0;
  for await (const piece of source) {
    length += piece.length;
    if (length > maxBytes) throw tooLarge(length, maxBytes);
    yield piece;
  }
}

function requireSeed({ seed }: EncryptOptions): Uint8Array {
  requireKey(seed, 32, "a seed");
  return seed;
}

function empty(): SessionError<FileErrorCode> {
  return new SessionError("FILE_EMPTY", "an empty file cannot be sent");
}

function noKey(): SessionError<FileErrorCode> {
  return new SessionError("FILE_KEY_INVALID", "the attachment has no key: it is not encrypted");
}
