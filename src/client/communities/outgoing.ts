/**
 * Messages to rooms: checked, their files uploaded to the room, and signed (docs/protocol/communities.md §§6 and 9).
 *
 * @module
 */
import {
  type CommunityErrorCode,
  communityAttachment,
  MAX_COMMUNITY_FILE,
  type OutgoingCommunityText,
  type SignedMessage,
  signRoomMessage,
  uploadFile,
} from "../../communities/index.js";
import { SessionError, throwIfAborted } from "../../errors/index.js";
import { type OutgoingFile, VOICE_MESSAGE_FLAG } from "../../files/index.js";
import { parseParticipantId } from "../../identity/index.js";
import type { AttachmentPointer } from "../../proto/index.js";
import { type CheckedContent, checkContent, type MessageContent } from "../content.js";
import type { UploadProgress, UploadSettings } from "../files.js";
import { ownProfile } from "../outbound.js";
import { invalidArgument } from "../targets.js";
import { orAborted } from "../timers.js";
import type { LiveRoom } from "./live-room.js";
import type { CommunitiesWorld } from "./world.js";

/** What an app wants to write; people are quoted by the ids that the server knows. @throws as `checkContent` */
export function checkRoomContent(world: CommunitiesWorld, content: MessageContent): CheckedContent {
  const { self, textLimit } = world;
  return checkContent(content, { self, textLimit, checkAuthor });
}

/** The message with what goes along with every message to a community. */
export function asCommunityText(world: CommunitiesWorld, { message }: CheckedContent): OutgoingCommunityText {
  const { kind: _text, expiration: _never, ...rest } = message;
  const profile = ownProfile(world);
  const blocksMessageRequests = world.configs.profile.communityRequests === false;
  return { ...rest, ...(profile === undefined ? {} : { profile }), blocksMessageRequests };
}

/** Uploads the files of a message, one after the other, and signs it. */
export async function signContent(
  world: CommunitiesWorld,
  room: LiveRoom,
  content: MessageContent,
  settings: UploadSettings & { readonly signal: AbortSignal },
): Promise<SignedMessage & { readonly timestamp: number }> {
  const { connection } = room.server;
  const checked = checkRoomContent(world, content);
  const identity = await connection.identity({ signal: settings.signal });
  const { files, previewImage } = checked;
  const count = files.length + (previewImage === undefined ? 0 : 1);
  const attachments: AttachmentPointer[] = [];
  for (const [index, file] of files.entries())
    attachments.push(await upload(room, file, index, count, settings));
  const image = previewImage && (await upload(room, previewImage, files.length, count, settings));
  const text = asCommunityText(world, checked);
  const { preview } = text;
  const message = {
    ...text,
    ...(attachments.length === 0 ? {} : { attachments }),
    ...(preview === undefined || image === undefined ? {} : { preview: { ...preview, image } }),
  };
  const { textLimit } = world;
  const timestamp = world.sentTime();
  return { ...signRoomMessage(message, identity, { timestamp, textLimit }), timestamp };
}

async function upload(
  { server: { connection, baseUrl }, token }: LiveRoom,
  file: OutgoingFile,
  index: number,
  count: number,
  { onProgress, signal }: UploadSettings & { readonly signal: AbortSignal },
): Promise<AttachmentPointer> {
  const tell = (progress: Pick<UploadProgress, "loaded" | "total">): void => {
    try {
      onProgress?.({ direction: "upload", ...progress, index, count });
    } catch {
      // What the app's listener throws is its own.
    }
  };
  const bytes =
    file.data instanceof Uint8Array ? file.data : await orAborted(collect(file.data, signal), signal);
  const { fileName, isVoiceMessage = false, width, height } = file;
  const total = bytes.length;
  tell({ loaded: 0, total });
  const id = await connection.run(uploadFile(token, bytes, { fileName }), { signal });
  tell({ loaded: total, total });
  const about = {
    contentType: file.contentType ?? (isVoiceMessage ? "audio/mp3" : "application/octet-stream"),
    size: total,
    ...(fileName === undefined ? {} : { fileName }),
    ...(width === undefined ? {} : { width }),
    ...(height === undefined ? {} : { height }),
    ...(isVoiceMessage ? { flags: VOICE_MESSAGE_FLAG } : {}),
  };
  return communityAttachment({ baseUrl, token }, id, about);
}

/** Nothing is encrypted, so that the whole file is in memory as it is. @throws `COMMUNITY_TOO_LARGE` */
async function collect(
  pieces: Exclude<OutgoingFile["data"], Uint8Array>,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const kept: Uint8Array[] = [];
  let size = 0;
  for await (const piece of pieces) {
    throwIfAborted(signal);
    size += piece.length;
    if (size > MAX_COMMUNITY_FILE) {
      throw new SessionError<CommunityErrorCode>("COMMUNITY_TOO_LARGE", "the file is too large", {
        details: { limit: MAX_COMMUNITY_FILE },
      });
    }
    kept.push(piece);
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const piece of kept) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

function checkAuthor(id: unknown): string {
  if (typeof id !== "string") throw invalidArgument("the author of the quote is not a string");
  return parseParticipantId(id);
}
