/**
 * Numbers of the group protocol (docs/protocol/groups.md §1).
 *
 * @module
 */

/** Members of a group, admins included. Only clients enforce it. */
export const MAX_GROUP_MEMBERS = 100;
/** Bytes of a name of a group or member, in UTF-8. */
export const MAX_GROUP_NAME_BYTES = 100;
/** Bytes of a description that apps accept from the user, in UTF-8. */
export const MAX_GROUP_DESCRIPTION_BYTES = 600;
/** Entries of a full keys message are a multiple of this (75 before February 2025). */
export const KEYS_MESSAGE_MULTIPLE = 45;
/** A generation that a later one replaced this long ago, by the swarm's clock, is forgotten: 60 days. */
export const KEY_EXPIRY_MS: number = 60 * 24 * 60 * 60 * 1000;
/**
 * The highest generation. A rekey each second would take 68 years to get there, so a message beyond it is an attempt
 * to leave no room for the next rekey. A rule of ours: the reference ends at 2^63 − 1.
 */
export const MAX_GENERATION: number = 2 ** 31 - 1;
/** No keys message can be longer: servers store no more (docs/protocol/swarm.md §4). */
export const MAX_KEYS_MESSAGE_BYTES = 76_800;
/** Plaintext of a group message, before compression. */
export const MAX_GROUP_MESSAGE_BYTES = 1_000_000;
/** The encrypted size of a group message is a multiple of this. */
export const GROUP_MESSAGE_PADDING = 256;

/** Milliseconds that a swarm keeps what is stored in each namespace of a group. */
export const GROUP_TTL_MS: {
  readonly messages: number;
  readonly keys: number;
  readonly info: number;
  readonly members: number;
  readonly removals: number;
} = /* @__PURE__ */ (() => {
  const day = 24 * 60 * 60 * 1000;
  return { messages: 14 * day, keys: 30 * day, info: 30 * day, members: 30 * day, removals: 30 * day };
})();
