/**
 * The account's contacts (docs/protocol/config.md §15), in namespace 3.
 *
 * ```text
 * c  33-byte Session ID → contact         b  community address → { # 32-byte server key, R { blinded key → contact } }
 * ```
 *
 * @module
 */
import {
  type BlindedId,
  isSessionId,
  parseBlindedId,
  parseSessionId,
  type SessionId,
} from "../identity/index.js";
import { ConfigBase } from "./base.js";
import {
  type BlindedContact,
  type BlindedContactChange,
  blindedChanges,
  readBlindedContact,
  writeBlindedContact,
} from "./blinded-contact.js";
import { asDict, changedKeys, mapChanges } from "./changes.js";
import { type CommunityServer, canonicalBaseUrl, checkServer } from "./community-address.js";
import { type ContactFields, readContact, writeContact } from "./contact-entry.js";
import { type ConfigDict, isDict, sortedEntries } from "./data.js";
import { binaryToId, idToBinary } from "./fields.js";
import { serverKeyToBinary, serverRooms } from "./servers.js";
import type { ConfigOptions, ListChanges } from "./types.js";
import { type ConfigAccount, userSecrets } from "./user-secrets.js";

export interface Contact extends ContactFields {
  readonly id: SessionId;
}

/** What differs between two snapshots. */
export interface ContactsChanges {
  readonly contacts: ListChanges<SessionId>;
  readonly blinded: ListChanges<BlindedId>;
}

const ID_BYTES = 33;

export class Contacts extends ConfigBase {
  /** @throws `CONFIG_DUMP_INVALID` */
  constructor(account: ConfigAccount, options: ConfigOptions = {}) {
    super({ namespace: 3, domain: "Contacts" }, userSecrets(account), options);
  }

  /** Number of contacts. */
  get size(): number {
    let count = 0;
    for (const _ of this.#entries()) count++;
    return count;
  }

  /** @throws `ID_INVALID` */
  get(id: string): Contact | undefined {
    const sessionId = parseSessionId(id);
    const dict = this.read(["c", idToBinary(sessionId)]);
    return isDict(dict) ? { id: sessionId, ...readContact(dict) } : undefined;
  }

  /**
   * Adds a contact, or changes the members that are given of one.
   *
   * @returns whether anything changed
   * @throws `CONFIG_VALUE_INVALID`, `ID_INVALID`, and nothing has changed then
   */
  set(id: string, change: Partial<ContactFields>): boolean {
    const path = ["c", idToBinary(parseSessionId(id))];
    return this.write(path, writeContact(asDict(this.read(path)), change));
  }

  /** Removes a contact. @returns whether it was there */
  remove(id: string): boolean {
    return this.write(["c", idToBinary(parseSessionId(id))], undefined);
  }

  /** All contacts, in the order of their ids. */
  *[Symbol.iterator](): IterableIterator<Contact> {
    for (const [id, dict] of this.#entries()) yield { id, ...readContact(dict) };
  }

  /** Somebody known from a community only. */
  getBlinded(id: string): BlindedContact | undefined {
    const blindedId = parseBlindedId(id);
    for (const contact of this.blinded()) if (contact.id === blindedId) return contact;
    return undefined;
  }

  /** Adds or changes somebody known from a community only. @throws `CONFIG_VALUE_INVALID` */
  setBlinded(id: string, server: CommunityServer, change: BlindedContactChange): boolean {
    const blindedId = parseBlindedId(id);
    const { baseUrl, publicKey } = checkServer(server);
    const path = ["b", baseUrl, "R", blindedId.slice(2)];
    const entry = writeBlindedContact(asDict(this.read(path)), blindedId, change);
    const keyChanged = this.write(["b", baseUrl, "#"], serverKeyToBinary(publicKey));
    return this.write(path, entry) || keyChanged;
  }

  /** Removes somebody known from a community only; the server's entry goes with its last one. */
  removeBlinded(id: string, baseUrl: string): boolean {
    const server = ["b", canonicalBaseUrl(baseUrl)];
    const removed = this.write([...server, "R", parseBlindedId(id).slice(2)], undefined);
    if (removed && asDict(this.read([...server, "R"])).size === 0) this.write(server, undefined);
    return removed;
  }

  /** Everybody known from communities only, by server. */
  *blinded(): IterableIterator<BlindedContact> {
    for (const { server, key, dict } of serverRooms(asDict(this.read(["b"])))) {
      const contact = readBlindedContact(key, dict, server);
      if (contact !== undefined) yield contact;
    }
  }

  /** What differs from an earlier snapshot. */
  changesSince(before: ConfigDict): ContactsChanges {
    const after = this.snapshot();
    return {
      contacts: mapChanges(changedKeys(before, after, ["c"]), keyToId),
      blinded: blindedChanges(before, after),
    };
  }

  /** Entries that are contacts; what is not is left alone. */
  *#entries(): IterableIterator<[SessionId, ConfigDict]> {
    for (const [key, dict] of sortedEntries(asDict(this.read(["c"])))) {
      const id = keyToId(key);
      if (id !== undefined && isDict(dict)) yield [id, dict];
    }
  }
}

function keyToId(key: string): SessionId | undefined {
  const id = key.length === ID_BYTES ? binaryToId(key) : "";
  return isSessionId(id) ? id : undefined;
}
