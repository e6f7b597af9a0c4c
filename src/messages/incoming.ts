/**
 * Messages as an app gets them.
 *
 * @module
 */
import type { SessionId } from "../identity/index.js";
import type {
  AttachmentPointer,
  Content,
  DataMessage,
  DataMessageClosedGroupControlMessage,
  GroupUpdateMessage,
} from "../proto/index.js";
import type { Expiration } from "./expiration.js";
import type {
  CallStep,
  CommunityInvitation,
  IceCandidate,
  LinkPreview,
  MessageReference,
} from "./outgoing.js";
import type { ProStatus } from "./pro.js";
import type { Profile } from "./profile.js";
import type { RuleId, RuleReason } from "./validation.js";

/** Members of every message. */
export interface IncomingBase {
  readonly from: SessionId;
  /** The other party; the own id for notes to self. */
  readonly conversation: SessionId;
  /** True when the own account sent it, from this or another device. */
  readonly outgoing: boolean;
  /** Sent time, unix milliseconds. With `from` it names the message. */
  readonly timestamp: number;
  /** Hash in the swarm. */
  readonly hash?: string | undefined;
  /** When the swarm took it, unix milliseconds. */
  readonly storedAt?: number | undefined;
  /** When the swarm forgets it, unix milliseconds. */
  readonly expiresAt?: number | undefined;
  /** Device number in the envelope; current apps write 1. */
  readonly sourceDevice?: number | undefined;
  /** When this message disappears. */
  readonly expiration: Expiration;
  /** Session Pro, where the sender claims it. */
  readonly pro?: ProStatus | undefined;
  /** What was on the wire. */
  readonly content: Content;
  /** The data message after trimming, and the rules that trimmed it. Absent when nothing was trimmed. */
  readonly normalized?: { readonly rules: readonly RuleId[]; readonly dataMessage: DataMessage } | undefined;
}

/** A text, with what came along. */
export interface IncomingText extends IncomingBase {
  readonly kind: "text";
  /** Empty when there is only something else to see. */
  readonly text: string;
  readonly attachments: readonly AttachmentPointer[];
  readonly quote?: MessageReference | undefined;
  readonly preview?: LinkPreview | undefined;
  readonly invitation?: CommunityInvitation | undefined;
  /** The sender's profile; never for own messages. */
  readonly profile?: Profile | undefined;
}

/** A reaction, or its removal. */
export interface IncomingReaction extends IncomingBase {
  readonly kind: "reaction";
  readonly target: MessageReference;
  readonly emoji: string;
  readonly action: "add" | "remove";
  readonly profile?: Profile | undefined;
}

/** The other party (or an own device) changed when messages disappear: `expiration` is the new setting. */
export interface IncomingTimerUpdate extends IncomingBase {
  readonly kind: "timer-update";
  readonly profile?: Profile | undefined;
}

/** Own messages were read. */
export interface IncomingReceipt extends IncomingBase {
  readonly kind: "receipt";
  /** `delivery` is of old apps. */
  readonly receipt: "read" | "delivery";
  /** Sent times of the messages. */
  readonly timestamps: readonly number[];
}

/** The other party types, or stopped. */
export interface IncomingTyping extends IncomingBase {
  readonly kind: "typing";
  readonly typing: boolean;
}

/** The author deletes a message. */
export interface IncomingUnsend extends IncomingBase {
  readonly kind: "unsend";
  readonly target: MessageReference;
}

/** A message request was accepted. */
export interface IncomingRequestResponse extends IncomingBase {
  readonly kind: "request-response";
  readonly profile?: Profile | undefined;
}

/** The other party saved media or recorded the screen. */
export interface IncomingDataExtraction extends IncomingBase {
  readonly kind: "data-extraction";
  readonly extraction: "media-saved" | "screenshot";
  /** Sent time of the message with the media. */
  readonly target?: number | undefined;
}

/** Signalling of a call. */
export interface IncomingCall extends IncomingBase {
  readonly kind: "call";
  readonly step: CallStep;
  readonly callId: string;
  readonly sdp?: string | undefined;
  readonly candidates: readonly IceCandidate[];
}

/** Control message of a group v2: an invitation or promotion. */
export interface IncomingGroupUpdate extends IncomingBase {
  readonly kind: "group-update";
  readonly update: GroupUpdateMessage;
  readonly profile?: Profile | undefined;
}

/** Control message of a legacy closed group: only for receivers that ask for them, see `ValidationContext`. */
export interface IncomingLegacyGroup extends IncomingBase {
  readonly kind: "legacy-group";
  readonly control: DataMessageClosedGroupControlMessage;
}

/** Any message that can arrive. */
export type IncomingMessage =
  | IncomingText
  | IncomingReaction
  | IncomingTimerUpdate
  | IncomingReceipt
  | IncomingTyping
  | IncomingUnsend
  | IncomingRequestResponse
  | IncomingDataExtraction
  | IncomingCall
  | IncomingGroupUpdate
  | IncomingLegacyGroup;

/** A message that a rule kept back. */
export interface DroppedMessage {
  readonly kind: "dropped";
  readonly rule: RuleId;
  readonly reason: RuleReason;
  readonly from: SessionId;
  readonly timestamp: number;
  /** V13 only: nothing to show, but the sender's profile is to be applied. */
  readonly profile?: Profile | undefined;
}

/** Stored bytes of a format that this version does not know. Keep `data`, and try again after an update. */
export interface NewerFormat {
  readonly kind: "unsupported";
  readonly reason: "newer-format";
  /** Second byte, which tells the format; absent when there is only one byte. */
  readonly version?: number | undefined;
  readonly data: Uint8Array;
}

/** A message of a kind that this version does not know. Keep `data`, and try again after an update. */
export interface UnknownKind {
  readonly kind: "unsupported";
  readonly reason: "unknown-type";
  readonly from: SessionId;
  readonly timestamp: number;
  /** Where a placeholder belongs; absent for own messages without a target. */
  readonly conversation?: SessionId | undefined;
  /** When it disappears. */
  readonly expiration: Expiration;
  readonly data: Uint8Array;
}

/** What became of a stored item. */
export type DecodeResult =
  | { readonly kind: "message"; readonly message: IncomingMessage }
  | DroppedMessage
  | NewerFormat
  | UnknownKind;
