/**
 * Items of something newer than this version (docs/protocol/CHANGES-2026.md §1.1). Their bytes are kept, within a limit,
 * and read once more by every other version of the library that opens the store.
 *
 * @module
 */
import type { NewerFormat, UnknownKind } from "../messages/index.js";
import { type InboxItem, type Store, UNSUPPORTED } from "../store/index.js";
import type { Emitter } from "./events.js";

/** What keeping needs. */
export interface UnsupportedWorld {
  readonly self: string;
  readonly store: Store;
  readonly events: Emitter;
  /** Network time, ms. */
  readonly now: () => number;
  readonly version: string;
  /** Most bytes to keep. */
  readonly maxBytes: number;
}

/** A message of a kind that this version does not know, wherever it was written. */
type UnreadKind = Omit<UnknownKind, "from" | "conversation"> & {
  readonly from: string;
  readonly conversation?: string | undefined;
};

/** What reading made of an item that this version cannot read. */
type UnreadResult = NewerFormat | UnreadKind;

/** An item whose life in the swarm is shorter by more than this than the longest is not kept beyond it. */
const LONGEST_MS = 1_209_600_000;
const TOLERANCE_MS = 3_600_000;

/** See the module's description. */
export class Unsupported {
  readonly #world: UnsupportedWorld;
  /** Bytes by hash, oldest first. */
  readonly #kept: Map<string, number>;

  private constructor(world: UnsupportedWorld, kept: Map<string, number>) {
    this.#world = world;
    this.#kept = kept;
  }

  /** Takes up what earlier versions kept: it goes into the inbox again. Returns how many items did. */
  static async open(world: UnsupportedWorld): Promise<{ unsupported: Unsupported; retried: number }> {
    const { self, store, now, version } = world;
    const kept = new Map<string, number>();
    const records = await store.list(UNSUPPORTED);
    const over = records.filter(({ record: { until = Number.POSITIVE_INFINITY } }) => until <= now());
    const left = records.filter((record) => !over.includes(record));
    const retried = left.filter(({ record }) => record.version !== version);
    left.sort((a, b) => a.record.timestamp - b.record.timestamp);
    for (const { id, record } of left) kept.set(id, record.data.length);
    await store.write((batch) => {
      for (const { id } of over) batch.delete(UNSUPPORTED, id);
      for (const { id: hash, record } of retried) {
        const { pubkey = self, namespace, data, timestamp, expiration, room } = record;
        const place = room === undefined ? {} : { room };
        batch.addInbox({ pubkey, namespace, hash, data, timestamp, expiration, ...place });
        batch.put(UNSUPPORTED, hash, { ...record, version });
      }
    });
    return { unsupported: new Unsupported(world, kept), retried: retried.length };
  }

  /** Keeps an item, and tells of it the first time. */
  async keep(item: InboxItem, result: UnreadResult): Promise<void> {
    const { pubkey, hash, namespace, data, timestamp, expiration, room } = item;
    const { self, store, events, version, maxBytes } = this.#world;
    if (this.#kept.has(hash)) return;
    const { reason } = result;
    if (data.length <= maxBytes) {
      const until = usefulUntil(item, result);
      const place = { ...(room === undefined ? {} : { room }), ...(pubkey === self ? {} : { pubkey }) };
      const record = { reason, namespace, data, timestamp, expiration, version, ...place };
      this.#kept.set(hash, data.length);
      let total = [...this.#kept.values()].reduce((sum, bytes) => sum + bytes, 0);
      await store.write((batch) => {
        batch.put(UNSUPPORTED, hash, { ...record, ...(until === undefined ? {} : { until }) });
        for (const [oldest, bytes] of this.#kept) {
          if (total <= maxBytes) break;
          total -= bytes;
          this.#kept.delete(oldest);
          batch.delete(UNSUPPORTED, oldest);
        }
      });
    }
    const { from, conversation, timestamp: sentAt } = result as Partial<UnreadKind>;
    events.emit("unsupported", {
      reason,
      hash,
      data,
      ...(from === undefined ? {} : { from }),
      ...(conversation === undefined ? {} : { conversation }),
      ...(from === undefined || sentAt === undefined ? {} : { timestamp: sentAt }),
    });
  }

  /** An item that was kept could be read now. */
  async release(hash: string): Promise<void> {
    if (!this.#kept.delete(hash)) return;
    await this.#world.store.write((batch) => batch.delete(UNSUPPORTED, hash));
  }
}

/** When nobody needs the bytes any more; undefined: never. */
function usefulUntil({ timestamp, expiration }: InboxItem, result: UnreadResult): number | undefined {
  if (result.reason === "unknown-type" && result.expiration.mode === "after-send") {
    return result.timestamp + result.expiration.seconds * 1000;
  }
  return expiration - timestamp < LONGEST_MS - TOLERANCE_MS ? expiration : undefined;
}
