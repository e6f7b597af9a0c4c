/**
 * Every recovery phrase language of the Session apps. A door of its own, because apps generate English phrases only:
 * pass these to `restoreAccount` or `decodeRecoveryPhrase` to read a phrase in another language.
 *
 * @module
 */
import type { Wordlist } from "./wordlist.js";
import { english } from "./words-english.js";
import { japanese } from "./words-japanese.js";
import { portuguese } from "./words-portuguese.js";
import { spanish } from "./words-spanish.js";

export type { Wordlist } from "./wordlist.js";
export { english, japanese, portuguese, spanish };

/** All four, for finding out the language of a phrase. */
export const allWordlists: readonly Wordlist[] = /* @__PURE__ */ Object.freeze([
  english,
  spanish,
  portuguese,
  japanese,
]);
