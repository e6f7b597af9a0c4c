/**
 * Limits and lifetimes (docs/protocol/messages.md section 2).
 *
 * @module
 */

/** Plaintexts are padded to multiples of this many bytes. */
export const PADDING_BLOCK = 160;
/** Code points of a text that the apps let a user without Session Pro write. */
export const TEXT_LIMIT = 2_000;
/** Code points of a text with Session Pro; receivers cut longer ones. */
export const TEXT_LIMIT_PRO = 10_000;
/** A message with more attachments is dropped by receivers. */
export const MAX_ATTACHMENTS = 32;
/** UTF-16 units of an emoji; the longest of Unicode have about 35. Anything longer is none. */
export const MAX_EMOJI_LENGTH = 64;
/** UTF-8 bytes of a display name. */
export const MAX_NAME_BYTES = 100;
/** How far a community message's own time may be from the time of posting: 6 h. */
export const COMMUNITY_CLOCK_TOLERANCE_MS: number = 6 * 60 * 60 * 1000;

/** Time that a swarm keeps a message, in milliseconds. */
export const MESSAGE_TTL_MS: { readonly content: number; readonly typing: number; readonly call: number } = {
  content: 14 * 24 * 60 * 60 * 1000,
  typing: 20_000,
  call: 5 * 60 * 1000,
};
