/**
 * The send path of one-to-one messages (docs/protocol/messages.md sections 3 and 4), from a message to stored bytes:
 *
 * ```text
 * Content → pad → sign and seal → Envelope → request wrapper
 * ```
 *
 * @module
 */
import { type Crypto, defaultCrypto } from "../crypto/index.js";
import { SessionError } from "../errors/index.js";
import type { Account, SessionId } from "../identity/index.js";
import type { Content } from "../proto/index.js";
import { buildContent, messageTtl, syncForm } from "./build-content.js";
import { encodeContent } from "./content.js";
import { decoyProSignature, directEnvelope, wrapEnvelope } from "./envelope.js";
import type { MessageErrorCode } from "./errors.js";
import { TEXT_LIMIT_PRO } from "./limits.js";
import type { EncodedMessage, OutgoingMessage } from "./outgoing.js";
import { padMessage } from "./padding.js";
import { type ProCredential, withPro } from "./pro.js";
import { encryptForRecipient } from "./session-encryption.js";

/** Who sends to whom, and when. */
export interface EncodeContext {
  readonly sender: Account;
  /** The other party: also when the copy for the own devices is made. */
  readonly recipient: SessionId;
  /** Sent time, unix milliseconds, different for every message of the account: see `nextTimestamp`. */
  readonly timestamp: number;
  /** Code points of a text; default 2,000, with Session Pro 10,000. */
  readonly textLimit?: number | undefined;
  /** The sender has Session Pro. */
  readonly pro?: ProCredential | undefined;
  readonly crypto?: Crypto | undefined;
}

/**
 * A message for `recipient`, encrypted afresh with each call.
 *
 * @throws those of `buildContent`; `MESSAGE_TO_SELF` when the recipient is the sender, `MESSAGE_INVALID_RECIPIENT`
 */
export function encodeMessage(message: OutgoingMessage, context: EncodeContext): EncodedMessage {
  const { sender, recipient } = context;
  if (recipient === sender.sessionId) {
    throw new SessionError<MessageErrorCode>(
      "MESSAGE_TO_SELF",
      "a message to oneself is encoded as a sync copy",
    );
  }
  return encode(build(message, context), recipient, messageTtl(message, "recipient"), context);
}

/**
 * The copy of a message to `recipient` for the sender's own devices, to be stored in the own swarm after the message
 * itself. A note to self is only this copy, with the own id as recipient.
 *
 * @throws as {@link encodeMessage}; `MESSAGE_NO_SYNC_COPY` for kinds that {@link needsSyncCopy} says no to
 */
export function encodeSyncCopy(message: OutgoingMessage, context: EncodeContext): EncodedMessage {
  const form = syncForm(message);
  if (form === "none") {
    throw new SessionError<MessageErrorCode>(
      "MESSAGE_NO_SYNC_COPY",
      `own devices get no copy of a ${message.kind}`,
    );
  }
  const { sender, recipient } = context;
  const content = build(message, form === "copy" ? { ...context, syncTarget: recipient } : context);
  return encode(content, sender.sessionId, messageTtl(message, "own-devices"), context);
}

/** Whether own devices must be told about a message with {@link encodeSyncCopy}. */
export function needsSyncCopy(message: OutgoingMessage): boolean {
  return syncForm(message) !== "none";
}

function build(
  message: OutgoingMessage,
  context: EncodeContext & { readonly syncTarget?: SessionId },
): Content {
  const { pro, textLimit } = context;
  if (pro === undefined) return buildContent(message, context);
  return withPro(buildContent(message, { ...context, textLimit: textLimit ?? TEXT_LIMIT_PRO }), pro);
}

function encode(content: Content, recipient: SessionId, ttl: number, context: EncodeContext): EncodedMessage {
  const { sender, timestamp, pro, crypto = defaultCrypto } = context;
  const ciphertext = encryptForRecipient(padMessage(encodeContent(content)), { sender, recipient, crypto });
  // Without Session Pro, or without use of it, a signature that nobody can tell from a real one.
  const proSignature =
    pro === undefined || content.proMessage === undefined
      ? decoyProSignature(crypto)
      : crypto.ed25519Sign(ciphertext, pro.rotatingKey);
  const data = wrapEnvelope(directEnvelope({ timestamp, ciphertext, proSignature }));
  return { data, namespace: 0, ttl, timestamp, recipient };
}
