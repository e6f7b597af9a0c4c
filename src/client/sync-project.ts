/**
 * From the configs to the records of people: what other devices of the account changed.
 *
 * @module
 */
import type { Contact as ConfigContact } from "../config/index.js";
import type { SessionId } from "../identity/index.js";
import type { ContactRecord, StoreBatch } from "../store/index.js";
import { type ContactState, changeContact, STRANGER } from "./contact-state.js";
import { profileOf } from "./effects.js";
import type { Emitter } from "./events.js";
import type { ConfigSnapshots, Configs } from "./sync-configs.js";
import { isSame } from "./sync-mirror.js";

/** What projecting works on. */
export interface ProjectWorld {
  readonly self: SessionId;
  readonly configs: Configs;
  /** The records in the store: a change of these is not made in the configs again. */
  readonly local: ContactState;
  readonly events: Emitter;
  /** Network time, ms. */
  readonly now: () => number;
}

/** How far a conversation was read on another device. */
export interface ReadElsewhere {
  readonly id: SessionId;
  /** Sent time, ms. */
  readonly upTo: number;
}

/** Brings the records up to date with what changed in the configs since `before`. */
export function project(world: ProjectWorld, batch: StoreBatch, before: ConfigSnapshots): ReadElsewhere[] {
  const { configs, self, local, events, now } = world;
  const { profile, contacts, conversations } = configs;
  if (profile.changesSince(before.profile).length > 0) projectProfile(world, batch);
  const changes = contacts.changesSince(before.contacts).contacts;
  for (const id of [...changes.added, ...changes.updated]) {
    const contact = contacts.get(id);
    if (contact !== undefined && id !== self)
      change(world, batch, id, recordOf(contact, local.get(id), now()));
  }
  for (const id of changes.removed) {
    if (id === self || local.get(id) === undefined) continue;
    const record = { ...STRANGER, removedAt: now() };
    local.put(batch, id, record);
    events.emit("contact", { id, ...record });
  }
  const read = conversations.changesSince(before.conversations);
  const touched = [...read.added, ...read.updated, ...read.removed].flatMap((conversation) =>
    conversation.kind === "contact" ? [conversation.id] : [],
  );
  return [...new Set([...changes.added, ...touched])].flatMap((id) => projectReading(world, batch, id));
}

function projectProfile(world: ProjectWorld, batch: StoreBatch): void {
  const { configs, self, local } = world;
  const { name, picture, updated, noteToSelfTimer: seconds, noteToSelfPriority: priority } = configs.profile;
  change(world, batch, self, {
    name: name === "" ? undefined : name,
    picture,
    profileUpdatedAt: updated === 0 ? (local.get(self)?.profileUpdatedAt ?? 0) : updated,
    timer: seconds === 0 ? { mode: "off", seconds } : { mode: "after-send", seconds },
    priority: priority === 0 ? undefined : priority,
  });
}

function recordOf(
  contact: ConfigContact,
  present: ContactRecord = STRANGER,
  now: number,
): Partial<ContactRecord> {
  const {
    name,
    nickname,
    picture,
    profileUpdated,
    approved,
    approvedMe,
    blocked,
    expiration: timer,
  } = contact;
  const { priority, notifications, mutedUntil } = contact;
  return {
    name: name === "" ? undefined : name,
    nickname: nickname === "" ? undefined : nickname,
    picture,
    profileUpdatedAt: profileUpdated === 0 ? present.profileUpdatedAt : profileUpdated,
    approved,
    approvedMe,
    blocked,
    priority: priority === 0 ? undefined : priority,
    notifications: notifications === "default" ? undefined : notifications,
    mutedUntil: mutedUntil === 0 ? undefined : mutedUntil,
    ...(isSame(timer, present.timer) ? {} : { timer, timerSetAt: now }),
  };
}

function projectReading(world: ProjectWorld, batch: StoreBatch, id: SessionId): ReadElsewhere[] {
  const { configs, local } = world;
  const record = local.get(id);
  if (record === undefined) return [];
  const { lastRead = 0, unread = false } = configs.conversations.get({ kind: "contact", id }) ?? {};
  change(world, batch, id, { markedUnread: unread ? true : undefined });
  return lastRead > record.readUpTo ? [{ id, upTo: lastRead }] : [];
}

/** Changes what differs, and tells. */
function change(world: ProjectWorld, batch: StoreBatch, id: string, wanted: Partial<ContactRecord>): void {
  const { local, events } = world;
  const present = local.get(id) ?? STRANGER;
  const names = (Object.keys(wanted) as Array<keyof ContactRecord>).filter(
    (name) => !isSame(wanted[name], present[name]),
  );
  if (names.length === 0 && local.get(id) !== undefined) return;
  const changes = Object.fromEntries(names.map((name) => [name, wanted[name]])) as Partial<ContactRecord>;
  changeContact({ contacts: local, events }, batch, id, changes);
  if ("name" in changes || "picture" in changes) {
    events.emit("profile", { id, profile: profileOf({ ...present, ...changes }) });
  }
}
