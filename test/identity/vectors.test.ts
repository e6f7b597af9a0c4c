import type { Crypto } from "session-messenger-sdk/crypto";
import { nodeCrypto } from "session-messenger-sdk/crypto/node";
import { portableCrypto } from "session-messenger-sdk/crypto/portable";
import { isSessionError } from "session-messenger-sdk/errors";
import { describe, expect, test } from "vitest";
import type { Json } from "../runners/op.js";
import { identityOps } from "../runners/ops/identity.js";
import { readVectors } from "../support/vectors.js";

/** The op's output; a refusal by a `SessionError` is what the vectors call an error. */
function answer({ op, input, output }: Json, crypto: Crypto): Json {
  try {
    return identityOps[op]!(input, { crypto, expected: output });
  } catch (error) {
    if (isSessionError(error)) return { error: true };
    throw error;
  }
}

/** Of blinding.json, the checks of plain Ed25519 signatures belong to the crypto room. */
const isOurs = ({ op }: Json): boolean => op !== "ed25519.verify";

describe.each([nodeCrypto, portableCrypto])("vectors with the $name backend", (crypto) => {
  describe.each(["identity", "blinding", "ons"])("%s", (file) => {
    const cases: Json[] = readVectors(file).cases.filter(isOurs);
    test.each(cases.map((item) => [item.name, item] as const))("%s", (_name, item) => {
      expect(answer(item, crypto)).toEqual(item.output);
    });
  });
});
