/**
 * Records of legacy closed groups.
 *
 * ```
 * legacy-group/<id>    a group's state, and what is to be done for it
 * ```
 *
 * @module
 */
import type { Collection } from "./collections.js";
import { checked, isBytes, isFlag, isIds, isObject, isText, isTime, members } from "./records.js";

/** An X25519 pair of a legacy group. */
export interface LegacyPairRecord {
  readonly publicKey: Uint8Array;
  /** Secret. */
  readonly secretKey: Uint8Array;
}

/** A legacy group that the account is, or was, in. */
export interface LegacyGroupRecord {
  readonly name: string;
  readonly members: readonly string[];
  readonly admins: readonly string[];
  /** From the newest to the oldest. */
  readonly keyPairs: readonly LegacyPairRecord[];
  /** Members that left by themselves. */
  readonly zombies: readonly string[];
  readonly timerSeconds: number;
  /** Network ms. */
  readonly joinedAt: number;
  readonly status: "active" | "left" | "kicked";
  /** Members who are still to be told of the group. */
  readonly toInvite: readonly string[];
  /** A new pair is to be handed out: somebody was removed. */
  readonly toRotate: boolean;
}

const isKey = (value: unknown): boolean => isBytes(value) && value.length === 32;
const isPair = (value: unknown): boolean =>
  isObject(value) && isKey(value["publicKey"]) && isKey(value["secretKey"]);

/** By group id. */
export const LEGACY_GROUPS: Collection<LegacyGroupRecord> = {
  name: "legacy-group",
  read: (text) =>
    checked(members(text), {
      name: isText,
      members: isIds,
      admins: isIds,
      keyPairs: (value) => Array.isArray(value) && value.every(isPair),
      zombies: isIds,
      timerSeconds: isTime,
      joinedAt: isTime,
      status: (value) => /^(active|left|kicked)$/.test(String(value)),
      toInvite: isIds,
      toRotate: isFlag,
    }),
};
