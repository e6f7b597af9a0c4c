/**
 * The legacy groups of an account: the store has their state, with all encryption pairs; the config that the account's
 * devices share has an entry for each that it is in, with the newest pair (docs/protocol/legacy-groups.md §7).
 *
 * @module
 */

import { equalBytes } from "../../../bytes/index.js";
import type { LegacyGroup as ConfigEntry } from "../../../config/index.js";
import { SessionError } from "../../../errors/index.js";
import type { LegacyGroupState } from "../../../groups/index.js";
import { isSessionId, type SessionId } from "../../../identity/index.js";
import { LEGACY_GROUPS, type LegacyGroupRecord, type Store, type StoreBatch } from "../../../store/index.js";
import type { ClientErrorCode } from "../../errors.js";
import type { Emitter } from "../../events.js";
import type { ClockPort } from "../../ports.js";
import type { Configs } from "../../sync-configs.js";
import { describeChanges, type LegacyGroupEvent } from "./events.js";

/** What the directory works with. */
export interface LegacyDirectoryWorld {
  readonly store: Store;
  readonly configs: Configs;
  readonly clock: ClockPort;
  readonly events: Emitter;
}

/** What is to be done for a group. */
export interface LegacyWork {
  /** Members who are still to be told of the group. */
  readonly toInvite: readonly SessionId[];
  /** A new pair is to be handed out. */
  readonly toRotate: boolean;
}

/** A group, and what is to be done for it. */
export interface LegacyEntry extends LegacyWork {
  readonly state: LegacyGroupState;
}

const NO_WORK: LegacyWork = { toInvite: [], toRotate: false };
/** Namespace of the config of groups. */
const GROUPS_CONFIG = 5;
/** A group whose entry does not say when it was joined counts as joined so long ago, ms. */
const LONG_AGO_MS = 31_536_000_000;

/** See the module's description. */
export class LegacyDirectory {
  readonly #world: LegacyDirectoryWorld;
  readonly #groups = new Map<SessionId, LegacyEntry>();

  private constructor(world: LegacyDirectoryWorld) {
    this.#world = world;
  }

  /** Loads what the store has, and follows the config. @throws the codes of the store */
  static async open(world: LegacyDirectoryWorld): Promise<LegacyDirectory> {
    const directory = new LegacyDirectory(world);
    for (const { id, record } of await world.store.list(LEGACY_GROUPS))
      if (isSessionId(id)) directory.#groups.set(id, entryOf(id, record));
    // A config that this device lost, or never had, says nothing about who has left.
    await directory.follow({ keepUnlisted: world.configs.isMissing(GROUPS_CONFIG) });
    return directory;
  }

  /** All that are known, those that the account is not in any more included. */
  entries(): readonly LegacyEntry[] {
    return [...this.#groups.values()];
  }

  get(id: string): LegacyEntry | undefined {
    return this.#groups.get(id as SessionId);
  }

  /** The groups that the account is in. */
  active(): readonly LegacyEntry[] {
    return this.entries().filter(({ state }) => state.status === "active");
  }

  /** A group that the account is in. @throws `GROUP_NOT_JOINED` */
  require(id: string): LegacyEntry {
    const entry = this.get(id);
    if (entry?.state.status === "active") return entry;
    throw new SessionError<ClientErrorCode>("GROUP_NOT_JOINED", "the account is not in the legacy group", {
      details: { group: id, standing: entry?.state.status ?? "none" },
    });
  }

  /** A group's new state and work. What is different is told when the batch is on disk. */
  put(batch: StoreBatch, state: LegacyGroupState, change: Partial<LegacyWork> = {}): void {
    const { configs } = this.#world;
    const before = this.#groups.get(state.groupId);
    const work = state.status === "active" ? { ...NO_WORK, ...workOf(before), ...change } : NO_WORK;
    this.#set(batch, { state, ...work });
    if (state.status === "active") configs.groups.setLegacyGroup(state.groupId, fieldsOf(state));
    else {
      configs.groups.removeLegacyGroup(state.groupId);
      configs.conversations.remove({ kind: "legacy-group", id: state.groupId });
    }
    configs.save(batch);
    this.#tell(describeChanges(before?.state, state));
  }

  /** Changes what is to be done for a group; nothing for one that is not there any more. */
  note(batch: StoreBatch, id: string, change: (work: LegacyWork) => Partial<LegacyWork>): void {
    const entry = this.get(id);
    if (entry?.state.status === "active") this.#set(batch, { ...entry, ...change(entry) });
  }

  /** Forgets a group that the account is not in, its entry in the config included. */
  forget(batch: StoreBatch, id: SessionId): void {
    const { configs } = this.#world;
    this.#groups.delete(id);
    batch.delete(LEGACY_GROUPS, id);
    configs.groups.removeLegacyGroup(id);
    configs.conversations.remove({ kind: "legacy-group", id });
    configs.save(batch);
  }

  /** Takes over what other devices have changed in the config, or an earlier run did not get to. */
  async follow({ keepUnlisted = false }: { readonly keepUnlisted?: boolean } = {}): Promise<void> {
    const { configs, store } = this.#world;
    const news: LegacyGroupEvent[] = [];
    await store.write((batch) => {
      const take = (state: LegacyGroupState): void => {
        const before = this.#groups.get(state.groupId);
        const changes = describeChanges(before?.state, state);
        if (changes.length === 0) return;
        news.push(...changes);
        const work = state.status === "active" ? workOf(before) : NO_WORK;
        this.#set(batch, { state, ...work });
      };
      const listed = new Set<SessionId>();
      for (const entry of configs.groups.legacyGroups()) {
        listed.add(entry.id);
        const state = this.#merged(entry);
        if (state !== undefined) take(state);
      }
      if (keepUnlisted) return;
      for (const { state } of this.active()) {
        if (listed.has(state.groupId)) continue;
        take({ ...state, members: [], zombies: [], keyPairs: [], status: "left" });
      }
    });
    this.#tell(news);
  }

  /** What an entry makes of the group's state; undefined: nothing that could be read or written. */
  #merged(entry: ConfigEntry): LegacyGroupState | undefined {
    const { id, name, encryption, members, timer, joined } = entry;
    if (encryption === undefined || members.size === 0) return undefined;
    const present = this.#groups.get(id)?.state;
    const isActive = present?.status === "active";
    const known = isActive ? present.keyPairs : [];
    const isKnown = known.some(({ publicKey }) => equalBytes(publicKey, encryption.publicKey));
    const ids = [...members.keys()];
    const admins = ids.filter((member) => members.get(member));
    return {
      groupId: id,
      name,
      // In the order that this device knows: the first admin is special.
      members: isActive && sameIds(present.members, ids) ? present.members : ids,
      admins: isActive && sameIds(present.admins, admins) ? present.admins : admins,
      keyPairs: isKnown ? known : [encryption, ...known],
      zombies: isActive ? present.zombies.filter((zombie) => !ids.includes(zombie)) : [],
      timerSeconds: timer,
      joinedAt: isActive
        ? present.joinedAt
        : joined > 0
          ? joined * 1000
          : this.#world.clock.now() - LONG_AGO_MS,
      status: "active",
    };
  }

  #set(batch: StoreBatch, entry: LegacyEntry): void {
    const { state, toInvite, toRotate } = entry;
    const { groupId, ...record } = state;
    this.#groups.set(groupId, entry);
    batch.put(LEGACY_GROUPS, groupId, { ...record, toInvite, toRotate });
  }

  /** Tells once everything that was written before is on disk. */
  #tell(news: readonly LegacyGroupEvent[]): void {
    const { store, events } = this.#world;
    if (news.length === 0) return;
    store
      .write(() => {})
      .then(
        () => {
          for (const event of news) events.emit("legacy-group", event);
        },
        () => {
          // Whoever wrote is told.
        },
      );
  }
}

function workOf(entry: LegacyEntry | undefined): LegacyWork {
  return entry === undefined ? NO_WORK : { toInvite: entry.toInvite, toRotate: entry.toRotate };
}

function entryOf(groupId: SessionId, record: LegacyGroupRecord): LegacyEntry {
  const { toInvite, toRotate, ...state } = record;
  // The store has checked that these are ids.
  return {
    state: { ...state, groupId } as unknown as LegacyGroupState,
    toInvite: toInvite as readonly SessionId[],
    toRotate,
  };
}

/** What the config has of a group. */
function fieldsOf({ name, members, admins, keyPairs, timerSeconds, joinedAt }: LegacyGroupState) {
  const [encryption] = keyPairs;
  return {
    name,
    members: new Map(members.map((id) => [id, admins.includes(id)])),
    encryption,
    timer: timerSeconds,
    joined: Math.floor(joinedAt / 1000),
  };
}

function sameIds(a: readonly SessionId[], b: readonly SessionId[]): boolean {
  return a.length === b.length && a.every((id) => b.includes(id));
}
