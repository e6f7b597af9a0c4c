/**
 * Communities as configs name them (docs/protocol/config.md §17): a server's address, its key, and a room.
 *
 * ```text
 * http[s]://host[:port]/[r/]room?public_key=<64 hex, 43 or 44 base64, or 52 z-base-32 characters>
 * ```
 *
 * The address is a key of the config, so every device must write it in the same form.
 *
 * @module
 */
import { base32zToBytes, base64ToBytes, bytesToHex, hexToBytes } from "../bytes/index.js";
import { isSessionError } from "../errors/index.js";
import { invalidValue } from "./checks.js";

/** A community server. */
export interface CommunityServer {
  /** Scheme and host in lower case, and the port unless it is the scheme's own; no path. */
  readonly baseUrl: string;
  /** The server's X25519 key, 64 hexadecimal characters. */
  readonly publicKey: string;
}

/** A room of a server. */
export interface CommunityRoom extends CommunityServer {
  /** As the user or the link wrote it; rooms are the same in either case. */
  readonly room: string;
}

/** A server's address in its parts. */
export interface ServerAddressParts {
  /** Undefined when the text has none. */
  readonly scheme: "http" | "https" | undefined;
  /** In lower case. */
  readonly host: string;
  /** Undefined when the text has none. */
  readonly port: number | undefined;
}

const MAX_BASE_URL_LENGTH = 267;
const MAX_URL_LENGTH = 512;
const KEY_LENGTH = 32;
const ROOM = /^[0-9A-Za-z_-]{1,64}$/;
const ADDRESS = /^(?:(https?):\/\/)?([0-9a-z][0-9a-z.-]*)(?::(\d{1,5}))?$/;
const FULL_URL = /^([^?#]*?)\/(?:r\/)?([^/?#]+)\?public_key=([^&#]+)$/;
const DEFAULT_PORTS = { http: 80, https: 443 } as const;

/**
 * Takes a server's address apart; undefined for what is none. Not with `URL`, which reads more into addresses (`0x7f.1` as
 * 127.0.0.1, `\` as `/`). Links (the room `communities`) are held to more than what configs may have in them.
 */
export function splitServerAddress(text: string): ServerAddressParts | undefined {
  const [, scheme, host, portText] = ADDRESS.exec(text.toLowerCase()) ?? [];
  const port = portText === undefined ? undefined : Number(portText);
  if (host === undefined || port === 0 || (port ?? 0) > 65_535) return undefined;
  return { scheme: scheme === "http" || scheme === "https" ? scheme : undefined, host, port };
}

/** The one form of an address: without the port if it is the scheme's own. Undefined if it is too long. */
export function joinServerAddress(
  scheme: "http" | "https",
  { host, port }: Omit<ServerAddressParts, "scheme">,
): string | undefined {
  const baseUrl = `${scheme}://${host}${port === undefined || port === DEFAULT_PORTS[scheme] ? "" : `:${port}`}`;
  return baseUrl.length > MAX_BASE_URL_LENGTH ? undefined : baseUrl;
}

/** True for the name of a room, in either case. */
export function isCommunityRoom(value: unknown): value is string {
  return typeof value === "string" && ROOM.test(value);
}

/** A server key in any of its text forms, 32 bytes; undefined for what is none. */
export function decodeServerKey(text: string): Uint8Array | undefined {
  try {
    const decode = text.length === 64 ? hexToBytes : text.length === 52 ? base32zToBytes : base64ToBytes;
    const key = decode(text);
    return key.length === KEY_LENGTH ? key : undefined;
  } catch (cause) {
    if (!isSessionError(cause)) throw cause;
    return undefined;
  }
}

/** The one form of a server's address. @throws `CONFIG_VALUE_INVALID` */
export function canonicalBaseUrl(text: string): string {
  const parts = splitServerAddress(text.replace(/\/$/, ""));
  if (parts?.scheme === undefined) {
    throw invalidValue("baseUrl", "is http:// or https://, a host, and perhaps a port");
  }
  const baseUrl = joinServerAddress(parts.scheme, parts);
  if (baseUrl === undefined) throw invalidValue("baseUrl", `has at most ${MAX_BASE_URL_LENGTH} bytes`);
  return baseUrl;
}

/** Reads the address of a room, key included. @throws `CONFIG_VALUE_INVALID` */
export function parseCommunityUrl(url: string): CommunityRoom {
  const [, base = "", room = "", key = ""] = url.length > MAX_URL_LENGTH ? [] : (FULL_URL.exec(url) ?? []);
  return { baseUrl: canonicalBaseUrl(base), room: checkRoom(room), publicKey: parseServerKey(key) };
}

/** The address of a room to give to others. */
export function formatCommunityUrl({ baseUrl, room, publicKey }: CommunityRoom): string {
  return `${canonicalBaseUrl(baseUrl)}/${checkRoom(room)}?public_key=${parseServerKey(publicKey)}`;
}

export function checkRoom(room: string): string {
  if (!isCommunityRoom(room)) throw invalidValue("room", "has 1 to 64 letters, digits, - and _");
  return room;
}

/** In canonical form. @throws `CONFIG_VALUE_INVALID` */
export function checkServer({ baseUrl, publicKey }: CommunityServer): CommunityServer {
  return { baseUrl: canonicalBaseUrl(baseUrl), publicKey: parseServerKey(publicKey) };
}

/** A server key in any of its text forms, as hexadecimal. */
function parseServerKey(text: string): string {
  const key = decodeServerKey(text);
  if (key === undefined) {
    throw invalidValue("publicKey", `is ${KEY_LENGTH} bytes in hexadecimal, base64 or z-base-32`);
  }
  return bytesToHex(key);
}
