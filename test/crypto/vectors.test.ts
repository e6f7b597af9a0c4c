import { isSessionError } from "session-messenger-sdk/errors";
import { describe, expect, test } from "vitest";
import type { Json } from "../runners/op.js";
import { cryptoOps } from "../runners/ops/crypto.js";
import { allBackends } from "../support/backends.js";
import { readVectors } from "../support/vectors.js";

/** Cases of the ops of this room, with how many each file has. */
const FILES = { hash: 37, ed25519: 62, blinding: 16 };

for (const [file, count] of Object.entries(FILES)) {
  const cases: Json[] = readVectors(file).cases.filter(({ op }: Json) => Object.hasOwn(cryptoOps, op));

  describe(file, () => {
    test("has the cases that are expected", () => expect(cases.length).toBe(count));

    describe.each(allBackends)("$name", (crypto) => {
      test.each(cases)("$name", ({ op, input, output }) => {
        const compute = (): Json => cryptoOps[op]?.(input, { crypto, expected: output });
        if (output.error === true)
          expect(compute).toThrow(expect.toSatisfy((error) => isSessionError(error)));
        else expect(compute()).toEqual(output);
      });
    });
  });
}
