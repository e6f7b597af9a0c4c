/**
 * The compressor of Node and of runtimes like it: WebAssembly from a file, loaded when it is first asked for.
 *
 * @module
 */
import type { Compress } from "./compress.js";
import { loadCompressor } from "./zstd.js";

/** The library has one module for the whole process, so it is filled once, whoever asks. */
let loaded: Promise<Compress> | undefined;

/** The compressor. Rejects with whatever keeps the file from being read. */
export function load(): Promise<Compress | undefined> {
  loaded ??= loadCompressor();
  return loaded;
}
