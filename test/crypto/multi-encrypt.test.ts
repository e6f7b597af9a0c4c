import fc from "fast-check";
import {
  type Crypto,
  decryptForMultiple,
  decryptForMultipleSimple,
  encryptForMultiple,
  encryptForMultipleSimple,
  type X25519KeyPair,
  x25519KeyPairFromEd25519,
} from "session-messenger-sdk/crypto";
import { nodeCrypto } from "session-messenger-sdk/crypto/node";
import { portableCrypto } from "session-messenger-sdk/crypto/portable";
import { isSessionError, SessionError } from "session-messenger-sdk/errors";
import { describe, expect, test } from "vitest";
import type { Json } from "../runners/op.js";
import { multiOps } from "../runners/ops/multi.js";
import { readVectors } from "../support/vectors.js";

const backends: [string, Crypto][] = [
  ["portable", portableCrypto],
  ["node", nodeCrypto],
];
const runs = (count: number) => ({ numRuns: count * Number(process.env["FC_RUNS"] ?? 1) });
const hex = (text: string) => new Uint8Array(Buffer.from(text, "hex"));
const utf8 = (text: string) => new TextEncoder().encode(text);
const toHex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof SessionError) return error.code;
    throw error;
  }
  throw new Error("nothing was thrown");
}

// The people of docs/protocol/multi-encrypt.md §5.
const pairOf = (start: string, crypto: Crypto = nodeCrypto) =>
  x25519KeyPairFromEd25519(hex(start.padEnd(64, "0")), crypto);
const sender = pairOf("0123456789abcdef0123456789abcdef");
const people = [
  "0123456789abcdef",
  "0123456789abcdef1111111111111111",
  "0123456789abcdef2222222222222222",
].map((seed) => pairOf(seed)) as [X25519KeyPair, X25519KeyPair, X25519KeyPair];
const recipients = people.map(({ publicKey }) => publicKey);
const nonce = hex("32ab4bb45d6df5cc14e1c330fb1a8b68ea3826a8c2213a49");
const domain = "test suite";
const lowOrder = new Uint8Array(32);

describe.each(backends)("%s backend", (name, crypto) => {
  test.each<[string, Json]>(readVectors("multi-encrypt").cases.map((entry: Json) => [entry.name, entry]))(
    "multi-encrypt.json %s",
    (_case, { op, input, output }) => {
      let got: Json;
      try {
        got = multiOps[op]?.(input, { crypto, expected: output });
      } catch (error) {
        if (!isSessionError(error)) throw error;
        got = { error: true };
      }
      expect(got).toStrictEqual(output);
    },
  );

  test("the constants of the specification", () => {
    const entries = (...messages: string[]) =>
      encryptForMultiple(messages.map(utf8), recipients, { nonce, sender, domain }, crypto).map(toHex);
    expect(entries("hello")).toEqual([
      "e64937e5ea201b84f4e88a976dad900d91caaf6a17",
      "b7a15bcd9f7b09445defcae2f1dc5085dd75cb085b",
      "01c4fc2156327735f3fb5063b11ea95f6ebcc5b6cc",
    ]);
    expect(entries("hello", "cruel", "world")).toEqual([
      "e64937e5ea201b84f4e88a976dad900d91caaf6a17",
      "bcb642c49c6da03f70cdaab2ed6666721318afd631",
      "1ecee2215d226817edfdb097f05037eb799309103a",
    ]);
  });

  test("every recipient reads its own message, a stranger none", () => {
    const one = fc.uint8Array({ maxLength: 60 });
    fc.assert(
      fc.property(
        fc.oneof(fc.tuple(one), fc.tuple(one, one, one)),
        fc.string(),
        fc.integer({ min: 0, max: 8 }),
        (messages, topic, pad) => {
          const container = encryptForMultipleSimple(
            messages,
            recipients,
            { sender, domain: topic, pad },
            crypto,
          );
          const read = (recipient: X25519KeyPair) =>
            decryptForMultipleSimple(
              container,
              { recipient, sender: sender.publicKey, domain: topic },
              crypto,
            );
          expect(people.map(read)).toEqual(messages.length === 1 ? people.map(() => messages[0]) : messages);
          expect(read(sender)).toBeUndefined();
        },
      ),
      runs(name === "portable" ? 5 : 50),
    );
  });
});

describe("who cannot read", () => {
  const entries = encryptForMultiple([utf8("hello")], recipients, { nonce, sender, domain }, nodeCrypto);
  const right = { nonce, recipient: people[0], sender: sender.publicKey, domain };
  const read = (changes: object, from: Iterable<Uint8Array> = entries) =>
    decryptForMultiple(from, { ...right, ...changes });

  test("the right reader can", () => expect(read({})).toEqual(utf8("hello")));

  test("with another domain, sender, nonce or key", () => {
    expect(read({ domain: "other" })).toBeUndefined();
    expect(read({ domain: "" })).toBeUndefined();
    expect(read({ sender: people[1].publicKey })).toBeUndefined();
    expect(read({ nonce: new Uint8Array(24) })).toBeUndefined();
    expect(read({ recipient: pairOf("ff") })).toBeUndefined();
  });

  test("of entries that are cut or changed; short ones are skipped", () => {
    expect(read({}, [])).toBeUndefined();
    expect(read({}, [new Uint8Array(15), new Uint8Array(0), ...entries])).toEqual(utf8("hello"));
    const entry = entries[0] as Uint8Array;
    for (let at = 0; at < entry.length; at++) {
      const changed = entry.slice();
      changed[at] = (changed[at] as number) ^ 1;
      expect(read({}, [changed, entry.subarray(0, at)])).toBeUndefined();
    }
  });

  test("keys and nonces of wrong length or low order are errors", () => {
    for (const length of [0, 23, 25])
      expect(codeOf(() => read({ nonce: new Uint8Array(length) }))).toBe("CRYPTO_INVALID_LENGTH");
    expect(codeOf(() => read({ sender: new Uint8Array(31) }))).toBe("CRYPTO_INVALID_LENGTH");
    expect(codeOf(() => read({ sender: lowOrder }))).toBe("CRYPTO_LOW_ORDER");
  });
});

describe("who is encrypted for", () => {
  const encrypt = (messages: string[], to: Uint8Array[], ignoreInvalid?: boolean) =>
    encryptForMultiple(messages.map(utf8), to, { nonce, sender, domain, ignoreInvalid });

  test("a number of messages that fits neither way is an error", () => {
    expect(codeOf(() => encrypt(["a", "b"], recipients))).toBe("MULTI_MESSAGE_COUNT");
    expect(codeOf(() => encrypt([], recipients))).toBe("MULTI_MESSAGE_COUNT");
    expect(encrypt([], [])).toEqual([]);
  });

  test("a low-order key is an error, or is skipped with its message", () => {
    const [first, second, third] = recipients as [Uint8Array, Uint8Array, Uint8Array];
    expect(codeOf(() => encrypt(["a"], [first, lowOrder]))).toBe("CRYPTO_LOW_ORDER");
    expect(encrypt(["a", "b", "c"], [first, lowOrder, third], true)).toEqual([
      ...encrypt(["a"], [first]),
      ...encrypt(["c"], [third]),
    ]);
    expect(codeOf(() => encrypt(["a"], [second.subarray(1)], true))).toBe("CRYPTO_INVALID_LENGTH");
  });

  test("only the first 64 bytes of the domain count", () => {
    const entry = (name: string) =>
      encryptForMultiple([utf8("a")], recipients, { nonce, sender, domain: name });
    expect(entry("x".repeat(70))).toEqual(entry("x".repeat(64)));
    expect(entry("x".repeat(64))).not.toEqual(entry("x".repeat(63)));
  });
});

describe("the container", () => {
  const options = { sender, domain };
  const read = (container: Uint8Array) =>
    decryptForMultipleSimple(container, { recipient: people[1], sender: sender.publicKey, domain });
  const latin1 = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");

  test("has the members of the specification", () => {
    const container = encryptForMultipleSimple([utf8("hello")], recipients, { ...options, nonce });
    const entries = encryptForMultiple([utf8("hello")], recipients, { ...options, nonce });
    expect(latin1(container)).toBe(
      `d1:#24:${latin1(nonce)}1:el${entries.map((entry) => `21:${latin1(entry)}`).join("")}ee`,
    );
  });

  test("is filled with junk of the length of the first entry", () => {
    const container = encryptForMultipleSimple([utf8("hello")], recipients, { ...options, pad: 8 });
    expect(latin1(container).length).toBe("d1:#24:".length + 24 + "1:el".length + 8 * (3 + 21) + 2);
    expect(read(container)).toEqual(utf8("hello"));
    for (const pad of [0, 1, 3]) {
      const plain = encryptForMultipleSimple([utf8("hello")], recipients, { ...options, nonce, pad });
      expect(plain).toEqual(encryptForMultipleSimple([utf8("hello")], recipients, { ...options, nonce }));
    }
  });

  test("has another nonce each time", () => {
    const once = () => latin1(encryptForMultipleSimple([utf8("a")], recipients, options));
    expect(once()).not.toBe(once());
  });

  test.each([
    "",
    "de",
    "le",
    "i1e",
    "not bencode",
    `d1:#23:${"n".repeat(23)}1:elee`,
    `d1:#25:${"n".repeat(25)}1:elee`,
    "d1:#i1e1:elee",
    `d1:#24:${"n".repeat(24)}e`,
    `d1:#24:${"n".repeat(24)}1:ei1ee`,
    `d1:#24:${"n".repeat(24)}1:eli1eee`,
    `d1:#24:${"n".repeat(24)}1:el5:abce`,
  ])("%j is malformed", (text) => expect(codeOf(() => read(utf8(text)))).toBe("MULTI_MALFORMED"));

  test("an empty list is for nobody", () => {
    expect(read(utf8(`d1:#24:${"n".repeat(24)}1:elee`))).toBeUndefined();
  });

  test("damaged containers give the message, nothing, or a SessionError", () => {
    const good = encryptForMultipleSimple([utf8("hello")], recipients, options);
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 100 }),
        fc.nat(good.length - 1),
        fc.nat(255),
        (data, at, value) => {
          const damaged = good.slice();
          damaged[at] = value;
          for (const input of [data, damaged, good.subarray(0, at)]) {
            try {
              const message = read(input);
              if (message !== undefined) expect(message).toEqual(utf8("hello"));
            } catch (error) {
              if (!isSessionError(error)) throw error;
            }
          }
        },
      ),
      runs(100),
    );
  });
});
