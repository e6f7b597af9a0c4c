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
import { Unwritten } from "./unwritten.js";

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
  /**
   * Sets the record of `id`: at once, and for later runs with `batch`. If that is not written, the record is as it was,
   * unless another one was set meanwhile.
   *
   * @returns whom it was at the cost of: strangers of long ago, of whom no more is known now
   */
  put(batch: StoreBatch, id: string, record: ContactRecord): readonly string[];
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

/** People whom the account has not accepted, and about whom the user has chosen nothing: anybody can become one. */
export function isStranger({ approved, blocked, nickname, priority, notifications }: ContactRecord): boolean {
  const isChosen = nickname !== undefined || priority !== undefined || notifications !== undefined;
  return !approved && !blocked && !isChosen;
}

/** Strangers that are remembered: whoever knows a Session ID can write to it from as many accounts as they like. */
const MAX_STRANGERS = 1_000;

/** The records in the store, all of them in memory too. @param now - network ms */
export async function storedContacts(store: Store, self: string, now: () => number): Promise<ContactState> {
  const records = new Map((await store.list(CONTACTS)).map(({ id, record }) => [id, record]));
  const unwritten = new Unwritten<ContactRecord>();
  const strangers = new Map<string, number>();
  const note = (id: string, record: ContactRecord): void => {
    if (id !== self && isStranger(record)) strangers.set(id, record.metAt ?? 0);
    else strangers.delete(id);
  };
  for (const [id, record] of records) note(id, record);
  const set = (id: string, record: ContactRecord | undefined): void => {
    if (record === undefined) {
      records.delete(id);
      strangers.delete(id);
    } else {
      records.set(id, record);
      note(id, record);
    }
  };
  return {
    get: (id) => records.get(id),
    all: () => records,
    put(batch, id, record) {
      const former = records.get(id);
      const dated = { ...record, metAt: former?.metAt ?? now() };
      set(id, dated);
      batch.put(CONTACTS, id, dated);
      const excess = Math.max(0, strangers.size - MAX_STRANGERS);
      const forgotten = excess === 0 ? [] : oldest(strangers, excess);
      const lost = forgotten.map((stranger) => [stranger, records.get(stranger)] as const);
      for (const stranger of forgotten) {
        set(stranger, undefined);
        batch.delete(CONTACTS, stranger);
      }
      batch.onFailed(() => {
        for (const [stranger, known] of lost) if (!records.has(stranger)) set(stranger, known);
        const left = unwritten.add(dated, former);
        if (records.get(id) === dated) set(id, left);
      });
      return forgotten;
    },
  };
}

function oldest(times: ReadonlyMap<string, number>, count: number): string[] {
  const sorted = [...times].sort(([, a], [, b]) => a - b);
  return sorted.slice(0, count).map(([id]) => id);
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
  contacts.put(batch, id, { ...present, ...changes });
  const record = contacts.get(id);
  if (record !== undefined) events.emit("contact", { id, ...record });
}
