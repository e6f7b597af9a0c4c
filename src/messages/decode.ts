/**
 * The receive path of one-to-one messages (docs/protocol/messages.md section 5), from a stored item to a message:
 *
 * ```text
 * base64 → request wrapper → Envelope → open and verify → unpad → Content → rules → message
 * ```
 *
 * @module
 */
import { base64ToBytes } from "../bytes/index.js";
import { type Crypto, defaultCrypto } from "../crypto/index.js";
import { SessionError } from "../errors/index.js";
import { type Account, isSessionId, type SessionId } from "../identity/index.js";
import type { Content, Envelope } from "../proto/index.js";
import { decodeContent, isUnknownKind, onlyFirstPart } from "./content.js";
import { unwrapEnvelope } from "./envelope.js";
import type { MessageErrorCode } from "./errors.js";
import { readExpiration } from "./expiration.js";
import type { DecodeResult, DroppedMessage, IncomingBase } from "./incoming.js";
import { unpadMessage } from "./padding.js";
import { readPro } from "./pro.js";
import { readProfile } from "./profile.js";
import { readContent } from "./read-content.js";
import { kindRules, senderRules, validate } from "./rules.js";
import { decryptFromSender } from "./session-encryption.js";
import { toTimestamp } from "./timestamps.js";
import type { ReceivedContent, RuleId, RuleReason, ValidationContext } from "./validation.js";

/** An item of a swarm's inbox. */
export interface StoredItem {
  /** The stored bytes, or their base64 text. */
  readonly data: Uint8Array | string;
  readonly hash?: string | undefined;
  /** When the swarm took it, unix milliseconds. */
  readonly timestamp?: number | undefined;
  /** When the swarm forgets it, unix milliseconds. */
  readonly expiration?: number | undefined;
}

/** Who receives, and the receiver's state. */
export interface DecodeContext extends ValidationContext {
  readonly account: Account;
  /** Ed25519 key of the Session Pro backend: proofs are checked with it, and are `unchecked` without. */
  readonly proBackendKey?: Uint8Array | undefined;
  readonly crypto?: Crypto | undefined;
}

/**
 * Reads an item of the account's namespace 0.
 *
 * @returns the message; or the rule that drops it; or the raw bytes of something newer than this version
 * @throws `MESSAGE_MALFORMED`, `MESSAGE_DECRYPT_FAILED`, `MESSAGE_BAD_SIGNATURE`: skip the item, it will never decode
 */
export function decodeMessage(item: StoredItem, context: DecodeContext): DecodeResult {
  const { account, crypto = defaultCrypto } = context;
  const data = itemBytes(item.data);
  if (data[0] === 0) {
    const [, version] = data;
    return {
      kind: "unsupported",
      reason: "newer-format",
      ...(version === undefined ? {} : { version }),
      data,
    };
  }
  const envelope = unwrapEnvelope(data);
  const { message, sender } = decryptFromSender(envelope.content, account.x25519, crypto);
  const content = decodeContent(unpadMessage(message));
  const received = describe(content, envelope, sender, account.sessionId);

  const bySender = validate(received, context, senderRules);
  if (bySender.kind === "dropped") return dropped(bySender.rule, bySender.reason, received, sender);
  if (isUnknownKind(content)) {
    const conversation = placeholderConversation(received, sender);
    return {
      kind: "unsupported",
      reason: "unknown-type",
      from: sender,
      timestamp: received.timestamp,
      ...(conversation === undefined ? {} : { conversation }),
      expiration: readExpiration(content, conversation === account.sessionId),
      data,
    };
  }
  const verdict = validate({ ...received, content: onlyFirstPart(content) }, context, kindRules);
  if (verdict.kind === "dropped") return dropped(verdict.rule, verdict.reason, received, sender);

  const { dataMessage } = verdict.content;
  const trimmed = verdict.trimmedBy.length > 0 && dataMessage !== undefined;
  const conversation = received.conversation as SessionId;
  const proof = { content, signature: envelope.proSig, signed: envelope.content };
  const pro = readPro({ ...proof, backendKey: context.proBackendKey }, crypto);
  const base: IncomingBase = {
    from: sender,
    conversation,
    outgoing: received.fromSelf,
    timestamp: received.timestamp,
    ...(item.hash === undefined ? {} : { hash: item.hash }),
    ...(item.timestamp === undefined ? {} : { storedAt: item.timestamp }),
    ...(item.expiration === undefined ? {} : { expiresAt: item.expiration }),
    ...(envelope.sourceDevice === undefined ? {} : { sourceDevice: envelope.sourceDevice }),
    expiration: readExpiration(content, conversation === account.sessionId),
    ...(pro === undefined ? {} : { pro }),
    content,
    ...(trimmed ? { normalized: { rules: verdict.trimmedBy, dataMessage } } : {}),
  };
  const read = readContent(verdict.content, base);
  // The rules leave nothing that cannot be read: V13, V14 and V22 saw to it.
  if (read === undefined) throw malformed("the content holds no message");
  return { kind: "message", message: read };
}

function itemBytes(data: Uint8Array | string): Uint8Array {
  try {
    const bytes = typeof data === "string" ? base64ToBytes(data) : data;
    if (bytes.length > 0) return bytes;
  } catch (cause) {
    throw malformed("the stored data is not base64", cause);
  }
  throw malformed("the stored data is empty");
}

/** The conversation is the one a sync copy names, else the one with the sender. */
function describe(content: Content, envelope: Envelope, from: SessionId, self: SessionId): ReceivedContent {
  const { sigTimestamp = 0n } = content;
  const timestamp = toTimestamp(sigTimestamp === 0n ? envelope.timestamp : sigTimestamp);
  if (timestamp === undefined) throw malformed("the sent time is beyond all times");
  const target = content.dataMessage?.syncTarget ?? "";
  return {
    source: "direct",
    from,
    fromSelf: from === self,
    conversation: target === "" ? from : target,
    timestamp,
    envelopeTimestamp: envelope.timestamp,
    content,
  };
}

function placeholderConversation(
  { fromSelf, content }: ReceivedContent,
  sender: SessionId,
): SessionId | undefined {
  if (!fromSelf) return sender;
  const target = content.dataMessage?.syncTarget;
  return isSessionId(target) ? target : undefined;
}

function dropped(
  rule: RuleId,
  reason: RuleReason,
  received: ReceivedContent,
  from: SessionId,
): DroppedMessage {
  const { dataMessage } = received.content;
  const applies = rule === "V13" && !received.fromSelf && dataMessage !== undefined;
  const profile = applies ? readProfile(dataMessage) : undefined;
  const { timestamp } = received;
  return { kind: "dropped", rule, reason, from, timestamp, ...(profile === undefined ? {} : { profile }) };
}

function malformed(message: string, cause?: unknown): SessionError<MessageErrorCode> {
  return new SessionError("MESSAGE_MALFORMED", message, cause === undefined ? {} : { cause });
}
