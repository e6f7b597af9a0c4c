/**
 * `client.conversations`: where a conversation stands and how it is shown, the same on all devices of the account
 * (docs/protocol/config.md §§14 to 17).
 *
 * @module
 */
import type { GroupNotifications } from "../config/index.js";
import type { ContactRecord } from "../store/index.js";
import { changeContact, STRANGER } from "./contact-state.js";
import type { ConversationName } from "./conversation-names.js";
import {
  changeShared,
  nameOf,
  type SharedChange,
  type SharedName,
  sharedChanges,
  sharedConversation,
  sharedNames,
} from "./shared-conversations.js";
import { editConfigs } from "./sync-configs.js";
import { checkObject, invalidArgument } from "./targets.js";
import type { World } from "./world.js";

/** A conversation. */
export interface Conversation {
  /** A Session ID (the own one: Note to Self), the id of a group, the address of a room, or a blinded id. */
  readonly id: string;
  readonly kind: ConversationName["kind"];
  /** Sent time of the last message that was read, ms; 0 if none was. */
  readonly lastRead: number;
  /** The user marked it as unread. */
  readonly markedUnread: boolean;
  /** −1 hidden, 0 normal, greater than 0 pinned, the greatest first. */
  readonly priority: number;
  /** `mentions` in groups and communities only. */
  readonly notifications: GroupNotifications;
  /** Unix seconds; 0 if not muted. */
  readonly mutedUntil: number;
}

/** When to tell the user of messages. */
export interface NotificationSetting {
  readonly notifications?: Conversation["notifications"] | undefined;
  /** Unix seconds; 0 to unmute. */
  readonly mutedUntil?: number | undefined;
}

const MAX_PRIORITY = 2 ** 31 - 1;
const MAX_SECONDS = 9_000_000_000;
const NOTIFICATIONS: ReadonlySet<unknown> = /* @__PURE__ */ new Set(["default", "all", "disabled"]);

/**
 * See the module's description. `client.markRead` says what was read.
 *
 * Conversations go by their ids, which are those in `message.conversation`. Changing a group or a room that the account is
 * not in throws `CONVERSATION_UNKNOWN`; ids of no kind throw `ID_INVALID`.
 */
export class Conversations {
  readonly #world: World;

  /** @internal */
  constructor(world: World) {
    this.#world = world;
    const { configs, events } = world;
    configs.listeners.add((changes) => {
      for (const name of sharedChanges(configs, changes)) {
        events.emit("conversation", sharedConversation(configs, name));
      }
    });
  }

  /** The conversation called `id`; one that nothing is known of is as new. */
  get(id: string): Conversation {
    const { contacts, configs } = this.#world;
    const name = nameOf(configs, id);
    if (name.kind !== "direct") return sharedConversation(configs, name);
    return conversationOf(name.id, contacts.get(name.id) ?? STRANGER);
  }

  /** All conversations, pinned ones first. */
  list(): Conversation[] {
    const { contacts, configs } = this.#world;
    const people = [...contacts.all()].map(([id, record]) => conversationOf(id, record));
    const others = sharedNames(configs).map((name) => sharedConversation(configs, name));
    return [...people, ...others].sort((a, b) => b.priority - a.priority);
  }

  /** Marks a conversation as unread until it is read. */
  async markUnread(id: string, unread = true): Promise<void> {
    await this.#change(id, { markedUnread: unread ? true : undefined }, { unread });
  }

  /** Pins a conversation: above those with a lower priority. */
  async pin(id: string, priority = 1): Promise<void> {
    if (!Number.isInteger(priority) || priority < 1 || priority > MAX_PRIORITY) {
      throw invalidArgument("the priority of a pinned conversation is a positive 32-bit integer");
    }
    await this.#change(id, { priority }, { priority });
  }

  /** Hides a conversation. */
  async hide(id: string): Promise<void> {
    await this.#change(id, { priority: -1 }, { priority: -1 });
  }

  /** Shows a conversation as usual, neither pinned nor hidden. */
  async unpin(id: string): Promise<void> {
    await this.#change(id, { priority: undefined }, { priority: 0 });
  }

  /** Changes what is given. @throws `INVALID_ARGUMENT` */
  async setNotifications(id: string, change: NotificationSetting): Promise<void> {
    const { notifications, mutedUntil } = checkObject(change, "the setting");
    const { kind } = nameOf(this.#world.configs, id);
    if (id === this.#world.self) throw invalidArgument("Note to Self has no notifications");
    const isKnown = NOTIFICATIONS.has(notifications) || (notifications === "mentions" && kind !== "direct");
    if (notifications !== undefined && !isKnown) {
      throw invalidArgument("notifications are default, all, disabled, or of groups and rooms mentions");
    }
    if (
      mutedUntil !== undefined &&
      !(Number.isSafeInteger(mutedUntil) && mutedUntil >= 0 && mutedUntil <= MAX_SECONDS)
    ) {
      throw invalidArgument("a conversation is muted until a time in unix seconds");
    }
    const setting = notifications === undefined ? {} : { notifications };
    const muting = mutedUntil === undefined ? {} : { mutedUntil };
    await this.#change(
      id,
      {
        ...(notifications === "default" ? { notifications: undefined } : (setting as Partial<ContactRecord>)),
        ...(mutedUntil === 0 ? { mutedUntil: undefined } : muting),
      },
      { ...setting, ...muting },
    );
  }

  async #change(id: string, record: Partial<ContactRecord>, shared: SharedChange): Promise<void> {
    const name = nameOf(this.#world.configs, id);
    if (name.kind === "direct") {
      await this.#world.store.write((batch) => changeContact(this.#world, batch, name.id, record));
    } else await changeSharedConversation(this.#world, name, shared);
  }
}

/** Changes a conversation that is in the configs alone, and tells. @throws as `changeShared`, `STORE_FAILED` */
export async function changeSharedConversation(
  { store, configs, events }: Pick<World, "store" | "configs" | "events">,
  name: SharedName,
  change: SharedChange,
): Promise<void> {
  const changed = await editConfigs({ store, configs }, () => changeShared(configs, name, change));
  if (changed) events.emit("conversation", sharedConversation(configs, name));
}

function conversationOf(id: string, record: ContactRecord): Conversation {
  const { readUpTo, markedUnread = false, priority = 0, notifications = "default", mutedUntil = 0 } = record;
  return { id, kind: "direct", lastRead: readUpTo, markedUnread, priority, notifications, mutedUntil };
}
