/**
 * Rows of a room: messages, deletions, and changes of reactions (docs/protocol/communities.md §8.2).
 *
 * A row is believed about nothing but the order: a message counts only when its author's signature is right. One bad
 * row never hides the others.
 *
 * @module
 */
import { isSessionError, SessionError } from "../errors/index.js";
import type { RuleId, RuleReason } from "../messages/index.js";
import type { ReadContext } from "./call.js";
import { type CommunityText, decodeCommunityContent } from "./content.js";
import { type CommunityErrorCode, replyInvalid } from "./errors.js";
import { verifyCommunityMessage } from "./message-signature.js";
import {
  type CommunityUserId,
  type JsonObject,
  member,
  readBase64,
  readFlag,
  readInteger,
  readList,
  readOptionalTime,
  readRecord,
  readTime,
  readUserId,
  readUserIds,
} from "./read.js";

/** Who reacted with one emoji. */
export interface Reaction {
  readonly emoji: string;
  readonly count: number;
  /** The first of them, as many as were asked for. */
  readonly reactors: readonly CommunityUserId[];
  /** The own account is among them. */
  readonly you: boolean;
}

/** To whom a message was whispered. */
export interface Whisper {
  readonly to?: CommunityUserId | undefined;
  /** All moderators see it. */
  readonly moderators: boolean;
}

/** A message in a room whose signature was verified. */
export interface RoomMessage extends CommunityText {
  /** Orders the messages of a room. */
  readonly id: number;
  /** Number of the last change to it. */
  readonly seqno: number;
  readonly from: CommunityUserId;
  readonly outgoing: boolean;
  /** Time of posting, unix milliseconds: what quotes refer to. */
  readonly timestamp: number;
  readonly editedAt?: number | undefined;
  readonly reactions: readonly Reaction[];
  readonly whisper?: Whisper | undefined;
}

/** What a row of a room says. */
export type RoomUpdate =
  | { readonly kind: "message"; readonly message: RoomMessage }
  | {
      readonly kind: "deleted";
      readonly id: number;
      readonly seqno: number;
      readonly from: CommunityUserId;
      readonly timestamp: number;
      readonly deletedAt?: number | undefined;
    }
  /** Only the reactions of a message have changed. */
  | {
      readonly kind: "reactions";
      readonly id: number;
      readonly seqno: number;
      readonly reactions: readonly Reaction[];
    }
  /** A rule kept the message back. */
  | {
      readonly kind: "dropped";
      readonly id: number;
      readonly seqno: number;
      readonly rule: RuleId;
      readonly reason: RuleReason;
    }
  /** A message of a kind that this version does not know. */
  | {
      readonly kind: "unsupported";
      readonly id: number;
      readonly seqno: number;
      readonly from: CommunityUserId;
      readonly timestamp: number;
      readonly data: Uint8Array;
    }
  /** Not a row, a wrong signature, or a content that cannot be read. */
  | {
      readonly kind: "invalid";
      readonly id?: number | undefined;
      readonly seqno?: number | undefined;
      readonly error: SessionError;
    };

/** Rows of one reply. */
export interface RoomPage {
  /** In the server's order. Of several rows about one message the last change stays. */
  readonly updates: readonly RoomUpdate[];
  /** The rows of {@link updates}, in the same order, as the server gave them: {@link readRow} reads them again. */
  readonly rows: readonly unknown[];
  /** Highest number of a change in the page, those that cannot be read included; `undefined` without any. */
  readonly cursor?: number | undefined;
  /** The server may have more: there were as many rows as were asked for. */
  readonly full: boolean;
}

/** A list of rows. @throws `COMMUNITY_REPLY_INVALID` when it is none */
export function readRoomPage(value: unknown, token: string, limit: number, context: ReadContext): RoomPage {
  const rows = readList(value, "the messages");
  const kept = new Map<number | string, { readonly update: RoomUpdate; readonly row: unknown }>();
  let cursor: number | undefined;
  for (const [index, row] of rows.entries()) {
    const update = readRow(row, token, context);
    const { id, seqno } = update.kind === "message" ? update.message : update;
    if (seqno !== undefined && seqno > (cursor ?? -1)) cursor = seqno;
    // Rows without id get a key of their own.
    const key = id ?? `row ${index}`;
    const earlier = kept.get(key);
    if (earlier === undefined || seqnoOf(earlier.update) < (seqno ?? 0)) {
      kept.delete(key);
      kept.set(key, { update, row });
    }
  }
  const inOrder = [...kept.values()];
  return {
    updates: inOrder.map(({ update }) => update),
    rows: inOrder.map(({ row }) => row),
    ...(cursor === undefined ? {} : { cursor }),
    full: rows.length >= limit,
  };
}

/** One row. Never throws for what a server can send. */
export function readRow(value: unknown, token: string, context: ReadContext): RoomUpdate {
  let id: number | undefined;
  let seqno: number | undefined;
  try {
    const row = readRecord(value, "a message");
    id = readInteger(member(row, "id"), "a message's id");
    seqno = readInteger(member(row, "seqno"), "a message's sequence number");
    return readKnownRow(row, { id, seqno }, token, context);
  } catch (error) {
    if (!isSessionError(error)) throw error;
    return {
      kind: "invalid",
      ...(id === undefined ? {} : { id }),
      ...(seqno === undefined ? {} : { seqno }),
      error,
    };
  }
}

/** `{emoji: {index, count, reactors?, you?}}`, in the order of the index. */
export function readReactions(value: unknown): readonly Reaction[] {
  if (value === undefined || value === null) return [];
  return Object.entries(readRecord(value, "the reactions"))
    .map(([emoji, entry]) => {
      const record = readRecord(entry, "a reaction");
      const reaction: Reaction = {
        emoji,
        count: readInteger(member(record, "count"), "the count of a reaction"),
        reactors: readUserIds(member(record, "reactors"), "the reactors"),
        you: readFlag(member(record, "you"), "the own reaction"),
      };
      return { index: readInteger(member(record, "index") ?? 0, "the index of a reaction"), reaction };
    })
    .sort((a, b) => a.index - b.index)
    .map(({ reaction }) => reaction);
}

function readKnownRow(
  row: JsonObject,
  numbers: { readonly id: number; readonly seqno: number },
  token: string,
  context: ReadContext,
): RoomUpdate {
  const data = member(row, "data");
  // Exactly id, seqno and reactions: a message has `data`, which is null for a deleted one.
  if (data === undefined && member(row, "deleted") === undefined)
    return { kind: "reactions", ...numbers, reactions: readReactions(member(row, "reactions")) };
  const from = readUserId(member(row, "session_id"), "an author");
  const timestamp = readTime(member(row, "posted"), "the time of posting");
  const editedAt = readOptionalTime(member(row, "edited"), "the time of an edit");
  if (readFlag(member(row, "deleted"), "the deletion") || data === null)
    return {
      kind: "deleted",
      ...numbers,
      from,
      timestamp,
      ...(editedAt === undefined ? {} : { deletedAt: editedAt }),
    };
  const bytes = verifiedData(row, from, context);
  const outgoing = context.ownIds.has(from);
  const conversation = `${context.baseUrl}/${token}`;
  const origin = {
    source: "community",
    from,
    fromSelf: outgoing,
    conversation,
    postedAt: timestamp,
  } as const;
  const content = decodeCommunityContent(bytes, origin, context.validation);
  if (content.kind === "dropped")
    return { kind: "dropped", ...numbers, rule: content.rule, reason: content.reason };
  if (content.kind === "unsupported")
    return { kind: "unsupported", ...numbers, from, timestamp, data: bytes };
  const whisper = readWhisper(row);
  return {
    kind: "message",
    message: {
      ...numbers,
      from,
      outgoing,
      timestamp,
      ...(editedAt === undefined ? {} : { editedAt }),
      ...content.text,
      reactions: readReactions(member(row, "reactions")),
      ...(whisper === undefined ? {} : { whisper }),
    },
  };
}

function verifiedData(row: JsonObject, from: CommunityUserId, { crypto }: ReadContext): Uint8Array {
  const data = readBase64(member(row, "data"), "a message's data");
  const signature = readBase64(member(row, "signature"), "a message's signature");
  if (verifyCommunityMessage(from, data, signature, crypto)) return data;
  throw new SessionError<CommunityErrorCode>(
    "COMMUNITY_BAD_SIGNATURE",
    "the signature of a message is not its author's",
    { details: { from } },
  );
}

function readWhisper(row: JsonObject): Whisper | undefined {
  if (!readFlag(member(row, "whisper"), "the whisper")) return undefined;
  const to = member(row, "whisper_to");
  return {
    moderators: readFlag(member(row, "whisper_mods"), "the whisper to moderators"),
    ...(to === undefined || to === null ? {} : { to: readUserId(to, "the receiver of a whisper") }),
  };
}

function seqnoOf(update: RoomUpdate): number {
  return (update.kind === "message" ? update.message.seqno : update.seqno) ?? 0;
}

/** The message of a reply that holds one row. @throws what is wrong with it */
export function requireMessage(update: RoomUpdate): RoomMessage {
  if (update.kind === "message") return update.message;
  if (update.kind === "invalid") throw update.error;
  throw replyInvalid(`the row is no message that can be shown but ${update.kind}`);
}
