/**
 * Files of a room (docs/protocol/communities.md §8.4, §9): neither encrypted nor padded, whoever reads the room reads them.
 *
 * An upload lives for an hour; for 15 days once a message of the uploader lists it; as room image for ever.
 *
 * @module
 */

import { SessionError } from "../errors/index.js";
import type { AttachmentPointer } from "../proto/index.js";
import { type CommunityCall, replyBytes, replyJson } from "./call.js";
import { type CommunityErrorCode, invalidArgument } from "./errors.js";
import { numberSegment, roomPath } from "./path.js";
import { member, readInteger, readRecord } from "./read.js";

/** What servers take by default, bytes. */
export const MAX_COMMUNITY_FILE = 10_000_000;
/** Files take longer than other requests. */
const FILE_TIMEOUT_MS = 30_000;

/** How a file is uploaded. */
export interface UploadOptions {
  readonly fileName?: string | undefined;
  /** Limit in bytes, where a server has another; 10,000,000 when left out. */
  readonly maxBytes?: number | undefined;
}

/** A downloaded file. */
export interface CommunityFile {
  readonly bytes: Uint8Array;
  /** As the uploader named it: not safe as a name on disk. */
  readonly fileName?: string | undefined;
  /** When the server forgets it, unix milliseconds; absent for files that stay. */
  readonly expiresAt?: number | undefined;
}

/**
 * Uploads a file. Returns its id.
 *
 * @throws `COMMUNITY_TOO_LARGE`, `INVALID_ARGUMENT`
 */
export function uploadFile(
  token: string,
  bytes: Uint8Array,
  options: UploadOptions = {},
): CommunityCall<number> {
  const { fileName, maxBytes = MAX_COMMUNITY_FILE } = options;
  if (!(bytes instanceof Uint8Array)) throw invalidArgument("the file is no Uint8Array");
  if (bytes.length > maxBytes) {
    const details = { size: bytes.length, limit: maxBytes };
    throw new SessionError<CommunityErrorCode>("COMMUNITY_TOO_LARGE", "the file is too large", { details });
  }
  return {
    request: {
      method: "POST",
      path: roomPath(token, "file"),
      headers: {
        "Content-Type": "application/octet-stream",
        ...(fileName === undefined ? {} : { "Content-Disposition": disposition(fileName) }),
      },
      body: { kind: "bytes", bytes },
    },
    timeoutMs: FILE_TIMEOUT_MS,
    // A second upload is another file, and nobody ever sees the first.
    idempotent: true,
    read: (reply) => readInteger(member(readRecord(replyJson(reply), "the reply"), "id"), "the file id"),
  };
}

/** Downloads a file of a room. `COMMUNITY_NOT_FOUND` when it is unknown or expired. */
export function downloadFile(token: string, id: number): CommunityCall<CommunityFile> {
  return {
    request: { method: "GET", path: roomPath(token, "file", numberSegment(id, "a file id")) },
    timeoutMs: FILE_TIMEOUT_MS,
    read: (reply) => {
      const { headers } = reply;
      const fileName = fileNameOf(headers["content-disposition"] ?? "");
      const expiresAt = Date.parse(headers["expires"] ?? "");
      return {
        bytes: replyBytes(reply),
        ...(fileName === undefined ? {} : { fileName }),
        ...(Number.isNaN(expiresAt) ? {} : { expiresAt }),
      };
    },
  };
}

/** Address of a file of a room, as messages write it. */
export function communityFileUrl(baseUrl: string, token: string, id: number): string {
  return baseUrl + roomPath(token, "file", numberSegment(id, "a file id"));
}

/** An uploaded file as attachment. `size` is that of the file, `flags` 1 for a voice message. */
export function communityAttachment(
  address: { readonly baseUrl: string; readonly token: string },
  id: number,
  about: Pick<AttachmentPointer, "contentType" | "fileName" | "size" | "width" | "height" | "flags">,
): AttachmentPointer {
  return { ...about, id: BigInt(id), url: communityFileUrl(address.baseUrl, address.token, id) };
}

/**
 * The file id of an attachment: the last segment of its address, whose host is not looked at, or else its id.
 *
 * @returns `undefined` if it names no file of a community
 */
export function communityFileId({ url, id }: Pick<AttachmentPointer, "url" | "id">): number | undefined {
  const segment = url === undefined ? undefined : /\/file\/(\d{1,16})\/?(?:[?#].*)?$/s.exec(url)?.[1];
  const number = Number(segment ?? id);
  return Number.isSafeInteger(number) && number > 0 ? number : undefined;
}

/** Attachments as they are: what goes over their stated size is cut off. */
export function cutToSize(bytes: Uint8Array, { size }: Pick<AttachmentPointer, "size">): Uint8Array {
  return size !== undefined && size > 0 && bytes.length > size ? bytes.subarray(0, size) : bytes;
}

function disposition(fileName: string): string {
  try {
    // RFC 5987 reserves these four beyond what the function encodes.
    const encoded = encodeURIComponent(fileName).replace(
      /['()*]/g,
      (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
    );
    return `attachment; filename*=UTF-8''${encoded}`;
  } catch {
    throw invalidArgument("the file name is not valid Unicode");
  }
}

function fileNameOf(header: string): string | undefined {
  const encoded = /filename\*=UTF-8''([^;]+)/i.exec(header)?.[1];
  if (encoded === undefined) return undefined;
  try {
    return decodeURIComponent(encoded.trim());
  } catch {
    // A name that cannot be read is none.
    return undefined;
  }
}
