/**
 * One signed request to a server: on its way out a call becomes bytes, on its way back bytes become a reply.
 *
 * @module
 */
import { bytesToUtf8, utf8ToBytes } from "../bytes/index.js";
import { type AbortOptions, isSessionError, type SessionError } from "../errors/index.js";
import type { CallOptions, ServerDestination, ServerReply, ServerRequest } from "../network/index.js";
import type { CommunityReply, CommunityRequest, RequestBody } from "./call.js";
import { replyInvalid } from "./errors.js";
import { rawPath } from "./path.js";

/** The part of a `Network` that communities use; anything of this shape serves. */
export interface CommunityNetwork {
  /** Sends one request. Statuses of the server come back in the reply; everything else throws. */
  callServer(
    server: ServerDestination,
    request: ServerRequest,
    options?: CallOptions,
  ): Promise<Pick<ServerReply, "status" | "headers" | "body">>;
  readonly clock: {
    /** Time in milliseconds. */
    now(): number;
    /** Asks for the time again. */
    resync(options?: AbortOptions): Promise<unknown>;
  };
}

/** The bytes of a body. */
export function encodeBody(body: RequestBody | undefined): Uint8Array | undefined {
  if (body === undefined) return undefined;
  return body.kind === "bytes" ? body.bytes : utf8ToBytes(JSON.stringify(body.value));
}

/** The request as it goes over the wire, without its signature. */
export function encodeRequest(request: CommunityRequest): ServerRequest {
  const { method, path, headers = {}, body } = request;
  const bytes = encodeBody(body);
  return {
    method,
    endpoint: rawPath(path),
    headers: { ...(body?.kind === "json" ? { "Content-Type": "application/json" } : {}), ...headers },
    ...(bytes === undefined ? {} : { body: bytes }),
  };
}

/** A reply whose body is JSON where the server says so. @throws `COMMUNITY_REPLY_INVALID` when it is none */
export function decodeReply({
  status,
  headers,
  body,
}: Pick<ServerReply, "status" | "headers" | "body">): CommunityReply {
  return {
    status,
    headers,
    body: isJson(headers) ? { kind: "json", value: parseJson(body) } : { kind: "bytes", bytes: body },
  };
}

/** True for `application/json`, with parameters or without. */
export function isJson(headers: Readonly<Record<string, string>>): boolean {
  return /^application\/json\s*(?:;|$)/i.test(headers["content-type"] ?? "");
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(bytesToUtf8(body));
  } catch (cause) {
    throw replyInvalid("the body is no JSON", cause);
  }
}

/** Reasons of the network for which no hop ever turned to the server. */
const NEVER_SENT: ReadonlySet<string> = /* @__PURE__ */ new Set([
  "offline",
  "guard-unreachable",
  "guard-not-ready",
  "hop-not-found",
  "hop-not-ready",
  "unknown-node-not-found",
]);

/** Failures on the way, after which another try makes sense. */
const ON_THE_WAY = [
  "PATH_FAILED",
  "NODE_UNREACHABLE",
  "SERVER_UNREACHABLE",
  "TRANSPORT_FAILED",
  "RESPONSE_INVALID",
  "TIMEOUT",
] as const;

/** Whether a request that failed like this may be sent again. */
export function canSendAgain(error: unknown, idempotent: boolean): error is SessionError {
  if (!isSessionError(error, ...ON_THE_WAY)) return false;
  return idempotent || neverArrived(error);
}

/** True when the server cannot have seen the request. */
function neverArrived({ code, details }: SessionError): boolean {
  if (code === "TRANSPORT_FAILED") return details["phase"] === "connect";
  const attempts = details["attempts"];
  return (
    Array.isArray(attempts) &&
    attempts.length > 0 &&
    attempts.every((attempt: { readonly reason?: unknown }) => NEVER_SENT.has(String(attempt.reason)))
  );
}
