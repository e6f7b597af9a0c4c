/**
 * Messages as apps get them: with attachments that can be downloaded instead of the pointers on the wire.
 *
 * @module
 */
import { type Attachment, attachmentFromPointer } from "../files/index.js";
import type { IncomingMessage, IncomingText, LinkPreview } from "../messages/index.js";

/** A preview of a link, as it is received. */
export interface ReceivedPreview extends Omit<LinkPreview, "image"> {
  readonly image?: Attachment | undefined;
}

/** A text that was received, with what came along. `client.download` fetches its attachments. */
export interface ReceivedText extends Omit<IncomingText, "attachments" | "preview"> {
  readonly attachments: readonly Attachment[];
  readonly preview?: ReceivedPreview | undefined;
}

/** Any message that was received. */
export type ReceivedMessage = Exclude<IncomingMessage, IncomingText> | ReceivedText;

/** `message` for the app. */
export function receivedMessage(message: IncomingMessage): ReceivedMessage {
  if (message.kind !== "text") return message;
  const { attachments, preview, ...rest } = message;
  return {
    ...rest,
    attachments: attachments.map(attachmentFromPointer),
    ...(preview === undefined ? {} : { preview: receivedPreview(preview) }),
  };
}

function receivedPreview({ image, ...rest }: LinkPreview): ReceivedPreview {
  return { ...rest, ...(image === undefined ? {} : { image: attachmentFromPointer(image) }) };
}
