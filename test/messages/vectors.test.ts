import type { Crypto } from "session-messenger-sdk/crypto";
import { nodeCrypto } from "session-messenger-sdk/crypto/node";
import { portableCrypto } from "session-messenger-sdk/crypto/portable";
import { SessionError } from "session-messenger-sdk/errors";
import { describe, expect, it } from "vitest";
import type { Json, Op } from "../runners/op.js";
import { messagesOps } from "../runners/ops/messages.js";
import { readVectors } from "../support/vectors.js";

function outcome(op: Op, { input, output }: Json, crypto: Crypto): Json {
  try {
    return op(input, { crypto, expected: output });
  } catch (error) {
    if (error instanceof SessionError) return { error: true };
    throw error;
  }
}

for (const file of ["session-encrypt", "content-kinds", "blinded-encrypt"]) {
  for (const crypto of [nodeCrypto, portableCrypto]) {
    describe(`${file} with the ${crypto.name} backend`, () => {
      for (const testCase of readVectors(file).cases) {
        const op = messagesOps[testCase.op];
        it(testCase.name, () => {
          expect(op).toBeDefined();
          expect(outcome(op as Op, testCase, crypto)).toEqual(testCase.output);
        });
      }
    });
  }
}
