/**
 * Calls about reactions (docs/protocol/communities.md §8.3). An emoji is 1 to 12 code points of any text.
 *
 * @module
 */
import { type CommunityCall, replyJson } from "./call.js";
import { invalidArgument } from "./errors.js";
import { numberSegment, reactionSegment, roomPath, withQuery } from "./path.js";
import {
  type CommunityUserId,
  member,
  readFlag,
  readInteger,
  readList,
  readRecord,
  readTime,
  readUserId,
} from "./read.js";

/** What a change of reactions did. Pages read before `seqno` do not know of it yet. */
export interface ReactionChange {
  /** False when it was so before. */
  readonly changed: boolean;
  readonly seqno: number;
}

/** What taking away the reactions of everybody did. */
export interface ReactionsRemoved {
  readonly count: number;
  readonly seqno: number;
}

/** A user who reacted. */
export interface Reactor {
  readonly id: CommunityUserId;
  /** Unix milliseconds. */
  readonly reactedAt: number;
}

/** Reacts to a message. Whispers and deleted messages are `COMMUNITY_NOT_FOUND`. */
export function addReaction(token: string, id: number, emoji: string): CommunityCall<ReactionChange> {
  return {
    request: {
      method: "PUT",
      path: reactionPath(token, "reaction", id, reactionSegment(emoji)),
      body: { kind: "json", value: {} },
    },
    read: (reply) => readChange(replyJson(reply), "added"),
  };
}

/** Takes an own reaction back. */
export function removeReaction(token: string, id: number, emoji: string): CommunityCall<ReactionChange> {
  return {
    request: { method: "DELETE", path: reactionPath(token, "reaction", id, reactionSegment(emoji)) },
    read: (reply) => readChange(replyJson(reply), "removed"),
  };
}

/** Takes all reactions off a message, or all with one emoji; moderators only. */
export function removeAllReactions(
  token: string,
  id: number,
  emoji?: string,
): CommunityCall<ReactionsRemoved> {
  const segments = emoji === undefined ? [] : [reactionSegment(emoji)];
  return {
    request: { method: "DELETE", path: reactionPath(token, "reactions", id, ...segments) },
    read: (reply) => {
      const record = readRecord(replyJson(reply), "the reply");
      return {
        count: readInteger(member(record, "removed"), "the number of reactions"),
        seqno: readInteger(member(record, "seqno"), "the sequence number"),
      };
    },
  };
}

/** Who reacted with an emoji, first ones first. */
export function reactors(
  token: string,
  id: number,
  emoji: string,
  { limit }: { readonly limit?: number | undefined } = {},
): CommunityCall<readonly Reactor[]> {
  if (limit !== undefined && !(Number.isSafeInteger(limit) && limit > 0))
    throw invalidArgument("a limit is a positive number", { limit });
  return {
    request: {
      method: "GET",
      path: withQuery(reactionPath(token, "reactors", id, reactionSegment(emoji)), { limit }),
    },
    read: (reply) => readList(replyJson(reply), "the reactors").map(readReactor),
  };
}

function reactionPath(token: string, what: string, id: number, ...segments: readonly string[]): string {
  return roomPath(token, what, numberSegment(id, "a message id"), ...segments);
}

function readChange(value: unknown, name: "added" | "removed"): ReactionChange {
  const record = readRecord(value, "the reply");
  return {
    changed: readFlag(member(record, name), "the change"),
    seqno: readInteger(member(record, "seqno"), "the sequence number"),
  };
}

function readReactor(value: unknown): Reactor {
  const [id, at] = readList(value, "a reactor");
  return { id: readUserId(id, "a reactor"), reactedAt: readTime(at, "the time of a reaction") };
}
