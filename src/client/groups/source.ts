/**
 * Messages of groups, as they lie in the inbox: bytes become a message, or an event that says why they do not
 * (docs/protocol/groups.md §§7.2 and 8.1).
 *
 * What no key opens waits for later ones, not for ever: as long as its swarm keeps it, and not too many in one group.
 *
 * @module
 */
import { isSessionError } from "../../errors/index.js";
import {
  decodeGroupMessage,
  type GroupDecodeContext,
  type GroupDecodeResult,
  type IncomingGroupMessage,
} from "../../groups/index.js";
import type { SessionId } from "../../identity/index.js";
import { isGroupId } from "../../identity/index.js";
import type { IncomingMessage, Profile } from "../../messages/index.js";
import type { InboxItem, Queued } from "../../store/index.js";
import { admit } from "../admission.js";
import type { Deliverable, GroupMessage } from "../received.js";
import { identityOf, markReceived, tellRefusal, type Undecodable, undecodable } from "../received-marks.js";
import type { MessageSource, Track } from "../sources.js";
import type { Unsupported } from "../unsupported.js";
import { handleGroupControl, noteMemberProfile } from "./incoming-control.js";
import type { LiveGroup } from "./live-group.js";
import { hasAttachments, recordText } from "./text-records.js";
import { Waiting } from "./waiting.js";
import type { GroupWorld } from "./world.js";

/** What reading works with. */
export interface GroupSourceWorld extends GroupWorld {
  readonly unsupported: Unsupported;
  /** The receiver's settings, for the rules of docs/protocol/messages.md §5.1. */
  readonly rules: Omit<GroupDecodeContext, "account" | "keys" | "isMember" | "crypto" | "now">;
  /** The profile that came with a message. */
  readonly applyProfile: (from: SessionId, profile: Profile) => Promise<void>;
}

/** Times of swarms and of removals are not compared more closely, ms. */
const TOLERANCE_MS = 120_000;

/** The source of the messages in the swarms of groups. */
export function groupSource(world: GroupSourceWorld): MessageSource {
  const waiting = new Waiting();
  return {
    name: "group",
    placeOf: ({ pubkey }) => pubkey,
    reads: ({ pubkey, room }) => isGroupId(pubkey) && room === undefined,
    async read(item, isInFlight) {
      const message = await read(world, waiting, item as Queued<InboxItem>, isInFlight);
      if (message !== "later") waiting.delete(item as Queued<InboxItem>);
      return message;
    },
    identityOf: (message) => identityOf(message as GroupMessage),
    markReceived: (batch, item, message) =>
      markReceived(batch, item, message as GroupMessage, world.clock.now()),
    apply: (message, item, track) => apply(world, message as GroupMessage, item, track),
  };
}

async function read(
  world: GroupSourceWorld,
  waiting: Waiting,
  item: Queued<InboxItem>,
  isInFlight: (identity: string) => boolean,
): Promise<Deliverable | "later" | undefined> {
  const { clock, events, unsupported, directory } = world;
  const { hash } = item;
  const drop = (rule: string, reason: string): undefined => {
    events.emit("dropped", { rule, reason, hash });
    return undefined;
  };
  const group = directory.get(item.pubkey);
  if (group === undefined) return drop("GROUP_NOT_JOINED", "the account is not in the group");
  const result = decode(world, group, item);
  if (result === "undecryptable") {
    const mayWait = waiting.takes(item, clock.now());
    return mayWait ? "later" : drop("GROUP_MESSAGE_UNDECRYPTABLE", "no key of the group opens it");
  }
  if (result.kind === "unsupported") {
    await unsupported.keep(item, { ...result, expiration: { mode: "off", seconds: 0 } });
    return undefined;
  }
  await unsupported.release(hash);
  if (result.kind === "dropped") return drop(result.rule, result.reason);
  const { message } = result;
  if (isDeleted(group, message)) return drop("groups §13", "deleted");
  // Only kind, sender, time, and the conversation's name are looked at.
  const asDirect = message as unknown as IncomingMessage;
  const admission = await admit({ ...world, now: clock.now }, asDirect, isInFlight(identityOf(message)));
  if (admission.kind === "admitted") return readControl(world, group, message, item);
  tellRefusal(world, message, admission, hash);
  return undefined;
}

/** Control messages are done here; only those that are notices go on to the app. */
async function readControl(
  world: GroupSourceWorld,
  group: LiveGroup,
  message: IncomingGroupMessage,
  { hash }: InboxItem,
): Promise<GroupMessage | undefined> {
  const source = "group";
  if (message.kind !== "group-update") return { ...message, source };
  const { update, from, timestamp, profile } = message;
  const notice = await handleGroupControl(world, group, { update, from, timestamp, hash, profile });
  return notice && { ...message, source, notice };
}

function decode(
  { account, clock, crypto, events, rules }: GroupSourceWorld,
  group: LiveGroup,
  item: InboxItem,
): GroupDecodeResult | Undecodable | "undecryptable" {
  try {
    return decodeGroupMessage(item, {
      ...rules,
      account,
      keys: group.state.keys,
      isMember: (id) => mayHaveWritten(group, id, item.timestamp),
      now: clock.now(),
      crypto,
    });
  } catch (error) {
    if (isSessionError(error, "GROUP_MESSAGE_UNDECRYPTABLE")) return "undecryptable";
    return undecodable(events, error, item.hash);
  }
}

/**
 * Rule G1. Who was taken off the list since has written as a member nevertheless, and who was on it before this device knew
 * the group nobody can tell: the swarm takes messages from members only.
 */
function mayHaveWritten(group: LiveGroup, id: SessionId, storedAt: number): boolean {
  const { openedAt, former } = group.record;
  if (group.isMember(id) || storedAt < openedAt) return true;
  const until = former[id];
  return until !== undefined && storedAt <= until + TOLERANCE_MS;
}

/** An admin has deleted what was sent before a time, or what of it has attachments. */
function isDeleted({ state }: LiveGroup, message: IncomingGroupMessage): boolean {
  const { deleteBefore, deleteAttachmentsBefore } = state.info.details;
  if (message.timestamp < deleteBefore * 1000) return true;
  return hasAttachments(message) && message.timestamp < deleteAttachmentsBefore * 1000;
}

/** Puts a text on record, and takes in what it says of its sender. */
async function apply(
  world: GroupSourceWorld,
  message: GroupMessage,
  item: InboxItem,
  track: Track,
): Promise<void> {
  const { directory } = world;
  const { from, outgoing } = message;
  const group = directory.get(item.pubkey);
  const profile = "profile" in message ? message.profile : undefined;
  if (profile !== undefined && !outgoing) {
    track(world.applyProfile(from, profile));
    if (group !== undefined) track(noteMemberProfile(world, group, from, profile));
  }
  await recordText(world, message, item, track);
}
