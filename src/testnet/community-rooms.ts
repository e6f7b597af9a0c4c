/**
 * Endpoints about the server, its rooms, and pins (docs/protocol/communities.md §7, §8.1).
 *
 * @module
 */
import { jsonObject, jsonResponse, permissionDenied, refuseBare, refusePage } from "./community-http.js";
import { rightsJson, roomJson } from "./community-json.js";
import { type Message, RIGHTS, type Room, type User } from "./community-model.js";
import {
  may,
  requireAccessible,
  requireRead,
  requireRole,
  requireUser,
  rolesOf,
} from "./community-permissions.js";
import type { Route } from "./community-routes.js";
import { roomOf } from "./community-routes.js";
import type { CommunityState } from "./community-state.js";

export const roomRoutes: readonly Route[] = [
  {
    method: "GET",
    pattern: /^\/capabilities$/,
    answer: ({ state, request }) => {
      const capabilities = [...(state.requireBlinding ? ["blind"] : []), "reactions", "sogs"];
      const required = new URLSearchParams(request.query).get("required");
      const missing = (required ?? "")
        .split(",")
        .filter((name) => name !== "" && !capabilities.includes(name));
      return missing.length === 0
        ? jsonResponse({ capabilities })
        : jsonResponse({ capabilities, missing }, 412);
    },
  },
  {
    method: "GET",
    pattern: /^\/rooms$/,
    answer: ({ state, user }) =>
      jsonResponse(
        [...state.rooms.values()]
          .filter((room) => may(room, user, "accessible"))
          .sort((a, b) => (a.token < b.token ? -1 : 1))
          .map((room) => roomJson(state, room, user)),
      ),
  },
  {
    method: "GET",
    pattern: /^\/room\/([\w-]+)$/,
    answer: (call) => {
      const room = roomOf(call);
      requireAccessible(room, call.user);
      return jsonResponse(roomJson(call.state, room, call.user));
    },
  },
  {
    method: "PUT",
    pattern: /^\/room\/([\w-]+)$/,
    answer: (call) => {
      const room = roomOf(call);
      requireRole(room, call.user, "admin");
      updateRoom(call.state, room, jsonObject(call.request));
      return jsonResponse({ info_updates: room.infoUpdates });
    },
  },
  {
    method: "GET",
    pattern: /^\/room\/([\w-]+)\/pollInfo\/(\d+)$/,
    answer: (call) => {
      const room = roomOf(call);
      requireRead(room, call.user);
      if (call.user !== undefined) room.active.set(call.user, call.state.now());
      const isKnown = Number(call.params[1]) === room.infoUpdates;
      return jsonResponse({
        ...rightsJson(call.state, room, call.user),
        ...(isKnown ? {} : { details: roomJson(call.state, room, call.user) }),
      });
    },
  },
  {
    method: "POST",
    pattern: /^\/room\/([\w-]+)\/pin\/(\d+)$/,
    answer: (call) => {
      const room = roomOf(call);
      const by = requirePinner(room, call.user);
      const message = regularMessage(room, call.params[1]);
      room.pins.set(message, { at: call.state.now(), by });
      room.infoUpdates++;
      return jsonResponse({ info_updates: room.infoUpdates });
    },
  },
  {
    method: "POST",
    pattern: /^\/room\/([\w-]+)\/unpin\/(\d+|all)$/,
    answer: (call) => {
      const room = roomOf(call);
      requirePinner(room, call.user);
      const id = call.params[1];
      const removed = [...room.pins.keys()].filter((message) => id === "all" || message.id === Number(id));
      for (const message of removed) room.pins.delete(message);
      room.infoUpdates += removed.length;
      const unpinned = id === "all" ? removed.length : removed.length > 0;
      return jsonResponse({ unpinned, info_updates: room.infoUpdates });
    },
  },
];

/** A message that can be pinned and reacted to: neither deleted nor a whisper. */
export function regularMessage(room: Room, id: string | undefined): Message {
  const message = room.byId.get(Number(id));
  const isRegular =
    message?.data !== undefined &&
    !message.filtered &&
    message.whisperTo === undefined &&
    !message.whisperMods;
  if (message === undefined || !isRegular) throw refuseBare(404, `No such post: ${id}`);
  return message;
}

function requirePinner(room: Room, user: User | undefined): User {
  const known = requireUser(user);
  if (!rolesOf(room, known).admin) throw permissionDenied();
  return known;
}

/** All members are checked before any is changed. */
function updateRoom(state: CommunityState, room: Room, body: Readonly<Record<string, unknown>>): void {
  const { name, description, image } = body;
  if (name !== undefined && typeof name !== "string") throw refusePage(400);
  if (description !== undefined && description !== null && typeof description !== "string")
    throw refusePage(400);
  if (image !== undefined && !Number.isInteger(image)) throw refusePage(400);
  const rights = RIGHTS.flatMap((right) => {
    const value = body[`default_${right}`];
    if (value === undefined || value === null) return [];
    if (typeof value !== "boolean" && typeof value !== "number") throw refusePage(400);
    return [[right, Boolean(value)] as const];
  });
  if (name === undefined && description === undefined && image === undefined && rights.length === 0) {
    throw refusePage(400);
  }
  const file = image === undefined ? undefined : state.files.get(image as number);
  if (image !== undefined && (file === undefined || file.room !== room)) throw refusePage(406);

  if (name !== undefined) changeInfo(room, "name", withoutControls(name, ""));
  if (description !== undefined) {
    const text = withoutControls(description ?? "", "\t\n");
    changeInfo(room, "description", text === "" ? undefined : text);
  }
  if (file !== undefined) {
    file.expiry = undefined;
    changeInfo(room, "image", file.id);
  }
  for (const [right, value] of rights) room.defaults[right] = value;
}

function changeInfo<Member extends "name" | "description" | "image">(
  room: Room,
  name: Member,
  value: Room[Member],
): void {
  if (room[name] === value) return;
  room[name] = value;
  room.infoUpdates++;
}

/** The text without characters below the space, but for those in `kept`. */
function withoutControls(text: string, kept: string): string {
  return [...text].filter((character) => character >= " " || kept.includes(character)).join("");
}
