/**
 * Names of received files. They come from strangers: neither may they change the text around them nor lead out of a
 * folder (docs/protocol/attachments.md §4).
 *
 * @module
 */

/** Characters that reorder the text around them: they make `gpj.exe` look like `exe.jpg`. */
const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const REPLACEMENT = "\ufffd";
const LONE_SURROGATE = /\p{Surrogate}/gu;
/** Control characters, and the two that break lines. */
const CONTROL = /[\p{Cc}\u2028\u2029]/gu;
/** Path separators, and what Windows forbids. */
const UNSAFE = /[\\/:*?"<>|]/g;
/** Names that mean devices on Windows, whatever their extension. */
const DEVICE = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?=\.|$)/i;
/** Most file systems take 255 bytes. */
const MAX_BYTES = 255;
/** More than this is no file extension. */
const MAX_EXTENSION = 16;
const FALLBACK = "file";

/** A file name fit to be shown: bidi controls become U+FFFD, control characters are dropped. */
export function displayFileName(name: string): string {
  return name.replace(LONE_SURROGATE, REPLACEMENT).replace(BIDI, REPLACEMENT).replace(CONTROL, "");
}

/**
 * A file name fit to be created in a folder: one component, no hidden file, at most 255 bytes of UTF-8 with its extension
 * kept. Never empty. Nothing is said about the folder: a file of this name may exist.
 */
export function safeFileName(name: string | undefined): string {
  const plain = displayFileName(name ?? "")
    .replace(UNSAFE, "_")
    // No hidden files and no `..`; Windows drops dots and spaces at the end.
    .replace(/^[.\s]+/, "")
    .replace(/[.\s]+$/, "")
    .replace(DEVICE, "_$1");
  return shortened(plain) || FALLBACK;
}

function shortened(name: string): string {
  if (byteLength(name) <= MAX_BYTES) return name;
  const extension = /\.[^.]+$/.exec(name)?.[0] ?? "";
  const kept = byteLength(extension) <= MAX_EXTENSION ? extension : "";
  let stem = "";
  let left = MAX_BYTES - byteLength(kept);
  // By code points, so that no character is cut in half.
  for (const character of name.slice(0, name.length - kept.length)) {
    left -= byteLength(character);
    if (left < 0) break;
    stem += character;
  }
  return stem.replace(/[.\s]+$/, "") + kept;
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}
