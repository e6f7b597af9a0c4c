/**
 * The send path of group messages (docs/protocol/groups.md §7.1, messages.md §11), from a message to stored bytes:
 *
 * ```
 * Content → Envelope { type 7, timestamp, sourceDevice 1, content, proSig } → group encryption
 * ```
 *
 * The content is not padded: the encryption pads.
 *
 * @module
 */
import type { Compress } from "../config/index.js";
import { type Crypto, defaultCrypto, type Ed25519KeyPair } from "../crypto/index.js";
import type { GroupId } from "../identity/index.js";
import {
  buildContent,
  decoyProSignature,
  EXPIRATION_OFF,
  encodeContent,
  expiringTtl,
  type OutgoingGroupUpdate,
  type OutgoingReaction,
  type OutgoingText,
} from "../messages/index.js";
import { EnvelopeSchema, EnvelopeType, encodeProto } from "../proto/index.js";
import { followsTimer } from "./control-build.js";
import { groupError } from "./errors.js";
import type { GroupKeys } from "./keys.js";
import { encryptGroupMessage } from "./message-encryption.js";

/** What can be sent to a group. */
export type OutgoingGroupMessage = OutgoingText | OutgoingReaction | OutgoingGroupUpdate;

/** Namespace of a group's messages. */
export const GROUP_MESSAGES_NAMESPACE = 11;

/** Who sends to which group, and when. */
export interface GroupEncodeContext {
  readonly sender: { readonly ed25519: Ed25519KeyPair };
  readonly keys: GroupKeys;
  /** Sent time, unix milliseconds, different for every message of the account: see `nextTimestamp`. */
  readonly timestamp: number;
  /** Code points of a text; default 2,000. */
  readonly textLimit?: number | undefined;
  /** zstd; default: messages are not compressed. */
  readonly compress?: Compress | undefined;
  readonly crypto?: Crypto | undefined;
}

/** A group message ready to be stored. */
export interface EncodedGroupMessage {
  /** The bytes to store, base64-encoded, in the group's swarm. */
  readonly data: Uint8Array;
  readonly namespace: 11;
  /** Time to live, milliseconds. */
  readonly ttl: number;
  /** Sent time, unix milliseconds: not the time of the store request. */
  readonly timestamp: number;
  readonly groupId: GroupId;
}

/**
 * A message for all members, encrypted with the newest group key.
 *
 * @throws those of `buildContent`; `GROUP_NO_KEYS`; `GROUP_INVALID_VALUE` for an expiration from reading, which groups
 * do not know, or on a control message that must reach everybody
 */
export function encodeGroupMessage(
  message: OutgoingGroupMessage,
  context: GroupEncodeContext,
): EncodedGroupMessage {
  const { sender, keys, timestamp, compress, crypto = defaultCrypto } = context;
  const key = keys.encryptionKey;
  if (key === undefined) throw groupError("GROUP_NO_KEYS", "the group has no key yet");
  const { expiration = EXPIRATION_OFF } = message;
  if (expiration.mode === "after-read")
    throw groupError("GROUP_INVALID_VALUE", "in groups, messages disappear some time after sending");
  if (expiration.mode !== "off" && message.kind === "group-update" && !followsTimer(message.update))
    throw groupError("GROUP_INVALID_VALUE", "this control message must not disappear");
  const envelope = encodeProto(EnvelopeSchema, {
    type: EnvelopeType.CLOSED_GROUP_MESSAGE,
    timestamp: BigInt(timestamp),
    sourceDevice: 1,
    content: encodeContent(buildContent(message, context)),
    proSig: decoyProSignature(crypto),
  });
  const options = { key, groupPublicKey: keys.publicKey, sender: sender.ed25519, compress };
  const data = encryptGroupMessage(envelope, options, crypto);
  return {
    data,
    namespace: GROUP_MESSAGES_NAMESPACE,
    ttl: expiringTtl(expiration, "recipient"),
    timestamp,
    groupId: keys.groupId,
  };
}
