/**
 * The file servers that are known, and whom to ask for an address (docs/protocol/attachments.md §6).
 *
 * @module
 */
import { bytesToHex, hexToBytes } from "../bytes/index.js";
import { type Crypto, defaultCrypto } from "../crypto/index.js";
import { isSessionError, SessionError } from "../errors/index.js";
import { defaultFileServer, type FileServer, type ServerDestination } from "../network/index.js";
import type { FileErrorCode } from "./errors.js";
import type { FileUrl } from "./url.js";

export { defaultFileServer, type FileServer };

/** The developers' test server. */
export const potatoFileServer: FileServer = /* @__PURE__ */ Object.freeze({
  url: "http://potatofiles.getsession.org",
  ed25519PublicKey: "ff86dcd4b26d1bfec944c59859494248626d6428efc12168749d65a1b92f5e28",
  x25519PublicKey: "fc097b06821c98a2db75ce02e521cef5fd9d3446e42e81d843c4c8c4e9260f48",
});

/** The server of the public test network. */
export const testnetFileServer: FileServer = /* @__PURE__ */ Object.freeze({
  url: "http://superduperfiles.oxen.io",
  ed25519PublicKey: "929e33ded05e653fec04b49645117f51851f102a947e04806791be416ed76602",
  x25519PublicKey: "16d6c60aebb0851de7e6f4dc0a4734671dbf80f73664c008596511454cb6576d",
});

/** Known from the start; every app is told about others by the addresses themselves. */
export const knownFileServers: readonly FileServer[] = /* @__PURE__ */ Object.freeze([
  defaultFileServer,
  potatoFileServer,
  testnetFileServer,
]);

/** Community servers also serve `/file/<id>`, but not to us this way. */
const COMMUNITY_HOST = "open.getsession.org";

/** The destinations to try for a server, in this order. */
export function fileServerDestinations(server: FileServer): readonly ServerDestination[] {
  const url = serverUrl(server.url);
  return [server.x25519PublicKey, ...(server.otherX25519PublicKeys ?? [])].map((x25519PublicKey) => ({
    protocol: url.protocol === "https:" ? "https" : "http",
    host: url.hostname,
    port: url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port),
    x25519PublicKey,
  }));
}

/**
 * The server of an address: a known one, or one whose key the address gives.
 *
 * @param servers - those that are known
 * @throws `FILE_SERVER_UNKNOWN`
 */
export function fileServerOf(
  { protocol, host, port, serverKey }: FileUrl,
  servers: readonly FileServer[] = knownFileServers,
  crypto: Crypto = defaultCrypto,
): FileServer {
  if (host.includes(COMMUNITY_HOST)) throw unknown(host, "the address is one of a community server");
  const known = servers.find((server) => {
    const [destination] = fileServerDestinations(server);
    return destination?.host === host && destination.port === port && destination.protocol === protocol;
  });
  const url = new URL(`${protocol}://${host}:${port}`).origin;
  if (known !== undefined && (serverKey === undefined || keysOf(known).includes(serverKey))) return known;
  if (serverKey === undefined)
    throw unknown(host, "the server is not known and the address has no key for it");
  return { url, ed25519PublicKey: serverKey, x25519PublicKey: onionKey(serverKey, host, crypto) };
}

/** The key that addresses on `server` must carry; undefined for the default server. */
export function writtenServerKey(server: FileServer): string | undefined {
  if (serverUrl(server.url).host === serverUrl(defaultFileServer.url).host) return undefined;
  return server.ed25519PublicKey ?? server.x25519PublicKey;
}

function keysOf(server: FileServer): readonly (string | undefined)[] {
  return [server.ed25519PublicKey, server.x25519PublicKey, ...(server.otherX25519PublicKeys ?? [])];
}

/** Addresses carry Ed25519 keys. Some apps wrote the X25519 key: what is no Ed25519 key must be one. */
function onionKey(serverKey: string, host: string, crypto: Crypto): string {
  try {
    return bytesToHex(crypto.ed25519PublicKeyToX25519(hexToBytes(serverKey)));
  } catch (error) {
    if (isSessionError(error, "CRYPTO_INVALID_PUBLIC_KEY")) return serverKey;
    throw unknown(host, "the address has no usable key for its server");
  }
}

function serverUrl(url: string): URL {
  try {
    const parsed = new URL(url);
    if (/^https?:$/.test(parsed.protocol)) return parsed;
  } catch {
    // Falls through to the error.
  }
  throw new SessionError<FileErrorCode>("INVALID_ARGUMENT", "a file server has an http(s) URL");
}

function unknown(host: string, message: string): SessionError<FileErrorCode> {
  return new SessionError("FILE_SERVER_UNKNOWN", message, { details: { host } });
}
