/**
 * Rooms and messages as a community server shows them (docs/protocol/communities.md §8).
 *
 * @module
 */
import { bytesToBase64 } from "../bytes/index.js";
import { type Message, RIGHTS, type Room, type User } from "./community-model.js";
import { may, rolesOf } from "./community-permissions.js";
import type { CommunityState } from "./community-state.js";

type Json = Record<string, unknown>;

/** Users count as active for a week. */
const ACTIVE_SECONDS = 604_800;

/** What the caller may do in a room: the part that `pollInfo` tells, too. */
export function rightsJson(state: CommunityState, room: Room, user: User | undefined): Json {
  const { moderator, admin } = rolesOf(room, user);
  const since = state.now() - ACTIVE_SECONDS;
  return {
    token: room.token,
    active_users: [...room.active.values()].filter((at) => at >= since).length,
    read: may(room, user, "read"),
    write: may(room, user, "write"),
    upload: may(room, user, "write", "upload"),
    ...(moderator
      ? {
          moderator: true,
          ...(admin ? { admin } : {}),
          ...(user?.moderator || user?.admin ? { global_moderator: true } : {}),
          ...(user?.admin ? { global_admin: true } : {}),
          ...Object.fromEntries(RIGHTS.map((right) => [`default_${right}`, room.defaults[right]])),
        }
      : {}),
  };
}

/** A room. */
export function roomJson(state: CommunityState, room: Room, user: User | undefined): Json {
  const roles = listModerators(state, room, rolesOf(room, user).moderator);
  const pins = [...room.pins].sort(([, a], [, b]) => a.at - b.at);
  return {
    ...rightsJson(state, room, user),
    name: room.name,
    ...(room.description === undefined ? {} : { description: room.description }),
    info_updates: room.infoUpdates,
    message_sequence: room.sequence,
    created: room.created,
    active_users_cutoff: ACTIVE_SECONDS,
    moderators: roles.moderators,
    admins: roles.admins,
    ...(roles.hiddenModerators.length === 0 ? {} : { hidden_moderators: roles.hiddenModerators }),
    ...(roles.hiddenAdmins.length === 0 ? {} : { hidden_admins: roles.hiddenAdmins }),
    ...(room.image === undefined ? {} : { image_id: room.image }),
    ...(pins.length === 0
      ? {}
      : {
          pinned_messages: pins.map(([{ id }, pin]) => ({
            id,
            pinned_at: pin.at,
            pinned_by: pin.by.id,
          })),
        }),
  };
}

interface ModeratorLists {
  readonly moderators: string[];
  readonly admins: string[];
  readonly hiddenModerators: string[];
  readonly hiddenAdmins: string[];
}

/** Hidden ones are told to moderators only. */
function listModerators(state: CommunityState, room: Room, all: boolean): ModeratorLists {
  const lists: ModeratorLists = { moderators: [], admins: [], hiddenModerators: [], hiddenAdmins: [] };
  for (const user of [...state.users.values()].sort((a, b) => (a.id < b.id ? -1 : 1))) {
    const override = room.overrides.get(user);
    const { moderator, admin } = rolesOf(room, user);
    if (!moderator) continue;
    const isVisible = (override?.moderator === true && override.visible) || (user.moderator && user.visible);
    if (isVisible) lists[admin ? "admins" : "moderators"].push(user.id);
    else if (all) lists[admin ? "hiddenAdmins" : "hiddenModerators"].push(user.id);
  }
  return lists;
}

/**
 * A message with everything.
 *
 * @param modsFlag - how the server writes `whisper_mods`: from its database it reads a number
 */
export function messageJson(
  message: Message,
  user: User | undefined,
  reactors: number,
  modsFlag: boolean | number = Number(message.whisperMods),
): Json {
  const { id, author, posted, seqno, data, signature, edited } = message;
  return {
    id,
    session_id: author.id,
    posted,
    seqno,
    ...(data === undefined
      ? { data: null, deleted: true }
      : { data: bytesToBase64(data), signature: bytesToBase64(signature) }),
    ...(edited === undefined ? {} : { edited }),
    ...whisperJson(message, modsFlag),
    ...(data === undefined ? {} : { reactions: reactionsJson(message, user, reactors) }),
  };
}

function whisperJson({ whisperTo, whisperMods }: Message, flag: boolean | number): Json {
  if (whisperTo === undefined && !whisperMods) return {};
  return {
    whisper: true,
    whisper_mods: flag,
    ...(whisperTo === undefined ? {} : { whisper_to: whisperTo.id }),
  };
}

/** The row for a message of which only the reactions changed. */
export function reactionRow(message: Message, user: User | undefined, reactors: number): Json {
  return { id: message.id, seqno: message.seqno, reactions: reactionsJson(message, user, reactors) };
}

function reactionsJson({ reactions }: Message, user: User | undefined, reactors: number): Json {
  return Object.fromEntries(
    [...reactions].map(([emoji, by], index) => [
      emoji,
      {
        index,
        count: by.size,
        ...(user !== undefined && by.has(user) ? { you: true } : {}),
        ...(reactors > 0 ? { reactors: [...by.keys()].slice(0, reactors).map(({ id }) => id) } : {}),
      },
    ]),
  );
}
