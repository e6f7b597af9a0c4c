/**
 * The compressor that fits the runtime, chosen by the package's `imports` map (docs/decisions/011-config.md).
 *
 * @module
 */
import { load } from "#compressor";
import type { Compress } from "./compress.js";

/** What compresses configs here: zstd in Node, nothing elsewhere. Rejects with whatever keeps it from being loaded. */
export function platformCompressor(): Promise<Compress | undefined> {
  return load();
}
