/**
 * Several requests in one (docs/protocol/communities.md §8.6). All entries are checked before the first is done.
 *
 * @module
 */
import { base64ToBytes, bytesToBase64, utf8ToBytes } from "../bytes/index.js";
import { isSessionError } from "../errors/index.js";
import {
  type CommunityRequest,
  type CommunityResponse,
  jsonResponse,
  jsonValue,
  refusePage,
} from "./community-http.js";
import type { Route, RouteCall } from "./community-routes.js";

export const batchRoutes: readonly Route[] = [
  { method: "POST", pattern: /^\/batch$/, answer: (call) => several(call, false) },
  { method: "POST", pattern: /^\/sequence$/, answer: (call) => several(call, true) },
];

function several({ request, again }: RouteCall, stops: boolean): CommunityResponse {
  const entries = jsonValue(request);
  if (!Array.isArray(entries)) throw refusePage(400);
  const requests = entries.map(readEntry);
  const answers: unknown[] = [];
  for (const entry of requests) {
    const response = again(entry);
    answers.push(entryJson(response));
    if (stops && (response.status < 200 || response.status > 299)) break;
  }
  return jsonResponse(answers);
}

/** Splits a path as the server does: decoded up to the query, which stays as it is. */
export function splitPath(text: string): { readonly path: string; readonly query: string } {
  const mark = text.indexOf("?");
  const path = mark < 0 ? text : text.slice(0, mark);
  try {
    return { path: decodeURIComponent(path), query: mark < 0 ? "" : text.slice(mark + 1) };
  } catch {
    throw refusePage(400);
  }
}

function readEntry(value: unknown): CommunityRequest {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw refusePage(400);
  const { method, path, headers = {}, json, b64, bytes } = value as Readonly<Record<string, unknown>>;
  const bodies = [json, b64, bytes].filter((body) => body !== undefined).length;
  const takesBody = method === "POST" || method === "PUT";
  if (!takesBody && method !== "GET" && method !== "DELETE") throw refusePage(400);
  if (typeof path !== "string" || !path.startsWith("/") || bodies !== Number(takesBody))
    throw refusePage(400);
  if (/^\/(?:batch|sequence)\b/.test(path)) throw refusePage(400);
  if (typeof headers !== "object" || headers === null) throw refusePage(400);
  const named = Object.entries(headers).map(([name, text]) => [name.toLowerCase(), String(text)] as const);
  const type = json === undefined ? "application/octet-stream" : "application/json";
  return {
    method: method as string,
    ...splitPath(path),
    headers: { ...(takesBody ? { "content-type": type } : {}), ...Object.fromEntries(named) },
    body: entryBody(json, b64, bytes),
  };
}

function entryBody(json: unknown, b64: unknown, bytes: unknown): Uint8Array {
  if (json !== undefined) return utf8ToBytes(JSON.stringify(json));
  if (typeof bytes === "string") return utf8ToBytes(bytes);
  if (b64 === undefined && bytes === undefined) return new Uint8Array(0);
  try {
    return base64ToBytes(String(b64));
  } catch (error) {
    if (isSessionError(error)) throw refusePage(400);
    throw error;
  }
}

function entryJson({ status, headers, body }: CommunityResponse): unknown {
  const isJson = headers["content-type"] === "application/json";
  return {
    code: status,
    headers,
    body: isJson ? JSON.parse(Buffer.from(body).toString("utf8")) : bytesToBase64(body),
  };
}
