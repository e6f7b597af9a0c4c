/**
 * A language of the recovery phrase: 1626 words, each known by its first few characters (docs/protocol/identity.md §3.3).
 *
 * The words are kept as one text and taken apart at first use, so importing a list costs nothing but its size.
 *
 * @module
 */

/** The words of one language. */
export interface Wordlist {
  /** English name of the language, lower case. */
  readonly language: string;
  /** How many characters of a word identify it. */
  readonly prefixLength: number;
  /** The words, in the order of their numbers. */
  readonly words: readonly string[];
  /** Number of the word that begins as `word` does (its first `prefixLength` characters), or undefined. */
  indexOf(word: string): number | undefined;
}

/** A list from a text of words separated by white space. */
export function createWordlist(language: string, prefixLength: number, text: string): Wordlist {
  let words: readonly string[] | undefined;
  let numbers: ReadonlyMap<string, number> | undefined;
  return {
    language,
    prefixLength,
    get words(): readonly string[] {
      words ??= Object.freeze(text.trim().split(/\s+/));
      return words;
    },
    indexOf(word: string): number | undefined {
      numbers ??= new Map(this.words.map((entry, number) => [entry.slice(0, prefixLength), number]));
      return numbers.get(word.slice(0, prefixLength));
    },
  };
}
