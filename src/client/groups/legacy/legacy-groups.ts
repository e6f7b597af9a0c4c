/**
 * `client.groups.legacy`: closed groups of the old kind.
 *
 * @module
 */
import { type AbortOptions, SessionError } from "../../../errors/index.js";
import type { LegacyGroupState } from "../../../groups/index.js";
import type { SessionId } from "../../../identity/index.js";
import { checkName } from "../../../messages/index.js";
import type { MessageContent } from "../../content.js";
import { type ClientErrorCode, closedError } from "../../errors.js";
import type { UploadSettings } from "../../files.js";
import type { ReceivedText } from "../../received.js";
import { checkRecipient } from "../../targets.js";
import type { SendResult } from "../../transmit.js";
import {
  addLegacyMembers,
  createLegacyGroup,
  type NewLegacyGroup,
  removeLegacyMembers,
  rotateLegacyKeys,
  sendLegacyKeys,
} from "./actions.js";
import { sendControl, sendToLegacyGroup } from "./sending.js";
import type { LegacyWorld } from "./world.js";

/** What the account is to a legacy group. */
export type LegacyStanding =
  | LegacyGroupState["status"]
  /** The config's entry has no encryption pair: there is a name to show, and nothing to read. */
  | "listed";

/** A member of a legacy group. */
export interface LegacyGroupMember {
  readonly sessionId: SessionId;
  readonly isAdmin: boolean;
  readonly isSelf: boolean;
}

/**
 * Closed groups of the old kind (docs/protocol/legacy-groups.md). Today's apps show what they still have of them, and
 * neither read nor write there: these are for archives and private networks.
 *
 * Unless the client was opened with `legacyGroups: true`, groups are only listed; all that would read or write throws
 * `LEGACY_GROUPS_OFF`. Nothing is sent by itself but what a call has begun: no key is handed out to those that others add.
 *
 * @deprecated Use `client.groups`.
 */
export class LegacyGroups {
  readonly #world: LegacyWorld;

  /** @internal */
  constructor(world: LegacyWorld) {
    this.#world = world;
  }

  /**
   * Creates a group with this account as its admin, and tells its members, of whom it is that they have to approve this
   * account. What does not arrive is sent again later; event `legacy-group` with `unreached` tells.
   *
   * @throws `NAME_EMPTY`, `NAME_TOO_LONG`, `ID_INVALID`, `GROUP_TOO_MANY_MEMBERS`, `INVALID_ARGUMENT`, `LEGACY_GROUPS_OFF`,
   *   `ABORTED`, `CLOSED`, `STORE_FAILED`
   */
  async create(group: NewLegacyGroup, options: AbortOptions = {}): Promise<LegacyGroup> {
    const world = this.#on();
    return new LegacyGroup(world, await createLegacyGroup(world, group, options));
  }

  /** All that are known, by ascending id: those that were left, until they are forgotten, and those of the config alone. */
  list(): LegacyGroup[] {
    const { legacy, configs } = this.#open();
    const known = legacy.entries().map(({ state }) => state.groupId);
    const listed = [...configs.groups.legacyGroups()].map(({ id }) => id);
    const ids = [...new Set([...known, ...listed])].sort();
    return ids.map((id) => new LegacyGroup(this.#world, id));
  }

  /** The group called `id` (05…). */
  get(id: string): LegacyGroup | undefined {
    return this.list().find((group) => group.id === id);
  }

  /**
   * Forgets a group on all devices, and tells nobody: of one that the account is in, it stays a member for the others.
   * What is still to be sent there is not sent.
   *
   * @throws `ID_INVALID`, `CLOSED`, `STORE_FAILED`
   */
  async forget(id: string): Promise<void> {
    const { store, legacy } = this.#open();
    const groupId = checkRecipient(id);
    const queued = (await store.outbox()).filter(({ to }) => to === groupId);
    await store.write((batch) => {
      for (const { sequence } of queued) batch.removeOutbox(sequence);
      legacy.forget(batch, groupId);
    });
  }

  /** True for the id of a legacy group, which looks like a person's. @internal */
  routes(id: string): boolean {
    return this.#open().legacy.get(id) !== undefined;
  }

  /** @internal */
  async send(
    id: string,
    content: MessageContent,
    settings: AbortOptions & UploadSettings,
  ): Promise<SendResult> {
    return sendToLegacyGroup(this.#on(), id, content, settings);
  }

  /** @throws `CLOSED` */
  #open(): LegacyWorld {
    if (this.#world.lifetime.aborted) throw closedError();
    return this.#world;
  }

  #on(): LegacyWorld {
    return switchedOn(this.#open());
  }
}

/**
 * A closed group of the old kind. What it shows is live.
 *
 * Whatever is sent is on disk before: after a crash the next client on the store goes on. When a call rejects with
 * `SEND_FAILED` or `ABORTED`, nothing was changed, but it may have arrived. All methods that send throw
 * `LEGACY_GROUPS_OFF`, `GROUP_NOT_JOINED`, `SEND_FAILED`, `ABORTED`, `CLOSED`, `STORE_FAILED`.
 *
 * @deprecated
 */
export class LegacyGroup {
  readonly id: SessionId;
  readonly #world: LegacyWorld;

  /** @internal */
  constructor(world: LegacyWorld, id: SessionId) {
    this.#world = world;
    this.id = id;
  }

  get standing(): LegacyStanding | "none" {
    const { legacy, configs } = this.#world;
    const status = legacy.get(this.id)?.state.status;
    return status ?? (configs.groups.getLegacyGroup(this.id) === undefined ? "none" : "listed");
  }

  /** Empty if there is none. */
  get name(): string {
    const { legacy, configs } = this.#world;
    return legacy.get(this.id)?.state.name ?? configs.groups.getLegacyGroup(this.id)?.name ?? "";
  }

  get members(): readonly LegacyGroupMember[] {
    const { legacy, configs, self } = this.#world;
    const state = legacy.get(this.id)?.state;
    const listed = configs.groups.getLegacyGroup(this.id)?.members ?? new Map<SessionId, boolean>();
    const members: ReadonlyMap<SessionId, boolean> =
      state === undefined ? listed : new Map(state.members.map((id) => [id, state.admins.includes(id)]));
    return [...members].map(([sessionId, isAdmin]) => ({ sessionId, isAdmin, isSelf: sessionId === self }));
  }

  /** True if this account may remove members and rotate keys. */
  get isAdmin(): boolean {
    return this.members.some(({ isAdmin, isSelf }) => isAdmin && isSelf);
  }

  /** Seconds after sending at which messages disappear; 0: they stay. */
  get disappearsAfter(): number {
    return this.#world.legacy.get(this.id)?.state.timerSeconds ?? 0;
  }

  /** Sends a message. @throws as `Client.send` */
  async send(content: MessageContent, settings: AbortOptions & UploadSettings = {}): Promise<SendResult> {
    return sendToLegacyGroup(this.#on(), this.id, content, settings);
  }

  /** The texts of this group, as `Client.messages` gives them. */
  messages({ signal }: AbortOptions = {}): AsyncIterableIterator<ReceivedText, undefined> {
    return this.#on().texts(this.id, signal);
  }

  /** Any member may. @throws `NAME_EMPTY`, `NAME_TOO_LONG` */
  async rename(name: string, { signal }: AbortOptions = {}): Promise<void> {
    const world = this.#on();
    const checked = checkName(name);
    if (world.legacy.require(this.id).state.name === checked) return;
    await sendControl(world, this.id, { kind: "name", name: checked }, { signal });
  }

  /** Any member may. Those added have to approve this account. @throws `ID_INVALID`, `GROUP_ALREADY_MEMBER`, `GROUP_TOO_MANY_MEMBERS` */
  async add(ids: string | readonly string[], options: AbortOptions = {}): Promise<void> {
    await addLegacyMembers(this.#on(), this.id, listOf(ids), options);
  }

  /**
   * Admins only. The others get a new pair, so that those removed read nothing more. If that fails, it is tried again later.
   *
   * @throws `ID_INVALID`, `GROUP_NOT_ADMIN`, `GROUP_NOT_MEMBER`, `INVALID_ARGUMENT` for who created the group
   */
  async remove(ids: string | readonly string[], options: AbortOptions = {}): Promise<void> {
    await removeLegacyMembers(this.#on(), this.id, listOf(ids), options);
  }

  /** Gives all members a new pair. Admins only. @throws `GROUP_NOT_ADMIN` */
  async rotateKeys(options: AbortOptions = {}): Promise<void> {
    await rotateLegacyKeys(this.#on(), this.id, options);
  }

  /** Sends the newest pair to a member that lacks it. Admins only. @throws `GROUP_NOT_ADMIN`, `GROUP_NOT_MEMBER` */
  async sendKeys(member: string, options: AbortOptions = {}): Promise<void> {
    await sendLegacyKeys(this.#on(), this.id, member, options);
  }

  /** Leaves. When an admin leaves, the group ends for everybody. */
  async leave({ signal }: AbortOptions = {}): Promise<void> {
    const world = this.#on();
    world.legacy.require(this.id);
    await sendControl(world, this.id, { kind: "left" }, { signal });
  }

  #on(): LegacyWorld {
    if (this.#world.lifetime.aborted) throw closedError();
    return switchedOn(this.#world);
  }
}

function switchedOn(world: LegacyWorld): LegacyWorld {
  if (world.isOn) return world;
  throw new SessionError<ClientErrorCode>(
    "LEGACY_GROUPS_OFF",
    "legacy groups are only listed: open the client with legacyGroups: true",
  );
}

function listOf(ids: string | readonly string[]): readonly string[] {
  return typeof ids === "string" ? [ids] : ids;
}
