/**
 * The account's configs in memory, and in the store after every change.
 *
 * Reading is synchronous. Whoever changes a config calls {@link Configs.save} with the batch of the same state change, so
 * that a change that is on disk is pushed some time, whatever happens to the program.
 *
 * @module
 */
import {
  type Compress,
  type ConfigBase,
  type ConfigDict,
  type ConfigOptions,
  Contacts,
  type ConversationId,
  ConvoInfoVolatile,
  type ListChanges,
  type ProfileField,
  UserGroups,
  type UserGroupsChanges,
  UserProfile,
} from "../config/index.js";
import type { Crypto } from "../crypto/index.js";
import { isSessionError } from "../errors/index.js";
import type { Account, BlindedId, SessionId } from "../identity/index.js";
import { CONFIGS, type ConfigRecord, type Store, type StoreBatch } from "../store/index.js";
import type { ConfigName } from "./events.js";
import type { Logger } from "./logger.js";

/** Namespaces in the order in which they are read and merged (docs/protocol/swarm.md §10.2). */
export const CONFIG_NAMESPACES: readonly number[] = [2, 3, 5, 4];

/** Snapshots of all configs. */
export type ConfigSnapshots = { readonly [Name in ConfigName]: ConfigDict };

/** What a merge changed: other devices did that. */
export interface MergedChanges {
  readonly groups: UserGroupsChanges;
  /** Of all kinds. */
  readonly conversations: ListChanges<ConversationId>;
  readonly blinded: ListChanges<BlindedId>;
  readonly profile: readonly ProfileField[];
  /** Already taken into the records of people. */
  readonly contacts: ListChanges<SessionId>;
}

/** Is told of a merge. The next one waits for it. */
export type MergeListener = (changes: MergedChanges) => void | Promise<void>;

/** What {@link Configs.open} needs. */
export interface ConfigsWorld {
  readonly store: Store;
  readonly account: Account;
  readonly crypto: Crypto;
  /** Network time, ms. */
  readonly now: () => number;
  readonly compress: Compress | undefined;
  readonly log: Logger;
  /** False: the configs are neither read from the swarm nor pushed in this run. */
  readonly isShared: boolean;
}

/** What the store has of a config besides its dump. */
interface Upkeep {
  obsolete: Set<string>;
  keptAt: number;
  /** Differs from what the store has. */
  changed: boolean;
}

/** See the module's description. */
export class Configs {
  readonly profile: UserProfile;
  readonly contacts: Contacts;
  readonly groups: UserGroups;
  readonly conversations: ConvoInfoVolatile;
  /** Called after a change that is to be pushed. */
  onChange: () => void = () => {};
  /**
   * Told of every merge that changed something, after it is on disk. A program that ends in between is not told again:
   * whoever follows a config compares its own state with it at the start as well.
   */
  readonly listeners: Set<MergeListener> = new Set();
  readonly #missing: ReadonlySet<number>;
  readonly #isShared: boolean;
  readonly #upkeep = new Map<number, Upkeep>();

  private constructor(
    configs: Pick<Configs, ConfigName>,
    records: ReadonlyMap<number, ConfigRecord>,
    isShared: boolean,
  ) {
    this.profile = configs.profile;
    this.contacts = configs.contacts;
    this.groups = configs.groups;
    this.conversations = configs.conversations;
    this.#isShared = isShared;
    this.#missing = new Set(
      CONFIG_NAMESPACES.filter((namespace) => {
        const record = records.get(namespace);
        return record === undefined || record.local === true;
      }),
    );
    for (const namespace of CONFIG_NAMESPACES) {
      const record = records.get(namespace);
      const obsolete = new Set(record?.obsolete);
      this.#upkeep.set(namespace, { obsolete, keptAt: record?.keptAt ?? 0, changed: false });
    }
  }

  /** Loads what the store has. A dump that cannot be read counts as absent: the swarm has the config. */
  static async open(world: ConfigsWorld): Promise<Configs> {
    const { store, account, crypto, now, compress, log, isShared } = world;
    const records = new Map<number, ConfigRecord>();
    for (const { id, record } of await store.list(CONFIGS)) records.set(Number(id), record);
    const load = <Config>(namespace: number, make: (options: ConfigOptions) => Config): Config => {
      const dump = records.get(namespace)?.dump;
      try {
        return make({ crypto, now, compress, dump });
      } catch (error) {
        if (!isSessionError(error, "CONFIG_DUMP_INVALID")) throw error;
        log.error("a stored config was unreadable and counts as absent", { namespace, error });
        records.delete(namespace);
        return make({ crypto, now, compress });
      }
    };
    const configs = {
      profile: load(2, (options) => new UserProfile(account, options)),
      contacts: load(3, (options) => new Contacts(account, options)),
      groups: load(5, (options) => new UserGroups(account, options)),
      conversations: load(4, (options) => new ConvoInfoVolatile(account, options)),
    };
    return new Configs(configs, records, isShared);
  }

  /** True if the store had none of this config, or one that was never shared: everything that the swarm has is new. */
  isMissing(namespace: number): boolean {
    return this.#missing.has(namespace);
  }

  /** True if the store had no config that is shared: a new account, a new device of an old one, or the first sync. */
  get isNew(): boolean {
    return this.#missing.size === CONFIG_NAMESPACES.length;
  }

  /** By name, in the order of {@link CONFIG_NAMESPACES}. */
  get entries(): ReadonlyArray<readonly [ConfigName, ConfigBase]> {
    const { profile, contacts, groups, conversations } = this;
    return [
      ["profile", profile],
      ["contacts", contacts],
      ["groups", groups],
      ["conversations", conversations],
    ];
  }

  get all(): readonly ConfigBase[] {
    return this.entries.map(([, config]) => config);
  }

  get needsPush(): boolean {
    return this.all.some((config) => config.needsPush);
  }

  /** The data as it is now. */
  snapshots(): ConfigSnapshots {
    const { profile, contacts, groups, conversations } = this;
    return {
      profile: profile.snapshot(),
      contacts: contacts.snapshot(),
      groups: groups.snapshot(),
      conversations: conversations.snapshot(),
    };
  }

  /** What differs from earlier snapshots, as {@link MergeListener}s are told it. */
  changesSince(before: ConfigSnapshots): MergedChanges {
    return {
      profile: this.profile.changesSince(before.profile),
      groups: this.groups.changesSince(before.groups),
      conversations: this.conversations.changesSince(before.conversations),
      ...this.contacts.changesSince(before.contacts),
    };
  }

  /** Puts what has changed into `batch`, or everything. What is not written stays changed: the next call puts it again. */
  save(batch: StoreBatch, { everything = false }: { readonly everything?: boolean } = {}): void {
    for (const config of this.all) {
      const upkeep = this.#of(config);
      if (!everything && !config.needsDump && !upkeep.changed) continue;
      upkeep.changed = false;
      // The dump counts as made: what it holds must come to the store with the next one.
      batch.onFailed(() => {
        upkeep.changed = true;
      });
      const { obsolete, keptAt } = upkeep;
      const local = !this.#isShared && this.isMissing(config.namespace);
      batch.put(CONFIGS, String(config.namespace), {
        dump: config.dump(),
        obsolete: [...obsolete],
        keptAt,
        ...(local ? { local } : {}),
      });
    }
    if (this.needsPush) this.onChange();
  }

  /**
   * Hashes that are to be deleted with a push of `pushed`, those of live messages excluded. What a config that waits for
   * another push replaces is all that the swarm has of it until then.
   */
  obsolete(pushed: readonly ConfigBase[]): string[] {
    const live = new Set(this.all.flatMap((config) => config.activeHashes));
    const replaced = this.all.filter((config) => pushed.includes(config) || !config.needsPush);
    return replaced.flatMap((config) => [...this.#of(config).obsolete]).filter((hash) => !live.has(hash));
  }

  addObsolete(config: ConfigBase, hashes: readonly string[]): void {
    const upkeep = this.#of(config);
    for (const hash of hashes) upkeep.obsolete.add(hash);
    upkeep.changed ||= hashes.length > 0;
  }

  /** These are deleted. */
  forgetObsolete(hashes: readonly string[]): void {
    for (const upkeep of this.#upkeep.values()) {
      for (const hash of hashes) if (upkeep.obsolete.delete(hash)) upkeep.changed = true;
    }
  }

  /** When the swarm was last told to keep `config`. */
  keptAt(config: ConfigBase): number {
    return this.#of(config).keptAt;
  }

  setKept(config: ConfigBase, time: number): void {
    Object.assign(this.#of(config), { keptAt: time, changed: true });
  }

  #of({ namespace }: ConfigBase): Upkeep {
    return this.#upkeep.get(namespace) as Upkeep;
  }
}

/**
 * Edits the configs in one state change: what `edit` does to them and to the batch is on disk when this resolves, and is
 * pushed some time.
 *
 * @throws what `edit` throws, `STORE_FAILED`
 */
export function editConfigs<T>(
  { store, configs }: { readonly store: Store; readonly configs: Configs },
  edit: (configs: Configs, batch: StoreBatch) => T,
): Promise<T> {
  return store.write((batch) => {
    const result = edit(configs, batch);
    configs.save(batch);
    return result;
  });
}
