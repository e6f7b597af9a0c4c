/**
 * Stores in a folder: LevelDB through `classic-level`, loaded when the first one is opened.
 *
 * @module
 */
import { mkdir } from "node:fs/promises";
import { SessionError } from "../errors/index.js";
import type { LevelDatabase } from "./database.js";
import type { StoreErrorCode } from "./errors.js";

/**
 * A database in `folder`, which is created if absent (its parents too). Not yet open.
 *
 * @throws `STORE_UNSUPPORTED` where the optional `classic-level` is not installed
 */
export async function openFolder(folder: string): Promise<LevelDatabase> {
  const { ClassicLevel } = await import("classic-level").catch((cause: unknown) => {
    throw new SessionError<StoreErrorCode>("STORE_UNSUPPORTED", "a folder needs the package classic-level", {
      cause,
      details: { folder },
    });
  });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return new ClassicLevel<string, string>(folder);
}
