/**
 * Subaccounts: how an admin lets a member use the group's swarm, and how the member signs (docs/protocol/groups.md §3).
 *
 * ```
 * X  member's X25519 key    T  its Ed25519 form with sign bit 0    G  group's Ed25519 key
 * k  = BLAKE2b-512(05 ‖ X ‖ 03 ‖ G, key = BLAKE2b-256(group seed, "SessionGroupSubaccountMask")) mod L
 * token (36)      = 03 ‖ flags ‖ 00 00 ‖ k·T
 * auth data (100) = 03 ‖ flags ‖ 00 00 ‖ k ‖ group's signature over the token (64)
 * ```
 *
 * All of it is deterministic: any admin makes the same token for a member, which is how it can be revoked.
 *
 * @module
 */
import { concatBytes, utf8ToBytes } from "../bytes/index.js";
import { type Crypto, defaultCrypto, type Ed25519KeyPair, xed25519PublicKey } from "../crypto/index.js";
import { isSessionError } from "../errors/index.js";
import { type GroupId, idPublicKey, isSessionId, type SessionId } from "../identity/index.js";
import { groupError } from "./errors.js";

/** Rights in a token, to be combined with `|`. */
export const GROUP_ACCESS = {
  read: 1,
  write: 2,
  delete: 4,
  /** The token serves accounts of any prefix. */
  anyPrefix: 8,
} as const;

/** What members get: reading and writing. */
export const MEMBER_ACCESS: number = GROUP_ACCESS.read | GROUP_ACCESS.write;

/** Bytes of the auth data in an invitation. */
export const AUTH_DATA_BYTES = 100;

const GROUP_PREFIX = 0x03;
const ACCOUNT_PREFIX = 0x05;
const MASK_KEY: Uint8Array = /* @__PURE__ */ utf8ToBytes("SessionGroupSubaccountMask");
const SEED_KEY: Uint8Array = /* @__PURE__ */ utf8ToBytes("SubaccountSeed");
const NONCE_KEY: Uint8Array = /* @__PURE__ */ utf8ToBytes("SubaccountSig");

/** What a member signs requests with; `subaccountAuth` of the swarm room takes it as it is. */
export interface GroupMemberSigner {
  readonly groupId: GroupId;
  /** 36 bytes: tells the server who signs, and with what rights. */
  readonly token: Uint8Array;
  /** The group's signature over the token, 64 bytes. */
  readonly tokenSignature: Uint8Array;
  /** 64-byte Ed25519 signature that verifies under the key in the token. */
  readonly sign: (message: Uint8Array) => Uint8Array;
}

/**
 * A member's token, 36 bytes: what an admin revokes and un-revokes.
 *
 * @param flags - bits of {@link GROUP_ACCESS}; the token of other rights is another one
 * @throws `GROUP_INVALID_MEMBER`
 */
export function subaccountToken(
  groupKey: Ed25519KeyPair,
  member: SessionId,
  flags: number = MEMBER_ACCESS,
  crypto: Crypto = defaultCrypto,
): Uint8Array {
  return concatBytes(head(flags), blind(groupKey, member, crypto).key);
}

/**
 * A member's auth data, 100 bytes: what an invitation carries.
 *
 * @throws `GROUP_INVALID_MEMBER`
 */
export function subaccountAuthData(
  groupKey: Ed25519KeyPair,
  member: SessionId,
  flags: number = MEMBER_ACCESS,
  crypto: Crypto = defaultCrypto,
): Uint8Array {
  const { factor, key } = blind(groupKey, member, crypto);
  const signature = crypto.ed25519Sign(concatBytes(head(flags), key), groupKey.secretKey);
  return concatBytes(head(flags), factor, signature);
}

/**
 * Whether auth data is of this group, for this member, and grants `access`.
 *
 * @param publicKey - the member's own Ed25519 key, 32 bytes
 * @param access - bits of {@link GROUP_ACCESS} that must be granted; reading always must
 */
export function isValidAuthData(
  authData: Uint8Array,
  groupId: GroupId,
  publicKey: Uint8Array,
  access: number = GROUP_ACCESS.read,
  crypto: Crypto = defaultCrypto,
): boolean {
  if (authData.length !== AUTH_DATA_BYTES) return false;
  const [prefix = 0, flags = 0] = authData;
  const needed = access | GROUP_ACCESS.read;
  if (prefix !== GROUP_PREFIX && (flags & GROUP_ACCESS.anyPrefix) === 0) return false;
  if ((flags & needed) !== needed) return false;
  const token = tokenOf(authData, publicKey, crypto);
  return token !== undefined && crypto.ed25519Verify(authData.slice(36), token, idPublicKey(groupId));
}

/**
 * The member's half: signs requests with auth data from an invitation. It does not check what the data is worth: see
 * {@link isValidAuthData}.
 *
 * @param member - the account's Ed25519 pair
 * @throws `GROUP_INVALID_AUTH_DATA`
 */
export function memberSigner(
  groupId: GroupId,
  authData: Uint8Array,
  member: Ed25519KeyPair,
  crypto: Crypto = defaultCrypto,
): GroupMemberSigner {
  if (authData.length !== AUTH_DATA_BYTES)
    throw groupError("GROUP_INVALID_AUTH_DATA", "auth data has 100 bytes", {
      details: { length: authData.length },
    });
  const token = tokenOf(authData, member.publicKey, crypto);
  if (token === undefined) throw groupError("GROUP_INVALID_AUTH_DATA", "the auth data has no usable factor");
  const blindedKey = token.slice(4);
  const seed = member.secretKey.slice(0, 32);
  const secret = crypto.ed25519SecretKeyToX25519(seed);
  const isNegative = ((member.publicKey[31] as number) & 0x80) !== 0;
  const scalar = crypto.scalarMultiply(
    authData.slice(4, 36),
    isNegative ? crypto.scalarNegate(secret) : secret,
  );
  const nonceSeed = concatBytes(crypto.blake2b(seed, { size: 32, key: SEED_KEY }), blindedKey);
  return {
    groupId,
    token,
    tokenSignature: authData.slice(36),
    sign(message) {
      const nonce = crypto.scalarReduce(
        crypto.blake2b(concatBytes(nonceSeed, message), { size: 64, key: NONCE_KEY }),
      );
      const commitment = crypto.pointMultiplyBase(nonce);
      const challenge = crypto.scalarReduce(crypto.sha512(concatBytes(commitment, blindedKey, message)));
      return concatBytes(commitment, crypto.scalarAdd(nonce, crypto.scalarMultiply(challenge, scalar)));
    },
  };
}

/** The token for whoever holds `publicKey`, or undefined if factor or key are no good. */
function tokenOf(authData: Uint8Array, publicKey: Uint8Array, crypto: Crypto): Uint8Array | undefined {
  const positive = publicKey.slice();
  positive[31] = (positive[31] as number) & 0x7f;
  try {
    return concatBytes(authData.subarray(0, 4), crypto.pointMultiply(authData.slice(4, 36), positive));
  } catch (cause) {
    if (!isSessionError(cause, "CRYPTO_INVALID_PUBLIC_KEY", "CRYPTO_ZERO_SCALAR")) throw cause;
    return undefined;
  }
}

function blind(
  groupKey: Ed25519KeyPair,
  member: SessionId,
  crypto: Crypto,
): { factor: Uint8Array; key: Uint8Array } {
  if (!isSessionId(member)) throw groupError("GROUP_INVALID_MEMBER", "a member's id is no account id");
  const publicKey = idPublicKey(member);
  const mask = crypto.blake2b(groupKey.secretKey.subarray(0, 32), { size: 32, key: MASK_KEY });
  const ids = concatBytes(
    Uint8Array.of(ACCOUNT_PREFIX),
    publicKey,
    Uint8Array.of(GROUP_PREFIX),
    groupKey.publicKey,
  );
  const factor = crypto.scalarReduce(crypto.blake2b(ids, { size: 64, key: mask }));
  try {
    return { factor, key: crypto.pointMultiply(factor, xed25519PublicKey(publicKey)) };
  } catch (cause) {
    if (!isSessionError(cause)) throw cause;
    throw groupError("GROUP_INVALID_MEMBER", "the member's key cannot be used", { cause });
  }
}

function head(flags: number): Uint8Array {
  if (!Number.isInteger(flags) || flags < 0 || flags > 15)
    throw groupError("GROUP_INVALID_VALUE", "the rights are a combination of four bits", {
      details: { flags },
    });
  return Uint8Array.of(GROUP_PREFIX, flags, 0, 0);
}
