import fc from "fast-check";
import {
  type BytesErrorCode,
  bytesToHex,
  compareBytes,
  concatBytes,
  decodeVarint,
  encodeVarint,
  equalBytes,
  hexToBytes,
  readUint32BE,
  readUint32LE,
  readUint64BE,
  readUint64LE,
  writeUint32BE,
  writeUint32LE,
  writeUint64BE,
  writeUint64LE,
} from "session-messenger-sdk/bytes";
import { isSessionError } from "session-messenger-sdk/errors";
import { describe, expect, test } from "vitest";

const RUNS = { numRuns: 100 * Number(process.env.FC_RUNS ?? 1) };
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const refuses = (call: () => unknown, code: BytesErrorCode): void => {
  expect(call).toThrow(expect.toSatisfy((error) => isSessionError(error, code)));
};

describe("arrays", () => {
  test("concatBytes joins copies", () => {
    const part = hexToBytes("0102");
    const joined = concatBytes(part, new Uint8Array(0), part);
    expect(bytesToHex(joined)).toBe("01020102");
    joined[0] = 9;
    expect(part[0]).toBe(1);
    expect(concatBytes()).toEqual(new Uint8Array(0));
  });

  test("equalBytes and compareBytes agree with Node", () => {
    const bytes = fc.uint8Array({ maxLength: 6, max: 3 });
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        expect(equalBytes(a, b)).toBe(Buffer.compare(a, b) === 0);
        expect(Math.sign(compareBytes(a, b))).toBe(Buffer.compare(a, b));
      }),
      RUNS,
    );
    expect(compareBytes(hexToBytes("80"), hexToBytes("7f"))).toBeGreaterThan(0);
    expect(compareBytes(hexToBytes("01"), hexToBytes("0100"))).toBeLessThan(0);
  });
});

describe("integers of fixed width", () => {
  test("layouts", () => {
    expect(bytesToHex(writeUint32LE(0x01020304))).toBe("04030201");
    expect(bytesToHex(writeUint32BE(0x01020304))).toBe("01020304");
    expect(bytesToHex(writeUint64LE(0x0102030405060708n))).toBe("0807060504030201");
    expect(bytesToHex(writeUint64BE(0x0102030405060708n))).toBe("0102030405060708");
  });

  test("round trips at an offset of a view", () => {
    fc.assert(
      fc.property(uint64, fc.integer({ min: 0, max: 0xffffffff }), (big, small) => {
        const padded = (bytes: Uint8Array): Uint8Array =>
          concatBytes(hexToBytes("eeeeee"), bytes).subarray(1);
        expect(readUint64LE(padded(writeUint64LE(big)), 2)).toBe(big);
        expect(readUint64BE(padded(writeUint64BE(big)), 2)).toBe(big);
        expect(readUint32LE(padded(writeUint32LE(small)), 2)).toBe(small);
        expect(readUint32BE(padded(writeUint32BE(small)), 2)).toBe(small);
      }),
      RUNS,
    );
  });

  test("refusals", () => {
    for (const value of [-1, 2 ** 32, 0.5, Number.NaN]) {
      refuses(() => writeUint32LE(value), "BYTES_OUT_OF_RANGE");
      refuses(() => writeUint32BE(value), "BYTES_OUT_OF_RANGE");
    }
    for (const value of [-1n, 2n ** 64n]) {
      refuses(() => writeUint64LE(value), "BYTES_OUT_OF_RANGE");
      refuses(() => writeUint64BE(value), "BYTES_OUT_OF_RANGE");
    }
    // The view ends here, though the memory under it goes on.
    const view = new Uint8Array(64).subarray(0, 8);
    for (const offset of [1, 8, 9, -1, 0.5, Number.NaN])
      refuses(() => readUint64LE(view, offset), "BYTES_OUT_OF_RANGE");
    refuses(() => readUint32LE(view, 5), "BYTES_OUT_OF_RANGE");
  });
});

describe("varints", () => {
  test.each([
    [0n, "00"],
    [1n, "01"],
    [127n, "7f"],
    [128n, "8001"],
    [300n, "ac02"],
    [2n ** 32n, "8080808010"],
    [2n ** 63n, "80808080808080808001"],
    [2n ** 64n - 1n, "ffffffffffffffffff01"],
  ])("%s is %s", (value, hex) => {
    expect(bytesToHex(encodeVarint(value))).toBe(hex);
    expect(decodeVarint(hexToBytes(hex))).toEqual({ value, length: hex.length / 2 });
  });

  test("round trip at an offset, with bytes after it", () => {
    fc.assert(
      fc.property(uint64, (value) => {
        const bytes = encodeVarint(value);
        expect(decodeVarint(concatBytes(hexToBytes("ff"), bytes, hexToBytes("ff")), 1)).toEqual({
          value,
          length: bytes.length,
        });
      }),
      RUNS,
    );
    expect(bytesToHex(encodeVarint(300))).toBe("ac02");
  });

  test("longer forms than needed are taken", () =>
    expect(decodeVarint(hexToBytes("808000"))).toEqual({ value: 0n, length: 3 }));

  test("refusals", () => {
    for (const hex of [
      "",
      "80",
      "ffffffffffffffffff",
      "ffffffffffffffffff02",
      "ffffffffffffffffff7f",
      "8080808080808080808000",
    ]) {
      refuses(() => decodeVarint(hexToBytes(hex)), "BYTES_INVALID_VARINT");
    }
    for (const offset of [-1, 0.5, 99])
      refuses(() => decodeVarint(hexToBytes("00"), offset), "BYTES_INVALID_VARINT");
    for (const value of [-1n, -1, 2n ** 64n, 2 ** 53, 0.5, Number.NaN]) {
      refuses(() => encodeVarint(value), "BYTES_OUT_OF_RANGE");
    }
  });
});
