/**
 * Who signs a request, and the fields that say so (docs/protocol/swarm.md §2).
 *
 * | caller | fields besides `signature` | key |
 * |---|---|---|
 * | user (05) | `pubkey_ed25519` | the account's Ed25519 key |
 * | group admin (03) | none | the group's Ed25519 key |
 * | group member (03) | `subaccount`, `subaccount_sig` | the member's subaccount key |
 *
 * @module
 */
import { bytesToBase64, bytesToHex } from "../bytes/index.js";
import { type Crypto, defaultCrypto, type Ed25519KeyPair } from "../crypto/index.js";
import { invalidArgument } from "./errors.js";
import { accountId } from "./ids.js";
import { SUBACCOUNT_TOKEN_BYTES } from "./subaccount.js";

/** The right to sign requests about one account. Secret keys stay inside the `sign` function. */
export interface SwarmAuth {
  readonly kind: "user" | "group-admin" | "subaccount";
  /** Lower-case id of the account that requests are about. */
  readonly pubkey: string;
  /** What goes into the params besides `pubkey` and `signature`. */
  readonly fields: Readonly<Record<string, string>>;
  /** 64-byte Ed25519 signature of `message`. */
  sign(message: Uint8Array): Uint8Array;
}

/** The part of an `Account` that signs. */
export interface SigningAccount {
  /** 05 id. */
  readonly sessionId: string;
  readonly ed25519: Ed25519KeyPair;
}

/**
 * Signs as the user who owns the account.
 *
 * @throws `INVALID_ARGUMENT` unless the id is a 05 id
 */
export function userAuth(account: SigningAccount, crypto: Crypto = defaultCrypto): SwarmAuth {
  const { secretKey, publicKey } = account.ed25519;
  return {
    kind: "user",
    pubkey: prefixedId(account.sessionId, "05"),
    fields: { pubkey_ed25519: bytesToHex(publicKey) },
    sign: (message) => crypto.ed25519Sign(message, secretKey),
  };
}

/** A group with the key that its admins share. */
export interface GroupAdminKeys {
  /** 03 id. */
  readonly groupId: string;
  /** The group's Ed25519 secret key, 64 bytes (seed ‖ public key). */
  readonly secretKey: Uint8Array;
}

/**
 * Signs as an admin, with the group's own key.
 *
 * @throws `INVALID_ARGUMENT` unless the id is the 03 id of that key
 */
export function groupAdminAuth(keys: GroupAdminKeys, crypto: Crypto = defaultCrypto): SwarmAuth {
  const { secretKey } = keys;
  const pubkey = prefixedId(keys.groupId, "03");
  if (secretKey.length !== 64 || pubkey.slice(2) !== bytesToHex(secretKey.subarray(32)))
    throw invalidArgument("the secret key is not the group's", { pubkey });
  return {
    kind: "group-admin",
    pubkey,
    fields: {},
    sign: (message) => crypto.ed25519Sign(message, secretKey),
  };
}

/** What a group member signs with. */
export interface SubaccountKeys {
  /** 03 id. */
  readonly groupId: string;
  /** 36 bytes. */
  readonly token: Uint8Array;
  /** The admin's signature over the token, 64 bytes. */
  readonly tokenSignature: Uint8Array;
  /** Signs with the key inside the token. */
  readonly sign: (message: Uint8Array) => Uint8Array;
}

/**
 * Signs as a member with a subaccount that an admin made.
 *
 * @throws `INVALID_ARGUMENT`
 */
export function subaccountAuth(keys: SubaccountKeys): SwarmAuth {
  if (keys.token.length !== SUBACCOUNT_TOKEN_BYTES || keys.tokenSignature.length !== 64)
    throw invalidArgument("a subaccount token has 36 bytes and its signature 64");
  return {
    kind: "subaccount",
    pubkey: prefixedId(keys.groupId, "03"),
    fields: {
      subaccount: bytesToBase64(keys.token),
      subaccount_sig: bytesToBase64(keys.tokenSignature),
    },
    sign: keys.sign,
  };
}

/** The params that carry `auth`'s signature of `message`, `pubkey` included. */
export function signedParams(auth: SwarmAuth, message: Uint8Array): Record<string, string> {
  return { pubkey: auth.pubkey, ...auth.fields, signature: bytesToBase64(auth.sign(message)) };
}

function prefixedId(id: string, prefix: "03" | "05"): string {
  const pubkey = accountId(id);
  if (!pubkey.startsWith(prefix)) throw invalidArgument(`the id does not start with ${prefix}`, { pubkey });
  return pubkey;
}
