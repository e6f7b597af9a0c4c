/**
 * What the client knows of people, and of its own account: who accepts whom, names and pictures, timers, what is read.
 *
 * Everything that asks or changes it goes through {@link ContactState}. Now the records lie in the store of this client
 * alone; a state that the account's devices share only needs the same three functions.
 *
 * @module
 */
import { CONTACTS, type ContactRecord, type Store, type StoreBatch } from "../store/index.js";
import type { Emitter } from "./events.js";

/** What is known of a person. */
export interface Contact extends ContactRecord {
  readonly id: string;
}

/** The people. Reading is synchronous: rules and events need it at once. */
export interface ContactState {
  /** The record of `id`, or undefined for a stranger. */
  get(id: string): ContactRecord | undefined;
  /** Everyone. */
  all(): Iterable<readonly [string, ContactRecord]>;
  /** Sets the record of `id`: at once, and for later runs with `batch`. */
  put(batch: StoreBatch, id: string, record: ContactRecord): void;
}

/** A stranger. */
export const STRANGER: ContactRecord = {
  approved: false,
  approvedMe: false,
  blocked: false,
  profileUpdatedAt: 0,
  timer: { mode: "off", seconds: 0 },
  timerSetAt: 0,
  readUpTo: 0,
};

/** The records in the store, all of them in memory too. */
export async function storedContacts(store: Store): Promise<ContactState> {
  const records = new Map((await store.list(CONTACTS)).map(({ id, record }) => [id, record]));
  return {
    get: (id) => records.get(id),
    all: () => records,
    put(batch, id, record) {
      records.set(id, record);
      batch.put(CONTACTS, id, record);
    },
  };
}

/** Changes the record of `id` and tells it, if anything is different. */
export function changeContact(
  { contacts, events }: { readonly contacts: ContactState; readonly events: Emitter },
  batch: StoreBatch,
  id: string,
  changes: Partial<ContactRecord>,
): void {
  const present = contacts.get(id) ?? STRANGER;
  const names = Object.keys(changes) as Array<keyof ContactRecord>;
  if (contacts.get(id) !== undefined && names.every((name) => present[name] === changes[name])) return;
  const record = { ...present, ...changes };
  contacts.put(batch, id, record);
  events.emit("contact", { id, ...record });
}
