import type { Crypto } from "session-messenger-sdk/crypto";
import { SessionError } from "session-messenger-sdk/errors";
import { describe, expect, it } from "vitest";
import type { Json, Op, OpTable } from "../runners/op.js";
import { ourBackends } from "./backends.js";
import { readVectors } from "./vectors.js";

/** One test for each case of `files` with each backend of the package, through `ops`. */
export function testVectors(files: readonly string[], ops: OpTable): void {
  for (const file of files) {
    for (const crypto of ourBackends) {
      describe(`${file} with the ${crypto.name} backend`, () => {
        for (const testCase of readVectors(file).cases) {
          it(testCase.name, () => {
            const op = ops[testCase.op];
            expect(op).toBeDefined();
            expect(outcome(op as Op, testCase, crypto)).toEqual(testCase.output);
          });
        }
      });
    }
  }
}

/** The op's output; a refusal by a `SessionError` is what the vectors call an error. */
function outcome(op: Op, { input, output }: Json, crypto: Crypto): Json {
  try {
    return op(input, { crypto, expected: output });
  } catch (error) {
    if (error instanceof SessionError) return { error: true };
    throw error;
  }
}
