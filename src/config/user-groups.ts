/**
 * The groups and communities that the account is in (docs/protocol/config.md §17), in namespace 5.
 *
 * ```text
 * g  33-byte group id → group       C  33-byte Session ID → legacy group
 * o  community address → { # server key, R { room in lower case → community } }
 * ```
 *
 * @module
 */
import {
  type GroupId,
  isGroupId,
  isSessionId,
  parseGroupId,
  parseSessionId,
  type SessionId,
} from "../identity/index.js";
import { ConfigBase } from "./base.js";
import { asDict, changedKeys, joinChanges, mapChanges } from "./changes.js";
import { type CommunityRoom, canonicalBaseUrl, checkRoom, checkServer } from "./community-address.js";
import { type ConfigDict, isDict, sortedEntries } from "./data.js";
import { binaryToId, binaryToText, idToBinary, put, readBinary, textToBinary } from "./fields.js";
import {
  type GroupBase,
  type GroupChange,
  type GroupFields,
  type LegacyGroupFields,
  readBase,
  readGroup,
  readLegacyGroup,
  writeBase,
  writeGroup,
  writeLegacyGroup,
} from "./group-entries.js";
import { readServer, serverKeyToBinary, serverRooms } from "./servers.js";
import type { ConfigOptions, ListChanges } from "./types.js";
import { type ConfigAccount, userSecrets } from "./user-secrets.js";

export interface Group extends GroupFields {
  readonly id: GroupId;
}

export interface LegacyGroup extends LegacyGroupFields {
  readonly id: SessionId;
}

/** A room that the account has joined; `room` has the spelling of whoever joined first. */
export interface Community extends GroupBase, CommunityRoom {}

/** Names a room. */
export type CommunityName = Pick<CommunityRoom, "baseUrl" | "room">;

/** What differs between two snapshots. */
export interface UserGroupsChanges {
  readonly groups: ListChanges<GroupId>;
  readonly legacyGroups: ListChanges<SessionId>;
  /** Rooms in lower case. */
  readonly communities: ListChanges<CommunityName>;
}

const ID_BYTES = 33;

export class UserGroups extends ConfigBase {
  /** @throws `CONFIG_DUMP_INVALID` */
  constructor(account: ConfigAccount, options: ConfigOptions = {}) {
    super({ namespace: 5, domain: "UserGroups" }, userSecrets(account), options);
  }

  /** @throws `ID_INVALID` */
  getGroup(id: string): Group | undefined {
    const groupId = parseGroupId(id);
    const dict = this.read(["g", idToBinary(groupId)]);
    return isDict(dict) ? { id: groupId, ...readGroup(dict, groupId, this.crypto) } : undefined;
  }

  /**
   * Adds a group, or changes the members that are given. Setting `removal` forgets the keys; "destroyed" cannot be taken
   * back. A secret key of another group is taken for none.
   *
   * @returns whether anything changed
   * @throws `ID_INVALID`, `CONFIG_VALUE_INVALID`
   */
  setGroup(id: string, change: GroupChange): boolean {
    const groupId = parseGroupId(id);
    const path = ["g", idToBinary(groupId)];
    return this.write(path, writeGroup(asDict(this.read(path)), groupId, change, this.crypto));
  }

  removeGroup(id: string): boolean {
    return this.write(["g", idToBinary(parseGroupId(id))], undefined);
  }

  /** In the order of their ids. */
  *groups(): IterableIterator<Group> {
    for (const [key, dict] of sortedEntries(asDict(this.read(["g"])))) {
      const id = groupIdOf(key);
      if (id !== undefined && isDict(dict)) yield { id, ...readGroup(dict, id, this.crypto) };
    }
  }

  /** @throws `ID_INVALID` */
  getLegacyGroup(id: string): LegacyGroup | undefined {
    const sessionId = parseSessionId(id);
    const dict = this.read(["C", idToBinary(sessionId)]);
    return isDict(dict) ? { id: sessionId, ...readLegacyGroup(dict) } : undefined;
  }

  /** As {@link UserGroups.setGroup}. `members` replaces all of them. @throws `ID_INVALID`, `CONFIG_VALUE_INVALID` */
  setLegacyGroup(id: string, change: Partial<LegacyGroupFields>): boolean {
    const path = ["C", idToBinary(parseSessionId(id))];
    return this.write(path, writeLegacyGroup(asDict(this.read(path)), change));
  }

  removeLegacyGroup(id: string): boolean {
    return this.write(["C", idToBinary(parseSessionId(id))], undefined);
  }

  /** In the order of their ids. */
  *legacyGroups(): IterableIterator<LegacyGroup> {
    for (const [key, dict] of sortedEntries(asDict(this.read(["C"])))) {
      const id = sessionIdOf(key);
      if (id !== undefined && isDict(dict)) yield { id, ...readLegacyGroup(dict) };
    }
  }

  /** @throws `CONFIG_VALUE_INVALID` for an address or room of a wrong form */
  getCommunity(name: CommunityName): Community | undefined {
    const [root, baseUrl, rooms, room] = communityPath(name);
    const server = readServer(baseUrl, this.read([root, baseUrl]));
    const dict = server?.rooms.get(room);
    return rooms === "R" && server !== undefined && isDict(dict)
      ? readCommunity(server, room, dict)
      : undefined;
  }

  /**
   * Joins a room, or changes the members that are given. Of a room that is there, the spelling stays and the server's
   * key becomes the given one.
   *
   * @throws `CONFIG_VALUE_INVALID`
   */
  setCommunity(room: CommunityRoom, change: Partial<GroupBase> = {}): boolean {
    const path = communityPath(room);
    const server = checkServer(room);
    const before = asDict(this.read(path));
    const entry = writeBase(before, change);
    const spelling = binaryToText(readBinary(before, "n"));
    const isSpelled = spelling.toLowerCase() === room.room.toLowerCase();
    put(entry, "n", textToBinary(isSpelled ? spelling : room.room));
    const keyChanged = this.write(["o", server.baseUrl, "#"], serverKeyToBinary(server.publicKey));
    return this.write(path, entry) || keyChanged;
  }

  /** Leaves a room; the server's entry goes with its last one. @returns whether it was there */
  removeCommunity(name: CommunityName): boolean {
    const path = communityPath(name);
    const removed = this.write(path, undefined);
    if (removed && asDict(this.read(path.slice(0, 3))).size === 0) this.write(path.slice(0, 2), undefined);
    return removed;
  }

  /** In the order of addresses and rooms. */
  *communities(): IterableIterator<Community> {
    for (const { server, key, dict } of serverRooms(asDict(this.read(["o"])))) {
      yield readCommunity(server, key, dict);
    }
  }

  /** What differs from an earlier snapshot. */
  changesSince(before: ConfigDict): UserGroupsChanges {
    const after = this.snapshot();
    const servers = new Set([before, after].flatMap((dict) => [...asDict(dict.get("o")).keys()]));
    return {
      groups: mapChanges(changedKeys(before, after, ["g"]), groupIdOf),
      legacyGroups: mapChanges(changedKeys(before, after, ["C"]), sessionIdOf),
      communities: joinChanges(
        [...servers].map((baseUrl) =>
          mapChanges(changedKeys(before, after, ["o", baseUrl, "R"]), (room) => ({ baseUrl, room })),
        ),
      ),
    };
  }
}

function communityPath({ baseUrl, room }: CommunityName): [string, string, string, string] {
  return ["o", canonicalBaseUrl(baseUrl), "R", checkRoom(room).toLowerCase()];
}

function readCommunity(server: Omit<CommunityRoom, "room">, key: string, dict: ConfigDict): Community {
  const { baseUrl, publicKey } = server;
  const spelling = binaryToText(readBinary(dict, "n"));
  const room = spelling.toLowerCase() === key ? spelling : key;
  return { baseUrl, publicKey, room, ...readBase(dict) };
}

function groupIdOf(key: string): GroupId | undefined {
  const id = key.length === ID_BYTES ? binaryToId(key) : "";
  return isGroupId(id) ? id : undefined;
}

function sessionIdOf(key: string): SessionId | undefined {
  const id = key.length === ID_BYTES ? binaryToId(key) : "";
  return isSessionId(id) ? id : undefined;
}
