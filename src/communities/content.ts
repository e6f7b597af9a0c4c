/**
 * What is in a room message: padded `Content`, not encrypted (docs/protocol/communities.md §6, messages.md §6.1).
 *
 * ```text
 * data = Content{dataMessage, expirationType 0, expirationTimer 0, sigTimestamp} ‖ 80 ‖ 00…00
 * ```
 *
 * Receivers also take an Envelope around the content, which servers of a coming version may send.
 *
 * @module
 */
import { isSessionError } from "../errors/index.js";
import {
  buildContent,
  type CommunityInvitation,
  decodeContent,
  encodeContent,
  isUnknownKind,
  kindRules,
  type LinkPreview,
  type MessageReference,
  type OutgoingText,
  onlyFirstPart,
  type Profile,
  padMessage,
  type RuleId,
  type RuleReason,
  readProfile,
  senderRules,
  toTimestamp,
  unpadMessage,
  type ValidationContext,
  validate,
} from "../messages/index.js";
import {
  type AttachmentPointer,
  type Content,
  type DataMessage,
  decodeProto,
  type Envelope,
  EnvelopeSchema,
} from "../proto/index.js";

/** A message to a room or to a blinded id. */
export type OutgoingCommunityText = Omit<OutgoingText, "kind" | "expiration"> & {
  /** Tells others not to offer writing to the author. Default: false. */
  readonly blocksMessageRequests?: boolean | undefined;
};

/** What an app shows of a message in a community. */
export interface CommunityText {
  /** Empty when there is only something else to see. */
  readonly text: string;
  readonly attachments: readonly AttachmentPointer[];
  readonly quote?: MessageReference | undefined;
  readonly preview?: LinkPreview | undefined;
  readonly invitation?: CommunityInvitation | undefined;
  /** The author's profile; never of own messages. */
  readonly profile?: Profile | undefined;
  /** True when the author does not want to be written to. */
  readonly blocksMessageRequests: boolean;
  /** What was on the wire. */
  readonly content: Content;
  /** The data message after the rules that trimmed it. Absent when nothing was trimmed. */
  readonly normalized?: { readonly rules: readonly RuleId[]; readonly dataMessage: DataMessage } | undefined;
}

/** What became of the content of a message. */
export type CommunityContent =
  | { readonly kind: "text"; readonly text: CommunityText }
  | { readonly kind: "dropped"; readonly rule: RuleId; readonly reason: RuleReason }
  /** Something newer than this version. */
  | { readonly kind: "unsupported" };

/** Where a content came from. */
export interface ContentOrigin {
  readonly source: "community" | "inbox";
  /** 05 or blinded id. */
  readonly from: string;
  readonly fromSelf: boolean;
  readonly conversation: string;
  /** Time of posting by the server, unix milliseconds. */
  readonly postedAt: number;
}

/**
 * The padded bytes of a message.
 *
 * @param timestamp - sent time, unix milliseconds; servers' clocks may differ by six hours
 * @throws `MESSAGE_EMPTY`, `MESSAGE_TOO_LONG`, `MESSAGE_TOO_MANY_ATTACHMENTS`, `MESSAGE_INVALID_VALUE`, `NAME_EMPTY`
 */
export function encodeCommunityContent(
  message: OutgoingCommunityText,
  source: ContentOrigin["source"],
  { timestamp, textLimit }: { readonly timestamp: number; readonly textLimit?: number | undefined },
): Uint8Array {
  const { blocksMessageRequests = false, ...text } = message;
  const built = buildContent({ ...text, kind: "text" }, { timestamp, textLimit });
  const dataMessage = { ...built.dataMessage, blocksCommunityMessageRequests: blocksMessageRequests };
  const { expirationType, expirationTimer, sigTimestamp } = built;
  // Nothing disappears from an inbox either, and there the apps leave the two out.
  const expiring = source === "community" ? { expirationType, expirationTimer } : {};
  return padMessage(encodeContent({ dataMessage, ...expiring, sigTimestamp }));
}

/**
 * Reads the padded bytes of a message whose author is proven, and applies the rules of docs/protocol/messages.md §5.1.
 *
 * @throws `MESSAGE_MALFORMED`
 */
export function decodeCommunityContent(
  data: Uint8Array,
  origin: ContentOrigin,
  context: ValidationContext,
): CommunityContent {
  const content = readContentBytes(data);
  const received = { ...origin, timestamp: origin.postedAt, content };
  const bySender = validate(received, context, senderRules);
  if (bySender.kind === "dropped") return bySender;
  if (isUnknownKind(content)) return { kind: "unsupported" };
  // Only what can be seen belongs here: no receipts, calls, or requests.
  if (content.dataMessage === undefined) return NOTHING_VISIBLE;
  const verdict = validate({ ...received, content: onlyFirstPart(content) }, context, kindRules);
  if (verdict.kind === "dropped") return verdict;
  const { dataMessage = content.dataMessage } = verdict.content;
  const text = readText(dataMessage, content, origin.fromSelf, verdict.trimmedBy);
  return hasSomethingToSee(text) ? { kind: "text", text } : NOTHING_VISIBLE;
}

const NOTHING_VISIBLE: CommunityContent = { kind: "dropped", rule: "V13", reason: "nothing-visible" };

/** An Envelope when its required members are there, else the content itself. */
function readContentBytes(data: Uint8Array): Content {
  const bytes = unpadMessage(data);
  const inner = tryEnvelope(bytes)?.content;
  return decodeContent(inner === undefined ? bytes : unpadMessage(inner));
}

/** Tag of a content's first field, `dataMessage`; in an Envelope field 1 is no sub-message. */
const DATA_MESSAGE_TAG = 0x0a;

function tryEnvelope(bytes: Uint8Array): Envelope | undefined {
  // Nearly every message: without this look each of them would be parsed twice.
  if (bytes[0] === DATA_MESSAGE_TAG) return undefined;
  try {
    return decodeProto(EnvelopeSchema, bytes);
  } catch (error) {
    if (isSessionError(error)) return undefined;
    throw error;
  }
}

function readText(
  data: DataMessage,
  content: Content,
  fromSelf: boolean,
  rules: readonly RuleId[],
): CommunityText {
  const { openGroupInvitation: invitation, preview: [preview] = [] } = data;
  const profile = fromSelf ? undefined : readProfile(data);
  const quotedAt = data.quote === undefined ? undefined : toTimestamp(data.quote.id);
  return {
    text: data.body ?? "",
    attachments: data.attachments ?? [],
    ...(data.quote === undefined || quotedAt === undefined
      ? {}
      : { quote: { timestamp: quotedAt, author: data.quote.author } }),
    ...(preview === undefined ? {} : { preview }),
    ...(invitation === undefined ? {} : { invitation }),
    ...(profile === undefined ? {} : { profile }),
    blocksMessageRequests: data.blocksCommunityMessageRequests === true,
    content,
    ...(rules.length === 0 ? {} : { normalized: { rules, dataMessage: data } }),
  };
}

function hasSomethingToSee(text: CommunityText): boolean {
  return (
    text.text !== "" ||
    text.attachments.length > 0 ||
    text.quote !== undefined ||
    text.preview !== undefined ||
    text.invitation !== undefined
  );
}
