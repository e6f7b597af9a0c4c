import fc from "fast-check";
import {
  type ConfigDict,
  type ConfigScalar,
  type ConfigValue,
  canonicalBaseUrl,
  decryptConfig,
  encryptConfig,
  formatCommunityUrl,
  padConfig,
  paddedConfigLength,
  parseCommunityUrl,
  parseMessage,
  truncateUtf8,
  unpadConfig,
  unwrapConfig,
  wrapConfig,
} from "session-messenger-sdk/config";
import { defaultCrypto } from "session-messenger-sdk/crypto";
import { portableCrypto } from "session-messenger-sdk/crypto/portable";
import { describe, expect, it } from "vitest";
import { accountOf, bytesOf, KEY, opened, PlainConfig, sealed, stored } from "./support.js";

const runs = (count: number): number => count * Number(process.env["FC_RUNS"] ?? 1);
const binary = fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString("latin1"));
const scalar: fc.Arbitrary<ConfigScalar> = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  binary,
);
const value: fc.Arbitrary<ConfigValue> = fc.letrec<{ value: ConfigValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    scalar,
    fc.array(scalar, { minLength: 1, maxLength: 5 }).map((members) => new Set(members)),
    fc
      .array(fc.tuple(binary, tie("value")), { minLength: 1, maxLength: 4 })
      .map((entries) => new Map(entries)),
  ),
})).value;
const data: fc.Arbitrary<ConfigDict> = fc
  .array(fc.tuple(binary, value), { maxLength: 6 })
  .map((entries) => new Map(entries));

describe("a config message", () => {
  it("has the data that was set, for everybody who reads it", () => {
    fc.assert(
      fc.property(data, (wanted) => {
        const config = new PlainConfig();
        for (const [key, item] of wanted) config.setRaw([key], item);
        const [message = new Uint8Array(0)] = config.push().messages;
        const other = new PlainConfig();
        expect(other.merge([stored(message)]).ignored).toEqual([]);
        expect(other.snapshot()).toEqual(wanted);
        // What was read is written again byte for byte.
        expect(other.push().messages[0] ?? message).toEqual(message);
        expect(new PlainConfig({ dump: other.dump() }).snapshot()).toEqual(wanted);
      }),
      { numRuns: runs(150) },
    );
  });

  it("leads from any data to any other by its diff", () => {
    fc.assert(
      fc.property(data, data, (before, after) => {
        const [one, two] = [new PlainConfig(), new PlainConfig()];
        for (const [key, item] of before) one.setRaw([key], item);
        one.setRaw(["always"], 1n);
        two.merge(one.push().messages.map(stored));
        for (const key of before.keys()) if (!after.has(key)) one.setRaw([key], undefined);
        for (const [key, item] of after) one.setRaw([key], item);
        // The other device is in conflict, so it replays the diff instead of taking the version as it is.
        two.setRaw(["always"], 2n);
        two.merge(one.push().messages.map(stored));
        const result = new Map(two.snapshot());
        expect(result.delete("always")).toBe(true);
        const wanted = new Map(one.snapshot());
        wanted.delete("always");
        expect(result).toEqual(wanted);
      }),
      { numRuns: runs(150) },
    );
  });

  it("is the same for the same changes in another order", () => {
    fc.assert(
      fc.property(data, (wanted) => {
        const entries = [...wanted];
        const [one, two] = [entries, [...entries].reverse()].map((order) => {
          const config = new PlainConfig();
          for (const [key, item] of order) config.setRaw([key], item);
          return opened(config.push().messages[0] as Uint8Array);
        });
        expect(one).toBe(two);
      }),
      { numRuns: runs(100) },
    );
  });

  it("may have leading zeros, and bytes after its end, which count for its hash", () => {
    const plain = "d1:#i1e1:&d1:ai1ee1:<le1:=d1:a0:ee";
    const sloppy = "d01:#i001e1:&d1:ai-0ee1:<le1:=d1:a0:ee\0\0";
    expect(parseMessage(bytesOf(sloppy), {})).toMatchObject({ seqno: 1n, data: new Map([["a", 0n]]) });
    expect(parseMessage(bytesOf(`${plain}\0`), {}).hash).not.toBe(parseMessage(bytesOf(plain), {}).hash);
    const config = new PlainConfig();
    config.merge([sealed(sloppy)]);
    expect(config.merge([sealed(sloppy)]).changed).toBe(false);
    expect(config.needsPush).toBe(false);
  });
});

describe.each([defaultCrypto, portableCrypto])("layers with $name", (crypto) => {
  it("encryption and padding open again", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 700 }), (bytes) => {
        const message = Uint8Array.of(0x64, ...bytes);
        const padded = padConfig(message);
        expect(padded.length).toBe(paddedConfigLength(message.length));
        expect((padded.length + 40) % 256).toBe(0);
        const key = { key: KEY, domain: "Test" };
        const encrypted = encryptConfig(padded, key, crypto);
        expect(encrypted).toEqual(encryptConfig(padded, key, crypto));
        expect(unpadConfig(decryptConfig(encrypted, key, crypto))).toEqual(message);
      }),
      { numRuns: runs(50) },
    );
  });

  it("wrapping comes off again", () => {
    const { ed25519 } = accountOf(4);
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.constantFrom(2, 3, 4, 5),
        fc.nat(),
        (bytes, namespace, seqno) => {
          const wrapped = wrapConfig(bytes, { ed25519, namespace, seqno: BigInt(seqno) }, crypto);
          expect(unwrapConfig(wrapped, { ed25519, namespace }, crypto)).toEqual(bytes);
        },
      ),
      { numRuns: runs(20) },
    );
  });
});

describe("communities' addresses", () => {
  it("have one form", () => {
    expect(canonicalBaseUrl("HTTP://Example.ORG:80/")).toBe("http://example.org");
    expect(canonicalBaseUrl("https://localhost:8443")).toBe("https://localhost:8443");
    for (const text of [
      "example.org",
      "https://",
      "https://a b",
      "https://x/y",
      "https://u@x",
      "https://x:99999",
    ]) {
      expect(() => canonicalBaseUrl(text)).toThrowError(
        expect.objectContaining({ code: "CONFIG_VALUE_INVALID" }),
      );
    }
  });

  it("are read in every form of the key, and written in one", () => {
    const publicKey = "cefcefc6d39a2e94df8f9c298bf5dd840c0d2e1dce415af9de17c42fae9b33a4";
    const url = `https://open.example.com/Room?public_key=${publicKey}`;
    for (const form of [
      url,
      `https://Open.example.com:443/r/Room?public_key=${publicKey.toUpperCase()}`,
      `https://open.example.com/Room?public_key=${Buffer.from(publicKey, "hex").toString("base64")}`,
    ]) {
      expect(formatCommunityUrl(parseCommunityUrl(form))).toBe(url);
    }
    for (const text of ["", "x".repeat(600), url.replace("Room", "a*b"), url.slice(0, -1), `${url}&x=1`]) {
      expect(() => parseCommunityUrl(text)).toThrowError(
        expect.objectContaining({ code: "CONFIG_VALUE_INVALID" }),
      );
    }
  });
});

it("texts are cut between characters", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 60 }), fc.nat(120), (text, limit) => {
      const cut = truncateUtf8(text, limit);
      expect(text.startsWith(cut)).toBe(true);
      const bytes = Buffer.byteLength(cut);
      expect(bytes).toBeLessThanOrEqual(limit);
      const next = [...text.slice(cut.length)][0];
      if (next !== undefined) expect(bytes + Buffer.byteLength(next)).toBeGreaterThan(limit);
    }),
  );
});
