/**
 * Deleting messages: for everyone, or here (docs/protocol/messages.md §6.7).
 *
 * @module
 */
import type { AbortOptions } from "../errors/index.js";
import { MESSAGES, messageId, type StoreBatch } from "../store/index.js";
import { checkPersonOrGroup, checkTarget, invalidArgument, type MessageTarget } from "./targets.js";
import type { Sent } from "./transmit.js";
import { forgetMessage, type SendingWorld } from "./world.js";

/** What `unsend` answers. */
export interface UnsendResult extends Sent {
  /** The copy in the own swarm is deleted. False: it is tried again with every poll. In a room: it was there. */
  readonly deleted: boolean;
}

/**
 * Asks everyone to delete an own message, and deletes its copy in the own swarm. Other people's swarms are not ours to
 * change.
 *
 * @throws `INVALID_ARGUMENT` for a message of somebody else, those of sending
 */
export async function unsend(
  world: SendingWorld,
  message: MessageTarget,
  { signal }: AbortOptions,
): Promise<UnsendResult> {
  const { self, sender, chores } = world;
  const { conversation, author, timestamp } = checkTarget(message, self);
  if (author !== self) throw invalidArgument("only own messages can be unsent");
  await forget(world, { author, timestamp }, await sender.giveUp(timestamp));
  const deleting = chores.run();
  const request = { kind: "unsend", target: { author, timestamp } } as const;
  const result = await sender.send(conversation, request, { signal });
  return { ...result, deleted: await deleting };
}

/** Deletes a message on this device alone: it does not come again, and nothing refers to it any more. */
export async function deleteLocally(world: SendingWorld, message: MessageTarget): Promise<void> {
  const { author, timestamp } = checkTarget(message, world.self, checkPersonOrGroup);
  await forget(world, { author, timestamp });
}

/** @param giveUp - everywhere, not on this device alone: ends what is still to be done for the message */
async function forget(
  { store, clock, chores }: SendingWorld,
  name: { readonly author: string; readonly timestamp: number },
  giveUp?: (batch: StoreBatch) => void,
): Promise<void> {
  const record = await store.get(MESSAGES, messageId(name.author, name.timestamp));
  await store.write((batch) => {
    forgetMessage(batch, name, record, clock.now());
    if (giveUp === undefined) return;
    giveUp(batch);
    if (record?.hash !== undefined) chores.add(batch, record.hash, { delete: true });
  });
}
