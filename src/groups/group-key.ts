/**
 * A group's own key pair and id (docs/protocol/groups.md §1): a random Ed25519 pair; the id is `03` and its public key.
 * Whoever has the seed is an admin.
 *
 * @module
 */
import { equalBytes } from "../bytes/index.js";
import { type Crypto, defaultCrypto, type Ed25519KeyPair } from "../crypto/index.js";
import { type GroupId, idFromPublicKey, idPublicKey } from "../identity/index.js";
import { groupError } from "./errors.js";

/** How {@link createGroupKey} draws a seed. */
export interface CreateGroupKeyOptions {
  readonly crypto?: Crypto | undefined;
  /** Gives `length` random bytes. Default: the backend's secure random source. */
  readonly random?: ((length: number) => Uint8Array) | undefined;
}

/** A new group's key pair. */
export function createGroupKey(options: CreateGroupKeyOptions = {}): Ed25519KeyPair {
  const { crypto = defaultCrypto, random = (length: number) => crypto.randomBytes(length) } = options;
  return crypto.ed25519KeyPair(random(32));
}

/** The id of a group's 32-byte public key. @throws `KEY_INVALID` */
export function groupIdOf(publicKey: Uint8Array): GroupId {
  return idFromPublicKey("03", publicKey);
}

/**
 * The pair of a group's seed (32 bytes) or secret key (64 bytes).
 *
 * @param groupId - when given, the pair must be this group's
 * @throws `GROUP_WRONG_KEY`
 */
export function groupKeyFromSeed(
  seed: Uint8Array,
  groupId?: GroupId,
  crypto: Crypto = defaultCrypto,
): Ed25519KeyPair {
  if (seed.length !== 32 && seed.length !== 64)
    throw groupError("GROUP_WRONG_KEY", "a group's seed has 32 bytes", { details: { length: seed.length } });
  const pair = crypto.ed25519KeyPair(seed.subarray(0, 32));
  const fits =
    (seed.length === 32 || equalBytes(pair.publicKey, seed.subarray(32))) &&
    (groupId === undefined || equalBytes(pair.publicKey, idPublicKey(groupId)));
  if (!fits) throw groupError("GROUP_WRONG_KEY", "the seed is not this group's", { details: { groupId } });
  return pair;
}
