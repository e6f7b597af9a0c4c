import { init, compress as wasmCompress } from "@bokuweb/zstd-wasm";
import fc from "fast-check";
import { zstdDecompress } from "session-messenger-sdk/config";
import { loadCompressor } from "session-messenger-sdk/config/zstd";
import { isSessionError } from "session-messenger-sdk/errors";
import { beforeAll, describe, expect, it } from "vitest";

const runs = (count: number): number => count * Number(process.env["FC_RUNS"] ?? 1);
const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values);
const MAGIC = [0x28, 0xb5, 0x2f, 0xfd];
const invalid = expect.objectContaining({ code: "ZSTD_INVALID" });
const tooLarge = expect.objectContaining({ code: "ZSTD_TOO_LARGE" });

/** A frame of one block, without a content size, with a window of 256 MB. */
function frame(type: number, body: readonly number[], size: number = body.length): Uint8Array {
  const header = 1 | (type << 1) | (size << 3);
  return bytes(...MAGIC, 0x00, 0x90, header & 255, (header >> 8) & 255, header >> 16, ...body);
}

/** Data as configs have it: much of it repeated, much of it random. */
const content = fc.oneof(
  fc.uint8Array({ maxLength: 3000 }),
  fc
    .array(fc.oneof(fc.constantFrom("contact", "name", "2:id", "d1:n", "ee"), fc.string({ maxLength: 8 })), {
      maxLength: 4000,
      size: "max",
    })
    .map((words) => new Uint8Array(Buffer.from(words.join("")))),
);

beforeAll(() => init());

describe("zstdDecompress", () => {
  it("reads what the reference implementation writes, at every level", () => {
    fc.assert(
      fc.property(content, fc.constantFrom(-5, 1, 3, 6, 12, 19, 22), (data, level) => {
        expect(same(zstdDecompress(wasmCompress(Buffer.from(data), level)), data)).toBe(true);
      }),
      { numRuns: runs(150) },
    );
  });

  it("reads large data with blocks of every type", () => {
    const parts = [new Uint8Array(300_000), Buffer.from("abcdefgh".repeat(40_000)), bytesOfNoise(200_000)];
    const data = new Uint8Array(Buffer.concat(parts));
    for (const level of [1, 19]) {
      expect(same(zstdDecompress(wasmCompress(Buffer.from(data), level)), data)).toBe(true);
    }
  });

  it("reads several frames, and skips those that are to be skipped", () => {
    const skipped = bytes(0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3);
    const frames = Buffer.concat([frame(0, [1, 2]), skipped, frame(1, [7], 4)]);
    expect(zstdDecompress(new Uint8Array(frames))).toEqual(bytes(1, 2, 7, 7, 7, 7));
  });

  it("reads past a checksum", () => {
    const withChecksum = bytes(...MAGIC, 0x24, 2, 0x11, 0, 0, 1, 2, 9, 9, 9, 9);
    expect(zstdDecompress(withChecksum)).toEqual(bytes(1, 2));
    expect(() => zstdDecompress(withChecksum.slice(0, -1))).toThrowError(invalid);
  });

  it("refuses a frame that claims gigabytes before it takes any memory", () => {
    const claims = [
      bytes(...MAGIC, 0xa0, 0, 0, 0, 0xff, 0x03, 0, 0, 0),
      bytes(...MAGIC, 0xe0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x03, 0, 0, 0),
    ];
    const before = process.memoryUsage().arrayBuffers;
    for (const claim of claims) expect(() => zstdDecompress(claim)).toThrowError(tooLarge);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
  });

  it("stops at the limit when a frame claims nothing", () => {
    const block = (last: number): number[] => [last | (1 << 1), 0x00, 0x10, 0x61];
    // 200 blocks of 128 KB each, of one byte repeated.
    const bomb = bytes(
      ...MAGIC,
      0x00,
      0x90,
      ...Array.from({ length: 200 }, () => block(0)).flat(),
      ...block(1),
    );
    expect(() => zstdDecompress(bomb)).toThrowError(tooLarge);
    expect(zstdDecompress(bomb, 201 * 131_072)).toHaveLength(201 * 131_072);
    expect(() => zstdDecompress(bomb, 201 * 131_072 - 1)).toThrowError(tooLarge);
  });

  it("keeps to the limit of compressed blocks", () => {
    const data = Buffer.from("session ".repeat(5000));
    const compressed = wasmCompress(data, 1);
    expect(zstdDecompress(compressed, data.length)).toHaveLength(data.length);
    expect(() => zstdDecompress(compressed, data.length - 1)).toThrowError(tooLarge);
  });

  it("refuses 98,000 matches of 64 KB in a block of nine bytes", () => {
    // A decoder that does not notice the missing bits runs for minutes.
    const body = [0x00, 255, 0xff, 0xff, 0x54, 0, 0, 52, 0x01];
    const raw = [16 << 3, 0, 0, ...new Uint8Array(16)];
    const block = [1 | (2 << 1) | (body.length << 3), 0, 0, ...body];
    expect(() => zstdDecompress(bytes(...MAGIC, 0x00, 0x90, ...raw, ...block))).toThrowError(invalid);
  });

  it("refuses 30,000 matches of 64 KB that are all there", () => {
    const count = 30_000;
    const body = [0x00, (count >> 8) + 128, count & 255, 0x54, 0, 0, 52, ...new Uint8Array(count * 2), 0x01];
    const raw = [16 << 3, 0, 0, ...new Uint8Array(16)];
    const header = 1 | (2 << 1) | (body.length << 3);
    const block = [header & 255, (header >> 8) & 255, header >> 16, ...body];
    expect(() => zstdDecompress(bytes(...MAGIC, 0x00, 0x90, ...raw, ...block))).toThrowError(invalid);
  });

  it("refuses a match into the frame before", () => {
    const block = frame(2, [0x08, 0x61, 0x01, 0x54, 0, 2, 0, 0x04]);
    const before = frame(0, [...new Uint8Array(16)]);
    expect(() => zstdDecompress(new Uint8Array(Buffer.concat([before, block])))).toThrowError(invalid);
  });

  it.each([
    ["nothing", bytes()],
    ["another magic number", bytes(1, 2, 3, 4, 5, 6, 7, 8)],
    ["a reserved bit", bytes(...MAGIC, 0x28, 0, 1, 0, 0)],
    ["a dictionary", bytes(...MAGIC, 0x21, 5, 0, 1, 0, 0)],
    ["a block of unknown type", frame(3, [])],
    ["a block above 128 KB", frame(1, [1], 131_073)],
    ["less than it claims", bytes(...MAGIC, 0x20, 5, 0x11, 0, 0, 1, 2)],
    ["more than it claims", bytes(...MAGIC, 0x20, 1, 0x11, 0, 0, 1, 2)],
    ["a skipped frame that is cut off", bytes(0x50, 0x2a, 0x4d, 0x18, 9, 0, 0, 0, 1)],
    ["literals of a table that is not there", frame(2, [0x03, 0x40, 0x00, 0x00])],
    ["a match before the start", frame(2, [0x08, 0x61, 0x01, 0x54, 0, 2, 0, 0x04])],
  ])("refuses %s", (_, data) => {
    expect(() => zstdDecompress(data)).toThrowError(invalid);
  });

  it("refuses data cut off anywhere", () => {
    const data = wasmCompress(Buffer.from("The quick brown fox jumps over the lazy dog. ".repeat(30)), 1);
    for (let length = 0; length < data.length; length++) {
      expect(() => zstdDecompress(data.slice(0, length))).toThrowError(invalid);
    }
  });

  it("never fails otherwise, whatever is damaged", () => {
    const source = wasmCompress(Buffer.from(`${"contact 5:name ".repeat(60)}${bytesOfNoise(400)}`), 3);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(source.length - 1), fc.nat(255)), { minLength: 1, maxLength: 5 }),
        (edits) => {
          const damaged = source.slice();
          for (const [index, value] of edits) damaged[index] = value;
          try {
            expect(zstdDecompress(damaged, 100_000).length).toBeLessThanOrEqual(100_000);
          } catch (error) {
            expect(isSessionError(error, "ZSTD_INVALID", "ZSTD_TOO_LARGE")).toBe(true);
          }
        },
      ),
      { numRuns: runs(1500) },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (body) => {
        try {
          zstdDecompress(frame(2, [...body]), 200_000);
        } catch (error) {
          expect(isSessionError(error, "ZSTD_INVALID", "ZSTD_TOO_LARGE")).toBe(true);
        }
      }),
      { numRuns: runs(1500) },
    );
  });
});

describe("loadCompressor", () => {
  it("gives frames that decompress to the input", async () => {
    const compress = await loadCompressor();
    fc.assert(
      fc.property(content, (data) => same(zstdDecompress(compress(data)), data)),
      { numRuns: runs(50) },
    );
  });
});

/** Quicker than `toEqual` on large arrays. */
const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

function bytesOfNoise(length: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state >>> 24;
  });
}
