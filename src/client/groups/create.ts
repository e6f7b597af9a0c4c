/**
 * Creating a group (docs/protocol/groups.md §9).
 *
 * All of the group is on disk before the swarm sees any of it: a program that ends on the way goes on with it when it is
 * started again. A creation that fails leaves nothing.
 *
 * @module
 */
import { type AbortOptions, isSessionError, SessionError, throwIfAborted } from "../../errors/index.js";
import {
  createGroupKey,
  type GroupErrorCode,
  groupIdOf,
  MAX_GROUP_MEMBERS,
  memberChangeMessage,
} from "../../groups/index.js";
import { checkName } from "../../messages/index.js";
import type { UploadSettings } from "../files.js";
import { orAborted } from "../timers.js";
import { tellMembers } from "./invite.js";
import type { LiveGroup } from "./live-group.js";
import { adminContext, checkIds, checkTokens, listedProfile, networkTime } from "./roles.js";
import { checkDescription } from "./settings.js";
import type { GroupWorld } from "./world.js";

/** A group to be created. */
export interface NewGroup {
  /** 1 to 100 bytes of UTF-8; trimmed. */
  readonly name: string;
  /** Session IDs of whom to invite; with the own account at most 100. */
  readonly members?: readonly string[] | undefined;
  /** At most 600 bytes of UTF-8. */
  readonly description?: string | undefined;
  /** An image, uploaded before the group is created. */
  readonly picture?: Uint8Array | undefined;
}

/**
 * Creates a group and invites its members.
 *
 * @returns once the group is in its swarm and every invitation was tried
 * @throws `NAME_EMPTY`, `NAME_TOO_LONG`, `GROUP_INVALID_VALUE`, `GROUP_TOO_MANY_MEMBERS`, `ID_INVALID`, `INVALID_ARGUMENT`, those
 *   of uploading a picture, `GROUP_PUSH_FAILED`, `ABORTED`: there is no group then
 */
export async function createGroup(
  world: GroupWorld,
  { name, members: ids = [], description = "", picture: image }: NewGroup,
  { signal, ...settings }: AbortOptions & UploadSettings = {},
): Promise<LiveGroup> {
  const { configs, directory, store, clock, crypto, self, files } = world;
  const checked = checkName(name);
  checkDescription(description);
  const members = checkIds(ids).filter((id) => id !== self);
  if (members.length >= MAX_GROUP_MEMBERS)
    throw new SessionError<GroupErrorCode>("GROUP_TOO_MANY_MEMBERS", "a group has at most 100 members", {
      details: { members: members.length + 1, limit: MAX_GROUP_MEMBERS },
    });
  const groupKey = createGroupKey({ crypto });
  const { publicKey, secretKey } = groupKey;
  const id = groupIdOf(publicKey);
  checkTokens(groupKey, members, crypto);
  await networkTime(world, signal);
  const picture =
    image === undefined ? undefined : await files().uploadAvatar(image, { ...settings, signal });
  throwIfAborted(signal);
  const group = await store.write((batch) => {
    const created = Math.floor(clock.now() / 1000);
    configs.groups.setGroup(id, { name: checked, secretKey, joined: created, invited: false });
    configs.save(batch);
    const opened = directory.open(batch, id);
    // Its swarm is known to be empty.
    opened.note(batch, { isRead: true });
    opened.edit(batch, (pending) => {
      const { state } = opened;
      state.info.update({
        name: checked,
        description,
        created,
        ...(picture === undefined ? {} : { picture }),
      });
      state.members.update(self, { ...listedProfile(world, self), promotion: "accepted" });
      for (const member of members)
        state.members.update(member, { ...listedProfile(world, member), invite: "not-sent" });
      state.rekey();
      if (members.length === 0) return;
      pending.notice((timestamp) =>
        memberChangeMessage({ change: "added", members }, adminContext(world, opened, timestamp)),
      );
    });
    return opened;
  });
  await pushNew(world, group, signal);
  world.events.emit("group", { id, change: "joined", by: "creation" });
  const told = tellMembers(world, group, members, world.lifetime);
  try {
    await orAborted(told, signal);
  } catch (error) {
    // The group is there; who was not reached is on its member list, and told later.
    if (!isSessionError(error)) throw error;
    told.catch(() => {});
  }
  return group;
}

/** The first push. If it fails there is no group. */
async function pushNew(
  { store, configs, directory, lifetime }: GroupWorld,
  group: LiveGroup,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    await group.push({ signal });
  } catch (error) {
    // The next client on the store goes on.
    if (lifetime.aborted) throw error;
    await store.write((batch) => {
      configs.groups.removeGroup(group.id);
      configs.save(batch);
      directory.forget(batch, group.id);
    });
    throw error;
  }
}
