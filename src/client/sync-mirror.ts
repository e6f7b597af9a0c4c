/**
 * From the records of people to the configs: what this device changes, so that the others hear of it.
 *
 * Only members that changed are written, so that changes of other devices to the rest stay when both are merged.
 *
 * @module
 */

import { utf8ToBytes } from "../bytes/index.js";
import { type ContactFields, MAX_PICTURE_URL_BYTES, truncateUtf8 } from "../config/index.js";
import { isSessionId, type SessionId } from "../identity/index.js";
import type { ProfilePicture } from "../messages/index.js";
import type { ContactRecord, StoreBatch } from "../store/index.js";
import { type ContactState, STRANGER } from "./contact-state.js";
import type { Configs } from "./sync-configs.js";

/** Later times are no times in seconds. */
const MAX_SECONDS = 9_000_000_000;
const MAX_TIMER = 2 ** 31 - 1;
const KEY_LENGTH = 32;

/** What the mirror works on. */
export interface MirrorWorld {
  readonly self: string;
  readonly configs: Configs;
  /** The records in the store. */
  readonly local: ContactState;
  /** Network time, ms. */
  readonly now: () => number;
}

/** The records, with every change made in the configs too. */
export function mirroredContacts(world: MirrorWorld): ContactState {
  const { local, configs } = world;
  return {
    get: local.get,
    all: local.all,
    put(batch: StoreBatch, id: string, record: ContactRecord): readonly string[] {
      const before = local.get(id);
      takeBackIfFailed(world, batch, id, record);
      const forgotten = local.put(batch, id, record);
      mirror(world, id, before, record);
      for (const stranger of forgotten) forget(world, stranger);
      configs.save(batch);
      return forgotten;
    },
  };
}

/** Said before the record is put, so that it happens after that is put back: the configs follow the records. */
function takeBackIfFailed(world: MirrorWorld, batch: StoreBatch, id: string, failed: ContactRecord): void {
  const { local, self, configs } = world;
  if (!isSessionId(id)) return;
  const isOnlyShared = local.get(id) === undefined && configs.contacts.get(id) !== undefined;
  batch.onFailed(() => {
    const present = local.get(id);
    if (present !== undefined || id === self) mirror(world, id, failed, present ?? STRANGER);
    else if (!isOnlyShared) configs.contacts.remove(id);
  });
}

/** Puts records into the configs that are there from before the account had any on this device. */
export function mirrorAll(world: MirrorWorld): void {
  for (const [id, record] of world.local.all()) mirror(world, id, undefined, record);
}

function mirror(
  world: MirrorWorld,
  id: string,
  before: ContactRecord | undefined,
  record: ContactRecord,
): void {
  if (!isSessionId(id)) return;
  if (id === world.self) mirrorSelf(world, before, record);
  else mirrorContact(world, id, before, record);
}

function mirrorSelf(
  { configs, self }: MirrorWorld,
  before: ContactRecord | undefined,
  record: ContactRecord,
): void {
  const { profile } = configs;
  const change = changedFields(before, record);
  if (change.name !== undefined) profile.name = change.name;
  if ("picture" in change) profile.setPicture(change.picture);
  if (change.expiration !== undefined) profile.noteToSelfTimer = change.expiration.seconds;
  if (change.priority !== undefined) profile.noteToSelfPriority = change.priority;
  mirrorReading(configs, self as SessionId, before, record);
}

function mirrorContact(
  { configs, now }: MirrorWorld,
  id: SessionId,
  before: ContactRecord | undefined,
  record: ContactRecord,
): void {
  const { contacts, conversations } = configs;
  const { approved, approvedMe, blocked, nickname, removedAt } = record;
  if (removedAt !== undefined && removedAt !== before?.removedAt && !blocked) {
    contacts.remove(id);
    conversations.remove({ kind: "contact", id });
    return;
  }
  const isNew = contacts.get(id) === undefined;
  const isChosen = nickname !== undefined || record.priority !== undefined;
  if (isNew && !approved && !approvedMe && !blocked && !isChosen) return;
  const change = changedFields(isNew ? undefined : before, record);
  contacts.set(id, isNew ? { ...change, created: Math.floor(now() / 1000) } : change);
  mirrorReading(configs, id, isNew ? undefined : before, record);
}

/** Strangers must not fill the config either. Those about whom another device knows more stay there. */
function forget({ configs: { contacts, conversations } }: MirrorWorld, id: string): void {
  const contact = isSessionId(id) ? contacts.get(id) : undefined;
  if (contact === undefined) return;
  const { approved, blocked, nickname, priority, notifications } = contact;
  if (approved || blocked || nickname !== "" || priority !== 0 || notifications !== "default") return;
  contacts.remove(contact.id);
  conversations.remove({ kind: "contact", id: contact.id });
}

function mirrorReading(
  { conversations }: Configs,
  id: SessionId,
  before: ContactRecord | undefined,
  record: ContactRecord,
): void {
  const conversation = { kind: "contact", id } as const;
  const stored = conversations.get(conversation);
  const { readUpTo, markedUnread = false } = record;
  const unread = markedUnread !== (before?.markedUnread ?? false) ? { unread: markedUnread } : {};
  const lastRead = readUpTo > (stored?.lastRead ?? 0) ? { lastRead: readUpTo } : {};
  if (Object.keys({ ...unread, ...lastRead }).length > 0) {
    conversations.set(conversation, { ...unread, ...lastRead });
  }
}

/** What of `record` differs from `before`, as a config takes it. */
function changedFields(before: ContactRecord | undefined, record: ContactRecord): Partial<ContactFields> {
  const [old, wanted] = [fieldsOf(before ?? STRANGER), fieldsOf(record)];
  const changed = Object.entries(wanted).filter(([name, value]) => !isSame(value, old[name as keyof Fields]));
  return Object.fromEntries(changed) as Partial<ContactFields>;
}

type Fields = Omit<ContactFields, "created" | "features">;

function fieldsOf(record: ContactRecord): Fields {
  const { profileUpdatedAt, timer, approved, approvedMe, blocked } = record;
  return {
    name: truncateUtf8(record.name ?? ""),
    nickname: truncateUtf8(record.nickname ?? ""),
    picture: storable(record.picture),
    profileUpdated: Math.min(profileUpdatedAt, MAX_SECONDS),
    approved,
    approvedMe,
    blocked,
    priority: record.priority ?? 0,
    notifications: record.notifications ?? "default",
    mutedUntil: record.mutedUntil ?? 0,
    expiration: { mode: timer.mode, seconds: Math.min(timer.seconds, MAX_TIMER) },
  };
}

/** Others may show pictures that no config can hold. */
function storable(picture: ProfilePicture | undefined): ProfilePicture | undefined {
  if (picture === undefined || picture.url === "" || picture.key.length !== KEY_LENGTH) return undefined;
  return utf8ToBytes(picture.url).length > MAX_PICTURE_URL_BYTES ? undefined : picture;
}

/** Whether two values of a record are the same. */
export function isSame(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b;
  const [left, right] = [Object.entries(a), new Map(Object.entries(b))];
  return left.length === right.size && left.every(([name, value]) => isSame(value, right.get(name)));
}
