/**
 * JSON as the storage server reads and writes it.
 *
 * Written: keys in byte order, 64-bit integers in full (`swarm_id` exceeds 2^53). Read: an integer and a number with a
 * fraction or an exponent are different types (`10` is a timestamp, `1e1` and `10.0` are not), which `JSON.parse` does
 * not tell apart.
 *
 * @module
 */

/** What a reply is made of. Members that are undefined are left out. */
export type JsonValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue | undefined };

/** A JSON object of a reply. */
export type JsonObject = { readonly [key: string]: JsonValue | undefined };

/** A number written with a fraction or an exponent. */
export class JsonFloat {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** Compact JSON text with sorted keys. */
export function toJson(value: JsonValue): string {
  if (typeof value === "bigint") return value.toString();
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(toJson).join(",")}]`;
  const members: string[] = [];
  for (const [key, member] of Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (member !== undefined) members.push(`${JSON.stringify(key)}:${toJson(member)}`);
  }
  return `{${members.join(",")}}`;
}

const FLOAT = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const MARK = "\u{10FFFF}float:";

/** The value of a JSON text; undefined when the text is not JSON. */
export function parseJson(text: string): unknown {
  try {
    const marked = markFloats(text);
    return marked === text
      ? JSON.parse(text)
      : JSON.parse(marked, (_key, value: unknown) =>
          typeof value === "string" && value.startsWith(MARK)
            ? new JsonFloat(value.slice(MARK.length))
            : value,
        );
  } catch {
    return undefined;
  }
}

/** Turns every number with a fraction or exponent, outside strings, into a marked string. */
function markFloats(text: string): string {
  const parts: string[] = [];
  let copied = 0;
  let at = 0;
  while (at < text.length) {
    const char = text.charCodeAt(at);
    if (char === 0x22) {
      at = endOfString(text, at);
    } else if (isNumberChar(char)) {
      const start = at;
      while (at < text.length && isNumberChar(text.charCodeAt(at))) at++;
      const number = text.slice(start, at);
      // A lone "e" or "." belongs to a literal such as `true`, or to broken JSON.
      if (/^-?\d/.test(number) && /[.eE]/.test(number) && FLOAT.test(number)) {
        parts.push(text.slice(copied, start), JSON.stringify(MARK + number));
        copied = at;
      }
    } else {
      at++;
    }
  }
  return copied === 0 ? text : parts.join("") + text.slice(copied);
}

function endOfString(text: string, quote: number): number {
  let end = quote;
  for (;;) {
    end = text.indexOf('"', end + 1);
    if (end < 0) return text.length;
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === 0x5c) backslashes++;
    if (backslashes % 2 === 0) return end + 1;
  }
}

function isNumberChar(char: number): boolean {
  return (
    (char >= 0x30 && char <= 0x39) ||
    char === 0x2e ||
    char === 0x2b ||
    char === 0x2d ||
    char === 0x45 ||
    char === 0x65
  );
}
