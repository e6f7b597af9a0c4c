/**
 * What becomes of several versions of one config (docs/protocol/config.md §6).
 *
 * Versions that others contain, repeat or left far behind are redundant. If one remains it wins as it is; otherwise the
 * changes of all that remain are replayed over the newest in one order, so that every device gets the same result.
 *
 * @module
 */

import { type ConfigDict, Editor } from "./data.js";
import { applyDiff } from "./diff.js";
import { LAG } from "./limits.js";
import { type ConfigMessage, compareVersions, type LaggedDiff } from "./message.js";

/** The outcome of {@link resolve}. */
export type Resolution =
  /** A version wins unchanged: its place in the list. */
  | { readonly kind: "winner"; readonly index: number }
  /** A new version that contains the others. */
  | {
      readonly kind: "merged";
      readonly seqno: bigint;
      readonly data: ConfigDict;
      /** Every change that was replayed. */
      readonly lagged: readonly LaggedDiff[];
    };

/**
 * @param versions - at least one
 * @param canMerge - false where a merge could not be signed: the newest wins
 */
export function resolve(versions: readonly ConfigMessage[], canMerge: boolean): Resolution {
  const remaining = needed(versions);
  const [first] = remaining;
  if (first === undefined) return { kind: "winner", index: 0 };
  if (remaining.length === 1 || !canMerge) return { kind: "winner", index: first.index };

  const editor = new Editor();
  const data = editor.own(first.message.data);
  const lagged: LaggedDiff[] = [];
  for (const { entry, source } of replay(remaining.map(({ message }) => message))) {
    applyDiff(data, entry.diff, source, editor);
    lagged.push(entry);
  }
  return { kind: "merged", seqno: first.message.seqno + 1n, data, lagged };
}

/** Versions that no other makes redundant, the newest first. */
function needed(versions: readonly ConfigMessage[]): { message: ConfigMessage; index: number }[] {
  const contained = new Set(versions.flatMap(({ lagged }) => lagged.map(versionKey)));
  let newest = versions[0]?.seqno ?? 0n;
  for (const { seqno } of versions) if (seqno > newest) newest = seqno;
  const seen = new Set<string>();
  return versions
    .map((message, index) => ({ message, index }))
    .filter(({ message }) => {
      const key = versionKey(message);
      const redundant = contained.has(key) || seen.has(key) || message.seqno + LAG <= newest;
      seen.add(key);
      return !redundant;
    })
    .sort((a, b) => compareVersions(b.message, a.message));
}

/** All changes in the order to apply them, each with the data that has its values. */
function replay(newestFirst: readonly ConfigMessage[]): { entry: LaggedDiff; source: ConfigDict }[] {
  const entries = new Map<string, { entry: LaggedDiff; source: ConfigDict }>();
  for (const { seqno, hash, diff, lagged, data } of newestFirst) {
    for (const entry of [{ seqno, hash, diff }, ...lagged]) {
      const key = versionKey(entry);
      if (!entries.has(key)) entries.set(key, { entry, source: data });
    }
  }
  return [...entries.values()].sort((a, b) => compareVersions(a.entry, b.entry));
}

function versionKey({ seqno, hash }: Pick<LaggedDiff, "seqno" | "hash">): string {
  return `${seqno}:${hash}`;
}
