/**
 * Messages that reading page by page passes: a reaction takes a message to the end of the changes, and a page that begins
 * after the message itself has only its reactions then (docs/protocol/communities.md §10).
 *
 * @module
 */
import { messagesBefore, type RoomPage, type RoomUpdate } from "../../communities/index.js";
import { isOlder } from "./intake.js";
import type { LiveRoom } from "./live-room.js";
import type { ServerWorld } from "./live-server.js";

/** `page` with the messages in it of which it has the reactions only, although they were never seen. @throws as calls do */
export async function completed(
  { lifetime: signal }: ServerWorld,
  room: LiveRoom,
  page: RoomPage,
  seen: ReadonlySet<string>,
): Promise<RoomPage> {
  const missed = missedIds(room, page, seen);
  if (missed.length === 0) return page;
  // The newest one before the next id is the message itself, unless it is gone.
  const calls = missed.map((id) => messagesBefore(room.token, id + 1, { limit: 1 }));
  const outcomes = await room.server.connection.batch(calls, { signal });
  const found = new Map<number, { readonly update: RoomUpdate; readonly row: unknown }>();
  for (const outcome of outcomes) {
    if (!outcome.ok) throw outcome.error;
    const [update] = outcome.value.updates;
    if (update?.kind === "message") found.set(update.message.id, { update, row: outcome.value.rows[0] });
  }
  const whole = page.updates.map((update, index) => {
    const message = update.kind === "reactions" && missed.includes(update.id) && found.get(update.id);
    return message || { update, row: page.rows[index] };
  });
  return { ...page, updates: whole.map(({ update }) => update), rows: whole.map(({ row }) => row) };
}

/** Ids of messages that were never seen and of which a page has the reactions only. */
function missedIds(room: LiveRoom, { updates }: RoomPage, seen: ReadonlySet<string>): number[] {
  return updates.flatMap((update) =>
    update.kind === "reactions" &&
    !isOlder(room, update.id) &&
    !seen.has(String(update.id)) &&
    !room.isPosted(update.id)
      ? [update.id]
      : [],
  );
}
