/**
 * Messages on their way to the app, wherever they come from, and as apps get them: with attachments that can be
 * downloaded instead of the pointers on the wire.
 *
 * @module
 */
import { type Attachment, attachmentFromPointer } from "../files/index.js";
import type { IncomingGroupMessage, IncomingLegacyGroupMessage } from "../groups/index.js";
import type {
  IncomingGroupUpdate,
  IncomingLegacyGroup,
  IncomingMessage,
  LinkPreview,
} from "../messages/index.js";
import type { AttachmentPointer } from "../proto/index.js";
import type { InboxText, RoomDeliverable } from "./communities/messages.js";
import type { GroupNotice } from "./groups/incoming-control.js";

/** `source` tells where a message was written; `conversation` names the place. */
type From<Source extends string, Message> = Message extends unknown
  ? Message & { readonly source: Source }
  : never;

/** Written from person to person. Invitations to groups are told by events of their own. */
export type DirectMessage = From<
  "direct",
  Exclude<IncomingMessage, IncomingLegacyGroup | IncomingGroupUpdate>
>;

type WithNotice<Message> = Message extends { readonly kind: "group-update" }
  ? Message & { readonly notice: GroupNotice }
  : Message;

/** Written in a closed group; `group-update` is a notice of what an admin changed, or of who left. */
export type GroupMessage = From<"group", WithNotice<IncomingGroupMessage>>;

/** Written in a closed group of the old kind. A source of its own: almost nothing that works for groups works there. */
export type LegacyGroupMessage = From<"legacy-group", IncomingLegacyGroupMessage>;

/** A message on its way to the app. */
export type Deliverable = DirectMessage | GroupMessage | LegacyGroupMessage | RoomDeliverable | InboxText;

/** A preview of a link, as it is received. */
export interface ReceivedPreview extends Omit<LinkPreview, "image"> {
  readonly image?: Attachment | undefined;
}

/** A file of a message in a room: neither encrypted nor padded, whoever reads the room reads it. */
export interface RoomAttachment extends Attachment {
  /** The room's address, by which `client.download` finds it. */
  readonly room: string;
}

/** Members of a message that hold pointers to files, as the app gets them. */
interface WithFiles<File extends Attachment> {
  readonly attachments: readonly File[];
  readonly preview?: (Omit<ReceivedPreview, "image"> & { readonly image?: File | undefined }) | undefined;
}

/** A message as the app gets it. */
type Received<Message> = Message extends { readonly source: "community"; readonly attachments: unknown }
  ? Omit<Message, "attachments" | "preview"> & WithFiles<RoomAttachment>
  : Message extends { readonly kind: "text" }
    ? Omit<Message, "attachments" | "preview"> & WithFiles<Attachment>
    : Message;

/** Any message that was received. */
export type ReceivedMessage = Received<Deliverable>;

/**
 * A text that was received, with what came along; `source` says where it was written. To answer in the same place, send to
 * its `conversation`. `client.download` fetches its attachments.
 */
export type ReceivedText = Extract<ReceivedMessage, { readonly kind: "text" }>;

/** A text that was received from a group. */
export type ReceivedGroupText = Extract<ReceivedText, { readonly source: "group" }>;

/** Anything that was received from a room of a community. */
export type ReceivedRoomMessage = Extract<ReceivedMessage, { readonly source: "community" }>;

/** A text that was received from a room of a community. */
export type ReceivedRoomText = Extract<ReceivedRoomMessage, { readonly kind: "text" }>;

/** `message` for the app. */
export function receivedMessage(message: Deliverable): ReceivedMessage {
  if (message.kind !== "text" && message.kind !== "room-edit") return message;
  const { attachments, preview, ...rest } = message;
  const room = message.source === "community" ? { room: message.conversation } : {};
  const received = (pointer: AttachmentPointer): Attachment => ({
    ...attachmentFromPointer(pointer),
    ...room,
  });
  return {
    ...rest,
    attachments: attachments.map(received),
    ...(preview === undefined ? {} : { preview: receivedPreview(preview, received) }),
    // What the compiler forgets when it spreads a union: source and conversation still belong together.
  } as ReceivedText;
}

function receivedPreview(
  { image, ...rest }: LinkPreview,
  received: (pointer: AttachmentPointer) => Attachment,
): ReceivedPreview {
  return { ...rest, ...(image === undefined ? {} : { image: received(image) }) };
}
