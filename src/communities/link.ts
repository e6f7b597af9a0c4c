/**
 * Links to community rooms (docs/protocol/communities.md §1).
 *
 * ```text
 * [http[s]://]host[:port]/[r/]token?public_key=<key>     key: 64 hex, 43 or 44 base64, or 52 z-base-32 characters
 * ```
 *
 * Links come from strangers, so nothing is guessed: whatever is not exactly of this form is refused. The parts are read as
 * the account's configs read them (the room `config`); besides, a host must be a domain name or an IPv4 address, which
 * configs do not ask of what other devices have stored.
 *
 * @module
 */
import { bytesToHex } from "../bytes/index.js";
import { decodeServerKey, isCommunityRoom, joinServerAddress, splitServerAddress } from "../config/index.js";
import { SessionError } from "../errors/index.js";
import type { ServerDestination } from "../network/index.js";
import type { CommunityErrorCode } from "./errors.js";

/** A server: where it is, and the key that proves it. */
export interface CommunityAddress {
  /** Scheme, lower-case host, and the port unless it is the scheme's own; no path. */
  readonly baseUrl: string;
  /** X25519 key of the server, 64 lower-case hex characters. */
  readonly publicKey: string;
}

/** A room of a server. */
export interface CommunityLink extends CommunityAddress {
  /** As the link writes it; servers ignore its case. */
  readonly token: string;
}

const MAX_LINK = 512;
const LINK = /^([^?#]*)\/([0-9A-Za-z_-]+)\?public_key=([^&#]*)$/;
const LABEL = /^[0-9a-z-]+$/;
const DEFAULT_PORTS = { http: 80, https: 443 } as const;
/** Hosts that are one server. */
const ALIASES: ReadonlyMap<string, string> = /* @__PURE__ */ new Map([
  ["116.203.70.33", "open.getsession.org"],
]);

/** Session's own communities. */
export const OFFICIAL_COMMUNITY: CommunityAddress = {
  baseUrl: "https://open.getsession.org",
  publicKey: "a03c383cf63c3c4efe67acc52112a6dd734b3a946b9545f488aaa93da7991238",
};

/**
 * Reads a link in any accepted form. Without a scheme it means `http://`, as the apps take it.
 *
 * @throws `COMMUNITY_LINK_INVALID`
 */
export function parseCommunityLink(text: string): CommunityLink {
  if (typeof text !== "string") throw invalidLink("the link is not a string");
  const trimmed = text.trim();
  if (trimmed.length > MAX_LINK) throw invalidLink("the link is too long");
  const [, address = "", token = "", key = ""] = LINK.exec(trimmed) ?? [];
  if (!isRoomToken(token)) throw invalidLink("the link names no room and key");
  // `/r/` is how the servers' web pages are addressed.
  return {
    baseUrl: parseBaseUrl(address.replace(/\/r$/, "")),
    token,
    publicKey: bytesToHex(parseServerKey(key)),
  };
}

/** The link to share. @throws `COMMUNITY_LINK_INVALID` */
export function formatCommunityLink({ baseUrl, token, publicKey }: CommunityLink): string {
  if (!isRoomToken(token)) throw invalidLink("a room token has 1 to 64 letters, digits, - and _");
  return `${parseBaseUrl(baseUrl)}/${token}?public_key=${bytesToHex(parseServerKey(publicKey))}`;
}

/**
 * The canonical form of a server's address.
 *
 * @throws `COMMUNITY_LINK_INVALID` for hosts without a dot, names of other than ASCII letters, user names, paths, ports above 65535
 */
export function parseBaseUrl(text: string): string {
  if (typeof text !== "string") throw invalidLink("the address is not a string");
  const { protocol, host, port } = splitBaseUrl(text);
  const baseUrl = joinServerAddress(protocol, { host, port });
  if (baseUrl === undefined) throw invalidLink("the address is too long");
  return baseUrl;
}

/** The server as destination of onion requests. @throws `COMMUNITY_LINK_INVALID` */
export function communityDestination({ baseUrl, publicKey }: CommunityAddress): ServerDestination {
  return { ...splitBaseUrl(baseUrl), x25519PublicKey: bytesToHex(parseServerKey(publicKey)) };
}

/** A server key in any of its text forms, 32 bytes. @throws `COMMUNITY_LINK_INVALID` */
export function parseServerKey(text: string): Uint8Array {
  const key = typeof text === "string" ? decodeServerKey(text) : undefined;
  if (key === undefined) throw invalidLink("the server key cannot be read, or has not 32 bytes");
  return key;
}

/** True for a room token, in either case. */
export function isRoomToken(value: unknown): value is string {
  return isCommunityRoom(value);
}

/**
 * What a room is known by, to find out whether it is joined already: `http` and `https`, another case and known aliases
 * of a host give the same. Not an address.
 */
export function communityKey({ baseUrl, token }: Pick<CommunityLink, "baseUrl" | "token">): string {
  const { protocol, host, port } = splitBaseUrl(baseUrl);
  const isDefault = port === DEFAULT_PORTS[protocol];
  return `${ALIASES.get(host) ?? host}${isDefault ? "" : `:${port}`}/${token.toLowerCase()}`;
}

/** Whether two links lead to one room. */
export function isSameCommunity(
  a: Pick<CommunityLink, "baseUrl" | "token">,
  b: Pick<CommunityLink, "baseUrl" | "token">,
): boolean {
  return communityKey(a) === communityKey(b);
}

/** The id that a conversation with this room has in the apps. */
export function communityConversation({ baseUrl, token }: Pick<CommunityLink, "baseUrl" | "token">): string {
  return `${baseUrl}/${token}`;
}

function splitBaseUrl(text: string): { protocol: "http" | "https"; host: string; port: number } {
  const { scheme, host = "", port: written } = splitServerAddress(text) ?? {};
  const protocol = scheme ?? "http";
  const port = written ?? DEFAULT_PORTS[protocol];
  const labels = host.split(".");
  const last = labels[labels.length - 1] ?? "";
  const isAddress =
    labels.length === 4 && labels.every((label) => /^\d{1,3}$/.test(label) && Number(label) <= 255);
  if (labels.length < 2 || !labels.every((label) => LABEL.test(label)) || (last.length < 2 && !isAddress)) {
    throw invalidLink("the address is not a scheme, a host and a port, or the host is no domain name");
  }
  return { protocol, host, port };
}

function invalidLink(message: string): SessionError<CommunityErrorCode> {
  return new SessionError("COMMUNITY_LINK_INVALID", message);
}
