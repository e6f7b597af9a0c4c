/**
 * A group's swarm, as an admin or a member uses it (docs/protocol/groups.md §2, swarm.md §10).
 *
 * @module
 */
import type { AbortOptions, SessionError } from "../../errors/index.js";
import type { ServiceNode } from "../../network/index.js";
import type { SwarmAuth } from "../../swarm/index.js";
import type { Retrieved, RetrieveTarget } from "../ports.js";

/** One thing to do in a group's swarm. */
export type GroupStep =
  | {
      readonly kind: "store";
      readonly namespace: number;
      readonly data: Uint8Array;
      /** Milliseconds. */
      readonly ttl: number;
    }
  | { readonly kind: "delete"; readonly hashes: readonly string[] }
  /** Tokens of 36 bytes. */
  | { readonly kind: "revoke" | "unrevoke"; readonly tokens: readonly Uint8Array[] }
  | { readonly kind: "delete-all"; readonly namespace: number };

/** What became of a step. */
export interface GroupStepResult {
  readonly ok: boolean;
  /** Of what was stored. */
  readonly hash?: string | undefined;
  /** Time that the swarm keeps for what was stored, ms. */
  readonly timestamp?: number | undefined;
}

/** What became of {@link GroupPort.sequence}. */
export interface GroupSequence {
  /** In the order of the steps; those after the first that failed were not done. */
  readonly results: readonly GroupStepResult[];
  /** Why not all was done. */
  readonly error?: SessionError | undefined;
}

/** What a namespace had, or why it could not be read: a member that was removed reads namespace -11 alone. */
export type GroupRetrieved = { readonly retrieved: Retrieved } | { readonly error: SessionError };

/** What a swarm does not have any more of what was to be kept. */
export interface GroupExtension {
  /** Some member lacks it. */
  readonly missing: ReadonlySet<string>;
  /** All members have said that they lack it. */
  readonly gone: ReadonlySet<string>;
}

/** The swarms of groups. Who signs says which group it is about. */
export interface GroupPort {
  /** Members of a group's swarm, in any order. */
  members(group: string, options: AbortOptions): Promise<readonly ServiceNode[]>;
  /** Does the steps one after the other, until one fails. */
  sequence(auth: SwarmAuth, steps: readonly GroupStep[], options: AbortOptions): Promise<GroupSequence>;
  /** Reads namespaces from `node` in one request; results are in the order of `targets`. */
  retrieve(
    auth: SwarmAuth,
    node: ServiceNode,
    targets: readonly RetrieveTarget[],
    options: AbortOptions,
  ): Promise<readonly GroupRetrieved[]>;
  /**
   * Reads a namespace that everybody may read.
   *
   * @throws `SWARM_UNAUTHORIZED`, `SWARM_FORBIDDEN`: the swarm does not let it be read; other codes of the swarm
   */
  retrieveOpen(
    pubkey: string,
    node: ServiceNode,
    target: RetrieveTarget,
    options: AbortOptions,
  ): Promise<Retrieved>;
  /** Lets messages live until `expiry` (ms) at least. */
  extend(
    auth: SwarmAuth,
    hashes: readonly string[],
    expiry: number,
    options: AbortOptions,
  ): Promise<GroupExtension>;
}
