/**
 * What an admin sends a member one-to-one: an invitation or a promotion (docs/protocol/groups.md §§10.1 and 11).
 *
 * It does not go through the outbox: its sent time is signed, and who is still to be told is on the member list.
 *
 * @module
 */
import type { SessionId } from "../../identity/index.js";
import type { OutgoingMessage } from "../../messages/index.js";
import type { GroupUpdateMessage } from "../../proto/index.js";
import { ownProfile } from "../outbound.js";
import type { GroupWorld } from "./world.js";

/**
 * Stores a control message in the swarm of `to`. The own devices get no copy: the group itself tells them.
 *
 * @param build - makes it, with its sent time (ms)
 * @throws the codes of the network and the swarm, `ABORTED`, `STORE_FAILED`
 */
export async function sendDirect(
  world: GroupWorld,
  to: SessionId,
  build: (timestamp: number) => GroupUpdateMessage,
  signal: AbortSignal,
): Promise<void> {
  const { timestamps, store, swarm, codec } = world;
  const timestamp = timestamps.next();
  await store.write((batch) => batch.putLastTimestamp(timestamp));
  const profile = ownProfile(world);
  const message: OutgoingMessage = {
    kind: "group-update",
    update: build(timestamp),
    ...(profile === undefined ? {} : { profile }),
  };
  await swarm.store(to, () => codec.encode(message, to, timestamp), { signal });
}
