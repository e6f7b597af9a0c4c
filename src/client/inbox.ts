/**
 * Reading what lies in the inbox: bytes become a message, or an event that says why they do not.
 *
 * @module
 */
import { isSessionError } from "../errors/index.js";
import type { DecodeResult, IncomingMessage } from "../messages/index.js";
import type { InboxItem, Store, StoreBatch } from "../store/index.js";
import { asSessionError } from "./errors.js";
import type { Emitter } from "./events.js";
import type { Logger } from "./logger.js";

/** What reading and delivery work with. */
export interface InboxWorld {
  readonly self: string;
  readonly store: Store;
  readonly decode: (item: InboxItem) => DecodeResult;
  /** Network time, ms. */
  readonly now: () => number;
  readonly log: Logger;
  readonly events: Emitter;
}

/** A received message is known for so long after it would have expired, so that a replayed one is no news. */
const REMEMBER_MS = 2_592_000_000;

/** Kinds that are stored, so that a second one of the same sender and time is a duplicate (V12). */
const STORED_KINDS: ReadonlySet<IncomingMessage["kind"]> = /* @__PURE__ */ new Set<IncomingMessage["kind"]>([
  "text",
  "timer-update",
  "data-extraction",
  "call",
  "group-update",
]);

/** What makes two messages the same: sender and time, for kinds that are stored; else the hash. */
export const identityOf = ({ from, timestamp, kind, hash }: IncomingMessage): string =>
  STORED_KINDS.has(kind) ? `${from}/${timestamp}` : `${hash}`;

/** Marks a message as received, so that others of the same sender and time are duplicates. */
export function markReceived(
  batch: StoreBatch,
  item: InboxItem,
  message: IncomingMessage,
  now: number,
): void {
  if (!STORED_KINDS.has(message.kind)) return;
  batch.markKnown(message.from, message.timestamp, Math.max(item.expiration, now) + REMEMBER_MS);
}

/**
 * The message in `item`; undefined when there is none for the app, which is told by an event if it is news.
 *
 * @param isInFlight - true if another item with this identity is being delivered
 * @throws the codes of the store
 */
export async function readInboxItem(
  world: InboxWorld,
  item: InboxItem,
  isInFlight: (identity: string) => boolean,
): Promise<IncomingMessage | undefined> {
  const { hash } = item;
  const { self, events, store, log } = world;
  const result = decode(world, item);
  if (result.kind === "message") {
    const { message } = result;
    const { from, timestamp, kind } = message;
    if (!STORED_KINDS.has(kind)) return message;
    if (!isInFlight(identityOf(message)) && !(await store.known(from, timestamp))) return message;
    if (from === self) log.debug("an own message came back", { hash });
    else events.emit("dropped", { rule: "V12", reason: "duplicate", hash });
  } else if (result.kind === "dropped") {
    events.emit("dropped", { rule: result.rule, reason: result.reason, hash });
  } else {
    events.emit("unsupported", { reason: result.reason, hash, data: result.data });
  }
  return undefined;
}

type Undecodable = { readonly kind: "dropped"; readonly rule: string; readonly reason: string };

/** Decodes; what cannot be decoded will never be, so it is dropped by the name of its error. */
function decode({ decode: decodeItem, events }: InboxWorld, item: InboxItem): DecodeResult | Undecodable {
  try {
    return decodeItem(item);
  } catch (error) {
    const failure = asSessionError(error, "MESSAGE_MALFORMED", "the decoder failed", { hash: item.hash });
    if (!isSessionError(error)) events.emit("error", failure);
    return { kind: "dropped", rule: failure.code, reason: failure.message };
  }
}
