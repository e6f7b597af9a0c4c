/**
 * What servers want of those who call.
 *
 * @module
 */
import { isSessionError } from "../../errors/index.js";

/** How long the server says to wait, ms; 0 if it does not. */
export function waitOf(error: unknown): number {
  if (!isSessionError(error, "COMMUNITY_RATE_LIMITED")) return 0;
  const { retryAfterMs } = error.details;
  return typeof retryAfterMs === "number" ? retryAfterMs : 0;
}
