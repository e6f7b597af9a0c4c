/**
 * No compressor: where bundles are downloaded, 250 kB of WebAssembly are the app's choice (`config/zstd`).
 *
 * @module
 */
import type { Compress } from "./compress.js";

export async function load(): Promise<Compress | undefined> {
  return undefined;
}
