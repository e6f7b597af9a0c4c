/**
 * The receive path of group messages (docs/protocol/groups.md §7.2, messages.md §5), from a stored item to a message:
 *
 * ```
 * base64 → group decryption, sender proven → Envelope → Content → rules → message
 * ```
 *
 * @module
 */
import { base64ToBytes } from "../bytes/index.js";
import { type Crypto, defaultCrypto } from "../crypto/index.js";
import type { GroupId, SessionId } from "../identity/index.js";
import {
  decodeContent,
  type IncomingBase,
  type IncomingLegacyGroup,
  type IncomingMessage,
  isUnknownKind,
  kindRules,
  onlyFirstPart,
  type ReceivedContent,
  type RuleId,
  type RuleReason,
  readContent,
  readExpiration,
  type StoredItem,
  senderRules,
  toTimestamp,
  type ValidationContext,
  validate,
} from "../messages/index.js";
import { type Content, decodeProto, type Envelope, EnvelopeSchema } from "../proto/index.js";
import { groupError } from "./errors.js";
import type { GroupKeys } from "./keys.js";
import { decryptGroupMessage } from "./message-encryption.js";

/** A message as an app gets it, with the group as its conversation. */
export type IncomingGroupMessage = InGroup<Exclude<IncomingMessage, IncomingLegacyGroup>>;

type InGroup<Message extends IncomingMessage> = Message extends IncomingMessage
  ? Omit<Message, "conversation"> & { readonly conversation: GroupId }
  : never;

/** Rules of groups beside V1 to V22 of the message rules. */
export type GroupRuleId =
  | RuleId
  /** The sender is not on the member list. */
  | "G1"
  /** A kind that groups do not know, such as a typing notice. */
  | "G2";

/** Why a rule acted. */
export type GroupRuleReason = RuleReason | "not-a-member" | "not-in-groups";

/** What became of an item of namespace 11. */
export type GroupDecodeResult =
  | { readonly kind: "message"; readonly message: IncomingGroupMessage }
  | {
      readonly kind: "dropped";
      readonly rule: GroupRuleId;
      readonly reason: GroupRuleReason;
      readonly from: SessionId;
      readonly timestamp: number;
    }
  /** A message of a kind that this version does not know. Keep `data`, and try again after an update. */
  | {
      readonly kind: "unsupported";
      readonly reason: "unknown-type";
      readonly from: SessionId;
      readonly timestamp: number;
      readonly conversation: GroupId;
      readonly data: Uint8Array;
    };

/** Who receives, and the receiver's state. */
export interface GroupDecodeContext extends ValidationContext {
  readonly account: { readonly sessionId: SessionId };
  readonly keys: GroupKeys;
  /** G1: is this account on the member list? Left out: whoever has a group key may speak, as in the apps. */
  readonly isMember?: ((id: SessionId) => boolean) | undefined;
  readonly crypto?: Crypto | undefined;
}

/**
 * Reads an item of a group's namespace 11.
 *
 * @throws `GROUP_MESSAGE_UNDECRYPTABLE`: keep it until more keys are known; `GROUP_MESSAGE_INVALID`,
 * `GROUP_MESSAGE_BAD_SIGNATURE`, `MESSAGE_MALFORMED`: skip it, it will never decode
 */
export function decodeGroupMessage(item: StoredItem, context: GroupDecodeContext): GroupDecodeResult {
  const { account, keys, isMember, crypto = defaultCrypto } = context;
  const data = itemBytes(item.data);
  const { plaintext, sender } = decryptGroupMessage(
    data,
    { keys: keys.keys, groupPublicKey: keys.publicKey },
    crypto,
  );
  const envelope = readEnvelope(plaintext);
  const content = decodeContent(envelope.content);
  const received = describe(content, envelope, sender, account.sessionId, keys.groupId);
  const dropped = (rule: GroupRuleId, reason: GroupRuleReason): GroupDecodeResult => ({
    kind: "dropped",
    rule,
    reason,
    from: sender,
    timestamp: received.timestamp,
  });

  const bySender = validate(received, context, senderRules);
  if (bySender.kind === "dropped") return dropped(bySender.rule, bySender.reason);
  if (isMember?.(sender) === false) return dropped("G1", "not-a-member");
  if (isUnknownKind(content)) {
    const { timestamp } = received;
    return {
      kind: "unsupported",
      reason: "unknown-type",
      from: sender,
      timestamp,
      conversation: keys.groupId,
      data,
    };
  }
  const verdict = validate({ ...received, content: onlyFirstPart(content) }, context, kindRules);
  if (verdict.kind === "dropped") return dropped(verdict.rule, verdict.reason);

  const { dataMessage } = verdict.content;
  const trimmed = verdict.trimmedBy.length > 0 && dataMessage !== undefined;
  const base: IncomingBase = {
    from: sender,
    // A placeholder of the type that one-to-one messages have; the group takes its place below.
    conversation: sender,
    outgoing: received.fromSelf,
    timestamp: received.timestamp,
    ...(item.hash === undefined ? {} : { hash: item.hash }),
    ...(item.timestamp === undefined ? {} : { storedAt: item.timestamp }),
    ...(item.expiration === undefined ? {} : { expiresAt: item.expiration }),
    ...(envelope.sourceDevice === undefined ? {} : { sourceDevice: envelope.sourceDevice }),
    expiration: readExpiration(content, true),
    content,
    ...(trimmed ? { normalized: { rules: verdict.trimmedBy, dataMessage } } : {}),
  };
  const read = readContent(verdict.content, base);
  if (read === undefined || !isGroupKind(read)) return dropped("G2", "not-in-groups");
  return { kind: "message", message: { ...read, conversation: keys.groupId } };
}

/** Timers of groups are in the info config; the other kinds are between two parties. */
function isGroupKind(
  message: IncomingMessage,
): message is Extract<IncomingMessage, { readonly kind: "text" | "reaction" | "group-update" }> {
  const { kind } = message;
  return kind === "text" || kind === "reaction" || kind === "group-update";
}

function describe(
  content: Content,
  envelope: Envelope,
  from: SessionId,
  self: SessionId,
  conversation: GroupId,
): ReceivedContent {
  const { sigTimestamp = 0n } = content;
  const timestamp = toTimestamp(sigTimestamp === 0n ? envelope.timestamp : sigTimestamp);
  if (timestamp === undefined) throw groupError("GROUP_MESSAGE_INVALID", "the sent time is beyond all times");
  return {
    source: "group",
    from,
    fromSelf: from === self,
    conversation,
    timestamp,
    envelopeTimestamp: envelope.timestamp,
    content,
  };
}

function readEnvelope(plaintext: Uint8Array): Envelope & { readonly content: Uint8Array } {
  try {
    const envelope = decodeProto(EnvelopeSchema, plaintext);
    if (envelope.content !== undefined) return { ...envelope, content: envelope.content };
  } catch (cause) {
    throw groupError("GROUP_MESSAGE_INVALID", "the envelope cannot be read", { cause });
  }
  throw groupError("GROUP_MESSAGE_INVALID", "the envelope has no content");
}

function itemBytes(data: Uint8Array | string): Uint8Array {
  try {
    return typeof data === "string" ? base64ToBytes(data) : data;
  } catch (cause) {
    throw groupError("GROUP_MESSAGE_INVALID", "the stored data is not base64", { cause });
  }
}
