/**
 * What a conversation is called: a Session ID, the id of a group, the address of a room, or a blinded id.
 *
 * @module
 */

import { communityConversation, isRoomToken } from "../communities/index.js";
import { canonicalBaseUrl } from "../config/index.js";
import { isSessionError, SessionError } from "../errors/index.js";
import {
  type BlindedId,
  type GroupId,
  isBlindedId,
  isGroupId,
  parseSessionId,
  type SessionId,
} from "../identity/index.js";

/** A conversation by its name. `direct` with the own id is Note to Self. */
export type ConversationName =
  | { readonly kind: "direct"; readonly id: SessionId }
  | { readonly kind: "group"; readonly id: GroupId }
  | { readonly kind: "blinded"; readonly id: BlindedId }
  /** A closed group of the old kind. */
  | { readonly kind: "legacy-group"; readonly id: SessionId }
  | RoomName;

/** A room by its address: `<base URL>/<token>`, the token in lower case. */
export interface RoomName {
  readonly kind: "community";
  readonly id: string;
  /** In canonical form. */
  readonly baseUrl: string;
  /** Servers ignore its case. */
  readonly room: string;
}

const ROOM_ADDRESS = /^(https?:\/\/[^/]+)\/([^/]+)$/i;

/**
 * Which conversation `id` names, as far as its form tells: old groups have Session IDs too.
 *
 * @throws `ID_INVALID`
 */
export function parseConversation(id: unknown): ConversationName {
  if (typeof id !== "string") throw invalidName("the id of a conversation is not a string");
  const [, address, room] = ROOM_ADDRESS.exec(id) ?? [];
  if (address !== undefined) return roomName(address, room);
  const lower = id.toLowerCase();
  if (isGroupId(lower)) return { kind: "group", id: lower };
  if (isBlindedId(lower)) return { kind: "blinded", id: lower };
  return { kind: "direct", id: parseSessionId(id) };
}

function roomName(address: string, room: string | undefined): RoomName {
  try {
    if (!isRoomToken(room)) throw invalidName("the address names no room");
    const baseUrl = canonicalBaseUrl(address);
    return roomNamed({ baseUrl, room });
  } catch (cause) {
    if (!isSessionError(cause, "CONFIG_VALUE_INVALID")) throw cause;
    throw invalidName("the address of a room cannot be read", cause);
  }
}

/** The name of a room. @param baseUrl - in canonical form */
export function roomNamed({ baseUrl, room }: Pick<RoomName, "baseUrl" | "room">): RoomName {
  return {
    kind: "community",
    id: communityConversation({ baseUrl, token: room.toLowerCase() }),
    baseUrl,
    room,
  };
}

function invalidName(message: string, cause?: unknown): SessionError<"ID_INVALID"> {
  return new SessionError("ID_INVALID", message, { cause });
}
