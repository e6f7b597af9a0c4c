import type { Crypto } from "session-messenger-sdk/crypto";
import { nodeCrypto } from "session-messenger-sdk/crypto/node";
import { portableCrypto } from "session-messenger-sdk/crypto/portable";
import { isSessionError, type SessionError } from "session-messenger-sdk/errors";

export const backends: readonly Crypto[] = [nodeCrypto, portableCrypto];

/** Runs of a property test: few by default, more with FC_RUNS. */
export const runs = (count: number): { numRuns: number } => ({
  numRuns: count * Number(process.env["FC_RUNS"] ?? 1),
});

/** The `SessionError` that `run` throws; anything else thrown, or nothing, is a failure of the test. */
export function refusal(run: () => unknown): SessionError {
  let result: unknown;
  try {
    result = run();
  } catch (error) {
    if (isSessionError(error)) return error;
    throw error;
  }
  throw new Error(`not refused: ${String(result)}`);
}

/** Ends well or with a `SessionError`; anything else thrown comes through. */
export function survives(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    if (!isSessionError(error)) throw error;
  }
}

/** docs/protocol/identity.md §2. */
export const knownAccounts = [
  {
    seed: "00000000000000000000000000000000",
    phrase: "abbey abbey abbey abbey abbey abbey abbey abbey abbey abbey abbey abbey abbey",
    ed25519: "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29",
    sessionId: "055bf55c73b82ebe22be80f3430667af570fae2556a6415e6b30d4065300aa947d",
  },
  {
    seed: "0123456789abcdef0123456789abcdef",
    phrase: "vexed enjoy pigment films adept voted vexed enjoy pigment films adept voted adept",
    ed25519: "4cb76fdc6d32278e3f83dbf608360ecc6b65727934b85d2fb86862ff98c46ab7",
    sessionId: "05d2ad010eeb72d72e561d9de7bd7b6989af77dcabffa03a5111a6c859ae5c3a72",
  },
  {
    seed: "00112233445566778899aabbccddeeff",
    phrase:
      "python costume hamburger heels amnesty lukewarm antics value picked roped sowed southern amnesty",
    ed25519: "5ea34e72bb044654a6a23675690ef5ffaaf1656b02f93fb76655f9cbdbe89876",
    sessionId: "05aa654f00fc39fc69fd0db829410ca38177d7732a8d2f0934ab3872ac56d5aa74",
  },
  {
    seed: "ffffffffffffffffffffffffffffffff",
    phrase: "foamy solved soggy foamy solved soggy foamy solved soggy foamy solved soggy solved",
    ed25519: "50a8a21fb13d4d2e03037e393e5c60ddb9f92d97b55c8aa77e95a0624215d7a1",
    sessionId: "05fbc4b8c9a80643a287c8d7747dd95ae5475acd97ecd5398ea0bfa85393d70e21",
  },
] as const;
