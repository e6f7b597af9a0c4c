/**
 * Attachments as apps see them ⇄ `AttachmentPointer` as messages carry them (docs/protocol/attachments.md §4).
 *
 * @module
 */
import type { AttachmentPointer } from "../proto/index.js";
import { displayFileName } from "./file-name.js";
import { isStreamUrl, numericFileId } from "./url.js";

/** `legacy` and `stream` are encrypted; `none` are the files of communities. */
export type AttachmentScheme = "legacy" | "stream" | "none";

/** A file that a message refers to. */
export interface Attachment {
  /** Where it lies. Old messages may have none. */
  readonly url?: string | undefined;
  /** MIME type of the file as the sender says. */
  readonly contentType?: string | undefined;
  /** As the sender says; made harmless to show. `safeFileName` makes it harmless to save. */
  readonly fileName?: string | undefined;
  /** Bytes of the file as the sender says; checked when it is decrypted. */
  readonly size?: number | undefined;
  /** Pixels, for images and videos. */
  readonly width?: number | undefined;
  /** Pixels. */
  readonly height?: number | undefined;
  readonly caption?: string | undefined;
  readonly isVoiceMessage: boolean;
  readonly scheme: AttachmentScheme;
  /** 64 bytes in the legacy scheme, 32 in the stream scheme. */
  readonly key?: Uint8Array | undefined;
  /** SHA-256 of the encrypted file; legacy scheme only. */
  readonly digest?: Uint8Array | undefined;
}

/** `AttachmentPointer.Flags.VOICE_MESSAGE`. */
export const VOICE_MESSAGE_FLAG = 1;

/** The attachment that a pointer describes. Reads anything: what is missing or wrong shows when it is downloaded. */
export function attachmentFromPointer(pointer: AttachmentPointer): Attachment {
  const { url, key, digest, fileName, contentType, size, width, height, caption, flags = 0 } = pointer;
  const hasKey = key !== undefined && key.length > 0;
  const attachment: Attachment = {
    url: filled(url),
    contentType: filled(contentType),
    fileName: fileName === undefined ? undefined : filled(displayFileName(fileName)),
    size,
    width: positive(width),
    height: positive(height),
    caption: filled(caption),
    isVoiceMessage: (flags & VOICE_MESSAGE_FLAG) !== 0,
    scheme: url !== undefined && isStreamUrl(url) ? "stream" : hasKey ? "legacy" : "none",
    key: hasKey ? key : undefined,
    digest: digest !== undefined && digest.length > 0 ? digest : undefined,
  };
  return withoutUndefined(attachment);
}

/** The pointer that a message carries for an attachment. */
export function attachmentToPointer(attachment: Attachment): AttachmentPointer {
  const { url, contentType, key, digest, size, fileName, width, height, caption } = attachment;
  return withoutUndefined<AttachmentPointer>({
    id: url === undefined ? 0n : numericFileId(url),
    contentType,
    key,
    size,
    digest: attachment.scheme === "legacy" ? digest : undefined,
    fileName,
    flags: attachment.isVoiceMessage ? VOICE_MESSAGE_FLAG : undefined,
    width: positive(width),
    height: positive(height),
    caption,
    url,
  });
}

function filled(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}

function positive(pixels: number | undefined): number | undefined {
  return pixels !== undefined && pixels > 0 ? pixels : undefined;
}

/** Absent and undefined are the same to us, not to whoever compares or encodes. */
function withoutUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as T;
}
