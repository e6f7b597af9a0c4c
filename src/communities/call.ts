/**
 * A call: one endpoint as a value, the request together with the way to read its reply. `CommunityServer.run` performs
 * one, `batch` and `sequence` several in one request.
 *
 * @module
 */
import { bytesToUtf8 } from "../bytes/index.js";
import type { Crypto } from "../crypto/index.js";
import { isSessionError, type SessionError } from "../errors/index.js";
import type { ValidationContext } from "../messages/index.js";
import { type FailedReply, replyInvalid, type StatusContext } from "./errors.js";

/** The body of a request. */
export type RequestBody =
  | { readonly kind: "json"; readonly value: unknown }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array };

/** A request to a server, before it is signed. */
export interface CommunityRequest {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Percent-encoded, with the query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** POST and PUT only, and there always: entries of a batch need one. */
  readonly body?: RequestBody | undefined;
}

/** What a server answered to a request or to an entry of a batch. */
export interface CommunityReply {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: RequestBody;
}

/** What replies are read with. */
export interface ReadContext {
  readonly crypto: Crypto;
  readonly baseUrl: string;
  /** The ids that the account has on this server. */
  readonly ownIds: ReadonlySet<string>;
  /** The receiver's clock and state, for the rules about messages. */
  readonly validation: ValidationContext;
}

/** An endpoint. */
export interface CommunityCall<Value> {
  readonly request: CommunityRequest;
  /** Limit of one attempt, milliseconds, where it is not the default. */
  readonly timeoutMs?: number | undefined;
  /** Statuses besides 200 to 299 that {@link read} understands. */
  readonly accepts?: readonly number[] | undefined;
  /** False when doing it twice is not the same as doing it once; by default true for all but POST. */
  readonly idempotent?: boolean | undefined;
  /** Reads a reply. @throws `COMMUNITY_REPLY_INVALID` */
  read(reply: CommunityReply, context: ReadContext): Value;
}

/** What became of one call of several. */
export type Outcome<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: SessionError };

/** The JSON of a reply. @throws `COMMUNITY_REPLY_INVALID` for error pages and the like */
export function replyJson(reply: CommunityReply): unknown {
  if (reply.body.kind === "json") return reply.body.value;
  throw replyInvalid(`not JSON but ${reply.headers["content-type"] ?? "something"}`);
}

/** The bytes of a reply. */
export function replyBytes({ body }: CommunityReply): Uint8Array {
  if (body.kind === "bytes") return body.bytes;
  throw replyInvalid("JSON where a file was expected");
}

/** True when the call may be sent again although the server may have seen it. */
export function isIdempotent({ request, idempotent }: CommunityCall<unknown>): boolean {
  return idempotent ?? request.method !== "POST";
}

/** True for statuses whose reply the call reads. */
export function isAccepted({ accepts = [] }: CommunityCall<unknown>, status: number): boolean {
  return (status >= 200 && status <= 299) || accepts.includes(status);
}

/** How errors name a call. */
export function describeCall({ request: { method, path } }: CommunityCall<unknown>): StatusContext {
  return { method, path };
}

/** A reply as the table of errors looks at it. */
export function failedReply({ status, headers, body }: CommunityReply): FailedReply {
  if (body.kind === "json") return { status, headers, text: "", json: body.value };
  try {
    return { status, headers, text: bytesToUtf8(body.bytes, { fatal: false }) };
  } catch (error) {
    if (isSessionError(error)) return { status, headers, text: "" };
    throw error;
  }
}
