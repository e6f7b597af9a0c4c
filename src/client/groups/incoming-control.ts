/**
 * Control messages in a group (docs/protocol/groups.md §8.1): what each changes here, and which are shown.
 *
 * All of it may be done again: flags only go on, profiles go by their time, what is deleted stays so.
 *
 * @module
 */
import { type GroupControl, type RefusedControl, readGroupControl } from "../../groups/index.js";
import type { SessionId } from "../../identity/index.js";
import type { Profile } from "../../messages/index.js";
import type { GroupUpdateMessage } from "../../proto/index.js";
import { REMEMBER_MS } from "../intake.js";
import type { LiveGroup } from "./live-group.js";
import { deleteLocal, type LocalMessage, localMessages } from "./local-messages.js";
import { listed } from "./roles.js";
import type { GroupWorld } from "./world.js";

/** A control message of a group's swarm. */
export interface ReceivedControl {
  readonly update: GroupUpdateMessage;
  readonly from: SessionId;
  /** Sent time, ms. */
  readonly timestamp: number;
  /** In the group's swarm. */
  readonly hash: string;
  readonly profile?: Profile | undefined;
}

/** What is shown in a group's history; the state itself is in the group's handle. */
export type GroupNotice = Extract<
  GroupControl,
  { readonly kind: "info-change" | "member-change" | "member-left-notice" }
>;

type DeleteContent = Extract<GroupControl, { readonly kind: "delete-content" }>;

/**
 * Does what a control message asks.
 *
 * @returns the notice that the app is to be given, if it is one
 * @throws the codes of the store
 */
export async function handleGroupControl(
  world: GroupWorld,
  group: LiveGroup,
  message: ReceivedControl,
): Promise<GroupNotice | undefined> {
  const { clock, crypto, events } = world;
  const { update, from, timestamp, hash } = message;
  const control = readGroupControl(update, {
    groupId: group.id,
    from,
    timestamp,
    now: clock.now(),
    isMember: (id) => group.isMember(id),
    isAdmin: (id) => group.state.members.size === 0 || group.isListedAdmin(id),
    crypto,
  });
  if (isNotice(control)) {
    if (control.kind === "member-change" && control.change === "added")
      await noteBack(group, control.members, timestamp);
    return control;
  }
  if (control.kind === "refused") {
    events.emit("dropped", { rule: "groups §8.1", reason: control.reason, hash });
    return undefined;
  }
  if (control.kind === "member-left") await noteLeft(world, group, message);
  else if (control.kind === "delete-content") await deleteContent(world, group, control, message);
  else {
    await noteBack(group, [from], timestamp);
    await noteAccepted(world, group, message);
  }
  // Any member could store it again, encrypted anew.
  await world.store.write((batch) => batch.markKnown(from, timestamp, clock.now() + REMEMBER_MS));
  return undefined;
}

function isNotice(control: GroupControl | RefusedControl): control is GroupNotice {
  return ["info-change", "member-change", "member-left-notice"].includes(control.kind);
}

/**
 * An admin copies what a member says of itself to the member list, if that is newer (§13).
 *
 * @throws the codes of the store
 */
export async function noteMemberProfile(
  world: GroupWorld,
  group: LiveGroup,
  from: SessionId,
  profile: Profile | undefined,
): Promise<void> {
  if (!group.isAdmin || profile === undefined || !isNews(group, from, profile)) return;
  await group.change(() => group.state.members.update(from, listed(profile)));
  world.wake(group);
}

function isNews(group: LiveGroup, from: SessionId, { updatedAt }: Profile): boolean {
  const member = group.state.members.get(from);
  return member !== undefined && member.removal === 0 && updatedAt > member.profileUpdated;
}

/** An admin notes who accepted, with what they say of themselves. */
async function noteAccepted(
  world: GroupWorld,
  group: LiveGroup,
  { from, profile }: ReceivedControl,
): Promise<void> {
  const member = group.state.members.get(from);
  if (!group.isAdmin || member === undefined || member.removal > 0) return;
  const news = profile !== undefined && isNews(group, from, profile) ? listed(profile) : {};
  const answer = member.isAdmin || member.invite === 0 ? {} : ({ invite: "accepted" } as const);
  if (Object.keys({ ...news, ...answer }).length === 0) return;
  await group.change(() => group.state.members.update(from, { ...news, ...answer }));
  world.wake(group);
}

/**
 * An admin notes who left. They are taken off the list after the next poll: a device that reads days of messages at once may
 * be about to read that they came back.
 */
async function noteLeft(
  { self }: GroupWorld,
  group: LiveGroup,
  { from, timestamp }: ReceivedControl,
): Promise<void> {
  const member = group.state.members.get(from);
  if (!group.isAdmin || member === undefined || from === self || member.removal > 0) return;
  // Invited anew since: who has not accepted cannot leave.
  if (!member.isAdmin && member.invite > 0) return;
  const { left, since } = group.record;
  if ((since[from] ?? 0) > timestamp) return;
  await group.change((batch) => group.note(batch, { left: { ...left, [from]: timestamp } }));
}

/** Who was added or accepted after they left is not one who left. */
async function noteBack(group: LiveGroup, ids: readonly SessionId[], timestamp: number): Promise<void> {
  const { left, since } = group.record;
  const back = new Set<string>(ids.filter((id) => (since[id] ?? 0) < timestamp));
  if (back.size === 0) return;
  const still = Object.entries(left).filter(([id, time]) => !back.has(id) || time > timestamp);
  const times = Object.fromEntries([...back].map((id) => [id, timestamp]));
  await group.change((batch) =>
    group.note(batch, { left: Object.fromEntries(still), since: { ...since, ...times } }),
  );
}

/** Deletes what was sent before the message, here. Only its author, or an admin, can ask for it. */
async function deleteContent(
  world: GroupWorld,
  group: LiveGroup,
  control: DeleteContent,
  { from, timestamp }: ReceivedControl,
): Promise<void> {
  const { store, clock } = world;
  const hashes = new Set(control.hashes);
  const isOlder = (message: LocalMessage): boolean => message.timestamp < timestamp;
  const isNamed = ({ record: { hash } }: LocalMessage): boolean => hash !== undefined && hashes.has(hash);
  const byHash =
    hashes.size === 0
      ? []
      : (await localMessages(store, group.id, control.by === "author" ? from : undefined)).filter(isNamed);
  const authors = control.by === "admin" ? control.members : [];
  const byAuthor = (await Promise.all(authors.map((id) => localMessages(store, group.id, id)))).flat();
  const deleted = new Map(
    [...byAuthor, ...byHash].filter(isOlder).map((message) => [nameOf(message), message]),
  );
  await store.write((batch) => {
    deleteLocal(world, batch, [...deleted.values()], from);
    // What has not come yet does not come any more. Whose it is, is not known: so only an admin's word counts.
    if (control.by === "admin")
      for (const hash of hashes) batch.markSeen(group.id, hash, clock.now() + REMEMBER_MS);
  });
}

const nameOf = ({ author, timestamp }: LocalMessage): string => `${author}/${timestamp}`;
