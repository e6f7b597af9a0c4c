/**
 * Endpoints about messages (docs/protocol/communities.md §8.2). Like the real server this one does not verify the
 * signatures of messages.
 *
 * @module
 */
import { base64ToBytes } from "../bytes/index.js";
import { isSessionError } from "../errors/index.js";
import {
  type CommunityRequest,
  clip,
  jsonObject,
  jsonResponse,
  permissionDenied,
  queryNumber,
  refuseBare,
  refusePage,
} from "./community-http.js";
import { messageJson, reactionRow } from "./community-json.js";
import { deleteMessage, type Message, type Room, touchMessage, type User } from "./community-model.js";
import { may, requireRead, requireUser, requireWrite, rolesOf } from "./community-permissions.js";
import { type Route, type RouteCall, roomOf } from "./community-routes.js";
import type { CommunityState } from "./community-state.js";

/** How long a file has to become part of a message, seconds. */
const FILE_RECENT = 3600;
const FILE_LIFE = 15 * 24 * 3600;

export const messageRoutes: readonly Route[] = [
  {
    method: "GET",
    pattern: /^\/room\/([\w-]+)\/messages\/recent$/,
    answer: (call) => newestFirst(call, Number.POSITIVE_INFINITY),
  },
  {
    method: "GET",
    pattern: /^\/room\/([\w-]+)\/messages\/before\/(\d+)$/,
    answer: (call) => newestFirst(call, Number(call.params[1])),
  },
  { method: "GET", pattern: /^\/room\/([\w-]+)\/messages\/since\/(\d+)$/, answer: since },
  {
    method: "GET",
    pattern: /^\/room\/([\w-]+)\/message\/(\d+)$/,
    answer: (call) => {
      const room = readableRoom(call);
      const message = room.byId.get(Number(call.params[1]));
      if (message?.data === undefined || !isVisible(room, message, call.user)) throw refusePage(404);
      return jsonResponse(messageJson(message, call.user, reactorsOf(call.request)));
    },
  },
  { method: "POST", pattern: /^\/room\/([\w-]+)\/message$/, answer: post },
  { method: "PUT", pattern: /^\/room\/([\w-]+)\/message\/(\d+)$/, answer: edit },
  {
    method: "DELETE",
    pattern: /^\/room\/([\w-]+)\/message\/(\d+)$/,
    answer: (call) => {
      const user = requireUser(call.user);
      const room = roomOf(call);
      const message = room.byId.get(Number(call.params[1]));
      if (message?.data === undefined) throw refusePage(404);
      if (!may(room, user, "write") || (message.author !== user && !rolesOf(room, user).moderator)) {
        throw permissionDenied();
      }
      deleteMessage(room, message, call.state.now());
      return jsonResponse({});
    },
  },
  {
    method: "DELETE",
    pattern: /^\/room\/([\w-]+)\/all\/(\w+)$/,
    answer: (call) => {
      const user = requireUser(call.user);
      const room = roomOf(call);
      const author = targetUser(call.state, call.params[1]);
      const allowed = author === user || rolesOf(room, user).moderator;
      if (!allowed || (rolesOf(room, author).admin && !rolesOf(room, user).admin)) throw permissionDenied();
      if (deleteAll(call.state, room, author) === 0) throw refusePage(404);
      return jsonResponse({});
    },
  },
  {
    method: "DELETE",
    pattern: /^\/rooms\/all\/(\w+)$/,
    answer: ({ state, user, params }) => {
      const moderator = requireUser(user);
      const author = targetUser(state, params[0]);
      const rooms = [...state.rooms.values()].filter((room) => rolesOf(room, moderator).moderator);
      if (rooms.length === 0) throw permissionDenied();
      const counts = rooms.map((room) => [room.token, deleteAll(state, room, author)] as const);
      const total = counts.reduce((sum, [, count]) => sum + count, 0);
      return jsonResponse({ total, rooms: Object.fromEntries(counts) });
    },
  },
];

/** A user of a path that takes only ids of the kind the server works with. */
export function targetUser(state: CommunityState, id: string | undefined): User {
  const pattern = state.requireBlinding ? /^15[0-9a-f]{64}$/ : /^(?:05|15)[0-9a-f]{64}$/;
  if (id === undefined || !pattern.test(id)) throw refusePage(404);
  return state.user(id);
}

function readableRoom(call: RouteCall): Room {
  const room = roomOf(call);
  requireRead(room, call.user);
  if (call.user !== undefined) room.active.set(call.user, call.state.now());
  return room;
}

/** Whispers are for whom they are for; moderators also see what was whispered to all of them, and their own. */
function isVisible(room: Room, message: Message, user: User | undefined): boolean {
  if (message.filtered) return false;
  if (message.whisperTo === undefined && !message.whisperMods) return true;
  if (user === undefined) return false;
  if (message.whisperTo === user) return true;
  return rolesOf(room, user).moderator && (message.whisperMods || message.author === user);
}

function newestFirst(call: RouteCall, before: number): ReturnType<typeof jsonResponse> {
  const room = readableRoom(call);
  const limit = limitOf(call.request);
  const rows: unknown[] = [];
  for (let at = room.messages.length - 1; at >= 0 && rows.length < limit; at--) {
    const message = room.messages[at] as Message;
    if (message.id >= before || message.data === undefined || !isVisible(room, message, call.user)) continue;
    rows.push(messageJson(message, call.user, reactorsOf(call.request)));
  }
  return jsonResponse(rows);
}

function since(call: RouteCall): ReturnType<typeof jsonResponse> {
  const room = readableRoom(call);
  const { request, user } = call;
  const from = Number(call.params[1]);
  const limit = limitOf(request);
  const withReactions = new URLSearchParams(request.query).get("t") === "r";
  const rows: unknown[] = [];
  for (let at = firstAfter(room, from); at < room.log.length && rows.length < limit; at++) {
    const { seqno, message } = room.log[at] as Room["log"][number];
    if (message.seqno !== seqno || !isVisible(room, message, user)) continue;
    // Who never saw a message need not hear that it is gone.
    if (message.data === undefined && message.created > from) continue;
    if (message.seqnoData > from) rows.push(messageJson(message, user, reactorsOf(request)));
    else if (withReactions) rows.push(reactionRow(message, user, reactorsOf(request)));
  }
  return jsonResponse(rows);
}

function firstAfter({ log }: Room, seqno: number): number {
  let low = 0;
  let high = log.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((log[middle] as Room["log"][number]).seqno > seqno) high = middle;
    else low = middle + 1;
  }
  return low;
}

function post(call: RouteCall): ReturnType<typeof jsonResponse> {
  const { state, request } = call;
  const user = requireUser(call.user);
  const room = roomOf(call);
  const body = jsonObject(request);
  requireWrite(room, user);
  const { data, signature } = signedData(body);
  const whisperMods = body["whisper_mods"] === true;
  const whisperTo = typeof body["whisper_to"] === "string" ? body["whisper_to"] : undefined;
  if ((whisperMods || whisperTo !== undefined) && !rolesOf(room, user).moderator) throw permissionDenied();
  const filtered = filter(state, room, user, data);
  limitRate(state, room, user);
  const message = state.addMessage(room, {
    author: user,
    posted: state.now(),
    data,
    signature,
    whisperTo: whisperTo === undefined ? undefined : state.user(whisperTo),
    whisperMods,
    filtered,
  });
  ownFiles(state, room, user, body["files"]);
  const row = messageJson(message, user, 0, whisperMods);
  return jsonResponse({ ...row, ...(filtered ? { filtered } : {}) }, 201);
}

function edit(call: RouteCall): ReturnType<typeof jsonResponse> {
  const { state, request } = call;
  const user = requireUser(call.user);
  const room = roomOf(call);
  const body = jsonObject(request);
  requireWrite(room, user);
  const { data, signature } = signedData(body);
  const message = room.byId.get(Number(call.params[1]));
  if (message?.data === undefined) throw refusePage(404);
  if (message.author !== user) throw permissionDenied();
  if (filter(state, room, user, data)) return jsonResponse({});
  Object.assign(message, { data, signature, edited: state.now() });
  touchMessage(room, message, "data");
  ownFiles(state, room, user, body["files"]);
  return jsonResponse({});
}

function signedData(body: Readonly<Record<string, unknown>>): { data: Uint8Array; signature: Uint8Array } {
  const data = base64Member(body["data"]);
  const signature = base64Member(body["signature"]);
  if (signature.length !== 64) throw refuseBare(400);
  return { data, signature };
}

function base64Member(value: unknown): Uint8Array {
  if (typeof value !== "string") throw refusePage(400);
  try {
    return base64ToBytes(value);
  } catch (error) {
    if (isSessionError(error)) throw refusePage(400);
    throw error;
  }
}

/** Whether a message is to be hidden; refused ones throw. Moderators may say anything. */
function filter({ wordFilter }: CommunityState, room: Room, user: User, data: Uint8Array): boolean {
  if (wordFilter === undefined || rolesOf(room, user).moderator) return false;
  const text = Buffer.from(data).toString("utf8").toLowerCase();
  if (!wordFilter.words.some((word) => text.includes(word.toLowerCase()))) return false;
  if (wordFilter.silent !== true) throw refuseBare(429, "filtration rejected message (profanity)");
  return true;
}

function limitRate(state: CommunityState, room: Room, user: User): void {
  const { postLimit } = state;
  if (postLimit === false || rolesOf(room, user).admin) return;
  const from = state.now() - postLimit.seconds;
  let recent = 0;
  for (let at = room.messages.length - 1; at >= 0; at--) {
    const { author, posted } = room.messages[at] as Message;
    if (posted < from) break;
    if (author === user && ++recent >= postLimit.posts) throw refuseBare(429, "Rate limited");
  }
}

/** Recent uploads of the author stay as long as messages do. */
function ownFiles(state: CommunityState, room: Room, user: User, ids: unknown): void {
  if (!Array.isArray(ids)) return;
  const now = state.now();
  for (const id of ids) {
    const file = state.files.get(id);
    if (file === undefined || file.room !== room || file.uploader !== user || file.owned) continue;
    if (file.expiry === undefined || file.uploaded < now - FILE_RECENT) continue;
    file.owned = true;
    file.expiry = now + FILE_LIFE;
  }
}

/** Deletes what a user wrote and uploaded in a room, but not the room's image; the number of messages. */
function deleteAll(state: CommunityState, room: Room, author: User): number {
  const own = room.messages.filter((message) => message.author === author && message.data !== undefined);
  for (const message of own) deleteMessage(room, message, state.now());
  for (const file of state.files.values()) {
    if (file.room === room && file.uploader === author && file.id !== room.image) file.expiry = 0;
  }
  return own.length;
}

function limitOf(request: CommunityRequest): number {
  return clip(queryNumber(request, "limit") ?? 100, 1, 256);
}

function reactorsOf(request: CommunityRequest): number {
  return clip(queryNumber(request, "reactors") ?? 4, 0, 20);
}
