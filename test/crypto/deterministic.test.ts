import fc from "fast-check";
import sodium from "libsodium-wrappers-sumo";
import { deterministicBytes } from "session-messenger-sdk/crypto";
import { isSessionError } from "session-messenger-sdk/errors";
import { expect, test } from "vitest";

await sodium.ready;
const runs = 100 * Number(process.env["FC_RUNS"] ?? 1);

test("are libsodium's, for every seed and length", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.integer({ min: 0, max: 5000 }),
      (seed, length) => {
        expect(deterministicBytes(seed, length)).toEqual(sodium.randombytes_buf_deterministic(length, seed));
      },
    ),
    { numRuns: runs },
  );
});

test("need a seed of 32 bytes", () => {
  for (const length of [0, 31, 33])
    expect(() => deterministicBytes(new Uint8Array(length), 1)).toThrow(
      expect.toSatisfy((error) => isSessionError(error, "CRYPTO_INVALID_LENGTH")),
    );
});
