/**
 * The compressed form of a config message (docs/protocol/config.md §7): `z` and a zstd frame.
 *
 * @module
 */
import { concatBytes } from "../bytes/index.js";

/** Compresses to one zstd frame at level 1. See `session-messenger-sdk/config/zstd`. */
export type Compress = (data: Uint8Array) => Uint8Array;

const COMPRESSED: Uint8Array = /* @__PURE__ */ Uint8Array.of(0x7a);

/** The compressed form if it is shorter, else the message itself. Without a compressor always the message itself. */
export function compressConfig(message: Uint8Array, compress: Compress | undefined): Uint8Array {
  if (compress === undefined) return message;
  const compressed = compress(message);
  return compressed.length + 1 < message.length ? concatBytes(COMPRESSED, compressed) : message;
}
