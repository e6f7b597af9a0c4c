/**
 * Stores in a folder, where there are none: browsers give the store a database instead.
 *
 * @module
 */
import { SessionError } from "../errors/index.js";
import type { LevelDatabase } from "./database.js";

/** @throws `STORE_UNSUPPORTED` always */
export function openFolder(folder: string): Promise<LevelDatabase> {
  return Promise.reject(
    new SessionError("STORE_UNSUPPORTED", "there are no folders here: give a browser-level database", {
      details: { folder },
    }),
  );
}
