/**
 * Calls of moderators and admins (docs/protocol/communities.md §8.5).
 *
 * Users are named by the id they have on the server. A server with blinding maps a 05 id to the blinded one if it knows
 * that, except where the calls below say otherwise.
 *
 * @module
 */
import { type CommunityCall, replyJson } from "./call.js";
import { checkChange, invalidArgument } from "./errors.js";
import { isRoomToken } from "./link.js";
import { roomPath, userSegment } from "./path.js";
import {
  type CommunityUserId,
  type JsonObject,
  member,
  readFlag,
  readInteger,
  readList,
  readRecord,
  readTime,
  readUserId,
} from "./read.js";

/** Where a change holds: in rooms, in `all` rooms of the account, or on the whole server. */
export type ModerationScope = { readonly rooms: readonly string[] | "all" } | { readonly global: true };

/**
 * A change of roles. `admin: true` makes an admin, `moderator: true` a moderator, both with `admin: false` an admin a
 * moderator; `admin: false` alone takes only that away, `moderator: false` everything.
 */
export interface RoleChange {
  readonly admin?: boolean | undefined;
  readonly moderator?: boolean | undefined;
  /** Everybody sees the role. Servers' default: yes in rooms, no globally. */
  readonly visible?: boolean | undefined;
}

/** What is set for one user in a room. Absent members follow the room's defaults. */
export interface UserPermissions {
  readonly accessible?: boolean | undefined;
  readonly read?: boolean | undefined;
  readonly write?: boolean | undefined;
  readonly upload?: boolean | undefined;
  readonly banned: boolean;
  readonly moderator: boolean;
  readonly admin: boolean;
  /** The role is not shown. */
  readonly hidden: boolean;
}

/** A change that a server will make. */
export interface ScheduledPermissions {
  /** Absent where one user was asked for. */
  readonly user?: CommunityUserId | undefined;
  /** Unix milliseconds. */
  readonly at: number;
  readonly read?: boolean | undefined;
  readonly write?: boolean | undefined;
  readonly upload?: boolean | undefined;
  readonly banned?: boolean | undefined;
}

/** A change of permissions: a value, or `default` to follow the room again. */
export interface PermissionChange {
  readonly accessible?: boolean | "default" | undefined;
  readonly read?: boolean | "default" | undefined;
  readonly write?: boolean | "default" | undefined;
  readonly upload?: boolean | "default" | undefined;
  /** Keep scheduled changes of the same permissions, which are taken back otherwise. */
  readonly keepSchedule?: boolean | undefined;
}

const RIGHTS = ["accessible", "read", "write", "upload"] as const;
const SCHEDULED = ["read", "write", "upload"] as const;
/** Seconds; servers refuse more. */
const MAX_DELAY = 1e9;

/** Changes the roles of a user; admins only. Returns the new counts of updates by room. */
export function setRole(
  user: string,
  scope: ModerationScope,
  change: RoleChange,
): CommunityCall<ReadonlyMap<string, number>> {
  const { admin, moderator, visible } = checkChange(change);
  if (admin === undefined && moderator === undefined) throw invalidArgument("no role is to be changed");
  if (admin === true && moderator === false) throw invalidArgument("an admin is a moderator");
  const value = {
    ...scopeMembers(scope),
    ...(admin === undefined ? {} : { admin }),
    ...(moderator === undefined ? {} : { moderator }),
    ...(visible === undefined ? {} : { visible }),
  };
  return {
    ...post(`/user/${userSegment(user)}/moderator`, value),
    read: (reply) => {
      const updates = readRecord(
        member(readRecord(replyJson(reply), "the reply"), "info_updates"),
        "the rooms",
      );
      return new Map(
        Object.entries(updates).map(([token, count]) => [token, readInteger(count, "the count of updates")]),
      );
    },
  };
}

/**
 * Bans a user; moderators only, and neither oneself nor, without being admin, other moderators. Takes roles away for good.
 *
 * @param timeoutSeconds - until when; for ever when left out
 */
export function banUser(
  user: string,
  scope: ModerationScope,
  { timeoutSeconds }: { readonly timeoutSeconds?: number | undefined } = {},
): CommunityCall<void> {
  if (timeoutSeconds !== undefined && !(timeoutSeconds > 0 && timeoutSeconds < MAX_DELAY))
    throw invalidArgument("a ban lasts for a positive number of seconds", { timeoutSeconds });
  const timeout = timeoutSeconds === undefined ? {} : { timeout: timeoutSeconds };
  return {
    ...post(`/user/${userSegment(user)}/ban`, { ...scopeMembers(scope), ...timeout }),
    read: () => undefined,
  };
}

/** Takes a ban back. */
export function unbanUser(user: string, scope: ModerationScope): CommunityCall<void> {
  return { ...post(`/user/${userSegment(user)}/unban`, scopeMembers(scope)), read: () => undefined };
}

/** What is set for whom in a room; moderators only. */
export function permissions(token: string): CommunityCall<ReadonlyMap<string, UserPermissions>> {
  return {
    request: { method: "GET", path: roomPath(token, "permissions") },
    read: (reply) =>
      new Map(
        Object.entries(readRecord(replyJson(reply), "the permissions")).map(([user, value]) => [
          user,
          readPermissions(value),
        ]),
      ),
  };
}

/** What is set for one user, by blinded id where the server wants blinding. Some servers fail for users with nothing set. */
export function userPermissions(token: string, user: string): CommunityCall<UserPermissions> {
  return {
    request: { method: "GET", path: roomPath(token, "permissions", userSegment(user)) },
    read: (reply) => readPermissions(replyJson(reply)),
  };
}

/** Changes permissions of a user, by blinded id where the server wants blinding. Returns what is set now. */
export function setPermissions(
  token: string,
  user: string,
  permissions: PermissionChange,
): CommunityCall<UserPermissions> {
  const { keepSchedule, ...change } = checkChange(permissions);
  const members = RIGHTS.flatMap((right) => {
    const value = change[right];
    if (value === undefined) return [];
    return [value === "default" ? [`default_${right}`, true] : [right, value]];
  });
  if (members.length === 0) throw invalidArgument("no permission is to be changed");
  const value = { ...Object.fromEntries(members), ...(keepSchedule === true ? { unschedule: false } : {}) };
  return {
    ...post(roomPath(token, "permissions", userSegment(user)), value),
    read: (reply) => readPermissions(replyJson(reply)),
  };
}

/** Changes that the server will make in a room, or for one user of it; timed bans among them. */
export function scheduledPermissions(
  token: string,
  user?: string,
): CommunityCall<readonly ScheduledPermissions[]> {
  const rest = user === undefined ? [] : [userSegment(user)];
  return {
    request: { method: "GET", path: roomPath(token, "futurePermissions", ...rest) },
    read: (reply) => readList(replyJson(reply), "the schedule").map(readScheduled),
  };
}

/** Changes permissions of a user later: `seconds` from now. Returns the schedule of the user. */
export function schedulePermissions(
  token: string,
  user: string,
  seconds: number,
  change: { readonly [Right in (typeof SCHEDULED)[number]]?: boolean | undefined },
): CommunityCall<readonly ScheduledPermissions[]> {
  checkChange(change);
  if (!(seconds > 0 && seconds < MAX_DELAY)) throw invalidArgument("the delay is out of range", { seconds });
  const members = SCHEDULED.flatMap((right) => (change[right] === undefined ? [] : [[right, change[right]]]));
  if (members.length === 0) throw invalidArgument("no permission is to be changed");
  return {
    ...post(roomPath(token, "futurePermissions", userSegment(user)), {
      ...Object.fromEntries(members),
      in: seconds,
    }),
    idempotent: false,
    read: (reply) => readList(replyJson(reply), "the schedule").map(readScheduled),
  };
}

/** Nearly all of these set a state, so that doing them twice changes nothing. */
function post(path: string, value: JsonObject): Pick<CommunityCall<unknown>, "request" | "idempotent"> {
  return { request: { method: "POST", path, body: { kind: "json", value } }, idempotent: true };
}

function scopeMembers(scope: ModerationScope): JsonObject {
  if ("global" in scope) return { global: true };
  if (scope.rooms === "all") return { rooms: ["*"] };
  if (scope.rooms.length === 0 || !scope.rooms.every(isRoomToken))
    throw invalidArgument("rooms are named by their tokens");
  return { rooms: scope.rooms };
}

function readPermissions(value: unknown): UserPermissions {
  const record = readRecord(value, "the permissions");
  const flag = (name: string): boolean => readFlag(member(record, name), `the permission ${name}`);
  const admin = flag("admin");
  return {
    ...readRights(record, RIGHTS),
    banned: flag("banned"),
    moderator: admin || flag("moderator"),
    admin,
    hidden: flag("hidden"),
  };
}

function readScheduled(value: unknown): ScheduledPermissions {
  const record = readRecord(value, "a scheduled change");
  const user = member(record, "session_id");
  return {
    ...(user === undefined ? {} : { user: readUserId(user, "the user of a scheduled change") }),
    at: readTime(member(record, "at"), "the time of a scheduled change"),
    ...readRights(record, [...SCHEDULED, "banned"]),
  };
}

/** Those of `names` that are there. */
function readRights<Name extends string>(
  record: JsonObject,
  names: readonly Name[],
): { readonly [Right in Name]?: boolean } {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = member(record, name);
      return value === undefined || value === null ? [] : [[name, readFlag(value, `the permission ${name}`)]];
    }),
  ) as { readonly [Right in Name]?: boolean };
}
