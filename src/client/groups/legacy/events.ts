/**
 * What legacy groups tell besides messages.
 *
 * @module
 */
import type { SessionError } from "../../../errors/index.js";
import type { LegacyGroupState } from "../../../groups/index.js";
import type { SessionId } from "../../../identity/index.js";

/** Something about a closed group of the old kind is different now. */
export type LegacyGroupEvent = { readonly id: SessionId } & (
  | { readonly change: "joined" }
  | { readonly change: "name"; readonly name: string }
  | {
      readonly change: "members";
      readonly added: readonly SessionId[];
      readonly removed: readonly SessionId[];
    }
  /** Messages are encrypted with another pair from now on. */
  | { readonly change: "keys" }
  | { readonly change: "timer"; readonly seconds: number }
  /** These members could not be told of the group; it is tried again. */
  | { readonly change: "unreached"; readonly members: readonly SessionId[]; readonly error: SessionError }
  /** The account is not in the group any more: it left, or an admin removed it or ended the group. */
  | { readonly change: "left" | "kicked" }
);

/** What is different in `after`. */
export function describeChanges(
  before: LegacyGroupState | undefined,
  after: LegacyGroupState,
): LegacyGroupEvent[] {
  const { groupId: id, status } = after;
  if (before?.status !== "active") return status === "active" ? [{ id, change: "joined" }] : [];
  if (status !== "active") return [{ id, change: status }];
  const events: LegacyGroupEvent[] = [];
  if (after.name !== before.name) events.push({ id, change: "name", name: after.name });
  const added = after.members.filter((member) => !before.members.includes(member));
  const removed = before.members.filter((member) => !after.members.includes(member));
  if (added.length + removed.length > 0) events.push({ id, change: "members", added, removed });
  if (after.keyPairs.length !== before.keyPairs.length) events.push({ id, change: "keys" });
  if (after.timerSeconds !== before.timerSeconds)
    events.push({ id, change: "timer", seconds: after.timerSeconds });
  return events;
}
