import { defaultCrypto } from "session-messenger-sdk/crypto";
import { portableCrypto } from "session-messenger-sdk/crypto/portable";
import { isSessionError } from "session-messenger-sdk/errors";
import { describe, expect, it } from "vitest";
import type { Json } from "../runners/op.js";
import { configOps } from "../runners/ops/config.js";
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
    it.each(cases as readonly Json[])("$name", ({ op, input, output }) => {
      let got: Json;
      try {
        got = configOps[op]?.(input, { crypto, expected: output, cases });
      } catch (error) {
        if (!isSessionError(error)) throw error;
        got = { error: true };
      }
      expect(got).toStrictEqual(output);
    });
  });
});
