/**
 * An account: a seed, and the keys that follow from it (docs/protocol/identity.md §1, §2).
 *
 * ```
 * seed32  = seed ‖ 0…                         Ed25519 pair = RFC 8032 (seed32)
 * x secret = clamp(SHA-512(seed32)[0..32))    Session ID   = 05 ‖ hex(X25519 public key)
 * ```
 *
 * @module
 */
import { type Crypto, defaultCrypto, type Ed25519KeyPair, type X25519KeyPair } from "../crypto/index.js";
import { type SessionId, sessionIdFromX25519 } from "./ids.js";
import { type DecodePhraseOptions, decodeRecoveryPhrase, encodeRecoveryPhrase } from "./recovery-phrase.js";
import { hideSecretKey, INSPECT } from "./secret.js";
import { canonicalSeed, ed25519Seed, SHORT_SEED_LENGTH } from "./seed.js";

/**
 * An account with its secrets. `JSON.stringify`, `String`, `util.inspect` and object spread show the Session ID alone;
 * it cannot be cloned or sent to a worker: send the seed.
 */
export interface Account {
  /** `05` and the X25519 public key. */
  readonly sessionId: SessionId;
  /** 13 English words (25 for a full 32-byte seed). Whoever has them has the account. */
  readonly recoveryPhrase: string;
  /** A copy of the seed: 16 bytes, or 32 if the last 16 are not all zero. */
  readonly seed: Uint8Array;
  /** The signing pair, computed once. The 64-byte secret key is seed32 ‖ public key. */
  readonly ed25519: Ed25519KeyPair;
  /** The decryption pair, computed once. */
  readonly x25519: X25519KeyPair;
}

/** How {@link createAccount} draws a seed. */
export interface CreateAccountOptions {
  readonly crypto?: Crypto | undefined;
  /** Gives `length` random bytes. Default: the backend's secure random source. */
  readonly random?: ((length: number) => Uint8Array) | undefined;
}

/** How {@link restoreAccount} reads a phrase. */
export interface RestoreAccountOptions extends DecodePhraseOptions {
  readonly crypto?: Crypto | undefined;
}

/** A new account from 16 random bytes. Needs no network: the account exists as soon as somebody writes to its id. */
export function createAccount(options: CreateAccountOptions = {}): Account {
  const { crypto = defaultCrypto } = options;
  const seed =
    options.random === undefined ? crypto.randomBytes(SHORT_SEED_LENGTH) : options.random(SHORT_SEED_LENGTH);
  return accountFromSeed(seed, crypto);
}

/**
 * The account of a recovery phrase or a seed.
 *
 * @throws those of `decodeRecoveryPhrase`, `SEED_INVALID`
 */
export function restoreAccount(
  phraseOrSeed: string | Uint8Array,
  options: RestoreAccountOptions = {},
): Account {
  const seed = typeof phraseOrSeed === "string" ? decodeRecoveryPhrase(phraseOrSeed, options) : phraseOrSeed;
  return accountFromSeed(seed, options.crypto);
}

/** The account of a 16- or 32-byte seed. @throws `SEED_INVALID` */
export function accountFromSeed(seed: Uint8Array, crypto: Crypto = defaultCrypto): Account {
  return new SeedAccount(canonicalSeed(seed), crypto);
}

/**
 * Secrets are private fields behind accessors of the prototype, so nothing that walks an object's own properties
 * meets them. `util.inspect` can be asked for accessors too (`showHidden` with `getters`), hence its own answer.
 */
class SeedAccount implements Account {
  readonly sessionId: SessionId;
  readonly #seed: Uint8Array;
  readonly #ed25519: Ed25519KeyPair;
  readonly #x25519: X25519KeyPair;

  constructor(seed: Uint8Array, crypto: Crypto) {
    this.#seed = seed;
    this.#ed25519 = hideSecretKey(crypto.ed25519KeyPair(ed25519Seed(seed)));
    const secretKey = crypto.ed25519SecretKeyToX25519(this.#ed25519.secretKey);
    // Equal to the map of the Ed25519 key, and quicker: no subgroup check.
    const publicKey = crypto.x25519PublicKey(secretKey);
    this.#x25519 = hideSecretKey({ publicKey, secretKey });
    this.sessionId = sessionIdFromX25519(publicKey);
    Object.freeze(this);
  }

  get recoveryPhrase(): string {
    return encodeRecoveryPhrase(this.#seed);
  }

  get seed(): Uint8Array {
    return this.#seed.slice();
  }

  get ed25519(): Ed25519KeyPair {
    return this.#ed25519;
  }

  get x25519(): X25519KeyPair {
    return this.#x25519;
  }

  get [Symbol.toStringTag](): string {
    return "Account";
  }

  [INSPECT](): string {
    return `Account { sessionId: '${this.sessionId}' }`;
  }
}
