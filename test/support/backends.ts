import type { Crypto } from "session-messenger-sdk/crypto";
import { nodeCrypto } from "session-messenger-sdk/crypto/node";
import { portableCrypto } from "session-messenger-sdk/crypto/portable";
import { sumoCrypto } from "./sumo.js";

/** The backends of the package. */
export const ourBackends: readonly Crypto[] = [nodeCrypto, portableCrypto];

/** The backends of the package and libsodium in WebAssembly. */
export const allBackends: readonly Crypto[] = [...ourBackends, sumoCrypto];
