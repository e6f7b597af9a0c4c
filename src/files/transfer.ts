/**
 * Sending and fetching attachments and avatars: encryption and the file server together.
 *
 * @module
 */
import { concatBytes } from "../bytes/index.js";
import { defaultCrypto } from "../crypto/index.js";
import { SessionError, throwIfAborted } from "../errors/index.js";
import type { Attachment } from "./attachment.js";
import {
  type ByteSource,
  decryptAttachment,
  type EncryptedFile,
  type EncryptOptions,
  encryptAttachment,
  encryptAttachmentStream,
} from "./attachment-crypto.js";
import { type AvatarOptions, decryptAvatar, encryptAvatar } from "./avatar.js";
import { type FileErrorCode, requireKey, tooLarge } from "./errors.js";
import type { FileNetwork } from "./exchange.js";
import {
  type DownloadOptions,
  downloadFile,
  type UploadedFile,
  type UploadOptions,
  uploadFile,
} from "./file-server.js";
import { legacyBlobSize, legacyPaddedSize } from "./legacy.js";
import { MAX_FILE_SIZE } from "./limits.js";
import { streamEncryptedSize } from "./stream-padding.js";

/** A file to be sent. */
export interface OutgoingFile {
  /** Whole or in pieces. */
  readonly data: Uint8Array | ByteSource;
  /** MIME type; `application/octet-stream`, or `audio/mp3` for voice messages, when left out. */
  readonly contentType?: string | undefined;
  readonly fileName?: string | undefined;
  /** Pixels, for images and videos. */
  readonly width?: number | undefined;
  /** Pixels. */
  readonly height?: number | undefined;
  /** Shown as a recording. A voice message is the only attachment of its message, which has no text. */
  readonly isVoiceMessage?: boolean | undefined;
}

/** Options of {@link uploadAttachment}. */
export interface UploadAttachmentOptions
  extends Omit<UploadOptions, "isStream" | "maxBytes">,
    EncryptOptions {
  /** Largest file accepted, bytes; {@link MAX_FILE_SIZE}, the limit of all apps, when left out. */
  readonly maxBytes?: number | undefined;
}

/** Options of {@link downloadAttachment}. */
export interface DownloadAttachmentOptions extends DownloadOptions {
  /** Largest file accepted, bytes; {@link MAX_FILE_SIZE} when left out. */
  readonly maxBytes?: number | undefined;
}

/**
 * Encrypts a file and stores it on the file server.
 *
 * @returns the attachment for a message, and what the server says about the file
 * @throws `FILE_EMPTY`, `FILE_TOO_LARGE` (before anything is sent), `FILE_KEY_INVALID`, those of {@link uploadFile}, and
 *   what `data` throws when it is read
 */
export async function uploadAttachment(
  network: FileNetwork,
  file: OutgoingFile,
  options: UploadAttachmentOptions = {},
): Promise<{ readonly attachment: Attachment; readonly upload: UploadedFile }> {
  const { maxBytes = MAX_FILE_SIZE, ...rest } = options;
  throwIfAborted(options.signal);
  const { blob, scheme, key, digest, size } = await encrypt(file.data, maxBytes, options);
  const upload = await uploadFile(network, blob, {
    ...rest,
    isStream: scheme === "stream",
    maxBytes: encryptedLimit(maxBytes),
  });
  const { fileName, width, height, isVoiceMessage = false } = file;
  const attachment: Attachment = {
    url: upload.url,
    contentType: file.contentType ?? (isVoiceMessage ? "audio/mp3" : "application/octet-stream"),
    ...(fileName === undefined ? {} : { fileName }),
    ...(width === undefined ? {} : { width }),
    ...(height === undefined ? {} : { height }),
    size,
    isVoiceMessage,
    scheme,
    key,
    ...(digest === undefined ? {} : { digest }),
  };
  return { attachment, upload };
}

async function encrypt(
  data: Uint8Array | ByteSource,
  maxBytes: number,
  options: UploadAttachmentOptions,
): Promise<EncryptedFile> {
  if (data instanceof Uint8Array) {
    if (data.length > maxBytes) throw tooLarge(data.length, maxBytes);
    return encryptAttachment(data, options);
  }
  const { pieces, secrets } = encryptAttachmentStream(limited(data, maxBytes, options.signal), options);
  const kept: Uint8Array[] = [];
  for await (const piece of pieces) kept.push(piece);
  return { blob: joined(kept), ...secrets() };
}

async function* limited(
  source: ByteSource,
  maxBytes: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  let size = 0;
  for await (const piece of source) {
    throwIfAborted(signal);
    size += piece.length;
    if (size > maxBytes) throw tooLarge(undefined, maxBytes);
    yield piece;
  }
}

/** Fewer arguments at a time than the engine's stack takes. */
function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const AT_ONCE = 1000;
  if (pieces.length <= AT_ONCE) return concatBytes(...pieces);
  const groups: Uint8Array[] = [];
  for (let at = 0; at < pieces.length; at += AT_ONCE)
    groups.push(concatBytes(...pieces.slice(at, at + AT_ONCE)));
  return joined(groups);
}

/**
 * Fetches and decrypts an attachment. All of it is verified before any of it is returned.
 *
 * @throws `FILE_URL_INVALID` when it has no address, `FILE_KEY_INVALID`, `FILE_CORRUPT`, `FILE_UNSUPPORTED`, `FILE_TOO_LARGE`
 *   (if its size says so, before it is fetched), those of {@link downloadFile}
 */
export async function downloadAttachment(
  network: FileNetwork,
  attachment: Attachment,
  options: DownloadAttachmentOptions = {},
): Promise<Uint8Array> {
  const { maxBytes = MAX_FILE_SIZE, crypto = defaultCrypto } = options;
  const { url, size, scheme, key } = attachment;
  if (url === undefined) {
    throw new SessionError<FileErrorCode>("FILE_URL_INVALID", "the attachment has no address");
  }
  // What cannot be decrypted need not be fetched.
  requireKey(scheme === "none" ? undefined : key, scheme === "stream" ? 32 : 64, "an attachment key");
  if (size !== undefined && size > maxBytes) throw tooLarge(size, maxBytes);
  const { data } = await downloadFile(network, url, { ...options, maxBytes: encryptedLimit(maxBytes) });
  throwIfAborted(options.signal);
  return decryptAttachment(data, attachment, crypto);
}

/**
 * Encrypts an avatar and stores it on the file server.
 *
 * @returns address and profile key, for the profile in messages and in the user's config
 * @throws those of {@link uploadFile}, `FILE_KEY_INVALID`
 */
export async function uploadAvatar(
  network: FileNetwork,
  image: Uint8Array,
  options: Omit<UploadOptions, "isStream"> & AvatarOptions = {},
): Promise<{ readonly url: string; readonly key: Uint8Array; readonly upload: UploadedFile }> {
  if (image.length === 0) throw new SessionError<FileErrorCode>("FILE_EMPTY", "an empty file cannot be sent");
  const { blob, key } = encryptAvatar(image, options);
  const upload = await uploadFile(network, blob, { ...options, isStream: options.scheme === "stream" });
  return { url: upload.url, key, upload };
}

/**
 * Fetches and decrypts an avatar.
 *
 * @throws `FILE_KEY_INVALID`, `FILE_CORRUPT`, `FILE_UNSUPPORTED`, those of {@link downloadFile}
 */
export async function downloadAvatar(
  network: FileNetwork,
  { url, key }: { readonly url: string; readonly key: Uint8Array },
  options: DownloadOptions = {},
): Promise<Uint8Array> {
  requireKey(key, 32, "a profile key");
  const { data } = await downloadFile(network, url, options);
  throwIfAborted(options.signal);
  return decryptAvatar(data, { key, url }, options.crypto ?? defaultCrypto);
}

/** The longest encrypted form of a file of `size` bytes. */
function encryptedLimit(size: number): number {
  return Math.max(legacyBlobSize(legacyPaddedSize(size)), streamEncryptedSize(size));
}
