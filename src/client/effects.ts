/**
 * What a message changes in the client's state, besides being delivered (docs/protocol/messages.md §§6.7, 6.8, 7 and 8).
 *
 * Applied once for every run of the program, so that all of it may be applied again: flags only go on, profiles and
 * timers go by their time, a message that is on record stays as it is there.
 *
 * @module
 */
import {
  type IncomingMessage,
  isNewerProfile,
  type Profile,
  type ProfilePicture,
} from "../messages/index.js";
import {
  type ContactRecord,
  type InboxItem,
  MESSAGES,
  type MessageRecord,
  messageId,
  type StoreBatch,
} from "../store/index.js";
import { changeContact, STRANGER } from "./contact-state.js";
import type { Disappearing } from "./disappearing.js";
import type { Track } from "./sources.js";
import type { TypingIndicators } from "./typing-indicators.js";
import { FUTURE_MS, forgetMessage, putMessage, type World } from "./world.js";

/** What effects work on. */
export interface EffectsWorld extends World {
  readonly indicators: TypingIndicators;
  readonly disappearing: Disappearing;
}

/** Kinds that are on record by author and time. */
const RECORDED: ReadonlySet<IncomingMessage["kind"]> = /* @__PURE__ */ new Set<IncomingMessage["kind"]>([
  "text",
  "timer-update",
  "data-extraction",
  "call",
]);
/** Kinds by which somebody shows that they accept us (and we them, if it is us who wrote). */
const APPROVING: ReadonlySet<IncomingMessage["kind"]> = /* @__PURE__ */ new Set<IncomingMessage["kind"]>([
  "text",
  "reaction",
  "timer-update",
  "call",
  "request-response",
]);
const MAX_PICTURE_URL = 2_048;
const MAX_PICTURE_KEY = 64;

/** Applies `message`. */
export async function applyMessage(
  world: EffectsWorld,
  message: IncomingMessage,
  item: InboxItem,
  track: Track,
): Promise<void> {
  const { store, clock, indicators, disappearing } = world;
  const { from, timestamp, kind } = message;
  if (kind === "typing") {
    if (message.outgoing) return;
    if (message.typing) indicators.start(from, clock.now() - timestamp);
    else indicators.stop(from);
    return;
  }
  if (kind === "text") indicators.stop(from);
  const isRecorded = RECORDED.has(kind) && timestamp <= clock.now() + FUTURE_MS;
  const known = isRecorded && (await store.peek(MESSAGES, messageId(from, timestamp))) !== undefined;
  const target = kind === "unsend" ? message.target : undefined;
  const unsent =
    target === undefined ? undefined : await store.get(MESSAGES, messageId(target.author, target.timestamp));
  let disappears = false;
  const write = store.write((batch) => {
    changePeople(world, batch, message);
    if (target !== undefined) forgetMessage(batch, target, unsent, clock.now());
    if (!isRecorded || known) return;
    const record = recordOf(world, batch, message, item);
    disappears = record.disappearsAt !== undefined;
    putMessage(batch, { author: from, timestamp }, record);
  });
  if (target !== undefined) await write;
  else track(write);
  if (disappears) disappearing.wake();
}

/** Applies the profile in a message; true if anything changed. */
export async function applyProfile(world: World, from: string, profile: Profile): Promise<void> {
  await world.store.write((batch) => changePeople(world, batch, { from, profile }));
}

/** What a message says about a person, for the rules of approval and profiles. */
type Saying =
  | Pick<IncomingMessage, "from" | "conversation" | "kind" | "outgoing" | "expiration" | "timestamp">
  | { readonly from: string };

/** Changes what is known of the other party, by the rules of approval and profiles. */
export function changePeople(
  world: World,
  batch: StoreBatch,
  message: Saying & { readonly profile?: Profile | undefined },
): void {
  const { contacts, events, self } = world;
  const incoming = "kind" in message ? message : undefined;
  const other = incoming?.conversation ?? message.from;
  const changes: { -readonly [Name in keyof ContactRecord]?: ContactRecord[Name] } = {};
  if (incoming !== undefined && other !== self && APPROVING.has(incoming.kind)) {
    if (incoming.outgoing) changes.approved = true;
    else changes.approvedMe = true;
  }
  if (incoming?.kind === "timer-update") Object.assign(changes, timerChanges(world, incoming));
  const present = contacts.get(other) ?? STRANGER;
  const { profile } = message;
  const news = profile === undefined ? undefined : profileChanges(present, profile);
  Object.assign(changes, news);
  if (Object.keys(changes).length === 0) return;
  changeContact(world, batch, other, changes);
  if (news !== undefined) events.emit("profile", { id: other, profile: profileOf({ ...present, ...news }) });
}

/** Our own setting changes by our other devices only; theirs is theirs (docs/protocol/messages.md §8). */
function timerChanges(
  { contacts }: World,
  {
    outgoing,
    conversation,
    expiration,
    timestamp,
  }: Pick<IncomingMessage, "outgoing" | "conversation" | "expiration" | "timestamp">,
): Partial<ContactRecord> {
  if (!outgoing) return { theirTimer: expiration };
  const { timerSetAt } = contacts.get(conversation) ?? STRANGER;
  return timestamp > timerSetAt ? { timer: expiration, timerSetAt: timestamp } : {};
}

/** The changes that a received profile makes, or undefined if it is old or says the same. */
function profileChanges(present: ContactRecord, received: Profile): Partial<ContactRecord> | undefined {
  if (!isNewerProfile(received, present.profileUpdatedAt)) return undefined;
  const { name = present.name, picture: given, updatedAt: profileUpdatedAt } = received;
  const picture = given !== undefined && isReasonable(given) ? copyOf(given) : undefined;
  const same =
    name === present.name && picture?.url === present.picture?.url && sameKey(picture, present.picture);
  if (same && profileUpdatedAt === present.profileUpdatedAt) return undefined;
  return { name, picture, profileUpdatedAt };
}

const isReasonable = ({ url, key }: ProfilePicture): boolean =>
  url.length <= MAX_PICTURE_URL && key.length <= MAX_PICTURE_KEY;
/** The key is a view of the received bytes. */
const copyOf = ({ url, key }: ProfilePicture): ProfilePicture => ({ url, key: Uint8Array.from(key) });
const sameKey = (a: ProfilePicture | undefined, b: ProfilePicture | undefined): boolean =>
  String(a?.key) === String(b?.key);

/** The profile in a record. */
export function profileOf({ name, picture, profileUpdatedAt: updatedAt }: ContactRecord): Profile {
  return {
    ...(name === undefined ? {} : { name }),
    ...(picture === undefined ? {} : { picture }),
    updatedAt,
  };
}

/** The record of a message, with the start of its countdown (docs/protocol/messages.md §8). */
function recordOf(
  { contacts, clock, chores }: World,
  batch: StoreBatch,
  message: IncomingMessage,
  item: InboxItem,
): MessageRecord {
  const { conversation, kind, outgoing, timestamp, expiration } = message;
  const base = { conversation, kind, hash: item.hash };
  const { mode, seconds } = expiration;
  if (mode === "off") return base;
  const now = clock.now();
  const end = now + seconds * 1000;
  // An own device has read its own message, so that its copy lives as long as the timer says.
  if (mode === "after-send" || outgoing) return { ...base, disappearsAt: Math.min(item.expiration, end) };
  const isRead = timestamp <= (contacts.get(conversation) ?? STRANGER).readUpTo;
  if (!isRead) return { ...base, timer: seconds };
  if (item.expiration > end) chores.add(batch, item.hash, { expiry: end });
  return { ...base, read: true, disappearsAt: Math.min(item.expiration, end) };
}
