/**
 * Namespaces: the numbered boxes of an account (docs/protocol/swarm.md §3).
 *
 * A server knows only rules by number: public inbox, public outbox, unrevocable, private.
 *
 * @module
 */
import { invalidArgument } from "./errors.js";

/** The namespaces that Session uses. */
export const NAMESPACES = {
  /** One-to-one messages, sync copies, group invitations; in the swarm of a 05 id. */
  default: 0,
  userProfile: 2,
  contacts: 3,
  convoInfoVolatile: 4,
  userGroups: 5,
  /** Messages of a group; this and the following in the swarm of an 03 id. */
  groupMessages: 11,
  groupKeys: 12,
  groupInfo: 13,
  groupMembers: 14,
  /** Notices for removed members, who may still read them. */
  revokedRetrievable: -11,
  /** Messages of legacy closed groups. */
  legacyClosed: -10,
} as const;

/** A namespace number, or every namespace of the account where a method takes that. */
export type NamespaceOrAll = number | "all";

/** Shortest time to live a server takes. */
export const MIN_TTL_MS = 10_000;
/** Longest time to live in a public inbox: 14 days. */
export const MAX_INBOX_TTL_MS = 1_209_600_000;
/** Longest time to live elsewhere: 30 days. */
export const MAX_TTL_MS = 2_592_000_000;
/** Most bytes of one stored message. */
export const MAX_DATA_BYTES = 76_800;

/** Anyone may store, unsigned: divisible by ten. */
export function isPublicInbox(namespace: number): boolean {
  return namespace % 10 === 0;
}

/** Anyone may retrieve, and it keeps one message only: -1, -21, -41, … */
export function isPublicOutbox(namespace: number): boolean {
  return namespace < 0 && -namespace % 20 === 1;
}

/** Revoked subaccounts may still retrieve: -11, -111, … */
export function isUnrevocable(namespace: number): boolean {
  return namespace < 0 && -namespace % 100 === 11;
}

/** True when storing needs a signature. */
export function storeNeedsSignature(namespace: number): boolean {
  return !isPublicInbox(namespace);
}

/** True when retrieving needs a signature. */
export function retrieveNeedsSignature(namespace: number): boolean {
  return !isPublicOutbox(namespace) && namespace !== NAMESPACES.legacyClosed;
}

/** Longest time to live that `namespace` takes, in milliseconds. */
export function maxTtl(namespace: number): number {
  return isPublicInbox(namespace) ? MAX_INBOX_TTL_MS : MAX_TTL_MS;
}

/** The namespace as it stands in signatures and hashes: nothing for 0, else decimal, or `all`. */
export function namespaceText(namespace: NamespaceOrAll): string {
  return namespace === 0 ? "" : String(namespace);
}

/**
 * `namespace`, if it is one.
 *
 * @throws `INVALID_ARGUMENT` unless it is an integer from -32768 to 32767
 */
export function checkNamespace(namespace: number): number {
  if (!Number.isInteger(namespace) || namespace < -32768 || namespace > 32767)
    throw invalidArgument("a namespace is a 16-bit integer", { namespace });
  // -0 would be written as 0 in JSON too; one zero keeps the signature text and the params equal.
  return namespace === 0 ? 0 : namespace;
}

/** Namespaces with many messages, which get the larger share of a reply. */
const PRIORITY: ReadonlyMap<number, number> = /* @__PURE__ */ new Map<number, number>([
  [NAMESPACES.default, 10],
  [NAMESPACES.groupMessages, 10],
]);

/**
 * The `max_size` of each retrieve in one batch, so that the replies together stay within one whole
 * (docs/protocol/swarm.md §10.2): `-n` is one n-th of what a server sends at most.
 *
 * `[0, 2, 3, 5, 4]` → `[-2, -8, -8, -8, -8]`.
 */
export function maxSizeFractions(namespaces: readonly number[]): number[] {
  const priorityOf = (namespace: number): number => PRIORITY.get(namespace) ?? 1;
  const priorities = [...new Set(namespaces.map(priorityOf))].sort((a, b) => b - a);
  const fractions = new Map<number, number>();
  let divisor = 1;
  for (const [index, priority] of priorities.entries()) {
    const members = namespaces.filter((namespace) => priorityOf(namespace) === priority).length;
    // One share more than there are members is left for the lower priorities, if there are any.
    divisor *= members + (index < priorities.length - 1 ? 1 : 0);
    fractions.set(priority, -divisor);
  }
  return namespaces.map((namespace) => fractions.get(priorityOf(namespace)) ?? -1);
}
