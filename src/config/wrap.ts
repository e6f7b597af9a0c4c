/**
 * The protobuf wrapping of the user's configs (docs/protocol/config.md §10): what old clients took for a message to oneself.
 *
 * ```text
 * WebSocketMessage { REQUEST, request { verb "", path "", requestId 0, body:
 *   Envelope { SESSION_MESSAGE, timestamp 1, content:
 *     session encryption to oneself, deterministic ( Content { sharedConfigMessage { kind, seqno, data } } ‖ 80 ) } } }
 * ```
 *
 * @module
 */
import { concatBytes, equalBytes } from "../bytes/index.js";
import {
  type Crypto,
  defaultCrypto,
  type Ed25519KeyPair,
  x25519KeyPairFromEd25519,
} from "../crypto/index.js";
import { isSessionError, SessionError } from "../errors/index.js";
import {
  decryptFromSender,
  encryptForRecipientDeterministic,
  unpadMessage,
  wrapEnvelope,
} from "../messages/index.js";
import {
  ContentSchema,
  decodeProto,
  EnvelopeSchema,
  EnvelopeType,
  encodeProto,
  SharedConfigMessageKind,
  WebSocketMessageSchema,
  WebSocketMessageType,
} from "../proto/index.js";
import type { ConfigErrorCode } from "./errors.js";

/** Whose config, and which one. */
export interface WrapContext {
  readonly ed25519: Ed25519KeyPair;
  /** 2 to 5. */
  readonly namespace: number;
}

const END_OF_MESSAGE: Uint8Array = /* @__PURE__ */ Uint8Array.of(0x80);

/** Wraps an encrypted config. The same input gives the same bytes. @throws `CONFIG_KEY_INVALID` for other namespaces */
export function wrapConfig(
  data: Uint8Array,
  { ed25519, namespace, seqno }: WrapContext & { readonly seqno: bigint },
  crypto: Crypto = defaultCrypto,
): Uint8Array {
  const content = encodeProto(ContentSchema, {
    sharedConfigMessage: { kind: kindOf(namespace), seqno, data },
  });
  const ciphertext = encryptForRecipientDeterministic(concatBytes(content, END_OF_MESSAGE), {
    sender: ed25519.secretKey,
    recipient: x25519KeyPairFromEd25519(ed25519.secretKey, crypto).publicKey,
    crypto,
  });
  return wrapEnvelope({ type: EnvelopeType.SESSION_MESSAGE, timestamp: 1n, content: ciphertext });
}

/** Takes an encrypted config out of its wrapping. @throws `CONFIG_UNWRAP_FAILED` whatever is wrong with it */
export function unwrapConfig(
  wrapped: Uint8Array,
  context: WrapContext,
  crypto: Crypto = defaultCrypto,
): Uint8Array {
  try {
    return unwrap(wrapped, context, crypto);
  } catch (cause) {
    if (isSessionError(cause, "CONFIG_UNWRAP_FAILED") || !isSessionError(cause)) throw cause;
    throw failed("the wrapping cannot be read", cause);
  }
}

/**
 * What is inside the wrapping, if there is one; the input itself if not. An old release wrapped twice, so a second
 * wrapping is taken off too.
 */
export function unwrapIfWrapped(
  data: Uint8Array,
  context: WrapContext,
  crypto: Crypto = defaultCrypto,
): Uint8Array {
  let inner = data;
  for (let layer = 0; layer < 2; layer++) {
    try {
      inner = unwrapConfig(inner, context, crypto);
    } catch (error) {
      if (!isSessionError(error)) throw error;
      break;
    }
  }
  return inner;
}

function unwrap(wrapped: Uint8Array, { ed25519, namespace }: WrapContext, crypto: Crypto): Uint8Array {
  const { type, request } = decodeProto(WebSocketMessageSchema, wrapped);
  if (type !== WebSocketMessageType.REQUEST || request?.body === undefined)
    throw failed("this is no request");
  const { content } = decodeProto(EnvelopeSchema, request.body);
  if (content === undefined) throw failed("the envelope is empty");
  const own = x25519KeyPairFromEd25519(ed25519.secretKey, crypto);
  const { message, senderEd25519PublicKey } = decryptFromSender(content, own, crypto);
  if (!equalBytes(senderEd25519PublicKey, ed25519.publicKey)) throw failed("another account sent this");
  const plain = unpadMessage(message);
  if (plain.length === message.length) throw failed("the padding is missing");
  const { sharedConfigMessage } = decodeProto(ContentSchema, plain);
  if (sharedConfigMessage === undefined) throw failed("the message holds no config");
  if (sharedConfigMessage.kind !== kindOf(namespace)) throw failed("this is a config of another kind");
  return sharedConfigMessage.data;
}

function kindOf(namespace: number): SharedConfigMessageKind {
  switch (namespace) {
    case 2:
      return SharedConfigMessageKind.USER_PROFILE;
    case 3:
      return SharedConfigMessageKind.CONTACTS;
    case 4:
      return SharedConfigMessageKind.CONVO_INFO_VOLATILE;
    case 5:
      return SharedConfigMessageKind.USER_GROUPS;
    default:
      throw new SessionError<ConfigErrorCode>(
        "CONFIG_KEY_INVALID",
        "configs of this namespace are not wrapped",
        {
          details: { namespace },
        },
      );
  }
}

function failed(message: string, cause?: unknown): SessionError<ConfigErrorCode> {
  return new SessionError("CONFIG_UNWRAP_FAILED", message, { cause });
}
