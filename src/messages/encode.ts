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
import type { EncodedMessage, OutgoingMessage } from "./outgoing.js";
import { padMessage } from "./padding.js";
import { encryptForRecipient } from "./session-encryption.js";

/** Who sends to whom, and when. */
export interface EncodeContext {
  readonly sender: Account;
  /** The other party: also when the copy for the own devices is made. */
  readonly recipient: SessionId;
  /** Sent time, unix milliseconds, different for every message of the account: see `nextTimestamp`. */
  readonly timestamp: number;
  /** Code points of a text; default 2,000. */
  readonly textLimit?: number | undefined;
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
  return encode(buildContent(message, context), recipient, messageTtl(message, "recipient"), context);
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
  const content = buildContent(message, form === "copy" ? { ...context, syncTarget: recipient } : context);
  return encode(content, sender.sessionId, messageTtl(message, "own-devices"), context);
}

/** Whether own devices must be told about a message with {@link encodeSyncCopy}. */
export function needsSyncCopy(message: OutgoingMessage): boolean {
  return syncForm(message) !== "none";
}

function encode(content: Content, recipient: SessionId, ttl: number, context: EncodeContext): EncodedMessage {
  const { sender, timestamp, crypto = defaultCrypto } = context;
  const ciphertext = encryptForRecipient(padMessage(encodeContent(content)), { sender, recipient, crypto });
  const data = wrapEnvelope(
    directEnvelope({ timestamp, ciphertext, proSignature: decoyProSignature(crypto) }),
  );
  return { data, namespace: 0, ttl, timestamp, recipient };
}
