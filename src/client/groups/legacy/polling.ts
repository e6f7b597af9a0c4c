/**
 * Polling the boxes of legacy groups: namespace -10, which everybody may read (docs/protocol/legacy-groups.md §8). One
 * member of the swarm at a time, from where its last answer ended.
 *
 * Swarms may switch reading without a signature off at any time. Then a group is not asked again in this run.
 *
 * @module
 */
import { isSessionError, SessionError, throwIfAborted } from "../../../errors/index.js";
import { LEGACY_GROUP_NAMESPACE as NAMESPACE } from "../../../groups/index.js";
import type { SessionId } from "../../../identity/index.js";
import type { ServiceNode } from "../../../network/index.js";
import type { ClientErrorCode } from "../../errors.js";
import { takeRetrieved } from "../../intake.js";
import { Limiter } from "../../limiter.js";
import { MemberTurn } from "../../member-turn.js";
import { hasMore, MAX_BACKLOG } from "../../poller.js";
import type { LegacyWorld } from "./world.js";

/** What polling works with. */
export interface LegacyPollingWorld extends LegacyWorld {
  /** Messages of legacy groups that wait for the app. */
  readonly backlog: () => number;
  /** Told of new messages in the inbox. */
  readonly onAdded: (count: number) => void;
  /** Does what is left to do for a group that was read. */
  readonly afterPoll: (id: SessionId) => Promise<void>;
}

/** Groups polled at the same time. */
const CONCURRENCY = 4;
/** Members asked in one poll. */
const ATTEMPTS = 4;
/** Replies taken from a member in one poll. */
const MAX_ROUNDS = 20;

/** One group's polls. */
interface Course {
  readonly turn: MemberTurn;
  failures: number;
  isRefused: boolean;
}

/** See the module's description. */
export class LegacyPolling {
  readonly #world: LegacyPollingWorld;
  readonly #courses = new Map<SessionId, Course>();
  readonly #limiter = new Limiter(CONCURRENCY);
  #running: Promise<number> | undefined;

  constructor(world: LegacyPollingWorld) {
    this.#world = world;
  }

  /**
   * Polls all groups that the account is in; a poll that runs is shared. Failures are reported by the event `error`, the
   * first in a row of each group.
   *
   * @returns how many messages were new
   * @throws `ABORTED` when the client ends, the codes of the store
   */
  pollAll(): Promise<number> {
    this.#running ??= this.#pollAll().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Resolves when no poll runs. */
  async stopped(): Promise<void> {
    await Promise.allSettled([this.#running]);
  }

  async #pollAll(): Promise<number> {
    const { legacy, lifetime, isOn } = this.#world;
    if (!isOn) return 0;
    const groups = legacy.active().map(({ state }) => state.groupId);
    for (const id of this.#courses.keys()) if (!groups.includes(id)) this.#courses.delete(id);
    const counts = await Promise.all(
      groups.map((id) => this.#limiter.run(() => this.#pollOne(id), lifetime)),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** Polls a group; its failure is its own. */
  async #pollOne(id: SessionId): Promise<number> {
    const { lifetime, events, random, afterPoll } = this.#world;
    const course = this.#courses.get(id) ?? { turn: new MemberTurn(random), failures: 0, isRefused: false };
    this.#courses.set(id, course);
    if (course.isRefused) return 0;
    try {
      const received = await this.#pollMembers(id, course);
      course.failures = 0;
      await afterPoll(id);
      return received;
    } catch (error) {
      throwIfAborted(lifetime);
      if (!isSessionError(error) || error.code === "CLOSED" || error.code.startsWith("STORE_")) throw error;
      course.failures++;
      if (course.failures === 1) events.emit("error", error);
      return 0;
    }
  }

  async #pollMembers(id: SessionId, course: Course): Promise<number> {
    const { swarm, log, lifetime: signal } = this.#world;
    const { turn } = course;
    const failed = new Set<string>();
    let cause: unknown;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      throwIfAborted(signal);
      let node: ServiceNode | undefined;
      try {
        node = turn.pick(await swarm.members(id, { signal }), failed);
        if (node === undefined) break;
        const received = await this.#pollNode(id, node);
        turn.worked(node);
        return received;
      } catch (error) {
        throwIfAborted(signal);
        if (isSessionError(error, "SWARM_UNAUTHORIZED", "SWARM_FORBIDDEN")) {
          course.isRefused = true;
          throw refused(id, error);
        }
        if (isSessionError(error) && error.code.startsWith("STORE_")) throw error;
        cause = error;
        log.warn("polling a legacy group failed", {
          group: id,
          attempt,
          node: node?.ed25519PublicKey,
          error,
        });
        if (node === undefined) break;
        failed.add(node.ed25519PublicKey);
        turn.failed(node);
      }
    }
    throw new SessionError<ClientErrorCode>(
      "POLL_FAILED",
      "no member of the legacy group's swarm gave its messages",
      { cause, details: { group: id, asked: failed.size, members: [...failed] } },
    );
  }

  /** Takes what `node` has; returns how many messages were new. */
  async #pollNode(id: SessionId, node: ServiceNode): Promise<number> {
    const { store, clock, port, backlog, onAdded, lifetime: signal } = this.#world;
    const name = { pubkey: id, namespace: NAMESPACE, node: node.ed25519PublicKey };
    let count = 0;
    for (let round = 0; round < MAX_ROUNDS && backlog() < MAX_BACKLOG; round++) {
      const before = (await store.cursor(name, clock.now()))?.hash;
      const target = { namespace: NAMESPACE, lastHash: before };
      const retrieved = await port.retrieveOpen(id, node, target, { signal });
      const fresh = await takeRetrieved(this.#world, name, retrieved);
      if (fresh > 0) onAdded(fresh);
      count += fresh;
      if (!hasMore({ retrieved, before })) break;
    }
    return count;
  }
}

function refused(id: SessionId, cause: SessionError): SessionError<ClientErrorCode> {
  return new SessionError("LEGACY_GROUPS_UNSUPPORTED", "the swarm does not let legacy groups be read", {
    cause,
    details: { group: id },
  });
}
