/**
 * What a message to a person brings along: the own profile, the timer, and approval (docs/protocol/messages.md §§6.8, 7, 8).
 *
 * @module
 */
import { SessionError } from "../errors/index.js";
import type { Expiration, OutgoingMessage, OutgoingText, Profile } from "../messages/index.js";
import type { StoreBatch } from "../store/index.js";
import { changeContact, STRANGER } from "./contact-state.js";
import { disappearsAt } from "./disappearing.js";
import { profileOf } from "./effects.js";
import type { ClientErrorCode } from "./errors.js";
import type { Companions } from "./sender.js";
import type { SentNote } from "./transmit.js";
import { putMessage, type World } from "./world.js";

/** The own profile as messages carry it; nothing until the account has one. */
export function ownProfile({ contacts, self }: World): Profile | undefined {
  const record = contacts.get(self);
  return record === undefined || record.profileUpdatedAt === 0 ? undefined : profileOf(record);
}

/** When messages to `to` disappear. */
export function timerOf({ contacts }: World, to: string): Expiration {
  return (contacts.get(to) ?? STRANGER).timer;
}

/** Profile and timer of a message to `to`. */
export function visibleFields(
  world: World,
  to: string,
): { readonly profile?: Profile; readonly expiration: Expiration } {
  const profile = ownProfile(world);
  return { ...(profile === undefined ? {} : { profile }), expiration: timerOf(world, to) };
}

/** The answer to a message request. */
export function requestResponse(world: World): OutgoingMessage {
  const profile = ownProfile(world);
  return { kind: "request-response", ...(profile === undefined ? {} : { profile }) };
}

/**
 * Writing to a person is to accept them; if they have written before, they are told ahead of the message.
 *
 * @throws `CONTACT_BLOCKED`
 */
export function approving(world: World, to: string): () => Companions {
  checkNotBlocked(world, to);
  return () => {
    const { approved, approvedMe } = world.contacts.get(to) ?? STRANGER;
    if (approved || to === world.self) return {};
    return { ...(approvedMe ? { prelude: requestResponse(world) } : {}), ...approval(world, to) };
  };
}

/** Accepts `to` when a message to them is accepted for sending. */
export function approval(world: World, to: string): Companions {
  const { approved, blocked } = world.contacts.get(to) ?? STRANGER;
  return {
    also: (batch) => changeContact(world, batch, to, { approved: true, blocked: false }),
    undo: (batch) => changeContact(world, batch, to, { approved, blocked }),
  };
}

/** @throws `CONTACT_BLOCKED` */
export function checkNotBlocked({ contacts }: World, to: string): void {
  if (contacts.get(to)?.blocked !== true) return;
  throw new SessionError<ClientErrorCode>("CONTACT_BLOCKED", "the contact is blocked", {
    details: { id: to },
  });
}

/** True if the signs of life that approval allows may be sent to `to`: receipts, typing, notices. */
export function mayNotify({ contacts, self }: World, to: string): boolean {
  const { approved, blocked } = contacts.get(to) ?? STRANGER;
  return to !== self && approved && !blocked;
}

/** Kinds that have a record: see effects.ts. */
const RECORDED: ReadonlySet<OutgoingMessage["kind"]> = /* @__PURE__ */ new Set<OutgoingMessage["kind"]>([
  "text",
  "timer-update",
]);

/** Puts a message that was sent on record; its countdown began when the recipient's swarm took it. */
export function noteSent(world: World, batch: StoreBatch, sent: SentNote): void {
  const { to, message, timestamp, storedAt, hash } = sent;
  if (!RECORDED.has(message.kind)) return;
  const { expiration, attachments } = message as Partial<OutgoingText>;
  const at = expiration === undefined ? undefined : disappearsAt(expiration, storedAt);
  const name = { author: world.self, timestamp };
  putMessage(batch, name, {
    conversation: to,
    kind: message.kind,
    ...(hash === undefined ? {} : { hash }),
    ...(attachments === undefined || attachments.length === 0 ? {} : { attachments: true }),
    ...(at === undefined ? {} : { disappearsAt: at }),
  });
}
