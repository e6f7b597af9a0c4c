/**
 * `client.profile`: name and picture of the own account, the same on all of its devices.
 *
 * @module
 */
import type { Profile } from "../messages/index.js";
import type { Contacts, ProfileChanges } from "./contacts.js";

/** See the module's description. */
export class OwnProfile {
  readonly #self: string;
  readonly #contacts: Contacts;

  /** @internal */
  constructor(self: string, contacts: Contacts) {
    this.#self = self;
    this.#contacts = contacts;
  }

  /** The display name; empty if there is none. */
  get name(): string {
    return this.get()?.name ?? "";
  }

  /** Name and picture; undefined before the account has any. */
  get(): Profile | undefined {
    return this.#contacts.profile(this.#self);
  }

  /**
   * Changes name or picture: for the own devices with the next push, for others with the next messages.
   *
   * @throws `INVALID_ARGUMENT`, codes of names (`MESSAGE_…`), `CONFIG_VALUE_INVALID`
   */
  set(changes: ProfileChanges): Promise<Profile> {
    return this.#contacts.setProfile(changes);
  }
}
