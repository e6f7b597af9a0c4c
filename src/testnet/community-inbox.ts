/**
 * Endpoints about direct messages (docs/protocol/communities.md §11).
 *
 * @module
 */
import { base64ToBytes, bytesToBase64 } from "../bytes/index.js";
import { isSessionError } from "../errors/index.js";
import { clip, jsonObject, jsonResponse, NOTHING_NEW, queryNumber, refusePage } from "./community-http.js";
import type { DirectMessage } from "./community-model.js";
import { requireBlindedUser, requireUser } from "./community-permissions.js";
import type { Route, RouteCall } from "./community-routes.js";

const LIFE = 15 * 24 * 3600;
const PAGE = 100;
const MAX_PAGE = 256;

export const inboxRoutes: readonly Route[] = [
  { method: "GET", pattern: /^\/inbox(?:\/since\/(\d+))?$/, answer: (call) => list(call, "recipient") },
  { method: "GET", pattern: /^\/outbox(?:\/since\/(\d+))?$/, answer: (call) => list(call, "sender") },
  {
    method: "DELETE",
    pattern: /^\/inbox$/,
    answer: ({ state, user }) => {
      const owner = requireBlindedUser(user);
      const kept = state.inbox.filter(({ recipient }) => recipient !== owner);
      const deleted = state.inbox.length - kept.length;
      state.inbox = kept;
      return jsonResponse({ deleted });
    },
  },
  {
    method: "POST",
    pattern: /^\/inbox\/(\w+)$/,
    answer: ({ state, request, user, params }) => {
      const sender = requireUser(user);
      const recipient = /^15[0-9a-f]{64}$/.test(params[0] ?? "")
        ? state.users.get(params[0] as string)
        : undefined;
      if (recipient === undefined || recipient.banned) throw refusePage(404);
      const posted = state.now();
      const message = readMessage(jsonObject(request)["message"]);
      const item = state.addDirectMessage({ sender, recipient, posted, expiry: posted + LIFE, message });
      const { message: _, ...head } = itemJson(item);
      return jsonResponse(head, 201);
    },
  },
];

function list(call: RouteCall, side: "sender" | "recipient"): ReturnType<typeof jsonResponse> {
  const { state, request, params } = call;
  const owner = requireBlindedUser(call.user);
  const since = params[0];
  const now = state.now();
  const limit = clip(queryNumber(request, "limit") ?? PAGE, 1, MAX_PAGE);
  const items = state.inbox
    .filter((item) => item[side] === owner && item.expiry > now && item.id > Number(since ?? 0))
    .slice(0, limit);
  return items.length === 0 && since !== undefined ? NOTHING_NEW : jsonResponse(items.map(itemJson));
}

function itemJson(item: DirectMessage): Record<string, unknown> {
  return {
    id: item.id,
    posted_at: item.posted,
    expires_at: item.expiry,
    sender: item.sender.id,
    recipient: item.recipient.id,
    message: bytesToBase64(item.message),
  };
}

function readMessage(value: unknown): Uint8Array {
  if (typeof value !== "string") throw refusePage(400);
  try {
    return base64ToBytes(value);
  } catch (error) {
    if (isSessionError(error)) throw refusePage(400);
    throw error;
  }
}
