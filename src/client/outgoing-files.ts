/**
 * Files that an app wants to send, checked before anything is sent (docs/protocol/attachments.md §§4 and 5).
 *
 * @module
 */
import { SessionError } from "../errors/index.js";
import { type ByteSource, type FileErrorCode, MAX_FILE_SIZE, type OutgoingFile } from "../files/index.js";
import { MAX_ATTACHMENTS, type MessageErrorCode } from "../messages/index.js";
import { invalidArgument } from "./targets.js";

/** The bytes of a file: whole, or in pieces as they are read, such as a stream of Node or `blob.stream()`. */
export interface FileData {
  readonly data: Uint8Array | ByteSource;
  /** Bytes, where pieces are given and their sum is known: one that is too large is then refused at once. */
  readonly size?: number | undefined;
  readonly fileName?: string | undefined;
  /** MIME type. `session-messenger-sdk/files/sniff` finds it out. */
  readonly contentType?: string | undefined;
}

/** A file to send: at most 10 000 000 bytes, `application/octet-stream` unless its type is given. */
export interface OutgoingAttachment extends FileData {
  /** Pixels, for images and videos. */
  readonly width?: number | undefined;
  /** Pixels. */
  readonly height?: number | undefined;
}

/** A recording: `audio/mp3` unless its type is given. How long it lasts, receivers see from the file. */
export type OutgoingVoice = FileData;

/** The members of a message to send that are files. */
export interface FileContent {
  /** At most 32. */
  readonly attachments?: readonly OutgoingAttachment[] | undefined;
  /** Makes it a voice message: nothing else may be in it but a quote. */
  readonly voice?: OutgoingVoice | undefined;
}

/** As the desktop app calls its recordings. */
const VOICE_NAME = "session-audio-message";
const MAX_PIXELS = 0xffff_ffff;

/**
 * The files of a message, in the order in which they are sent.
 *
 * @throws `MESSAGE_TOO_MANY_ATTACHMENTS`, `FILE_EMPTY`, `FILE_TOO_LARGE`, `INVALID_ARGUMENT`
 */
export function checkFiles({ attachments = [], voice }: FileContent): readonly OutgoingFile[] {
  if (!Array.isArray(attachments)) throw invalidArgument("the attachments are not an array");
  if (attachments.length > MAX_ATTACHMENTS) {
    throw new SessionError<MessageErrorCode>("MESSAGE_TOO_MANY_ATTACHMENTS", "too many attachments", {
      details: { attachments: attachments.length, limit: MAX_ATTACHMENTS },
    });
  }
  if (voice === undefined) return attachments.map((file) => checkFile(file, false));
  if (attachments.length > 0) throw invalidArgument("a voice message has no other attachments");
  const { data, fileName, contentType } = checkFile(voice, true);
  return [{ data, fileName: fileName ?? VOICE_NAME, contentType, isVoiceMessage: true }];
}

/** The image of a link preview. Errors as {@link checkFiles}. */
export function checkImage(image: OutgoingAttachment): OutgoingFile {
  return checkFile(image, false);
}

function checkFile(file: OutgoingAttachment, isVoiceMessage: boolean): OutgoingFile {
  if (typeof file !== "object" || file === null) throw invalidArgument("a file is not an object");
  const { data, fileName, contentType, width, height } = file;
  const size = data instanceof Uint8Array ? data.length : file.size;
  if (size !== undefined) checkSize(size);
  for (const text of [fileName, contentType]) {
    if (text !== undefined && typeof text !== "string")
      throw invalidArgument("name and type of a file are strings");
  }
  for (const pixels of [width, height]) {
    if (pixels !== undefined && !(Number.isInteger(pixels) && pixels > 0 && pixels <= MAX_PIXELS))
      throw invalidArgument("width and height are whole numbers of pixels");
  }
  const bytes = data instanceof Uint8Array ? data : checkedPieces(requireSource(data), size);
  return { data: bytes, fileName, contentType, width, height, isVoiceMessage };
}

function checkSize(size: number): void {
  if (!Number.isSafeInteger(size) || size < 0) throw invalidArgument("the size of a file is not in bytes");
  if (size === 0) throw new SessionError<FileErrorCode>("FILE_EMPTY", "an empty file cannot be sent");
  if (size <= MAX_FILE_SIZE) return;
  throw new SessionError<FileErrorCode>("FILE_TOO_LARGE", "the file is too large", {
    details: { size, limit: MAX_FILE_SIZE },
  });
}

function requireSource(data: unknown): ByteSource {
  const isSource =
    typeof data === "object" && data !== null && (Symbol.iterator in data || Symbol.asyncIterator in data);
  if (!isSource) throw invalidArgument("the data of a file are neither a Uint8Array nor pieces");
  return data as ByteSource;
}

async function* checkedPieces(
  source: ByteSource,
  expected: number | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  let size = 0;
  for await (const piece of source) {
    if (!(piece instanceof Uint8Array)) throw invalidArgument("a piece of a file is not a Uint8Array");
    size += piece.length;
    yield piece;
  }
  if (expected !== undefined && size !== expected)
    throw invalidArgument("the file does not have the size that was given", { expected, size });
}
