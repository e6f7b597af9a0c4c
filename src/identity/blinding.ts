/**
 * Blinded ids: who an account is in one community, so that its Session ID is not shown there
 * (docs/protocol/identity.md §5, communities.md §4). Whoever knows the server's key can compute it from an id of version 1.
 *
 * ```
 * a·B = A   account's Ed25519 key        X = its X25519 key        T = Ed25519 key of X with sign bit 0 (A or −A)
 * P         server public key            L = order of B
 *
 * version 1:  k = BLAKE2b-64(P) mod L              id = 15 ‖ k·A     from X alone: k·T or −k·T, one of two
 * version 2:  k = BLAKE2b-64(05 ‖ X ‖ P) mod L     id = 25 ‖ k·T     from X alone: exactly this
 * ```
 *
 * Secret keys are given as 64 bytes (seed ‖ public key) or as the 32-byte seed; server keys are 32 bytes.
 * All functions throw `KEY_INVALID` for keys of another length, `ID_INVALID` for ids of another kind, and
 * `CRYPTO_INVALID_PUBLIC_KEY` for public keys that are no valid point.
 *
 * @module
 */
import { concatBytes, hexToBytes } from "../bytes/index.js";
import { type Crypto, defaultCrypto, type Ed25519KeyPair, xed25519PublicKey } from "../crypto/index.js";
import { SessionError } from "../errors/index.js";
import type { IdentityErrorCode } from "./errors.js";
import { sessionIdFromEd25519 } from "./id-keys.js";
import {
  type BlindedId,
  type BlindedId15,
  type BlindedId25,
  idFromPublicKey,
  idPublicKey,
  parseBlindedId,
  parseSessionId,
  type SessionId,
  sessionIdFromX25519,
} from "./ids.js";
import { hideSecretKey } from "./secret.js";

/** The keys of an account in one community. */
export interface BlindedKeyPair<BlindedIdKind extends BlindedId = BlindedId> {
  readonly id: BlindedIdKind;
  /** 32 bytes: an Ed25519 public key. */
  readonly publicKey: Uint8Array;
  /** 32 bytes: its secret scalar mod L. There is no seed to it. */
  readonly secretKey: Uint8Array;
  /** 32 bytes: what the account's scalar was multiplied by mod L. */
  readonly factor: Uint8Array;
}

/** The two first-version ids that one Session ID can have; which one is real depends on the unknown sign of A. */
export interface Blind15Ids {
  /** k·T: the id of accounts whose Ed25519 key has sign bit 0. */
  readonly positive: BlindedId15;
  /** −k·T: the same with the top bit of the last byte flipped. */
  readonly negative: BlindedId15;
}

/** Version 1's factor k, 32 bytes, little endian: the same for all accounts of a server. */
export function blind15Factor(serverPublicKey: Uint8Array, crypto: Crypto = defaultCrypto): Uint8Array {
  requireKey(serverPublicKey, "server public key");
  return crypto.scalarReduce(crypto.blake2b(serverPublicKey, { size: 64 }));
}

/** Version 2's factor k, 32 bytes, little endian, before the sign rule of {@link blind25KeyPair}. */
export function blind25Factor(
  sessionId: SessionId,
  serverPublicKey: Uint8Array,
  crypto: Crypto = defaultCrypto,
): Uint8Array {
  requireKey(serverPublicKey, "server public key");
  const account = hexToBytes(parseSessionId(sessionId));
  return crypto.scalarReduce(crypto.blake2b(concatBytes(account, serverPublicKey), { size: 64 }));
}

/** Both candidates for the first-version id of an account known by its Session ID. */
export function blind15Ids(
  sessionId: SessionId,
  serverPublicKey: Uint8Array,
  crypto: Crypto = defaultCrypto,
): Blind15Ids {
  const factor = blind15Factor(serverPublicKey, crypto);
  const point = crypto.pointMultiply(factor, positiveKey(sessionId));
  return { positive: idFromPublicKey("15", point), negative: idFromPublicKey("15", withSignFlipped(point)) };
}

/** The second-version id of an account known by its Session ID. */
export function blind25Id(
  sessionId: SessionId,
  serverPublicKey: Uint8Array,
  crypto: Crypto = defaultCrypto,
): BlindedId25 {
  const factor = blind25Factor(sessionId, serverPublicKey, crypto);
  return idFromPublicKey("25", crypto.pointMultiply(factor, positiveKey(sessionId)));
}

/** The one first-version id of an account whose Ed25519 public key is known. */
export function blind15IdFromEd25519(
  publicKey: Uint8Array,
  serverPublicKey: Uint8Array,
  crypto: Crypto = defaultCrypto,
): BlindedId15 {
  requireKey(publicKey, "Ed25519 public key");
  return idFromPublicKey("15", crypto.pointMultiply(blind15Factor(serverPublicKey, crypto), publicKey));
}

/** The second-version id of an account whose Ed25519 public key is known. */
export function blind25IdFromEd25519(
  publicKey: Uint8Array,
  serverPublicKey: Uint8Array,
  crypto: Crypto = defaultCrypto,
): BlindedId25 {
  requireKey(publicKey, "Ed25519 public key");
  const factor = blind25Factor(sessionIdFromEd25519(publicKey, crypto), serverPublicKey, crypto);
  const point = hasSign(publicKey) ? withSignFlipped(publicKey) : publicKey;
  return idFromPublicKey("25", crypto.pointMultiply(factor, point));
}

/** An account's own first-version keys. */
export function blind15KeyPair(
  secretKey: Uint8Array,
  serverPublicKey: Uint8Array,
  crypto: Crypto = defaultCrypto,
): BlindedKeyPair<BlindedId15> {
  const own = ed25519Pair(secretKey, crypto);
  return blindedPair("15", blind15Factor(serverPublicKey, crypto), own, crypto);
}

/** An account's own second-version keys. Their `factor` is −k where the account's Ed25519 key has sign bit 1. */
export function blind25KeyPair(
  secretKey: Uint8Array,
  serverPublicKey: Uint8Array,
  crypto: Crypto = defaultCrypto,
): BlindedKeyPair<BlindedId25> {
  const own = ed25519Pair(secretKey, crypto);
  // From the secret key, which needs no check of the point.
  const sessionId = sessionIdFromX25519(
    crypto.x25519PublicKey(crypto.ed25519SecretKeyToX25519(own.secretKey)),
  );
  const factor = blind25Factor(sessionId, serverPublicKey, crypto);
  const signed = hasSign(own.publicKey) ? crypto.scalarNegate(factor) : factor;
  return blindedPair("25", signed, own, crypto);
}

/** True if `blindedId`, of either version, is the account `sessionId` on that server. */
export function matchesBlindedId(
  sessionId: SessionId,
  blindedId: BlindedId,
  serverPublicKey: Uint8Array,
  crypto: Crypto = defaultCrypto,
): boolean {
  const id = parseBlindedId(blindedId);
  if (id.startsWith("25")) return id === blind25Id(sessionId, serverPublicKey, crypto);
  const { positive, negative } = blind15Ids(sessionId, serverPublicKey, crypto);
  return id === positive || id === negative;
}

/** An Ed25519 pair from its 64-byte secret key, or from its 32-byte seed. */
export function ed25519Pair(secretKey: Uint8Array, crypto: Crypto): Ed25519KeyPair {
  if (secretKey.length === 64) return { publicKey: secretKey.slice(32), secretKey };
  requireKey(secretKey, "Ed25519 secret key");
  return crypto.ed25519KeyPair(secretKey);
}

function blindedPair<Prefix extends "15" | "25">(
  prefix: Prefix,
  factor: Uint8Array,
  own: Ed25519KeyPair,
  crypto: Crypto,
): BlindedKeyPair<Prefix extends "15" ? BlindedId15 : BlindedId25> {
  const secretKey = crypto.scalarMultiply(factor, crypto.ed25519SecretKeyToX25519(own.secretKey));
  const publicKey = crypto.pointMultiplyBase(secretKey);
  return hideSecretKey({ id: idFromPublicKey(prefix, publicKey), publicKey, secretKey, factor }) as never;
}

/** T: the Ed25519 key of a Session ID that has sign bit 0. */
function positiveKey(sessionId: SessionId): Uint8Array {
  return xed25519PublicKey(idPublicKey(parseSessionId(sessionId)));
}

function hasSign(point: Uint8Array): boolean {
  return ((point[31] as number) & 0x80) !== 0;
}

function withSignFlipped(point: Uint8Array): Uint8Array {
  const flipped = Uint8Array.from(point);
  flipped[31] = (flipped[31] as number) ^ 0x80;
  return flipped;
}

function requireKey(key: Uint8Array, what: string): void {
  if (key.length === 32) return;
  throw new SessionError<IdentityErrorCode>("KEY_INVALID", `the ${what} has a wrong length`, {
    details: { length: key.length },
  });
}
