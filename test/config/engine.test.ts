import { diffDicts } from "session-messenger-sdk/config";
import { defaultCrypto } from "session-messenger-sdk/crypto";
import { describe, expect, it } from "vitest";
import {
  bencode,
  bytesOf,
  hashOf,
  opened,
  type Plain,
  PlainConfig,
  pushAndConfirm,
  sealed,
  stored,
} from "./support.js";

const INITIAL_HASH = Buffer.from(
  "ea173b57beca8af18c3519a7bbf69c3e7a05d1c049fa9558341d8ebb48b0c965",
  "hex",
).toString("latin1");

/** A message as another device may have made it. */
function message(
  seqno: number,
  data: Plain,
  lagged: readonly Plain[],
  diff: Plain,
  extra: object = {},
): string {
  const pairs = { "#": seqno, "&": data, "<": lagged, "=": diff, ...extra } as Record<string, Plain>;
  return bencode(Object.fromEntries(Object.entries(pairs).sort(([a], [b]) => (a < b ? -1 : 1))));
}

/** The messages of a device that changes one key `count` times. */
function chain(key: string, count: number): string[] {
  const messages: string[] = [];
  let lagged: [number, string, Plain][] = [[0, INITIAL_HASH, {}]];
  for (let seqno = 1; seqno <= count; seqno++) {
    const text = message(
      seqno,
      { [key]: seqno },
      lagged.filter(([at]) => at > seqno - 5),
      { [key]: "" },
    );
    messages.push(text);
    lagged = [...lagged, [seqno, hashOf(text), { [key]: "" }]];
  }
  return messages;
}

const last = <Item>(items: readonly Item[]): Item => items[items.length - 1] as Item;
const merged = (...messages: readonly string[]): PlainConfig => {
  const config = new PlainConfig();
  config.merge(messages.map((text, index) => sealed(text, `m${index}`)));
  return config;
};

describe("which versions count", () => {
  it("leaves out a version that is exactly five behind", () => {
    const config = merged(last(chain("a", 7)), last(chain("b", 2)));
    expect(config.needsPush).toBe(false);
    expect(config.snapshot()).toEqual(new Map([["a", 7n]]));
    expect(config.push().obsolete).toEqual(["m1"]);
  });

  it("merges a version that is four behind", () => {
    const config = merged(last(chain("a", 7)), last(chain("b", 3)));
    expect(config.needsPush).toBe(true);
    expect(config.seqno).toBe(8n);
    expect(config.snapshot()).toEqual(
      new Map([
        ["a", 7n],
        ["b", 3n],
      ]),
    );
  });

  it("replays changes five behind the new version without writing them", () => {
    // Both change `shared`; the older change of it, at 3, is five behind the merge at 8.
    const newer = chain("a", 7);
    const older = message(3, { old: 3 }, [], { old: "" });
    const config = merged(last(newer), older);
    expect(config.snapshot().get("old")).toBe(3n);
    const text = opened(config.push().messages[0] as Uint8Array);
    // In the bytes, because a reader would skip what is too old.
    expect(text).not.toContain(hashOf(older));
    expect(text).not.toContain(hashOf(newer[2] as string));
    for (const index of [3, 4, 5, 6]) expect(text).toContain(hashOf(newer[index] as string));
  });

  it("starts from the version with the greatest hash when two of one number share nothing", () => {
    const [a, b] = [message(9, { a: 1, x: 1 }, [], {}), message(9, { b: 1, x: 2 }, [], {})];
    const greatest =
      hashOf(a) > hashOf(b)
        ? new Map([
            ["a", 1n],
            ["x", 1n],
          ])
        : new Map([
            ["b", 1n],
            ["x", 2n],
          ]);
    expect(merged(a, b).snapshot()).toEqual(greatest);
    expect(merged(b, a).snapshot()).toEqual(greatest);
  });

  it("takes a version out that the list of another names, and duplicates", () => {
    const [first = "", second = ""] = chain("a", 2);
    const config = merged(first, second, second);
    expect(config.needsPush).toBe(false);
    expect(config.currentHashes).toEqual(["m1"]);
    expect(config.push().obsolete).toEqual(["m0", "m2"]);
  });

  it("does not depend on the order of messages", () => {
    const messages = [last(chain("a", 3)), last(chain("b", 2)), last(chain("c", 4))];
    const results = [
      [0, 1, 2],
      [2, 1, 0],
      [1, 2, 0],
    ].map((order) => {
      const config = merged(...order.map((index) => messages[index] as string));
      return opened(config.push().messages[0] as Uint8Array);
    });
    expect(new Set(results).size).toBe(1);
  });
});

describe("replaying changes", () => {
  it("deletes a key whose kind changed in between", () => {
    const base = message(1, { k: 1 }, [], { k: "" });
    const lagged = [[1, hashOf(base), { k: "" }]];
    // One side turns the number into a dict, the other sets the number: the later change decides, by its own data.
    const toDict = message(2, { k: { in: 1 } }, lagged, { k: { in: "" } });
    const later = message(3, { k: 5, z: 1 }, [[2, "x".repeat(32), { k: { in: "" } }]], { k: "", z: "" });
    const config = merged(toDict, later);
    // The change at 2 with another hash has a dict for its diff, and a number in its own data: the key goes, and comes back at 3.
    expect(config.snapshot()).toEqual(
      new Map<string, bigint>([
        ["k", 5n],
        ["z", 1n],
      ]),
    );
    const gone = merged(toDict, message(3, { k: 5 }, [[2, "x".repeat(32), { k: { in: "" } }]], {}));
    expect(gone.snapshot()).toEqual(new Map());
  });

  it("tells the integer 1 from the string 1", () => {
    expect(diffDicts(new Map([["k", 1n]]), new Map([["k", "1"]]))).toEqual(new Map([["k", ""]]));
    expect(diffDicts(new Map([["k", new Set([1n])]]), new Map([["k", new Set(["1"])]]))).toEqual(
      new Map([["k", { added: ["1"], removed: [1n] }]]),
    );
    const config = new PlainConfig();
    config.setRaw(["k"], 1n);
    pushAndConfirm(config);
    expect(config.setRaw(["k"], "1")).toBe(true);
    expect(config.setRaw(["k"], "1")).toBe(false);
  });

  it("records a change of kind as what is new alone", () => {
    const before = new Map([["k", new Set<string>(["a"])]]);
    expect(diffDicts(before, new Map([["k", 1n]]))).toEqual(new Map([["k", ""]]));
    expect(diffDicts(new Map([["k", 1n]]), before)).toEqual(new Map([["k", { added: ["a"], removed: [] }]]));
  });
});

describe("what this version does not know", () => {
  const future = { $: "new", "+": ["x", 1], "@": { y: 2 } };

  it("keeps top-level keys when it changes a config", () => {
    const config = merged(message(1, { a: 1 }, [], { a: "" }, future));
    config.setRaw(["b"], 2n);
    const text = opened(config.push().messages[0] as Uint8Array);
    expect(text.startsWith("d1:#i2e1:$3:new1:&d1:ai1e1:bi2ee1:+l1:xi1ee1:<")).toBe(true);
    expect(text).toContain("1:@d1:yi2ee");
  });

  it("drops top-level keys in a merge, and keeps what is inside the data", () => {
    const one = message(1, { a: 1, unknown: { deep: "kept" } }, [], { a: "", unknown: { deep: "" } }, future);
    const config = merged(one, message(1, { b: 2 }, [], { b: "" }));
    const text = opened(config.push().messages[0] as Uint8Array);
    expect(text).not.toContain("1:$3:new");
    expect(text).toContain("7:unknownd4:deep4:kepte");
  });
});

describe("the state between change and confirmation", () => {
  it("ignores a confirmation of an older version, also while waiting", () => {
    const config = new PlainConfig();
    config.setRaw(["a"], 1n);
    config.push();
    config.setRaw(["a"], 2n);
    config.confirm(1n, ["old"]);
    expect(config.needsPush).toBe(true);
    expect(config.push().seqno).toBe(2n);
    config.confirm(1n, ["old"]);
    expect(config.needsPush).toBe(true);
    expect(config.currentHashes).toEqual([]);
    config.confirm(2n, ["new"]);
    expect(config.needsPush).toBe(false);
    expect(config.currentHashes).toEqual(["new"]);
    config.confirm(2n, ["again"]);
    expect(config.currentHashes).toEqual(["new"]);
  });

  it("does not delete its own push that comes back unconfirmed", () => {
    const config = new PlainConfig();
    config.setRaw(["a"], 1n);
    const [data = new Uint8Array(0)] = config.push().messages;
    config.merge([stored(data)]);
    expect(config.push().obsolete).toEqual([]);
    expect(config.needsPush).toBe(true);
  });

  it("does not delete the same version made by another device while its own is not pushed", () => {
    const [one, other] = [new PlainConfig(), new PlainConfig()];
    for (const config of [one, other]) config.setRaw(["a"], 1n);
    one.merge(pushAndConfirm(other).stored);
    expect(one.push().obsolete).toEqual([]);
  });

  it("deletes an older version that comes back", () => {
    const config = new PlainConfig();
    config.setRaw(["a"], 1n);
    const first = pushAndConfirm(config);
    config.setRaw(["a"], 2n);
    expect(pushAndConfirm(config).obsolete).toEqual(first.stored.map(({ hash }) => hash));
    expect(config.merge(first.stored).changed).toBe(false);
    expect(config.snapshot().get("a")).toBe(2n);
    expect(config.push().obsolete).toEqual(first.stored.map(({ hash }) => hash));
  });

  it("gives the same messages again while nothing changes", () => {
    const config = new PlainConfig();
    config.setRaw(["a"], 1n);
    const first = config.push();
    expect(config.push()).toEqual(first);
    config.confirm(1n, ["h"]);
    expect(config.push().messages).toEqual(first.messages);
    expect(config.needsPush).toBe(false);
  });

  it("counts a change that is taken back as a version, but writing an equal value as none", () => {
    const config = new PlainConfig();
    expect(config.setRaw(["a"], new Set())).toBe(false);
    expect(config.setRaw(["a"], undefined)).toBe(false);
    expect(config.needsPush).toBe(false);
    config.setRaw(["a", "b"], 1n);
    config.setRaw(["a"], undefined);
    expect(config.seqno).toBe(1n);
    expect(opened(config.push().messages[0] as Uint8Array)).toContain("1:&de");
  });

  it("holds a snapshot against later changes", () => {
    const config = new PlainConfig();
    config.setRaw(["a", "b"], 1n);
    const before = config.snapshot();
    config.setRaw(["a", "b"], 2n);
    expect(before).toEqual(new Map([["a", new Map([["b", 1n]])]]));
  });

  it("loads a dirty, a waiting and a clean dump", () => {
    const config = new PlainConfig();
    config.setRaw(["a"], 1n);
    const dirty = new PlainConfig({ dump: config.dump() });
    expect([dirty.seqno, dirty.needsPush]).toEqual([2n, true]);
    const pushed = config.push();
    const waiting = new PlainConfig({ dump: config.dump() });
    expect(waiting.push()).toEqual(pushed);
    config.confirm(1n, ["h"]);
    const clean = new PlainConfig({ dump: config.dump() });
    expect([clean.needsPush, clean.currentHashes]).toEqual([false, ["h"]]);
    clean.setRaw(["a"], 2n);
    expect(clean.push().obsolete).toEqual(["h"]);
  });

  it("keeps what is obsolete in a dump", () => {
    const config = merged(last(chain("a", 7)), last(chain("b", 1)));
    const loaded = new PlainConfig({ dump: config.dump() });
    expect(loaded.push().obsolete).toEqual(["m1"]);
  });
});

describe("signed configs", () => {
  const admin = defaultCrypto.ed25519KeyPair(new Uint8Array(32).fill(1));
  const stranger = defaultCrypto.ed25519KeyPair(new Uint8Array(32).fill(2));
  const reader = { publicKey: admin.publicKey };

  it("are read by those who cannot sign, who may not change them", () => {
    const config = new PlainConfig({ signing: admin });
    config.setRaw(["a"], 1n);
    const member = new PlainConfig({ signing: reader });
    expect(member.canWrite).toBe(false);
    expect(member.merge(pushAndConfirm(config).stored).changed).toBe(true);
    expect(() => member.setRaw(["a"], 2n)).toThrowError(
      expect.objectContaining({ code: "CONFIG_READ_ONLY" }),
    );
    expect(member.snapshot()).toEqual(config.snapshot());
    expect(member.needsPush).toBe(false);
  });

  it.each([
    ["unsigned", undefined],
    ["signed by a stranger", stranger],
  ])("refuse a message that is %s", (_, signing) => {
    const forged = new PlainConfig({ signing });
    forged.setRaw(["a"], 1n);
    const member = new PlainConfig({ signing: reader });
    const { accepted, ignored, changed } = member.merge(pushAndConfirm(forged).stored);
    expect([accepted, changed, member.seqno]).toEqual([[], false, 0n]);
    expect(ignored[0]?.error.code).toBe("CONFIG_BAD_SIGNATURE");
  });

  it("take the newest version where a merge could not be signed", () => {
    const [one, two] = [new PlainConfig({ signing: admin }), new PlainConfig({ signing: admin })];
    one.setRaw(["a"], 1n);
    pushAndConfirm(one);
    one.setRaw(["b"], 1n);
    two.setRaw(["c"], 1n);
    const member = new PlainConfig({ signing: reader });
    member.merge([...pushAndConfirm(two).stored, ...pushAndConfirm(one).stored]);
    expect(member.snapshot()).toEqual(one.snapshot());
    expect(member.push().obsolete).toEqual([]);
  });

  it("name a message by the same hash after a restart", () => {
    const config = new PlainConfig({ signing: admin });
    config.setRaw(["a"], 1n);
    const other = new PlainConfig({ signing: admin });
    other.merge(pushAndConfirm(config).stored);
    const restarted = new PlainConfig({ signing: admin, dump: config.dump() });
    restarted.setRaw(["a"], 2n);
    // Were it another hash, this would be a conflict and a merge.
    other.merge(pushAndConfirm(restarted).stored);
    expect([other.seqno, other.needsPush]).toEqual([2n, false]);
  });

  it("get back the signature that dumps of the official library lack", () => {
    const config = new PlainConfig({ signing: admin });
    config.setRaw(["a"], 1n);
    const [sent = new Uint8Array(0)] = config.push().messages;
    const unsigned = message(1, { a: 1 }, [[0, INITIAL_HASH, {}]], { a: "" });
    const dump = bytesOf(bencode({ "!": 2, $: unsigned, "(": [], ")": [] }));
    expect(new PlainConfig({ signing: admin, dump }).push().messages).toEqual([sent]);
  });
});

describe("keys", () => {
  it("reads with any key and pushes again for a new one when asked to", () => {
    const config = new PlainConfig();
    config.setRaw(["a"], 1n);
    const { stored: first } = pushAndConfirm(config);
    const next = new Uint8Array(32).fill(8);
    config.setKeys([next]);
    expect(config.needsPush).toBe(false);
    const reader = new PlainConfig();
    reader.setKeys([next, new Uint8Array(32).fill(7)]);
    expect(reader.merge(first).accepted).toHaveLength(1);
    reader.setKeys([new Uint8Array(32).fill(7)], { reencrypt: true });
    expect([reader.needsPush, reader.seqno]).toEqual([true, 2n]);
    reader.push();
    reader.setKeys([new Uint8Array(32).fill(7)], { reencrypt: true });
    expect(reader.seqno).toBe(2n);
    config.setKeys([]);
    expect(() => config.push()).toThrowError(expect.objectContaining({ code: "CONFIG_KEY_INVALID" }));
  });
});

describe("raw values", () => {
  it.each([
    ["an integer of 65 bits", ["a"], 2n ** 63n],
    ["a text that is no binary string", ["a"], "€"],
    ["a path that is none", ["€"], 1n],
    ["an empty path", [], 1n],
    ["a long path", Array.from({ length: 70 }, () => "a"), 1n],
  ])("refuse %s", (_, path, value) => {
    const config = new PlainConfig();
    expect(() => config.setRaw(path, value)).toThrowError(
      expect.objectContaining({ code: "CONFIG_VALUE_INVALID" }),
    );
    expect(config.needsPush).toBe(false);
  });

  it("refuse nesting without end and other types", () => {
    let deep = new Map<string, never>();
    for (let i = 0; i < 20_000; i++) deep = new Map([["a", deep as never]]);
    const config = new PlainConfig();
    for (const value of [deep, new Map([["a", 1.5 as never]]), new Set([new Map() as never])]) {
      expect(() => config.setRaw(["a"], value)).toThrowError(
        expect.objectContaining({ code: "CONFIG_VALUE_INVALID" }),
      );
    }
  });
});
