/**
 * The v4 format of payloads for servers and of their replies, both halves (docs/protocol/onion.md §5).
 *
 *     l ‖ <len(meta)>: ‖ meta ‖ [ <len(body)>: ‖ body ] ‖ e
 *
 * Request meta: compact JSON `{"method":…,"endpoint":…,"headers":{…}}`; reply meta: `{"code":…,"headers":{…}}`.
 *
 * @module
 */
import {
  type BtValue,
  btDecode,
  btEncode,
  bytesToUtf8,
  isJsonObject,
  type JsonObject,
  utf8ToBytes,
} from "../bytes/index.js";
import { onionError } from "./errors.js";

/** A request to a server. */
export interface V4Request {
  readonly method: string;
  /** Starts with `/`; the query string belongs to it. Not percent-encoded beyond what the server signs. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Absent for GET and DELETE. With a body, send a `Content-Type`: servers have no default. */
  readonly body?: Uint8Array | undefined;
}

/** A server's reply. */
export interface V4Reply {
  /** The real status; the HTTP status of the onion request says nothing about it. */
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Empty if the server sent none. */
  readonly body: Uint8Array;
}

/**
 * Encodes a request. An empty body is sent as an empty second string; leave it out to send none.
 *
 * @throws `ONION_V4_INVALID` if the endpoint has no leading slash
 */
export function encodeV4Request({ method, endpoint, headers, body }: V4Request): Uint8Array {
  if (!endpoint.startsWith("/")) throw invalid("the endpoint does not start with a slash");
  const meta = utf8ToBytes(JSON.stringify({ method, endpoint, headers }));
  return btEncode(body === undefined ? [meta] : [meta, body]);
}

/**
 * Decodes a request: the server's half.
 *
 * @throws `ONION_V4_INVALID`, to be answered with code 400 and the body `Invalid v4 onion request`
 */
export function decodeV4Request(data: Uint8Array): V4Request {
  const [meta, body] = split(data);
  const { method, endpoint } = meta;
  if (typeof method !== "string" || method === "") throw invalid("the request has no method");
  if (typeof endpoint !== "string" || !endpoint.startsWith("/")) throw invalid("the request has no endpoint");
  return {
    method,
    endpoint,
    headers: headersOf(meta, (name) => name),
    ...(body === undefined ? {} : { body }),
  };
}

/** Encodes a reply: the server's half. */
export function encodeV4Reply({ status, headers, body }: V4Reply): Uint8Array {
  return btEncode([utf8ToBytes(JSON.stringify({ code: status, headers })), body]);
}

/**
 * Decodes a reply. Header names are turned to lower case; numbers as values are tolerated.
 *
 * @throws `ONION_V4_INVALID`
 */
export function decodeV4Reply(data: Uint8Array): V4Reply {
  const [meta, body = new Uint8Array(0)] = split(data);
  const status = meta["code"];
  if (typeof status !== "number" || !Number.isInteger(status) || status < 100 || status > 999)
    throw invalid("the reply has no status code");
  return { status, headers: headersOf(meta, (name) => name.toLowerCase()), body };
}

function split(data: Uint8Array): [meta: JsonObject, body?: Uint8Array] {
  let parts: BtValue;
  let meta: unknown;
  try {
    parts = btDecode(data, { strict: true, maxDepth: 2 });
    if (!isByteStrings(parts) || parts[0] === undefined || parts.length > 2)
      throw invalid("the payload is not a list of one or two strings");
    meta = JSON.parse(bytesToUtf8(parts[0]));
  } catch (cause) {
    throw invalid("the payload is no bencoded list of JSON and body", cause);
  }
  if (!isJsonObject(meta)) throw invalid("the first string is no JSON object");
  return parts[1] === undefined ? [meta] : [meta, parts[1]];
}

function isByteStrings(value: BtValue): value is Uint8Array[] {
  return Array.isArray(value) && value.every((part) => part instanceof Uint8Array);
}

function headersOf(meta: JsonObject, nameOf: (name: string) => string): Record<string, string> {
  const headers = meta["headers"] ?? {};
  if (!isJsonObject(headers)) throw invalid("the headers are no JSON object");
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => {
      if (typeof value !== "string" && typeof value !== "number")
        throw invalid("a header is neither text nor number");
      return [nameOf(name), String(value)];
    }),
  );
}

function invalid(message: string, cause?: unknown): ReturnType<typeof onionError> {
  return onionError("ONION_V4_INVALID", message, {}, cause);
}
