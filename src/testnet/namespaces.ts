/**
 * What a namespace number means (docs/protocol/storage-server-behaviour.md §5). The server knows no others.
 *
 * @module
 */

/** Anyone may store, unsigned; lifetimes up to 14 days. */
export const isPublicInbox = (namespace: number): boolean => namespace % 10 === 0;

/** Anyone may read; holds one message. */
export const isPublicOutbox = (namespace: number): boolean => namespace < 0 && -namespace % 20 === 1;

/** A revoked subaccount may still read. */
export const isUnrevocable = (namespace: number): boolean => namespace < 0 && -namespace % 100 === 11;

/** Read without a signature: public outboxes and the legacy groups' box. */
export const isReadByAnyone = (namespace: number): boolean => namespace === -10 || isPublicOutbox(namespace);

/** How a namespace stands in signed text and in message hashes. */
export const namespaceText = (namespace: number | "all"): string =>
  namespace === 0 ? "" : String(namespace);
