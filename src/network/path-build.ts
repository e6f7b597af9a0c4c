/**
 * Which nodes make a path: the rules of docs/protocol/network.md §5.2 as pure functions.
 *
 * - no node twice in a path, and none that another path uses;
 * - no two nodes of a path in one /24, no hop in the /24 of any guard (unless the network switches the rule off).
 *
 * @module
 */
import { subnet24 } from "./address.js";
import { type RandomInt, shuffle } from "./random.js";
import type { ServiceNode } from "./types.js";

/** What a choice of nodes is bound by. */
export interface HopRules {
  readonly nodes: readonly ServiceNode[];
  /** Nodes that must not be taken: those of other paths, the destination. */
  readonly excluded: ReadonlySet<string>;
  /** Nodes whose /24 must not be taken: the guards, and the rest of the path. */
  readonly neighbours: readonly ServiceNode[];
  readonly subnetRule: boolean;
  readonly random: RandomInt;
}

/**
 * `count` random nodes that fit together; undefined if there are not that many.
 *
 * Drawing from all nodes alike keeps the share of each /24 as large as it is in the network.
 */
export function chooseHops(count: number, rules: HopRules): readonly ServiceNode[] | undefined {
  const subnets = new Set(rules.neighbours.map((node) => subnet24(node.ip)));
  const taken = new Set(rules.neighbours.map((node) => node.ed25519PublicKey));
  const chosen: ServiceNode[] = [];
  for (const node of shuffle(rules.nodes, rules.random)) {
    if (chosen.length === count) break;
    const { ed25519PublicKey: key } = node;
    const subnet = subnet24(node.ip);
    if (taken.has(key) || rules.excluded.has(key) || (rules.subnetRule && subnets.has(subnet))) continue;
    taken.add(key);
    subnets.add(subnet);
    chosen.push(node);
  }
  return chosen.length === count ? chosen : undefined;
}

/** The keys of the nodes. */
export function keysOf(nodes: Iterable<ServiceNode>): Set<string> {
  return new Set([...nodes].map((node) => node.ed25519PublicKey));
}
