/**
 * What nodes sign in the replies of recursive methods (docs/protocol/swarm.md §5.1).
 *
 * `PK` is the lower-case account id as hexadecimal text; hashes are text, numbers decimal, lists sorted by ASCII
 * unless noted. Each node signs its own entry with its Ed25519 key.
 *
 * @module
 */
import { concatBytes, hexToBytes, utf8ToBytes } from "../bytes/index.js";
import { type Crypto, defaultCrypto } from "../crypto/index.js";
import { accountId } from "./ids.js";

/** `store`: the message hash. */
export function storeNodeText(hash: string): Uint8Array {
  return utf8ToBytes(hash);
}

/** `delete`: PK ‖ requested hashes, in the order of the request ‖ deleted hashes. */
export function deleteNodeText(
  pubkey: string,
  requested: readonly string[],
  deleted: readonly string[],
): Uint8Array {
  return text(accountId(pubkey), ...requested, ...sorted(deleted));
}

/** `delete_all`, `delete_before`, `expire_all`: PK ‖ time of the request ‖ changed hashes of all namespaces together. */
export function changedNodeText(pubkey: string, time: number, changed: readonly string[]): Uint8Array {
  return text(accountId(pubkey), time, ...sorted(changed));
}

/** What one node says about an `expire`. */
export interface ExpireOutcome {
  /** As the reply has it: one time, or one for each updated hash. */
  readonly expiry: number | readonly number[];
  /** In the order of the reply. */
  readonly updated: readonly string[];
  readonly unchanged?: ReadonlyMap<string, number> | undefined;
}

/** `expire`: PK ‖ expiry… ‖ requested hashes ‖ updated hashes ‖ (hash ‖ its expiry) of each unchanged one. */
export function expireNodeText(
  pubkey: string,
  requested: readonly string[],
  outcome: ExpireOutcome,
): Uint8Array {
  const { expiry, updated, unchanged } = outcome;
  const kept = sorted([...(unchanged?.keys() ?? [])]).flatMap((hash) => [hash, unchanged?.get(hash) ?? ""]);
  const times = typeof expiry === "number" ? [expiry] : expiry;
  return text(accountId(pubkey), ...times, ...requested, ...updated, ...kept);
}

/** `revoke_subaccount`, `unrevoke_subaccount`: PK ‖ timestamp ‖ raw token bytes. */
export function revokeNodeText(pubkey: string, timestamp: number, tokens: readonly Uint8Array[]): Uint8Array {
  return concatBytes(text(accountId(pubkey), timestamp), ...tokens);
}

/** True if the node with this Ed25519 key (64 lower-case hexadecimal digits) signed `message`. */
export function verifyNodeSignature(
  node: string,
  message: Uint8Array,
  signature: Uint8Array,
  crypto: Crypto = defaultCrypto,
): boolean {
  return crypto.ed25519Verify(signature, message, hexToBytes(node));
}

function text(...parts: readonly (string | number)[]): Uint8Array {
  return utf8ToBytes(parts.join(""));
}

/** By ASCII: JavaScript compares UTF-16 units, which is the same for base64. */
function sorted(hashes: readonly string[]): string[] {
  return [...hashes].sort();
}
