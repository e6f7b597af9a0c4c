/**
 * What `#crypto-backend` means outside Node.
 *
 * @module
 */
import { portableCrypto } from "./portable.js";
import type { Crypto } from "./types.js";

export const backend: Crypto = portableCrypto;
