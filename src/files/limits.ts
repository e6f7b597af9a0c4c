/**
 * Sizes of docs/protocol/attachments.md §5, bytes.
 *
 * @module
 */

/** Largest file that the apps send, before encryption. */
export const MAX_FILE_SIZE = 10_000_000;
/** Largest file that {@link MAX_STREAM_ENCRYPTED_SIZE} holds in the stream scheme. */
export const MAX_STREAM_FILE_SIZE = 10_218_286;
/** Largest encrypted file that servers take and receivers load. */
export const MAX_STREAM_ENCRYPTED_SIZE = 10_223_616;
