import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { bytesToHex, hexToBytes } from "session-messenger-sdk/bytes";
import { SessionError } from "session-messenger-sdk/errors";
import {
  type Content,
  ContentSchema,
  DataMessageSchema,
  decodeProto,
  EnvelopeSchema,
  encodeProto,
  GroupUpdateMessageSchema,
  LokiProfileSchema,
  ReceiptMessageSchema,
  WebSocketMessageSchema,
} from "session-messenger-sdk/proto";
import { describe, expect, it } from "vitest";
import { contentArbitrary } from "../messages/arbitraries.js";

const numRuns = 100 * Number(process.env["FC_RUNS"] ?? 1);
const content = (hex: string): Content => decodeProto(ContentSchema, hexToBytes(hex));
const code = (name: string): object => expect.objectContaining({ name: "SessionError", code: name });

describe("the generated tables", () => {
  it("are what the script makes of proto/*.proto", () => {
    const script = fileURLToPath(new URL("../../scripts/generate-proto.mjs", import.meta.url));
    expect(() => execFileSync(process.execPath, [script, "--check"], { stdio: "pipe" })).not.toThrow();
  });
});

describe("presence", () => {
  it("writes what is set, whatever its value, and nothing else", () => {
    expect(bytesToHex(encodeProto(ContentSchema, {}))).toBe("");
    expect(bytesToHex(encodeProto(ContentSchema, { expirationType: 0, expirationTimer: 0 }))).toBe(
      "60006800",
    );
    expect(
      bytesToHex(encodeProto(LokiProfileSchema, { displayName: "", lastUpdateSeconds: undefined })),
    ).toBe("0a00");
    expect(bytesToHex(encodeProto(GroupUpdateMessageSchema, { memberLeftMessage: {} }))).toBe("2a00");
    expect(bytesToHex(encodeProto(GroupUpdateMessageSchema, { memberLeftNotificationMessage: {} }))).toBe(
      "4200",
    );
  });

  it("leaves absent what is not on the wire", () => {
    expect(Object.keys(content("6000"))).toEqual(["expirationType"]);
    expect(decodeProto(GroupUpdateMessageSchema, hexToBytes("2a00"))).toEqual({ memberLeftMessage: {} });
  });
});

describe("fields", () => {
  it("are written in ascending order, repeated numbers unpacked", () => {
    expect(bytesToHex(encodeProto(ReceiptMessageSchema, { timestamp: [1n, 300n], type: 1 }))).toBe(
      "0801100110ac02",
    );
    expect(bytesToHex(encodeProto(ContentSchema, { sigTimestamp: 5n, dataMessage: { flags: 2 } }))).toBe(
      "0a0220027805",
    );
  });

  it("hold every 64-bit value", () => {
    for (const value of [0n, 127n, 128n, 2n ** 32n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]) {
      expect(
        decodeProto(ContentSchema, encodeProto(ContentSchema, { sigTimestamp: value })).sigTimestamp,
      ).toBe(value);
    }
    for (const value of [0n, -1n, 2n ** 63n - 1n, -(2n ** 63n)]) {
      expect(decodeProto(ContentSchema, encodeProto(ContentSchema, { msgId: value })).msgId).toBe(value);
      const seqno = { kind: 1, seqno: value, data: new Uint8Array() } as const;
      const bytes = encodeProto(ContentSchema, { sharedConfigMessage: seqno });
      expect(decodeProto(ContentSchema, bytes).sharedConfigMessage?.seqno).toBe(value);
    }
    expect(bytesToHex(encodeProto(ContentSchema, { sigTimestamp: 2n ** 64n - 1n }))).toBe(
      `78${"ff".repeat(9)}01`,
    );
    expect(bytesToHex(encodeProto(ContentSchema, { msgId: -1n }))).toBe(`9101${"ff".repeat(8)}`);
  });

  it("of an undeclared enum value or another wire type count as unknown, and stay", () => {
    // Optional enum 12 with value 9; uint64 15 as fixed32; message 1 as varint.
    for (const hex of ["6009", "7d01020304", "0805"]) {
      expect(content(hex)).toEqual({ $unknown: hexToBytes(hex) });
      expect(bytesToHex(encodeProto(ContentSchema, content(hex)))).toBe(hex);
    }
    expect(() => decodeProto(EnvelopeSchema, hexToBytes("08012805"))).toThrow(code("PROTO_MISSING_FIELD"));
  });

  it("keep unknown fields of merged messages together", () => {
    const { dataMessage } = content("0a0398010" + "10a03980102");
    expect(dataMessage?.$unknown).toEqual(hexToBytes("980101980102"));
  });

  it("take negative enum values in ten bytes as unknown, not as an error", () => {
    expect(content(`60${"ff".repeat(9)}01`)).toEqual({ $unknown: hexToBytes(`60${"ff".repeat(9)}01`) });
  });

  it("keep texts that are not UTF-8 legible, and a byte order mark", () => {
    expect(decodeProto(DataMessageSchema, hexToBytes("0a05efbbbfff61")).body).toBe("\ufeff\ufffda");
    expect(bytesToHex(encodeProto(DataMessageSchema, { body: "\ud800" }))).toBe("0a03efbfbd");
  });

  it("are plain arrays even when the input is a Buffer", () => {
    const { proSigForCommunityMessageOnly: bytes } = decodeProto(
      ContentSchema,
      Buffer.from("8a010107", "hex"),
    );
    expect(bytes).toEqual(Uint8Array.of(7));
    expect(bytes?.constructor).toBe(Uint8Array);
    expect(encodeProto(ContentSchema, {}).constructor).toBe(Uint8Array);
  });

  it("in unknown groups, nested ones too, stay as they are", () => {
    const group = "9b01" + "a301" + "0801" + "a401" + "9c01";
    expect(content(group)).toEqual({ $unknown: hexToBytes(group) });
  });
});

describe("malformed input", () => {
  const malformed = {
    "field number 0": "0001",
    "wire type 6": "0e",
    "wire type 7": "0f",
    "end of a group that did not begin": "1c",
    "group that ends with another number": "9b01a401",
    "group that does not end": "9b01",
    "varint of 11 bytes": `78${"ff".repeat(10)}01`,
    "skipped varint of 11 bytes": `9801${"ff".repeat(10)}01`,
    "varint that ends": "78ff",
    "length beyond the end": "0a05",
    "length of 2^31": "0a8080808008",
    "sub-message whose field reaches beyond it": "0a020a05616263",
    "sub-message whose varint reaches beyond it": "0a0220ff01",
    "fixed64 that ends": "910101020304",
    "packed numbers that reach beyond their length": "2a0508011202ff",
    "tag that ends": "ff",
    "tag of more than 32 bits": "ffffffffff01",
  };
  for (const [name, hex] of Object.entries(malformed)) {
    it(name, () => expect(() => content(hex)).toThrow(code("PROTO_MALFORMED")));
  }

  it("has limits of depth and size", () => {
    const deep = (depth: number): Uint8Array => hexToBytes("9b01".repeat(depth) + "9c01".repeat(depth));
    expect(() => decodeProto(ContentSchema, deep(40))).not.toThrow();
    expect(() => decodeProto(ContentSchema, deep(20_000))).toThrow(code("PROTO_TOO_DEEP"));
    expect(() => decodeProto(ContentSchema, new Uint8Array(11), { maxBytes: 10 })).toThrow(
      code("PROTO_TOO_LARGE"),
    );
  });

  it("says which required field is missing", () => {
    expect(() => content("0a024200")).toThrow("the DataMessageQuote has no id");
    expect(() => encodeProto(EnvelopeSchema, { type: 6 } as never)).toThrow(code("PROTO_MISSING_FIELD"));
  });
});

describe("values that do not fit", () => {
  const bad: readonly object[] = [
    { sigTimestamp: -1n },
    { sigTimestamp: 2n ** 64n },
    { sigTimestamp: 5 },
    { msgId: 2n ** 63n },
    { expirationTimer: -1 },
    { expirationTimer: 1.5 },
    { expirationTimer: 2 ** 32 },
    { expirationType: 3 },
    { dataMessage: "x" },
    { dataMessage: null },
    { dataMessage: { body: 5 } },
    { dataMessage: { attachments: {} } },
    { dataMessage: { profileKey: [1] } },
    { messageRequestResponse: { isApproved: 1 } },
    { $unknown: "x" },
  ];
  for (const message of bad) {
    it(`is refused: ${Object.entries(message).map(([key, value]) => `${key} ${typeof value} ${String(value)}`)}`, () => {
      expect(() => encodeProto(ContentSchema, message as Content)).toThrow(code("PROTO_INVALID_VALUE"));
    });
  }
});

describe("properties", () => {
  it("decode(encode(x)) = x, and the bytes are stable", () => {
    fc.assert(
      fc.property(contentArbitrary, (message) => {
        const bytes = encodeProto(ContentSchema, message);
        expect(decodeProto(ContentSchema, bytes)).toEqual(message);
        expect(encodeProto(ContentSchema, decodeProto(ContentSchema, bytes))).toEqual(bytes);
      }),
      { numRuns },
    );
  });

  it("any bytes give a message that survives another round, or a SessionError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        for (const schema of [ContentSchema, EnvelopeSchema, WebSocketMessageSchema]) {
          try {
            const message = decodeProto<object>(schema, bytes);
            expect(decodeProto<object>(schema, encodeProto(schema, message))).toEqual(message);
          } catch (error) {
            if (!(error instanceof SessionError)) throw error;
            expect(error.code).toMatch(/^PROTO_(MALFORMED|MISSING_FIELD|TOO_DEEP)$/);
          }
        }
      }),
      { numRuns: 5 * numRuns },
    );
  });

  it("damaged messages give a message or a SessionError", () => {
    fc.assert(
      fc.property(contentArbitrary, fc.nat(), fc.nat(255), fc.boolean(), (message, at, value, cut) => {
        const bytes = encodeProto(ContentSchema, message);
        if (bytes.length === 0) return;
        const damaged = cut ? bytes.slice(0, at % bytes.length) : bytes.slice();
        if (!cut) damaged[at % bytes.length] = value;
        try {
          decodeProto(ContentSchema, damaged);
        } catch (error) {
          expect(error).toBeInstanceOf(SessionError);
        }
      }),
      { numRuns },
    );
  });
});
