/**
 * What moderators and admins of a room do (docs/protocol/communities.md §8.5).
 *
 * Users are named by the id that the server knows them by: `message.from`. A Session ID does where the server maps it, as
 * {@link RoomModeration.ban} and the roles do.
 *
 * @module
 */
import {
  type BannedAndDeleted,
  banAndDelete,
  banUser,
  type CommunityFile,
  type DefaultPermissions,
  type DeletedEverywhere,
  deleteUserMessages,
  deleteUserMessagesEverywhere,
  downloadFile,
  type ModerationScope,
  type PermissionChange,
  permissions,
  pinMessage,
  type ReactionsRemoved,
  type RoleChange,
  removeAllReactions,
  type ScheduledPermissions,
  scheduledPermissions,
  schedulePermissions,
  setPermissions,
  setRole,
  setRoomImage,
  type UserPermissions,
  unbanUser,
  unpinMessage,
  updateRoom,
  userPermissions,
} from "../../communities/index.js";
import { type AbortOptions, isSessionError } from "../../errors/index.js";
import { messageIdOf, NO_PERMISSIONS, type RoomMessageTarget } from "./room-base.js";
import { RoomReading } from "./room-reading.js";

/** Where a ban holds: in this room by default, in all rooms that the account moderates, or on the whole server. */
export interface BanScope {
  readonly where?: "room" | "all-rooms" | "server" | undefined;
}

/** A ban. */
export interface BanOptions extends AbortOptions, BanScope {
  /** How long it holds; for ever when left out. */
  readonly seconds?: number | undefined;
}

/** A role that is given or taken. */
export interface RoleOptions extends AbortOptions, BanScope {
  /** Everybody sees it. Servers' default: yes in rooms, no on the whole server. */
  readonly visible?: boolean | undefined;
}

/** See the module's description. */
export abstract class RoomModeration extends RoomReading {
  /** Bans a user; `COMMUNITY_FORBIDDEN` for oneself and for those with a role of the same rank. Takes roles away. */
  async ban(user: string, { seconds, where, signal }: BanOptions = {}): Promise<void> {
    await this.call(banUser(user, this.#scope(where), { timeoutSeconds: seconds }), { signal });
  }

  async unban(user: string, { where, signal }: AbortOptions & BanScope = {}): Promise<void> {
    await this.call(unbanUser(user, this.#scope(where)), { signal });
  }

  /** Bans a user from the room and deletes all they wrote there, in one request. */
  async banAndDelete(
    user: string,
    { seconds, ...options }: AbortOptions & Pick<BanOptions, "seconds"> = {},
  ): Promise<BannedAndDeleted> {
    return await this.running(options, (signal) =>
      banAndDelete(this.server, this.token, user, { timeoutSeconds: seconds, signal }),
    );
  }

  /** Deletes all that a user wrote in the room; false if there was nothing. */
  async deleteAllOf(user: string, options: AbortOptions = {}): Promise<boolean> {
    return await foundOr(false, async () => {
      await this.call(deleteUserMessages(this.token, user), options);
      return true;
    });
  }

  /** Deletes all that a user wrote in the rooms that the account moderates. */
  async deleteAllOfEverywhere(user: string, options: AbortOptions = {}): Promise<DeletedEverywhere> {
    return await this.call(deleteUserMessagesEverywhere(user), options);
  }

  async addModerator(user: string, options: RoleOptions = {}): Promise<void> {
    await this.#setRole(user, { moderator: true }, options);
  }

  /** Also of an admin: who is no moderator is no admin. */
  async removeModerator(user: string, options: RoleOptions = {}): Promise<void> {
    await this.#setRole(user, { moderator: false }, options);
  }

  async addAdmin(user: string, options: RoleOptions = {}): Promise<void> {
    await this.#setRole(user, { admin: true }, options);
  }

  /** They stay a moderator. */
  async removeAdmin(user: string, options: RoleOptions = {}): Promise<void> {
    await this.#setRole(user, { admin: false }, options);
  }

  /** What is set for whom, by id; those who are not in it follow the room's defaults. */
  async permissions(options: AbortOptions = {}): Promise<ReadonlyMap<string, UserPermissions>> {
    return await this.call(permissions(this.token), options);
  }

  /** What is set for one user. */
  async permissionsOf(user: string, options: AbortOptions = {}): Promise<UserPermissions> {
    try {
      return await this.call(userPermissions(this.token, user), options);
    } catch (error) {
      // Servers fail like this for users with nothing set (docs/protocol/communities.md §8.5), others find nothing.
      const isUnset =
        isSessionError(error, "COMMUNITY_NOT_FOUND") ||
        (isSessionError(error, "COMMUNITY_SERVER_ERROR") && error.details["status"] === 500);
      if (isUnset) return (await this.permissions(options)).get(user) ?? NO_PERMISSIONS;
      throw error;
    }
  }

  /** Changes what a user may do; `default` follows the room again. Returns what is set now. */
  async setPermissions(
    user: string,
    change: PermissionChange,
    options: AbortOptions = {},
  ): Promise<UserPermissions> {
    return await this.call(setPermissions(this.token, user, change), options);
  }

  /** What the server will change by itself, for all or for one user: timed bans among it. */
  async scheduled(user?: string, options: AbortOptions = {}): Promise<readonly ScheduledPermissions[]> {
    return await this.call(scheduledPermissions(this.token, user), options);
  }

  /** Changes what a user may do in `seconds` from now. Returns what is scheduled for them. */
  async schedule(
    user: string,
    seconds: number,
    change: Parameters<typeof schedulePermissions>[3],
    options: AbortOptions = {},
  ): Promise<readonly ScheduledPermissions[]> {
    return await this.call(schedulePermissions(this.token, user, seconds, change), options);
  }

  /** What everybody may do who has no permissions of their own. */
  async setDefaults(defaults: Partial<DefaultPermissions>, options: AbortOptions = {}): Promise<void> {
    await this.call(updateRoom(this.token, { defaults }), options);
    await this.refresh(options);
  }

  /** Changes name or description; a description of `null` is taken away. */
  async update(
    changes: { readonly name?: string | undefined; readonly description?: string | null | undefined },
    options: AbortOptions = {},
  ): Promise<void> {
    await this.call(updateRoom(this.token, changes), options);
    await this.refresh(options);
  }

  /** Uploads an image and makes it the room's. Returns the file's id. */
  async setImage(image: Uint8Array, options: AbortOptions & { fileName?: string } = {}): Promise<number> {
    const { fileName } = options;
    const id = await this.running(options, (signal) =>
      setRoomImage(this.server, this.token, image, { signal, fileName }),
    );
    await this.refresh(options);
    return id;
  }

  /** The room's image; undefined if it has none. */
  async image(options: AbortOptions = {}): Promise<CommunityFile | undefined> {
    const { imageId } = this.info ?? (await this.refresh(options));
    return imageId === undefined ? undefined : await this.call(downloadFile(this.token, imageId), options);
  }

  /** Pins a message: neither a whisper nor a deleted one. */
  async pin(message: RoomMessageTarget, options: AbortOptions = {}): Promise<void> {
    await this.call(pinMessage(this.token, messageIdOf(message)), options);
    await this.refresh(options);
  }

  /** Unpins a message; false if it was not pinned. */
  async unpin(message: RoomMessageTarget, options: AbortOptions = {}): Promise<boolean> {
    const { count } = await this.call(unpinMessage(this.token, messageIdOf(message)), options);
    await this.refresh(options);
    return count > 0;
  }

  /** Unpins all messages; how many there were. */
  async unpinAll(options: AbortOptions = {}): Promise<number> {
    const { count } = await this.call(unpinMessage(this.token, "all"), options);
    await this.refresh(options);
    return count;
  }

  /** Takes everybody's reactions off a message, or those with one emoji. */
  async clearReactions(
    message: RoomMessageTarget,
    emoji?: string,
    options: AbortOptions = {},
  ): Promise<ReactionsRemoved> {
    const id = messageIdOf(message);
    const removed = await this.call(removeAllReactions(this.token, id, emoji), options);
    this.live.reacted(id, removed.seqno);
    return removed;
  }

  async #setRole(user: string, change: RoleChange, { visible, where, signal }: RoleOptions): Promise<void> {
    await this.call(setRole(user, this.#scope(where), { ...change, visible }), { signal });
    await this.refresh({ signal });
  }

  #scope(where: BanScope["where"] = "room"): ModerationScope {
    if (where === "server") return { global: true };
    return { rooms: where === "all-rooms" ? "all" : [this.token] };
  }
}

/** `value` where the server finds nothing of what was named. */
export async function foundOr<Value>(value: Value, task: () => Promise<Value>): Promise<Value> {
  try {
    return await task();
  } catch (error) {
    if (isSessionError(error, "COMMUNITY_NOT_FOUND")) return value;
    throw error;
  }
}
