/**
 * Conversations with more than one person, and with people known by a blinded id: where they stand and how they are shown
 * lies in the account's configs alone (docs/protocol/config.md §§15 to 17).
 *
 * @module
 */
import type { ConversationId, GroupBase } from "../config/index.js";
import { SessionError } from "../errors/index.js";
import { type ConversationName, parseConversation, type RoomName, roomNamed } from "./conversation-names.js";
import type { Conversation } from "./conversations.js";
import type { ClientErrorCode } from "./errors.js";
import type { Configs, MergedChanges } from "./sync-configs.js";
import { invalidArgument } from "./targets.js";

/** A conversation whose state is in the configs alone. */
export type SharedName = Exclude<ConversationName, { readonly kind: "direct" }>;

/** What can be changed of one. */
export interface SharedChange extends Partial<Pick<GroupBase, "priority" | "notifications" | "mutedUntil">> {
  readonly unread?: boolean | undefined;
  /** Sent time, ms. */
  readonly lastRead?: number | undefined;
}

/** Which conversation `id` names. @throws `ID_INVALID` */
export function nameOf({ groups }: Configs, id: unknown): ConversationName {
  const name = parseConversation(id);
  if (name.kind !== "direct" || groups.getLegacyGroup(name.id) === undefined) return name;
  return { kind: "legacy-group", id: name.id };
}

/** The conversation; one that nothing is known of is as new. */
export function sharedConversation(configs: Configs, name: SharedName): Conversation {
  const { lastRead = 0, unread = false } = configs.conversations.get(volatileName(name)) ?? {};
  const shown = shownAs(configs, name);
  return {
    id: name.id,
    kind: name.kind,
    lastRead,
    markedUnread: unread,
    priority: shown?.priority ?? 0,
    notifications: shown?.notifications ?? "default",
    mutedUntil: shown?.mutedUntil ?? 0,
  };
}

/** Names of all: groups and rooms that the account is in, invitations excluded, and people known by a blinded id. */
export function sharedNames({ groups, contacts }: Configs): SharedName[] {
  const joined = [...groups.groups()].filter(({ invited }) => !invited);
  return [
    ...joined.map(({ id }): SharedName => ({ kind: "group", id })),
    ...[...groups.communities()].map(roomNamed),
    ...[...groups.legacyGroups()].map(({ id }): SharedName => ({ kind: "legacy-group", id })),
    ...[...contacts.blinded()].map(({ id }): SharedName => ({ kind: "blinded", id })),
  ];
}

/**
 * Changes a conversation; to be called by an edit of the configs. Reading goes only forward, and takes the mark as unread
 * away.
 *
 * @returns whether anything changed
 * @throws `CONVERSATION_UNKNOWN`, `INVALID_ARGUMENT`, `CONFIG_VALUE_INVALID`
 */
export function changeShared(configs: Configs, name: SharedName, change: SharedChange): boolean {
  const { unread, lastRead, ...shown } = change;
  const changed = Object.keys(shown).length > 0 && show(configs, name, shown);
  if (unread === undefined && lastRead === undefined) return changed;
  if (name.kind.endsWith("group") && shownAs(configs, name) === undefined) throw unknown(name);
  const publicKey = name.kind === "community" ? knownRoom(configs, name).publicKey : undefined;
  const before = configs.conversations.get(volatileName(name));
  const isNews = lastRead !== undefined && lastRead > (before?.lastRead ?? 0);
  const fields = { unread: unread ?? false, ...(isNews ? { lastRead } : {}) };
  return configs.conversations.set(volatileName(name), fields, publicKey) || changed;
}

/** The conversations that a merge has changed; what the account has left is not among them. */
export function sharedChanges(configs: Configs, changes: MergedChanges): SharedName[] {
  const { groups, conversations, blinded } = changes;
  const names: SharedName[] = [
    ...changedOf(groups.groups).map((id): SharedName => ({ kind: "group", id })),
    ...changedOf(groups.communities).map(roomNamed),
    ...changedOf(groups.legacyGroups).map((id): SharedName => ({ kind: "legacy-group", id })),
    ...changedOf(blinded).map((id): SharedName => ({ kind: "blinded", id })),
    ...[...changedOf(conversations), ...conversations.removed].flatMap(sharedName),
  ];
  const known = new Set(sharedNames(configs).map(keyOf));
  return [...new Map(names.map((name) => [keyOf(name), name])).values()].filter((name) =>
    known.has(keyOf(name)),
  );
}

function show(configs: Configs, name: SharedName, shown: Omit<SharedChange, "unread" | "lastRead">): boolean {
  const { groups, contacts } = configs;
  switch (name.kind) {
    case "group":
      if (groups.getGroup(name.id) === undefined) throw unknown(name);
      return groups.setGroup(name.id, shown);
    case "legacy-group":
      if (groups.getLegacyGroup(name.id) === undefined) throw unknown(name);
      return groups.setLegacyGroup(name.id, shown);
    case "community":
      return groups.setCommunity(knownRoom(configs, name), shown);
    case "blinded": {
      const contact = contacts.getBlinded(name.id);
      if (contact === undefined) throw unknown(name);
      if (shown.notifications !== undefined || shown.mutedUntil !== undefined) {
        throw invalidArgument("people known by a blinded id have no notifications of their own");
      }
      return contacts.setBlinded(name.id, contact.server, shown);
    }
  }
}

type Shown = Pick<Conversation, "priority"> & Partial<Pick<Conversation, "notifications" | "mutedUntil">>;

function shownAs({ groups, contacts }: Configs, name: SharedName): Shown | undefined {
  switch (name.kind) {
    case "group":
      return groups.getGroup(name.id);
    case "blinded":
      return contacts.getBlinded(name.id);
    case "legacy-group":
      return groups.getLegacyGroup(name.id);
    case "community":
      return groups.getCommunity(name);
  }
}

function knownRoom({ groups }: Configs, name: RoomName): NonNullable<ReturnType<typeof groups.getCommunity>> {
  const room = groups.getCommunity(name);
  if (room === undefined) throw unknown(name);
  return room;
}

function volatileName(name: SharedName): ConversationId {
  return name.kind === "community" ? { kind: name.kind, baseUrl: name.baseUrl, room: name.room } : name;
}

function sharedName(conversation: ConversationId): SharedName[] {
  if (conversation.kind === "community") return [roomNamed(conversation)];
  return conversation.kind === "contact" ? [] : [conversation];
}

const keyOf = ({ kind, id }: SharedName): string => `${kind} ${id}`;

const changedOf = <Id>({
  added,
  updated,
}: {
  readonly added: readonly Id[];
  readonly updated: readonly Id[];
}): Id[] => [...added, ...updated];

function unknown({ id }: SharedName): SessionError<ClientErrorCode> {
  return new SessionError("CONVERSATION_UNKNOWN", "the account has no such conversation", {
    details: { id },
  });
}
