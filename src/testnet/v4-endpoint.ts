/**
 * The onion endpoint of a server: opens a sealed v4 request, has it answered, seals the answer
 * (docs/protocol/onion.md §5).
 *
 * @module
 */
import { utf8ToBytes } from "../bytes/index.js";
import type { Crypto, X25519KeyPair } from "../crypto/index.js";
import { isSessionError } from "../errors/index.js";
import {
  decodeV4Request,
  encodeV4Reply,
  openServerRequest,
  sealOnionReply,
  type V4Reply,
  type V4Request,
} from "../onion/index.js";

/** Path of the endpoint. */
export const ONION_PATH = "/oxen/v4/lsrpc";

/** The body to send back with status 200; `undefined` for what cannot be opened, to be answered with 400 in the clear. */
export function answerSealed(
  body: Uint8Array,
  keys: X25519KeyPair,
  crypto: Crypto,
  answer: (request: V4Request) => V4Reply,
): Uint8Array | undefined {
  let opened: ReturnType<typeof openServerRequest>;
  try {
    opened = openServerRequest(body, keys, crypto);
  } catch (error) {
    if (isSessionError(error)) return undefined;
    throw error;
  }
  return sealOnionReply(encodeV4Reply(answerPayload(opened.payload, answer)), opened, keys, crypto);
}

function answerPayload(payload: Uint8Array, answer: (request: V4Request) => V4Reply): V4Reply {
  let request: V4Request;
  try {
    request = decodeV4Request(payload);
  } catch (error) {
    if (!isSessionError(error)) throw error;
    const headers = { "content-type": "text/plain; charset=utf-8" };
    return { status: 400, headers, body: utf8ToBytes("Invalid v4 onion request") };
  }
  return answer(request);
}
