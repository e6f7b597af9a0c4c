/**
 * `client.groups`: the closed groups that the account is in.
 *
 * @module
 */
import type { AbortOptions } from "../../errors/index.js";
import type { GroupId } from "../../identity/index.js";
import { MESSAGES, messageId } from "../../store/index.js";
import type { MessageContent } from "../content.js";
import type { UnsendResult } from "../deleting.js";
import { closedError } from "../errors.js";
import type { UploadSettings } from "../files.js";
import { checkPersonOrGroup, checkTarget, invalidArgument, type MessageTarget } from "../targets.js";
import type { SendResult } from "../transmit.js";
import { createGroup, type NewGroup } from "./create.js";
import { deleteGroupMessages } from "./delete-messages.js";
import { Group, type GroupHandleWorld } from "./group.js";
import {
  acceptInvitation,
  declineInvitation,
  type PendingInvitation,
  pendingInvitations,
} from "./invitations.js";
import { forgetGroup } from "./leave.js";
import type { LegacyGroups } from "./legacy/legacy-groups.js";
import type { LiveGroup } from "./live-group.js";
import { type GroupSendOptions, sendToGroup } from "./sending.js";

/** See the module's description. */
export class Groups {
  readonly #world: GroupHandleWorld;
  /** One handle for each group. */
  readonly #handles = new WeakMap<LiveGroup, Group>();

  /** @internal */
  constructor(world: GroupHandleWorld) {
    this.#world = world;
  }

  /**
   * Closed groups of the old kind, which today's apps only list: for archives and private networks.
   *
   * @deprecated
   */
  get legacy(): LegacyGroups {
    return this.#world.legacy;
  }

  /**
   * Creates a group and invites its members. A program that ends before this resolves goes on with it when it is started
   * again; a creation that fails leaves nothing.
   *
   * @returns once the group is in its swarm and every invitation was tried; event `group` with `unreached` tells which did
   *   not arrive
   * @throws `NAME_EMPTY`, `NAME_TOO_LONG`, `GROUP_INVALID_VALUE` (description), `GROUP_TOO_MANY_MEMBERS`, `ID_INVALID`,
   *   `INVALID_ARGUMENT`, `FILE_…` (picture), `GROUP_PUSH_FAILED`, `ABORTED`: there is no group then; `CLOSED`: it goes on
   */
  async create(group: NewGroup, options: AbortOptions & UploadSettings = {}): Promise<Group> {
    const world = this.#open();
    try {
      return this.#handle(await createGroup(world, group, options));
    } catch (error) {
      if (world.lifetime.aborted) throw closedError();
      throw error;
    }
  }

  /** The groups that the account is in, by ascending id. */
  list(): Group[] {
    const groups = [...this.#open().directory.groups()].sort((a, b) => (a.id < b.id ? -1 : 1));
    return groups.map((group) => this.#handle(group));
  }

  /** The group called `id` (03…), if the account is in it. */
  get(id: string): Group | undefined {
    const group = this.#open().directory.get(id);
    return group && this.#handle(group);
  }

  /** Invitations that wait for an answer; event `group-invite` tells of new ones. */
  invitations(): PendingInvitation[] {
    return pendingInvitations(this.#open());
  }

  /**
   * Accepts an invitation. Its messages and members are there after the next poll.
   *
   * @throws `ID_INVALID`, `GROUP_NOT_INVITED`, `STORE_FAILED`
   */
  async accept(id: string): Promise<Group> {
    return this.#handle(await acceptInvitation(this.#open(), id));
  }

  /** Declines an invitation: it is gone from all devices, and nobody is told. @throws as {@link accept} */
  async decline(id: string): Promise<void> {
    await declineInvitation(this.#open(), id);
  }

  /**
   * Takes a group that the account was removed from, or that was ended, off all devices of the account. Nothing happens if the
   * account does not list the group.
   *
   * @throws `ID_INVALID`, `INVALID_ARGUMENT` while the account is in the group (leave it) or invited (decline it),
   *   `STORE_FAILED`
   */
  async forget(id: string): Promise<void> {
    await forgetGroup(this.#open(), id);
  }

  /** See `Client.send`. @internal */
  async send(id: GroupId, content: MessageContent, options: GroupSendOptions): Promise<SendResult> {
    const world = this.#open();
    return sendToGroup(world, world.directory.require(id), content, options);
  }

  /** See `Client.unsend`: the members are asked to delete it; an admin deletes it from the swarm as well. @internal */
  async unsend(message: MessageTarget, options: AbortOptions): Promise<UnsendResult> {
    const world = this.#open();
    const { conversation, author, timestamp } = checkTarget(message, world.self, checkPersonOrGroup);
    const group = world.directory.require(conversation);
    if (author !== world.self) throw invalidArgument("only own messages can be unsent");
    const record = await world.store.get(MESSAGES, messageId(author, timestamp));
    if (record?.hash === undefined) throw invalidArgument("the message is not known here", { timestamp });
    const { hash } = record;
    await deleteGroupMessages(world, group, { hashes: [hash] }, options);
    return { to: group.id, hash, timestamp, deleted: group.isAdmin };
  }

  #handle(live: LiveGroup): Group {
    const group = this.#handles.get(live) ?? new Group(this.#world, live.id);
    this.#handles.set(live, group);
    return group;
  }

  /** @throws `CLOSED` */
  #open(): GroupHandleWorld {
    if (this.#world.lifetime.aborted) throw closedError();
    return this.#world;
  }
}
