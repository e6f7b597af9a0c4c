import { describe, expect, test } from "vitest";
import { configOps } from "../runners/ops/config.js";
import { ourBackends } from "../support/backends.js";
import { readVectors } from "../support/vectors.js";

const FILES = ["group-keys", "group-info", "group-members", "group-messages", "subaccount-auth"];

describe.each(ourBackends.map((crypto) => [crypto.name, crypto] as const))("vectors with %s", (_, crypto) => {
  describe.each(FILES)("%s", (file) => {
    for (const { name, op, input, output } of readVectors(file).cases)
      test(name, () => {
        expect(configOps[op]?.(input, { crypto, expected: output })).toEqual(output);
      });
  });
});
