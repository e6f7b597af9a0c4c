/**
 * Keeping the stored configs alive, and repairing what the swarm has lost of them (docs/protocol/CHANGES-2026.md §6.1).
 *
 * @module
 */
import { CONFIG_TTL_MS, type ConfigBase } from "../config/index.js";
import { isSessionError } from "../errors/index.js";
import type { Store } from "../store/index.js";
import type { Logger } from "./logger.js";
import type { ClockPort, ConfigPort } from "./ports.js";
import type { Configs } from "./sync-configs.js";
import type { Timers } from "./timers.js";

/** What keeping alive works with. */
export interface KeepWorld {
  readonly store: Store;
  readonly port: ConfigPort;
  readonly configs: Configs;
  readonly clock: ClockPort;
  readonly timers: Timers;
  readonly log: Logger;
  readonly lifetime: AbortSignal;
  /** Stores configs again as they are. */
  readonly repair: (configs: readonly ConfigBase[]) => Promise<void>;
}

/** The swarm is told at most so often, for each config: what is stored rests meanwhile. */
const EVERY_MS = 3_600_000;
/** The rest after a round that failed; each further one doubles it. */
const REST_MS = 60_000;
const MAX_REST_MS = 1_800_000;

/** See the module's description. Works in rounds, each after a poll, one at a time. */
export class Keeper {
  readonly #world: KeepWorld;
  /** Configs of which a member lacks messages. */
  readonly #lost = new Set<ConfigBase>();
  #running: Promise<void> | undefined;
  #rest: unknown;
  #failures = 0;

  constructor(world: KeepWorld) {
    this.#world = world;
  }

  /** Begins a round unless the last one failed a moment ago: after a poll of which everything was merged. */
  polled(): void {
    if (this.#rest !== undefined) return;
    this.#running ??= this.#round().finally(() => {
      this.#running = undefined;
    });
  }

  /** Begins no further round. */
  close(): void {
    this.#world.timers.clearTimeout(this.#rest);
    this.#rest = undefined;
  }

  /** Resolves when no round runs. */
  async stopped(): Promise<void> {
    await this.#running;
  }

  async #round(): Promise<void> {
    const { log, lifetime, timers, repair } = this.#world;
    try {
      for (const config of await keepAlive(this.#world)) this.#lost.add(config);
      // One that was changed meanwhile is stored by the push of the change.
      const lost = [...this.#lost].filter((config) => !config.needsPush);
      if (lost.length > 0) await repair(lost);
      this.#lost.clear();
      this.#failures = 0;
    } catch (error) {
      if (!isSessionError(error)) throw error;
      if (lifetime.aborted) return;
      log.warn("keeping configs alive failed, and is tried again", { error });
      const pause = Math.min(MAX_REST_MS, REST_MS * 2 ** Math.min(this.#failures++, 16));
      this.#rest = timers.setTimeout(() => {
        this.#rest = undefined;
      }, pause);
    }
  }
}

/**
 * Lets the messages of configs live for 30 days from now, if that was last done an hour ago.
 *
 * @returns configs of which a member lacks a message: storing them again, as they are, repairs that
 * @throws codes of the swarm and the store
 */
async function keepAlive({
  store,
  port,
  configs,
  clock,
  lifetime: signal,
}: KeepWorld): Promise<readonly ConfigBase[]> {
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
