/**
 * The rules by which a receiver drops or trims a message (docs/protocol/messages.md section 5.1): one function a rule,
 * one table at the end, in the order in which they apply.
 *
 * Rules that need state ask the {@link ValidationContext}. A rule that does not concern the content's kind passes.
 *
 * @module
 */
import { isSessionId } from "../identity/index.js";
import { CallMessageType, type Content, type DataMessage, DataMessageFlags } from "../proto/index.js";
import { CONTENT_PARTS } from "./content.js";
import {
  COMMUNITY_CLOCK_TOLERANCE_MS,
  MAX_ATTACHMENTS,
  MAX_EMOJI_LENGTH,
  MESSAGE_TTL_MS,
  TEXT_LIMIT_PRO,
} from "./limits.js";
import { hasLink } from "./links.js";
import { cutToCodePoints } from "./names.js";
import { toTimestamp } from "./timestamps.js";
import type { ReceivedContent, RuleId, RuleReason, ValidationContext, Verdict } from "./validation.js";

const LEGACY_GROUP_PREFIX = "__textsecure_group__!";

type Drops = (message: ReceivedContent, context: ValidationContext) => boolean;
/** The data message to go on with, or `undefined` to leave it as it is. */
type Trims = (data: DataMessage, context: ValidationContext) => DataMessage | undefined;

/** A row of the table: it drops, or it trims. */
export type ValidationRule = { readonly id: RuleId; readonly reason: RuleReason } & (
  | { readonly drops: Drops }
  | { readonly trims: Trims }
);

const hasFlag = ({ flags = 0 }: DataMessage): boolean =>
  (flags & DataMessageFlags.EXPIRATION_TIMER_UPDATE) !== 0;

const timestampsDiffer: Drops = ({ source, envelopeTimestamp = 0n, content: { sigTimestamp = 0n } }) =>
  (source === "direct" || source === "group") &&
  envelopeTimestamp !== 0n &&
  sigTimestamp !== 0n &&
  envelopeTimestamp !== sigTimestamp;

const timestampIsUnsigned: Drops = ({ content: { sigTimestamp = 0n } }, { requireSignedTimestamp }) =>
  requireSignedTimestamp === true && sigTimestamp === 0n;

const clockDiffers: Drops = ({ source, postedAt, content: { sigTimestamp = 0n } }) =>
  (source === "community" || source === "inbox") &&
  postedAt !== undefined &&
  sigTimestamp !== 0n &&
  Math.abs(postedAt - Number(sigTimestamp)) > COMMUNITY_CLOCK_TOLERANCE_MS;

/** Control messages of a group that is not blocked itself, and a promotion sent to the account, still arrive. */
const senderIsBlocked: Drops = ({ source, from, fromSelf, conversation, content }, { isBlocked }) => {
  if (isBlocked === undefined || fromSelf) return false;
  const update = content.dataMessage?.groupUpdateMessage;
  if (source === "group") return isBlocked(conversation) || (isBlocked(from) && update === undefined);
  return isBlocked(from) && update?.promoteMessage === undefined;
};

const isDeletedInGroup: Drops = ({ source, timestamp, content }, context) => {
  const { deletedBefore = 0, attachmentsDeletedBefore = 0 } = context;
  const hasAttachments = (content.dataMessage?.attachments?.length ?? 0) > 0;
  return (
    source === "group" &&
    (timestamp <= deletedBefore * 1000 || (hasAttachments && timestamp <= attachmentsDeletedBefore * 1000))
  );
};

const conversationIsRemoved: Drops = ({ source, conversation, timestamp }, { isRemovedSince }) =>
  source === "direct" && isRemovedSince?.(conversation, timestamp) === true;

const flagsAreUnknown: Drops = ({ content: { dataMessage } }) =>
  dataMessage !== undefined && (dataMessage.flags ?? 0) !== 0 && !hasFlag(dataMessage);

const dropContentOfTimerUpdate: Trims = (data) => {
  if (!hasFlag(data) || (data.body === undefined && data.attachments === undefined)) return undefined;
  const { body: _body, attachments: _attachments, ...rest } = data;
  return rest;
};

const hasTooManyAttachments: Drops = ({ content: { dataMessage } }) =>
  (dataMessage?.attachments?.length ?? 0) > MAX_ATTACHMENTS;

const syncCopyIsForeign: Drops = ({ fromSelf, content: { dataMessage } }) =>
  (dataMessage?.syncTarget ?? "") !== "" && !fromSelf;

/** Besides the legacy prefix this refuses any target that is no account id: no conversation could take the message. */
const targetIsLegacy: Drops = ({ content: { dataMessage } }) => {
  const target = dataMessage?.syncTarget ?? "";
  return target !== "" && (target.startsWith(LEGACY_GROUP_PREFIX) || !isSessionId(target));
};

const cutBody: Trims = (data, { textLimit = TEXT_LIMIT_PRO }) => {
  if (data.body === undefined) return undefined;
  const body = cutToCodePoints(data.body, textLimit);
  return body.length === data.body.length ? undefined : { ...data, body };
};

const dropUnfoundedPreviews: Trims = (data) => {
  const { preview, ...rest } = data;
  if (preview === undefined) return undefined;
  const kept = preview.filter(
    ({ url, title = "", image }) => hasLink(data.body ?? "", url) && (title !== "" || image !== undefined),
  );
  if (kept.length === preview.length) return undefined;
  return kept.length === 0 ? rest : { ...rest, preview: kept };
};

/** Judges what is left after trimming. Group control messages count as content, those of legacy groups if asked for. */
const nothingIsVisible: Drops = ({ content }, { legacyGroups = false }) => {
  const { dataMessage: data } = content;
  if (data === undefined) return CONTENT_PARTS.every((part) => content[part] === undefined);
  return (
    (data.flags ?? 0) === 0 &&
    (data.body ?? "") === "" &&
    (data.attachments?.length ?? 0) === 0 &&
    data.quote === undefined &&
    (data.preview?.length ?? 0) === 0 &&
    data.openGroupInvitation === undefined &&
    data.reaction === undefined &&
    data.groupUpdateMessage === undefined &&
    !(legacyGroups && data.closedGroupControlMessage !== undefined)
  );
};

const unsendIsForeign: Drops = ({ from, content: { unsendRequest: unsend } }) =>
  unsend !== undefined &&
  (unsend.author !== from || unsend.timestamp === 0n || toTimestamp(unsend.timestamp) === undefined);

const typingTimeDiffers: Drops = ({ envelopeTimestamp, content: { typingMessage } }) =>
  typingMessage !== undefined && typingMessage.timestamp !== envelopeTimestamp;

const requestIsNotApproved: Drops = ({ from, content: { messageRequestResponse } }) =>
  messageRequestResponse !== undefined && (!messageRequestResponse.isApproved || !isSessionId(from));

const callIsOwn: Drops = ({ fromSelf, content: { callMessage } }) =>
  fromSelf &&
  callMessage !== undefined &&
  callMessage.type !== CallMessageType.ANSWER &&
  callMessage.type !== CallMessageType.END_CALL;

const offerIsOld: Drops = ({ timestamp, content: { callMessage } }, { now }) =>
  callMessage?.type === CallMessageType.OFFER && now - timestamp > MESSAGE_TTL_MS.call;

const isSwitchedOff: Drops = ({ content: { receiptMessage, typingMessage } }, { receipts, typing }) =>
  (receiptMessage !== undefined && receipts === false) || (typingMessage !== undefined && typing === false);

const reactionHasNoTarget: Drops = ({ content: { dataMessage } }, { isKnownTarget }) => {
  const reaction = dataMessage?.reaction;
  if (reaction === undefined) return false;
  const { emoji = "" } = reaction;
  const time = toTimestamp(reaction.id);
  return (
    emoji === "" ||
    emoji.length > MAX_EMOJI_LENGTH ||
    time === undefined ||
    isKnownTarget?.(reaction.author, time) === false
  );
};

/** Reactions are applied idempotently; receipts, typing and the like are not stored. */
const isDuplicate: Drops = ({ from, timestamp, content }, { isKnownDuplicate }) => {
  const { dataMessage, callMessage, dataExtractionNotification } = content;
  const stored = dataMessage ?? callMessage ?? dataExtractionNotification;
  if (stored === undefined || dataMessage?.reaction !== undefined) return false;
  return isKnownDuplicate?.(from, timestamp) === true;
};

/** Rules about sender, time and conversation: before anything is known about the kind. */
export const senderRules: readonly ValidationRule[] = [
  { id: "V1", reason: "timestamp-mismatch", drops: timestampsDiffer },
  { id: "V2", reason: "timestamp-unsigned", drops: timestampIsUnsigned },
  { id: "V3", reason: "clock-difference", drops: clockDiffers },
  { id: "V4", reason: "blocked", drops: senderIsBlocked },
  { id: "V5", reason: "deleted-in-group", drops: isDeletedInGroup },
  { id: "V6", reason: "conversation-removed", drops: conversationIsRemoved },
];

/** Rules about the kinds. V13 judges what the trimming rules left; V12 comes last because it is about storing. */
export const kindRules: readonly ValidationRule[] = [
  { id: "V7", reason: "unknown-flags", drops: flagsAreUnknown },
  { id: "V8", reason: "timer-update-with-content", trims: dropContentOfTimerUpdate },
  { id: "V9", reason: "too-many-attachments", drops: hasTooManyAttachments },
  { id: "V10", reason: "foreign-sync-copy", drops: syncCopyIsForeign },
  { id: "V11", reason: "legacy-target", drops: targetIsLegacy },
  { id: "V20", reason: "body-too-long", trims: cutBody },
  { id: "V21", reason: "preview-not-in-body", trims: dropUnfoundedPreviews },
  { id: "V13", reason: "nothing-visible", drops: nothingIsVisible },
  { id: "V14", reason: "foreign-unsend", drops: unsendIsForeign },
  { id: "V15", reason: "typing-time", drops: typingTimeDiffers },
  { id: "V16", reason: "not-approved", drops: requestIsNotApproved },
  { id: "V17", reason: "own-call", drops: callIsOwn },
  { id: "V18", reason: "old-call", drops: offerIsOld },
  { id: "V19", reason: "switched-off", drops: isSwitchedOff },
  { id: "V22", reason: "reaction-without-target", drops: reactionHasNoTarget },
  { id: "V12", reason: "duplicate", drops: isDuplicate },
];

/** Applies `rules` in order, up to the first that drops. */
export function validate(
  message: ReceivedContent,
  context: ValidationContext,
  rules: readonly ValidationRule[] = [...senderRules, ...kindRules],
): Verdict {
  let content: Content = message.content;
  const trimmedBy: RuleId[] = [];
  for (const rule of rules) {
    if ("drops" in rule) {
      if (rule.drops({ ...message, content }, context))
        return { kind: "dropped", rule: rule.id, reason: rule.reason };
      continue;
    }
    const data = content.dataMessage === undefined ? undefined : rule.trims(content.dataMessage, context);
    if (data === undefined) continue;
    content = { ...content, dataMessage: data };
    trimmedBy.push(rule.id);
  }
  return { kind: "accepted", content, trimmedBy };
}
