/**
 * `client.contacts`: people, and who accepts whom (docs/protocol/messages.md §6.8).
 *
 * @module
 */
import type { BlindedContact } from "../config/index.js";
import type { AbortOptions } from "../errors/index.js";
import { checkName, type Profile, type ProfilePicture } from "../messages/index.js";
import type { ContactRecord } from "../store/index.js";
import { type Contact, changeContact, STRANGER } from "./contact-state.js";
import { profileOf } from "./effects.js";
import { forgetMessages, messagesWith } from "./forgetting.js";
import { approval, requestResponse } from "./outbound.js";
import { editConfigs } from "./sync-configs.js";
import { checkObject, checkRecipient, invalidArgument } from "./targets.js";
import type { SendResult } from "./transmit.js";
import type { SendingWorld } from "./world.js";

/** Name and picture of the own account. */
export interface ProfileChanges {
  /** At most 100 bytes of UTF-8; trimmed. */
  readonly name?: string | undefined;
  /** Address and key of an uploaded picture; `null` removes it. */
  readonly picture?: ProfilePicture | null | undefined;
}

const LAST_TIME = Number.MAX_SAFE_INTEGER - 1;

/** See the module's description. */
export class Contacts {
  readonly #world: SendingWorld;

  /** @internal */
  constructor(world: SendingWorld) {
    this.#world = world;
  }

  /** What is known of `id`; undefined for a stranger. */
  get(id: string): Contact | undefined {
    const record = this.#world.contacts.get(checkRecipient(id));
    return record === undefined ? undefined : { id, ...record };
  }

  /** Everyone that anything is known of, the own account excluded. */
  list(): Contact[] {
    const { contacts, self } = this.#world;
    return [...contacts.all()].filter(([id]) => id !== self).map(([id, record]) => ({ id, ...record }));
  }

  /**
   * Accepts a message request: they are told, with the own profile. Does nothing for those who are accepted already,
   * and tells nothing to those who have not written.
   */
  async accept(id: string, { signal }: AbortOptions = {}): Promise<SendResult | undefined> {
    const to = checkRecipient(id);
    const { contacts, store, sender } = this.#world;
    const { approved, approvedMe } = contacts.get(to) ?? STRANGER;
    if (approved) return undefined;
    const companions = approval(this.#world, to);
    if (approvedMe) {
      return sender.send(to, requestResponse(this.#world), { companions: () => companions, signal });
    }
    await store.write((batch) => companions.also?.(batch));
    return undefined;
  }

  /** Adds a person: accepts them, and gives them the user's own name for them. */
  async add(
    id: string,
    { nickname, signal }: AbortOptions & { readonly nickname?: string | undefined } = {},
  ): Promise<SendResult | undefined> {
    if (nickname !== undefined) await this.setNickname(id, nickname);
    return this.accept(id, { signal });
  }

  /** Sets the user's own name for a person, at most 100 bytes of UTF-8; `undefined` removes it. They are not told. */
  async setNickname(id: string, nickname: string | undefined): Promise<void> {
    await this.#set(id, { nickname: nickname === undefined ? undefined : checkName(nickname) });
  }

  /** Blocks: nothing of theirs arrives any more, nothing is sent to them. They are not told. */
  async block(id: string): Promise<void> {
    await this.#set(id, { blocked: true });
  }

  async unblock(id: string): Promise<void> {
    await this.#set(id, { blocked: false });
  }

  /**
   * Forgets a person, the messages with them, and what they wrote before now but has not arrived yet (V6); on the other
   * devices of the account too. A block stays.
   */
  async remove(id: string): Promise<void> {
    const author = checkRecipient(id);
    const { contacts, store, clock, events, self } = this.#world;
    if (author === self) throw invalidArgument("that is the own account");
    const { blocked } = contacts.get(author) ?? STRANGER;
    const messages = await messagesWith({ self, store }, new Map([[author, LAST_TIME]]));
    await store.write((batch) => {
      forgetMessages(batch, messages);
      const record = { ...STRANGER, blocked, removedAt: clock.now() };
      contacts.put(batch, author, record);
      events.emit("contact", { id: author, ...record });
    });
  }

  /** People of communities who have written, or were written to, and whose Session ID is not known. */
  blinded(): BlindedContact[] {
    return [...this.#world.configs.contacts.blinded()];
  }

  /** Forgets somebody known by a blinded id, on the other devices too. @returns whether they were known */
  async removeBlinded(id: string): Promise<boolean> {
    return editConfigs(this.#world, ({ contacts, conversations }) => {
      const contact = contacts.getBlinded(id);
      if (contact === undefined) return false;
      conversations.remove({ kind: "blinded", id: contact.id });
      return contacts.removeBlinded(contact.id, contact.server.baseUrl);
    });
  }

  /** Name and picture of `id`, by their newest message; of the own account, as they were set. */
  profile(id: string): Profile | undefined {
    const record = this.#world.contacts.get(checkRecipient(id));
    return record === undefined ? undefined : profileOf(record);
  }

  /** Changes name or picture of the own account: it goes with the next messages. */
  async setProfile(profile: ProfileChanges): Promise<Profile> {
    const { name, picture } = checkObject(profile, "the profile");
    const { contacts, store, clock, self } = this.#world;
    const present = contacts.get(self) ?? STRANGER;
    if (picture && !(typeof picture.url === "string" && picture.url !== "" && picture.key?.length === 32))
      throw invalidArgument("a picture has an address and a key of 32 bytes");
    const seconds = Math.floor(clock.now() / 1000);
    const changes = {
      ...(name === undefined ? {} : { name: checkName(name) }),
      ...(picture === undefined ? {} : { picture: picture === null ? undefined : copied(picture) }),
      // Others take a profile only if it is newer than the one they have.
      profileUpdatedAt: Math.max(seconds, present.profileUpdatedAt + 1),
    };
    const record = { ...present, ...changes };
    await store.write((batch) => contacts.put(batch, self, record));
    return profileOf(record);
  }

  async #set(id: string, changes: Partial<ContactRecord>): Promise<void> {
    const contact = checkRecipient(id);
    if (contact === this.#world.self) throw invalidArgument("that is the own account");
    await this.#world.store.write((batch) => changeContact(this.#world, batch, contact, changes));
  }
}

const copied = ({ url, key }: ProfilePicture): ProfilePicture => ({ url, key: Uint8Array.from(key) });
