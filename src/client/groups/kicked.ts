/**
 * What tells a member of its removal (docs/protocol/groups.md §12.3). That the swarm refuses requests is no such thing.
 *
 * @module
 */
import { readRemovalNotice } from "../../groups/index.js";
import type { LiveGroup } from "./live-group.js";
import type { GroupWorld } from "./world.js";

/**
 * Whether one of the notices of namespace -11 says that this account was removed. Call it when the keys that came with them
 * are loaded: who was removed and invited again has a newer key than the notice.
 */
export function isRemoved(
  { account, crypto }: Pick<GroupWorld, "account" | "crypto">,
  { id, state }: LiveGroup,
  notices: readonly Uint8Array[],
): boolean {
  const newest = state.keys.generation ?? -1;
  return notices.some((data) => {
    const generation = readRemovalNotice(data, id, account.x25519, crypto);
    return generation !== undefined && generation >= newest;
  });
}

/** The account was removed: what the group was to it is gone, on all of its devices. */
export async function handleRemoval(world: GroupWorld, group: LiveGroup): Promise<void> {
  const { store, directory, events } = world;
  await store.write((batch) => directory.markRemoved(batch, group.id, "kicked"));
  events.emit("group", { id: group.id, change: "kicked" });
}
