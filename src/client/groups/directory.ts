/**
 * The groups that the account is in, by the config that all of its devices share.
 *
 * A group is open on this device while its entry has keys or auth data and no invitation waits for an answer. Groups that
 * other devices join or leave are opened and forgotten here as well.
 *
 * @module
 */
import { isSessionError, SessionError } from "../../errors/index.js";
import { type GroupStanding, inviteResponse } from "../../groups/index.js";
import { type GroupId, isGroupId } from "../../identity/index.js";
import { GROUP_CURSORS, GROUPS, type StoreBatch } from "../../store/index.js";
import type { ClientErrorCode } from "../errors.js";
import type { Logger } from "../logger.js";
import type { Configs } from "../sync-configs.js";
import { LiveGroup, type LiveGroupWorld } from "./live-group.js";

/** What the directory works with. */
export interface DirectoryWorld extends LiveGroupWorld {
  readonly configs: Configs;
  readonly log: Logger;
}

/** A group that was opened, or is gone, or of which the account is an admin now. */
export interface GroupMoved {
  readonly id: GroupId;
  readonly standing: GroupStanding;
  /** It was open before. */
  readonly wasOpen: boolean;
}

/** See the module's description. */
export class Directory {
  readonly #world: DirectoryWorld;
  readonly #open = new Map<GroupId, LiveGroup>();
  /** Told of groups that {@link follow} opened or forgot. */
  onMoved: (moved: GroupMoved) => void = () => {};

  private constructor(world: DirectoryWorld) {
    this.#world = world;
  }

  /** Opens the groups of the store. @throws the codes of the store */
  static async open(world: DirectoryWorld): Promise<Directory> {
    const directory = new Directory(world);
    await directory.#load();
    return directory;
  }

  /** What the account is to a group. */
  standing(id: GroupId): GroupStanding {
    const entry = this.#world.configs.groups.getGroup(id);
    if (entry === undefined) return "none";
    if (entry.removal !== undefined) return entry.removal;
    if (entry.secretKey === undefined && entry.authData === undefined) return "none";
    if (entry.invited) return "invited";
    return entry.secretKey === undefined ? "member" : "admin";
  }

  /** The groups that are open. */
  groups(): readonly LiveGroup[] {
    return [...this.#open.values()];
  }

  get(id: string): LiveGroup | undefined {
    return this.#open.get(id as GroupId);
  }

  /** An open group. @throws `ID_INVALID`, `GROUP_NOT_JOINED` with the account's `standing` */
  require(id: string): LiveGroup {
    if (!isGroupId(id)) throw new SessionError("ID_INVALID", "the id is not a group's");
    const group = this.#open.get(id);
    if (group !== undefined) return group;
    throw new SessionError<ClientErrorCode>("GROUP_NOT_JOINED", "the account is not in the group", {
      details: { group: id, standing: this.standing(id) },
    });
  }

  /**
   * Opens the group of an entry that is in the config by now; in the same state change. One that is open stays, with the
   * credentials of the entry.
   *
   * @throws `GROUP_NOT_JOINED` if the entry says that the account is not in it
   */
  open(batch: StoreBatch, id: GroupId): LiveGroup {
    const standing = this.standing(id);
    const entry = this.#world.configs.groups.getGroup(id);
    if (entry === undefined || (standing !== "member" && standing !== "admin")) {
      throw new SessionError<ClientErrorCode>("GROUP_NOT_JOINED", "the account is not in the group", {
        details: { group: id, standing },
      });
    }
    const present = this.#open.get(id);
    const { secretKey, authData } = entry;
    if (present !== undefined) {
      if (secretKey !== undefined && !present.isAdmin) present.makeAdmin(batch, secretKey);
      else present.setCredentials({ secretKey: present.credentials.secretKey ?? secretKey, authData });
      return present;
    }
    const group = new LiveGroup(this.#world, id, { secretKey, authData });
    group.edit(batch, (pending) => {
      // The admins learn that the account is there, once it has read the group; from several of its devices does no harm.
      if (!group.isAdmin) pending.notice(() => inviteResponse());
    });
    this.#open.set(id, group);
    return group;
  }

  /** Forgets a group on this device; its entry in the config is the caller's. */
  forget(batch: StoreBatch, id: GroupId): void {
    const group = this.#open.get(id);
    this.#open.delete(id);
    if (group !== undefined) group.forget(batch);
    else {
      batch.delete(GROUPS, id);
      batch.delete(GROUP_CURSORS, id);
    }
  }

  /**
   * The account is not in the group any more, or there is none any more: that is what the config says from now on, with
   * the group's last name (docs/protocol/groups.md §§12.3 and 13).
   */
  markRemoved(batch: StoreBatch, id: GroupId, removal: "kicked" | "destroyed"): void {
    const { configs } = this.#world;
    const group = this.#open.get(id);
    const name = group?.state.info.details.name;
    // Whoever was about to leave has left.
    if (group?.record.isLeaving === true) configs.groups.removeGroup(id);
    else configs.groups.setGroup(id, { removal, invited: false, ...(name ? { name } : {}) });
    configs.conversations.remove({ kind: "group", id });
    configs.save(batch);
    this.forget(batch, id);
  }

  /** Opens and forgets groups as the config says; other devices have changed it, or an earlier run ended in between. */
  async follow(): Promise<void> {
    const { configs, store, log } = this.#world;
    const moved = await store.write((batch) => {
      const changes: GroupMoved[] = [];
      for (const { id } of configs.groups.groups()) {
        const standing = this.standing(id);
        const before = this.#open.get(id);
        const wasOpen = before !== undefined;
        const wasAdmin = before?.isAdmin === true;
        if (standing === "member" || standing === "admin") {
          try {
            this.open(batch, id);
          } catch (error) {
            if (!isSessionError(error)) throw error;
            log.error("a group cannot be opened", { group: id, error });
            continue;
          }
          if (!wasOpen || (standing === "admin" && !wasAdmin)) changes.push({ id, standing, wasOpen });
        } else if (wasOpen) {
          this.forget(batch, id);
          changes.push({ id, standing, wasOpen });
        }
      }
      for (const id of [...this.#open.keys()]) {
        if (configs.groups.getGroup(id) !== undefined) continue;
        this.forget(batch, id);
        changes.push({ id, standing: "none", wasOpen: true });
      }
      return changes;
    });
    for (const move of moved) this.onMoved(move);
  }

  async #load(): Promise<void> {
    const { store, log } = this.#world;
    const cursors = new Map((await store.list(GROUP_CURSORS)).map(({ id, record }) => [id, record]));
    const records = await store.list(GROUPS);
    const orphans: string[] = [];
    for (const { id, record } of records) {
      const standing = isGroupId(id) ? this.standing(id) : "none";
      const entry = isGroupId(id) ? this.#world.configs.groups.getGroup(id) : undefined;
      if (!isGroupId(id) || entry === undefined || (standing !== "member" && standing !== "admin")) {
        orphans.push(id);
        continue;
      }
      const { secretKey, authData } = entry;
      try {
        const stored = { record, cursors: cursors.get(id) };
        this.#open.set(id, new LiveGroup(this.#world, id, { secretKey, authData }, stored));
      } catch (error) {
        if (!isSessionError(error)) throw error;
        // The swarm has it all.
        log.error("a stored group was unreadable and is read anew", { group: id, error });
        orphans.push(id);
      }
    }
    await store.write((batch) => {
      for (const id of orphans) {
        batch.delete(GROUPS, id);
        batch.delete(GROUP_CURSORS, id);
      }
    });
    await this.follow();
  }
}
