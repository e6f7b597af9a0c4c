/**
 * File servers as data (docs/protocol/attachments.md §6). A network says which one its apps upload to; the room `files`
 * talks to it.
 *
 * @module
 */

/** A file server. Keys are 64 lower-case hex characters. */
export interface FileServer {
  /** `http(s)://host[:port]`. */
  readonly url: string;
  /** Written to addresses as `p=`. */
  readonly ed25519PublicKey?: string | undefined;
  /** For onion requests. */
  readonly x25519PublicKey: string;
  /** Other keys that may be asked when the server cannot decrypt with the first. */
  readonly otherX25519PublicKeys?: readonly string[] | undefined;
}

/** The server that all apps use. Addresses on it carry no key. */
export const defaultFileServer: FileServer = /* @__PURE__ */ Object.freeze({
  url: "http://filev2.getsession.org",
  ed25519PublicKey: "b8eef9821445ae16e2e97ef8aa6fe782fd11ad5253cd6723b281341dba22e371",
  x25519PublicKey: "09324794aa9c11948189762d198c618148e9136ac9582068180661208927ef34",
  otherX25519PublicKeys: Object.freeze(["da21e1d886c6fbaea313f75298bd64aab03a97ce985b46bb2dad9f2089c8ee59"]),
});
