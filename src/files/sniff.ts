/**
 * What a file is, from its bytes: MIME type and image dimensions, for the pointer of an attachment to be sent.
 *
 * A subpath of its own, `session-messenger-sdk/files/sniff`, and the two libraries behind it are loaded by the first call:
 * who does not use it does not pay for it. Nothing is fetched, and nothing in the file is changed.
 *
 * @module
 */

/** What {@link describeFile} finds out. */
export interface FileDescription {
  /** `application/octet-stream` where nothing better is known. */
  readonly contentType: string;
  /** Pixels as shown; images only. */
  readonly width?: number | undefined;
  /** Pixels as shown; images only. */
  readonly height?: number | undefined;
}

/** Names of types that the apps know under another one. */
const KNOWN_AS: Readonly<Record<string, string>> = {
  "audio/x-m4a": "audio/mp4",
  "audio/vnd.wave": "audio/wav",
  "image/apng": "image/png",
};
/** Enough of a file to know its type; the detector may look further in some formats. */
const HEAD = 1024 * 1024;
/** EXIF orientations from this one on are turned by a quarter. */
const FIRST_SIDEWAYS = 5;

/** MIME type by content; undefined for text and everything else without a signature. */
export async function sniffContentType(data: Uint8Array): Promise<string | undefined> {
  const { fileTypeFromBuffer } = await import("file-type/core");
  try {
    const mime = (await fileTypeFromBuffer(data.subarray(0, HEAD)))?.mime;
    return mime === undefined ? undefined : (KNOWN_AS[mime] ?? mime);
  } catch {
    // A file that begins like one type and goes on like none.
    return undefined;
  }
}

/** Width and height of an image as it is shown, its orientation considered; undefined for anything else. */
export async function imageDimensions(
  data: Uint8Array,
): Promise<{ readonly width: number; readonly height: number } | undefined> {
  const { imageSize } = await import("image-size");
  try {
    const { width, height, orientation = 1 } = imageSize(data);
    if (!(width > 0 && height > 0)) return undefined;
    const size = { width: Math.round(width), height: Math.round(height) };
    return orientation >= FIRST_SIDEWAYS ? { width: size.height, height: size.width } : size;
  } catch {
    return undefined;
  }
}

/** Both of them: `{ ...file, ...(await describeFile(file.data)) }` is ready for `uploadAttachment`. */
export async function describeFile(data: Uint8Array): Promise<FileDescription> {
  const contentType = (await sniffContentType(data)) ?? "application/octet-stream";
  const dimensions = contentType.startsWith("image/") ? await imageDimensions(data) : undefined;
  return { contentType, ...dimensions };
}
