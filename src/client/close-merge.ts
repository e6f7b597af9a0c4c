/**
 * Finishing merges of configs.
 *
 * @module
 */
import type { ConfigBase } from "../config/index.js";
import { isSessionError } from "../errors/index.js";

/**
 * Makes a version of its own of what a merge came to, before anything else is changed. A merge lists all that is there, so
 * that what is taken away in the same version is listed nowhere, and comes back when another device's version is merged
 * (docs/protocol/config.md §6.2).
 *
 * @returns hashes of stored versions that are replaced once this one is stored
 */
export function closeMerge(config: ConfigBase): readonly string[] {
  if (!config.needsPush || !config.canWrite) return [];
  try {
    return config.push().obsolete;
  } catch (error) {
    // Whoever pushes it tells.
    if (!isSessionError(error, "CONFIG_TOO_LARGE", "GROUP_NO_KEYS")) throw error;
    return [];
  }
}
