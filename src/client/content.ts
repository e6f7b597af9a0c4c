/**
 * What an app may send, checked before anything is stored or sent.
 *
 * @module
 */
import { SessionError } from "../errors/index.js";
import type { OutgoingFile } from "../files/index.js";
import {
  type CommunityInvitation,
  countCodePoints,
  hasLink,
  type LinkPreview,
  type MessageErrorCode,
  type MessageReference,
  type OutgoingText,
} from "../messages/index.js";
import { checkFiles, checkImage, type FileContent, type OutgoingAttachment } from "./outgoing-files.js";
import { checkRecipient, invalidArgument, type MessageTarget } from "./targets.js";

/** A preview of a link to send. */
export interface OutgoingPreview extends Omit<LinkPreview, "image"> {
  readonly image?: OutgoingAttachment | undefined;
}

/** A message to send: a text, files, an invitation, or several of them; or a voice message. */
export interface MessageContent extends FileContent {
  /** At most 2 000 Unicode code points; 10 000 with Session Pro. */
  readonly text?: string | undefined;
  /** The message that this one answers: a received one, what `send` answered, or author and timestamp. */
  readonly quote?: MessageTarget | MessageReference | undefined;
  /** A preview of a link in the text. The client fetches nothing: the app brings title and image. */
  readonly preview?: OutgoingPreview | undefined;
  /** An invitation to a community. */
  readonly invitation?: CommunityInvitation | undefined;
}

/** A message whose files are not uploaded yet. */
export interface CheckedContent {
  /** All but the files. */
  readonly message: OutgoingText;
  readonly files: readonly OutgoingFile[];
  readonly previewImage?: OutgoingFile | undefined;
}

/** Members that are in the message as they are. */
type PlainMember = Exclude<keyof MessageContent, keyof FileContent>;

/** A member that makes a message by itself, or adds to one; each has its check. */
type Check<Name extends PlainMember> = (
  value: NonNullable<MessageContent[Name]>,
  content: MessageContent,
  sender: ContentSender,
) => OutgoingText[Name];

/** What the limits of a message depend on. */
export interface ContentSender {
  readonly self: string;
  /** Code points of a text. */
  readonly textLimit: number;
  /** Checks the id of a quote's author; a Session ID unless a place knows people by others. */
  readonly checkAuthor?: ((id: unknown) => string) | undefined;
}

const CHECKS: { readonly [Name in PlainMember]-?: Check<Name> } = {
  text: (text, _content, { textLimit }) => checkText(text, textLimit),
  quote: (quote, _content, sender) => checkQuote(quote, sender),
  preview: (preview, { text = "" }) => checkPreview(preview, text),
  invitation: checkInvitation,
};

/** What is a message without anything else. */
const VISIBLE: readonly PlainMember[] = ["text", "invitation"];
const FILE_MEMBERS: ReadonlyArray<keyof FileContent> = ["attachments", "voice"];

/**
 * `content` as a message.
 *
 * @throws `MESSAGE_EMPTY`, `MESSAGE_TOO_LONG`, `ID_INVALID`, `INVALID_ARGUMENT` (a member of the wrong type, or one that
 *   this version does not send: better than to leave it out silently), those of {@link checkFiles}
 */
export function checkContent(content: MessageContent, sender: ContentSender): CheckedContent {
  if (typeof content !== "object" || content === null) throw invalidArgument("the message is not an object");
  const given = Object.entries(content).filter(
    ([name, value]) => value !== undefined && !FILE_MEMBERS.some((member) => member === name),
  );
  const unknown = given.find(([name]) => !Object.hasOwn(CHECKS, name));
  if (unknown !== undefined)
    throw invalidArgument("the message has a member that cannot be sent", { member: unknown[0] });
  const message = Object.fromEntries(
    given.map(([name, value]) => [name, CHECKS[name as PlainMember](value as never, content, sender)]),
  ) as Partial<OutgoingText>;
  const files = checkFiles(content);
  if (files.length === 0 && VISIBLE.every((name) => message[name] === undefined || message[name] === ""))
    throw new SessionError<MessageErrorCode>("MESSAGE_EMPTY", "the message is empty");
  if (content.voice !== undefined && given.some(([name, value]) => name !== "quote" && value !== ""))
    throw invalidArgument("a voice message has nothing else in it but a quote");
  const image = content.preview?.image;
  const previewImage = image === undefined ? undefined : checkImage(image);
  return { message: { ...message, kind: "text" }, files, previewImage };
}

function checkText(text: string, limit: number): string {
  if (typeof text !== "string") throw invalidArgument("the text of the message is not a string");
  // Every code point is one or two UTF-16 units: the length tells what need not be counted.
  const length = text.length <= limit ? text.length : countCodePoints(text.slice(0, 2 * limit + 1));
  if (length <= limit) return text;
  throw new SessionError<MessageErrorCode>("MESSAGE_TOO_LONG", "the text is too long", {
    details: { max: limit, units: text.length },
  });
}

function checkQuote(
  quote: MessageTarget | MessageReference,
  { self, checkAuthor = checkRecipient }: ContentSender,
): MessageReference {
  if (typeof quote !== "object" || quote === null) throw invalidArgument("the quote is not an object");
  const { timestamp } = quote;
  if (!Number.isSafeInteger(timestamp) || timestamp <= 0)
    throw invalidArgument("the quote has no valid timestamp");
  const { author, from, to } = quote as { author?: string; from?: string; to?: string };
  return { author: checkAuthor(author ?? from ?? (to === undefined ? undefined : self)), timestamp };
}

const MAX_URL_LENGTH = 4_096;

/** Receivers ignore a preview that does not belong to a link in the text, or shows nothing (V21). */
function checkPreview(preview: OutgoingPreview, text: string): LinkPreview {
  if (typeof preview !== "object" || preview === null) throw invalidArgument("the preview is not an object");
  const { url, title = "", image } = preview;
  if (typeof url !== "string" || !url.startsWith("https://") || url.length > MAX_URL_LENGTH)
    throw invalidArgument("the preview's URL is not one of https");
  if (typeof text !== "string" || !hasLink(text, url))
    throw invalidArgument("the preview's URL is not in the text");
  if (typeof title !== "string" || (title === "" && image === undefined))
    throw invalidArgument("the preview has neither title nor image");
  return { url, ...(title === "" ? {} : { title }) };
}

/** `https://host/room?public_key=<64 hex>`: docs/protocol/messages.md §6.1. */
const JOIN_URL = /^https?:\/\/[^/?#]+\/[^?#]+\?public_key=[0-9a-f]{64}$/i;

function checkInvitation(invitation: CommunityInvitation): CommunityInvitation {
  if (typeof invitation !== "object" || invitation === null)
    throw invalidArgument("the invitation is not an object");
  const { url, name } = invitation;
  if (typeof url !== "string" || !JOIN_URL.test(url))
    throw invalidArgument("the invitation's URL is not a full join URL");
  if (typeof name !== "string" || name === "") throw invalidArgument("the invitation has no name");
  return { url, name };
}
