/**
 * From a validated `Content` to a message for the app (docs/protocol/messages.md section 6).
 *
 * @module
 */
import {
  type CallMessage,
  CallMessageType,
  type Content,
  DataExtractionNotificationType,
  type DataMessage,
  DataMessageFlags,
  DataMessageReactionAction,
  ReceiptMessageType,
  TypingMessageAction,
} from "../proto/index.js";
import type { IncomingBase, IncomingMessage, IncomingText } from "./incoming.js";
import type { CallStep, IceCandidate, MessageReference } from "./outgoing.js";
import { type Profile, type ProfileFields, readProfile } from "./profile.js";
import { toTimestamp } from "./timestamps.js";

/**
 * The message in `content`, which has passed the rules; `undefined` when it holds none.
 *
 * @param base - the members that all kinds share
 */
export function readContent(content: Content, base: IncomingBase): IncomingMessage | undefined {
  const { dataMessage, receiptMessage, typingMessage, unsendRequest, callMessage } = content;
  const { dataExtractionNotification: notification, messageRequestResponse: response } = content;
  if (dataMessage !== undefined) return readData(dataMessage, base);
  if (receiptMessage !== undefined) {
    return {
      ...base,
      kind: "receipt",
      receipt: receiptMessage.type === ReceiptMessageType.READ ? "read" : "delivery",
      timestamps: (receiptMessage.timestamp ?? []).map(toTimestamp).filter((time) => time !== undefined),
    };
  }
  if (typingMessage !== undefined) {
    return { ...base, kind: "typing", typing: typingMessage.action === TypingMessageAction.STARTED };
  }
  if (notification !== undefined) {
    const screenshot = notification.type === DataExtractionNotificationType.SCREENSHOT;
    const target = notification.timestamp === undefined ? undefined : toTimestamp(notification.timestamp);
    return {
      ...base,
      kind: "data-extraction",
      extraction: screenshot ? "screenshot" : "media-saved",
      ...(target === undefined ? {} : { target }),
    };
  }
  if (unsendRequest !== undefined) {
    const target = reference({ id: unsendRequest.timestamp, author: unsendRequest.author });
    return target === undefined ? undefined : { ...base, kind: "unsend", target };
  }
  if (callMessage !== undefined) return { ...base, kind: "call", ...readCall(callMessage) };
  if (response !== undefined) return { ...base, kind: "request-response", ...senderProfile(response, base) };
  return undefined;
}

/** A control message is looked for before what is visible. */
function readData(data: DataMessage, base: IncomingBase): IncomingMessage | undefined {
  const sender = senderProfile(data, base);
  if (data.groupUpdateMessage !== undefined) {
    return { ...base, kind: "group-update", update: data.groupUpdateMessage, ...sender };
  }
  if (((data.flags ?? 0) & DataMessageFlags.EXPIRATION_TIMER_UPDATE) !== 0) {
    return { ...base, kind: "timer-update", ...sender };
  }
  if (data.reaction !== undefined) {
    const { emoji = "", action } = data.reaction;
    const target = reference(data.reaction);
    if (target === undefined) return undefined;
    const change = action === DataMessageReactionAction.REACT ? "add" : "remove";
    return { ...base, kind: "reaction", target, emoji, action: change, ...sender };
  }
  if (data.closedGroupControlMessage !== undefined && !isVisible(data)) {
    return { ...base, kind: "legacy-group", control: data.closedGroupControlMessage };
  }
  return readText(data, base, sender);
}

/** True if there is something to see for those who pass over a legacy group's control message. */
function isVisible({
  body = "",
  attachments = [],
  quote,
  preview = [],
  openGroupInvitation,
}: DataMessage): boolean {
  return (
    body !== "" ||
    attachments.length > 0 ||
    preview.length > 0 ||
    quote !== undefined ||
    openGroupInvitation !== undefined
  );
}

function readText(data: DataMessage, base: IncomingBase, sender: { profile?: Profile }): IncomingText {
  const { openGroupInvitation: invitation, preview: [preview] = [] } = data;
  const quote = data.quote === undefined ? undefined : reference(data.quote);
  return {
    ...base,
    kind: "text",
    text: data.body ?? "",
    attachments: data.attachments ?? [],
    ...(quote === undefined ? {} : { quote }),
    ...(preview === undefined ? {} : { preview }),
    ...(invitation === undefined ? {} : { invitation }),
    ...sender,
  };
}

const CALL_STEPS: Readonly<Record<CallMessageType, CallStep>> = {
  [CallMessageType.PRE_OFFER]: "pre-offer",
  [CallMessageType.OFFER]: "offer",
  [CallMessageType.ANSWER]: "answer",
  [CallMessageType.PROVISIONAL_ANSWER]: "provisional-answer",
  [CallMessageType.ICE_CANDIDATES]: "ice-candidates",
  [CallMessageType.END_CALL]: "end",
};

interface ReadCall {
  step: CallStep;
  callId: string;
  sdp?: string;
  candidates: readonly IceCandidate[];
}

function readCall({
  type,
  uuid: callId,
  sdps = [],
  sdpMLineIndexes = [],
  sdpMids = [],
}: CallMessage): ReadCall {
  const step = CALL_STEPS[type];
  if (step === "ice-candidates") {
    const candidates = sdps.map((sdp, i) => ({
      sdp,
      lineIndex: sdpMLineIndexes[i] ?? 0,
      mid: sdpMids[i] ?? "",
    }));
    return { step, callId, candidates };
  }
  const [sdp] = sdps;
  return { step, callId, ...(sdp === undefined ? {} : { sdp }), candidates: [] };
}

/** A reference to a time that no message can have leads nowhere. */
function reference({
  id,
  author,
}: {
  readonly id: bigint;
  readonly author: string;
}): MessageReference | undefined {
  const timestamp = toTimestamp(id);
  return timestamp === undefined ? undefined : { timestamp, author };
}

/** Own messages never change the own profile. */
function senderProfile(fields: ProfileFields, { outgoing }: IncomingBase): { profile?: Profile } {
  const profile = outgoing ? undefined : readProfile(fields);
  return profile === undefined ? {} : { profile };
}
