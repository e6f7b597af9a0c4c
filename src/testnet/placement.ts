/**
 * Which swarm keeps an account, and what its messages are called: the node's own reckoning
 * (docs/protocol/storage-server-behaviour.md §4, §7).
 *
 * Written apart from the swarm room, which does the same for clients, so that each is a check on the other.
 *
 * @module
 */
import { bytesToBase64, concatBytes, readUint64BE, utf8ToBytes } from "../bytes/index.js";
import type { Crypto } from "../crypto/index.js";
import type { Account } from "./database.js";
import { namespaceText } from "./namespaces.js";

/** The id of nodes in no swarm, and of no swarm at all. */
export const NO_SWARM: bigint = 2n ** 64n - 1n;

const RING = 2n ** 64n;

/** Where an account stands on the ring of 2^64: the XOR of the four words of its key. */
export function swarmSpace({ key }: Account): bigint {
  return [0, 8, 16, 24].reduce((space, offset) => space ^ readUint64BE(key, offset), 0n);
}

/** The swarm nearest to the account; a tie goes to the lower neighbour. `NO_SWARM` when there is none. */
export function swarmFor(account: Account, swarmIds: readonly bigint[]): bigint {
  const sorted = [...swarmIds].sort((a, b) => (a < b ? -1 : 1));
  if (sorted.length === 0) return NO_SWARM;
  const space = swarmSpace(account);
  const above = sorted.findIndex((id) => id >= space);
  const rightIndex = Math.max(above, 0);
  const right = sorted[rightIndex] ?? NO_SWARM;
  const left = sorted[(rightIndex + sorted.length - 1) % sorted.length] ?? NO_SWARM;
  const distance = (from: bigint, to: bigint): bigint => (to - from + RING) % RING;
  return distance(space, right) < distance(left, space) ? right : left;
}

/** The hash by which a message is known: time is not in it. */
export function hashOfMessage(account: Account, namespace: number, data: Uint8Array, crypto: Crypto): string {
  const hashed = concatBytes(
    Uint8Array.of(account.prefix),
    account.key,
    utf8ToBytes(namespaceText(namespace)),
    data,
  );
  return bytesToBase64(crypto.blake2b(hashed, { size: 32 }), { padding: false });
}
