/**
 * Subaccounts: the limited rights that a group's admin signs for one member (docs/protocol/swarm.md §2.1).
 *
 * ```
 * token (36)     = prefix 03 ‖ flags ‖ 00 00 ‖ subaccount Ed25519 key (32)
 * auth data (100) = 03 ‖ flags ‖ 00 00 ‖ blinding factor k (32) ‖ admin's signature over the token (64)
 * ```
 *
 * The token is what a server sees; the auth data is what the member was sent. Rights are bits of the flags.
 *
 * @module
 */
import { base64ToBytes, concatBytes, hexToBytes } from "../bytes/index.js";
import { type Crypto, defaultCrypto } from "../crypto/index.js";
import { isSessionError } from "../errors/index.js";
import { invalidArgument } from "./errors.js";
import { accountBytes } from "./ids.js";
import { isPublicOutbox } from "./namespaces.js";

/** Bytes of a token. */
export const SUBACCOUNT_TOKEN_BYTES = 36;
/** Bytes of the auth data that a member holds. */
export const SUBACCOUNT_AUTH_BYTES = 100;
/** Most tokens in one (un)revoke call, and most that a server keeps for an account. */
export const MAX_REVOKED_SUBACCOUNTS = 50;

/** Rights of a subaccount, to be combined with `|`. */
export const SUBACCOUNT_ACCESS = {
  read: 1,
  write: 2,
  delete: 4,
  /** The token serves accounts of any prefix. */
  anyPrefix: 8,
} as const;

/** A token taken apart. */
export interface SubaccountToken {
  /** Network prefix of the account it is for: 3 for groups. */
  readonly prefix: number;
  /** Bits of {@link SUBACCOUNT_ACCESS}. */
  readonly flags: number;
  /** Ed25519 key that signs with this token, 32 bytes. */
  readonly publicKey: Uint8Array;
}

/** The member's auth data taken apart. */
export interface SubaccountAuthData {
  readonly prefix: number;
  readonly flags: number;
  /** k, 32 bytes: the subaccount key is k times the member's own. */
  readonly blindingFactor: Uint8Array;
  /** The admin's signature over the token, 64 bytes. */
  readonly tokenSignature: Uint8Array;
}

/**
 * The 36 bytes of a token.
 *
 * @throws `INVALID_ARGUMENT`
 */
export function encodeSubaccountToken({ prefix, flags, publicKey }: SubaccountToken): Uint8Array {
  if (publicKey.length !== 32) throw invalidArgument("a subaccount key has 32 bytes");
  for (const byte of [prefix, flags])
    if (!Number.isInteger(byte) || byte < 0 || byte > 255)
      throw invalidArgument("prefix and flags are bytes", { prefix, flags });
  return concatBytes(Uint8Array.of(prefix, flags, 0, 0), publicKey);
}

/**
 * Takes a token apart. The two reserved bytes are not looked at, as on the server.
 *
 * @throws `INVALID_ARGUMENT` unless it has 36 bytes
 */
export function parseSubaccountToken(token: Uint8Array): SubaccountToken {
  if (token.length !== SUBACCOUNT_TOKEN_BYTES)
    throw invalidArgument("a subaccount token has 36 bytes", { length: token.length });
  return { prefix: token[0] as number, flags: token[1] as number, publicKey: token.slice(4) };
}

/**
 * The token of a `subaccount`, `revoke` or `unrevoke` field: 72 hexadecimal digits or 48 characters of base64.
 * A 35-byte token also makes 48 characters, padded: it gets a zero byte at its end, as servers do
 * (docs/protocol/storage-server-behaviour.md §10).
 *
 * @throws `INVALID_ARGUMENT`
 */
export function subaccountTokenFromText(text: string): Uint8Array {
  try {
    if (text.length === 72) return hexToBytes(text);
    if (text.length === 48) {
      const bytes = new Uint8Array(SUBACCOUNT_TOKEN_BYTES);
      bytes.set(base64ToBytes(text));
      return bytes;
    }
  } catch (cause) {
    if (!isSessionError(cause)) throw cause;
  }
  throw invalidArgument("a subaccount token is 72 hexadecimal digits or 48 characters of base64");
}

/**
 * Takes a member's auth data apart.
 *
 * @throws `INVALID_ARGUMENT` unless it has 100 bytes
 */
export function parseSubaccountAuthData(data: Uint8Array): SubaccountAuthData {
  if (data.length !== SUBACCOUNT_AUTH_BYTES)
    throw invalidArgument("subaccount auth data has 100 bytes", { length: data.length });
  return {
    prefix: data[0] as number,
    flags: data[1] as number,
    blindingFactor: data.slice(4, 36),
    tokenSignature: data.slice(36),
  };
}

/** What a method needs of a subaccount, in bits of {@link SUBACCOUNT_ACCESS}; `undefined`: the account's key only. */
export function requiredAccess(method: string, namespace = 0): number | undefined {
  const { read, write, delete: remove } = SUBACCOUNT_ACCESS;
  switch (method) {
    case "store":
      return isPublicOutbox(namespace) ? write | remove : write;
    case "retrieve":
    case "get_expiries":
      return read;
    case "expire":
      return write;
    case "delete":
    case "delete_all":
    case "delete_before":
    case "expire_all":
      return remove;
    default:
      return undefined;
  }
}

/** A request's subaccount fields, decoded. */
export interface SubaccountProof {
  /** 66-digit id of the account that the request is about. */
  readonly pubkey: string;
  /** 36 bytes. */
  readonly token: Uint8Array;
  readonly tokenSignature: Uint8Array;
  /** The signed text of the request. */
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
  /** Bits that the request needs, see {@link requiredAccess}. */
  readonly access: number;
}

/**
 * The server's check of a subaccount request, revocation apart: the token is for this account's prefix and has the
 * rights, the account's key signed the token, and the token's key signed the request.
 *
 * @throws `INVALID_ARGUMENT` for fields of the wrong length
 */
export function verifySubaccount(proof: SubaccountProof, crypto: Crypto = defaultCrypto): boolean {
  const account = accountBytes(proof.pubkey);
  const { prefix, flags, publicKey } = parseSubaccountToken(proof.token);
  if (proof.signature.length !== 64 || proof.tokenSignature.length !== 64)
    throw invalidArgument("a signature has 64 bytes");
  const prefixFits = prefix === account[0] || (flags & SUBACCOUNT_ACCESS.anyPrefix) !== 0;
  return (
    prefixFits &&
    (flags & proof.access) === proof.access &&
    crypto.ed25519Verify(proof.tokenSignature, proof.token, account.subarray(1)) &&
    crypto.ed25519Verify(proof.signature, proof.message, publicKey)
  );
}
