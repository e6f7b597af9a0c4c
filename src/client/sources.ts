/**
 * Where messages come from. Whatever was retrieved lies in one inbox; its source knows how to read it, what makes two
 * messages the same, and what a message changes besides being delivered (delivery.ts).
 *
 * @module
 */
import type { InboxItem, StoreBatch } from "../store/index.js";
import type { Deliverable } from "./received.js";

/** Takes a write that somebody else waits for. */
export type Track = (write: Promise<unknown>) => void;

/** Reads the items of one kind of conversations. */
export interface MessageSource {
  /** Names the source: what waits for the app is counted for each. */
  readonly name: Deliverable["source"];
  /** Names the place of an item within the source, where that is counted too: a place that nobody reads may be full. */
  placeOf?(item: InboxItem): string;
  /** True for the items that this source reads. */
  reads(item: InboxItem): boolean;
  /**
   * The message in `item`. Undefined: there is none for the app, which is told by an event if it is news. `later`: it
   * cannot be read yet, and comes again in the next round.
   *
   * @param isInFlight - true if another item with this identity is being delivered
   * @throws the codes of the store
   */
  read(
    item: InboxItem,
    isInFlight: (identity: string) => boolean,
  ): Promise<Deliverable | "later" | undefined>;
  /** What makes two messages the same. */
  identityOf(message: Deliverable): string;
  /** Puts the marks by which duplicates of a delivered message are known. */
  markReceived(batch: StoreBatch, item: InboxItem, message: Deliverable): void;
  /**
   * What a message changes besides being delivered; called once for each in every run, before anyone gets it. Writes that
   * delivery need not wait for are given to `track`.
   */
  apply(message: Deliverable, item: InboxItem, track: Track): Promise<void>;
}
