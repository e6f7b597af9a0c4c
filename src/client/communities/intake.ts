/**
 * From a server's answers into the inbox: what is new in a room or in a box of direct messages, with how far it was read, in
 * the write of the poll (docs/protocol/communities.md §§8.2, 10 and 11).
 *
 * @module
 */
import { bytesToBase64, utf8ToBytes } from "../../bytes/index.js";
import type {
  InboxItem,
  InboxPage,
  Room as RoomInfo,
  RoomPage,
  RoomInfo as RoomState,
  RoomUpdate,
} from "../../communities/index.js";
import type { InboxItem as QueuedItem, RoomRecord, StoreBatch } from "../../store/index.js";
import { isSame } from "../sync-mirror.js";
import type { LiveRoom } from "./live-room.js";
import type { RoomChange } from "./messages.js";
import type { Posts } from "./posts.js";
import type { CommunitiesWorld } from "./world.js";

/** Namespaces of items in the inbox: swarms have none of their own for communities. */
export const ROOM_ITEM = 0;
export const DIRECT_ITEM = 1;

/** A row of a room in the inbox. */
export interface RowItem {
  /** `change`: a deletion, or reactions. */
  readonly kind: "message" | "edit" | "change";
  readonly history: boolean;
  /** As the server gave it, without what is of no use. */
  readonly row: Readonly<Record<string, unknown>>;
}

/** A direct message in the inbox, still encrypted. */
export interface DirectItem {
  /** Key of the server: the message can be read when all its rooms were left. */
  readonly publicKey: string;
  readonly item: Omit<InboxItem, "message"> & { readonly message: string };
}

/** What rows are taken with. */
export interface Intake {
  readonly world: CommunitiesWorld;
  readonly batch: StoreBatch;
  readonly posts: Posts;
}

/** What became of a page. */
export interface TakenPage {
  readonly record: RoomRecord;
  /** New items in the inbox. */
  readonly count: number;
}

const DAY_MS = 86_400_000;
/** Messages that came before everything older was read are known for so long by their ids. */
const SEEN_MS = 2 * DAY_MS;
/** Items of the inbox have a life; what they come from has none. */
const LIFE_MS = 30 * DAY_MS;
/** Members of a row that are read. */
const MEMBERS = [
  "id",
  "seqno",
  "session_id",
  "posted",
  "edited",
  "data",
  "signature",
  "deleted",
  "reactions",
  "whisper",
  "whisper_mods",
  "whisper_to",
] as const;
/** Those of a row that tells of reactions only. */
const REACTIONS = ["id", "seqno", "reactions"] as const;

/** Ids of the messages that a page is about and that may be known already. */
export function unsureIds(room: LiveRoom, { updates }: RoomPage): string[] {
  return updates.flatMap((update) => {
    if (update.kind === "message") return isOlder(room, update.message.id) ? [] : [String(update.message.id)];
    return update.kind === "reactions" && !isOlder(room, update.id) ? [String(update.id)] : [];
  });
}

/** True for messages that were there when everything was read. */
export const isOlder = ({ record: { newest = 0 } }: LiveRoom, id: number): boolean => id <= newest;

/** Marks a message of a room as known. */
export function markKnown(
  { world, batch }: Pick<Intake, "world" | "batch">,
  place: string,
  id: number,
): void {
  batch.markSeen(place, String(id), world.clock.now() + SEEN_MS);
}

/**
 * Puts what is new of a page into the inbox.
 *
 * @param seen - those of {@link unsureIds} that are known
 */
export function takePage(
  intake: Intake,
  room: LiveRoom,
  page: RoomPage,
  seen: ReadonlySet<string>,
): TakenPage {
  const { world } = intake;
  const { cursor, newest = 0, skipHistory = false } = room.record;
  const isFirst = cursor === undefined;
  const rows = page.updates.map((update, index) => ({ update, row: page.rows[index] }));
  // The newest messages come newest first.
  if (isFirst) rows.sort((a, b) => idOf(a.update) - idOf(b.update));
  let highest = newest;
  let count = 0;
  for (const { update, row } of rows) {
    const { id, seqno } = numbersOf(update);
    if (update.kind === "message") highest = Math.max(highest, update.message.id);
    if (seqno !== undefined && seqno <= (cursor ?? -1)) continue;
    if (update.kind === "dropped" || update.kind === "invalid") {
      tellDropped(world, room, update);
      continue;
    }
    const kind = kindOf(intake, room, update, row, seen);
    if (kind === undefined || (isFirst && skipHistory)) continue;
    const item: RowItem =
      kind === "reactions"
        ? { kind: "change", history: isFirst, row: picked(row, REACTIONS) }
        : { kind, history: isFirst, row: picked(row, MEMBERS) };
    intake.batch.addInbox(queued(world, room, `${id}.${seqno}`, timeOf(update), item));
    if (update.kind === "message" && id !== undefined) markKnown(intake, room.seenPlace, id);
    count++;
  }
  const read = Math.max(page.cursor ?? 0, cursor ?? 0);
  const { skipHistory: _done, ...record } = room.record;
  // As long as there is more to read, older messages that were changed may be new.
  const settled = isFirst || !page.full ? { newest: highest } : {};
  return { record: { ...record, cursor: read, ...settled }, count };
}

/** What a row is to the app, or its reactions alone; undefined for what it knows. */
function kindOf(
  { world, batch, posts }: Intake,
  room: LiveRoom,
  update: Exclude<RoomUpdate, { kind: "dropped" | "invalid" }>,
  row: unknown,
  seen: ReadonlySet<string>,
): RowItem["kind"] | "reactions" | undefined {
  if (update.kind === "reactions") {
    return room.isOldReaction(update.id, update.seqno) ? undefined : "change";
  }
  if (update.kind === "deleted") {
    // A copy that still waits for the app is not shown any more.
    batch.markGone(room.seenPlace, update.id, world.clock.now() + LIFE_MS);
    return "change";
  }
  if (update.kind === "unsupported") return "message";
  const { id, seqno, timestamp, outgoing, editedAt, reactions } = update.message;
  // Of a message that is known, its reactions may be news.
  const rest = reactions.length > 0 && !room.isOldReaction(id, seqno) ? "reactions" : undefined;
  const signature = String((row as { readonly signature?: unknown }).signature);
  if (outgoing && room.isEdited(signature)) return rest;
  const isOwn =
    outgoing &&
    (posts.claim(batch, signature, { id, seqno, timestamp, filtered: false }) || room.isPosted(id));
  const isKnown = isOwn || isOlder(room, id) || seen.has(String(id));
  if (!isKnown) return "message";
  return editedAt === undefined ? rest : "edit";
}

/** The room as it is now, and what of it is different. */
export function takeInfo(
  room: LiveRoom,
  { details, ...rights }: RoomState,
): { readonly info: RoomInfo | undefined; readonly change: RoomChange | undefined } {
  const before = room.info;
  const info = details ?? (before === undefined ? undefined : { ...before, ...rights });
  if (info === undefined) return { info, change: undefined };
  const changed = [...new Set([...keysOf(info), ...(before === undefined ? [] : keysOf(before))])].filter(
    (name) => !COUNTERS.has(name) && !isSame(info[name], before?.[name]),
  );
  const { conversation } = room;
  return { info, change: changed.length === 0 ? undefined : { conversation, change: "info", changed, info } };
}

/** Members that change without the room being different. */
const COUNTERS: ReadonlySet<keyof RoomInfo> = /* @__PURE__ */ new Set<keyof RoomInfo>([
  "activeUsers",
  "infoUpdates",
  "messageSequence",
]);

const keysOf = (info: RoomInfo): Array<keyof RoomInfo> => Object.keys(info) as Array<keyof RoomInfo>;

/** Puts the new items of a box into the inbox; returns how far it was read, and how many there were. */
export function takeBox(
  { world, batch, posts }: Intake,
  server: { readonly baseUrl: string; readonly publicKey: string },
  { items, cursor: last }: InboxPage,
  before: number,
  isKnown: (item: InboxItem) => boolean,
): { readonly cursor: number; readonly count: number } {
  let count = 0;
  for (const item of items) {
    const { id, timestamp, message } = item;
    if (id <= before || isKnown(item)) continue;
    const text = bytesToBase64(message);
    if (posts.claim(batch, text, { id, timestamp, filtered: false })) continue;
    const value: DirectItem = { publicKey: server.publicKey, item: { ...item, message: text } };
    batch.addInbox({
      ...shell(world, timestamp, value),
      namespace: DIRECT_ITEM,
      hash: `${server.baseUrl}#direct.${id}`,
      room: server.baseUrl,
    });
    count++;
  }
  return { cursor: Math.max(before, last ?? 0), count };
}

function queued(
  world: CommunitiesWorld,
  room: LiveRoom,
  numbers: string,
  timestamp: number,
  item: RowItem,
): QueuedItem {
  return {
    ...shell(world, timestamp, item),
    namespace: ROOM_ITEM,
    hash: `${room.conversation}#${numbers}`,
    room: room.key,
  };
}

function shell(
  { self, clock }: CommunitiesWorld,
  timestamp: number,
  value: RowItem | DirectItem,
): Pick<QueuedItem, "pubkey" | "data" | "timestamp" | "expiration"> {
  const expiration = clock.now() + LIFE_MS;
  return { pubkey: self, data: utf8ToBytes(JSON.stringify(value)), timestamp, expiration };
}

function tellDropped(
  { events }: CommunitiesWorld,
  room: LiveRoom,
  update: Extract<RoomUpdate, { kind: "dropped" | "invalid" }>,
): void {
  const hash = `${room.conversation}#${update.id ?? "?"}.${update.seqno ?? "?"}`;
  if (update.kind === "dropped") events.emit("dropped", { rule: update.rule, reason: update.reason, hash });
  else events.emit("dropped", { rule: update.error.code, reason: update.error.message, hash });
}

function picked(row: unknown, names: readonly string[]): Readonly<Record<string, unknown>> {
  const record = row as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    names.flatMap((name) => (Object.hasOwn(record, name) ? [[name, record[name]]] : [])),
  );
}

const numbersOf = (
  update: RoomUpdate,
): { readonly id?: number | undefined; readonly seqno?: number | undefined } =>
  update.kind === "message" ? update.message : update;

const idOf = (update: RoomUpdate): number => numbersOf(update).id ?? 0;

const timeOf = (update: RoomUpdate): number => {
  if (update.kind === "message") return update.message.timestamp;
  return "timestamp" in update ? update.timestamp : 0;
};
