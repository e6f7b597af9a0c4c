/**
 * Sizes and times of config messages (docs/protocol/config.md).
 *
 * @module
 */

/** Most bytes of one stored message. */
export const MAX_STORED_BYTES = 76_800;
/** Most bytes of a whole config, padded, before it is cut into parts. */
export const MAX_CONFIG_BYTES = 5_000_000;
/** Most bytes that a received config may decompress to. */
export const MAX_DECOMPRESSED_BYTES = 10_000_000;
/** Lists and dicts inside each other, at most. */
export const MAX_DEPTH = 64;
/** Messages this many sequence numbers behind the newest are no longer merged. */
export const LAG = 5n;
/** Time to live to store config messages with: 30 days. */
export const CONFIG_TTL_MS = 2_592_000_000;

/** UTF-8 bytes of a name or nickname. */
export const MAX_NAME_BYTES = 100;
/** Bytes of the URL of a profile picture. */
export const MAX_PICTURE_URL_BYTES = 223;
export const PICTURE_KEY_BYTES = 32;
export const MAX_INT64: bigint = 2n ** 63n - 1n;
export const MIN_INT64: bigint = -(2n ** 63n);

const DAY_MS = 86_400_000;
/** How long the parts that came of a large config wait for the others, counted from the last one. */
export const PARTS_WAIT_MS: number = 7 * DAY_MS;
/** How long it is remembered that a large config was read, so that its parts are not collected again. */
export const PARTS_DONE_MS: number = 14 * DAY_MS;
/** Read marks older than this are not written. */
export const READ_MARK_MS: number = 30 * DAY_MS;
/** Conversations read longer ago than this are dropped at a push. */
export const READ_PRUNE_MS: number = 45 * DAY_MS;
