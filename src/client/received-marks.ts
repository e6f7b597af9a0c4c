/**
 * By what a received message is known, wherever it comes from, and what of it stays known (docs/protocol/messages.md
 * §5.1, V12).
 *
 * @module
 */
import { isSessionError } from "../errors/index.js";
import type { IncomingMessage } from "../messages/index.js";
import type { InboxItem, StoreBatch } from "../store/index.js";
import { isStored } from "./admission.js";
import { asSessionError } from "./errors.js";
import type { Emitter } from "./events.js";
import { REMEMBER_MS } from "./intake.js";
import type { Logger } from "./logger.js";

/** What is looked at. */
type Named = Pick<IncomingMessage, "kind" | "timestamp" | "hash"> & { readonly from: string };

/** What makes two messages the same: sender and time, for kinds that are stored; else the hash. */
export const identityOf = (message: Named): string =>
  isStored(message) ? `${message.from}/${message.timestamp}` : `${message.hash}`;

/** Until when something received is known, ms: long after it would have expired, so that a replayed one is no news. */
export const knownUntil = ({ expiration }: Pick<InboxItem, "expiration">, now: number): number =>
  Math.max(expiration, now) + REMEMBER_MS;

/** Marks a message as received, so that others of the same sender and time are duplicates. */
export function markReceived(batch: StoreBatch, item: InboxItem, message: Named, now: number): void {
  if (isStored(message)) batch.markKnown(message.from, message.timestamp, knownUntil(item, now));
}

/** Tells why a message goes to nobody. An own one that comes back is no news. */
export function tellRefusal(
  {
    self,
    events,
    log,
  }: { readonly self: string; readonly events: Emitter; readonly log: Pick<Logger, "debug"> },
  { from }: Named,
  { rule, reason }: { readonly rule: string; readonly reason: string },
  hash: string,
): void {
  if (rule === "V12" && from === self) log.debug("an own message came back", { hash });
  else events.emit("dropped", { rule, reason, hash });
}

/** What cannot be decoded will never be: it is dropped by the name of its error. */
export interface Undecodable {
  readonly kind: "dropped";
  readonly rule: string;
  readonly reason: string;
  readonly profile?: undefined;
}

/** The outcome for an item whose decoder threw `error`. An error that is not typed is a fault of ours, and told. */
export function undecodable(events: Emitter, error: unknown, hash: string): Undecodable {
  const failure = asSessionError(error, "MESSAGE_MALFORMED", "the decoder failed", { hash });
  if (!isSessionError(error)) events.emit("error", failure);
  return { kind: "dropped", rule: failure.code, reason: failure.message };
}
