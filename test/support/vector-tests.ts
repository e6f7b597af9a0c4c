import type { Crypto } from "session-messenger-sdk/crypto";
import { isSessionError } from "session-messenger-sdk/errors";
import { describe, expect, it } from "vitest";
import type { Json, Op, OpTable } from "../runners/op.js";
import { ourBackends } from "./backends.js";
import { readVectors } from "./vectors.js";

/** What {@link testVectors} leaves out. */
export interface VectorTestOptions {
  /** Ops that another room's tests run. */
  readonly except?: readonly string[];
}

/** One test for each case of `files` with each backend of the package, through `ops`. */
export function testVectors(
  files: readonly string[],
  ops: OpTable,
  { except = [] }: VectorTestOptions = {},
): void {
  for (const file of files) {
    const { cases } = readVectors(file);
    const ours: Json[] = cases.filter(({ op }: Json) => !except.includes(op));
    for (const crypto of ourBackends) {
      describe(`${file} with the ${crypto.name} backend`, () => {
        for (const testCase of ours) {
          it(testCase.name, () => {
            const op = ops[testCase.op];
            expect(op).toBeDefined();
            expect(outcome(op as Op, testCase, crypto, cases)).toStrictEqual(testCase.output);
          });
        }
      });
    }
  }
}

/** The op's output; a refusal by a `SessionError` is what the vectors call an error. */
function outcome(op: Op, { input, output }: Json, crypto: Crypto, cases: readonly Json[]): Json {
  try {
    return op(input, { crypto, expected: output, cases });
  } catch (error) {
    if (isSessionError(error)) return { error: true };
    throw error;
  }
}
