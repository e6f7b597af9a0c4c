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

const MAX_BASE_URL_LENGTH = 267;
const MAX_URL_LENGTH = 512;
const KEY_LENGTH = 32;
const ROOM = /^[0-9A-Za-z_-]{1,64}$/;
const BASE_URL = /^(https?):\/\/([0-9a-z][0-9a-z.-]*)(?::(\d{1,5}))?\/?$/;
const FULL_URL = /^([^?#]*?)\/(?:r\/)?([^/?#]+)\?public_key=([^&#]+)$/;
const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };

/** The one form of a server's address. @throws `CONFIG_VALUE_INVALID` */
export function canonicalBaseUrl(text: string): string {
  const [, scheme = "", host, portText] = BASE_URL.exec(text.toLowerCase()) ?? [];
  const port = portText === undefined ? DEFAULT_PORTS[scheme] : Number(portText);
  if (host === undefined || port === undefined || port === 0 || port > 65_535) {
    throw invalidValue("baseUrl", "is http:// or https://, a host, and perhaps a port");
  }
  const baseUrl = `${scheme}://${host}${port === DEFAULT_PORTS[scheme] ? "" : `:${port}`}`;
  if (baseUrl.length > MAX_BASE_URL_LENGTH)
    throw invalidValue("baseUrl", `has at most ${MAX_BASE_URL_LENGTH} bytes`);
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
  if (!ROOM.test(room)) throw invalidValue("room", "has 1 to 64 letters, digits, - and _");
  return room;
}

/** In canonical form. @throws `CONFIG_VALUE_INVALID` */
export function checkServer({ baseUrl, publicKey }: CommunityServer): CommunityServer {
  return { baseUrl: canonicalBaseUrl(baseUrl), publicKey: parseServerKey(publicKey) };
}

/** A server key in any of its text forms, as hexadecimal. */
function parseServerKey(text: string): string {
  try {
    const decode = text.length === 64 ? hexToBytes : text.length === 52 ? base32zToBytes : base64ToBytes;
    const key = decode(text);
    if (key.length === KEY_LENGTH) return bytesToHex(key);
  } catch (cause) {
    if (!isSessionError(cause)) throw cause;
    throw invalidValue("publicKey", "is 32 bytes in hexadecimal, base64 or z-base-32", cause);
  }
  throw invalidValue("publicKey", `has ${KEY_LENGTH} bytes`);
}
