/**
 * Endpoints about reactions (docs/protocol/communities.md §8.3).
 *
 * @module
 */
import { jsonResponse, queryNumber, refuseBare } from "./community-http.js";
import { type Message, type Room, touchMessage } from "./community-model.js";
import { requireRead, requireRole, requireUser } from "./community-permissions.js";
import { regularMessage } from "./community-rooms.js";
import { type Route, type RouteCall, roomOf } from "./community-routes.js";

const MAX_CODE_POINTS = 12;

export const reactionRoutes: readonly Route[] = [
  {
    method: "PUT",
    pattern: /^\/room\/([\w-]+)\/reaction\/(\d+)\/(.+)$/,
    answer: (call) => {
      const user = requireUser(call.user);
      const { room, message, emoji } = target(call);
      const by = message.reactions.get(emoji) ?? new Map();
      const added = !by.has(user);
      if (added) {
        message.reactions.set(emoji, by.set(user, call.state.now()));
        touchMessage(room, message, "reactions");
      }
      return jsonResponse({ added, seqno: message.seqno });
    },
  },
  {
    method: "DELETE",
    pattern: /^\/room\/([\w-]+)\/reaction\/(\d+)\/(.+)$/,
    answer: (call) => {
      const user = requireUser(call.user);
      const { room, message, emoji } = target(call);
      const by = message.reactions.get(emoji);
      const removed = by?.delete(user) === true;
      if (by?.size === 0) message.reactions.delete(emoji);
      if (removed) touchMessage(room, message, "reactions");
      return jsonResponse({ removed, seqno: message.seqno });
    },
  },
  {
    method: "DELETE",
    pattern: /^\/room\/([\w-]+)\/reactions\/(\d+)(?:\/(.+))?$/,
    answer: (call) => {
      const room = roomOf(call);
      requireRole(room, call.user, "moderator");
      const emoji = call.params[2] ?? "";
      if (emoji !== "") checkEmoji(emoji);
      const message = regularMessage(room, call.params[1]);
      let removed = 0;
      for (const [name, by] of [...message.reactions]) {
        if (emoji !== "" && name !== emoji) continue;
        // Each of them is a change of its own.
        for (let left = by.size; left > 0; left--) touchMessage(room, message, "reactions");
        removed += by.size;
        message.reactions.delete(name);
      }
      return jsonResponse({ removed, seqno: message.seqno });
    },
  },
  {
    method: "GET",
    pattern: /^\/room\/([\w-]+)\/reactors\/(\d+)\/(.+)$/,
    answer: (call) => {
      const { message, emoji } = target(call);
      const limit = queryNumber(call.request, "limit") ?? 0;
      const reactors = [...(message.reactions.get(emoji) ?? [])].map(([{ id }, at]) => [id, at]);
      return jsonResponse(limit > 0 ? reactors.slice(0, limit) : reactors);
    },
  },
];

function target(call: RouteCall): { room: Room; message: Message; emoji: string } {
  const room = roomOf(call);
  requireRead(room, call.user);
  const emoji = call.params[2] ?? "";
  checkEmoji(emoji);
  return { room, message: regularMessage(room, call.params[1]), emoji };
}

function checkEmoji(emoji: string): void {
  if ([...emoji].length > MAX_CODE_POINTS) throw refuseBare(400);
}
