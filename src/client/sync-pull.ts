/**
 * Reading the configs alone: before the first push of a run.
 *
 * A device that is new to the account asks every member of the swarm, because one that was away may lack what the others
 * have, and what is pushed without it would compete with it (docs/protocol/swarm.md §10.2).
 *
 * @module
 */
import { SessionError, throwIfAborted } from "../errors/index.js";
import type { ServiceNode } from "../network/index.js";
import { maxSizeFractions } from "../swarm/index.js";
import { Limiter } from "./limiter.js";
import type { Logger } from "./logger.js";
import { shuffle } from "./member-turn.js";
import { type ConfigReader, hasMore } from "./poller.js";
import type { SwarmPort } from "./ports.js";
import type { Configs } from "./sync-configs.js";

/** What pulling works with. */
export interface PullWorld {
  readonly self: string;
  readonly swarm: Pick<SwarmPort, "members" | "retrieve">;
  readonly configs: Configs;
  readonly random: () => number;
  readonly log: Logger;
  readonly lifetime: AbortSignal;
}

/** Replies taken from one member. */
const MAX_ROUNDS = 20;
/** Members asked at the same time. */
const AT_ONCE = 3;

/**
 * Reads the configs: from one member, or from all that answer if the store had none.
 *
 * @throws `POLL_FAILED` if no member answered, `ABORTED`, the codes of the store
 */
export async function pullConfigs(world: PullWorld, reader: ConfigReader): Promise<void> {
  const { self, swarm, configs, random, log, lifetime: signal } = world;
  const members = shuffle(await swarm.members(self, { signal }), random);
  let cause: unknown;
  let answers = 0;
  const ask = async (node: ServiceNode): Promise<void> => {
    try {
      await pullFrom(world, reader, node);
      answers++;
    } catch (error) {
      throwIfAborted(signal);
      if (error instanceof SessionError && error.code.startsWith("STORE_")) throw error;
      log.warn("a member did not give the configs", { node: node.ed25519PublicKey, error });
      cause = error;
    }
  };
  const limiter = new Limiter(AT_ONCE);
  if (configs.isNew) await Promise.all(members.map((node) => limiter.run(() => ask(node), signal)));
  else {
    for (const node of members) {
      await ask(node);
      if (answers > 0) break;
    }
  }
  if (answers === 0)
    throw new SessionError("POLL_FAILED", "no member of the swarm gave the configs", { cause });
}

async function pullFrom(world: PullWorld, reader: ConfigReader, node: ServiceNode): Promise<void> {
  const { swarm, lifetime: signal } = world;
  const key = node.ed25519PublicKey;
  let wanted = reader.namespaces;
  for (let round = 0; round < MAX_ROUNDS && wanted.length > 0; round++) {
    const cursors = await Promise.all(wanted.map((namespace) => reader.cursor(key, namespace)));
    const sizes = maxSizeFractions(wanted);
    const targets = wanted.map((namespace, index) => {
      return { namespace, lastHash: cursors[index]?.hash, maxSize: sizes[index] };
    });
    const results = await swarm.retrieve(node, targets, { signal });
    const found = wanted.flatMap((namespace, index) => {
      const retrieved = results[index];
      return retrieved === undefined ? [] : [{ namespace, retrieved, before: cursors[index]?.hash }];
    });
    await reader.take(key, found);
    wanted = found.filter(hasMore).map(({ namespace }) => namespace);
  }
}
