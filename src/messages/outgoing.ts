/**
 * Messages to send, as an app states them.
 *
 * @module
 */
import type { SessionId } from "../identity/index.js";
import type {
  AttachmentPointer,
  DataMessageClosedGroupControlMessage,
  GroupUpdateMessage,
} from "../proto/index.js";
import type { Expiration } from "./expiration.js";
import type { Profile } from "./profile.js";

/** How messages name another message: by its author and sent time. */
export interface MessageReference {
  /** Sent time, unix milliseconds. */
  readonly timestamp: number;
  /** 05 id; in communities a blinded id. */
  readonly author: string;
}

/** A preview of a link in the text. */
export interface LinkPreview {
  /** Exactly as in the text. */
  readonly url: string;
  readonly title?: string | undefined;
  readonly image?: AttachmentPointer | undefined;
}

/** An invitation to a community. */
export interface CommunityInvitation {
  /** Full join URL, public key included. */
  readonly url: string;
  readonly name: string;
}

/** Members of the messages that carry the sender's profile and can disappear. */
interface Visible {
  readonly profile?: Profile | undefined;
  /** Default: off. */
  readonly expiration?: Expiration | undefined;
}

/** A text, with what goes along. */
export interface OutgoingText extends Visible {
  readonly kind: "text";
  readonly text?: string | undefined;
  readonly quote?: MessageReference | undefined;
  /** Uploaded files, at most 32. */
  readonly attachments?: readonly AttachmentPointer[] | undefined;
  readonly preview?: LinkPreview | undefined;
  readonly invitation?: CommunityInvitation | undefined;
}

/** A reaction with an emoji, or its removal. */
export interface OutgoingReaction extends Visible {
  readonly kind: "reaction";
  readonly target: MessageReference;
  readonly emoji: string;
  readonly action: "add" | "remove";
}

/** Changes when messages of the conversation disappear. */
export interface OutgoingTimerUpdate {
  readonly kind: "timer-update";
  readonly expiration: Expiration;
}

/** Tells the author which messages were read. */
export interface OutgoingReceipt {
  readonly kind: "receipt";
  /** Sent times of the messages. */
  readonly timestamps: readonly number[];
}

/** Shows or hides the typing indicator. */
export interface OutgoingTyping {
  readonly kind: "typing";
  readonly typing: boolean;
}

/** Asks to delete an own message everywhere. */
export interface OutgoingUnsend {
  readonly kind: "unsend";
  readonly target: MessageReference;
}

/** Accepts a message request. */
export interface OutgoingRequestResponse {
  readonly kind: "request-response";
  readonly profile?: Profile | undefined;
}

/** Tells that media was saved or the screen recorded. */
export interface OutgoingDataExtraction {
  readonly kind: "data-extraction";
  readonly extraction: "media-saved" | "screenshot";
  /** Sent time of the message with the media. */
  readonly target?: number | undefined;
  readonly expiration?: Expiration | undefined;
}

/** Steps of a call's signalling. */
export type CallStep = "pre-offer" | "offer" | "answer" | "provisional-answer" | "ice-candidates" | "end";

/** A connectivity candidate of a call. */
export interface IceCandidate {
  readonly sdp: string;
  readonly lineIndex: number;
  readonly mid: string;
}

/** Signalling of a call. */
export interface OutgoingCall {
  readonly kind: "call";
  readonly step: Exclude<CallStep, "provisional-answer">;
  /** UUID v4, lower case, constant for the call. */
  readonly callId: string;
  /** Offer and answer only. */
  readonly sdp?: string | undefined;
  /** For `ice-candidates`. */
  readonly candidates?: readonly IceCandidate[] | undefined;
  readonly expiration?: Expiration | undefined;
}

/** Control message of a group v2, such as an invitation sent to a user. */
export interface OutgoingGroupUpdate extends Visible {
  readonly kind: "group-update";
  readonly update: GroupUpdateMessage;
}

/** Control message of a legacy closed group (docs/protocol/legacy-groups.md §3). Today's apps pass over it. */
export interface OutgoingLegacyGroup {
  readonly kind: "legacy-group";
  readonly control: DataMessageClosedGroupControlMessage;
}

/** Any message that can be sent. */
export type OutgoingMessage =
  | OutgoingText
  | OutgoingReaction
  | OutgoingTimerUpdate
  | OutgoingReceipt
  | OutgoingTyping
  | OutgoingUnsend
  | OutgoingRequestResponse
  | OutgoingDataExtraction
  | OutgoingCall
  | OutgoingGroupUpdate
  | OutgoingLegacyGroup;

/** A message ready to be stored. */
export interface EncodedMessage {
  /** The bytes to store, base64-encoded, in the recipient's swarm. */
  readonly data: Uint8Array;
  readonly namespace: 0;
  /** Time to live, milliseconds. */
  readonly ttl: number;
  /** Sent time, unix milliseconds: not the time of the store request. */
  readonly timestamp: number;
  /** Whose swarm it goes to. */
  readonly recipient: SessionId;
}
