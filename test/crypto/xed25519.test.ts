import fc from "fast-check";
import { xed25519PublicKey, xed25519Sign, xed25519Verify } from "session-messenger-sdk/crypto";
import { isSessionError } from "session-messenger-sdk/errors";
import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "../runners/op.js";
import { allBackends } from "../support/backends.js";

const RUNS = 25 * Number(process.env.FC_RUNS ?? 1);
const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });

describe.each(allBackends)("xed25519 with $name", (crypto) => {
  test("signatures verify, changed ones do not", () => {
    fc.assert(
      fc.property(bytes(32), fc.uint8Array(), fc.nat(63), (secretKey, message, at) => {
        const publicKey = crypto.x25519PublicKey(secretKey);
        const signature = xed25519Sign(secretKey, message, undefined, crypto);
        expect(signature[63]! & 0x80).toBe(0);
        expect(xed25519Verify(signature, message, publicKey, crypto)).toBe(true);
        signature[at]! ^= 1;
        expect(xed25519Verify(signature, message, publicKey, crypto)).toBe(false);
      }),
      { numRuns: RUNS },
    );
  });

  test("the public key is the account's Ed25519 key with the sign bit cleared", () => {
    fc.assert(
      fc.property(bytes(32), (seed) => {
        const { publicKey } = crypto.ed25519KeyPair(seed);
        const cleared = publicKey.slice();
        cleared[31]! &= 0x7f;
        expect(xed25519PublicKey(crypto.ed25519PublicKeyToX25519(publicKey))).toEqual(cleared);
      }),
      { numRuns: RUNS },
    );
  });

  test("for a secret from an Ed25519 seed the signature also verifies as Ed25519, up to the sign of the key", () => {
    const { publicKey, secretKey } = crypto.ed25519KeyPair(new Uint8Array(32).fill(5));
    const x25519 = crypto.ed25519SecretKeyToX25519(secretKey);
    const message = fromHex("0102");
    const signature = xed25519Sign(x25519, message, new Uint8Array(64), crypto);
    publicKey[31]! &= 0x7f;
    expect(crypto.ed25519Verify(signature, message, publicKey)).toBe(true);
  });
});

test("given random bytes make the signature the same with every backend", () => {
  const signatures = allBackends.map((crypto) =>
    toHex(
      xed25519Sign(new Uint8Array(32).fill(3), fromHex("68656c6c6f"), new Uint8Array(64).fill(4), crypto),
    ),
  );
  expect(new Set(signatures).size).toBe(1);
});

test("fresh random bytes make every signature different", () => {
  const sign = (): string => toHex(xed25519Sign(new Uint8Array(32).fill(3), new Uint8Array(0)));
  expect(sign()).not.toBe(sign());
});

test("bit 255 of the X25519 key is ignored and u is reduced", () => {
  const nine = fromHex(`09${"00".repeat(31)}`);
  const base = `58${"66".repeat(31)}`;
  expect(toHex(xed25519PublicKey(nine))).toBe(base);
  expect(toHex(xed25519PublicKey(fromHex(`09${"00".repeat(30)}80`)))).toBe(base);
  expect(toHex(xed25519PublicKey(fromHex(`f6${"ff".repeat(30)}7f`)))).toBe(base);
});

test.each([
  [
    "u = -1 has no Ed25519 counterpart",
    () => xed25519PublicKey(fromHex(`ec${"ff".repeat(30)}7f`)),
    "CRYPTO_INVALID_PUBLIC_KEY",
  ],
  ["short public key", () => xed25519PublicKey(new Uint8Array(31)), "CRYPTO_INVALID_LENGTH"],
  ["long secret key", () => xed25519Sign(new Uint8Array(64), new Uint8Array(0)), "CRYPTO_INVALID_LENGTH"],
  [
    "short random input",
    () => xed25519Sign(new Uint8Array(32), new Uint8Array(0), new Uint8Array(32)),
    "CRYPTO_INVALID_LENGTH",
  ],
  [
    "short signature",
    () => xed25519Verify(new Uint8Array(63), new Uint8Array(0), new Uint8Array(32)),
    "CRYPTO_INVALID_LENGTH",
  ],
])("refuses: %s", (_, call, code) => {
  expect(call).toThrow(expect.toSatisfy((error) => isSessionError(error, code)));
});

test("verification of low-order keys is false", () => {
  for (const u of [`00${"00".repeat(31)}`, `01${"00".repeat(31)}`]) {
    expect(xed25519Verify(fromHex(`01${"00".repeat(63)}`), new Uint8Array(0), fromHex(u))).toBe(false);
  }
});
