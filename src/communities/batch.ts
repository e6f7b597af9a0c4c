/**
 * Several calls in one request (docs/protocol/communities.md §8.6).
 *
 * ```text
 * [{"method", "path", "headers"?, "json" | "b64"}, …]   →   [{"code", "headers", "body"}, …]
 * ```
 *
 * @module
 */
import { base64ToBytes, bytesToBase64 } from "../bytes/index.js";
import { isSessionError, SessionError } from "../errors/index.js";
import {
  type CommunityCall,
  type CommunityReply,
  type CommunityRequest,
  describeCall,
  failedReply,
  isAccepted,
  isIdempotent,
  type Outcome,
  type ReadContext,
  replyJson,
} from "./call.js";
import { type CommunityErrorCode, replyInvalid, statusError } from "./errors.js";
import { isJson } from "./exchange.js";
import { rawPath } from "./path.js";
import { type JsonObject, member, readInteger, readList, readRecord } from "./read.js";

/** The values of a list of calls. */
export type Outcomes<Calls extends readonly CommunityCall<unknown>[]> = {
  readonly [Index in keyof Calls]: Calls[Index] extends CommunityCall<infer Value> ? Outcome<Value> : never;
};

/** All calls, in no particular order; one that fails does not keep the others from being done. */
export function batchCall<const Calls extends readonly CommunityCall<unknown>[]>(
  calls: Calls,
): CommunityCall<Outcomes<Calls>> {
  return several("/batch", calls);
}

/** All calls in order, up to the first that fails; those after it are `COMMUNITY_NOT_RUN`. */
export function sequenceCall<const Calls extends readonly CommunityCall<unknown>[]>(
  calls: Calls,
): CommunityCall<Outcomes<Calls>> {
  return several("/sequence", calls);
}

function several<const Calls extends readonly CommunityCall<unknown>[]>(
  path: "/batch" | "/sequence",
  calls: Calls,
): CommunityCall<Outcomes<Calls>> {
  const timeouts = calls.flatMap(({ timeoutMs }) => (timeoutMs === undefined ? [] : [timeoutMs]));
  return {
    request: {
      method: "POST",
      path,
      body: { kind: "json", value: calls.map(({ request }) => encodeEntry(request)) },
    },
    ...(timeouts.length === 0 ? {} : { timeoutMs: Math.max(...timeouts) }),
    idempotent: calls.every(isIdempotent),
    read: (reply, context) => {
      const entries = readList(replyJson(reply), "the batch");
      const missing = (): SessionError<CommunityErrorCode> =>
        path === "/sequence" && hasFailed(entries, calls)
          ? new SessionError("COMMUNITY_NOT_RUN", "the sequence stopped before this call")
          : replyInvalid("the batch ends before this call");
      return calls.map((call, index) =>
        outcome(call, index < entries.length ? () => decodeEntry(entries[index]) : missing, context),
      ) as Outcomes<Calls>;
    },
  };
}

function encodeEntry({ method, path, headers, body }: CommunityRequest): JsonObject {
  return {
    method,
    path: rawPath(path),
    ...(headers === undefined ? {} : { headers }),
    ...(body?.kind === "json" ? { json: body.value } : {}),
    ...(body?.kind === "bytes" ? { b64: bytesToBase64(body.bytes) } : {}),
  };
}

function decodeEntry(value: unknown): CommunityReply {
  const entry = readRecord(value, "an entry of the batch");
  const headers = Object.fromEntries(
    Object.entries(readRecord(member(entry, "headers") ?? {}, "the headers of an entry")).map(
      ([name, text]) => [name.toLowerCase(), String(text)],
    ),
  );
  const status = readInteger(member(entry, "code"), "the status of an entry");
  const body = member(entry, "body");
  if (isJson(headers)) return { status, headers, body: { kind: "json", value: body } };
  return { status, headers, body: { kind: "bytes", bytes: decodeBytes(body) } };
}

function decodeBytes(body: unknown): Uint8Array {
  if (body === undefined || body === null) return new Uint8Array(0);
  if (typeof body !== "string") throw replyInvalid("the body of an entry is neither JSON nor base64");
  try {
    return base64ToBytes(body);
  } catch (cause) {
    throw replyInvalid("the body of an entry is no base64", cause);
  }
}

/** The value of a call, or what went wrong with it. */
function outcome<Value>(
  call: CommunityCall<Value>,
  entry: () => CommunityReply | SessionError<CommunityErrorCode>,
  context: ReadContext,
): Outcome<Value> {
  try {
    const reply = entry();
    if (reply instanceof SessionError) return { ok: false, error: reply };
    if (!isAccepted(call, reply.status))
      return { ok: false, error: statusError(failedReply(reply), describeCall(call)) };
    return { ok: true, value: call.read(reply, context) };
  } catch (error) {
    if (isSessionError(error)) return { ok: false, error };
    throw error;
  }
}

/** A sequence ends early only after a status that is no success; else the reply is cut off. */
function hasFailed(entries: readonly unknown[], calls: readonly CommunityCall<unknown>[]): boolean {
  const last = entries[entries.length - 1];
  const code = (last as { readonly code?: unknown } | null | undefined)?.code;
  return (
    entries.length > 0 &&
    entries.length <= calls.length &&
    typeof code === "number" &&
    (code < 200 || code > 299)
  );
}
