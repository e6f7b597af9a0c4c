/**
 * Keeping a group alive in its swarm, and noticing when the swarm has lost some of it (docs/protocol/groups.md §14).
 *
 * @module
 */
import { isSessionError } from "../../errors/index.js";
import { GROUP_TTL_MS } from "../../groups/index.js";
import type { Logger } from "../logger.js";
import type { ClockPort } from "../ports.js";
import type { LiveGroup } from "./live-group.js";
import type { GroupPort } from "./port.js";

/** What keeping alive works with. */
export interface KeepWorld {
  readonly port: Pick<GroupPort, "extend">;
  readonly clock: ClockPort;
  readonly log: Logger;
  readonly lifetime: AbortSignal;
  /** Pushes a group in the background. */
  readonly wake: (group: LiveGroup) => void;
}

/** The swarm is told to keep a group at most so often. */
const KEEP_EVERY_MS = 3_600_000;

/** Lets keys, info and members live on; the swarm forgets what nobody asks to be kept. Never rejects. */
export async function keepAlive(
  { port, clock, log, lifetime, wake }: KeepWorld,
  group: LiveGroup,
): Promise<void> {
  const now = clock.now();
  const { state, record } = group;
  const configs = [
    ["info", state.info],
    ["members", state.members],
  ] as const;
  const hashes = [...state.keys.hashes, ...configs.flatMap(([, config]) => config.currentHashes)];
  if (hashes.length === 0 || record.keptAt + KEEP_EVERY_MS > now) return;
  try {
    const expiry = now + GROUP_TTL_MS.info;
    const { missing, gone } = await port.extend(group.auth, hashes, expiry, { signal: lifetime });
    if (!group.isOpen) return;
    await group.change((batch) => {
      group.note(batch, { keptAt: now });
      const { keys } = group.state;
      // Nobody who comes now could read anything: there must be a key for all again.
      const isClosed = keys.hashes.length > 0 && keys.hashes.every((hash) => gone.has(hash));
      if (group.isAdmin && isClosed && keys.pending === undefined) group.state.rekey();
    });
    for (const [name, config] of configs) {
      if (group.isAdmin && config.currentHashes.some((hash) => missing.has(hash))) group.lost.add(name);
    }
    wake(group);
  } catch (error) {
    if (!isSessionError(error)) throw error;
    if (!lifetime.aborted) log.warn("keeping a group alive failed, and is tried again", { error });
  }
}
