/**
 * The secrets of the four configs that belong to an account.
 *
 * @module
 */
import type { Ed25519KeyPair } from "../crypto/index.js";
import type { ConfigSecrets } from "./types.js";

/** An account, as far as configs need it. */
export interface ConfigAccount {
  readonly ed25519: Ed25519KeyPair;
}

const SEED_LENGTH = 32;

/** They are encrypted with the account's seed, wrapped as a message to oneself, and not signed. */
export function userSecrets({ ed25519 }: ConfigAccount): ConfigSecrets {
  return { keys: [ed25519.secretKey.slice(0, SEED_LENGTH)], wrap: ed25519 };
}
