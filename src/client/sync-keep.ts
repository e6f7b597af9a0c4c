/**
 * Keeping the stored configs alive, and noticing when the swarm has lost one (docs/protocol/CHANGES-2026.md §6.1).
 *
 * @module
 */
import { CONFIG_TTL_MS, type ConfigBase } from "../config/index.js";
import type { Store } from "../store/index.js";
import type { ClockPort, ConfigPort } from "./ports.js";
import type { Configs } from "./sync-configs.js";

/** What keeping alive works with. */
export interface KeepWorld {
  readonly store: Store;
  readonly port: ConfigPort;
  readonly clock: ClockPort;
  readonly lifetime: AbortSignal;
}

/** The swarm is told at most so often, for each config. */
const EVERY_MS = 3_600_000;

/**
 * Lets the messages of configs live for 30 days from now, if that was last done an hour ago.
 *
 * @returns configs of which a member lacks a message: storing them again, as they are, repairs that
 * @throws codes of the swarm and the store
 */
export async function keepAlive(
  { store, port, clock, lifetime: signal }: KeepWorld,
  configs: Configs,
): Promise<readonly ConfigBase[]> {
  const now = clock.now();
  const due = configs.all.filter((config) => {
    const isStored = !config.needsPush && config.currentHashes.length > 0;
    return isStored && configs.keptAt(config) + EVERY_MS <= now;
  });
  if (due.length === 0) return [];
  const asked = due.map((config) => ({ config, hashes: config.currentHashes }));
  const hashes = asked.flatMap((entry) => entry.hashes);
  const missing = new Set(await port.extend(hashes, now + CONFIG_TTL_MS, { signal }));
  await store.write((batch) => {
    for (const { config } of asked) configs.setKept(config, now);
    configs.save(batch);
  });
  return asked
    .filter((entry) => !entry.config.needsPush && entry.hashes.some((hash) => missing.has(hash)))
    .map(({ config }) => config);
}
