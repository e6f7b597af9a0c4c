/**
 * Addresses of files (docs/protocol/attachments.md §6.1).
 *
 * ```text
 * http://filev2.getsession.org/file/<id>#d&p=<server key, 64 hex>
 * ```
 *
 * The fragment is for the receiver alone: `d` = stream scheme, `p` = key of a server that is not the default one.
 * Unknown parts are ignored.
 *
 * @module
 */
import { SessionError } from "../errors/index.js";
import type { FileErrorCode } from "./errors.js";

/** A parsed address. */
export interface FileUrl {
  readonly protocol: "http" | "https";
  readonly host: string;
  readonly port: number;
  /** Opaque: 1 to 44 letters, digits, `-` and `_`. */
  readonly id: string;
  /** The file is encrypted with the stream scheme. */
  readonly isStream: boolean;
  /** The server's key as the address gives it, 64 lower-case hex characters. */
  readonly serverKey: string | undefined;
}

/** What {@link formatFileUrl} writes. */
export interface FileUrlParts {
  /** `http(s)://host[:port]`. */
  readonly server: string;
  readonly id: string;
  readonly isStream?: boolean | undefined;
  /** Left out for the default server. */
  readonly serverKey?: string | undefined;
}

const DEFAULT_PORTS = { http: 80, https: 443 } as const;
/** No honest address comes near it. */
const MAX_LENGTH = 2048;
const FILE_ID = /^[A-Za-z0-9_-]{1,44}$/;
const HEX_KEY = /^[0-9a-f]{64}$/i;

/**
 * Parses an address, in its old form `/files/<id>` too.
 *
 * @throws `FILE_URL_INVALID`
 */
export function parseFileUrl(url: string): FileUrl {
  const parsed = parseUrl(url);
  const protocol = parsed?.protocol.slice(0, -1);
  if (parsed === undefined || (protocol !== "http" && protocol !== "https")) throw invalid();
  if (parsed.username !== "" || parsed.password !== "") throw invalid();
  const id = /^\/files?\/([^/]+)\/?$/.exec(parsed.pathname)?.[1];
  if (id === undefined || !FILE_ID.test(id)) throw invalid();
  const fragment = parts(parsed.hash);
  const key = fragment.find((part) => part.startsWith("p="))?.slice(2);
  return {
    protocol,
    host: parsed.hostname,
    port: parsed.port === "" ? DEFAULT_PORTS[protocol] : Number(parsed.port),
    id,
    isStream: fragment.some(isStreamMarker),
    serverKey: key !== undefined && HEX_KEY.test(key) ? key.toLowerCase() : undefined,
  };
}

/** Whether an address, of whatever server, marks its file as encrypted with the stream scheme. */
export function isStreamUrl(url: string): boolean {
  const start = url.indexOf("#");
  return start >= 0 && parts(url.slice(start)).some(isStreamMarker);
}

/**
 * Writes the address of a file.
 *
 * @throws `FILE_URL_INVALID`
 */
export function formatFileUrl({ server, id, isStream, serverKey }: FileUrlParts): string {
  const parsed = parseUrl(server);
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol) || !FILE_ID.test(id)) throw invalid();
  const fragment = [
    ...(serverKey === undefined ? [] : [`p=${serverKey}`]),
    // Without `=`: some apps know only this form.
    ...(isStream === true ? ["d"] : []),
  ].join("&");
  return `${parsed.origin}/file/${id}${fragment === "" ? "" : `#${fragment}`}`;
}

/** The numeric id that pointers carry besides the address: the last part of the path if it is a 64-bit number, else 0. */
export function numericFileId(url: string): bigint {
  const last = /\/(\d{1,20})\/?(?:[?#]|$)/.exec(url)?.[1];
  const id = BigInt(last ?? 0);
  return id < 2n ** 64n ? id : 0n;
}

function parts(fragment: string): readonly string[] {
  return fragment.slice(1).split("&");
}

function isStreamMarker(part: string): boolean {
  return part === "d" || part.startsWith("d=");
}

function parseUrl(url: string): URL | undefined {
  if (url.length > MAX_LENGTH) return undefined;
  try {
    return new URL(url);
  } catch {
    return undefined;
  }
}

function invalid(): SessionError<FileErrorCode> {
  return new SessionError("FILE_URL_INVALID", "not the address of a file on a file server");
}
