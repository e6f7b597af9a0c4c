/**
 * The platform's transport, picked by the package's `imports` map: undici in Node, `fetch` through a relay elsewhere.
 *
 * @module
 */
import { createTransport as create } from "#transport";
import type { TransportOptions } from "./transport.js";
import type { Transport } from "./types.js";

/** A transport for this platform. */
export function createTransport(options: TransportOptions = {}): Transport {
  return create(options);
}
