/**
 * What the behaviours of a client work with. They are functions and small objects over this; nothing else is shared.
 *
 * @module
 */
import type { MessageRecord, Store, StoreBatch } from "../store/index.js";
import { DISAPPEARING, disappearingId, MESSAGES, messageId } from "../store/index.js";
import type { Chores } from "./chores.js";
import type { ContactState } from "./contact-state.js";
import type { Emitter } from "./events.js";
import type { Logger } from "./logger.js";
import type { ClockPort } from "./ports.js";
import type { Sender } from "./sender.js";
import type { Configs } from "./sync-configs.js";
import type { Timers } from "./timers.js";

/** Switches that apps offer to their users; off by default, as in the apps. */
export interface Settings {
  /** Send and take read receipts. */
  readonly receipts: boolean;
  /** Send and take typing indicators. */
  readonly typing: boolean;
}

/** See the module's description. */
export interface World {
  readonly self: string;
  readonly store: Store;
  readonly contacts: ContactState;
  /** The account's configs; change them through `editConfigs`, people through `contacts`. */
  readonly configs: Configs;
  readonly clock: ClockPort;
  readonly timers: Timers;
  readonly events: Emitter;
  readonly log: Logger;
  readonly settings: Settings;
  /** Code points of a text. */
  readonly textLimit: number;
  readonly chores: Chores;
}

/** The world of behaviours that send. */
export interface SendingWorld extends World {
  readonly sender: Sender;
}

/** Names a message. */
export interface MessageName {
  readonly author: string;
  readonly timestamp: number;
}

/** A message of a time that is later by so much is kept on no record: it would never grow old. */
export const FUTURE_MS = 86_400_000;

/** Puts the record of a message, and when it disappears. */
export function putMessage(
  batch: StoreBatch,
  { author, timestamp }: MessageName,
  record: MessageRecord,
  previous?: MessageRecord,
): void {
  batch.put(MESSAGES, messageId(author, timestamp), record);
  const { conversation, disappearsAt: at } = record;
  if (previous?.disappearsAt !== undefined && previous.disappearsAt !== at) {
    batch.delete(DISAPPEARING, disappearingId(previous.disappearsAt, author, timestamp));
  }
  if (at !== undefined) {
    batch.put(DISAPPEARING, disappearingId(at, author, timestamp), { conversation, author, timestamp });
  }
}

/** Removes the record of a message, and when it disappears. */
export function dropMessage(
  batch: StoreBatch,
  { author, timestamp }: MessageName,
  record: MessageRecord | undefined,
): void {
  batch.delete(MESSAGES, messageId(author, timestamp));
  if (record?.disappearsAt !== undefined) {
    batch.delete(DISAPPEARING, disappearingId(record.disappearsAt, author, timestamp));
  }
}

/** A deleted message stays so for so long, whatever copies of it come again, ms. */
const GONE_MS = 2_592_000_000;

/** Forgets a message, for good. */
export function forgetMessage(
  batch: StoreBatch,
  message: MessageName,
  record: MessageRecord | undefined,
  now: number,
): void {
  dropMessage(batch, message, record);
  batch.markGone(message.author, message.timestamp, now + GONE_MS);
}
