/**
 * Where each record lies. Keys are text, parts are joined by `/`, numbers that must sort are padded to 16 digits.
 *
 * ```
 * version                                    {"version":1}
 * account                                    {"sessionId","seed"}
 * clock                                      {"last":ms}
 * network/<name>                             a network snapshot
 * cursor/<pubkey>/<namespace>/<node>         {"hash","expiration"}
 * mark/<kind>/<name>                         until when the mark counts, ms
 * until/<ms>/<kind>/<name>                   "" (the marks in the order of their end)
 * inbox/<sequence>                           a message on its way to the app
 * outbox/<sequence>                          a message on its way to the network
 * <collection>/<id>                          see collections.ts
 * ```
 *
 * @module
 */

/**
 * Kinds of marks: `seen` hashes of retrieved messages; by (sender, timestamp) messages that are `known` and messages that
 * were deleted and stay `gone`.
 */
export type MarkKind = "seen" | "known" | "gone";

export const VERSION_KEY = "version";
export const ACCOUNT_KEY = "account";
export const CLOCK_KEY = "clock";
export const UNTIL_PREFIX = "until/";

/** 16 digits: sorts as text like the number does. */
export const padNumber = (value: number): string => String(value).padStart(16, "0");

export const networkKey = (name: string): string => `network/${name}`;
export const cursorKey = (pubkey: string, namespace: number, node: string): string =>
  `cursor/${pubkey}/${namespace}/${node}`;
export const markKey = (kind: MarkKind, name: string): string => `mark/${kind}/${name}`;
export const untilKey = (until: number, kind: MarkKind, name: string): string =>
  `${UNTIL_PREFIX}${padNumber(until)}/${kind}/${name}`;
export const queueKey = (queue: "inbox" | "outbox", sequence: number): string =>
  `${queue}/${padNumber(sequence)}`;

export const recordKey = (collection: string, id: string): string => `${collection}/${id}`;

/** The mark's key that an `until/…` key stands for, and its time. */
export function parseUntilKey(key: string): { until: number; mark: string } {
  const start = UNTIL_PREFIX.length;
  return { until: Number(key.slice(start, start + 16)), mark: `mark/${key.slice(start + 17)}` };
}

/** The sequence number at the end of a queue's key. */
export const sequenceOf = (key: string): number => Number(key.slice(key.indexOf("/") + 1));

/** Range of all keys that start with `prefix`. */
export const rangeOf = (prefix: string): { gte: string; lt: string } => ({
  gte: prefix,
  lt: `${prefix}\uffff`,
});
