/**
 * The layers around the ciphertext (docs/protocol/messages.md sections 3.4 and 3.5):
 *
 * ```text
 * WebSocketMessage { type 1, request { verb "", path "", body: Envelope, requestId 0 } }
 * Envelope { type 6, timestamp, sourceDevice 1, content: ciphertext, proSig }
 * ```
 *
 * Nothing here is authenticated; receivers trust the envelope's time only when it equals the signed one.
 *
 * @module
 */
import { type Crypto, defaultCrypto } from "../crypto/index.js";
import { SessionError } from "../errors/index.js";
import {
  decodeProto,
  type Envelope,
  EnvelopeSchema,
  EnvelopeType,
  encodeProto,
  type WebSocketMessage,
  WebSocketMessageSchema,
  WebSocketMessageType,
} from "../proto/index.js";
import type { MessageErrorCode } from "./errors.js";

const PRO_SIGNATURE_LENGTH = 64;
const SOURCE_PATTERN = /^[0-9a-fA-F]{66}$/;
const SOURCE_DEVICE = 1;

/** What goes into the envelope of a message to one account. */
export interface DirectEnvelope {
  /** Sent time, unix milliseconds. */
  readonly timestamp: number;
  readonly ciphertext: Uint8Array;
  /** 64 bytes: see {@link decoyProSignature}. */
  readonly proSignature: Uint8Array;
}

/** The envelope of a message to one account. */
export function directEnvelope({ timestamp, ciphertext, proSignature }: DirectEnvelope): Envelope {
  return {
    type: EnvelopeType.SESSION_MESSAGE,
    timestamp: BigInt(timestamp),
    sourceDevice: SOURCE_DEVICE,
    content: ciphertext,
    proSig: proSignature,
  };
}

/** The bytes to store in namespace 0: the envelope in its request wrapper. */
export function wrapEnvelope(envelope: Envelope): Uint8Array {
  return encodeProto(WebSocketMessageSchema, {
    type: WebSocketMessageType.REQUEST,
    request: { verb: "", path: "", body: encodeProto(EnvelopeSchema, envelope), requestId: 0n },
  });
}

/**
 * Reads the wrapper (whatever its type says) and the envelope in it. Byte values are views of `data`.
 *
 * @throws `MESSAGE_MALFORMED` also when the request, its body or the envelope's content is absent, or `source` or
 * `proSig` has a wrong form
 */
export function unwrapEnvelope(data: Uint8Array): Envelope & { readonly content: Uint8Array } {
  const { wrapper, envelope } = parse(data);
  if (wrapper === undefined || envelope === undefined)
    throw malformed("the wrapper holds no request with a body");
  const { content, source, proSig } = envelope;
  if (content === undefined) throw malformed("the envelope has no content");
  if (source !== undefined && source !== "" && !SOURCE_PATTERN.test(source)) {
    throw malformed("the envelope's source is not an id");
  }
  if (proSig !== undefined && proSig.length !== PRO_SIGNATURE_LENGTH) {
    throw malformed("the envelope's Pro signature has not 64 bytes");
  }
  return { ...envelope, content };
}

/**
 * 64 bytes that look like a Session Pro signature: a random point of the prime-order subgroup and a random reduced
 * scalar. They keep messages with and without Pro alike (docs/protocol/messages.md section 9.3).
 */
export function decoyProSignature(crypto: Crypto = defaultCrypto): Uint8Array {
  const signature = new Uint8Array(PRO_SIGNATURE_LENGTH);
  signature.set(crypto.pointMultiplyBase(crypto.scalarReduce(crypto.randomBytes(64))));
  signature.set(crypto.scalarReduce(crypto.randomBytes(64)), 32);
  return signature;
}

function parse(data: Uint8Array): { wrapper?: WebSocketMessage; envelope?: Envelope } {
  try {
    const wrapper = decodeProto(WebSocketMessageSchema, data);
    const body = wrapper.request?.body;
    return body === undefined ? { wrapper } : { wrapper, envelope: decodeProto(EnvelopeSchema, body) };
  } catch (cause) {
    throw malformed("the wrapper or envelope cannot be read", cause);
  }
}

function malformed(message: string, cause?: unknown): SessionError<MessageErrorCode> {
  return new SessionError("MESSAGE_MALFORMED", message, cause === undefined ? {} : { cause });
}
