/**
 * Messages of legacy groups, as they lie in the inbox (docs/protocol/legacy-groups.md §2, §6). Control messages change the
 * group, and are told by an event; the others go on to the app.
 *
 * Anybody may write into the box of such a group. What no pair opens waits for later ones, but not for ever, and not too
 * many.
 *
 * @module
 */
import { isSessionError } from "../../../errors/index.js";
import {
  decodeLegacyControl,
  decodeLegacyGroupItem,
  LEGACY_GROUP_NAMESPACE,
  type LegacyDecodeResult,
  type LegacyGroupState,
} from "../../../groups/index.js";
import type { SessionId } from "../../../identity/index.js";
import type { IncomingLegacyGroup, Profile } from "../../../messages/index.js";
import { type InboxItem, MESSAGES, messageId, type Queued } from "../../../store/index.js";
import { admit } from "../../admission.js";
import type { Deliverable, LegacyGroupMessage } from "../../received.js";
import {
  identityOf,
  knownUntil,
  markReceived,
  tellRefusal,
  type Undecodable,
  undecodable,
} from "../../received-marks.js";
import type { MessageSource, Track } from "../../sources.js";
import { forgetMessage } from "../../world.js";
import type { GroupSourceWorld } from "../source.js";
import { recordText } from "../text-records.js";
import { Waiting } from "../waiting.js";
import { applyControl, type SentControl } from "./sending.js";
import type { LegacyWorld } from "./world.js";

/** What reading works with. */
export interface LegacySourceWorld extends LegacyWorld {
  readonly rules: GroupSourceWorld["rules"];
  /** The profile that came with a message. */
  readonly applyProfile: (from: SessionId, profile: Profile) => Promise<void>;
}

/** The source of the messages in the boxes of legacy groups. */
export function legacyGroupSource(world: LegacySourceWorld): MessageSource {
  const waiting = new Waiting();
  return {
    name: "legacy-group",
    reads: ({ namespace, room }) => namespace === LEGACY_GROUP_NAMESPACE && room === undefined,
    async read(item, isInFlight) {
      const message = await read(world, waiting, item as Queued<InboxItem>, isInFlight);
      if (message !== "later") waiting.delete(item as Queued<InboxItem>);
      return message;
    },
    identityOf: (message) => identityOf(message as LegacyGroupMessage),
    markReceived: (batch, item, message) =>
      markReceived(batch, item, message as LegacyGroupMessage, world.clock.now()),
    apply: (message, item, track) => apply(world, message as LegacyGroupMessage, item, track),
  };
}

/** A control message that came one-to-one: the account is in a group, or gets its newest pair. */
export async function takeLegacyControl(
  world: LegacyWorld,
  { control: sent, from, timestamp }: IncomingLegacyGroup,
  { hash, expiration }: InboxItem,
): Promise<void> {
  const control = decodeLegacyControl(sent, world.crypto);
  const groupId = control?.kind === "new" || control?.kind === "key-pair" ? control.groupId : undefined;
  if (control === undefined || groupId === undefined) {
    const reason = "a control message without a group";
    world.events.emit("dropped", { rule: "legacy-groups §3", reason, hash });
    return;
  }
  await take(world, groupId, { control, from, timestamp }, { hash, expiration });
}

async function read(
  world: LegacySourceWorld,
  waiting: Waiting,
  item: Queued<InboxItem>,
  isInFlight: (identity: string) => boolean,
): Promise<Deliverable | "later" | undefined> {
  const { self, store, clock, events, legacy } = world;
  const { hash } = item;
  const drop = (rule: string, reason: string): undefined => {
    events.emit("dropped", { rule, reason, hash });
    return undefined;
  };
  const state = legacy.get(item.pubkey)?.state;
  if (state?.status !== "active") return drop("GROUP_NOT_JOINED", "the account is not in the group");
  const result = decode(world, state, item);
  if (result === "undecryptable") {
    const mayWait = waiting.takes(item, clock.now());
    return mayWait ? "later" : drop("GROUP_MESSAGE_UNDECRYPTABLE", "no pair of the group opens it");
  }
  if (result.kind === "dropped") return drop(result.rule, result.reason);
  if (result.kind === "control") {
    const { from, timestamp } = result;
    // Those that this device sent were done when they were sent.
    if (from === self && (await store.known(from, timestamp))) return undefined;
    await take(world, state.groupId, result, item);
    return undefined;
  }
  const message: LegacyGroupMessage = { ...result.message, source: "legacy-group" };
  const admission = await admit({ ...world, now: clock.now }, message, isInFlight(identityOf(message)));
  if (admission.kind === "admitted") return message;
  tellRefusal(world, message, admission, hash);
  return undefined;
}

/** Does what a control message says, once. */
async function take(
  world: LegacyWorld,
  id: string,
  sent: SentControl,
  { hash, expiration }: Pick<InboxItem, "hash" | "expiration">,
): Promise<void> {
  const { store, events, clock } = world;
  const { from, timestamp } = sent;
  const refusal = await store.write((batch) => {
    batch.markKnown(from, timestamp, knownUntil({ expiration }, clock.now()));
    return applyControl(world, batch, id, sent);
  });
  if (refusal !== undefined) events.emit("dropped", { rule: "legacy-groups §6", reason: refusal, hash });
}

function decode(
  { account, clock, crypto, events, rules }: LegacySourceWorld,
  group: LegacyGroupState,
  item: InboxItem,
): LegacyDecodeResult | Undecodable | "undecryptable" {
  try {
    return decodeLegacyGroupItem(item, { ...rules, account, group, now: clock.now(), crypto });
  } catch (error) {
    if (isSessionError(error, "GROUP_MESSAGE_UNDECRYPTABLE")) return "undecryptable";
    return undecodable(events, error, item.hash);
  }
}

/** Puts a text on record or takes an unsent one off, and takes in what a message says of its sender. */
async function apply(
  world: LegacySourceWorld,
  message: LegacyGroupMessage,
  item: InboxItem,
  track: Track,
): Promise<void> {
  const { store, clock } = world;
  const { from, outgoing } = message;
  if (message.kind === "unsend") {
    const { target } = message;
    const record = await store.get(MESSAGES, messageId(target.author, target.timestamp));
    await store.write((batch) => forgetMessage(batch, target, record, clock.now()));
    return;
  }
  if (message.profile !== undefined && !outgoing) track(world.applyProfile(from, message.profile));
  await recordText(world, message, item, track);
}
