/**
 * Stores in a folder: LevelDB through `classic-level`, loaded when the first one is opened.
 *
 * @module
 */
import { mkdir } from "node:fs/promises";
import type { LevelDatabase } from "./database.js";

/** A database in `folder`, which is created if absent (its parents too). Not yet open. */
export async function openFolder(folder: string): Promise<LevelDatabase> {
  const { ClassicLevel } = await import("classic-level");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return new ClassicLevel<string, string>(folder);
}
