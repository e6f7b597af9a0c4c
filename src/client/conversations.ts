/**
 * `client.conversations`: where a conversation stands and how it is shown, the same on all devices of the account
 * (docs/protocol/config.md §§14 to 16).
 *
 * @module
 */
import type { ContactRecord } from "../store/index.js";
import { changeContact, STRANGER } from "./contact-state.js";
import { checkRecipient, invalidArgument } from "./targets.js";
import type { World } from "./world.js";

/** A conversation with a person; under the own id, Note to Self. */
export interface Conversation {
  readonly id: string;
  /** Sent time of the last message that was read, ms; 0 if none was. */
  readonly lastRead: number;
  /** The user marked it as unread. */
  readonly markedUnread: boolean;
  /** −1 hidden, 0 normal, greater than 0 pinned, the greatest first. */
  readonly priority: number;
  readonly notifications: "default" | "all" | "disabled";
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

/** See the module's description. `client.markRead` says what was read. */
export class Conversations {
  readonly #world: World;

  /** @internal */
  constructor(world: World) {
    this.#world = world;
  }

  /** The conversation with `id`; one that nothing is known of is as new. */
  get(id: string): Conversation {
    const person = checkRecipient(id);
    return conversationOf(person, this.#world.contacts.get(person) ?? STRANGER);
  }

  /** All conversations, pinned ones first. */
  list(): Conversation[] {
    const all = [...this.#world.contacts.all()].map(([id, record]) => conversationOf(id, record));
    return all.sort((a, b) => b.priority - a.priority);
  }

  /** Marks a conversation as unread until it is read. */
  async markUnread(id: string, unread = true): Promise<void> {
    await this.#change(id, { markedUnread: unread ? true : undefined });
  }

  /** Pins a conversation: above those with a lower priority. */
  async pin(id: string, priority = 1): Promise<void> {
    if (!Number.isInteger(priority) || priority < 1 || priority > MAX_PRIORITY) {
      throw invalidArgument("the priority of a pinned conversation is a positive 32-bit integer");
    }
    await this.#change(id, { priority });
  }

  /** Hides a conversation. */
  async hide(id: string): Promise<void> {
    await this.#change(id, { priority: -1 });
  }

  /** Shows a conversation as usual, neither pinned nor hidden. */
  async unpin(id: string): Promise<void> {
    await this.#change(id, { priority: undefined });
  }

  /** Changes what is given. @throws `INVALID_ARGUMENT` */
  async setNotifications(id: string, { notifications, mutedUntil }: NotificationSetting): Promise<void> {
    if (id === this.#world.self) throw invalidArgument("Note to Self has no notifications");
    if (notifications !== undefined && !NOTIFICATIONS.has(notifications)) {
      throw invalidArgument("notifications are default, all or disabled");
    }
    if (
      mutedUntil !== undefined &&
      !(Number.isSafeInteger(mutedUntil) && mutedUntil >= 0 && mutedUntil <= MAX_SECONDS)
    ) {
      throw invalidArgument("a conversation is muted until a time in unix seconds");
    }
    await this.#change(id, {
      ...(notifications === undefined
        ? {}
        : { notifications: notifications === "default" ? undefined : notifications }),
      ...(mutedUntil === undefined ? {} : { mutedUntil: mutedUntil === 0 ? undefined : mutedUntil }),
    });
  }

  async #change(id: string, changes: Partial<ContactRecord>): Promise<void> {
    const person = checkRecipient(id);
    await this.#world.store.write((batch) => changeContact(this.#world, batch, person, changes));
  }
}

function conversationOf(id: string, record: ContactRecord): Conversation {
  const { readUpTo, markedUnread = false, priority = 0, notifications = "default", mutedUntil = 0 } = record;
  return { id, lastRead: readUpTo, markedUnread, priority, notifications, mutedUntil };
}
