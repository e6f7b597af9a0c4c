import { defaultCrypto } from "session-messenger-sdk/crypto";
import { portableCrypto } from "session-messenger-sdk/crypto/portable";
import { isSessionError } from "session-messenger-sdk/errors";
import { describe, expect, it } from "vitest";
import type { Json } from "../runners/op.js";
import { configOps, isScenarioBuilt } from "../runners/ops/config.js";
import { readVectors } from "../support/vectors.js";

const FILES = [
  "config-compressed",
  "config-contacts",
  "config-convo-info",
  "config-encrypt",
  "config-malformed",
  "config-merge-conflicts",
  "config-multipart",
  "config-protobuf-wrapped",
  "config-user-groups",
  "config-userprofile",
];

describe.each([defaultCrypto, portableCrypto])("vectors with $name", (crypto) => {
  describe.each(FILES)("%s", (file) => {
    const { cases } = readVectors(file);
    it.each(cases.map(({ name, op, input, output }: Json) => [name, op, input, output]))(
      "%s",
      (_name, op, input, output) => {
        let got: Json;
        try {
          got = configOps[op]?.(input, { crypto, expected: output, cases });
        } catch (error) {
          if (!isSessionError(error)) throw error;
          got = { error: true };
        }
        expect(got).toEqual(output);
      },
    );
  });
});

it("leaves out scenarios whose objects are not there", () => {
  expect(isScenarioBuilt({ steps: [{ op: "new", type: "user-profile" }] })).toBe(true);
  expect(isScenarioBuilt({ steps: [{ op: "new", type: "something-else" }] })).toBe(false);
  expect(isScenarioBuilt({ steps: [{ op: "no-such-step" }] })).toBe(false);
});
