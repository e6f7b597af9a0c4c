/**
 * Requests and answers of a community server, inside of whatever carried them, and the refusals that its parts throw.
 *
 * @module
 */
import { utf8ToBytes } from "../bytes/index.js";
import { isSessionError, SessionError } from "../errors/index.js";

/** A request. */
export interface CommunityRequest {
  readonly method: string;
  /** Percent-decoded. */
  readonly path: string;
  /** Without question mark, not decoded. */
  readonly query: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** An answer. */
export interface CommunityResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

const JSON_TYPE = { "content-type": "application/json" };
const TEXT_TYPE = { "content-type": "text/plain; charset=utf-8" };
const HTML_TYPE = { "content-type": "text/html; charset=utf-8" };

/** Names and sentences of the error pages that the server's framework makes. */
const PAGES: Readonly<Record<number, readonly [title: string, text: string]>> = {
  400: ["Bad Request", "The browser (or proxy) sent a request that this server could not understand."],
  403: ["Forbidden", "You don&#39;t have the permission to access the requested resource."],
  404: ["Not Found", "The requested URL was not found on the server."],
  405: ["Method Not Allowed", "The method is not allowed for the requested URL."],
  406: ["Not Acceptable", "The resource identified by the request is not acceptable."],
  413: ["Request Entity Too Large", "The data value transmitted exceeds the capacity limit."],
};

export function jsonResponse(value: unknown, status = 200): CommunityResponse {
  return { status, headers: JSON_TYPE, body: utf8ToBytes(JSON.stringify(value)) };
}

export function textResponse(status: number, text: string): CommunityResponse {
  return { status, headers: TEXT_TYPE, body: utf8ToBytes(text) };
}

/** An error page. */
export function pageResponse(status: number): CommunityResponse {
  const [title, text] = PAGES[status] ?? ["Error", "The request failed."];
  const page = `<!doctype html>\n<html lang=en>\n<title>${status} ${title}</title>\n<h1>${title}</h1>\n<p>${text}</p>\n`;
  return { status, headers: HTML_TYPE, body: utf8ToBytes(page) };
}

/** 304 has neither headers nor body. */
export const NOTHING_NEW: CommunityResponse = { status: 304, headers: {}, body: new Uint8Array(0) };

/** Ends a request with a sentence as plain text: the checks before an endpoint. */
export function refuse(status: number, text: string): SessionError<"COMMUNITY_REFUSED"> {
  return refusal(textResponse(status, text));
}

/** Ends a request with a sentence that the server labels as HTML: the checks of its model. */
export function refuseBare(status: number, text = ""): SessionError<"COMMUNITY_REFUSED"> {
  return refusal({ status, headers: HTML_TYPE, body: utf8ToBytes(text) });
}

/** Ends a request with an error page. */
export function refusePage(status: number): SessionError<"COMMUNITY_REFUSED"> {
  return refusal(pageResponse(status));
}

export const permissionDenied = (): SessionError<"COMMUNITY_REFUSED"> => refuseBare(403, "Permission denied");

/** The answer that an error of {@link refuse} and its like stands for; `undefined` for other errors. */
export function refusalOf(error: unknown): CommunityResponse | undefined {
  return isSessionError(error, "COMMUNITY_REFUSED")
    ? (error.details["response"] as CommunityResponse)
    : undefined;
}

function refusal(response: CommunityResponse): SessionError<"COMMUNITY_REFUSED"> {
  return new SessionError("COMMUNITY_REFUSED", "the server refuses the request", { details: { response } });
}

/** The JSON object of a request. */
export function jsonObject(request: CommunityRequest): Readonly<Record<string, unknown>> {
  const value = jsonValue(request);
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw refusePage(400);
  return value as Readonly<Record<string, unknown>>;
}

/** The JSON of a request. */
export function jsonValue({ headers, body }: CommunityRequest): unknown {
  if (!/^application\/json\b/.test(headers["content-type"] ?? "")) throw refusePage(400);
  try {
    return JSON.parse(Buffer.from(body).toString("utf8"));
  } catch {
    throw refusePage(400);
  }
}

/** A number in the query; `undefined` when it is none. */
export function queryNumber({ query }: CommunityRequest, name: string): number | undefined {
  const text = new URLSearchParams(query).get(name);
  return text !== null && /^-?\d{1,15}$/.test(text) ? Number(text) : undefined;
}

export const clip = (value: number, min: number, max: number): number => Math.min(max, Math.max(min, value));
