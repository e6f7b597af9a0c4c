/**
 * Forgetting: marks whose time is over, and, above a limit, those that would end first; message records that are old,
 * and, above a limit, the oldest.
 *
 * @module
 */
import type { AbstractLevel } from "abstract-level";
import type { Operation } from "./batch.js";
import { MESSAGES, timestampOf } from "./collections.js";
import { padNumber, parseUntilKey, rangeOf, recordKey, UNTIL_PREFIX } from "./keys.js";

/** What pruning takes. */
export interface PruneOptions {
  /** Network time, ms. */
  readonly now: number;
  /** Most marks to keep. Default: 200 000. */
  readonly maxMarks?: number | undefined;
  /** Message records are kept for so long after the message was sent, ms. Default: 90 days. */
  readonly messageAgeMs?: number | undefined;
  /** Most message records to keep. Default: 50 000. */
  readonly maxMessages?: number | undefined;
}

const DEFAULT_MAX_MARKS = 200_000;
const DEFAULT_MAX_MESSAGES = 50_000;
const DEFAULT_MESSAGE_AGE_MS = 7_776_000_000;
/** Marks removed in one batch. */
const CHUNK = 500;

/** Removes marks and returns how many. */
export async function pruneMarks(
  level: AbstractLevel<unknown, string, string>,
  commit: (operations: readonly Operation[]) => Promise<void>,
  { now, maxMarks = DEFAULT_MAX_MARKS }: PruneOptions,
): Promise<number> {
  const ended = await removeFirst(level, commit, Infinity, `${UNTIL_PREFIX}${padNumber(Math.max(0, now))}`);
  let kept = 0;
  for await (const _ of level.keys(rangeOf(UNTIL_PREFIX))) kept++;
  return ended + (await removeFirst(level, commit, kept - maxMarks, rangeOf(UNTIL_PREFIX).lt));
}

/** Removes up to `count` marks, those that end first, as long as their `until/…` key is below `lt`. */
async function removeFirst(
  level: AbstractLevel<unknown, string, string>,
  commit: (operations: readonly Operation[]) => Promise<void>,
  count: number,
  lt: string,
): Promise<number> {
  let removed = 0;
  while (removed < count) {
    const limit = Math.min(CHUNK, count - removed);
    const keys = await level.keys({ gte: UNTIL_PREFIX, lt, limit }).all();
    if (keys.length === 0) break;
    const entries = keys.map((key) => ({ key, ...parseUntilKey(key) }));
    const ends = await level.getMany(entries.map(({ mark }) => mark));
    await commit(
      entries.flatMap(({ key, until, mark }, index): Operation[] => [
        { type: "del", key },
        // A mark that was prolonged has a later entry in the index, and stays.
        ...(Number(ends[index] ?? until) > until ? [] : [{ type: "del", key: mark } as const]),
      ]),
    );
    removed += keys.length;
    if (keys.length < limit) break;
  }
  return removed;
}

/** Removes message records and returns how many. Only their keys are looked at. */
export async function pruneMessages(
  level: AbstractLevel<unknown, string, string>,
  commit: (operations: readonly Operation[]) => Promise<void>,
  { now, maxMessages = DEFAULT_MAX_MESSAGES, messageAgeMs = DEFAULT_MESSAGE_AGE_MS }: PruneOptions,
): Promise<number> {
  const keys = await level.keys(rangeOf(recordKey(MESSAGES.name, ""))).all();
  const byAge = keys.map((key) => ({ key, sentAt: timestampOf(key) })).sort((a, b) => a.sentAt - b.sentAt);
  const old = byAge.filter(
    ({ sentAt }, index) => sentAt < now - messageAgeMs || index < keys.length - maxMessages,
  );
  for (let at = 0; at < old.length; at += CHUNK) {
    await commit(old.slice(at, at + CHUNK).map(({ key }): Operation => ({ type: "del", key })));
  }
  return old.length;
}
