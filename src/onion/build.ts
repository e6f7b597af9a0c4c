/**
 * The client's half, outward: building an onion request (docs/protocol/onion.md §2 and §3).
 *
 * From the inside out, each layer encrypted for one X25519 key with a fresh ephemeral pair:
 *
 *     node:    D ← pack(rpc, {"headers":""})
 *     server:  D ← payload
 *     N3 ← pack(D, {"destination":…} or {"host":…})
 *     N2, N1 ← pack(next layer, {"destination":…})
 *     HTTP body = pack(layer of N1, {"ephemeral_key":…,"enc_type":…})
 *
 * `ephemeral_key` and `enc_type` in a layer always describe the next one inward. Routing goes by Ed25519 keys,
 * encryption by X25519 keys.
 *
 * @module
 */
import { bytesToHex, hexToBytes, type JsonObject } from "../bytes/index.js";
import { type Crypto, defaultCrypto, type X25519KeyPair } from "../crypto/index.js";
import { onionError } from "./errors.js";
import { clientLayerSecret, type EncType, encryptLayerParts, type LayerSecret } from "./layer.js";
import { MAX_ONION_BODY, packParts, packPayload } from "./pack.js";

/** A node on a path. Keys are 64 hex digits; a `ServiceNode` fits. */
export interface OnionHop {
  readonly ed25519PublicKey: string;
  readonly x25519PublicKey: string;
}

/** The end of the path: a service node, or an HTTP server that the last hop posts to. */
export type OnionDestination =
  | { readonly kind: "node"; readonly node: OnionHop }
  | {
      readonly kind: "server";
      readonly host: string;
      readonly port: number;
      readonly protocol: "http" | "https";
      /** Default `/oxen/v4/lsrpc`. */
      readonly target?: string | undefined;
      readonly x25519PublicKey: string;
    };

/** The encryption types a client may use. */
export type ClientEncType = Exclude<EncType, "aes-cbc">;

/** What {@link buildOnionRequest} takes. */
export interface OnionRequestOptions {
  /** The hops, guard first. At least one for a server; with none, the HTTP body is for the destination node itself. */
  readonly path: readonly OnionHop[];
  readonly destination: OnionDestination;
  /** A node's RPC call (`encodeRpcPayload`) or a server's v4 request (`encodeV4Request`). */
  readonly payload: Uint8Array;
  /** One type for all layers, or one a layer: guard first, destination last. Default `xchacha20`. */
  readonly encType?: ClientEncType | readonly ClientEncType[] | undefined;
  /** Node destination: a JSON result comes as an object in the reply, not as a string. Default false. */
  readonly jsonReply?: boolean | undefined;
  /** Node destination: the reply is raw bytes, not base64 text. Default false, as no app uses it yet. */
  readonly rawReply?: boolean | undefined;
  /** Pretended number of hops before the guard. Default 0, which is not sent. */
  readonly hopNo?: number | undefined;
  readonly crypto?: Crypto | undefined;
  /** Only for reproducible tests: one pair a layer, guard first, destination last. */
  readonly ephemeralKeys?: readonly X25519KeyPair[] | undefined;
}

/** What opens the reply to one request. Secret, and of no use for any other request. */
export interface OnionReplyKeys {
  /** The layer of the destination. */
  readonly destination: LayerSecret;
  /** The layers of the hops, guard first, with each hop's Ed25519 key. */
  readonly hops: readonly { readonly ed25519PublicKey: string; readonly secret: LayerSecret }[];
  /** The reply was asked for as raw bytes. */
  readonly rawReply: boolean;
}

/** A request ready for the guard. */
export interface OnionRequest {
  /** Body of `POST https://guard/onion_req/v2`. */
  readonly body: Uint8Array;
  readonly keys: OnionReplyKeys;
}

/** Hop numbers above this are refused by nodes, so no path is longer. */
export const MAX_ONION_HOPS: number = 15;
const DEFAULT_TARGET = "/oxen/v4/lsrpc";

/**
 * Encrypts a payload for a destination, layer by layer.
 *
 * @throws `ONION_INVALID_ARGUMENT`, `ONION_INVALID_KEY`, `ONION_TOO_LARGE`
 */
export function buildOnionRequest(options: OnionRequestOptions): OnionRequest {
  const { path, destination, payload, rawReply = false, crypto = defaultCrypto } = options;
  checkPath(path, destination, options.hopNo ?? 0);
  const secretOf = layerSecrets(options, crypto);

  const innermost = secretOf(path.length, keyOf(destination));
  let layer = encryptLayerParts(destinationPlaintext(options), innermost, crypto);
  let inner = innermost;
  let route = routeTo(destination);
  const hops: { ed25519PublicKey: string; secret: LayerSecret }[] = [];
  for (const [index, hop] of [...path.entries()].reverse()) {
    const secret = secretOf(index, hop.x25519PublicKey);
    layer = encryptLayerParts(packParts(layer, { ...route, ...describe(inner) }), secret, crypto);
    hops.unshift({ ed25519PublicKey: hop.ed25519PublicKey, secret });
    inner = secret;
    route = { destination: checkedKey(hop.ed25519PublicKey) };
  }
  const body = packParts(layer, {
    ...describe(inner),
    ...(options.hopNo ? { hop_no: options.hopNo } : {}),
  });
  if (body.length > MAX_ONION_BODY)
    throw onionError("ONION_TOO_LARGE", "the request is larger than nodes take", {
      length: body.length,
      limit: MAX_ONION_BODY,
      payload: payload.length,
    });
  return { body, keys: { destination: innermost, hops, rawReply } };
}

/**
 * Keys for the reply to a request built elsewhere, of which only the innermost layer is known.
 *
 * @throws `ONION_INVALID_KEY`
 */
export function onionReplyKeys(
  options: {
    readonly encType: EncType;
    readonly ephemeral: X25519KeyPair;
    /** X25519 key of the destination, 32 bytes. */
    readonly destination: Uint8Array;
    readonly rawReply?: boolean | undefined;
  },
  crypto: Crypto = defaultCrypto,
): OnionReplyKeys {
  const { encType, ephemeral, destination, rawReply = false } = options;
  return { destination: clientLayerSecret(encType, ephemeral, destination, crypto), hops: [], rawReply };
}

function destinationPlaintext({
  destination,
  payload,
  jsonReply,
  rawReply,
}: OnionRequestOptions): Uint8Array {
  if (destination.kind === "server") return payload;
  return packPayload(payload, {
    headers: "",
    ...(jsonReply ? { json: true } : {}),
    ...(rawReply ? { base64: false } : {}),
  });
}

/** How the last hop finds the destination. `port` and `protocol` are always sent: nodes assume 443 for http too. */
function routeTo(destination: OnionDestination): JsonObject {
  if (destination.kind === "node") return { destination: checkedKey(destination.node.ed25519PublicKey) };
  const { host, target = DEFAULT_TARGET, protocol, port } = destination;
  return { host, target, method: "POST", protocol, port };
}

function describe(secret: LayerSecret): JsonObject {
  return { ephemeral_key: bytesToHex(secret.clientKey), enc_type: secret.encType };
}

function keyOf(destination: OnionDestination): string {
  return destination.kind === "node" ? destination.node.x25519PublicKey : destination.x25519PublicKey;
}

/** The function that makes the secret of layer `index` (guard 0, destination `path.length`). */
function layerSecrets(
  { path, encType = "xchacha20", ephemeralKeys }: OnionRequestOptions,
  crypto: Crypto,
): (index: number, nodeKey: string) => LayerSecret {
  const layers = path.length + 1;
  const types = typeof encType === "string" ? new Array<ClientEncType>(layers).fill(encType) : encType;
  if (types.length !== layers) throw invalid("there must be one encryption type a layer", { layers });
  if (types.some((type) => type !== "xchacha20" && type !== "aes-gcm"))
    throw invalid("clients encrypt with xchacha20 or aes-gcm only", {});
  if (ephemeralKeys !== undefined && ephemeralKeys.length !== layers)
    throw invalid("there must be one ephemeral key pair a layer", { layers });
  return (index, nodeKey) =>
    clientLayerSecret(
      types[index] as ClientEncType,
      ephemeralKeys?.[index] ?? ephemeralKeyPair(crypto),
      hexToBytes(checkedKey(nodeKey)),
      crypto,
    );
}

function ephemeralKeyPair(crypto: Crypto): X25519KeyPair {
  const secretKey = crypto.randomBytes(32);
  return { secretKey, publicKey: crypto.x25519PublicKey(secretKey) };
}

function checkPath(path: readonly OnionHop[], destination: OnionDestination, hopNo: number): void {
  if (!Number.isInteger(hopNo) || hopNo < 0)
    throw invalid("the hop number is no whole number from 0", { hopNo });
  // A node destination is a hop of its own: it refuses a number above the limit too.
  const last = hopNo + path.length - (destination.kind === "node" ? 0 : 1);
  if (last > MAX_ONION_HOPS) throw invalid("the path is too long", { hops: path.length, hopNo });
  if (destination.kind === "node") return;
  if (path.length === 0) throw invalid("only a node can be reached without hops", {});
  const { host, port, protocol, target = DEFAULT_TARGET } = destination;
  if (host === "") throw invalid("the server has no host", {});
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw invalid("the port is not 1 to 65535", { port });
  if (protocol !== "http" && protocol !== "https")
    throw invalid("the protocol is not http or https", { protocol });
  if (!/^\/(?:oxen|loki)\//.test(target) || !target.endsWith("/lsrpc") || target.includes("?"))
    throw invalid("the target is not of the form /oxen/…/lsrpc", { target });
}

function checkedKey(key: string): string {
  if (!/^[0-9a-f]{64}$/i.test(key))
    throw onionError("ONION_INVALID_KEY", "a node key is not 64 hex digits", {});
  return key;
}

function invalid(message: string, details: Readonly<Record<string, unknown>>): ReturnType<typeof onionError> {
  return onionError("ONION_INVALID_ARGUMENT", message, details);
}
