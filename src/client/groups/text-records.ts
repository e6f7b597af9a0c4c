/**
 * What is kept of the texts of groups, legacy ones too.
 *
 * @module
 */
import { type InboxItem, MESSAGES, type MessageRecord, messageId, type Store } from "../../store/index.js";
import type { Disappearing } from "../disappearing.js";
import type { ClockPort } from "../ports.js";
import type { GroupMessage, LegacyGroupMessage } from "../received.js";
import type { Track } from "../sources.js";
import { FUTURE_MS, putMessage } from "../world.js";

/** What recording works with. */
export interface TextRecordsWorld {
  readonly store: Store;
  readonly clock: ClockPort;
  readonly disappearing: Disappearing;
}

/** True for a text with files. */
export const hasAttachments = (message: Parts): boolean =>
  message.kind === "text" && message.attachments.length > 0;

/** What of a message is looked at. */
type Parts =
  | { readonly kind: "text"; readonly attachments: readonly unknown[] }
  | { readonly kind: Exclude<GroupMessage["kind"] | LegacyGroupMessage["kind"], "text"> };

/** Puts a text on record; other kinds leave none. */
export async function recordText(
  { store, clock, disappearing }: TextRecordsWorld,
  message: GroupMessage | LegacyGroupMessage,
  item: InboxItem,
  track: Track,
): Promise<void> {
  const { from, timestamp, kind } = message;
  const isRecorded = kind === "text" && timestamp <= clock.now() + FUTURE_MS;
  if (!isRecorded || (await store.peek(MESSAGES, messageId(from, timestamp))) !== undefined) return;
  const record = recordOf(message, item, clock.now());
  track(store.write((batch) => putMessage(batch, { author: from, timestamp }, record)));
  if (record.disappearsAt !== undefined) disappearing.wake();
}

/** In groups the countdown begins with sending. */
function recordOf(
  message: GroupMessage | LegacyGroupMessage,
  { hash, expiration }: InboxItem,
  now: number,
): MessageRecord {
  const { conversation, kind } = message;
  const { mode, seconds } = message.expiration;
  return {
    conversation,
    kind,
    hash,
    ...(hasAttachments(message) ? { attachments: true } : {}),
    ...(mode === "off" ? {} : { disappearsAt: Math.min(expiration, now + seconds * 1000) }),
  };
}
