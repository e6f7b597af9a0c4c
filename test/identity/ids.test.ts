import fc from "fast-check";
import {
  accountFromSeed,
  checkIdKey,
  type IdPrefix,
  idFromPublicKey,
  idPrefix,
  idPublicKey,
  isBlindedId,
  isGroupId,
  isParticipantId,
  isSessionId,
  parseBlindedId,
  parseGroupId,
  parseHistoricId,
  parseId,
  parseParticipantId,
  parseSessionId,
  type SessionId,
  sessionIdFromEd25519,
  sessionIdFromX25519,
  shortId,
} from "session-messenger-sdk/identity";
import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "../runners/op.js";
import { backends, knownAccounts, refusal, runs, survives } from "./support.js";

const KEY = "d2ad010eeb72d72e561d9de7bd7b6989af77dcabffa03a5111a6c859ae5c3a72";
const PREFIXES = ["05", "03", "15", "25", "00", "07"] as const;

/** What each parser and guard takes, by docs/protocol/identity.md §4. */
const rules: readonly {
  name: string;
  parse: (text: string) => string;
  guard?: (value: unknown) => boolean;
  takes: readonly IdPrefix[];
}[] = [
  { name: "Session ID", parse: parseSessionId, guard: isSessionId, takes: ["05"] },
  { name: "group id", parse: parseGroupId, guard: isGroupId, takes: ["03"] },
  { name: "blinded id", parse: parseBlindedId, guard: isBlindedId, takes: ["15", "25"] },
  {
    name: "participant id",
    parse: parseParticipantId,
    guard: isParticipantId,
    takes: ["05", "15", "25", "00", "03"],
  },
  { name: "id", parse: parseId, takes: PREFIXES },
];

describe.each(rules)("$name", ({ parse, guard, takes }) => {
  test("takes its prefixes in either case and with space around, and gives lower case", () => {
    for (const prefix of takes) {
      const id = prefix + KEY;
      expect(parse(id)).toBe(id);
      expect(parse(` \t${id.toUpperCase()}\n`)).toBe(id);
      expect(guard?.(id) ?? true).toBe(true);
    }
  });

  test("refuses all other prefixes", () => {
    for (const prefix of [...PREFIXES, "01", "04", "35", "ff", "5"]) {
      if ((takes as readonly string[]).includes(prefix)) continue;
      expect(refusal(() => parse(prefix + KEY)).code).toBe("ID_INVALID");
      expect(guard?.(prefix + KEY) ?? false).toBe(false);
    }
  });

  test("refuses other lengths, characters and types", () => {
    const id = takes[0]! + KEY;
    const wrong: unknown[] = [
      "",
      id.slice(1),
      id.slice(0, -1),
      `${id}0`,
      `${id}00`,
      id.replace("d", "g"),
      `${id.slice(0, 30)} ${id.slice(30)}`,
      `0x${id}`,
      KEY,
      undefined,
      null,
      5,
      [id],
      { toString: () => id },
    ];
    for (const text of wrong) {
      expect(refusal(() => parse(text as string)).code).toBe("ID_INVALID");
      expect(guard?.(text) ?? false).toBe(false);
    }
  });

  test("has a guard for the canonical form alone", () => {
    const id = takes[0]! + KEY;
    expect(guard?.(id.toUpperCase()) ?? false).toBe(false);
    expect(guard?.(` ${id}`) ?? false).toBe(false);
    expect(guard?.(`${id}\n`) ?? false).toBe(false);
  });
});

test("an id is its prefix and its key", () => {
  const keys = fc.uint8Array({ minLength: 32, maxLength: 32 });
  fc.assert(
    fc.property(fc.constantFrom(...PREFIXES), keys, (prefix, key) => {
      const id = idFromPublicKey(prefix, key);
      expect(id).toBe(prefix + toHex(key));
      expect(parseId(id.toUpperCase())).toBe(id);
      expect(idPrefix(id)).toBe(prefix);
      expect(toHex(idPublicKey(id))).toBe(toHex(key));
    }),
    runs(100),
  );
});

test("a key of another length makes no id", () => {
  for (const length of [0, 31, 33, 64]) {
    expect(refusal(() => sessionIdFromX25519(new Uint8Array(length))).code).toBe("KEY_INVALID");
  }
  expect(refusal(() => sessionIdFromX25519(undefined as never)).code).toBe("KEY_INVALID");
});

test("a text that only claims to be an id gives no key", () => {
  for (const text of [KEY, `05${KEY.toUpperCase()}`, `05${KEY}00`, "05", "", undefined]) {
    expect(refusal(() => idPublicKey(text as SessionId)).code).toBe("ID_INVALID");
    expect(refusal(() => idPrefix(text as SessionId)).code).toBe("ID_INVALID");
  }
});

test("the short form has both ends", () => {
  expect(shortId(parseSessionId(`05${KEY}`))).toBe("(05d2...3a72)");
});

describe("historic forms", () => {
  test.each([
    [`05${KEY}`, `05${KEY}`],
    [`__textsecure_group__!05${KEY}`, `05${KEY}`],
    [KEY.toUpperCase(), KEY],
    [KEY.slice(0, 32), KEY.slice(0, 32)],
    [`__textsecure_group__!${KEY.slice(0, 32)}`, KEY.slice(0, 32)],
  ])("%s", (text, id) => {
    expect(parseHistoricId(text)).toBe(id);
  });

  test.each([
    "",
    "__textsecure_group__!",
    `07${KEY}`,
    KEY.slice(0, 48),
    `__textsecure_group__!__textsecure_group__!05${KEY}`,
  ])("not %s", (text) => {
    expect(refusal(() => parseHistoricId(text)).code).toBe("ID_INVALID");
  });
});

test("random text is refused by a SessionError that does not repeat it", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", minLength: 8, maxLength: 80 }), (text) => {
      for (const { parse } of rules) {
        const error = refusal(() => parse(text));
        expect(error.message).not.toContain(text);
        expect(JSON.stringify(error.details)).not.toContain(JSON.stringify(text).slice(1, -1));
      }
      survives(() => parseHistoricId(text));
    }),
    runs(200),
  );
});

describe.each(backends)("keys in ids with the $name backend", (crypto) => {
  test.each(knownAccounts)("$sessionId", ({ ed25519, sessionId }) => {
    expect(sessionIdFromEd25519(fromHex(ed25519), crypto)).toBe(sessionId);
  });

  test("the keys of an account are usable", () => {
    const account = accountFromSeed(fromHex(knownAccounts[1].seed), crypto);
    checkIdKey(account.sessionId, crypto);
    for (const prefix of ["03", "15", "25", "00", "07"] as const) {
      checkIdKey(idFromPublicKey(prefix, account.ed25519.publicKey), crypto);
    }
  });

  // RFC 7748 / libsodium: points of order 1, 2, 4 and 8 on the Montgomery curve, with non-canonical forms.
  test.each([
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  ])("05%s has low order", (key) => {
    const error = refusal(() => checkIdKey(parseSessionId(`05${key}`), crypto));
    expect(error.code).toBe("KEY_INVALID");
    expect(error.details).toEqual({ id: `05${key}` });
  });

  test.each([
    ["identity point", "0100000000000000000000000000000000000000000000000000000000000000"],
    ["order 2", "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"],
    ["order 4", "0000000000000000000000000000000000000000000000000000000000000000"],
    ["order 8", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"],
    ["not on the curve", "0200000000000000000000000000000000000000000000000000000000000000"],
    ["non-canonical", "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"],
  ])("a group id with %s is refused", (_what, key) => {
    expect(refusal(() => checkIdKey(parseGroupId(`03${key}`), crypto)).code).toBe("KEY_INVALID");
    expect(refusal(() => checkIdKey(parseBlindedId(`25${key}`), crypto)).code).toBe("KEY_INVALID");
  });
});
