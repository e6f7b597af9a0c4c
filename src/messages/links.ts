/**
 * Links in a text, as far as receiving needs them (docs/protocol/messages.md section 5.1, V21).
 *
 * @module
 */

/** Punctuation that ends a sentence or closes a bracket behind a link. */
const AFTER_LINK = /^[.,;:!?…)\]}>"'”’»*_~]*(\s|$)/u;
/** What a link cannot follow: it would be the middle of a word or of another link. */
const INSIDE_WORD = /[\p{L}\p{N}\-_/@?=&#%+]$/u;
/** Bounds the work on a hostile text. */
const MAX_PUNCTUATION = 16;

/** True when `url` stands in `text` as a whole link, not as part of a longer one. */
export function hasLink(text: string, url: string): boolean {
  if (url === "") return false;
  for (let at = text.indexOf(url); at !== -1; at = text.indexOf(url, at + 1)) {
    const before = text.slice(Math.max(0, at - 2), at);
    const after = text.slice(at + url.length, at + url.length + MAX_PUNCTUATION);
    if (!INSIDE_WORD.test(before) && AFTER_LINK.test(after)) return true;
  }
  return false;
}
