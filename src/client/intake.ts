/**
 * What a swarm has given, on its way into the inbox: for how long it counts, and with which marks it comes.
 *
 * @module
 */
import type { CursorName, Store, StoreBatch } from "../store/index.js";
import type { Logger } from "./logger.js";
import type { ClockPort, Retrieved, RetrievedItem } from "./ports.js";

const DAY_MS = 86_400_000;
/** No item lives longer, whatever its node says. */
const MAX_LIFE_MS = 30 * DAY_MS;

/** What was sent or deleted is known for so long, ms: no copy of it lives longer. */
export const REMEMBER_MS: number = MAX_LIFE_MS;

/** When an item expires, ms: what its node says, within reason. */
export const lifeOf = (expiration: number, now: number): number =>
  Math.min(Math.max(expiration, now), now + MAX_LIFE_MS);

/** Until when the hash of an item that expires at `expiration` is known as seen, ms. */
export const seenUntil = (expiration: number): number => expiration + DAY_MS;

/** Puts an item into the inbox, and marks it as seen. */
export function putInbox(
  batch: StoreBatch,
  { pubkey, namespace }: Pick<CursorName, "pubkey" | "namespace">,
  item: RetrievedItem,
  now: number,
): void {
  const { hash, data, timestamp } = item;
  const expiration = lifeOf(item.expiration, now);
  batch.addInbox({ pubkey, namespace, hash, data, timestamp, expiration });
  batch.markSeen(pubkey, hash, seenUntil(expiration));
}

/** Puts what is new of a reply into the inbox, with marks and cursor; returns how much that is. */
export async function takeRetrieved(
  { store, clock, log }: { readonly store: Store; readonly clock: ClockPort; readonly log: Logger },
  name: CursorName,
  { items, last, invalid }: Retrieved,
): Promise<number> {
  const { pubkey, node } = name;
  if (invalid > 0) log.warn("a node gave items that are not what it calls them", { node, invalid });
  const seen = await store.seen(
    pubkey,
    items.map(({ hash }) => hash),
  );
  const fresh = new Map(items.filter(({ hash }) => !seen.has(hash)).map((item) => [item.hash, item]));
  const now = clock.now();
  await store.write((batch) => {
    for (const item of fresh.values()) putInbox(batch, name, item, now);
    if (last === undefined) return;
    batch.putCursor(name, { hash: last.hash, expiration: lifeOf(last.expiration, now) });
  });
  return fresh.size;
}
