/**
 * The Node backend.
 *
 * @module
 */
import { portableCrypto } from "./portable.js";
import type { Crypto } from "./types.js";

/** The Node backend. */
export const nodeCrypto: Crypto = { ...portableCrypto, name: "node" };
