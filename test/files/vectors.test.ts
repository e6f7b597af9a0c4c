import type { Crypto } from "session-messenger-sdk/crypto";
import { SessionError } from "session-messenger-sdk/errors";
import { describe, expect, it } from "vitest";
import type { Json, Op } from "../runners/op.js";
import { filesOps } from "../runners/ops/files.js";
import { ourBackends } from "../support/backends.js";
import { readVectors } from "../support/vectors.js";

function outcome(op: Op, { input, output }: Json, crypto: Crypto): Json {
  try {
    return op(input, { crypto, expected: output });
  } catch (error) {
    if (error instanceof SessionError) return { error: true };
    throw error;
  }
}

for (const file of ["attachments", "attachments-more"]) {
  for (const crypto of ourBackends) {
    describe(`${file} with the ${crypto.name} backend`, () => {
      for (const testCase of readVectors(file).cases) {
        it(testCase.name, () => {
          const op = filesOps[testCase.op];
          expect(op).toBeDefined();
          expect(outcome(op as Op, testCase, crypto)).toEqual(testCase.output);
        });
      }
    });
  }
}
