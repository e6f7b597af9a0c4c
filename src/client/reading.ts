/**
 * Marking messages as read: starts the countdown of those that disappear after reading, and tells their authors
 * (docs/protocol/messages.md §§6.5 and 8).
 *
 * @module
 */
import type { AbortOptions } from "../errors/index.js";
import { type ListedRecord, MESSAGES, type MessageRecord, messageId, timestampOf } from "../store/index.js";
import { changeContact, STRANGER } from "./contact-state.js";
import { changeSharedConversation } from "./conversations.js";
import type { Disappearing } from "./disappearing.js";
import { mayNotify } from "./outbound.js";
import { nameOf } from "./shared-conversations.js";
import { checkRecipient, checkTarget, invalidArgument, type MessageTarget } from "./targets.js";
import type { SendResult } from "./transmit.js";
import { putMessage, type SendingWorld } from "./world.js";

/** What was read: all up to a sent time, or some messages. */
export type ReadMessages = number | readonly MessageTarget[];

/** What `markRead` did. */
export interface ReadResult {
  /** Sent times of the messages that were not read before. */
  readonly timestamps: readonly number[];
  /** The receipt; absent when none was to be sent. */
  readonly receipt?: SendResult | undefined;
}

/** Times in one receipt: they must fit into one item of a swarm with room to spare. */
const MAX_TIMES = 1_000;

/**
 * Marks messages of `conversation` that others wrote as read.
 *
 * @throws `INVALID_ARGUMENT`, `ID_INVALID`, those of sending
 */
export async function markRead(
  world: SendingWorld,
  conversation: string,
  read: ReadMessages,
  disappearing: Disappearing,
  { signal }: AbortOptions,
): Promise<ReadResult> {
  const { store, contacts, clock, settings, sender, self, chores } = world;
  // Old groups have Session IDs.
  if (nameOf(world.configs, conversation).kind !== "direct") return markSharedRead(world, conversation, read);
  const author = checkRecipient(conversation);
  if (author === self) return { timestamps: [] };
  const { readUpTo } = contacts.get(author) ?? STRANGER;
  const found =
    typeof read === "number" ? await upTo(world, author, read, readUpTo) : await named(world, author, read);
  const unread = found.filter(({ id, record }) => record.read !== true && timestampOf(id) > readUpTo);
  const now = clock.now();
  await store.write((batch) => {
    if (typeof read === "number" && contacts.get(author) !== undefined) {
      changeContact(world, batch, author, { readUpTo: Math.max(read, readUpTo), markedUnread: undefined });
    }
    for (const { id, record } of unread) {
      const { timer, ...rest } = record;
      const disappearsAt = timer === undefined ? rest.disappearsAt : now + timer * 1000;
      const changed = { ...rest, read: true, ...(disappearsAt === undefined ? {} : { disappearsAt }) };
      putMessage(batch, { author, timestamp: timestampOf(id) }, changed, record);
      if (timer === undefined || disappearsAt === undefined || record.hash === undefined) continue;
      chores.add(batch, record.hash, { expiry: disappearsAt });
    }
  });
  if (unread.some(({ record }) => record.timer !== undefined)) {
    disappearing.wake();
    await chores.run();
  }
  const timestamps = unread.map(({ id }) => timestampOf(id));
  const told = unread.filter(({ record }) => record.kind === "text").map(({ id }) => timestampOf(id));
  if (told.length === 0 || !settings.receipts || !mayNotify(world, author)) return { timestamps };
  let receipt: SendResult | undefined;
  for (let at = 0; at < told.length; at += MAX_TIMES) {
    const message = { kind: "receipt", timestamps: told.slice(at, at + MAX_TIMES) } as const;
    receipt = await sender.send(author, message, { signal });
  }
  return { timestamps, receipt };
}

/**
 * Marks messages of a group, a room, or somebody known by a blinded id as read: nobody is told but the own devices.
 *
 * @throws `INVALID_ARGUMENT`, `ID_INVALID`, `CONVERSATION_UNKNOWN`, `STORE_FAILED`
 */
export async function markSharedRead(
  world: Pick<SendingWorld, "store" | "configs" | "events">,
  conversation: string,
  read: ReadMessages,
): Promise<ReadResult> {
  const name = nameOf(world.configs, conversation);
  if (name.kind === "direct") throw invalidArgument("that is a conversation with one person");
  if (typeof read !== "number" && !Array.isArray(read))
    throw invalidArgument("what was read is neither a time nor a list of messages");
  const times = typeof read === "number" ? [read] : read.map((message) => message?.timestamp);
  if (times.some((time) => !Number.isSafeInteger(time) || time <= 0))
    throw invalidArgument("the time is not a sent time in ms");
  if (times.length > 0) await changeSharedConversation(world, name, { lastRead: Math.max(...times) });
  return { timestamps: times };
}

type Found = ReadonlyArray<ListedRecord<MessageRecord>>;

async function upTo({ store }: SendingWorld, author: string, last: number, readUpTo: number): Promise<Found> {
  if (!Number.isSafeInteger(last) || last <= 0) throw invalidArgument("the time is not a sent time in ms");
  return store.list(MESSAGES, {
    from: messageId(author, readUpTo + 1),
    to: messageId(author, last + 1),
  });
}

async function named(
  { store, self }: SendingWorld,
  conversation: string,
  messages: readonly MessageTarget[],
): Promise<Found> {
  if (!Array.isArray(messages))
    throw invalidArgument("what was read is neither a time nor a list of messages");
  const records = await Promise.all(
    messages.map(async (message) => {
      const target = checkTarget(message, self);
      if (target.conversation !== conversation) throw invalidArgument("a message is of another conversation");
      if (target.author !== conversation) return [];
      const id = messageId(target.author, target.timestamp);
      const record = await store.get(MESSAGES, id);
      return record === undefined ? [] : [{ id, record }];
    }),
  );
  return records.flat();
}
