/**
 * The node's half: what a service node or server does with an onion request (docs/protocol/onion.md §2 to §4,
 * docs/protocol/storage-server-behaviour.md §13). Shares only the layer cipher and the framing with the client's half.
 *
 *     HTTP body → parseOnionRequest → peelOnionLayer → one of
 *       "destination": run the RPC, answer with sealNodeReply
 *       "forward":     send to the next node, one hop number up (checkHopNumber there)
 *       "server":      POST the whole plaintext to protocol://host:port/target, hand the answer on as it comes
 *
 * A request that cannot be served is an error from which {@link onionRefusal} gives the node's answer.
 *
 * @module
 */
import { bytesToBase64, hexToBytes, type JsonObject, utf8ToBytes } from "../bytes/index.js";
import { type Crypto, defaultCrypto, type X25519KeyPair } from "../crypto/index.js";
import { isSessionError, type SessionError } from "../errors/index.js";
import { type OnionErrorCode, onionError } from "./errors.js";
import { decryptLayer, type EncType, encryptLayer, nodeLayerSecret, parseEncType } from "./layer.js";
import { MAX_ONION_BODY, unpackPayload } from "./pack.js";

/** One layer as it reaches a node. */
export interface OnionLayer {
  readonly ciphertext: Uint8Array;
  /** The client's X25519 key for this layer, 32 bytes. */
  readonly ephemeralKey: Uint8Array;
  readonly encType: EncType;
}

/** The body of a request to a guard. */
export interface ParsedOnionRequest extends OnionLayer {
  /** Hops that the client pretends to have passed. */
  readonly hopNo: number;
}

/** What a node finds in its layer. */
export type PeeledLayer =
  | {
      readonly kind: "destination";
      /** The RPC call, JSON text. */
      readonly payload: Uint8Array;
      /** Embed a JSON result as such in the reply. */
      readonly json: boolean;
      /** Send the reply as base64 text. */
      readonly base64: boolean;
    }
  | ({
      readonly kind: "forward";
      /** Ed25519 key of the next node, lower-case hex. */
      readonly destination: string;
    } & OnionLayer)
  | {
      readonly kind: "server";
      readonly host: string;
      readonly port: number;
      readonly protocol: "http" | "https";
      readonly target: string;
      /** The whole layer, as the server gets it. */
      readonly plaintext: Uint8Array;
    };

/** What a node answers to a request that it cannot serve. */
export interface OnionRefusal {
  readonly status: number;
  readonly body: string;
  /** Sealed under the refusing node's layer, HTTP 200 outside; otherwise in clear with `status` as HTTP status. */
  readonly encrypted: boolean;
}

/** Hop numbers above this are refused. The guard does not check its own. */
const HIGHEST_HOP_NUMBER = 15;

/**
 * Parses the HTTP body that a guard, or at the end of a path a server, receives.
 *
 * @throws `ONION_INVALID_REQUEST`, `ONION_TOO_LARGE`
 */
export function parseOnionRequest(body: Uint8Array): ParsedOnionRequest {
  if (body.length > MAX_ONION_BODY)
    throw refused("ONION_TOO_LARGE", { status: 413, body: "Request body too large", encrypted: false });
  try {
    const { blob, control } = unpackPayload(body);
    return { ciphertext: blob, ...layerKeys(control), hopNo: hopNumber(control) };
  } catch (cause) {
    const reason = isSessionError(cause) ? (cause.details["reason"] ?? cause.message) : "unknown";
    const answer = { status: 400, body: `Error parsing onion request: ${String(reason)}`, encrypted: false };
    throw refused("ONION_INVALID_REQUEST", answer, cause);
  }
}

/**
 * For a node that is not the guard: refuses a request that has passed too many hops.
 *
 * @throws `ONION_TOO_MANY_HOPS`
 */
export function checkHopNumber(hopNo: number): void {
  if (hopNo > HIGHEST_HOP_NUMBER)
    throw refused("ONION_TOO_MANY_HOPS", {
      status: 400,
      body: "onion request max path length exceeded",
      encrypted: false,
    });
}

/**
 * Decrypts this node's layer and reads what to do with the rest.
 *
 * @throws `ONION_INVALID_CIPHERTEXT`, `ONION_INVALID_LAYER`
 */
export function peelOnionLayer(
  layer: OnionLayer,
  node: X25519KeyPair,
  crypto: Crypto = defaultCrypto,
): PeeledLayer {
  let plaintext: Uint8Array;
  try {
    plaintext = openLayer(layer, node, crypto);
  } catch (cause) {
    const answer = { status: 400, body: "Invalid ciphertext", encrypted: false };
    throw refused("ONION_INVALID_CIPHERTEXT", answer, cause);
  }
  let peeled: PeeledLayer;
  try {
    peeled = readLayer(plaintext);
  } catch (cause) {
    throw refused("ONION_INVALID_LAYER", { status: 400, body: "Invalid json", encrypted: true }, cause);
  }
  if (peeled.kind === "server" && !isAllowedUrl(peeled.protocol, peeled.target))
    throw refused("ONION_INVALID_LAYER", { status: 400, body: "Invalid url", encrypted: true });
  return peeled;
}

/**
 * The server's half of a server destination: decrypts the payload (a v4 request) from the body that the last hop posts.
 *
 * @throws `ONION_INVALID_REQUEST`, `ONION_TOO_LARGE`, `ONION_INVALID_CIPHERTEXT`
 */
export function openServerRequest(
  body: Uint8Array,
  server: X25519KeyPair,
  crypto: Crypto = defaultCrypto,
): { readonly payload: Uint8Array; readonly ephemeralKey: Uint8Array; readonly encType: EncType } {
  const layer = parseOnionRequest(body);
  try {
    const payload = openLayer(layer, server, crypto);
    return { payload, ephemeralKey: layer.ephemeralKey, encType: layer.encType };
  } catch (cause) {
    const answer = { status: 400, body: "Invalid ciphertext", encrypted: false };
    throw refused("ONION_INVALID_CIPHERTEXT", answer, cause);
  }
}

/** Encrypts a reply for the client whose layer came with `ephemeralKey` and `encType`. Raw bytes. */
export function sealOnionReply(
  plaintext: Uint8Array,
  { ephemeralKey, encType }: Pick<OnionLayer, "ephemeralKey" | "encType">,
  node: X25519KeyPair,
  crypto: Crypto = defaultCrypto,
): Uint8Array {
  return encryptLayer(plaintext, nodeLayerSecret(encType, node, ephemeralKey, crypto), crypto);
}

/**
 * The HTTP body with which a node answers an RPC, or refuses a layer that it could open.
 *
 * @param reply - status and body; `isJson` says that the body is JSON text and not a sentence
 * @param layer - the client's key and type, and the wishes `json` (default false) and `base64` (default true)
 */
export function sealNodeReply(
  reply: { readonly status: number; readonly body: string; readonly isJson?: boolean | undefined },
  layer: Pick<OnionLayer, "ephemeralKey" | "encType"> & {
    readonly json?: boolean | undefined;
    readonly base64?: boolean | undefined;
  },
  node: X25519KeyPair,
  crypto: Crypto = defaultCrypto,
): Uint8Array {
  // Built as text: a JSON result may hold integers that a JavaScript number would round.
  const body = reply.isJson && layer.json ? reply.body : JSON.stringify(reply.body);
  const plaintext = utf8ToBytes(`{"body":${body},"status":${reply.status}}`);
  const sealed = sealOnionReply(plaintext, layer, node, crypto);
  return layer.base64 === false ? sealed : utf8ToBytes(bytesToBase64(sealed));
}

/** The node's answer that an error of this half stands for; undefined for any other error. */
export function onionRefusal(error: unknown): OnionRefusal | undefined {
  if (!isSessionError(error)) return undefined;
  const { status, body, encrypted } = error.details;
  return typeof status === "number" && typeof body === "string" && typeof encrypted === "boolean"
    ? { status, body, encrypted }
    : undefined;
}

function openLayer(
  { ciphertext, ephemeralKey, encType }: OnionLayer,
  own: X25519KeyPair,
  crypto: Crypto,
): Uint8Array {
  return decryptLayer(ciphertext, nodeLayerSecret(encType, own, ephemeralKey, crypto), crypto);
}

/** The order of the questions is the storage server's: `headers`, then `host`, then the next node. */
function readLayer(plaintext: Uint8Array): PeeledLayer {
  const { blob, control } = unpackPayload(plaintext);
  if (Object.hasOwn(control, "headers")) {
    const json = optional(control, "json", "boolean") ?? false;
    const base64 = optional(control, "base64", "boolean") ?? true;
    return { kind: "destination", payload: blob, json, base64 };
  }
  if (Object.hasOwn(control, "host")) {
    const port = optional(control, "port", "number") ?? 443;
    if (!Number.isInteger(port) || port < 0 || port > 65_535) throw unusable("port is not 0 to 65535");
    // Other protocols than these two are refused by isAllowedUrl.
    const protocol = (optional(control, "protocol", "string") ?? "https") as "http" | "https";
    const host = required(control, "host");
    return { kind: "server", host, port, protocol, target: required(control, "target"), plaintext };
  }
  const destination = required(control, "destination");
  if (!isKey(destination)) throw unusable(`expected 64 hex digits, received ${destination.length}`);
  return { kind: "forward", destination: destination.toLowerCase(), ciphertext: blob, ...layerKeys(control) };
}

function layerKeys(control: JsonObject): Pick<OnionLayer, "ephemeralKey" | "encType"> {
  const key = required(control, "ephemeral_key");
  if (!isKey(key)) throw unusable(`Hex key data is invalid: expected 32 hex digits, received ${key.length}`);
  const name = optional(control, "enc_type", "string") ?? "aes-gcm";
  const encType = parseEncType(name);
  if (encType === undefined) throw unusable(`Invalid encryption type ${name.slice(0, 64)}`);
  return { ephemeralKey: hexToBytes(key), encType };
}

/** Storage servers count a negative start as 0 and drop fractions. */
function hopNumber(control: JsonObject): number {
  return Math.max(0, Math.trunc(optional(control, "hop_no", "number") ?? 0));
}

function isAllowedUrl(protocol: string, target: string): boolean {
  if (protocol !== "http" && protocol !== "https") return false;
  const rooted = target.startsWith("/oxen/") || target.startsWith("/loki/");
  return rooted && target.endsWith("/lsrpc") && !target.includes("?");
}

function isKey(text: string): boolean {
  return /^[0-9a-f]{64}$/i.test(text);
}

interface JsonTypes {
  readonly string: string;
  readonly number: number;
  readonly boolean: boolean;
}

function optional<Name extends keyof JsonTypes>(
  control: JsonObject,
  member: string,
  type: Name,
): JsonTypes[Name] | undefined {
  if (!Object.hasOwn(control, member)) return undefined;
  const value = control[member];
  if (typeof value !== type) throw unusable(`[json.exception.type_error.302] ${member} must be ${type}`);
  return value as JsonTypes[Name];
}

function required(control: JsonObject, member: string): string {
  const value = optional(control, member, "string");
  if (value === undefined) throw unusable(`[json.exception.out_of_range.403] key '${member}' not found`);
  return value;
}

function unusable(reason: string): SessionError<OnionErrorCode> {
  return onionError("ONION_PACK_INVALID", "the instructions of the layer are not usable", { reason });
}

function refused(code: OnionErrorCode, answer: OnionRefusal, cause?: unknown): SessionError<OnionErrorCode> {
  return onionError(code, answer.body, { ...answer }, cause);
}
