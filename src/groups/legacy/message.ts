/**
 * Messages of legacy closed groups (docs/protocol/legacy-groups.md §2). Deprecated.
 *
 * ```
 * WebSocketMessage { request PUT /api/v1/message { Envelope { type 7, source: group id, timestamp, content } } }
 * content = session-protocol encryption of the padded Content to the group's newest encryption key
 * ```
 *
 * Stored in namespace -10, which everybody may write and read.
 *
 * @module
 */
import { concatBytes, encodeVarint, utf8ToBytes } from "../../bytes/index.js";
import { type Crypto, defaultCrypto, type X25519KeyPair } from "../../crypto/index.js";
import { isSessionError } from "../../errors/index.js";
import type { SessionId } from "../../identity/index.js";
import {
  decodeContent,
  decryptFromSender,
  encodeContent,
  encryptForRecipient,
  padMessage,
  type SenderKey,
  toTimestamp,
  unpadMessage,
  unwrapEnvelope,
} from "../../messages/index.js";
import {
  type Content,
  EnvelopeSchema,
  EnvelopeType,
  encodeProto,
  WebSocketMessageSchema,
  WebSocketMessageType,
} from "../../proto/index.js";
import { groupError } from "../errors.js";

/** Where messages of legacy groups lie. */
export const LEGACY_GROUP_NAMESPACE = -10;

/** Who sends to which group. */
export interface LegacyEncodeContext {
  readonly groupId: SessionId;
  /** The group's newest encryption key, 32 bytes. */
  readonly encryptionKey: Uint8Array;
  readonly sender: SenderKey;
  /** Sent time, unix milliseconds. */
  readonly timestamp: number;
  readonly crypto?: Crypto | undefined;
}

/** A message that opened, and whose sender is proven. */
export interface LegacyGroupMessage {
  readonly from: SessionId;
  /** Time of the envelope, unix milliseconds; not signed. */
  readonly timestamp: number;
  readonly content: Content;
}

/**
 * Bytes to store, without a signature, in the group's namespace -10.
 *
 * @throws `MESSAGE_INVALID_VALUE`, `MESSAGE_INVALID_RECIPIENT`, `GROUP_INVALID_VALUE`
 */
export function encodeLegacyGroupMessage(content: Content, context: LegacyEncodeContext): Uint8Array {
  const { groupId, encryptionKey: recipient, sender, timestamp, crypto = defaultCrypto } = context;
  if (!Number.isSafeInteger(timestamp) || timestamp <= 0)
    throw groupError("GROUP_INVALID_VALUE", "a time is a positive whole number of milliseconds");
  const plaintext = padMessage(encodeContent(withGroupContext(content, groupId)));
  const body = encodeProto(EnvelopeSchema, {
    type: EnvelopeType.CLOSED_GROUP_MESSAGE,
    source: groupId,
    timestamp: BigInt(timestamp),
    content: encryptForRecipient(plaintext, { sender, recipient, crypto }),
  });
  const request = { verb: "PUT", path: "/api/v1/message", body, requestId: 0n };
  return encodeProto(WebSocketMessageSchema, { type: WebSocketMessageType.REQUEST, request });
}

/**
 * Opens a message of namespace -10 with the pair that fits, the newest first. The envelope's `source` is not looked at:
 * the group is the one whose swarm had the message.
 *
 * @param keyPairs - the group's encryption pairs, from the newest to the oldest
 * @throws `GROUP_MESSAGE_UNDECRYPTABLE` when no pair fits: keep it until a new pair arrives; `MESSAGE_MALFORMED`,
 * `MESSAGE_BAD_SIGNATURE`, `GROUP_MESSAGE_INVALID`
 */
export function decodeLegacyGroupMessage(
  data: Uint8Array,
  keyPairs: readonly X25519KeyPair[],
  crypto: Crypto = defaultCrypto,
): LegacyGroupMessage {
  const envelope = unwrapEnvelope(data);
  const { message, sender: from } = open(envelope.content, keyPairs, crypto);
  const timestamp = toTimestamp(envelope.timestamp);
  if (timestamp === undefined) throw groupError("GROUP_MESSAGE_INVALID", "the sent time is beyond all times");
  return { from, timestamp, content: decodeContent(unpadMessage(message)) };
}

function open(
  ciphertext: Uint8Array,
  keyPairs: readonly X25519KeyPair[],
  crypto: Crypto,
): { message: Uint8Array; sender: SessionId } {
  for (const pair of keyPairs) {
    try {
      return decryptFromSender(ciphertext, pair, crypto);
    } catch (cause) {
      if (!isSessionError(cause, "MESSAGE_DECRYPT_FAILED")) throw cause;
    }
  }
  throw groupError("GROUP_MESSAGE_UNDECRYPTABLE", "no encryption pair of the group opens the message");
}

const DELIVER = 2;

/**
 * `DataMessage.group` (field 3), which apps of 2022 look at for visible messages: id `__textsecure_group__!` and the
 * group's id, type DELIVER. The schema of today does not name it.
 */
function withGroupContext(content: Content, groupId: SessionId): Content {
  const { dataMessage } = content;
  if (dataMessage === undefined || dataMessage.closedGroupControlMessage !== undefined) return content;
  const id = utf8ToBytes(`__textsecure_group__!${groupId}`);
  const context = concatBytes(
    Uint8Array.of(0x0a),
    encodeVarint(BigInt(id.length)),
    id,
    Uint8Array.of(0x10, DELIVER),
  );
  const field = concatBytes(Uint8Array.of(0x1a), encodeVarint(BigInt(context.length)), context);
  const $unknown = concatBytes(dataMessage.$unknown ?? new Uint8Array(), field);
  return { ...content, dataMessage: { ...dataMessage, $unknown } };
}
