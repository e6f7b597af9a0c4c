import fc from "fast-check";
import {
  encryptConfig,
  MAX_STORED_BYTES,
  padConfig,
  parsePart,
  type StoredConfig,
  splitConfig,
} from "session-messenger-sdk/config";
import { isSessionError } from "session-messenger-sdk/errors";
import { describe, expect, it } from "vitest";
import { bytesOf, KEY, NOW, PlainConfig, stored } from "./support.js";

const DAY = 86_400_000;
const encrypt = (plain: Uint8Array): Uint8Array => encryptConfig(plain, { key: KEY, domain: "Test" });

/** A config of three parts, as another device pushed it. */
function large(): { config: PlainConfig; parts: readonly StoredConfig[] } {
  const config = new PlainConfig();
  for (let i = 0; i < 50; i++) config.setRaw([`key ${i}`], `${i}`.repeat(2000));
  const { seqno, messages } = config.push();
  const parts = messages.map(stored);
  config.confirm(
    seqno,
    parts.map(({ hash }) => hash),
  );
  return { config, parts };
}

describe("a config of several parts", () => {
  it("is cut into full messages, and merged in any order", () => {
    const { config, parts } = large();
    expect(parts.map(({ data }) => data.length).slice(0, -1)).toEqual([MAX_STORED_BYTES, MAX_STORED_BYTES]);
    for (const order of [
      [0, 1, 2],
      [2, 0, 1],
      [2, 1, 0],
    ]) {
      const other = new PlainConfig();
      const { accepted, changed } = other.merge(order.map((index) => parts[index] as StoredConfig));
      expect([accepted.length, changed]).toEqual([3, true]);
      expect(other.snapshot()).toEqual(config.snapshot());
      expect([...other.currentHashes].sort()).toEqual([...config.currentHashes].sort());
    }
  });

  it("waits for a part that is missing, over a restart, and keeps the others alive", () => {
    const { config, parts } = large();
    const [first, second, third] = parts as [StoredConfig, StoredConfig, StoredConfig];
    const other = new PlainConfig({ now: () => NOW });
    expect(other.merge([third, first]).changed).toBe(false);
    expect([...other.activeHashes].sort()).toEqual([first.hash, third.hash].sort());
    expect(other.currentHashes).toEqual([]);
    const restarted = new PlainConfig({ now: () => NOW, dump: other.dump() });
    expect(restarted.merge([second]).changed).toBe(true);
    expect(restarted.snapshot()).toEqual(config.snapshot());
  });

  it("gives up on the parts a week after the last one", () => {
    const { parts } = large();
    const [first, second, third] = parts as [StoredConfig, StoredConfig, StoredConfig];
    let now = NOW;
    const other = new PlainConfig({ now: () => now });
    other.merge([first]);
    now += 6 * DAY;
    other.merge([second]);
    now += 6 * DAY;
    other.merge([]);
    expect(other.activeHashes).toHaveLength(2);
    now += 1 * DAY;
    other.merge([]);
    expect(other.activeHashes).toEqual([]);
    expect(other.merge([third]).changed).toBe(false);
  });

  it("does not collect again what it has read or pushed itself", () => {
    const { config, parts } = large();
    expect(config.merge(parts.slice(0, 1)).accepted).toHaveLength(1);
    expect(config.activeHashes).toHaveLength(3);
    const other = new PlainConfig();
    other.merge(parts);
    other.merge(parts.slice(1));
    expect(other.activeHashes).toHaveLength(3);
  });

  it("replaces all its parts", () => {
    const { config, parts } = large();
    const other = new PlainConfig();
    other.merge(parts);
    other.setRaw(["key 1"], undefined);
    expect([...other.push().obsolete].sort()).toEqual([...config.currentHashes].sort());
  });

  it("refuses parts that contradict each other or the whole, and takes it from good ones later", () => {
    const { parts: good } = splitConfig(
      padConfig(bytesOf(`d1:#i1e1:&d1:a100000:${"x".repeat(100_000)}e1:<le1:=d1:a0:ee`)),
    );
    const [first, second] = good as [Uint8Array, Uint8Array];
    const bad = second.slice();
    bad[1000] = (bad[1000] as number) ^ 1;
    const count = first.slice();
    // The part's count is the byte before the length of its data.
    count[2 + 3 + 32 + 3 + 2] = 3;
    const config = new PlainConfig();
    const { ignored } = config.merge([
      { hash: "first", data: encrypt(first) },
      { hash: "bad", data: encrypt(bad) },
    ]);
    expect(ignored.map(({ hash, error }) => [hash, error.code])).toEqual([["bad", "CONFIG_PART_INVALID"]]);
    expect(config.activeHashes).toEqual([]);
    const second2 = { hash: "second", data: encrypt(second) };
    const result = config.merge([
      second2,
      { hash: "count", data: encrypt(count) },
      { hash: "again", data: encrypt(first) },
    ]);
    expect(result.ignored.map(({ hash, error }) => [hash, error.code])).toEqual([
      ["count", "CONFIG_PART_INVALID"],
    ]);
    expect(config.snapshot().size).toBe(1);
  });

  it("is refused when its whole is none", () => {
    const { parts } = splitConfig(padConfig(new Uint8Array(100_000).fill(0x78)));
    const config = new PlainConfig();
    const { ignored } = config.merge(parts.map((data, index) => ({ hash: `${index}`, data: encrypt(data) })));
    expect(ignored.map(({ error }) => error.code)).toEqual(["CONFIG_UNKNOWN_FORMAT"]);
    expect(config.seqno).toBe(0n);
  });

  it("fails before anything is pushed when it is too large", () => {
    const config = new PlainConfig();
    config.setRaw(["a"], 1n);
    const before = config.push();
    config.setRaw(["large"], "x".repeat(5_000_000));
    const dump = config.dump();
    expect(() => config.push()).toThrowError(expect.objectContaining({ code: "CONFIG_TOO_LARGE" }));
    expect(Buffer.compare(config.dump(), dump)).toBe(0);
    config.setRaw(["large"], undefined);
    expect(config.push().seqno).toBe(before.seqno + 1n);
  });
});

describe("parsePart", () => {
  it("takes what splitConfig gives", () => {
    const data = new Uint8Array(200_000).map((_, index) => index * 7);
    const { id, parts } = splitConfig(data);
    const read = parts.map(parsePart);
    expect(read.map(({ index, count }) => [index, count])).toEqual([
      [0, 3],
      [1, 3],
      [2, 3],
    ]);
    expect(new Set(read.map((part) => part.id))).toEqual(new Set([id]));
    expect(Buffer.compare(Buffer.concat(read.map((part) => part.data)), data)).toBe(0);
  });

  it.each([
    ["no list", "m5:hello"],
    ["three members", `ml32:${"h".repeat(32)}1:\x001:\x02e`],
    ["an integer", `ml32:${"h".repeat(32)}i0e1:\x021:xe`],
    ["a short hash", `ml31:${"h".repeat(31)}1:\x001:\x021:xe`],
    ["no data", `ml32:${"h".repeat(32)}1:\x001:\x020:e`],
    ["a single part", `ml32:${"h".repeat(32)}1:\x001:\x011:xe`],
    ["an index beyond the count", `ml32:${"h".repeat(32)}1:\x021:\x021:xe`],
    ["an end too early", `ml32:${"h".repeat(32)}1:\x00`],
    ["lists without end", `m${"l".repeat(100)}`],
  ])("refuses %s", (_, text) => {
    expect(() => parsePart(bytesOf(text))).toThrowError(
      expect.objectContaining({ code: "CONFIG_PART_INVALID" }),
    );
  });

  it("refuses random bytes with no other error", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        try {
          parsePart(bytes);
        } catch (error) {
          expect(isSessionError(error, "CONFIG_PART_INVALID")).toBe(true);
        }
      }),
    );
  });
});
