/**
 * What every `Crypto` backend must do, as a list of checks with fixed expected values.
 *
 * ```ts
 * for (const { name, run } of cryptoCompliance()) test(name, () => run(myCrypto));
 * ```
 *
 * Values come from the RFCs named in the checks and, where they say nothing, from libsodium and OpenSSL.
 *
 * @module
 */
import type { ComplianceCheck } from "./compliance-assert.js";
import { cipherChecks } from "./compliance-cipher.js";
import { curveChecks } from "./compliance-curve.js";
import { ed25519Checks } from "./compliance-ed25519.js";
import { handlingChecks } from "./compliance-handling.js";
import { hashChecks } from "./compliance-hash.js";
import { incrementalChecks } from "./compliance-incremental.js";

export type { ComplianceCheck } from "./compliance-assert.js";

/** All checks, in the order of the interface. Each stands alone. */
export function cryptoCompliance(): ComplianceCheck[] {
  return [
    ...hashChecks,
    ...ed25519Checks,
    ...curveChecks,
    ...cipherChecks,
    ...incrementalChecks,
    ...handlingChecks,
  ];
}
