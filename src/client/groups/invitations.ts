/**
 * Invitations and promotions that others send (docs/protocol/groups.md §§8.1, 10.2 and 11), and the answers to them.
 *
 * The entry in the config of the account's groups is all that an invitation leaves, so that any of its devices can answer
 * it, and go on from there.
 *
 * @module
 */
import { truncateUtf8 } from "../../config/index.js";
import { SessionError } from "../../errors/index.js";
import {
  type GroupInvitation,
  type GroupStanding,
  inviteResponse,
  readInvitation,
} from "../../groups/index.js";
import { type GroupId, isGroupId } from "../../identity/index.js";
import type { IncomingGroupUpdate } from "../../messages/index.js";
import type { InboxItem, StoreBatch } from "../../store/index.js";
import type { ClientErrorCode } from "../errors.js";
import { knownUntil } from "../received-marks.js";
import type { LiveGroup } from "./live-group.js";
import { dropHistory, type LocalMessage, localMessages } from "./local-messages.js";
import type { GroupWorld } from "./world.js";

/** An invitation that waits for an answer. */
export interface PendingInvitation {
  readonly id: GroupId;
  /** As the invitation has it; may be empty. */
  readonly name: string;
  /** Accepting it makes the account an admin. */
  readonly asAdmin: boolean;
  /** When it came, unix seconds. */
  readonly received: number;
}

/** Invitations that wait for an answer. */
export function pendingInvitations({ configs, directory }: GroupWorld): PendingInvitation[] {
  return [...configs.groups.groups()]
    .filter(({ id }) => directory.standing(id) === "invited")
    .map(({ id, name, secretKey, joined }) => {
      return { id, name, asAdmin: secretKey !== undefined, received: joined };
    });
}

/**
 * Joins the group of an invitation; the admins are told once the group was read. Of a group that the account is in, that
 * group.
 *
 * @throws `ID_INVALID`, `GROUP_NOT_INVITED`, the codes of the store
 */
export async function acceptInvitation(world: GroupWorld, id: string): Promise<LiveGroup> {
  const { configs, directory, events, store } = world;
  const groupId = checkInvited(world, id);
  const present = directory.get(groupId);
  if (present !== undefined) return present;
  const group = await store.write((batch) => {
    configs.groups.setGroup(groupId, { invited: false });
    configs.save(batch);
    return directory.open(batch, groupId);
  });
  events.emit("group", { id: groupId, change: "joined", by: group.isAdmin ? "promotion" : "invitation" });
  return group;
}

/** Answers an invitation with no: it is gone from all devices, and nobody is told. @throws as {@link acceptInvitation} */
export async function declineInvitation(world: GroupWorld, id: string): Promise<void> {
  const { configs, directory, store } = world;
  const groupId = checkInvited(world, id);
  if (directory.get(groupId) !== undefined) throw notInvited(world, groupId);
  await store.write((batch) => {
    configs.groups.removeGroup(groupId);
    configs.save(batch);
  });
}

/** The id of a group that the account is invited to, or in. */
function checkInvited(world: GroupWorld, id: string): GroupId {
  if (!isGroupId(id)) throw new SessionError("ID_INVALID", "the id is not a group's");
  if (world.directory.get(id) === undefined && world.directory.standing(id) !== "invited")
    throw notInvited(world, id);
  return id;
}

function notInvited({ directory }: GroupWorld, id: GroupId): SessionError {
  return new SessionError<ClientErrorCode>(
    "GROUP_NOT_INVITED",
    "no invitation to the group waits for an answer",
    {
      details: { group: id, standing: directory.standing(id) },
    },
  );
}

/**
 * Takes an invitation or promotion that came one-to-one. Its message is deleted from the own swarm: the account's other
 * devices see what it led to.
 *
 * @throws the codes of the store
 */
export async function takeInvitation(
  world: GroupWorld,
  message: IncomingGroupUpdate,
  item: InboxItem,
): Promise<void> {
  const { account, contacts, clock, crypto, directory, events, store, chores } = world;
  const { from, timestamp, update, outgoing } = message;
  const standing = (id: GroupId): GroupStanding => directory.standing(id);
  const isBlocked = (id: string): boolean => contacts.get(id)?.blocked === true;
  const invitation = readInvitation(update, {
    account,
    from,
    timestamp,
    now: clock.now(),
    isBlocked,
    standing,
    crypto,
  });
  if (outgoing || invitation.kind === "refused") {
    const reason = invitation.kind === "refused" ? invitation.reason : "wrong-place";
    events.emit("dropped", { rule: "groups §8.1", reason, hash: item.hash });
    if (reason === "already-member") {
      const group = directory.get(update.inviteMessage?.groupSessionId ?? "");
      await store.write((batch) => {
        chores.add(batch, item.hash, { delete: true });
        if (group !== undefined && !group.isAdmin) answerAgain(batch, group);
      });
      if (group !== undefined) world.wake(group);
    }
  } else {
    const before = standing(invitation.groupId);
    const history = before === "kicked" ? await localMessages(store, invitation.groupId) : [];
    await store.write((batch) => {
      admit(world, batch, invitation, message, history);
      batch.markKnown(from, timestamp, knownUntil(item, clock.now()));
      chores.add(batch, item.hash, { delete: true });
    });
  }
  void chores.run();
}

/**
 * Who was removed and invited again between two polls is a member all the time, but not on the list of the admins, who
 * wait for an answer: until then they would not take them off the list if they left.
 */
function answerAgain(batch: StoreBatch, group: LiveGroup): void {
  if (group.record.pending.notices.some(({ update }) => update["inviteResponse"] !== undefined)) return;
  group.edit(batch, (pending) => pending.notice(() => inviteResponse()));
}

function admit(
  world: GroupWorld,
  batch: StoreBatch,
  invitation: GroupInvitation,
  { from, timestamp }: IncomingGroupUpdate,
  history: readonly LocalMessage[],
): void {
  const { configs, contacts, clock, crypto, directory, events } = world;
  const { kind, groupId: id, name } = invitation;
  const before = directory.standing(id);
  const isIn = before === "member" || before === "admin";
  const isTrusted = isIn || contacts.get(from)?.approved === true;
  const invited = !isTrusted;
  configs.groups.setGroup(id, {
    name: truncateUtf8(name),
    removal: undefined,
    invited,
    ...(before === "none" || before === "kicked" ? { joined: Math.floor(clock.now() / 1000) } : {}),
    ...(kind === "invite"
      ? { authData: invitation.authData }
      : { secretKey: crypto.ed25519KeyPair(invitation.seed).secretKey }),
  });
  configs.save(batch);
  // What came before the removal would have gaps.
  dropHistory(batch, history);
  if (invited) {
    events.emit("group-invite", { id, name, from, asAdmin: kind === "promote", timestamp });
    return;
  }
  const group = directory.open(batch, id);
  if (!isIn)
    events.emit("group", { id, change: "joined", by: kind === "invite" ? "invitation" : "promotion" });
  else if (kind === "promote") events.emit("group", { id, change: "promoted" });
  world.wake(group);
}
