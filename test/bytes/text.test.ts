import fc from "fast-check";
import {
  type BytesErrorCode,
  base32zToBytes,
  base64ToBytes,
  bytesToBase32z,
  bytesToBase64,
  bytesToHex,
  bytesToUtf8,
  hexToBytes,
  utf8ToBytes,
} from "session-messenger-sdk/bytes";
import { isSessionError } from "session-messenger-sdk/errors";
import { describe, expect, test } from "vitest";

const RUNS = { numRuns: 100 * Number(process.env.FC_RUNS ?? 1) };
const refuses = (call: () => unknown, code: BytesErrorCode): void => {
  expect(call).toThrow(expect.toSatisfy((error) => isSessionError(error, code)));
};
/** Any text either decodes or is a SessionError of the code. */
const decodesOrRefuses = (
  decode: (text: string) => Uint8Array,
  code: BytesErrorCode,
  alphabet: string,
): void => {
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(fc.constantFrom(...alphabet, "=", " ", "!")).map((characters) => characters.join("")),
  );
  fc.assert(
    fc.property(text, (input) => {
      try {
        expect(decode(input)).toBeInstanceOf(Uint8Array);
      } catch (error) {
        expect(isSessionError(error, code)).toBe(true);
      }
    }),
    RUNS,
  );
};

describe("hex", () => {
  test("equals Node's for any bytes, and round-trips", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(bytesToHex(bytes)).toBe(Buffer.from(bytes).toString("hex"));
        expect(hexToBytes(bytesToHex(bytes))).toEqual(bytes);
        expect(hexToBytes(bytesToHex(bytes).toUpperCase())).toEqual(bytes);
      }),
      RUNS,
    );
  });

  test.each([
    "0",
    "abc",
    "zz",
    "0g",
    "g0",
    "0x00",
    "00 00",
    " 00",
    "00\n",
    "０0",
    "éé",
    "/0",
    ":0",
    "@0",
    "`0",
    "\u01610",
  ])("refuses %j instead of stopping early", (text) => refuses(() => hexToBytes(text), "BYTES_INVALID_HEX"));

  test("any text decodes or is refused", () =>
    decodesOrRefuses(hexToBytes, "BYTES_INVALID_HEX", "0123456789abcdefABCDEF"));
});

describe("base64", () => {
  test("equals Node's for any bytes, padded or not, and round-trips", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const text = Buffer.from(bytes).toString("base64");
        expect(bytesToBase64(bytes)).toBe(text);
        expect(bytesToBase64(bytes, { padding: false })).toBe(text.replace(/=+$/, ""));
        expect(base64ToBytes(text, { padding: "required" })).toEqual(bytes);
        expect(base64ToBytes(bytesToBase64(bytes, { padding: false }))).toEqual(bytes);
      }),
      RUNS,
    );
  });

  test.each([
    "A",
    "AAAAA",
    "A===",
    "AA=",
    "AAA==",
    "AAAA=",
    "AAAA==",
    "=",
    "==",
    "====",
    "AA=A",
    "A=AA",
    "AA-_",
    "AA A",
    "AAA\n",
    "AAAé",
    "AB==",
    "AAB=",
  ])("refuses %j", (text) => refuses(() => base64ToBytes(text), "BYTES_INVALID_BASE64"));

  test.each(["AA", "AAA"])("refuses %j where padding is required", (text) => {
    expect(base64ToBytes(text).length).toBe(text.length - 1);
    refuses(() => base64ToBytes(text, { padding: "required" }), "BYTES_INVALID_BASE64");
  });

  test("a megabyte", () => {
    const bytes = new Uint8Array(1_000_001).map((_, i) => i * 31);
    expect(Buffer.from(base64ToBytes(bytesToBase64(bytes))).equals(Buffer.from(bytes))).toBe(true);
  });

  test("any text decodes or is refused", () =>
    decodesOrRefuses(base64ToBytes, "BYTES_INVALID_BASE64", "ABab01+/"));
});

describe("z-base-32", () => {
  test.each([
    ["", ""],
    ["00", "yy"],
    ["f0bfc7", "6n9hq"],
    ["d47a04", "4t7ye"],
    ["ff".repeat(5), "99999999"],
    ["10111213", "nyetrra"],
  ])("%s is %s", (hex, text) => {
    expect(bytesToBase32z(hexToBytes(hex))).toBe(text);
    expect(bytesToHex(base32zToBytes(text))).toBe(hex);
  });

  test("32 bytes take 52 characters; round trip", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const text = bytesToBase32z(bytes);
        expect(text.length).toBe(Math.ceil((bytes.length * 8) / 5));
        expect(base32zToBytes(text)).toEqual(bytes);
      }),
      RUNS,
    );
    expect(bytesToBase32z(new Uint8Array(32)).length).toBe(52);
  });

  test.each(["y", "yyy", "yyyyyy", "yb", "YY", "l0", "vv", "y2", "yy ", "yy=", "é"])("refuses %j", (text) =>
    refuses(() => base32zToBytes(text), "BYTES_INVALID_BASE32Z"),
  );

  test("any text decodes or is refused", () =>
    decodesOrRefuses(base32zToBytes, "BYTES_INVALID_BASE32Z", "ybndrfg8ejkmcpqxot1uwisza345h769"));
});

describe("UTF-8", () => {
  test("round trip, byte order mark and astral characters included", () => {
    for (const text of ["", "abc", "ß€😀", "\ufeffmark", "a\0b"])
      expect(bytesToUtf8(utf8ToBytes(text))).toBe(text);
  });

  test.each(["ff", "c0af", "eda080", "f4908080", "e282", "80"])(
    "refuses %s, or replaces it on demand",
    (hex) => {
      refuses(() => bytesToUtf8(hexToBytes(hex)), "BYTES_INVALID_UTF8");
      expect(bytesToUtf8(hexToBytes(hex), { fatal: false })).toContain("\ufffd");
    },
  );
});
