/**
 * Session Pro proofs (docs/protocol/protobuf-schema.md section 8). This package passes them through; it neither makes
 * nor checks them.
 *
 * @module
 */
import type { ProProof } from "../proto/index.js";

/** Expiry times above are in milliseconds, which only layout A has. */
const FIRST_MILLISECONDS = 100_000_000_000n;

/**
 * Which of the two layouts that share field numbers a proof has. In layout B `genIndexHash` holds the revocation tag
 * and `expireAtMs` the expiry in seconds.
 */
export function proProofLayout({ version, expireAtMs = 0n }: ProProof): "A" | "B" {
  return version !== undefined || expireAtMs >= FIRST_MILLISECONDS ? "A" : "B";
}
