/**
 * From a message to send to its `Content` (docs/protocol/messages.md section 6).
 *
 * @module
 */
import { SessionError } from "../errors/index.js";
import type { SessionId } from "../identity/index.js";
import {
  CallMessageType,
  type Content,
  DataExtractionNotificationType,
  type DataMessage,
  DataMessageFlags,
  DataMessageReactionAction,
  ReceiptMessageType,
  TypingMessageAction,
} from "../proto/index.js";
import type { MessageErrorCode } from "./errors.js";
import {
  type CopyFor,
  EXPIRATION_OFF,
  type Expiration,
  expirationFields,
  expiringTtl,
  fromReading,
} from "./expiration.js";
import { MAX_ATTACHMENTS, MAX_EMOJI_LENGTH, MESSAGE_TTL_MS, TEXT_LIMIT } from "./limits.js";
import { countCodePoints } from "./names.js";
import type {
  MessageReference,
  OutgoingCall,
  OutgoingDataExtraction,
  OutgoingMessage,
  OutgoingReaction,
  OutgoingText,
} from "./outgoing.js";
import { profileFields } from "./profile.js";

/** What a content depends on besides the message. */
export interface ContentContext {
  /** Sent time, unix milliseconds. */
  readonly timestamp: number;
  /** Makes the copy for the own devices: the other party's id (the own id for a note to self). */
  readonly syncTarget?: SessionId | undefined;
  /** Code points of a text; default 2,000. Up to 10,000 reach current apps whole. */
  readonly textLimit?: number | undefined;
}

/**
 * The content of a message.
 *
 * @throws `MESSAGE_EMPTY`, `MESSAGE_TOO_LONG`, `MESSAGE_TOO_MANY_ATTACHMENTS`, `MESSAGE_INVALID_VALUE`, `NAME_EMPTY`
 */
export function buildContent(message: OutgoingMessage, context: ContentContext): Content {
  const sigTimestamp = time(context.timestamp);
  switch (message.kind) {
    case "text":
      return visible(textData(message, context), message.expiration, sigTimestamp);
    case "reaction":
      return visible(reactionData(message, context), message.expiration, sigTimestamp);
    case "timer-update": {
      const flags = DataMessageFlags.EXPIRATION_TIMER_UPDATE;
      return visible({ flags, ...syncFields(context) }, message.expiration, sigTimestamp);
    }
    case "group-update": {
      const data = { groupUpdateMessage: message.update, ...profileFields(message.profile) };
      return visible(data, message.expiration, sigTimestamp);
    }
    case "legacy-group":
      return { dataMessage: { closedGroupControlMessage: message.control }, sigTimestamp };
    case "receipt":
      return {
        receiptMessage: { type: ReceiptMessageType.READ, timestamp: message.timestamps.map(time) },
        sigTimestamp,
      };
    case "typing":
      return {
        typingMessage: {
          timestamp: sigTimestamp,
          action: message.typing ? TypingMessageAction.STARTED : TypingMessageAction.STOPPED,
        },
        sigTimestamp,
      };
    case "unsend":
      return {
        unsendRequest: { timestamp: time(message.target.timestamp), author: message.target.author },
        sigTimestamp,
      };
    case "request-response":
      return {
        messageRequestResponse: { isApproved: true, ...profileFields(message.profile) },
        sigTimestamp,
      };
    case "data-extraction":
      return {
        ...extraction(message),
        ...expiring(fromReading(message.expiration ?? EXPIRATION_OFF)),
        sigTimestamp,
      };
    case "call":
      return { ...call(message), ...expiring(callExpiration(message)), sigTimestamp };
  }
}

/** Milliseconds that a swarm keeps a message. */
export function messageTtl(message: OutgoingMessage, copyFor: CopyFor): number {
  switch (message.kind) {
    case "typing":
      return MESSAGE_TTL_MS.typing;
    case "call":
      return MESSAGE_TTL_MS.call;
    case "text":
    case "reaction":
    case "timer-update":
      return expiringTtl(message.expiration ?? EXPIRATION_OFF, copyFor);
    default:
      return MESSAGE_TTL_MS.content;
  }
}

/**
 * How own devices learn of a message: `copy` with the conversation named in it, the `same` content, or not at all
 * (docs/protocol/messages.md section 4).
 */
export function syncForm(message: OutgoingMessage): "copy" | "same" | "none" {
  switch (message.kind) {
    case "text":
    case "reaction":
    case "timer-update":
      return "copy";
    case "unsend":
      return "same";
    case "call":
      return message.step === "answer" || message.step === "end" ? "same" : "none";
    default:
      return "none";
  }
}

function visible(
  dataMessage: DataMessage,
  expiration: Expiration = EXPIRATION_OFF,
  sigTimestamp: bigint,
): Content {
  return { dataMessage, ...expiring(expiration), sigTimestamp };
}

function expiring(expiration: Expiration): Pick<Content, "expirationType" | "expirationTimer"> {
  const { mode, seconds } = expiration;
  if (mode !== "off" && !(Number.isInteger(seconds) && seconds > 0)) {
    throw invalid("a timer is a positive number of seconds");
  }
  return expirationFields(expiration);
}

function textData(message: OutgoingText, context: ContentContext): DataMessage {
  const { text = "", attachments = [], quote, preview, invitation } = message;
  if (text === "" && attachments.length === 0 && !quote && !preview && !invitation) {
    throw new SessionError<MessageErrorCode>("MESSAGE_EMPTY", "the message has nothing to see");
  }
  const limit = context.textLimit ?? TEXT_LIMIT;
  const codePoints = text.length <= limit ? text.length : countCodePoints(text);
  if (codePoints > limit) {
    const details = { codePoints, limit };
    throw new SessionError<MessageErrorCode>("MESSAGE_TOO_LONG", `the text is longer than ${limit}`, {
      details,
    });
  }
  if (attachments.length > MAX_ATTACHMENTS) {
    const details = { attachments: attachments.length, limit: MAX_ATTACHMENTS };
    throw new SessionError<MessageErrorCode>("MESSAGE_TOO_MANY_ATTACHMENTS", "too many attachments", {
      details,
    });
  }
  return {
    ...(text === "" ? {} : { body: text }),
    ...(attachments.length === 0 ? {} : { attachments }),
    ...(quote === undefined ? {} : { quote: reference(quote) }),
    ...(preview === undefined ? {} : { preview: [preview] }),
    ...(invitation === undefined ? {} : { openGroupInvitation: invitation }),
    ...senderFields(message, context),
  };
}

function reactionData(message: OutgoingReaction, context: ContentContext): DataMessage {
  if (message.emoji === "" || message.emoji.length > MAX_EMOJI_LENGTH) {
    throw invalid("a reaction needs an emoji");
  }
  const action =
    message.action === "add" ? DataMessageReactionAction.REACT : DataMessageReactionAction.REMOVE;
  return {
    reaction: { ...reference(message.target), emoji: message.emoji, action },
    ...senderFields(message, context),
  };
}

/** Copies for the own devices name the conversation and leave the profile out. */
function senderFields({ profile }: OutgoingText | OutgoingReaction, context: ContentContext): DataMessage {
  return context.syncTarget === undefined ? profileFields(profile) : syncFields(context);
}

function syncFields({ syncTarget }: ContentContext): Pick<DataMessage, "syncTarget"> {
  return syncTarget === undefined ? {} : { syncTarget };
}

function extraction({ extraction: kind, target }: OutgoingDataExtraction): Content {
  const types = DataExtractionNotificationType;
  return {
    dataExtractionNotification: {
      type: kind === "media-saved" ? types.MEDIA_SAVED : types.SCREENSHOT,
      ...(target === undefined ? {} : { timestamp: time(target) }),
    },
  };
}

const CALL_TYPES: Readonly<Record<OutgoingCall["step"], CallMessageType>> = {
  "pre-offer": CallMessageType.PRE_OFFER,
  offer: CallMessageType.OFFER,
  answer: CallMessageType.ANSWER,
  "ice-candidates": CallMessageType.ICE_CANDIDATES,
  end: CallMessageType.END_CALL,
};

function call({ step, callId: uuid, sdp, candidates = [] }: OutgoingCall): Content {
  const type = CALL_TYPES[step];
  if (step === "ice-candidates") {
    if (candidates.length === 0) throw invalid("a message of candidates needs one");
    return {
      callMessage: {
        type,
        sdps: candidates.map((candidate) => candidate.sdp),
        sdpMLineIndexes: candidates.map((candidate) => candidate.lineIndex),
        sdpMids: candidates.map((candidate) => candidate.mid),
        uuid,
      },
    };
  }
  if (step !== "offer" && step !== "answer") return { callMessage: { type, uuid } };
  if (sdp === undefined) throw invalid("an offer or answer needs a session description");
  return { callMessage: { type, sdps: [sdp], uuid } };
}

/** The steps before there is a call to show do not disappear. */
function callExpiration({ step, expiration = EXPIRATION_OFF }: OutgoingCall): Expiration {
  return step === "pre-offer" || step === "ice-candidates" ? EXPIRATION_OFF : fromReading(expiration);
}

function reference({ timestamp, author }: MessageReference): { id: bigint; author: string } {
  return { id: time(timestamp), author };
}

function time(value: number): bigint {
  if (!Number.isSafeInteger(value) || value <= 0)
    throw invalid("a time is a positive whole number of milliseconds");
  return BigInt(value);
}

function invalid(message: string): SessionError<MessageErrorCode> {
  return new SessionError("MESSAGE_INVALID_VALUE", message);
}
