import { createHash } from "node:crypto";
import { inspect } from "node:util";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { decodeRecoveryPhrase, encodeRecoveryPhrase, type Wordlist } from "session-messenger-sdk/identity";
import {
  allWordlists,
  english,
  japanese,
  portuguese,
  spanish,
} from "session-messenger-sdk/identity/wordlists";
import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "../runners/op.js";
import { readVectors } from "../support/vectors.js";
import { knownAccounts, refusal, runs, survives } from "./support.js";

const KNOWN = knownAccounts[2];
const knownWords = KNOWN.phrase.split(" ");

/** The known phrase with word `position` (from 1) replaced. */
const withWord = (position: number, word: string): string => knownWords.with(position - 1, word).join(" ");

/** The phrase by big integers and zlib, as docs/protocol/identity.md §3.1 words it. */
function referencePhrase(seed: Uint8Array, { words, prefixLength }: Wordlist): string {
  const n = 1626n;
  const chosen: string[] = [];
  for (let i = 0; i < seed.length; i += 4) {
    const v = BigInt(`0x${toHex(seed.slice(i, i + 4).reverse())}`);
    const a = v % n;
    const b = (v / n + a) % n;
    const c = (v / n / n + b) % n;
    chosen.push(...[a, b, c].map((number) => words[Number(number)]!));
  }
  const checksum = crc32(Buffer.from(chosen.map((word) => word.slice(0, prefixLength)).join(""), "utf8"));
  return [...chosen, chosen[checksum % chosen.length]].join(" ");
}

/** 16 bytes, or 32 that do not end in 16 zeros. */
const seeds = fc.oneof(
  fc.uint8Array({ minLength: 16, maxLength: 16 }),
  fc
    .uint8Array({ minLength: 32, maxLength: 32 })
    .filter((seed) => seed.subarray(16).some((byte) => byte !== 0)),
);

describe("word lists", () => {
  const { languages } = readVectors("mnemonic-wordlists");

  test("are the four of the protocol", () => {
    expect(allWordlists.map(({ language }) => language).sort()).toEqual(Object.keys(languages).sort());
  });

  test.each(allWordlists)("$language is complete and in order", ({ language, prefixLength, words }) => {
    const recorded = languages[language];
    expect(words).toEqual(recorded.words);
    expect(prefixLength).toBe(recorded.prefix_length);
    expect(createHash("sha256").update(words.join("\n")).digest("hex")).toBe(
      recorded.sha256_words_joined_by_lf_no_trailing_lf,
    );
  });

  test.each(allWordlists)(
    "$language finds every word by its prefix alone",
    ({ words, prefixLength, indexOf }) => {
      const list = { words, prefixLength, indexOf };
      expect(words.map((word) => list.indexOf(word.slice(0, prefixLength)))).toEqual(words.map((_, i) => i));
    },
  );
});

describe.each(allWordlists)("phrases in $language", (wordlist) => {
  test("equal those of an independent encoder, and decode to the seed", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const phrase = encodeRecoveryPhrase(seed, wordlist);
        expect(phrase).toBe(referencePhrase(seed, wordlist));
        expect(toHex(decodeRecoveryPhrase(phrase, { wordlists: [wordlist] }))).toBe(toHex(seed));
      }),
      runs(100),
    );
  });

  test("are found among all languages", () => {
    fc.assert(
      fc.property(seeds, fc.shuffledSubarray([...allWordlists], { minLength: 4 }), (seed, wordlists) => {
        const phrase = referencePhrase(seed, wordlist);
        expect(toHex(decodeRecoveryPhrase(phrase, { wordlists }))).toBe(toHex(seed));
      }),
      runs(30),
    );
  });

  test("decode from prefixes, in upper case, decomposed, and with anything between the words", () => {
    const separators = fc.stringMatching(/^[\s\d.,;:_/|()—\u3000-]{1,4}$/u);
    const forms = fc.constantFrom<(word: string) => string>(
      (word) => word.toUpperCase(),
      (word) => word.normalize("NFD"),
      (word) => word.slice(0, wordlist.prefixLength),
      (word) => (word.length < wordlist.prefixLength ? word : `${word.slice(0, wordlist.prefixLength)}qqq`),
    );
    fc.assert(
      fc.property(
        seeds,
        fc.array(forms, { minLength: 25, maxLength: 25 }),
        separators,
        (seed, change, gap) => {
          const words = referencePhrase(seed, wordlist).split(" ");
          const typed = gap + words.map((word, i) => change[i]!(word)).join(gap) + gap;
          expect(toHex(decodeRecoveryPhrase(typed, { wordlists: [wordlist] }))).toBe(toHex(seed));
        },
      ),
      runs(50),
    );
  });
});

test.each(knownAccounts)("phrase of seed $seed", ({ seed, phrase }) => {
  expect(encodeRecoveryPhrase(fromHex(seed))).toBe(phrase);
  expect(encodeRecoveryPhrase(fromHex(seed + "0".repeat(32)))).toBe(phrase);
  expect(toHex(decodeRecoveryPhrase(phrase))).toBe(seed);
});

test.each([
  [spanish, "culto ojo oído culto ojo oído culto ojo oído culto ojo oído ojo"],
  [portuguese, `${"euclidiano roqueiro rompimento ".repeat(4)}euclidiano`],
  [japanese, `${"くつした てらす てみじか ".repeat(4)}てみじか`],
] as const)("phrase of the ff seed in $0.language", (wordlist, phrase) => {
  // The word numbers are those of the English phrase in docs/protocol/identity.md §2.
  expect(encodeRecoveryPhrase(fromHex("f".repeat(32)), wordlist)).toBe(phrase);
});

describe("a phrase is refused", () => {
  test.each([0, 1, 11, 12])("with %i words", (count) => {
    const error = refusal(() => decodeRecoveryPhrase(knownWords.slice(0, count).join(" ")));
    expect(error.code).toBe("PHRASE_TOO_FEW_WORDS");
    expect(error.details).toEqual({ count, expected: 13 });
  });

  test.each([14, 24, 26, 100_000])("with %i words", (count) => {
    const error = refusal(() => decodeRecoveryPhrase("abbey ".repeat(count)));
    expect(error.code).toBe("PHRASE_TOO_MANY_WORDS");
    expect(error.details).toEqual({ count, expected: 13 });
  });

  test.each([1, 7, 12, 13])("with an unknown word at position %i", (position) => {
    const error = refusal(() => decodeRecoveryPhrase(withWord(position, "zzzzz")));
    expect(error.code).toBe("PHRASE_UNKNOWN_WORD");
    expect(error.details).toEqual({ position, language: "english" });
    expect(error.message).toContain(`word ${position} `);
  });

  test("at its first unknown word when there are several", () => {
    const phrase = withWord(4, "zzzzz").replace("roped", "qqqqq");
    expect(refusal(() => decodeRecoveryPhrase(phrase)).details["position"]).toBe(4);
  });

  test("with a word shorter than its prefix", () => {
    expect(refusal(() => decodeRecoveryPhrase(withWord(2, "co"))).code).toBe("PHRASE_UNKNOWN_WORD");
  });

  test("with a wrong, missing or exchanged word", () => {
    expect(refusal(() => decodeRecoveryPhrase(withWord(13, "abbey"))).code).toBe("PHRASE_CHECKSUM");
    expect(refusal(() => decodeRecoveryPhrase(withWord(1, "abbey"))).code).toBe("PHRASE_CHECKSUM");
    const exchanged = knownWords.with(0, knownWords[1]!).with(1, knownWords[0]!).join(" ");
    expect(refusal(() => decodeRecoveryPhrase(exchanged)).code).toBe("PHRASE_CHECKSUM");
  });

  test("when three words exceed 32 bits although the checksum is right", () => {
    // Numbers 0, 0, 1625 stand for 1625 · 1626² = 4296298500 > 2^32.
    const triple = [english.words[0], english.words[0], english.words[1625]] as string[];
    const position = (groups: string[][]): unknown => {
      const words = groups.flat();
      const checksum = words[crc32(words.map((word) => word.slice(0, 3)).join("")) % 12];
      const error = refusal(() => decodeRecoveryPhrase([...words, checksum].join(" ")));
      expect(error.code).toBe("PHRASE_INVALID");
      return error.details["position"];
    };
    const fine = ["abbey", "abbey", "abbey"];
    expect(position([triple, triple, triple, triple])).toBe(1);
    expect(position([fine, fine, triple, fine])).toBe(7);
  });

  test("at the first number beyond 32 bits, and not before", () => {
    // The ff seed is the last that decodes: all its groups are 2^32 − 1.
    const v = 2n ** 32n;
    const n = 1626n;
    const a = v % n;
    const b = (v / n + a) % n;
    const c = (v / n / n + b) % n;
    const triple = [a, b, c].map((number) => english.words[Number(number)]!);
    const words = [...triple, ...triple, ...triple, ...triple];
    const checksum = words[crc32(words.map((word) => word.slice(0, 3)).join("")) % 12];
    expect(refusal(() => decodeRecoveryPhrase([...words, checksum].join(" "))).code).toBe("PHRASE_INVALID");
    expect(toHex(decodeRecoveryPhrase(knownAccounts[3].phrase))).toBe("f".repeat(32));
  });

  test("in a language that is not given, by the error of the closest that is", () => {
    const phrase = referencePhrase(fromHex(KNOWN.seed), spanish).split(" ").with(4, "zzzzz").join(" ");
    const error = refusal(() => decodeRecoveryPhrase(phrase, { wordlists: allWordlists }));
    expect(error.code).toBe("PHRASE_UNKNOWN_WORD");
    expect(error.details).toEqual({ position: 5, language: "spanish" });
  });

  test("when there is no language to read it in, or no text", () => {
    expect(refusal(() => decodeRecoveryPhrase(KNOWN.phrase, { wordlists: [] })).code).toBe(
      "INVALID_ARGUMENT",
    );
    expect(refusal(() => decodeRecoveryPhrase(undefined as never)).code).toBe("INVALID_ARGUMENT");
  });
});

test("seeds of other lengths have no phrase", () => {
  for (const length of [0, 4, 12, 15, 17, 31, 33, 64]) {
    expect(refusal(() => encodeRecoveryPhrase(new Uint8Array(length))).code).toBe("SEED_INVALID");
  }
});

test("random text is refused by a SessionError and nothing else", () => {
  const nearPhrases = fc
    .array(fc.oneof(fc.constantFrom(...english.words), fc.string({ unit: "grapheme", maxLength: 5 })), {
      minLength: 11,
      maxLength: 27,
    })
    .map((words) => words.join(" "));
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary", maxLength: 300 }), nearPhrases), (text) => {
      survives(() => decodeRecoveryPhrase(text, { wordlists: allWordlists }));
    }),
    runs(300),
  );
});

test("errors hold no word of the phrase", () => {
  const secret = knownWords.filter((word) => word !== "value");
  for (const phrase of [
    knownWords.slice(1).join(" "),
    `${KNOWN.phrase} abbey`,
    withWord(3, "zzzzz"),
    withWord(13, "abbey"),
  ]) {
    const error = refusal(() => decodeRecoveryPhrase(phrase, { wordlists: allWordlists }));
    const shown = inspect(error, { depth: null, showHidden: true }) + JSON.stringify(error) + error.stack;
    expect([...secret, "zzzzz"].filter((word) => shown.includes(word))).toEqual([]);
  }
});
