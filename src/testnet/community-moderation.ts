/**
 * Endpoints of moderators and admins (docs/protocol/communities.md §8.5).
 *
 * @module
 */
import { jsonObject, jsonResponse, permissionDenied, refusePage } from "./community-http.js";
import { targetUser } from "./community-messages.js";
import {
  dropEmptyOverride,
  type Future,
  overrideOf,
  RIGHTS,
  type Right,
  type Room,
  setRoomRole,
  type User,
} from "./community-model.js";
import { overrideJson, requireRole, requireUser, rolesOf } from "./community-permissions.js";
import { type Route, type RouteCall, roomOf } from "./community-routes.js";
import type { CommunityState } from "./community-state.js";

type Body = Readonly<Record<string, unknown>>;
/** Rooms, or the whole server. */
type Scope = readonly Room[] | "global";

const SCHEDULED: readonly Right[] = ["read", "write", "upload"];
const MAX_DELAY = 1e9;

export const moderationRoutes: readonly Route[] = [
  {
    method: "POST",
    pattern: /^\/user\/((?:05|15)[0-9a-f]{64})\/moderator$/,
    answer: ({ state, request, user, params }) => {
      const by = requireUser(user);
      const body = jsonObject(request);
      const scope = scopeOf(state, body, by, "admin");
      const target = state.user(params[0] as string);
      const role = roleOf(body, scope === "global");
      if (scope === "global") setGlobalRole(state, target, role);
      else for (const room of scope) setRoomRole(room, target, role);
      const touched = scope === "global" ? [...state.rooms.values()] : scope;
      return jsonResponse({
        info_updates: Object.fromEntries(touched.map(({ token, infoUpdates }) => [token, infoUpdates])),
      });
    },
  },
  {
    method: "POST",
    pattern: /^\/user\/((?:05|15)[0-9a-f]{64})\/ban$/,
    answer: ({ state, request, user, params }) => {
      const by = requireUser(user);
      const body = jsonObject(request);
      const scope = scopeOf(state, body, by, "moderator");
      ban(state, state.user(params[0] as string), by, scope, body["timeout"]);
      return jsonResponse({});
    },
  },
  {
    method: "POST",
    pattern: /^\/user\/((?:05|15)[0-9a-f]{64})\/unban$/,
    answer: ({ state, request, user, params }) => {
      const by = requireUser(user);
      const scope = scopeOf(state, jsonObject(request), by, "moderator");
      const target = state.user(params[0] as string);
      if (scope === "global") {
        target.banned = false;
        dropFutures(state.globalFutures, target);
      } else {
        for (const room of scope) {
          overrideOf(room, target).banned = false;
          dropEmptyOverride(room, target);
        }
      }
      return jsonResponse({});
    },
  },
  {
    method: "GET",
    pattern: /^\/room\/([\w-]+)\/permissions$/,
    answer: (call) => {
      const room = roomOf(call);
      requireRole(room, call.user, "moderator");
      return jsonResponse(
        Object.fromEntries([...room.overrides].map(([{ id }, override]) => [id, overrideJson(override)])),
      );
    },
  },
  {
    method: "GET",
    pattern: /^\/room\/([\w-]+)\/permissions\/(\w+)$/,
    answer: (call) => {
      const { room, target } = moderated(call);
      const override = room.overrides.get(target);
      // The real server fails here, with 500.
      if (override === undefined) throw refusePage(404);
      return jsonResponse(overrideJson(override));
    },
  },
  { method: "POST", pattern: /^\/room\/([\w-]+)\/permissions\/(\w+)$/, answer: setPermissions },
  {
    method: "GET",
    pattern: /^\/room\/([\w-]+)\/futurePermissions$/,
    answer: (call) => {
      const room = roomOf(call);
      requireRole(room, call.user, "moderator");
      return jsonResponse(futuresJson(room.futures).map(([{ id }, json]) => ({ session_id: id, ...json })));
    },
  },
  {
    method: "GET",
    pattern: /^\/room\/([\w-]+)\/futurePermissions\/(\w+)$/,
    answer: (call) => {
      const { room, target } = moderated(call);
      return futuresOf(room, target);
    },
  },
  {
    method: "POST",
    pattern: /^\/room\/([\w-]+)\/futurePermissions\/(\w+)$/,
    answer: (call) => {
      const { room, target } = moderated(call);
      const body = jsonObject(call.request);
      const delay = body["in"];
      if (typeof delay !== "number" || !(delay > 0 && delay < MAX_DELAY)) throw refusePage(400);
      const rights = new Map(SCHEDULED.flatMap((right) => entry(body, right)));
      if (rights.size === 0) throw refusePage(400);
      room.futures.push({ user: target, at: call.state.now() + delay, rights });
      return futuresOf(room, target);
    },
  },
];

/** Gives or takes a role on the whole server. */
export function setGlobalRole(
  state: CommunityState,
  user: User,
  role: { readonly moderator?: boolean; readonly admin?: boolean; readonly visible?: boolean },
): void {
  const { moderator = user.moderator, admin = user.admin, visible = user.visible } = role;
  if (moderator !== user.moderator || admin !== user.admin) {
    for (const room of state.rooms.values()) room.infoUpdates++;
  }
  Object.assign(user, { moderator, admin, visible });
}

/** The rooms of a body in all of which the caller has the role, or the whole server. */
function scopeOf(state: CommunityState, body: Body, by: User, role: "moderator" | "admin"): Scope {
  const { rooms, global } = body;
  if (Array.isArray(rooms) === (global === true)) throw refusePage(400);
  if (global === true) {
    if (!(by.admin || (role === "moderator" && by.moderator))) throw refusePage(403);
    return "global";
  }
  const tokens = rooms as readonly unknown[];
  if (tokens.length === 1 && tokens[0] === "*") {
    const own = [...state.rooms.values()].filter((room) => rolesOf(room, by)[role]);
    if (own.length === 0) throw refusePage(403);
    return own.sort((a, b) => (a.token < b.token ? -1 : 1));
  }
  if (tokens.length === 0) throw refusePage(400);
  return tokens.map((token) => {
    const room = state.rooms.get(String(token).toLowerCase());
    if (room === undefined || !rolesOf(room, by)[role]) throw refusePage(403);
    return room;
  });
}

function roleOf(body: Body, isGlobal: boolean): { moderator?: boolean; admin?: boolean; visible: boolean } {
  const { moderator, admin, visible } = body;
  for (const flag of [moderator, admin, visible]) {
    if (flag !== undefined && flag !== null && typeof flag !== "boolean") throw refusePage(400);
  }
  if ((moderator ?? admin ?? undefined) === undefined) throw refusePage(400);
  if (admin === true && moderator === false) throw refusePage(400);
  const shown = typeof visible === "boolean" ? visible : !isGlobal;
  if (admin === true) return { moderator: true, admin: true, visible: shown };
  if (moderator === false) return { moderator: false, admin: false, visible: true };
  return {
    visible: shown,
    ...(moderator === true ? { moderator: true } : {}),
    ...(admin === false ? { admin: false } : {}),
  };
}

/** Bans take the roles of a user away for good. */
function ban(state: CommunityState, target: User, by: User, scope: Scope, timeout: unknown): void {
  const seconds = typeof timeout === "number" && timeout > 0 ? timeout : undefined;
  const until: readonly Future[] =
    seconds === undefined
      ? []
      : [{ user: target, at: state.now() + seconds, rights: new Map(), banned: false }];
  if (scope === "global") {
    if (target.moderator || target.admin) throw permissionDenied();
    target.banned = true;
    dropFutures(state.globalFutures, target);
    state.globalFutures.push(...until);
    return;
  }
  for (const room of scope) {
    if (target === by || target.moderator || target.admin) throw permissionDenied();
    if (rolesOf(room, target).moderator && !rolesOf(room, by).admin) throw permissionDenied();
  }
  for (const room of scope) {
    const override = overrideOf(room, target);
    override.banned = true;
    setRoomRole(room, target, { moderator: false, admin: false });
    dropFutures(room.futures, target);
    room.futures.push(...until);
  }
}

/** Of a user's scheduled changes those about bans. */
function dropFutures(futures: Future[], user: User): void {
  const kept = futures.filter((future) => future.user !== user || future.banned === undefined);
  futures.splice(0, futures.length, ...kept);
}

function setPermissions(call: RouteCall): ReturnType<typeof jsonResponse> {
  const { room, target } = moderated(call);
  const body = jsonObject(call.request);
  const changes = RIGHTS.flatMap((right): (readonly [Right, boolean | undefined])[] => {
    const given = entry(body, right);
    const isReset = body[`default_${right}`] === true;
    if (given.length > 0 && isReset) throw refusePage(400);
    return isReset ? [[right, undefined]] : given;
  });
  // The real server fails here, with 500.
  if (changes.length === 0) throw refusePage(400);
  if (body["unschedule"] !== false) {
    unschedule(
      room,
      target,
      changes.map(([right]) => right),
    );
  }
  const override = overrideOf(room, target);
  for (const [right, value] of changes) {
    if (value === undefined) override.rights.delete(right);
    else override.rights.set(right, value);
  }
  const json = overrideJson(override);
  dropEmptyOverride(room, target);
  return jsonResponse(json);
}

/** Takes the given rights out of a user's scheduled changes. */
function unschedule(room: Room, user: User, rights: readonly Right[]): void {
  const kept = room.futures.flatMap((future) => {
    if (future.user !== user || future.banned !== undefined) return [future];
    const left = new Map([...future.rights].filter(([right]) => !rights.includes(right)));
    return left.size === 0 ? [] : [{ ...future, rights: left }];
  });
  room.futures.splice(0, room.futures.length, ...kept);
}

function entry(body: Body, right: Right): (readonly [Right, boolean])[] {
  const value = body[right];
  if (value === undefined || value === null) return [];
  if (typeof value !== "boolean") throw refusePage(400);
  return [[right, value]];
}

function moderated(call: RouteCall): { room: Room; target: User } {
  const room = roomOf(call);
  requireRole(room, call.user, "moderator");
  return { room, target: targetUser(call.state, call.params[1]) };
}

function futuresOf(room: Room, user: User): ReturnType<typeof jsonResponse> {
  return jsonResponse(
    futuresJson(room.futures)
      .filter(([of]) => of === user)
      .map(([, json]) => json),
  );
}

function futuresJson(futures: readonly Future[]): readonly (readonly [User, Record<string, unknown>])[] {
  return [...futures]
    .sort((a, b) => a.at - b.at)
    .map(({ user, at, rights, banned }) => [
      user,
      { at, ...Object.fromEntries(rights), ...(banned === undefined ? {} : { banned }) },
    ]);
}
