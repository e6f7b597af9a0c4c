/**
 * Which swarm keeps an account (docs/protocol/swarm.md §8).
 *
 * The account id becomes a point on a ring of 64-bit numbers; the nearest swarm id, measured both ways round, is its
 * swarm.
 *
 * @module
 */
import { readUint64BE } from "../bytes/index.js";
import { SessionError } from "../errors/index.js";
import type { SwarmErrorCode } from "./errors.js";
import { accountBytes } from "./ids.js";
import type { ServiceNode } from "./types.js";

/** The swarm id of nodes that are in no swarm. */
export const INVALID_SWARM_ID: bigint = 0xffff_ffff_ffff_ffffn;

/**
 * The point of an account on the ring: the XOR of the four big-endian words of its key. The prefix takes no part.
 *
 * @throws `INVALID_ARGUMENT` for anything but a 66-digit id
 */
export function swarmSpace(pubkey: string): bigint {
  const bytes = accountBytes(pubkey);
  return readUint64BE(bytes, 1) ^ readUint64BE(bytes, 9) ^ readUint64BE(bytes, 17) ^ readUint64BE(bytes, 25);
}

/**
 * The id of the swarm that keeps `pubkey`, out of the ids of all swarms, in any order.
 *
 * @throws `INVALID_ARGUMENT`; `SWARM_NO_NODES` without a valid swarm id
 */
export function swarmIdFor(pubkey: string, swarmIds: Iterable<bigint>): bigint {
  const point = swarmSpace(pubkey);
  const ids = [...new Set(swarmIds)].filter((id) => id !== INVALID_SWARM_ID);
  ids.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const first = ids[0];
  const last = ids[ids.length - 1];
  if (first === undefined || last === undefined)
    throw new SessionError<SwarmErrorCode>("SWARM_NO_NODES", "no swarm is known");
  const index = ids.findIndex((id) => id >= point);
  const right = ids[index] ?? first;
  const left = ids[(index === -1 ? ids.length : index) - 1] ?? last;
  // A tie goes to the left.
  return BigInt.asUintN(64, right - point) < BigInt.asUintN(64, point - left) ? right : left;
}

/**
 * The nodes of the swarm that keeps `pubkey`, worked out from the swarm ids in the pool.
 *
 * @returns `undefined` if a node's swarm id is not known, since a missing swarm would move the borders
 */
export function swarmFromPool(
  pubkey: string,
  pool: readonly ServiceNode[],
): readonly ServiceNode[] | undefined {
  const ids: bigint[] = [];
  for (const node of pool) {
    if (node.swarmId === undefined) return undefined;
    if (node.swarmId !== INVALID_SWARM_ID) ids.push(node.swarmId);
  }
  if (ids.length === 0) return undefined;
  const swarmId = swarmIdFor(pubkey, ids);
  return pool.filter((node) => node.swarmId === swarmId);
}
