/**
 * The recovery phrase (docs/protocol/identity.md §3): an account seed as words a person can write down.
 *
 * ```
 * 4 bytes, little endian  ->  3 words        16 bytes -> 12 words + 1 checksum word = 13
 * word[CRC-32(prefixes) mod 12]  ->  checksum        32 bytes -> 24 words + 1 checksum word = 25
 * ```
 *
 * Apps write 13 English words. 25 words, which the Android app also takes, give a full 32-byte seed.
 *
 * @module
 */
import { concatBytes, readUint32LE, utf8ToBytes, writeUint32LE } from "../bytes/index.js";
import { SessionError } from "../errors/index.js";
import { crc32 } from "./crc32.js";
import type { IdentityErrorCode } from "./errors.js";
import { canonicalSeed } from "./seed.js";
import type { Wordlist } from "./wordlist.js";
import { english } from "./words-english.js";

/** Phrase lengths, checksum word included: of a 16-byte and of a 32-byte seed. */
const SHORT_PHRASE = 13;
const FULL_PHRASE = 25;

/** How to read a phrase. */
export interface DecodePhraseOptions {
  /** The languages to try; the phrase must be in one of them throughout. Default: English alone. */
  readonly wordlists?: readonly Wordlist[] | undefined;
}

/**
 * The phrase of a 16-byte seed (13 words) or of a 32-byte seed (25 words, or 13 if its last 16 bytes are zero).
 *
 * @throws `SEED_INVALID`
 */
export function encodeRecoveryPhrase(seed: Uint8Array, wordlist: Wordlist = english): string {
  const bytes = canonicalSeed(seed);
  const { words } = wordlist;
  const n = words.length;
  const numbers: number[] = [];
  for (let offset = 0; offset < bytes.length; offset += 4) {
    const value = readUint32LE(bytes, offset);
    const a = value % n;
    const b = (Math.floor(value / n) + a) % n;
    const c = (Math.floor(value / n / n) + b) % n;
    numbers.push(a, b, c);
  }
  numbers.push(checksumNumber(numbers, wordlist));
  return numbers.map((number) => words[number]).join(" ");
}

/**
 * The seed of a phrase: 16 bytes for 13 words, 32 bytes for 25 (16 if the last 16 are zero).
 *
 * Lenient in form: case, composed or decomposed accents, whatever stands between the words, and the end of each word
 * after its identifying prefix. Strict in content: every word, the checksum and the range are checked. When several
 * languages are given, the one that fits is found; if none does, the error is that of the closest.
 *
 * @throws `PHRASE_TOO_FEW_WORDS`, `PHRASE_TOO_MANY_WORDS`, `PHRASE_UNKNOWN_WORD` (with `details.position`),
 * `PHRASE_CHECKSUM`, `PHRASE_INVALID`, `INVALID_ARGUMENT` for an empty list of languages
 */
export function decodeRecoveryPhrase(phrase: string, options: DecodePhraseOptions = {}): Uint8Array {
  const { wordlists = [english] } = options;
  const words = splitPhrase(phrase);
  checkWordCount(words.length);
  const attempts = wordlists.map((wordlist) => attempt(words, wordlist));
  // A right reading goes before a wrong one, and whole words before words that share only a prefix: a phrase of one
  // language could by chance be readable in another.
  attempts.sort((x, y) => Number(y.seed !== undefined) - Number(x.seed !== undefined) || y.score - x.score);
  const [best] = attempts;
  if (best === undefined) {
    throw new SessionError("INVALID_ARGUMENT", "no word list to read the recovery phrase with");
  }
  if (best.seed === undefined) throw best.error;
  return canonicalSeed(best.seed);
}

/** How well a phrase fits a language. */
type Attempt = { readonly score: number } & (
  | { readonly seed: Uint8Array }
  | { readonly seed?: never; readonly error: SessionError<IdentityErrorCode> }
);

function attempt(words: readonly string[], wordlist: Wordlist): Attempt {
  const numbers: number[] = [];
  let whole = 0;
  let unknown = 0;
  for (const [position, word] of words.entries()) {
    const number = wordlist.indexOf(word);
    if (number === undefined) unknown ||= position + 1;
    else {
      numbers.push(number);
      if (wordlist.words[number] === word) whole++;
    }
  }
  // Known words weigh more than whole ones.
  const score = numbers.length * words.length + whole;
  const { language } = wordlist;
  if (unknown > 0) {
    const error = failure(
      "PHRASE_UNKNOWN_WORD",
      `word ${unknown} of the recovery phrase is not in the word list`,
      {
        position: unknown,
        language,
      },
    );
    return { score, error };
  }

  const checksum = numbers.pop();
  if (checksum !== checksumNumber(numbers, wordlist)) {
    const error = failure("PHRASE_CHECKSUM", "the words of the recovery phrase do not belong together", {
      language,
    });
    return { score, error };
  }

  const parts: Uint8Array[] = [];
  const n = wordlist.words.length;
  for (let i = 0; i < numbers.length; i += 3) {
    const [a, b, c] = numbers.slice(i, i + 3) as [number, number, number];
    const value = a + n * ((n - a + b) % n) + n * n * ((n - b + c) % n);
    if (value > 0xffff_ffff) {
      const error = failure(
        "PHRASE_INVALID",
        "three words of the recovery phrase stand for no part of a seed",
        {
          position: i + 1,
          language,
        },
      );
      return { score, error };
    }
    parts.push(writeUint32LE(value));
  }
  return { score, seed: concatBytes(...parts) };
}

/** Lower-case, composed words; anything that is neither letter nor combining mark separates them. */
function splitPhrase(phrase: string): string[] {
  if (typeof phrase !== "string") throw new SessionError("INVALID_ARGUMENT", "a recovery phrase is a text");
  return (
    phrase
      .toLowerCase()
      .normalize("NFC")
      .match(/[\p{L}\p{M}]+/gu) ?? []
  );
}

function checkWordCount(count: number): void {
  if (count === SHORT_PHRASE || count === FULL_PHRASE) return;
  const [code, amount]: [IdentityErrorCode, string] =
    count < SHORT_PHRASE ? ["PHRASE_TOO_FEW_WORDS", "few"] : ["PHRASE_TOO_MANY_WORDS", "many"];
  throw failure(code, `the recovery phrase has too ${amount} words`, { count, expected: SHORT_PHRASE });
}

/** Number of the checksum word of the words before it. */
function checksumNumber(numbers: readonly number[], { words, prefixLength }: Wordlist): number {
  const prefixes = numbers.map((number) => words[number]?.slice(0, prefixLength)).join("");
  return numbers[crc32(utf8ToBytes(prefixes)) % numbers.length] as number;
}

function failure(
  code: IdentityErrorCode,
  message: string,
  details: Record<string, unknown>,
): SessionError<IdentityErrorCode> {
  return new SessionError(code, message, { details });
}
