/**
 * What `#crypto-backend` means in Node: libsodium where it loads, noble where it does not.
 *
 * @module
 */
import { nodeCrypto } from "./node.js";
import { portableCrypto } from "./portable.js";
import { sodiumAvailable } from "./sodium.node.js";
import type { Crypto } from "./types.js";

export const backend: Crypto = sodiumAvailable ? nodeCrypto : portableCrypto;
