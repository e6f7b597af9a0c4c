/**
 * Who may do what: account ids, request signatures, subaccount tokens
 * (docs/protocol/storage-server-behaviour.md §3, §10; docs/protocol/swarm.md §2).
 *
 *     token (36 bytes) = prefix(1) ‖ flags(1) ‖ 00 00 ‖ Ed25519 key(32)
 *
 * @module
 */
import { bytesToHex, concatBytes, equalBytes, utf8ToBytes } from "../bytes/index.js";
import type { Crypto } from "../crypto/index.js";
import type { Account, MessageDatabase } from "./database.js";
import { invalidRequest } from "./errors.js";
import { decodeBase64, decodeHex, type Params, readString, required } from "./fields.js";

/** Rights of a subaccount, bits of the token's second byte. */
export const Access = { read: 1, write: 2, delete: 4, anyPrefix: 8 } as const;

/** Length of a subaccount token in bytes. */
export const TOKEN_LENGTH = 36;

interface SignedToken {
  readonly token: Uint8Array;
  /** The account key's signature over the token. */
  readonly signature: Uint8Array;
}

/** The parameters with which a caller says who it is. */
export interface Credentials {
  readonly account: Account;
  /** The Ed25519 key of a 05 account. */
  readonly ed25519PublicKey?: Uint8Array | undefined;
  readonly signature: Uint8Array;
  readonly subaccount?: SignedToken | undefined;
}

/** Credentials as text; undefined members were not sent. */
export interface CredentialFields {
  readonly pubkey: string | undefined;
  readonly pubkeyEd25519: string | undefined;
  readonly signature: string | undefined;
  readonly subaccount?: string | undefined;
  readonly subaccountSignature?: string | undefined;
}

/** Reads an account id: 66 hex characters, either case. */
export function parseAccount(text: string, separator: "(" | "/" = "("): Account {
  const bytes = decodeHex(text, 33);
  if (bytes === undefined) {
    throw invalidRequest(
      separator === "("
        ? "Pubkey must be 66 hex digits (33 bytes) long"
        : "Pubkey must be 66 hex digits/33 bytes long",
    );
  }
  return { id: bytesToHex(bytes), prefix: bytes[0] ?? 0, key: bytes.subarray(1) };
}

/** Reads the credential fields of `params`; `withSubaccount` is false for calls that only the account key may make. */
export function credentialFields(params: Params, withSubaccount: boolean): CredentialFields {
  const pubkey = readString(params, "pubkey");
  const pubkeyEd25519 = readString(params, "pubkey_ed25519");
  const signature = readString(params, "signature");
  return withSubaccount
    ? {
        pubkey,
        pubkeyEd25519,
        signature,
        subaccount: readString(params, "subaccount"),
        subaccountSignature: readString(params, "subaccount_sig"),
      }
    : { pubkey, pubkeyEd25519, signature };
}

/** Checks the form of credentials; whether they are true is asked by {@link isAuthentic}. */
export function parseCredentials(fields: CredentialFields): Credentials {
  const account = parseAccount(required("pubkey", fields.pubkey));
  const signatureText = required("signature", fields.signature);
  let ed25519PublicKey: Uint8Array | undefined;
  if (fields.pubkeyEd25519 !== undefined) {
    if (account.prefix !== 0x05) {
      throw invalidRequest("pubkey_ed25519 is only permitted for 05[...] pubkeys");
    }
    ed25519PublicKey = decodeHex(fields.pubkeyEd25519, 32);
    if (ed25519PublicKey === undefined) {
      throw invalidRequest(
        fields.pubkeyEd25519.length === 64
          ? "invalid pubkey_ed25519: value is not hex"
          : "Invalid pubkey_ed25519: expected 64 hex char or 32 byte pubkey",
      );
    }
  }
  const signature = parseSignature(signatureText, "invalid signature");
  return { account, ed25519PublicKey, signature, subaccount: parseSubaccount(fields) };
}

function parseSubaccount(fields: CredentialFields): SignedToken | undefined {
  if (fields.subaccount === undefined || fields.subaccount === "") return undefined;
  if (fields.subaccountSignature === undefined) {
    throw invalidRequest("invalid subaccount: subaccount_sig is required when using subaccount");
  }
  const token = parseToken(fields.subaccount);
  if (token === undefined) {
    throw invalidRequest("invalid subaccount: expected base64 or hex-encoded subaccount token");
  }
  return { token, signature: parseSignature(fields.subaccountSignature, "invalid subaccount signature") };
}

/** Reads a token, 48 base64 or 72 hex characters; undefined if it is neither. A padded 35-byte one gets a zero byte. */
export function parseToken(text: string): Uint8Array | undefined {
  if (text.length === (TOKEN_LENGTH * 4) / 3) {
    const bytes = decodeBase64(text);
    if (bytes === undefined) return undefined;
    const token = new Uint8Array(TOKEN_LENGTH);
    token.set(bytes);
    return token;
  }
  return decodeHex(text, TOKEN_LENGTH);
}

function parseSignature(text: string, what: string): Uint8Array {
  const bytes =
    text.length === 86 || (text.length === 88 && text.endsWith("==")) ? decodeBase64(text) : undefined;
  if (bytes === undefined || bytes.length !== 64) {
    throw invalidRequest(`${what}: expected base64 encoded Ed25519 signature`);
  }
  return bytes;
}

/** What {@link isAuthentic} needs to know about the call. */
export interface AuthQuestion {
  readonly database: MessageDatabase;
  readonly crypto: Crypto;
  /** Bits of {@link Access} that a subaccount must have; 0 = no subaccount may call. */
  readonly access: number;
  /** The signed text, in parts. */
  readonly signed: readonly (string | number | Uint8Array)[];
  /** Let a revoked subaccount pass: reading an unrevocable namespace. */
  readonly evenRevoked?: boolean;
}

/** True if the credentials prove a right to the call. Every way to fail looks the same to the caller. */
export function isAuthentic(credentials: Credentials, question: AuthQuestion): boolean {
  const { account, ed25519PublicKey, subaccount } = credentials;
  const { crypto } = question;
  let key = account.key;
  if (account.prefix === 0x05 && ed25519PublicKey !== undefined) {
    if (!convertsTo(ed25519PublicKey, account.key, crypto)) return false;
    key = ed25519PublicKey;
  }
  if (subaccount !== undefined) {
    const { token } = subaccount;
    const flags = token[1] ?? 0;
    if (!question.evenRevoked && question.database.isRevoked(account, token)) return false;
    if (token[0] !== account.prefix && (flags & Access.anyPrefix) === 0) return false;
    if ((flags & question.access) !== question.access) return false;
    if (!crypto.ed25519Verify(subaccount.signature, token, key)) return false;
    key = token.subarray(4);
  }
  return crypto.ed25519Verify(credentials.signature, signedBytes(question.signed), key);
}

/** The bytes of a signed text: parts without separators, numbers in decimal. */
export function signedBytes(parts: readonly (string | number | Uint8Array)[]): Uint8Array {
  return concatBytes(...parts.map((part) => (part instanceof Uint8Array ? part : utf8ToBytes(String(part)))));
}

function convertsTo(ed25519: Uint8Array, x25519: Uint8Array, crypto: Crypto): boolean {
  try {
    return equalBytes(crypto.ed25519PublicKeyToX25519(ed25519), x25519);
  } catch {
    return false;
  }
}
