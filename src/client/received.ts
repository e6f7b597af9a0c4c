/**
 * Messages on their way to the app, wherever they come from, and as apps get them: with attachments that can be
 * downloaded instead of the pointers on the wire.
 *
 * @module
 */
import { type Attachment, attachmentFromPointer } from "../files/index.js";
import type { IncomingGroupMessage } from "../groups/index.js";
import type { IncomingMessage, LinkPreview } from "../messages/index.js";

/** `source` tells where a message was written; `conversation` names the place. */
type From<Source extends string, Message> = Message extends unknown
  ? Message & { readonly source: Source }
  : never;

/** Written from person to person. */
export type DirectMessage = From<"direct", IncomingMessage>;

/** Written in a closed group. */
export type GroupMessage = From<"group", IncomingGroupMessage>;

/** A message on its way to the app. */
export type Deliverable = DirectMessage | GroupMessage;

/** A preview of a link, as it is received. */
export interface ReceivedPreview extends Omit<LinkPreview, "image"> {
  readonly image?: Attachment | undefined;
}

/** A message as the app gets it. */
type Received<Message> = Message extends { readonly kind: "text" }
  ? Omit<Message, "attachments" | "preview"> & {
      readonly attachments: readonly Attachment[];
      readonly preview?: ReceivedPreview | undefined;
    }
  : Message;

/** Any message that was received. */
export type ReceivedMessage = Received<Deliverable>;

/**
 * A text that was received, with what came along; `source` says where it was written. To answer in the same place, send to
 * its `conversation`. `client.download` fetches its attachments.
 */
export type ReceivedText = Extract<ReceivedMessage, { readonly kind: "text" }>;

/** `message` for the app. */
export function receivedMessage(message: Deliverable): ReceivedMessage {
  if (message.kind !== "text") return message;
  const { attachments, preview, ...rest } = message;
  return {
    ...rest,
    attachments: attachments.map(attachmentFromPointer),
    ...(preview === undefined ? {} : { preview: receivedPreview(preview) }),
    // What the compiler forgets when it spreads a union: source and conversation still belong together.
  } as ReceivedText;
}

function receivedPreview({ image, ...rest }: LinkPreview): ReceivedPreview {
  return { ...rest, ...(image === undefined ? {} : { image: attachmentFromPointer(image) }) };
}
