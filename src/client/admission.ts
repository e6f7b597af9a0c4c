/**
 * The rules for a decoded message that ask the store (docs/protocol/messages.md §5.1: V12, V22; §6.5, §6.7, §8).
 *
 * @module
 */
import type { IncomingMessage, IncomingReaction, IncomingReceipt } from "../messages/index.js";
import { MESSAGES, type MessageRecord, messageId, type Store } from "../store/index.js";

/** What became of a message: itself (perhaps trimmed), or the rule that keeps it back. */
export type Admission =
  | { readonly kind: "admitted"; readonly message: IncomingMessage }
  | { readonly kind: "dropped"; readonly rule: string; readonly reason: string };

/** What the rules look at. */
export interface AdmissionWorld {
  readonly self: string;
  readonly store: Store;
  /** Network time, ms. */
  readonly now: () => number;
}

/** Kinds that are stored, so that a second one of the same sender and time is a duplicate (V12). */
const STORED_KINDS: ReadonlySet<IncomingMessage["kind"]> = /* @__PURE__ */ new Set<IncomingMessage["kind"]>([
  "text",
  "timer-update",
  "data-extraction",
  "call",
  "group-update",
]);

/** True for messages that have a place in the conversation. */
export const isStored = ({ kind }: Pick<IncomingMessage, "kind">): boolean => STORED_KINDS.has(kind);

/**
 * Applies the rules.
 *
 * @param isInFlight - true while another item with sender and time of this message is being delivered
 */
export async function admit(
  world: AdmissionWorld,
  message: IncomingMessage,
  isInFlight: boolean,
): Promise<Admission> {
  const { store } = world;
  const { from, timestamp } = message;
  if (isStored(message)) {
    const [known, gone] = await Promise.all([store.known(from, timestamp), store.gone(from, timestamp)]);
    if (isInFlight || known) return dropped("V12", "duplicate");
    if (gone) return dropped("§6.7", "deleted");
    if (isOver(message, world.now())) return dropped("§8", "disappeared");
  }
  if (message.kind === "reaction") {
    const known = await isTarget(world, message);
    return known ? { kind: "admitted", message } : dropped("V22", "reaction-without-target");
  }
  if (message.kind === "receipt") return admitReceipt(world, message);
  return { kind: "admitted", message };
}

/** True for a message that disappeared before anyone got it, by the word of its sender and of the swarm. */
function isOver(
  { expiration, timestamp, expiresAt = Number.POSITIVE_INFINITY }: IncomingMessage,
  now: number,
): boolean {
  if (expiration.mode !== "after-send") return false;
  return expiresAt <= now && timestamp + expiration.seconds * 1000 <= now;
}

const dropped = (rule: string, reason: string): Admission => ({ kind: "dropped", rule, reason });

async function isTarget({ store, now }: AdmissionWorld, message: IncomingReaction): Promise<boolean> {
  const { author, timestamp } = message.target;
  const record = await store.get(MESSAGES, messageId(author, timestamp));
  return isIn(record, message.conversation) && (record?.disappearsAt ?? Number.POSITIVE_INFINITY) > now();
}

/** Somebody can only have read what was sent to them. */
async function admitReceipt({ self, store }: AdmissionWorld, message: IncomingReceipt): Promise<Admission> {
  const found = await Promise.all(
    message.timestamps.map(async (timestamp) => {
      const record = await store.get(MESSAGES, messageId(self, timestamp));
      return isIn(record, message.conversation) ? [timestamp] : [];
    }),
  );
  const timestamps = found.flat();
  if (timestamps.length === 0) return dropped("§6.5", "receipt-without-target");
  return { kind: "admitted", message: { ...message, timestamps } };
}

const isIn = (record: MessageRecord | undefined, conversation: string): boolean =>
  record?.conversation === conversation;
