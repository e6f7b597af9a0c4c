/**
 * One push (docs/protocol/swarm.md §10.3): store every part, then delete what they replace, then confirm.
 *
 * @module
 */
import type { ConfigBase } from "../config/index.js";
import { isSessionError, type SessionError } from "../errors/index.js";
import type { Store } from "../store/index.js";
import { messageHash } from "../swarm/index.js";
import { REMEMBER_MS } from "./intake.js";
import type { ClockPort, ConfigPort } from "./ports.js";
import type { Configs } from "./sync-configs.js";

/** What a push works with. */
export interface PushWorld {
  readonly self: string;
  readonly store: Store;
  readonly port: ConfigPort;
  readonly configs: Configs;
  readonly clock: ClockPort;
  readonly lifetime: AbortSignal;
}

/** One config on its way. */
interface Job {
  readonly config: ConfigBase;
  readonly seqno: bigint;
  readonly messages: readonly Uint8Array[];
}

/**
 * Pushes `wanted` as they are now. What is stored is confirmed and on disk when this returns or throws.
 *
 * @returns the configs that are too large to be stored
 * @throws the error of the first message that was not stored
 */
export async function pushOnce(
  world: PushWorld,
  wanted: readonly ConfigBase[],
): Promise<{ readonly tooLarge: ReadonlyArray<readonly [ConfigBase, SessionError]> }> {
  const { self, store, port, configs, clock, lifetime: signal } = world;
  const tooLarge: Array<readonly [ConfigBase, SessionError]> = [];
  const jobs: Job[] = [];
  for (const config of wanted) {
    try {
      const { seqno, messages, obsolete } = config.push();
      configs.addObsolete(config, obsolete);
      jobs.push({ config, seqno, messages });
    } catch (error) {
      if (!isSessionError(error, "CONFIG_TOO_LARGE")) throw error;
      tooLarge.push([config, error]);
    }
  }
  if (jobs.length === 0) return { tooLarge };
  const items = jobs.flatMap(({ config: { namespace }, messages }) =>
    messages.map((data) => ({ namespace, data })),
  );
  // A config that went back to what it was has the hash that it had.
  const live = new Set(items.map(({ namespace, data }) => messageHash(self, namespace, data)));
  const pushed = jobs.map(({ config }) => config);
  const obsolete = configs.obsolete(pushed).filter((hash) => !live.has(hash));
  const { hashes, deleted, error } = await port.push(items, obsolete, { signal });
  await store.write((batch) => {
    let place = 0;
    for (const { config, seqno, messages } of jobs) {
      const stored = hashes.slice(place, place + messages.length);
      place += messages.length;
      const known = stored.filter((hash) => hash !== undefined);
      if (known.length < messages.length) continue;
      config.confirm(seqno, known);
      if (config.needsPush) {
        // It has changed meanwhile: what was stored is what the next push replaces.
        configs.addObsolete(config, known);
        continue;
      }
      configs.setKept(config, clock.now());
      for (const hash of known) batch.markSeen(self, hash, clock.now() + REMEMBER_MS);
    }
    if (deleted) configs.forgetObsolete(obsolete);
    configs.save(batch);
  });
  if (error !== undefined) throw error;
  return { tooLarge };
}
