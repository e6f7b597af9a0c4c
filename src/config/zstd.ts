/**
 * Compression for config messages: zstd as WebAssembly, loaded when asked for.
 *
 * Its output is byte for byte what the official clients store, which keeps the swarm's copies of one config one message.
 * Without it configs are stored uncompressed, which every client reads. Decompression needs nothing of this.
 *
 * @module
 */
import type { Compress } from "./compress.js";

/** The level that every kind of config uses. */
const LEVEL = 1;

/**
 * Loads the compressor (about 250 kB) and gives it as a synchronous function for `ConfigOptions.compress`.
 * Vite and webpack find the WebAssembly file by its URL; with esbuild `zstd.wasm` must be copied beside the bundle.
 */
export async function loadCompressor(): Promise<Compress> {
  const { init, compress } = await import("@bokuweb/zstd-wasm");
  await init();
  return (data) => compress(data, LEVEL);
}
