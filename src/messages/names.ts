/**
 * Display names and lengths of texts (docs/protocol/messages.md sections 2 and 7).
 *
 * @module
 */
import { bytesToUtf8, utf8ToBytes } from "../bytes/index.js";
import { SessionError } from "../errors/index.js";
import type { MessageErrorCode } from "./errors.js";
import { MAX_NAME_BYTES } from "./limits.js";

/** White space of Unicode, and the invisible characters U+200B..U+200F, U+2060, U+FEFF. */
const EDGE = "[\\p{White_Space}\\u200B-\\u200F\\u2060\\uFEFF]+";
const EDGES = new RegExp(`^${EDGE}|${EDGE}$`, "gu");
/** C0 and C1 controls, and the marks that change the direction of the text around the name. */
const UNSAFE = /[\u202A-\u202E\u2066-\u2069]|\p{Cc}/gu;

/**
 * A name as it may be sent: trimmed, and cut at 100 UTF-8 bytes without splitting a character.
 *
 * @throws `NAME_EMPTY` when nothing is left
 */
export function prepareName(name: string): string {
  const prepared = cutToBytes(trimName(name), MAX_NAME_BYTES);
  if (prepared === "") throw new SessionError<MessageErrorCode>("NAME_EMPTY", "the name is empty");
  return prepared;
}

/**
 * As {@link prepareName}, for a name that the user is just choosing: too long is an error, not cut.
 *
 * @throws `NAME_EMPTY`, `NAME_TOO_LONG`
 */
export function checkName(name: string): string {
  const prepared = prepareName(name);
  if (prepared !== trimName(name)) {
    throw new SessionError<MessageErrorCode>(
      "NAME_TOO_LONG",
      `the name has more than ${MAX_NAME_BYTES} UTF-8 bytes`,
    );
  }
  return prepared;
}

/** A received name made safe to show: trimmed, cut, without controls and direction marks; `undefined` if nothing is left. */
export function displayableName(name: string): string | undefined {
  const shown = cutToBytes(trimName(name.replace(UNSAFE, "")), MAX_NAME_BYTES);
  return shown === "" ? undefined : shown;
}

/** Unicode code points of `text`: what the limits of texts count. */
export function countCodePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** The first `limit` code points of `text`. */
export function cutToCodePoints(text: string, limit: number): string {
  if (text.length <= limit) return text;
  let end = 0;
  let count = 0;
  for (const point of text) {
    if (count++ === limit) break;
    end += point.length;
  }
  return text.slice(0, end);
}

function trimName(name: string): string {
  return name.replace(EDGES, "");
}

function cutToBytes(text: string, limit: number): string {
  const bytes = utf8ToBytes(text);
  if (bytes.length <= limit) return text;
  let end = limit;
  // A byte 10xxxxxx continues a character.
  while (((bytes[end] as number) & 0xc0) === 0x80) end--;
  return bytesToUtf8(bytes.subarray(0, end));
}
