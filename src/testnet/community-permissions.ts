/**
 * Who may do what in a room (docs/protocol/communities.md §8.1).
 *
 * @module
 */
import { permissionDenied, refuse, refusePage } from "./community-http.js";
import { type Override, overrideOf, RIGHTS, type Right, type Room, type User } from "./community-model.js";
import type { CommunityState } from "./community-state.js";

/** A user's roles in a room, those for the whole server included. */
export interface Roles {
  readonly moderator: boolean;
  readonly admin: boolean;
}

export function rolesOf(room: Room, user: User | undefined): Roles {
  const override = user === undefined ? undefined : room.overrides.get(user);
  const admin = user?.admin === true || override?.admin === true;
  return { admin, moderator: admin || user?.moderator === true || override?.moderator === true };
}

/** Moderators always may; the banned never; `accessible` is satisfied by reading too. */
export function may(room: Room, user: User | undefined, ...rights: readonly Right[]): boolean {
  if (rolesOf(room, user).moderator) return true;
  const override = user === undefined ? undefined : room.overrides.get(user);
  if (override?.banned === true || user?.banned === true) return false;
  const has = (right: Right): boolean => override?.rights.get(right) ?? room.defaults[right];
  return rights.every((right) => has(right) || (right === "accessible" && has("read")));
}

export function requireUser(user: User | undefined): User {
  if (user === undefined) throw refuse(401, "X-SOGS-* request authentication required");
  return user;
}

export function requireBlindedUser(user: User | undefined): User {
  const known = requireUser(user);
  if (!known.id.startsWith("15")) throw refuse(401, "This endpoint requires blinded pubkeys be used");
  return known;
}

export function requireRead(room: Room, user: User | undefined): void {
  if (!may(room, user, "read")) throw refuse(403, "This endpoint requires room message 'read' permission");
}

export function requireRole(room: Room, user: User | undefined, role: keyof Roles): User {
  const known = requireUser(user);
  if (!rolesOf(room, known)[role]) throw refuse(403, `This endpoint requires ${role} room permissions`);
  return known;
}

/** A room the caller may know of. */
export function requireAccessible(room: Room, user: User | undefined): void {
  if (!may(room, user, "accessible")) throw refusePage(404);
}

export function requireWrite(room: Room, user: User): void {
  if (!may(room, user, "write")) throw permissionDenied();
}

/** Makes the changes whose time has come. */
export function applyFutures(state: CommunityState): void {
  const now = state.now();
  for (const room of state.rooms.values()) {
    if (room.futures.length === 0) continue;
    for (const { user, rights, banned } of takeDue(room.futures, now)) {
      const override = overrideOf(room, user);
      for (const [right, value] of rights) override.rights.set(right, value);
      if (banned !== undefined) override.banned = banned;
    }
  }
  for (const { user, banned } of takeDue(state.globalFutures, now)) user.banned = banned ?? user.banned;
}

function takeDue<Entry extends { readonly at: number }>(entries: Entry[], now: number): readonly Entry[] {
  const due = entries.filter(({ at }) => at <= now).sort((a, b) => a.at - b.at);
  for (const entry of due) entries.splice(entries.indexOf(entry), 1);
  return due;
}

/** What is set for a user, as the permission endpoints tell it. */
export function overrideJson({
  banned,
  moderator,
  admin,
  visible,
  rights,
}: Override): Record<string, boolean> {
  return {
    ...Object.fromEntries(RIGHTS.flatMap((right) => (rights.has(right) ? [[right, rights.get(right)]] : []))),
    ...(banned ? { banned } : {}),
    ...(moderator ? { [admin ? "admin" : "moderator"]: true } : {}),
    ...(moderator && !visible ? { hidden: true } : {}),
  };
}
