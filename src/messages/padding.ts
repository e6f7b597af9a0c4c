/**
 * Padding of the plaintext (docs/protocol/messages.md section 3.2): `message ‖ 80 ‖ 00…00`.
 *
 * @module
 */
import { PADDING_BLOCK } from "./limits.js";

const TERMINATOR = 0x80;

/**
 * Length of {@link padMessage}'s result, by the rule of current apps. A message that ends one byte short of a block
 * gets a whole block more.
 */
export function paddedLength(length: number): number {
  return (Math.floor((length + 1) / PADDING_BLOCK) + 1) * PADDING_BLOCK;
}

/** Pads to a multiple of 160 bytes. */
export function padMessage(message: Uint8Array): Uint8Array {
  const padded = new Uint8Array(paddedLength(message.length));
  padded.set(message);
  padded[message.length] = TERMINATOR;
  return padded;
}

/**
 * Removes the padding of any rule; the length is not checked, because old apps padded one byte less. Input without
 * padding comes back whole, zeros included: a message that was never padded can end in 00. A view, not a copy.
 */
export function unpadMessage(padded: Uint8Array): Uint8Array {
  let end = padded.length;
  while (end > 0 && padded[end - 1] === 0) end--;
  return end > 0 && padded[end - 1] === TERMINATOR ? padded.subarray(0, end - 1) : padded;
}
