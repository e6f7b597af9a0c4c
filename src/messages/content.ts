/**
 * `Content`, the plaintext of a message (docs/protocol/protobuf-schema.md section 3).
 *
 * @module
 */
import { SessionError } from "../errors/index.js";
import { type Content, ContentSchema, type DataMessage, decodeProto, encodeProto } from "../proto/index.js";
import type { MessageErrorCode } from "./errors.js";

/** The highest top-level field number that this version knows. */
const LAST_KNOWN_FIELD = 18;

/** Members of a content that are parts: a receiver acts on one. */
export type ContentPart =
  | "dataMessage"
  | "receiptMessage"
  | "typingMessage"
  | "dataExtractionNotification"
  | "unsendRequest"
  | "callMessage"
  | "messageRequestResponse";

/** The parts, in the order in which a receiver looks for them. */
export const CONTENT_PARTS: readonly ContentPart[] = [
  "dataMessage",
  "receiptMessage",
  "typingMessage",
  "dataExtractionNotification",
  "unsendRequest",
  "callMessage",
  "messageRequestResponse",
];

/**
 * Bytes of a content, unpadded.
 *
 * @throws `MESSAGE_INVALID_VALUE` when a required member is absent or a value does not fit
 */
export function encodeContent(content: Content): Uint8Array {
  try {
    return encodeProto(ContentSchema, content);
  } catch (cause) {
    throw new SessionError<MessageErrorCode>("MESSAGE_INVALID_VALUE", "the content cannot be written", {
      cause,
    });
  }
}

/**
 * Reads an unpadded content. Byte values are views of `bytes`.
 *
 * @throws `MESSAGE_MALFORMED`
 */
export function decodeContent(bytes: Uint8Array): Content {
  try {
    return decodeProto(ContentSchema, bytes);
  } catch (cause) {
    throw new SessionError<MessageErrorCode>("MESSAGE_MALFORMED", "the content cannot be read", { cause });
  }
}

/**
 * True for a message of a kind that a newer app invented (docs/protocol/CHANGES-2026.md section 1.1): a top-level
 * field above the known ones, and no known part that can be used. A content with a group in it is malformed by that
 * rule, never unknown.
 */
export function isUnknownKind(content: Content): boolean {
  if (content.$unknown === undefined || CONTENT_PARTS.some((part) => isUsable(content, part))) return false;
  return hasNewerField(content.$unknown);
}

function isUsable(content: Content, part: ContentPart): boolean {
  if (part !== "dataMessage") return content[part] !== undefined;
  return (
    content.dataMessage !== undefined &&
    Object.keys(content.dataMessage).some((key) => (key as keyof DataMessage) !== "syncTarget")
  );
}

/** Scans well-formed fields (they came out of the decoder) for a number above the known ones. */
function hasNewerField(fields: Uint8Array): boolean {
  let newer = false;
  let position = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = fields[position++] ?? 0;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  };
  while (position < fields.length) {
    const tag = varint();
    switch (tag & 7) {
      case 0:
        varint();
        break;
      case 1:
        position += 8;
        break;
      case 2: {
        const length = varint();
        position += length;
        break;
      }
      case 5:
        position += 4;
        break;
      default:
        return false;
    }
    newer ||= tag >>> 3 > LAST_KNOWN_FIELD;
  }
  return newer;
}

/**
 * `content` with the one part that a receiver acts on: the first in `CONTENT_PARTS`. The others count as unset,
 * so that no rule about them can speak for the message.
 */
export function onlyFirstPart(content: Content): Content {
  const set = CONTENT_PARTS.filter((part) => content[part] !== undefined);
  if (set.length <= 1) return content;
  const reduced: { -readonly [Key in keyof Content]: Content[Key] } = { ...content };
  for (const part of set.slice(1)) delete reduced[part];
  return reduced;
}
