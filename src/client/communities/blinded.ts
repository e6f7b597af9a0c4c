/**
 * People known by a blinded id: kept among the account's contacts until their Session ID is known, then one with the
 * conversation that this has (docs/protocol/communities.md §11.3, config.md §15).
 *
 * @module
 */
import { hexToBytes } from "../../bytes/index.js";
import { isSessionError } from "../../errors/index.js";
import {
  type BlindedId,
  isBlindedId,
  isSessionId,
  matchesBlindedId,
  type SessionId,
} from "../../identity/index.js";
import {
  BLINDED_IDS,
  type BlindedIdRecord,
  MESSAGES,
  messageId,
  type StoreBatch,
  timestampOf,
} from "../../store/index.js";
import { changeContact, STRANGER } from "../contact-state.js";
import { changePeople } from "../effects.js";
import { asSessionError } from "../errors.js";
import type { MergedChanges } from "../sync-configs.js";
import { Unwritten } from "../unwritten.js";
import { putMessage, type World } from "../world.js";
import type { InboxText } from "./messages.js";
import type { CommunitiesWorld } from "./world.js";

/** What is needed. */
export type BlindedWorld = World & Pick<CommunitiesWorld, "crypto" | "lifetime">;

/** Where somebody is called so. */
export interface BlindedPlace {
  readonly baseUrl: string;
  readonly publicKey: string;
}

/** Blinded ids that are remembered. */
const MAX_IDS = 5_000;

/** See the module's description. */
export class Blinded {
  readonly #world: BlindedWorld;
  readonly #ids: Map<string, BlindedIdRecord>;
  readonly #unwritten = new Unwritten<BlindedIdRecord>();
  readonly #running = new Set<Promise<void>>();

  private constructor(world: BlindedWorld, ids: Map<string, BlindedIdRecord>) {
    this.#world = world;
    this.#ids = ids;
    const { events, configs } = world;
    events.on("contact", ({ id }) => this.#inBackground(this.#match(id)));
    configs.listeners.add(({ blinded }) => this.#take(blinded));
  }

  /** Takes up what is known, also by the other devices. */
  static async open(world: BlindedWorld): Promise<Blinded> {
    const records = await world.store.list(BLINDED_IDS);
    const blinded = new Blinded(world, new Map(records.map(({ id, record }) => [id, record])));
    const added = [...world.configs.contacts.blinded()].map(({ id }) => id);
    await blinded.#take({ added, updated: [], removed: [] });
    return blinded;
  }

  /** Whose blinded id it is, if that is known. */
  sessionIdOf(id: string): SessionId | undefined {
    const sessionId = this.#ids.get(id)?.sessionId;
    return isSessionId(sessionId) ? sessionId : undefined;
  }

  /** Where somebody is called so, if it is somebody known. */
  placeOf(id: string): BlindedPlace | undefined {
    return this.#ids.get(id);
  }

  /** Finds out whether a blinded id is that of a contact. */
  async find(id: BlindedId, place: BlindedPlace): Promise<SessionId | undefined> {
    const known = this.sessionIdOf(id);
    if (known !== undefined) return known;
    for (const [contact] of this.#world.contacts.all()) {
      if (!isSessionId(contact) || !this.#isOf(id, place, contact)) continue;
      await this.identify(id, contact, place);
      return contact;
    }
    return undefined;
  }

  /** Keeps somebody as a contact; false if they are one already. */
  remember(batch: StoreBatch, id: BlindedId, place: BlindedPlace): boolean {
    const { configs, clock } = this.#world;
    if (!this.#ids.has(id)) this.#put(batch, id, place);
    if (this.sessionIdOf(id) !== undefined || configs.contacts.getBlinded(id) !== undefined) return false;
    configs.contacts.setBlinded(id, place, { created: Math.floor(clock.now() / 1000) });
    configs.save(batch);
    return true;
  }

  /** Takes that back. */
  forget(batch: StoreBatch, id: BlindedId, { baseUrl }: BlindedPlace): void {
    const { configs } = this.#world;
    if (configs.contacts.removeBlinded(id, baseUrl)) configs.save(batch);
    this.#drop(batch, id);
  }

  /** It is known who somebody is: what there was with the blinded id is with the Session ID from now on. */
  async identify(id: BlindedId, sessionId: SessionId, place: BlindedPlace): Promise<void> {
    if (this.sessionIdOf(id) !== undefined) return;
    const { store, configs, contacts, events, self } = this.#world;
    const range = { from: messageId(self, 0), to: messageId(self, Number.MAX_SAFE_INTEGER) };
    // Nothing was ever written to somebody who is not known.
    const own = this.#ids.has(id) ? await store.list(MESSAGES, range) : [];
    const isNews = await store.write((batch) => {
      if (this.sessionIdOf(id) !== undefined) return false;
      this.#put(batch, id, place, sessionId);
      for (const message of own) {
        const { record } = message;
        if (record.conversation !== id) continue;
        const name = { author: self, timestamp: timestampOf(message.id) };
        putMessage(batch, name, { ...record, conversation: sessionId }, record);
      }
      if (configs.contacts.removeBlinded(id, place.baseUrl)) {
        // They were written to, which is to accept them.
        const { lastRead = 0 } = configs.conversations.get({ kind: "blinded", id }) ?? {};
        const { readUpTo } = contacts.get(sessionId) ?? STRANGER;
        const changes = { approved: true, readUpTo: Math.max(readUpTo, lastRead) };
        changeContact(this.#world, batch, sessionId, changes);
      }
      configs.conversations.remove({ kind: "blinded", id });
      configs.save(batch);
      return true;
    });
    if (isNews) events.emit("identified", { id: sessionId, blindedId: id, server: place.baseUrl });
  }

  /** What a direct message changes besides being delivered. */
  async apply(message: InboxText, place: BlindedPlace): Promise<void> {
    const { store } = this.#world;
    const { blindedId, from, outgoing, conversation, timestamp, profile } = message;
    // Opening the message has proven who they are.
    if (!outgoing) await this.identify(blindedId, from, place);
    const known = await store.peek(MESSAGES, messageId(from, timestamp));
    await store.write((batch) => {
      if (isBlindedId(conversation)) this.remember(batch, conversation, place);
      else {
        const expiration = { mode: "off", seconds: 0 } as const;
        const about = { from, conversation, kind: "text", outgoing, timestamp, expiration, profile } as const;
        changePeople(this.#world, batch, about);
      }
      if (known === undefined) putMessage(batch, { author: from, timestamp }, { conversation, kind: "text" });
    });
  }

  /** Resolves when all who became known were compared with those known by a blinded id. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }

  /** Somebody became known: perhaps they are one of those known by a blinded id. */
  async #match(sessionId: string): Promise<void> {
    if (!isSessionId(sessionId)) return;
    for (const [id, record] of this.#ids) {
      if (record.sessionId !== undefined || !isBlindedId(id)) continue;
      if (this.#isOf(id, record, sessionId)) await this.identify(id, sessionId, record);
    }
  }

  /** Other devices have contacts with a blinded id. */
  async #take({ added, updated }: MergedChanges["blinded"]): Promise<void> {
    const { configs, store } = this.#world;
    const fresh = [...added, ...updated].flatMap((id) => {
      const contact = configs.contacts.getBlinded(id);
      return contact === undefined || this.#ids.has(id) ? [] : [contact];
    });
    if (fresh.length === 0) return;
    await store.write((batch) => {
      for (const { id, server } of fresh) this.#put(batch, id, server);
    });
    for (const { id, server } of fresh) await this.find(id, server);
  }

  #put(batch: StoreBatch, id: BlindedId, { baseUrl, publicKey }: BlindedPlace, sessionId?: SessionId): void {
    const former = this.#ids.get(id);
    const record = { baseUrl, publicKey, ...(sessionId === undefined ? {} : { sessionId }) };
    this.#ids.set(id, record);
    batch.put(BLINDED_IDS, id, record);
    batch.onFailed(() => {
      const left = this.#unwritten.add(record, former);
      if (this.#ids.get(id) !== record) return;
      if (left === undefined) this.#ids.delete(id);
      else this.#ids.set(id, left);
    });
    if (this.#ids.size > MAX_IDS) this.#dropOldest(batch);
  }

  /** Anybody can write from any number of accounts; those who are still unknown were written to by the user. */
  #dropOldest(batch: StoreBatch): void {
    for (const [id, { sessionId }] of this.#ids) {
      if (sessionId === undefined) continue;
      this.#drop(batch, id);
      return;
    }
  }

  #drop(batch: StoreBatch, id: string): void {
    const former = this.#ids.get(id);
    this.#ids.delete(id);
    batch.delete(BLINDED_IDS, id);
    batch.onFailed(() => {
      if (former !== undefined && !this.#ids.has(id)) this.#ids.set(id, former);
    });
  }

  #isOf(id: BlindedId, { publicKey }: BlindedPlace, sessionId: SessionId): boolean {
    try {
      return matchesBlindedId(sessionId, id, hexToBytes(publicKey), this.#world.crypto);
    } catch (error) {
      // A Session ID that is no point has no blinded id.
      if (isSessionError(error)) return false;
      throw error;
    }
  }

  #inBackground(work: Promise<void>): void {
    const running = work
      .catch((error: unknown) => {
        const { lifetime, events } = this.#world;
        if (lifetime.aborted || isSessionError(error, "CLOSED")) return;
        events.emit("error", asSessionError(error, "COMMUNITY_POLL_FAILED", "a contact was not recognised"));
      })
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }
}
