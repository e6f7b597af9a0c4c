import fc from "fast-check";
import {
  encryptConfig,
  padConfig,
  parseMessage,
  type StoredConfig,
  UserProfile,
  unwrapConfig,
  wrapConfig,
} from "session-messenger-sdk/config";
import { defaultCrypto } from "session-messenger-sdk/crypto";
import { isSessionError } from "session-messenger-sdk/errors";
import { encryptForRecipientDeterministic, wrapEnvelope } from "session-messenger-sdk/messages";
import { ContentSchema, encodeProto } from "session-messenger-sdk/proto";
import { describe, expect, it } from "vitest";
import {
  accountOf,
  bencode,
  bytesOf,
  KEY,
  type Plain,
  PlainConfig,
  pushAndConfirm,
  sealed,
} from "./support.js";

const runs = (count: number): number => count * Number(process.env["FC_RUNS"] ?? 1);
const EMPTY_END = "1:<le1:=dee";
const HASH = "h".repeat(32);

/** A config with something in it, and a good newer message for it. */
function prepared(): { config: PlainConfig; good: StoredConfig } {
  const config = new PlainConfig();
  config.setRaw(["a"], 1n);
  const other = new PlainConfig();
  other.merge(pushAndConfirm(config).stored);
  other.setRaw(["b"], 2n);
  return { config, good: pushAndConfirm(other).stored[0] as StoredConfig };
}

const deep = (levels: number): string =>
  `d1:#i2e1:&${"d1:a".repeat(levels)}i1e${"e".repeat(levels)}${EMPTY_END}`;
const zstdClaim = [0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 0xff, 0x03, 0, 0, 0];

const bad: ReadonlyArray<readonly [string, StoredConfig | string | Uint8Array, string]> = [
  ["nothing", { hash: "bad", data: new Uint8Array(0) }, "CONFIG_DECRYPT_FAILED"],
  ["padding alone", new Uint8Array(300), "CONFIG_UNKNOWN_FORMAT"],
  [
    "another key",
    {
      hash: "bad",
      data: encryptConfig(padConfig(bytesOf(deep(1))), { key: KEY.map(() => 1), domain: "Test" }),
    },
    "CONFIG_DECRYPT_FAILED",
  ],
  [
    "another domain",
    { hash: "bad", data: encryptConfig(padConfig(bytesOf(deep(1))), { key: KEY, domain: "Other" }) },
    "CONFIG_DECRYPT_FAILED",
  ],
  ["a kind of the future", "x1:#i2e", "CONFIG_UNKNOWN_FORMAT"],
  ["a key before the number", `d1:!i1e1:#i2e1:&de${EMPTY_END}`, "CONFIG_MALFORMED"],
  ["no data", `d1:#i2e${EMPTY_END}`, "CONFIG_MALFORMED"],
  ["keys out of order", `d1:#i2e1:&d1:bi1e1:ai1ee${EMPTY_END}`, "CONFIG_MALFORMED"],
  ["a key twice", `d1:#i2e1:&d1:ai1e1:ai1ee${EMPTY_END}`, "CONFIG_MALFORMED"],
  ["a set out of order", `d1:#i2e1:&d1:ali2ei1eee${EMPTY_END}`, "CONFIG_MALFORMED"],
  ["a set with a dict", `d1:#i2e1:&d1:alde1:bee${EMPTY_END}`, "CONFIG_MALFORMED"],
  ["top-level keys out of order", `d1:#i2e1:&de1:+i1e1:*i1e${EMPTY_END}`, "CONFIG_MALFORMED"],
  ["an empty dict inside", `d1:#i2e1:&d1:adee${EMPTY_END}`, "CONFIG_MALFORMED"],
  ["an integer of 65 bits", `d1:#i2e1:&d1:ai9223372036854775808ee${EMPTY_END}`, "CONFIG_MALFORMED"],
  [
    "an integer of a million digits",
    `d1:#i2e1:&d1:ai${"9".repeat(70_000)}ee${EMPTY_END}`,
    "CONFIG_MALFORMED",
  ],
  ["a string longer than the message", "d1:#i2e1:&d1:a99999999999:", "CONFIG_MALFORMED"],
  ["an end too early", "d1:#i2e1:&d1:ai1e", "CONFIG_MALFORMED"],
  ["nesting without end", deep(70), "CONFIG_MALFORMED"],
  ["nesting that would overflow the stack", "d1:#i2e1:&".concat("d1:a".repeat(18_000)), "CONFIG_MALFORMED"],
  ["an unknown key that is nested without end", `d1:#i2e1:$${"l".repeat(60_000)}`, "CONFIG_MALFORMED"],
  ["an integer as a diff", `d1:#i2e1:&d1:ai1ee1:<le1:=d1:ai1eee`, "CONFIG_MALFORMED"],
  ["an integer for the diff", `d1:#i2e1:&d1:ai1ee1:<le1:=i1ee`, "CONFIG_MALFORMED"],
  [
    "an integer in an earlier diff",
    `d1:#i2e1:&d1:ai1ee1:<lli1e32:${HASH}d1:ai1eeee1:=dee`,
    "CONFIG_MALFORMED",
  ],
  ["an integer for an earlier diff", `d1:#i2e1:&d1:ai1ee1:<lli1e32:${HASH}i1eee1:=dee`, "CONFIG_MALFORMED"],
  ["a number below zero", `d1:#i-1e1:&de${EMPTY_END}`, "CONFIG_MALFORMED"],
  ["a number that nothing can follow", `d1:#i9223372036854775807e1:&de${EMPTY_END}`, "CONFIG_MALFORMED"],
  ["a short signature", `d1:#i2e1:&de1:<le1:=de1:~3:abce`, "CONFIG_BAD_SIGNATURE"],
  ["a frame that claims gigabytes", Uint8Array.from([0x7a, ...zstdClaim]), "ZSTD_TOO_LARGE"],
  ["a broken frame", Uint8Array.from([0x7a, 1, 2, 3, 4, 5]), "ZSTD_INVALID"],
  ["a broken part", bytesOf("ml3:abce"), "CONFIG_PART_INVALID"],
];

describe("merging what is bad", () => {
  it.each(bad)("ignores %s, and merges the rest", (_, input, code) => {
    const message = typeof input === "string" || input instanceof Uint8Array ? sealed(input, "bad") : input;
    const { config, good } = prepared();
    const before = config.dump();
    const alone = config.merge([message]);
    expect(alone).toMatchObject({ accepted: [], changed: false });
    expect(alone.ignored.map(({ hash, error }) => [hash, error.code])).toEqual([["bad", code]]);
    expect(config.dump()).toEqual(before);

    const together = config.merge([message, good, message]);
    expect(together).toMatchObject({ accepted: [good.hash], changed: true });
    expect(config.snapshot()).toEqual(
      new Map([
        ["a", 1n],
        ["b", 2n],
      ]),
    );
    expect(config.push().obsolete).not.toContain("bad");
  });

  it("takes an older message that is sent again for what it is", () => {
    const { config, good } = prepared();
    const old = config.push().messages[0] as Uint8Array;
    config.merge([good]);
    const before = config.snapshot();
    for (let i = 0; i < 3; i++) {
      expect(config.merge([{ hash: `old ${i}`, data: old }])).toMatchObject({ changed: false });
    }
    expect([config.snapshot(), config.needsPush, config.seqno]).toEqual([before, false, 2n]);
    expect(config.currentHashes).toEqual([good.hash]);
  });

  it("ignores every cut and every damaged byte of a message", () => {
    const { config, good } = prepared();
    const before = config.dump();
    const cuts = Array.from({ length: good.data.length }, (_, length) => good.data.slice(0, length));
    const damaged = Array.from({ length: good.data.length }, (_, index) => {
      const data = good.data.slice();
      data[index] = (data[index] as number) ^ 0x10;
      return data;
    });
    const { accepted, changed } = config.merge(
      [...cuts, ...damaged].map((data, index) => ({ hash: `${index}`, data })),
    );
    expect([accepted, changed]).toEqual([[], false]);
    expect(config.dump()).toEqual(before);
  });
});

describe("parseMessage", () => {
  const plain: fc.Arbitrary<Plain> = fc.letrec<{ value: Plain }>((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }),
      fc.constantFrom("", "-", "a", "b", HASH),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom("a", "b", "c", ""), tie("value"), { maxKeys: 3 }),
    ),
  })).value;

  it("reads or refuses whatever comes, with no other error", () => {
    const messages = fc.record({ seqno: plain, data: plain, lagged: plain, diff: plain, extra: plain });
    fc.assert(
      fc.property(messages, ({ seqno, data, lagged, diff, extra }) => {
        const text = bencode({ "#": seqno, "&": data, "+": extra, "<": lagged, "=": diff });
        try {
          parseMessage(bytesOf(text), {});
        } catch (error) {
          expect(isSessionError(error, "CONFIG_MALFORMED", "CONFIG_BAD_SIGNATURE")).toBe(true);
        }
      }),
      { numRuns: runs(1000) },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(60), (bytes, at) => {
        const text = bytesOf(`d1:#i2e1:&d1:ai1e1:bl1:c1:dee1:<lli1e32:${HASH}d1:a0:eee1:=d1:a0:ee`);
        text.set(bytes.subarray(0, text.length - at), at);
        try {
          parseMessage(text, {});
        } catch (error) {
          expect(isSessionError(error)).toBe(true);
        }
      }),
      { numRuns: runs(1000) },
    );
  });
});

describe("the wrapping", () => {
  const [alice, mallory] = [accountOf(1), accountOf(2)];
  const profile = (): { config: UserProfile; encrypted: Uint8Array; wrapped: Uint8Array } => {
    const config = new UserProfile(alice);
    config.name = "Alice";
    const [wrapped = new Uint8Array(0)] = config.push().messages;
    const encrypted = unwrapConfig(wrapped, { ed25519: alice.ed25519, namespace: 2 });
    return { config, encrypted, wrapped };
  };

  it("is optional, and may be there twice", () => {
    const { encrypted, wrapped } = profile();
    const twice = wrapConfig(wrapped, { ed25519: alice.ed25519, namespace: 2, seqno: 1n });
    for (const data of [encrypted, wrapped, twice]) {
      const other = new UserProfile(alice);
      other.merge([{ hash: "h", data }]);
      expect(other.name).toBe("Alice");
    }
    const thrice = wrapConfig(twice, { ed25519: alice.ed25519, namespace: 2, seqno: 1n });
    expect(new UserProfile(alice).merge([{ hash: "h", data: thrice }]).accepted).toEqual([]);
  });

  it("must come from the account itself", () => {
    const { encrypted } = profile();
    const content = encodeProto(ContentSchema, {
      sharedConfigMessage: { kind: 1, seqno: 1n, data: encrypted },
    });
    const forged = (sender: typeof alice, padding: readonly number[]): Uint8Array =>
      wrapEnvelope({
        type: 6,
        timestamp: 1n,
        content: encryptForRecipientDeterministic(Uint8Array.from([...content, ...padding]), {
          sender: sender.ed25519.secretKey,
          recipient: alice.x25519.publicKey,
          crypto: defaultCrypto,
        }),
      });
    const context = { ed25519: alice.ed25519, namespace: 2 };
    expect(unwrapConfig(forged(alice, [0x80]), context)).toEqual(encrypted);
    expect(unwrapConfig(forged(alice, [0x80, 0, 0]), context)).toEqual(encrypted);
    for (const data of [forged(mallory, [0x80]), forged(alice, []), forged(alice, [0])]) {
      expect(() => unwrapConfig(data, context)).toThrowError(
        expect.objectContaining({ code: "CONFIG_UNWRAP_FAILED" }),
      );
    }
  });

  it("of random bytes is refused with no other error", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (data) => {
        try {
          unwrapConfig(data, { ed25519: alice.ed25519, namespace: 2 });
        } catch (error) {
          expect(isSessionError(error, "CONFIG_UNWRAP_FAILED")).toBe(true);
        }
      }),
      { numRuns: runs(300) },
    );
  });
});

describe("dumps", () => {
  it.each([
    ["nothing", ""],
    ["a list", "le"],
    ["no message", "d1:!i0ee"],
    ["an unknown state", `d1:!i3e1:$2:dee`],
    ["a broken message", `d1:!i0e1:$2:dee`],
    ["hashes of another type", `d1:!i0e1:$${bencode(`d1:#i1e1:&de${EMPTY_END}`)}1:(li1eee`],
    ["parts of another type", `d1:!i0e1:$${bencode(`d1:#i1e1:&de${EMPTY_END}`)}1:*lee`],
    ["broken parts", `d1:!i0e1:$${bencode(`d1:#i1e1:&de${EMPTY_END}`)}1:*d1:hi1eee`],
  ])("with %s are refused", (_, text) => {
    expect(() => new PlainConfig({ dump: bytesOf(text) })).toThrowError(
      expect.objectContaining({ code: "CONFIG_DUMP_INVALID" }),
    );
  });

  it("of old versions, with one hash in place of a list, are read", () => {
    const message = bencode(`d1:#i1e1:&de${EMPTY_END}`);
    const dump = (hash: string): Uint8Array => bytesOf(`d1:!i0e1:$${message}1:(${hash}e`);
    expect(new PlainConfig({ dump: dump("4:hash") }).currentHashes).toEqual(["hash"]);
    expect(new PlainConfig({ dump: dump("0:") }).currentHashes).toEqual([]);
  });

  it("of random bytes are refused with no other error", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (dump) => {
        expect(() => new PlainConfig({ dump })).toThrowError(
          expect.objectContaining({ code: "CONFIG_DUMP_INVALID" }),
        );
      }),
    );
  });
});
