/**
 * Messages of a room as the app gets them, whether they came with a poll or were asked for.
 *
 * @module
 */
import {
  type CommunityUserId,
  communityFileId,
  communityFileUrl,
  findMentions,
  type RoomMessage,
  type RoomPage,
  type RoomUpdate,
} from "../../communities/index.js";
import type { AttachmentPointer } from "../../proto/index.js";
import { type ReceivedRoomMessage, type ReceivedRoomText, receivedMessage } from "../received.js";
import type { LiveRoom } from "./live-room.js";

/** A verified message with what the room knows of it. */
export function roomContent(
  room: LiveRoom,
  message: RoomMessage,
): RoomMessage & { readonly mentions: readonly CommunityUserId[] } {
  const { attachments, preview } = message;
  const image = preview?.image === undefined ? {} : { image: ownUrl(room, preview.image) };
  return {
    ...message,
    attachments: attachments.map((pointer) => ownUrl(room, pointer)),
    ...(preview === undefined ? {} : { preview: { ...preview, ...image } }),
    mentions: findMentions(message.text),
  };
}

/** A message that the app asked for. */
export function askedText(room: LiveRoom, message: RoomMessage): ReceivedRoomText {
  const { conversation } = room;
  const hash = hashOf(room, message.id, message.seqno);
  const place = { kind: "text", source: "community", conversation, hash, history: true } as const;
  return receivedMessage({ ...roomContent(room, message), ...place }) as ReceivedRoomText;
}

/** The messages of a page that the app asked for; what is no message to show is left out. */
export function askedTexts(room: LiveRoom, { updates }: RoomPage): readonly ReceivedRoomText[] {
  return updates.flatMap((update) => (update.kind === "message" ? [askedText(room, update.message)] : []));
}

/** All of a page that the app asked for, deletions and reactions too. */
export function askedChanges(room: LiveRoom, { updates }: RoomPage): readonly ReceivedRoomMessage[] {
  return updates.flatMap((update): readonly ReceivedRoomMessage[] => {
    if (update.kind === "message") return [askedText(room, update.message)];
    const { conversation } = room;
    if (update.kind === "deleted")
      return [{ ...update, ...placeOf(room, update), conversation, kind: "room-deletion" }];
    if (update.kind === "reactions")
      return [{ ...update, ...placeOf(room, update), conversation, kind: "room-reactions" }];
    return [];
  });
}

/** Names a state of a message. */
export const hashOf = (
  { conversation }: LiveRoom,
  id: number | undefined,
  seqno: number | undefined,
): string => `${conversation}#${id ?? "?"}.${seqno ?? "?"}`;

function placeOf(
  room: LiveRoom,
  { id, seqno }: Extract<RoomUpdate, { kind: "deleted" | "reactions" }>,
): { readonly source: "community"; readonly hash: string } {
  return { source: "community", hash: hashOf(room, id, seqno) };
}

/** Files are those of the message's room, whatever host their address names (docs/protocol/communities.md §9). */
function ownUrl({ server, token }: LiveRoom, pointer: AttachmentPointer): AttachmentPointer {
  const id = communityFileId(pointer);
  const { url: _given, ...rest } = pointer;
  return id === undefined ? rest : { ...rest, url: communityFileUrl(server.baseUrl, token, id) };
}
