import fc from "fast-check";
import {
  type BtDict,
  type BtInput,
  type BtValue,
  type BytesErrorCode,
  binaryStringToBytes,
  btDecode,
  btDecodeDict,
  btEncode,
  btSignedDict,
  btVerifySignedDict,
  bytesToBinaryString,
  bytesToUtf8,
  hexToBytes,
  utf8ToBytes,
} from "session-messenger-sdk/bytes";
import { defaultCrypto } from "session-messenger-sdk/crypto";
import { isSessionError } from "session-messenger-sdk/errors";
import { describe, expect, test } from "vitest";
import { toHex } from "../runners/op.js";

const RUNS = { numRuns: 100 * Number(process.env.FC_RUNS ?? 1) };
const refuses = (call: () => unknown, code: BytesErrorCode): void => {
  expect(call).toThrow(expect.toSatisfy((error) => isSessionError(error, code)));
};
const encode = (value: BtInput): string => bytesToBinaryString(btEncode(value));
const decode = (text: string, options = {}): BtValue => btDecode(binaryStringToBytes(text), options);

describe("encoder", () => {
  test.each<[BtInput, string]>([
    [0, "i0e"],
    [-0, "i0e"],
    [-42, "i-42e"],
    [1700000000n, "i1700000000e"],
    [-(2n ** 63n), "i-9223372036854775808e"],
    [2n ** 64n - 1n, "i18446744073709551615e"],
    ["", "0:"],
    ["hello", "5:hello"],
    ["é", "2:\xc3\xa9"],
    [hexToBytes("00ff"), "2:\x00\xff"],
    [[], "le"],
    [[1, "abc"], "li1e3:abce"],
    [{}, "de"],
    [{ "#": 1, "&": {} }, "d1:#i1e1:&dee"],
    [{ b: 1, a: undefined, "": 2 }, "d0:i2e1:bi1ee"],
    [
      new Map([
        ["\xff", 1],
        ["z", 2],
        ["A", 3],
        ["\x80", 4],
        ["zz", 5],
      ]),
      "d1:Ai3e1:zi2e2:zzi5e1:\x80i4e1:\xffi1ee",
    ],
    [{ 10: 1, 9: 2 }, "d2:10i1e1:9i2ee"],
  ])("%# %o", (value, text) => expect(encode(value)).toBe(text));

  test("the empty config message has its known hash", () => {
    const message = btEncode({ "#": 0, "&": {}, "<": [], "=": {} });
    expect(toHex(defaultCrypto.blake2b(message, { size: 32 }))).toBe(
      "ea173b57beca8af18c3519a7bbf69c3e7a05d1c049fa9558341d8ebb48b0c965",
    );
  });

  test.each<[unknown, BytesErrorCode]>([
    [2n ** 64n, "BT_OUT_OF_RANGE"],
    [-(2n ** 63n) - 1n, "BT_OUT_OF_RANGE"],
    [2 ** 53, "BT_OUT_OF_RANGE"],
    [0.5, "BT_OUT_OF_RANGE"],
    [Number.NaN, "BT_OUT_OF_RANGE"],
    [{ "€": 1 }, "BYTES_OUT_OF_RANGE"],
    [null, "BT_INVALID"],
    [undefined, "BT_INVALID"],
    [true, "BT_INVALID"],
    [[undefined], "BT_INVALID"],
    [new Date(0), "BT_INVALID"],
    [new Uint16Array(2), "BT_INVALID"],
    [() => 1, "BT_INVALID"],
  ])("refuses %# %o", (value, code) => refuses(() => btEncode(value as BtInput), code));

  test("depth: 64 levels, not 65, and cycles end", () => {
    const nest = (levels: number): BtInput =>
      Array.from({ length: levels }).reduce<BtInput>((inner) => [inner], 1);
    expect(encode(nest(64))).toBe(`${"l".repeat(64)}i1e${"e".repeat(64)}`);
    refuses(() => btEncode(nest(65)), "BT_TOO_DEEP");
    const cycle: BtInput[] = [];
    cycle.push(cycle);
    refuses(() => btEncode(cycle), "BT_TOO_DEEP");
  });

  test("a long list", () => expect(btEncode(Array.from({ length: 300_000 }, () => 1)).length).toBe(900_002));
});

describe("decoder", () => {
  test.each<[string, BtValue]>([
    ["i0e", 0n],
    ["i-42e", -42n],
    ["i18446744073709551615e", 2n ** 64n - 1n],
    ["i-9223372036854775808e", -(2n ** 63n)],
    ["0:", new Uint8Array(0)],
    ["3:a\x00\xff", hexToBytes("6100ff")],
    ["le", []],
    ["li1e1:ae", [1n, hexToBytes("61")]],
    [
      "d0:i1e1:\xffi2ee",
      new Map([
        ["", 1n],
        ["\xff", 2n],
      ]),
    ],
  ])("%j in both modes", (text, value) => {
    expect(decode(text)).toEqual(value);
    expect(decode(text, { strict: true })).toEqual(value);
  });

  // What the network's reference consumer takes and a strict reader does not.
  test.each<[string, BtValue, BytesErrorCode]>([
    ["i007e", 7n, "BT_NOT_CANONICAL"],
    ["i-0e", 0n, "BT_NOT_CANONICAL"],
    ["i-007e", -7n, "BT_NOT_CANONICAL"],
    [`i${"0".repeat(100)}e`, 0n, "BT_NOT_CANONICAL"],
    ["05:hello", utf8ToBytes("hello"), "BT_NOT_CANONICAL"],
    ["00:", new Uint8Array(0), "BT_NOT_CANONICAL"],
    [
      "d1:bi1e1:ai2ee",
      new Map([
        ["b", 1n],
        ["a", 2n],
      ]),
      "BT_UNSORTED",
    ],
    ["d1:ai1e1:ai2ee", new Map([["a", 2n]]), "BT_UNSORTED"],
    [
      "d2:aai1e1:ai2ee",
      new Map([
        ["aa", 1n],
        ["a", 2n],
      ]),
      "BT_UNSORTED",
    ],
    [
      "ld1:bi1e1:ai2eee",
      [
        new Map([
          ["b", 1n],
          ["a", 2n],
        ]),
      ],
      "BT_UNSORTED",
    ],
    ["i1e\x00", 1n, "BT_TRAILING"],
    ["dei1e", new Map(), "BT_TRAILING"],
  ])("%j leniently only", (text, value, code) => {
    expect(decode(text)).toEqual(value);
    refuses(() => decode(text, { strict: true }), code);
  });

  test.each<[string, BytesErrorCode]>([
    ["", "BT_TRUNCATED"],
    ["i", "BT_TRUNCATED"],
    ["i1", "BT_TRUNCATED"],
    ["i-", "BT_TRUNCATED"],
    ["5", "BT_TRUNCATED"],
    ["5:", "BT_TRUNCATED"],
    ["5:hell", "BT_TRUNCATED"],
    ["99999999999999999999:", "BT_TRUNCATED"],
    ["l", "BT_TRUNCATED"],
    ["li1e", "BT_TRUNCATED"],
    ["d", "BT_TRUNCATED"],
    ["d1:a", "BT_TRUNCATED"],
    ["d1:ai1e", "BT_TRUNCATED"],
    ["ie", "BT_INVALID"],
    ["i-e", "BT_INVALID"],
    ["i+1e", "BT_INVALID"],
    ["i--1e", "BT_INVALID"],
    ["i 1e", "BT_INVALID"],
    ["i1.5e", "BT_INVALID"],
    ["i0x1e", "BT_INVALID"],
    ["i1:", "BT_INVALID"],
    ["5ehello", "BT_INVALID"],
    ["-1:a", "BT_INVALID"],
    [":", "BT_INVALID"],
    ["e", "BT_INVALID"],
    ["x", "BT_INVALID"],
    ["d1:ae", "BT_INVALID"],
    ["di1ei2ee", "BT_INVALID"],
    ["dlei2ee", "BT_INVALID"],
    ["i18446744073709551616e", "BT_OUT_OF_RANGE"],
    ["i-9223372036854775809e", "BT_OUT_OF_RANGE"],
    ["i99999999999999999999e", "BT_OUT_OF_RANGE"],
    [`i${"9".repeat(100_000)}e`, "BT_OUT_OF_RANGE"],
    [`${"9".repeat(100_000)}:`, "BT_OUT_OF_RANGE"],
  ])("refuses %.40j in both modes", (text, code) => {
    refuses(() => decode(text), code);
    refuses(() => decode(text, { strict: true }), code);
  });

  test("depth", () => {
    const nested = (levels: number): string => "l".repeat(levels) + "e".repeat(levels);
    const dicts = (levels: number): string => `${"d1:a".repeat(levels)}i1e${"e".repeat(levels)}`;
    for (const text of [nested(64), dicts(64)]) expect(() => decode(text)).not.toThrow();
    for (const text of [nested(65), dicts(65), "l".repeat(5_000_000)])
      refuses(() => decode(text), "BT_TOO_DEEP");
    expect(() => decode(nested(3), { maxDepth: 3 })).not.toThrow();
    refuses(() => decode(nested(4), { maxDepth: 3 }), "BT_TOO_DEEP");
    for (const maxDepth of [1e9, Number.POSITIVE_INFINITY, Number.NaN]) {
      refuses(() => decode("l".repeat(1_000_000), { maxDepth }), "BT_TOO_DEEP");
    }
    expect(() => decode("i1e", { maxDepth: 0 })).not.toThrow();
  });

  test("size", () => {
    expect(decode("3:abc", { maxBytes: 5 })).toEqual(utf8ToBytes("abc"));
    refuses(() => decode("3:abc", { maxBytes: 4 }), "BT_TOO_LARGE");
  });

  test("byte strings are copies, of Buffers too", () => {
    const input = Buffer.from("3:abc");
    const value = btDecode(input) as Uint8Array;
    input.fill(0);
    expect(value).toEqual(utf8ToBytes("abc"));
    expect(value.buffer.byteLength).toBe(3);
  });

  test("keys that mean something to JavaScript are keys like any other", () => {
    const dict = decode("d11:constructori1e9:__proto__i2ee") as BtDict;
    expect([...dict]).toEqual([
      ["constructor", 1n],
      ["__proto__", 2n],
    ]);
    expect(encode(JSON.parse('{"__proto__": 1}'))).toBe("d9:__proto__i1ee");
  });

  test("btDecodeDict wants a dict", () => {
    expect(btDecodeDict(utf8ToBytes("de"))).toEqual(new Map());
    refuses(() => btDecodeDict(utf8ToBytes("le")), "BT_INVALID");
  });
});

describe("properties", () => {
  const { value } = fc.letrec<{ value: BtValue }>((tie) => ({
    value: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
      fc.uint8Array({ maxLength: 30 }),
      fc.array(tie("value"), { maxLength: 5 }),
      fc
        .array(fc.tuple(fc.uint8Array({ maxLength: 4 }).map(bytesToBinaryString), tie("value")), {
          maxLength: 5,
        })
        .map((entries) => new Map([...new Map(entries)].sort(([a], [b]) => (a < b ? -1 : 1)))),
    ),
  }));

  test("decode(encode(x)) = x, strictly, and encode(decode(y)) = y", () => {
    fc.assert(
      fc.property(value, (x) => {
        const bytes = btEncode(x as BtInput);
        const decoded = btDecode(bytes, { strict: true });
        expect(decoded).toEqual(x);
        expect(btEncode(decoded as BtInput)).toEqual(bytes);
      }),
      RUNS,
    );
  });

  test("every strict prefix is refused, in both modes", () => {
    fc.assert(
      fc.property(value, fc.nat(), (x, cut) => {
        const bytes = btEncode(x as BtInput);
        const prefix = bytes.subarray(0, cut % bytes.length);
        for (const strict of [true, false]) refuses(() => btDecode(prefix, { strict }), "BT_TRUNCATED");
      }),
      RUNS,
    );
  });

  test("what strict decoding takes is what the encoder gives; nothing crashes", () => {
    const alphabet = fc.constantFrom(..."dlie0123456789:-a~");
    const input = fc.oneof(
      fc.uint8Array(),
      fc.array(alphabet, { maxLength: 40 }).map((characters) => utf8ToBytes(characters.join(""))),
      fc.tuple(value, fc.nat(), fc.nat(255)).map(([x, at, byte]) => {
        const bytes = btEncode(x as BtInput);
        bytes[at % bytes.length] = byte;
        return bytes;
      }),
    );
    fc.assert(
      fc.property(input, (bytes) => {
        try {
          expect(btEncode(btDecode(bytes, { strict: true }) as BtInput)).toEqual(bytes);
        } catch (error) {
          if (!isSessionError(error)) throw error;
        }
        try {
          btDecode(bytes);
        } catch (error) {
          if (!isSessionError(error)) throw error;
        }
      }),
      { numRuns: RUNS.numRuns * 5 },
    );
  });

  test("binary strings", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => {
        expect(bytesToBinaryString(bytes)).toBe(Buffer.from(bytes).toString("latin1"));
        expect(binaryStringToBytes(bytesToBinaryString(bytes))).toEqual(bytes);
      }),
      RUNS,
    );
    refuses(() => binaryStringToBytes("a\u0100"), "BYTES_OUT_OF_RANGE");
  });
});

describe("signed dicts", () => {
  const { publicKey, secretKey } = defaultCrypto.ed25519KeyPair(new Uint8Array(32).fill(1));
  const sign = (body: Uint8Array): Uint8Array => defaultCrypto.ed25519Sign(body, secretKey);
  const verify = (signature: Uint8Array, body: Uint8Array): boolean =>
    defaultCrypto.ed25519Verify(signature, body, publicKey);
  const signature = "s".repeat(64);
  const accept = (): boolean => true;

  test("the body is everything before the pair", () => {
    const bodies: string[] = [];
    const bytes = btSignedDict({ b: "x", a: 1 }, (body) => {
      bodies.push(bytesToUtf8(body));
      return utf8ToBytes(signature);
    });
    expect(bytesToUtf8(bytes)).toBe(`d1:ai1e1:b1:x1:~64:${signature}e`);
    btVerifySignedDict(bytes, (given, body) => {
      bodies.push(bytesToUtf8(body));
      return bytesToUtf8(given) === signature;
    });
    expect(bodies).toEqual(["d1:ai1e1:b1:x", "d1:ai1e1:b1:x"]);
  });

  test("round trip; every changed byte is refused", () => {
    const bytes = btSignedDict(new Map([["a", 1]]), sign);
    expect(btVerifySignedDict(bytes, verify, { strict: true }).get("a")).toBe(1n);
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice();
      changed[at]! ^= 1;
      expect(() => btVerifySignedDict(changed, verify)).toThrow(
        expect.toSatisfy((error) => isSessionError(error)),
      );
    }
  });

  test("verification is over the received bytes, not over a re-encoding", () => {
    const body = utf8ToBytes("d1:bi007e1:ai2e");
    const bytes = new Uint8Array([...body, ...utf8ToBytes("1:~64:"), ...sign(body), ...utf8ToBytes("e")]);
    expect([...btVerifySignedDict(bytes, verify).keys()]).toEqual(["b", "a", "~"]);
    refuses(() => btVerifySignedDict(bytes, verify, { strict: true }), "BT_NOT_CANONICAL");
  });

  test("bytes after the dict do not count, unless strict", () => {
    const bytes = new Uint8Array([...btSignedDict({ a: 1 }, sign), 0, 0]);
    expect(btVerifySignedDict(bytes, verify).get("a")).toBe(1n);
    refuses(() => btVerifySignedDict(bytes, verify, { strict: true }), "BT_TRAILING");
  });

  test.each<[string, string]>([
    ["no signature", "d1:ai1ee"],
    ["an empty dict", "de"],
    ["not the last pair", `d1:~64:${signature}2:~~i1ee`],
    ["63 bytes", `d1:~63:${signature.slice(1)}e`],
    ["65 bytes", `d1:~65:${signature}se`],
    ["an integer", "d1:~i1ee"],
    ["a list", `d1:~l64:${signature}ee`],
    ["a length with a leading zero", `d1:~064:${signature}e`],
    ["a key length with a leading zero", `d01:~64:${signature}e`],
    ["a nested pair", `d1:ad1:~64:${signature}ee`],
  ])("refuses %s", (_, text) => {
    refuses(() => btVerifySignedDict(utf8ToBytes(text), accept), "BT_BAD_SIGNATURE");
  });

  test("refuses what is no dict", () => {
    refuses(() => btVerifySignedDict(utf8ToBytes("le"), accept), "BT_INVALID");
    refuses(() => btVerifySignedDict(new Uint8Array(0), accept), "BT_TRUNCATED");
  });

  test("refuses to sign what leaves the signature no place at the end", () => {
    refuses(() => btSignedDict({ "~": 1 }, sign), "BT_INVALID");
    refuses(() => btSignedDict(new Map([["\x7f", 1]]), sign), "BT_INVALID");
    refuses(() => btSignedDict({ a: 1 }, () => new Uint8Array(63)), "BT_BAD_SIGNATURE");
    expect(() => btSignedDict({ "}": 1 }, sign)).not.toThrow();
  });
});
