/**
 * What one node stores (docs/protocol/storage-server-behaviour.md §7, §8, §10).
 *
 * Messages of an account stand in the order in which this node stored them, which may differ from node to node. Expired
 * ones are removed at most every ten seconds, so they can still be read for that long.
 *
 * @module
 */
import { bytesToHex } from "../bytes/index.js";
import { isPublicOutbox } from "./namespaces.js";

/** An account id. */
export interface Account {
  /** 66 hex characters, lower case. */
  readonly id: string;
  /** The first byte. */
  readonly prefix: number;
  /** The other 32. */
  readonly key: Uint8Array;
}

/** A message as it is stored. */
export interface DatabaseMessage {
  readonly hash: string;
  readonly namespace: number;
  /** Milliseconds, as the sender gave it. */
  readonly timestamp: number;
  /** Milliseconds. */
  readonly expiry: number;
  readonly data: Uint8Array;
}

interface Row extends DatabaseMessage {
  /** Grows with every stored message. */
  readonly row: number;
  expiry: number;
}

interface Owner {
  readonly messages: Map<string, Row>;
  /** Revoked tokens by hex, oldest first. */
  readonly revoked: Map<string, Uint8Array>;
}

/** Limits of a {@link MessageDatabase.retrieve}. */
export interface RetrieveLimits {
  readonly maxCount: number;
  readonly maxSize: number;
}

const SWEEP_INTERVAL = 10_000;
const REVOCATIONS_KEPT = 50;
/** Counted for each message besides its base64 data and its hash. */
const MESSAGE_OVERHEAD = 100;

/** The messages and revocations of one node. */
export class MessageDatabase {
  readonly #owners = new Map<string, Owner>();
  #nextRow = 1;
  #lastSweep = Number.NEGATIVE_INFINITY;

  /** Removes expired messages if the last time is ten seconds ago. To be called before every other method. */
  sweep(now: number): void {
    if (now - this.#lastSweep < SWEEP_INTERVAL && now >= this.#lastSweep) return;
    this.#lastSweep = now;
    for (const id of [...this.#owners.keys()]) this.#remove(id, (message) => message.expiry <= now);
  }

  /** Stores a message; a known one only gets the later expiry. A public outbox loses what it held before. */
  store(account: Account, message: DatabaseMessage): { readonly isNew: boolean; readonly expiry: number } {
    const known = this.#owners.get(account.id)?.messages.get(message.hash);
    if (known !== undefined) {
      known.expiry = Math.max(known.expiry, message.expiry);
      return { isNew: false, expiry: known.expiry };
    }
    const owner = this.#owners.get(account.id) ?? { messages: new Map<string, Row>(), revoked: new Map() };
    this.#owners.set(account.id, owner);
    owner.messages.set(message.hash, { ...message, row: this.#nextRow++ });
    if (isPublicOutbox(message.namespace)) {
      this.#remove(
        account.id,
        ({ namespace, hash }) => namespace === message.namespace && hash !== message.hash,
      );
    }
    return { isNew: true, expiry: message.expiry };
  }

  /** Messages of a namespace stored after `lastHash` (from the start if this node does not have it), at least one. */
  retrieve(
    account: Account,
    namespace: number,
    lastHash: string | undefined,
    { maxCount, maxSize }: RetrieveLimits,
  ): { readonly messages: readonly DatabaseMessage[]; readonly more: boolean } {
    const owner = this.#owners.get(account.id);
    const after = (lastHash === undefined ? undefined : owner?.messages.get(lastHash)?.row) ?? 0;
    const messages: DatabaseMessage[] = [];
    let size = 0;
    for (const message of owner?.messages.values() ?? []) {
      if (message.namespace !== namespace || message.row <= after) continue;
      size += Math.ceil(message.data.length / 3) * 4 + message.hash.length + MESSAGE_OVERHEAD;
      if (messages.length > 0 && (size > maxSize || messages.length >= maxCount))
        return { messages, more: true };
      messages.push(message);
    }
    return { messages, more: false };
  }

  /** Deletes the messages that `matches` picks; gives them back. */
  delete(account: Account, matches: (message: DatabaseMessage) => boolean): readonly DatabaseMessage[] {
    return this.#remove(account.id, matches);
  }

  /** Sets the expiry of one message if `allowed` says so about the present one; false if nothing changed. */
  setExpiry(account: Account, hash: string, expiry: number, allowed: (present: number) => boolean): boolean {
    const message = this.#owners.get(account.id)?.messages.get(hash);
    if (message === undefined || !allowed(message.expiry)) return false;
    message.expiry = expiry;
    return true;
  }

  /** The message with this hash, in whatever namespace. */
  get(account: Account, hash: string): DatabaseMessage | undefined {
    return this.#owners.get(account.id)?.messages.get(hash);
  }

  /** All messages of an account in the order of storing. */
  all(account: Account): readonly DatabaseMessage[] {
    return [...(this.#owners.get(account.id)?.messages.values() ?? [])];
  }

  /** Ids of the accounts with at least one message. */
  accounts(): readonly string[] {
    return [...this.#owners.keys()];
  }

  /** Revokes tokens. Without effect on an account that has no message: revocations hang on the account's record. */
  revoke(account: Account, tokens: readonly Uint8Array[]): void {
    const revoked = this.#owners.get(account.id)?.revoked;
    if (revoked === undefined) return;
    for (const token of tokens) {
      const key = bytesToHex(token);
      revoked.delete(key);
      revoked.set(key, token);
    }
    for (const key of revoked.keys()) {
      if (revoked.size <= REVOCATIONS_KEPT) break;
      revoked.delete(key);
    }
  }

  /** Takes revocations back; how many there were. */
  unrevoke(account: Account, tokens: readonly Uint8Array[]): number {
    const revoked = this.#owners.get(account.id)?.revoked;
    return tokens.filter((token) => revoked?.delete(bytesToHex(token)) ?? false).length;
  }

  isRevoked(account: Account, token: Uint8Array): boolean {
    return this.#owners.get(account.id)?.revoked.has(bytesToHex(token)) ?? false;
  }

  revokedTokens(account: Account): readonly Uint8Array[] {
    return [...(this.#owners.get(account.id)?.revoked.values() ?? [])];
  }

  /** The record of an account, revocations included, goes away with its last message. */
  #remove(id: string, matches: (message: DatabaseMessage) => boolean): readonly DatabaseMessage[] {
    const owner = this.#owners.get(id);
    if (owner === undefined) return [];
    const removed = [...owner.messages.values()].filter(matches);
    for (const message of removed) owner.messages.delete(message.hash);
    if (owner.messages.size === 0) this.#owners.delete(id);
    return removed;
  }
}
