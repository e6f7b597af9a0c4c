/**
 * Which member of a swarm is asked next: the same for some polls, then another one, in a random turn through the swarm
 * (docs/protocol/swarm.md §10.2).
 *
 * @module
 */
import type { ServiceNode } from "../network/index.js";

/** Polls after which another member is asked: one that was away for a while lacks messages for good. */
const POLLS_PER_MEMBER = 3;

/** See the module's description. */
export class MemberTurn {
  readonly #random: () => number;
  /** Members not asked yet in this turn, in order. */
  #turn: string[] = [];
  /** Members that failed when they were last asked: they come last in the next turn. */
  readonly #unwell = new Set<string>();
  #member: string | undefined;
  #pollsLeft = 0;

  /** @param random - a number from 0 to 1, 1 excluded */
  constructor(random: () => number) {
    this.#random = random;
  }

  /**
   * The member to ask.
   *
   * @param failed - keys of those that failed in this poll: asked again only if all did
   */
  pick(members: readonly ServiceNode[], failed: ReadonlySet<string>): ServiceNode | undefined {
    const usable = new Map(members.map((node) => [node.ed25519PublicKey, node]));
    if (![...usable.keys()].every((node) => failed.has(node))) for (const node of failed) usable.delete(node);
    const current = this.#member === undefined ? undefined : usable.get(this.#member);
    if (current !== undefined && this.#pollsLeft-- > 0) return current;
    this.#turn = this.#turn.filter((node) => usable.has(node));
    if (this.#turn.length === 0) {
      const turn = shuffle([...usable.keys()], this.#random);
      const isWell = (node: string): boolean => !this.#unwell.has(node);
      this.#turn = [...turn.filter(isWell), ...turn.filter((node) => !isWell(node))];
    }
    this.#member = this.#turn.shift();
    this.#pollsLeft = POLLS_PER_MEMBER - 1;
    return this.#member === undefined ? undefined : usable.get(this.#member);
  }

  worked({ ed25519PublicKey: key }: ServiceNode): void {
    this.#unwell.delete(key);
  }

  /** The next pick is another member. */
  failed({ ed25519PublicKey: key }: ServiceNode): void {
    this.#unwell.add(key);
    this.#member = undefined;
  }
}

/** `values` in random order. */
export function shuffle<T>(values: readonly T[], random: () => number): T[] {
  return values
    .map((value) => ({ value, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ value }) => value);
}
