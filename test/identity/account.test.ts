import { inspect } from "node:util";
import fc from "fast-check";
import { SessionError } from "session-messenger-sdk/errors";
import { accountFromSeed, createAccount, restoreAccount } from "session-messenger-sdk/identity";
import { spanish } from "session-messenger-sdk/identity/wordlists";
import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "../runners/op.js";
import { backends, knownAccounts, refusal, runs, survives } from "./support.js";

describe.each(backends)("accounts with the $name backend", (crypto) => {
  test.each(knownAccounts)("has the known keys of seed $seed", ({ seed, phrase, ed25519, sessionId }) => {
    for (const account of [
      accountFromSeed(fromHex(seed), crypto),
      accountFromSeed(fromHex(seed + "0".repeat(32)), crypto),
      restoreAccount(phrase, { crypto }),
      restoreAccount(fromHex(seed), { crypto }),
    ]) {
      expect(account.sessionId).toBe(sessionId);
      expect(account.recoveryPhrase).toBe(phrase);
      expect(toHex(account.seed)).toBe(seed);
      expect(toHex(account.ed25519.publicKey)).toBe(ed25519);
      expect(toHex(account.ed25519.secretKey)).toBe(seed + "0".repeat(32) + ed25519);
      expect(`05${toHex(account.x25519.publicKey)}`).toBe(sessionId);
    }
  });

  test("has the known X25519 secret", () => {
    const { x25519 } = accountFromSeed(fromHex("0123456789abcdef0123456789abcdef"), crypto);
    expect(toHex(x25519.secretKey)).toBe("c066ce44b14d551ee69dbcd631c061d17655b374f5d54e4f1ea9e3718638956b");
  });

  test("restores a new account from its phrase and from its seed", () => {
    const account = createAccount({ crypto });
    expect(account.recoveryPhrase.split(" ")).toHaveLength(13);
    expect(restoreAccount(account.recoveryPhrase, { crypto }).sessionId).toBe(account.sessionId);
    expect(restoreAccount(account.seed, { crypto }).sessionId).toBe(account.sessionId);
    expect(createAccount({ crypto }).sessionId).not.toBe(account.sessionId);
  });
});

test("a full 32-byte seed is kept whole and has a phrase of 25 words", () => {
  const seed = "725354ca418a84930f3c9ed7a61869d590dc47c808b811a6c530791a2807e061";
  const account = accountFromSeed(fromHex(seed));
  expect(account.sessionId).toBe("05062efee7145c50696a964d68eb5028e9cae1082c7d01eb6eb1b804953d4c3c0b");
  expect(account.recoveryPhrase.split(" ")).toHaveLength(25);
  const restored = restoreAccount(account.recoveryPhrase);
  expect(toHex(restored.seed)).toBe(seed);
  expect(restored.sessionId).toBe(account.sessionId);
});

test("draws 16 bytes from the random source it is given", () => {
  const asked: number[] = [];
  const account = createAccount({
    random: (length) => {
      asked.push(length);
      return fromHex("0123456789abcdef0123456789abcdef");
    },
  });
  expect(asked).toEqual([16]);
  expect(account.sessionId).toBe("05d2ad010eeb72d72e561d9de7bd7b6989af77dcabffa03a5111a6c859ae5c3a72");
});

test("takes phrases of other languages when their lists are given", () => {
  const phrase = "culto ojo oído culto ojo oído culto ojo oído culto ojo oído ojo";
  const account = restoreAccount(phrase, { wordlists: [spanish] });
  expect(toHex(account.seed)).toBe("ffffffffffffffffffffffffffffffff");
  expect(refusal(() => restoreAccount(phrase)).code).toBe("PHRASE_UNKNOWN_WORD");
});

test("keeps its seed when the caller's array changes, and the other way round", () => {
  const seed = Buffer.from("0123456789abcdef0123456789abcdef", "hex");
  const account = accountFromSeed(seed);
  seed.fill(0);
  account.seed.fill(0);
  expect(toHex(account.seed)).toBe("0123456789abcdef0123456789abcdef");
});

test("computes its keys once", () => {
  const account = createAccount();
  expect(account.ed25519).toBe(account.ed25519);
  expect(account.x25519.secretKey).toBe(account.x25519.secretKey);
});

test("refuses seeds of other lengths, and only by a SessionError", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), (seed) => {
      fc.pre(seed.length !== 16 && seed.length !== 32);
      const error = refusal(() => accountFromSeed(seed));
      expect(error.code).toBe("SEED_INVALID");
      expect(error.details).toEqual({ length: seed.length });
    }),
    runs(50),
  );
  for (const seed of [undefined, null, 16, {}, "", [1, 2]]) {
    survives(() => restoreAccount(seed as never));
  }
});

describe("secrets", () => {
  const account = accountFromSeed(fromHex("a1b2c3d4e5f60718293a4b5c6d7e8f90"));
  const secrets = [account.seed, account.ed25519.secretKey, account.x25519.secretKey].flatMap((bytes) => {
    const start = bytes.subarray(0, 8);
    return [
      toHex(start),
      toHex(start).replace(/..(?=.)/g, "$& "),
      start.join(","),
      start.join(", "),
      Buffer.from(start).toString("base64").slice(0, 10),
    ];
  });
  secrets.push(account.recoveryPhrase.split(" ").slice(0, 2).join(" "));

  const inspectAll = (value: unknown): string =>
    inspect(value, {
      depth: null,
      showHidden: true,
      getters: true,
      maxArrayLength: null,
      breakLength: Infinity,
    });
  const json = (value: unknown): string => JSON.stringify(value) ?? "";

  /** Every JSON of bytes shows them as an object of numbers, so these are looked for as well. */
  const leaks = (text: string): string[] => {
    const flat = text.replace(/\s+/g, " ").replace(/"?\b\d+"?: ?(?=\d)/g, "");
    return secrets.filter((secret) => text.includes(secret) || flat.includes(secret));
  };

  test("the search finds them where they are shown", () => {
    const plain = { ...account.x25519 };
    expect(leaks(json(plain))).not.toEqual([]);
    expect(leaks(inspectAll(plain))).not.toEqual([]);
    expect(leaks(account.recoveryPhrase)).not.toEqual([]);
  });

  test.each([
    ["JSON of the account", () => json(account)],
    ["JSON of what holds the account", () => json({ nested: [{ account }] })],
    ["inspect", () => inspectAll(account)],
    ["inspect of what holds the account", () => inspectAll(new Map([["account", account]]))],
    ["text", () => `${account} ${String(account)} ${Object.prototype.toString.call(account)}`],
    ["a spread copy", () => inspectAll({ ...account }) + json({ ...account })],
    ["entries", () => inspectAll(Object.entries(account)) + Object.keys(account).join()],
    ["a clone", () => inspectAll(structuredClone(account))],
    [
      "an error with the account in its details",
      () => {
        const error = new SessionError("INVALID_ARGUMENT", `of ${account}`, {
          details: { account, ...account },
          cause: account,
        });
        return inspectAll(error) + json(error) + error.stack;
      },
    ],
    ["the Ed25519 pair", () => inspectAll(account.ed25519) + json(account.ed25519) + String(account.ed25519)],
    ["the X25519 pair", () => inspectAll(account.x25519) + json(account.x25519) + String(account.x25519)],
  ])("do not show in %s", (_where, text) => {
    expect(leaks(text())).toEqual([]);
  });

  test("the public part does show", () => {
    expect(json(account)).toBe(`{"sessionId":"${account.sessionId}"}`);
    expect(inspect(account)).toContain(account.sessionId);
    expect(inspect(account.ed25519)).toContain("publicKey");
    expect(inspect(account.ed25519)).not.toContain("secretKey");
  });
});
