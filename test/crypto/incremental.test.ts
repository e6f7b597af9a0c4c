import fc from "fast-check";
import type { Crypto } from "session-messenger-sdk/crypto";
import { isSessionError } from "session-messenger-sdk/errors";
import { expect, test } from "vitest";
import { toHex } from "../runners/op.js";
import { allBackends } from "../support/backends.js";

const RUNS = 100 * Number(process.env.FC_RUNS ?? 1);
const bytes = (minLength: number, maxLength = minLength): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength, maxLength });
const pieces = fc.array(bytes(0, 200), { maxLength: 12 });
const messages = fc.array(fc.tuple(bytes(0, 150), fc.integer({ min: 0, max: 3 })), {
  minLength: 1,
  maxLength: 6,
});

/** The same from every backend. */
function agreed(call: (crypto: Crypto) => string): string {
  const results = allBackends.map((crypto) => `${call(crypto)}`);
  expect(new Set(results).size, results.join("\n")).toBe(1);
  return results[0]!;
}

function refusal(call: () => string): string {
  try {
    return call();
  } catch (error) {
    if (isSessionError(error)) return error.code;
    throw error;
  }
}

test("all backends hash pieces alike, whatever the BLAKE2b parameters", () => {
  const options = fc.record({
    size: fc.integer({ min: 1, max: 64 }),
    key: fc.option(bytes(0, 64), { nil: undefined }),
    salt: fc.option(bytes(16), { nil: undefined }),
    personal: fc.option(bytes(16), { nil: undefined }),
  });
  fc.assert(
    fc.property(pieces, bytes(0, 100), options, (parts, key, parameters) => {
      const starts = [
        (crypto: Crypto) => crypto.sha256Incremental(),
        (crypto: Crypto) => crypto.hmacSha256Incremental(key),
        (crypto: Crypto) => crypto.blake2bIncremental(parameters),
      ];
      for (const start of starts) {
        agreed((crypto) => {
          const hash = start(crypto);
          for (const part of parts) hash.update(part);
          return toHex(hash.digest());
        });
      }
    }),
    { numRuns: RUNS },
  );
});

test("all backends encrypt secretstreams alike, and open each other's", () => {
  fc.assert(
    fc.property(bytes(32), bytes(24), messages, (key, header, list) => {
      const boxes = agreed((crypto) => {
        const stream = crypto.secretstreamEncryptor(key, header);
        return list.map(([message, tag]) => toHex(stream.push(message, tag))).join();
      }).split(",");
      for (const crypto of allBackends) {
        const stream = crypto.secretstreamDecryptor(key, header);
        const opened = boxes.map((box) => stream.pull(new Uint8Array(Buffer.from(box, "hex"))));
        expect(opened.map(({ message, tag }) => [toHex(message), tag])).toEqual(
          list.map(([message, tag]) => [toHex(message), tag]),
        );
      }
    }),
    { numRuns: RUNS },
  );
});

test("all backends refuse the same damaged AES-CBC and secretstream input", () => {
  fc.assert(
    fc.property(bytes(32), bytes(24), bytes(0, 120), (key, start, input) => {
      const cbc = agreed((crypto) =>
        refusal(() => {
          const cipher = crypto.aes256cbcDecryptor(key, start.subarray(0, 16));
          const output = toHex(cipher.update(input));
          return output + toHex(cipher.final());
        }),
      );
      if (input.length % 16 !== 0) expect(cbc).toBe("CRYPTO_DECRYPT_FAILED");
      const pull = (crypto: Crypto): string =>
        refusal(() => toHex(crypto.secretstreamDecryptor(key, start).pull(input).message));
      expect(agreed(pull)).toBe("CRYPTO_DECRYPT_FAILED");
    }),
    { numRuns: RUNS },
  );
});
