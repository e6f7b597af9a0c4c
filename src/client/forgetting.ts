/**
 * Forgetting the messages of people who were removed: their records, and when they would have disappeared.
 *
 * @module
 */
import {
  authorOf,
  type ListedRecord,
  MESSAGES,
  type MessageRecord,
  messageId,
  type Store,
  type StoreBatch,
  timestampOf,
} from "../store/index.js";
import type { ContactState } from "./contact-state.js";
import { dropMessage } from "./world.js";

/** What forgetting works on. */
export interface ForgettingWorld {
  readonly self: string;
  readonly store: Store;
  readonly contacts: Pick<ContactState, "all" | "get">;
}

type Found = ReadonlyArray<ListedRecord<MessageRecord>>;

/**
 * Records of messages with people, by both sides, which were sent up to the time (ms) that goes with each person. What they
 * wrote in groups is not among them.
 */
export async function messagesWith(
  { self, store }: Pick<ForgettingWorld, "self" | "store">,
  people: ReadonlyMap<string, number>,
): Promise<Found> {
  if (people.size === 0) return [];
  const by = (author: string, upTo: number): Promise<Found> =>
    store.list(MESSAGES, { from: messageId(author, 0), to: messageId(author, upTo + 1) });
  const theirs = await Promise.all([...people].map(([id, upTo]) => by(id, upTo)));
  const own = await by(self, Math.max(...people.values()));
  const theirIds = [...people.keys()];
  return [
    ...theirs.flatMap((found, index) =>
      found.filter(({ record }) => record.conversation === theirIds[index]),
    ),
    ...own.filter(({ id, record }) => timestampOf(id) <= (people.get(record.conversation) ?? -1)),
  ];
}

/** Forgets them, with the batch. */
export function forgetMessages(batch: StoreBatch, found: Found): void {
  for (const { id, record } of found) {
    dropMessage(batch, { author: authorOf(id), timestamp: timestampOf(id) }, record);
  }
}

/** Forgets what is still on record of people who were removed: those with `ids`, or all. */
export async function forgetRemoved(
  { self, store, contacts }: ForgettingWorld,
  ids?: Iterable<string>,
): Promise<void> {
  const people = ids === undefined ? [...contacts.all()].map(([id]) => id) : [...ids];
  const removed = people.flatMap((id) => {
    const removedAt = contacts.get(id)?.removedAt;
    return removedAt === undefined || id === self ? [] : [[id, removedAt] as const];
  });
  const found = await messagesWith({ self, store }, new Map(removed));
  if (found.length > 0) await store.write((batch) => forgetMessages(batch, found));
}
