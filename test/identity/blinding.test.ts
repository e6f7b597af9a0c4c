import { inspect } from "node:util";
import fc from "fast-check";
import {
  accountFromSeed,
  type BlindedId,
  blind15Factor,
  blind15IdFromEd25519,
  blind15Ids,
  blind15KeyPair,
  blind15Sign,
  blind25Factor,
  blind25Id,
  blind25IdFromEd25519,
  blind25KeyPair,
  blind25Sign,
  blindedSign,
  blindVersionKeyPair,
  blindVersionSign,
  blindVersionSignRequest,
  idPublicKey,
  matchesBlindedId,
  parseSessionId,
} from "session-messenger-sdk/identity";
import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "../runners/op.js";
import { backends, refusal, runs } from "./support.js";

const SERVER = fromHex("abcdef0123456789".repeat(4));
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

/** docs/protocol/identity.md §5. */
test("the known blinded ids", () => {
  const id = parseSessionId("05fe94b7ad4b7f1cc1bb92671f1f0d243f226e115b33770465e82b503fc3e96e1f");
  expect(blind25Id(id, SERVER)).toBe("253b991dcbba44cfdb45d5b38880d95cff723309e3ece6fd01415ad5fa1dccc7ac");
  expect(Object.values(blind15Ids(id, SERVER)).sort()).toEqual([
    "15b74ed205f1f931e1bb1291183778a9456b835937d923b0f2e248aa3a44c07844",
    "15b74ed205f1f931e1bb1291183778a9456b835937d923b0f2e248aa3a44c078c4",
  ]);
});

describe.each(backends)("blinding with the $name backend", (crypto) => {
  test("an account is found by its own ids, and signs as them", () => {
    fc.assert(
      fc.property(bytes(16), bytes(32), fc.uint8Array({ maxLength: 50 }), (seed, server, message) => {
        const { sessionId, ed25519 } = accountFromSeed(seed, crypto);
        for (const [makeKeys, sign, fromKey] of [
          [blind15KeyPair, blind15Sign, blind15IdFromEd25519],
          [blind25KeyPair, blind25Sign, blind25IdFromEd25519],
        ] as const) {
          const keys = makeKeys(ed25519.secretKey, server, crypto);
          expect(fromKey(ed25519.publicKey, server, crypto)).toBe(keys.id);
          expect(matchesBlindedId(sessionId, keys.id, server, crypto)).toBe(true);
          expect(toHex(idPublicKey(keys.id))).toBe(toHex(keys.publicKey));

          const signature = sign(ed25519.secretKey, server, message, crypto);
          expect(crypto.ed25519Verify(signature, message, keys.publicKey)).toBe(true);
          expect(toHex(blindedSign(keys, ed25519.secretKey, message, crypto))).toBe(toHex(signature));
          expect(toHex(sign(ed25519.secretKey.slice(0, 32), server, message, crypto))).toBe(toHex(signature));
        }
      }),
      runs(crypto.name === "portable" ? 5 : 40),
    );
  });

  test("another account and another server do not match", () => {
    const alice = accountFromSeed(new Uint8Array(16).fill(1), crypto);
    const bob = accountFromSeed(new Uint8Array(16).fill(2), crypto);
    const { id } = blind25KeyPair(alice.ed25519.secretKey, SERVER, crypto);
    expect(matchesBlindedId(bob.sessionId, id, SERVER, crypto)).toBe(false);
    expect(matchesBlindedId(alice.sessionId, id, SERVER.toReversed(), crypto)).toBe(false);
  });

  test.each([
    ["order 1", `05${"00".repeat(32)}`],
    ["no Edwards counterpart", `05ec${"ff".repeat(30)}7f`],
    ["the twist", `0502${"00".repeat(31)}`],
  ])("a Session ID of %s cannot be blinded", (_what, text) => {
    const id = parseSessionId(text);
    expect(refusal(() => blind15Ids(id, SERVER, crypto)).code).toBe("CRYPTO_INVALID_PUBLIC_KEY");
    expect(refusal(() => blind25Id(id, SERVER, crypto)).code).toBe("CRYPTO_INVALID_PUBLIC_KEY");
  });
});

describe("wrong input", () => {
  const { sessionId, ed25519 } = accountFromSeed(new Uint8Array(16).fill(1));
  const group = `03${sessionId.slice(2)}` as never;

  test.each([0, 31, 33, 64])("a server key of %i bytes", (length) => {
    const server = new Uint8Array(length);
    for (const run of [
      () => blind15Factor(server),
      () => blind25Factor(sessionId, server),
      () => blind15Ids(sessionId, server),
      () => blind25Id(sessionId, server),
      () => blind15IdFromEd25519(ed25519.publicKey, server),
      () => blind25IdFromEd25519(ed25519.publicKey, server),
      () => blind15Sign(ed25519.secretKey, server, new Uint8Array()),
      () => blind25Sign(ed25519.secretKey, server, new Uint8Array()),
    ]) {
      expect(refusal(run).code).toBe("KEY_INVALID");
    }
  });

  test.each([0, 16, 31, 33, 63, 65])("a secret key of %i bytes", (length) => {
    const secretKey = new Uint8Array(length);
    for (const run of [
      () => blind15KeyPair(secretKey, SERVER),
      () => blind25KeyPair(secretKey, SERVER),
      () => blindVersionKeyPair(secretKey),
    ]) {
      expect(refusal(run).code).toBe("KEY_INVALID");
    }
  });

  test("ids of another kind", () => {
    for (const run of [
      () => blind15Ids(group, SERVER),
      () => blind25Id(group, SERVER),
      () => blind25Factor(group, SERVER),
      () => matchesBlindedId(sessionId, sessionId as never, SERVER),
      () => matchesBlindedId(group, blind25Id(sessionId, SERVER), SERVER),
    ]) {
      expect(refusal(run).code).toBe("ID_INVALID");
    }
  });

  test("ids in upper case are the same ids", () => {
    const id = blind25Id(sessionId, SERVER).toUpperCase() as BlindedId;
    expect(matchesBlindedId(sessionId.toUpperCase() as never, id, SERVER)).toBe(true);
  });

  test("a timestamp that is not in whole seconds", () => {
    for (const timestamp of [1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(refusal(() => blindVersionSign(ed25519.secretKey, "desktop", timestamp)).code).toBe(
        "INVALID_ARGUMENT",
      );
    }
  });
});

test("a version signature is one of the request that it names", () => {
  const { ed25519 } = accountFromSeed(new Uint8Array(16).fill(1));
  const request = { timestamp: 1_760_000_000, method: "GET", path: "/session_version?platform=ios" };
  expect(toHex(blindVersionSign(ed25519.secretKey, "ios", request.timestamp))).toBe(
    toHex(blindVersionSignRequest(ed25519.secretKey, request)),
  );
});

test("blinded secrets stay out of logs", () => {
  const { ed25519 } = accountFromSeed(new Uint8Array(16).fill(1));
  for (const keys of [
    blind15KeyPair(ed25519.secretKey, SERVER),
    blind25KeyPair(ed25519.secretKey, SERVER),
    blindVersionKeyPair(ed25519.secretKey),
  ]) {
    const shown = inspect(keys, { depth: null, showHidden: true }) + JSON.stringify(keys) + String(keys);
    expect(shown).toContain(keys.id);
    expect(shown).not.toContain("secretKey");
    expect(shown).not.toContain(keys.secretKey.subarray(0, 8).join(", "));
  }
});
