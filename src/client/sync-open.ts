/**
 * The configs of an account, opened together with the records of people.
 *
 * They are there without `sync` too, because groups and communities live in them: kept in the store then, not read from
 * the swarm and not pushed, and people stay in their records alone.
 *
 * @module
 */
import type { Compress } from "../config/index.js";
import type { Crypto } from "../crypto/index.js";
import type { Account } from "../identity/index.js";
import type { Store } from "../store/index.js";
import type { Swarms } from "../swarm/index.js";
import { type ContactState, storedContacts } from "./contact-state.js";
import { childLogger } from "./logger.js";
import type { ClientOptions } from "./open.js";
import type { ClockPort, ConfigPort } from "./ports.js";
import { Configs } from "./sync-configs.js";
import { mirrorAll, mirroredContacts } from "./sync-mirror.js";
import { configPort } from "./sync-port.js";

/** What an account shares with its other devices. */
export interface Shared {
  readonly port: ConfigPort;
  /** The records in the store: changing them changes no config. */
  readonly local: ContactState;
}

/** What {@link openPeople} needs. */
export interface PeopleWorld {
  readonly store: Store;
  readonly account: Account;
  readonly swarms: Swarms;
  readonly clock: ClockPort;
  readonly crypto: Crypto;
  readonly compress: Compress | undefined;
}

/** The records of people, and the configs. */
export interface People {
  readonly contacts: ContactState;
  readonly configs: Configs;
  /** Absent without `sync`. */
  readonly shared: Shared | undefined;
}

/** Opens the records of people and the configs, and makes them one unless `sync` is off. */
export async function openPeople(
  { sync = true, logger }: ClientOptions,
  { store, account, swarms, clock, crypto, compress }: PeopleWorld,
): Promise<People> {
  const { now } = clock;
  const local = await storedContacts(store, account.sessionId, now);
  const log = childLogger(logger, "sync");
  const configs = await Configs.open({ store, account, crypto, now, compress, log, isShared: sync });
  if (!sync) return { contacts: local, configs, shared: undefined };
  const world = { self: account.sessionId, configs, local, now };
  if (configs.isNew && [...local.all()].length > 0) {
    mirrorAll(world);
    await store.write((batch) => configs.save(batch));
  }
  return {
    contacts: mirroredContacts(world),
    configs,
    shared: { port: configPort(swarms, account, crypto), local },
  };
}
