/**
 * The addresses of rooms, as apps have them: links, and what messages name a room by.
 *
 * @module
 */
import {
  type CommunityLink,
  communityKey,
  isRoomToken,
  parseBaseUrl,
  parseCommunityLink,
} from "../../communities/index.js";
import { SessionError } from "../../errors/index.js";

/** A room by its address. */
export type RoomAddress = Pick<CommunityLink, "baseUrl" | "token">;

const ADDRESS = /^(https?:\/\/[^/?#]+)\/(?:r\/)?([^/?#]+)$/i;

/** True for what looks like the address of a room, or a link to one. */
export function isRoomAddress(text: unknown): text is string {
  return typeof text === "string" && /^https?:\/\//i.test(text);
}

/** A message of a room, by what names it there. */
export interface RoomMessageName {
  readonly conversation: string;
  readonly id: number;
  readonly timestamp: number;
}

/** True for messages of a room: received ones, and those that were posted. */
export function isRoomMessage(message: unknown): message is RoomMessageName {
  return (
    typeof message === "object" &&
    message !== null &&
    "id" in message &&
    isRoomAddress((message as { readonly conversation?: unknown }).conversation)
  );
}

/** @throws `COMMUNITY_LINK_INVALID` */
export function parseRoomAddress(text: string): RoomAddress {
  if (typeof text !== "string") throw invalidAddress();
  if (text.includes("?")) return parseCommunityLink(text);
  const [, base = "", token] = ADDRESS.exec(text.trim()) ?? [];
  if (!isRoomToken(token)) throw invalidAddress();
  return { baseUrl: parseBaseUrl(base), token };
}

/** What a room is known by; undefined for an address of a config that is none. */
export function keyOf(baseUrl: string, token: string): string | undefined {
  try {
    return communityKey({ baseUrl, token });
  } catch (error) {
    if (error instanceof SessionError) return undefined;
    throw error;
  }
}

/** The server in the address of a server or of a room. @throws `COMMUNITY_LINK_INVALID` */
export function parseServerAddress(text: string): string {
  try {
    return parseBaseUrl(text);
  } catch (error) {
    if (!(error instanceof SessionError)) throw error;
    return parseRoomAddress(text).baseUrl;
  }
}

function invalidAddress(): SessionError {
  return new SessionError("COMMUNITY_LINK_INVALID", "that is not the address of a room");
}
