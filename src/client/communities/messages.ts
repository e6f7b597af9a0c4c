/**
 * What comes from communities, on its way to the app and as the app gets it.
 *
 * @module
 */
import type {
  CommunityText,
  CommunityUserId,
  Reaction,
  Room as RoomInfo,
  RoomMessage,
} from "../../communities/index.js";
import type { BlindedId, SessionId } from "../../identity/index.js";

/** What all that comes from a room has. */
interface FromRoom {
  readonly source: "community";
  /** The room's address: `http(s)://host[:port]/room`, the room in lower case. */
  readonly conversation: string;
  /** Names this state of the message: room, id and number of the change. */
  readonly hash: string;
}

/** A message of a room. Its signature was verified. */
interface RoomContent extends RoomMessage, FromRoom {
  /** Who is mentioned, by the ids that the server knows. */
  readonly mentions: readonly CommunityUserId[];
}

/** A text in a room. */
export interface RoomText extends RoomContent {
  readonly kind: "text";
  /** It was there before the account joined on this device. */
  readonly history: boolean;
}

/** The new state of a message of a room whose author has changed it. */
export interface RoomEdit extends RoomContent {
  readonly kind: "room-edit";
}

/** A message of a room is gone: delete it wherever the app keeps it. */
export interface RoomDeletion extends FromRoom {
  readonly kind: "room-deletion";
  readonly id: number;
  readonly seqno: number;
  /** Who wrote the message. */
  readonly from: CommunityUserId;
  /** When it was posted, unix milliseconds. */
  readonly timestamp: number;
  readonly deletedAt?: number | undefined;
}

/** All reactions to a message of a room, after one of them has changed. */
export interface RoomReactions extends FromRoom {
  readonly kind: "room-reactions";
  readonly id: number;
  readonly seqno: number;
  readonly reactions: readonly Reaction[];
}

/** Anything from a room. */
export type RoomDeliverable = RoomText | RoomEdit | RoomDeletion | RoomReactions;

/**
 * A direct message that came through a community server: somebody's first one, or a copy of what another device of the
 * account wrote.
 */
export interface InboxText extends CommunityText {
  readonly kind: "text";
  readonly source: "inbox";
  /** The other party's Session ID; the blinded id as long as that is not known. To answer, send to it. */
  readonly conversation: SessionId | BlindedId;
  readonly hash: string;
  /** The number that the server gave it. */
  readonly id: number;
  readonly from: SessionId;
  readonly outgoing: boolean;
  /** The other party's id on the server. */
  readonly blindedId: BlindedId;
  /** Address of the server. */
  readonly server: string;
  /** Time of posting, unix milliseconds. */
  readonly timestamp: number;
}

/** A room was joined or left, here or on another device, or it is different now. */
export interface RoomChange {
  readonly conversation: string;
  readonly change: "joined" | "left" | "info";
  /** `info` only: which members of the room's description are different. */
  readonly changed?: ReadonlyArray<keyof RoomInfo> | undefined;
  /** The room as it is now; absent before the server has described it. */
  readonly info?: RoomInfo | undefined;
}

/** It became known whose blinded id it is: their conversation goes on under the Session ID. */
export interface IdentifiedContact {
  readonly id: SessionId;
  readonly blindedId: BlindedId;
  /** Address of the server. */
  readonly server: string;
}
