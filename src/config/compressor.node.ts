/**
 * The compressor of Node and of runtimes like it: WebAssembly from a file, loaded when it is first asked for.
 *
 * @module
 */
import type { Compress } from "./compress.js";
import { loadCompressor } from "./zstd.js";

let loaded: Promise<Compress> | undefined;

/** The compressor, one for the whole process. */
export function load(): Promise<Compress | undefined> {
  loaded ??= loadCompressor();
  return loaded;
}
