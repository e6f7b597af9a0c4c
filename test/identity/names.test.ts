import fc from "fast-check";
import { defaultCrypto } from "session-messenger-sdk/crypto";
import { decryptNameValue, nameDecryptionKey, nameHash, parseName } from "session-messenger-sdk/identity";
import { describe, expect, test } from "vitest";
import { fromHex } from "../runners/op.js";
import { backends, refusal, runs, survives } from "./support.js";

/** docs/protocol/identity.md §6. */
const KNOWN = {
  name: "test",
  nonce: fromHex("00112233445566778899aabbccddeeff00ffeeddccbbaa99"),
  ciphertext: fromHex(
    "3575802dd9bfea72672a208840f37ca289ceade5d3ffacabe2d231f109d204329fc33e28c331580d9a8c9b8a64cacfec97",
  ),
};
const KNOWN_ID = "05d2ad010eeb72d72e561d9de7bd7b6989af77dcabffa03a5111a6c859ae5c3a72";

describe.each(backends)("the known name with the $name backend", (crypto) => {
  test("has its hash and opens its value", () => {
    expect(Buffer.from(nameHash("test", crypto)).toString("base64")).toBe(
      "kosgNmlD4q/RHrwOri5TqTvxd6T881vMZNUDcE5l4gI=",
    );
    expect(decryptNameValue(KNOWN, crypto)).toBe(KNOWN_ID);
  });
});

describe("names", () => {
  test.each([
    ["test", "test"],
    ["  Test\n", "test"],
    ["A", "a"],
    ["_", "_"],
    ["a-b--c_9", "a-b--c_9"],
    ["0".repeat(65), "0".repeat(65)],
    ["0".repeat(67), "0".repeat(67)],
  ])("%j is the name %s", (text, name) => {
    expect(parseName(text)).toBe(name);
  });

  test.each([
    "",
    " ",
    "-",
    "-a",
    "a-",
    "a b",
    "a.loki",
    "ä",
    "a\nb",
    "\u212Aelvin",
    "\u0130",
    KNOWN_ID,
    KNOWN_ID.toUpperCase(),
  ])("%j is no name", (text) => {
    expect(refusal(() => parseName(text)).code).toBe("NAME_INVALID");
  });

  test("that are not in their registered form are not hashed as they stand", () => {
    for (const name of ["Test", " test", "te st", undefined]) {
      expect(refusal(() => nameHash(name as string)).code).toBe("NAME_INVALID");
      expect(refusal(() => nameDecryptionKey(name as string)).code).toBe("NAME_INVALID");
      expect(refusal(() => decryptNameValue({ ...KNOWN, name: name as string })).code).toBe("NAME_INVALID");
    }
  });

  test("are recognised quickly, however long the text", () => {
    expect(refusal(() => parseName(`${"a-".repeat(200_000)}!`)).code).toBe("NAME_INVALID");
  });
});

describe("a value is refused", () => {
  const seal = (plaintext: string): Uint8Array =>
    defaultCrypto.xchacha20poly1305Encrypt(nameDecryptionKey("test"), KNOWN.nonce, fromHex(plaintext));

  test("at every flipped bit, and at every length but its own", () => {
    for (let i = 0; i < KNOWN.ciphertext.length; i++) {
      const ciphertext = KNOWN.ciphertext.with(i, KNOWN.ciphertext[i]! ^ 1);
      expect(refusal(() => decryptNameValue({ ...KNOWN, ciphertext })).code).toBe("NAME_DECRYPT_FAILED");
      const short = KNOWN.ciphertext.subarray(0, i);
      expect(refusal(() => decryptNameValue({ ...KNOWN, ciphertext: short })).code).toBe(
        "NAME_DECRYPT_FAILED",
      );
    }
  });

  test("with a nonce of another length, as entries of the old encryption have", () => {
    for (const length of [0, 23, 25]) {
      const error = refusal(() => decryptNameValue({ ...KNOWN, nonce: new Uint8Array(length) }));
      expect(error.code).toBe("NAME_DECRYPT_FAILED");
    }
  });

  test.each([
    ["nothing", ""],
    ["32 bytes", KNOWN_ID.slice(2)],
    ["34 bytes", `${KNOWN_ID}00`],
    ["a group id", `03${KNOWN_ID.slice(2)}`],
    ["a blinded id", `15${KNOWN_ID.slice(2)}`],
  ])("that holds %s", (_what, plaintext) => {
    const error = refusal(() => decryptNameValue({ ...KNOWN, ciphertext: seal(plaintext) }));
    expect(error.code).toBe("NAME_DECRYPT_FAILED");
    expect(JSON.stringify(error)).not.toContain(KNOWN_ID.slice(2));
  });
});

test("random input is refused by a SessionError and nothing else", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.stringMatching(/^\w{1,9}$/), fc.string({ unit: "binary" })),
      fc.uint8Array({ maxLength: 80 }),
      fc.uint8Array({ minLength: 20, maxLength: 26 }),
      (name, ciphertext, nonce) => {
        survives(() => parseName(name));
        refusal(() => decryptNameValue({ name, ciphertext, nonce }));
      },
    ),
    runs(200),
  );
});
