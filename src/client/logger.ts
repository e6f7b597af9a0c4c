/**
 * The logger hook: silent unless the app gives a logger, and never told a secret.
 *
 * @module
 */
import { SessionError } from "../errors/index.js";

/** Facts that go with a log line. */
export type LogFacts = Readonly<Record<string, unknown>>;

/** Where log lines go; `console` is one. Lines start with the part of the client they come from, as in `poll: …`. */
export interface Logger {
  debug(message: string, facts?: LogFacts): void;
  info(message: string, facts?: LogFacts): void;
  warn(message: string, facts?: LogFacts): void;
  error(message: string, facts?: LogFacts): void;
}

/** Names of members whose values are never logged. */
const SECRET_NAMES =
  /seed|secret|phrase|mnemonic|password|private|^text$|^body$|^data$|content|plaintext|signature|token/i;
/** Account ids (05, 03, 15, …): shortened, so that a log does not tell who talks to whom. */
const ACCOUNT_ID = /\b(0[0357]|[12]5)[0-9a-f]{64}\b/gi;
/** User name and password in a URL. */
const URL_CREDENTIALS = /(\b[a-z][a-z0-9+.-]*:\/\/)[^/\s@]+@/gi;
const MAX_TEXT = 300;
const MAX_DEPTH = 5;
const MAX_MEMBERS = 50;

/** `value` in a form fit for a log: no bytes, no secrets, shortened account ids, bounded size. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === "string") return redactText(value);
  if (typeof value === "bigint") return String(value);
  if (typeof value === "function" || typeof value === "symbol") return `<${typeof value}>`;
  if (typeof value !== "object" || value === null) return value;
  if (ArrayBuffer.isView(value)) return `<${value.byteLength} bytes>`;
  if (value instanceof ArrayBuffer) return `<${value.byteLength} bytes>`;
  if (depth >= MAX_DEPTH) return "<deep>";
  if (value instanceof SessionError) {
    const { code, message, details, cause } = value;
    return redact({ code, message, details, ...(cause === undefined ? {} : { cause }) }, depth);
  }
  if (value instanceof Error) return redactText(`${value.name}: ${value.message}`);
  if (Array.isArray(value)) return value.slice(0, MAX_MEMBERS).map((member) => redact(member, depth + 1));
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, MAX_MEMBERS)
      .map(([name, member]) => [name, SECRET_NAMES.test(name) ? "<redacted>" : redact(member, depth + 1)]),
  );
}

function redactText(text: string): string {
  const short = text
    .slice(0, MAX_TEXT)
    .replace(URL_CREDENTIALS, "$1")
    .replace(ACCOUNT_ID, (id) => `${id.slice(0, 6)}…${id.slice(-4)}`);
  return text.length > MAX_TEXT ? `${short}…` : short;
}

/** The logger of one part of the client: prefixes, redacts, and survives a logger that throws. */
export function childLogger(logger: Logger | undefined, part: string): Logger {
  const at =
    (level: keyof Logger) =>
    (message: string, facts: LogFacts = {}): void => {
      if (logger === undefined) return;
      try {
        logger[level](`${part}: ${redactText(message)}`, redact(facts) as LogFacts);
      } catch {
        // A broken logger must not break the client, and there is nowhere to report it.
      }
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
