/**
 * The client's half, inward: opening replies (docs/protocol/onion.md §4 and §5).
 *
 * The destination encrypts its reply once, with the secret of the innermost layer; hops only pass it on. A hop that
 * could decrypt its layer but not follow it answers in the same way under its *own* layer's secret, so that a reply
 * is tried with the secrets of D, N3, N2, N1, and the one that opens it names who spoke.
 *
 *     node reply:   base64(nonce ‖ ciphertext ‖ tag), or raw, or {"result":"<base64>"} from old servers
 *                   → {"status":200,"body":"<JSON text, or an error sentence>"}
 *     server reply: raw nonce ‖ ciphertext ‖ tag → v4 reply
 *
 * These functions take the body of an HTTP 200 of the guard. Any other HTTP status is a path error in clear.
 *
 * @module
 */
import { base64ToBytes, bytesToUtf8, isJsonObject } from "../bytes/index.js";
import { type Crypto, defaultCrypto } from "../crypto/index.js";
import type { SessionError } from "../errors/index.js";
import type { OnionReplyKeys } from "./build.js";
import { type OnionErrorCode, onionError } from "./errors.js";
import { decryptLayer, type LayerSecret } from "./layer.js";
import { decodeV4Reply, type V4Reply } from "./v4.js";

/** Largest reply taken, in bytes: what nodes pass on (10 MiB of result) as base64, with room for its wrapper. */
export const MAX_ONION_REPLY: number = 16_777_216;
/** A hop's own errors are one short sentence. Larger bodies are not tried with the hops' keys. */
const MAX_HOP_ERROR = 4096;

/** A service node's reply. */
export interface NodeReply {
  /** HTTP-like status of the RPC. */
  readonly status: number;
  /** The parsed JSON object or array, or the text if it is no such thing. */
  readonly body: unknown;
  /** The body as text, for integers above 2^53; re-encoded if `jsonReply` was asked for. */
  readonly text: string;
}

/**
 * Decrypts raw reply bytes with the destination's secret alone.
 *
 * A reply to an xchacha20 request that does not open is tried as aes-gcm, as old servers answer so; not the reverse.
 *
 * @throws `ONION_REPLY_UNREADABLE`
 */
export function decryptOnionReply(
  ciphertext: Uint8Array,
  keys: OnionReplyKeys,
  crypto: Crypto = defaultCrypto,
): Uint8Array {
  const plaintext = tryOpen(ciphertext, keys.destination, crypto);
  if (plaintext === undefined) throw unreadable(ciphertext);
  return plaintext;
}

/**
 * Opens the reply of a service node.
 *
 * @param body - the HTTP body of the guard's 200
 * @throws `ONION_HOP_ERROR` if another node than the destination answered; `ONION_REPLY_UNREADABLE` if nobody's key
 * opens it; `ONION_REPLY_INVALID` if the destination's answer is malformed
 */
export function openNodeReply(
  body: Uint8Array,
  keys: OnionReplyKeys,
  crypto: Crypto = defaultCrypto,
): NodeReply {
  checkSize(body);
  const decoded = base64Reply(body);
  for (const candidate of keys.rawReply ? [body, decoded] : [decoded]) {
    if (candidate === undefined) continue;
    const plaintext = tryOpen(candidate, keys.destination, crypto);
    if (plaintext !== undefined) return parseNodeReply(plaintext);
  }
  throw (decoded && hopError(decoded, keys, crypto)) ?? unreadable(body);
}

/**
 * Opens the reply of a server: raw bytes are its v4 reply, base64 text is the error of a hop.
 *
 * @param body - the HTTP body of the guard's 200
 * @throws `ONION_HOP_ERROR`, `ONION_REPLY_UNREADABLE`, `ONION_REPLY_INVALID`
 */
export function openServerReply(
  body: Uint8Array,
  keys: OnionReplyKeys,
  crypto: Crypto = defaultCrypto,
): V4Reply {
  checkSize(body);
  const plaintext = tryOpen(body, keys.destination, crypto);
  if (plaintext === undefined) {
    const decoded = body.length <= MAX_HOP_ERROR ? base64Reply(body) : undefined;
    throw (decoded && hopError(decoded, keys, crypto)) ?? unreadable(body);
  }
  try {
    return decodeV4Reply(plaintext);
  } catch (cause) {
    throw onionError(
      "ONION_REPLY_INVALID",
      "the server's reply is no v4 reply",
      { length: plaintext.length },
      cause,
    );
  }
}

function tryOpen(ciphertext: Uint8Array, secret: LayerSecret, crypto: Crypto): Uint8Array | undefined {
  for (const encType of secret.encType === "xchacha20"
    ? (["xchacha20", "aes-gcm"] as const)
    : [secret.encType]) {
    try {
      return decryptLayer(ciphertext, secret, crypto, encType);
    } catch {
      // The next type or the next key is tried; that none fits is reported by the caller.
    }
  }
  return undefined;
}

function hopError(
  ciphertext: Uint8Array,
  keys: OnionReplyKeys,
  crypto: Crypto,
): SessionError<OnionErrorCode> | undefined {
  if (ciphertext.length > MAX_HOP_ERROR) return undefined;
  for (const [hop, { ed25519PublicKey: node, secret }] of [...keys.hops.entries()].reverse()) {
    const plaintext = tryOpen(ciphertext, secret, crypto);
    if (plaintext === undefined) continue;
    const message = "a node on the path answered in place of the destination";
    try {
      const { status, text } = parseNodeReply(plaintext);
      return onionError("ONION_HOP_ERROR", message, { hop, node, status, body: text });
    } catch (cause) {
      return onionError("ONION_HOP_ERROR", message, { hop, node }, cause);
    }
  }
  return undefined;
}

/** The ciphertext inside base64 text or `{"result":"<base64>"}`; undefined if the body is neither. */
function base64Reply(body: Uint8Array): Uint8Array | undefined {
  try {
    const text = bytesToUtf8(body);
    if (!text.startsWith("{")) return base64ToBytes(text);
    const wrapped: unknown = JSON.parse(text);
    return isJsonObject(wrapped) && typeof wrapped["result"] === "string"
      ? base64ToBytes(wrapped["result"])
      : undefined;
  } catch {
    return undefined;
  }
}

function parseNodeReply(plaintext: Uint8Array): NodeReply {
  let reply: unknown;
  try {
    reply = JSON.parse(bytesToUtf8(plaintext));
  } catch (cause) {
    throw malformed(plaintext, cause);
  }
  if (!isJsonObject(reply)) throw malformed(plaintext);
  const status = reply["status"] ?? reply["status_code"];
  if (typeof status !== "number" || !Number.isInteger(status) || status < 100 || status > 999)
    throw malformed(plaintext);
  const body = reply["body"] ?? "";
  if (typeof body === "string") return { status, body: parseBody(body), text: body };
  try {
    return { status, body, text: JSON.stringify(body) };
  } catch (cause) {
    // Unlike the parser, JSON.stringify recurses: a body nested some thousand levels deep overflows the stack.
    throw malformed(plaintext, cause);
  }
}

/** Results are JSON objects; everything else is a sentence, even where it happens to be JSON. */
function parseBody(text: string): unknown {
  if (!/^\s*[{[]/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function checkSize(body: Uint8Array): void {
  if (body.length > MAX_ONION_REPLY)
    throw onionError("ONION_TOO_LARGE", "the reply is larger than nodes pass on", {
      length: body.length,
      limit: MAX_ONION_REPLY,
    });
}

function malformed(plaintext: Uint8Array, cause?: unknown): SessionError<OnionErrorCode> {
  return onionError(
    "ONION_REPLY_INVALID",
    "the destination's reply is not JSON with a status",
    { length: plaintext.length },
    cause,
  );
}

function unreadable(body: Uint8Array): SessionError<OnionErrorCode> {
  return onionError("ONION_REPLY_UNREADABLE", "no key of the path opens the reply", { length: body.length });
}
