/**
 * The handle of a group: what `client.groups` gives.
 *
 * @module
 */
import { type AbortOptions, isSessionError } from "../../errors/index.js";
import type { GroupDetails, GroupMember } from "../../groups/index.js";
import type { GroupId } from "../../identity/index.js";
import type { ProfilePicture } from "../../messages/index.js";
import type { MessageContent } from "../content.js";
import { closedError } from "../errors.js";
import type { UploadSettings } from "../files.js";
import type { ReceivedGroupText, ReceivedText } from "../received.js";
import { invalidArgument, type MessageTarget } from "../targets.js";
import type { SendResult } from "../transmit.js";
import { deleteGroupMessages, type GroupMessagesToDelete } from "./delete-messages.js";
import { type InviteOptions, type InviteResult, inviteMembers, resendInvitation } from "./invite.js";
import { destroyGroup, type LeaveOptions, leaveGroup } from "./leave.js";
import type { LegacyGroups } from "./legacy/legacy-groups.js";
import type { LiveGroup } from "./live-group.js";
import { promoteMember } from "./promote.js";
import { type RemoveOptions, removeMembers } from "./remove.js";
import { type GroupSendOptions, sendToGroup } from "./sending.js";
import { deleteBefore, renameGroup, setDescription, setGroupPicture, setGroupTimer } from "./settings.js";
import type { GroupWorld } from "./world.js";

/** What handles work with. */
export interface GroupHandleWorld extends GroupWorld {
  /** Closed groups of the old kind. */
  readonly legacy: LegacyGroups;
  readonly texts: (
    conversation: string,
    signal: AbortSignal | undefined,
  ) => AsyncIterableIterator<ReceivedText, undefined>;
  readonly markRead: (id: GroupId, lastRead: number) => Promise<void>;
  readonly react: (
    message: MessageTarget,
    emoji: string,
    action: "add" | "remove",
    options: AbortOptions,
  ) => Promise<SendResult>;
}

/** A member, as the list shows it. */
export interface ListedMember extends GroupMember {
  readonly isSelf: boolean;
}

/**
 * A group that the account is in. What it shows is live; once the account is not in the group any more, the list is empty
 * and everything that would change the group throws `GROUP_NOT_JOINED`.
 *
 * Changes are on disk at once. When a call resolves, they are in the group's swarm; when it rejects with
 * `GROUP_PUSH_FAILED` or `ABORTED`, the client goes on in the background, after a restart too.
 */
export class Group {
  readonly id: GroupId;
  readonly #world: GroupHandleWorld;

  /** @internal */
  constructor(world: GroupHandleWorld, id: GroupId) {
    this.#world = world;
    this.id = id;
  }

  /** Empty if there is none. */
  get name(): string {
    return this.#details?.name || (this.#world.configs.groups.getGroup(this.id)?.name ?? "");
  }

  /** Empty if there is none. */
  get description(): string {
    return this.#details?.description ?? "";
  }

  /** `client.downloadAvatar` fetches it. */
  get picture(): ProfilePicture | undefined {
    return this.#details?.picture;
  }

  /** Seconds after sending at which messages disappear; 0: they stay. */
  get disappearsAfter(): number {
    return this.#details?.timerSeconds ?? 0;
  }

  /** True if this account can change the group. */
  get isAdmin(): boolean {
    return this.#live?.isAdmin === true;
  }

  /** False once the account is not in the group any more. */
  get isJoined(): boolean {
    return this.#live !== undefined;
  }

  /** True once this device has read the group: until then name and members are not known. */
  get isRead(): boolean {
    return this.#live?.record.isRead === true;
  }

  /** The member list, by ascending id: with admins, those who were invited, and those whose removal is under way. */
  get members(): readonly ListedMember[] {
    const { self } = this.#world;
    const members = this.#live?.state.members.list() ?? [];
    return members.map((member) => ({ ...member, isSelf: member.sessionId === self }));
  }

  /**
   * Sends a message to all members: text, files, a quote and so on, as `Client.send` does to a person.
   *
   * @throws as `Client.send`; `GROUP_NOT_JOINED`
   */
  async send(content: MessageContent, options: GroupSendOptions = {}): Promise<SendResult> {
    return this.#do((group) => sendToGroup(this.#world, group, content, options));
  }

  /** The texts of this group: see `Client.messages`. */
  messages({ signal }: AbortOptions = {}): AsyncIterableIterator<ReceivedGroupText, undefined> {
    this.#checkOpen();
    // Nothing else has the id of a group for its conversation.
    return this.#world.texts(this.id, signal) as AsyncIterableIterator<ReceivedGroupText, undefined>;
  }

  /** Reacts to a message of the group: see `Client.react`. */
  async react(message: MessageTarget, emoji: string, options: AbortOptions = {}): Promise<SendResult> {
    this.#require();
    return this.#world.react(message, emoji, "add", options);
  }

  /** Takes a reaction back. */
  async unreact(message: MessageTarget, emoji: string, options: AbortOptions = {}): Promise<SendResult> {
    this.#require();
    return this.#world.react(message, emoji, "remove", options);
  }

  /**
   * Marks the messages up to a sent time (ms) as read, on all devices of the account.
   *
   * @throws `INVALID_ARGUMENT`, `GROUP_NOT_JOINED`, `STORE_FAILED`
   */
  async markRead(upTo: number): Promise<void> {
    this.#require();
    if (!Number.isSafeInteger(upTo) || upTo <= 0) throw invalidArgument("the time is not a sent time in ms");
    await this.#world.markRead(this.id, upTo);
  }

  /** Reads the group's swarm now. @throws `POLL_FAILED`, `GROUP_NOT_JOINED`, `ABORTED` */
  async poll(options: AbortOptions = {}): Promise<void> {
    await this.#do((group) => this.#world.poll(group, options));
  }

  /**
   * Adds members and invites them; admins only.
   *
   * @returns whom the invitations have reached; the others can be invited again with {@link resendInvitation}
   * @throws `GROUP_NOT_ADMIN`, `GROUP_TOO_MANY_MEMBERS`, `GROUP_ALREADY_MEMBER`, `ID_INVALID`, `INVALID_ARGUMENT`,
   *   `GROUP_NOT_JOINED`, `GROUP_PUSH_FAILED`, `ABORTED`
   */
  async invite(ids: readonly string[], options: InviteOptions = {}): Promise<InviteResult> {
    return this.#do((group) => inviteMembers(this.#world, group, ids, options));
  }

  /** Invites or promotes somebody again who has not answered; admins only. @throws as {@link invite}, `GROUP_NOT_MEMBER` */
  async resendInvitation(id: string, options: AbortOptions = {}): Promise<InviteResult> {
    return this.#do((group) => resendInvitation(this.#world, group, id, options));
  }

  /** Makes a member an admin, for good; admins only. @throws as {@link invite}, `GROUP_NOT_MEMBER` */
  async promote(id: string, options: AbortOptions = {}): Promise<InviteResult> {
    return this.#do((group) => promoteMember(this.#world, group, id, options));
  }

  /**
   * Removes a member, or several; admins only, and no admins.
   *
   * @throws `GROUP_NOT_ADMIN`, `GROUP_NOT_MEMBER`, `ID_INVALID`, `INVALID_ARGUMENT`, `GROUP_NOT_JOINED`,
   *   `GROUP_PUSH_FAILED`, `ABORTED`
   */
  async remove(ids: string | readonly string[], options: RemoveOptions = {}): Promise<void> {
    await this.#do((group) =>
      removeMembers(this.#world, group, typeof ids === "string" ? [ids] : ids, options),
    );
  }

  /** Leaves the group. @throws `GROUP_LAST_ADMIN` unless `destroy` is set, `GROUP_NOT_JOINED`, `GROUP_PUSH_FAILED`, `ABORTED` */
  async leave(options: LeaveOptions = {}): Promise<void> {
    await this.#do((group) => leaveGroup(this.#world, group, options));
  }

  /** Ends the group for everybody, for good; admins only. @throws `GROUP_NOT_ADMIN`, `GROUP_NOT_JOINED`, `GROUP_PUSH_FAILED`, `ABORTED` */
  async destroy(options: AbortOptions = {}): Promise<void> {
    await this.#do((group) => destroyGroup(this.#world, group, options));
  }

  /** Renames the group; admins only. @throws `NAME_EMPTY`, `NAME_TOO_LONG`, and as {@link setDescription} */
  async rename(name: string, options: AbortOptions = {}): Promise<void> {
    await this.#do((group) => renameGroup(this.#world, group, name, options));
  }

  /**
   * Sets the description, at most 600 bytes of UTF-8; admins only.
   *
   * @throws `GROUP_INVALID_VALUE`, `GROUP_NOT_ADMIN`, `GROUP_NOT_JOINED`, `GROUP_PUSH_FAILED`, `ABORTED`
   */
  async setDescription(description: string, options: AbortOptions = {}): Promise<void> {
    await this.#do((group) => setDescription(this.#world, group, description, options));
  }

  /** Uploads and sets the picture, or removes it; admins only. @throws as {@link setDescription}, `FILE_…` */
  async setPicture(
    image: Uint8Array | undefined,
    options: AbortOptions & UploadSettings = {},
  ): Promise<void> {
    this.#require();
    const picture = image === undefined ? undefined : await this.#world.files().uploadAvatar(image, options);
    await this.#do((group) => setGroupPicture(this.#world, group, picture, options));
  }

  /** Sets after how many seconds messages disappear, 0 for never; admins only. @throws `INVALID_ARGUMENT`, as {@link setDescription} */
  async setDisappearing(seconds: number, options: AbortOptions = {}): Promise<void> {
    await this.#do((group) => setGroupTimer(this.#world, group, seconds, options));
  }

  /**
   * Deletes messages for everybody: own ones, as an admin any.
   *
   * @throws `GROUP_NOT_ADMIN`, `INVALID_ARGUMENT`, `ID_INVALID`, `GROUP_NOT_JOINED`, `GROUP_PUSH_FAILED`, `ABORTED`
   */
  async deleteMessages(messages: GroupMessagesToDelete, options: AbortOptions = {}): Promise<void> {
    await this.#do((group) => deleteGroupMessages(this.#world, group, messages, options));
  }

  /** Deletes for everybody what was sent before a time (unix seconds); admins only. @throws as {@link setDescription} */
  async deleteBefore(
    seconds: number,
    options: AbortOptions & { readonly attachmentsOnly?: boolean | undefined } = {},
  ): Promise<void> {
    await this.#do((group) => deleteBefore(this.#world, group, seconds, options));
  }

  get #live(): LiveGroup | undefined {
    return this.#world.directory.get(this.id);
  }

  get #details(): GroupDetails | undefined {
    return this.#live?.state.info.details;
  }

  /** Works on the group; what the end of the client cuts off goes on with the next one. */
  async #do<T>(task: (group: LiveGroup) => Promise<T>): Promise<T> {
    try {
      return await task(this.#require());
    } catch (error) {
      if (this.#world.lifetime.aborted && isSessionError(error, "ABORTED")) throw closedError();
      throw error;
    }
  }

  /** @throws `GROUP_NOT_JOINED`, `CLOSED` */
  #require(): LiveGroup {
    this.#checkOpen();
    return this.#world.directory.require(this.id);
  }

  #checkOpen(): void {
    if (this.#world.lifetime.aborted) throw closedError();
  }
}
