/**
 * What this device remembers of a group's messages: their names and hashes, without contents.
 *
 * @module
 */
import type { GroupId, SessionId } from "../../identity/index.js";
import {
  authorOf,
  type ListedRecord,
  MESSAGES,
  type MessageRecord,
  messageId,
  type Store,
  type StoreBatch,
  timestampOf,
} from "../../store/index.js";
import { dropMessage, forgetMessage } from "../world.js";
import type { GroupWorld } from "./world.js";

/** A message of a group. */
export interface LocalMessage {
  readonly author: string;
  /** Sent time, ms. */
  readonly timestamp: number;
  readonly record: MessageRecord;
}

/** Records read at a time. */
const PAGE = 500;

/** Messages in a group by one author, or by all. */
export async function localMessages(
  store: Store,
  group: GroupId,
  author?: SessionId,
): Promise<LocalMessage[]> {
  const found: LocalMessage[] = [];
  const range =
    author === undefined
      ? {}
      : { from: messageId(author, 0), to: messageId(author, Number.MAX_SAFE_INTEGER) };
  let from: string | undefined = range.from;
  for (;;) {
    const page: ListedRecord<MessageRecord>[] = await store.list(MESSAGES, { ...range, from, limit: PAGE });
    for (const { id, record } of page) {
      if (record.conversation === group)
        found.push({ author: authorOf(id), timestamp: timestampOf(id), record });
    }
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return found;
    from = `${last.id}\u0000`;
  }
}

/**
 * Forgets messages, for good: copies that come again are no news. The app is told.
 *
 * @param by - who deleted them; undefined: an admin, by time
 */
export function deleteLocal(
  { clock, events }: Pick<GroupWorld, "clock" | "events">,
  batch: StoreBatch,
  messages: readonly LocalMessage[],
  by: SessionId | undefined,
): void {
  for (const { author, timestamp, record } of messages) {
    const { conversation, hash } = record;
    forgetMessage(batch, { author, timestamp }, record, clock.now());
    events.emit("deleted", { conversation, author, timestamp, hash, by });
  }
}

/** Forgets everything about a group's messages, as if this device had never been in it. */
export function dropHistory(batch: StoreBatch, messages: readonly LocalMessage[]): void {
  for (const { record, ...name } of messages) dropMessage(batch, name, record);
}
