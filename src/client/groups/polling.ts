/**
 * Polling the swarms of groups (docs/protocol/groups.md §14): one request for each group, to one member at a time, from
 * where its last answer ended.
 *
 * Groups are polled side by side, a few at a time, and none waits for another: one whose swarm does not answer is asked
 * less often until it does. A refusal alone says nothing: only a removal notice, or the group's info, ends a membership.
 *
 * @module
 */
import { type AbortOptions, isSessionError, SessionError, throwIfAborted } from "../../errors/index.js";
import type { GroupId } from "../../identity/index.js";
import type { ServiceNode } from "../../network/index.js";
import { maxSizeFractions, NAMESPACES } from "../../swarm/index.js";
import { linkSignals } from "../abort.js";
import type { ClientErrorCode } from "../errors.js";
import { Limiter } from "../limiter.js";
import { MemberTurn } from "../member-turn.js";
import { hasMore, MAX_BACKLOG } from "../poller.js";
import { orAborted } from "../timers.js";
import { keepAlive } from "./keep.js";
import type { LiveGroup } from "./live-group.js";
import type { GroupPort } from "./port.js";
import { type FoundInGroup, type TakeWorld, takeIn } from "./take.js";

/** What polling works with. */
export interface GroupPollingWorld extends TakeWorld {
  readonly port: GroupPort;
  /** Local time, ms. */
  readonly now: () => number;
  readonly random: () => number;
  /** Ends with the client. */
  readonly lifetime: AbortSignal;
  /** Messages that wait for the app: of one group, or of all. */
  readonly backlog: (group?: GroupId) => number;
  /** Told of new messages in the inbox. */
  readonly onAdded: (group: GroupId, count: number) => void;
  /** Pushes a group in the background. */
  readonly wake: (group: LiveGroup) => void;
  /** Does what follows when a group was read to its end. */
  readonly afterPoll: (group: LiveGroup) => Promise<void>;
}

const { groupMessages, groupKeys, groupInfo, groupMembers, revokedRetrievable } = NAMESPACES;
/** Keys last, so that what the others hold is never newer than they are. */
const ORDER: readonly number[] = [revokedRetrievable, groupMessages, groupInfo, groupMembers, groupKeys];
/** Groups polled at the same time. */
const CONCURRENCY = 4;
/** Messages of all groups in the inbox from which on nothing more is retrieved: those of one that nobody reads stay. */
const MAX_TOTAL = 10_000;
/** Members asked in one poll. */
const ATTEMPTS = 4;
/** No further attempt is begun later than this after the poll began, ms. */
const PATIENCE_MS = 30_000;
/** Replies taken from a member in one poll. */
const MAX_ROUNDS = 20;
const DAY_MS = 86_400_000;
/** How often a group is polled, by how long ago something happened in it, ms. */
const INTERVALS: ReadonlyArray<{ readonly within: number; readonly every: number }> = [
  { within: 2 * DAY_MS, every: 5_000 },
  { within: 7 * DAY_MS, every: 60_000 },
  { within: Number.POSITIVE_INFINITY, every: 120_000 },
];
/** A group is due a little early, or a loop of the same pace would miss every second time. */
const EARLY_MS = 2_500;
const MAX_PAUSE_MS = 120_000;

/** One group's polls. */
interface Course {
  readonly turn: MemberTurn;
  running?: Promise<number> | undefined;
  next?: Promise<number> | undefined;
  /** It waits for others to be polled, by {@link GroupPolling.pollAll}. */
  isQueued: boolean;
  /** Local time. */
  polledAt: number;
  failures: number;
}

/** See the module's description. */
export class GroupPolling {
  readonly #world: GroupPollingWorld;
  readonly #courses = new Map<GroupId, Course>();
  readonly #limiter = new Limiter(CONCURRENCY);
  readonly #keeping = new Set<Promise<void>>();

  constructor(world: GroupPollingWorld) {
    this.#world = world;
  }

  /**
   * Polls groups: all of them, or those that are due. Failures are reported by the event `error`, the first in a row of
   * each group.
   *
   * @returns how many messages were new
   * @throws `ABORTED` when the client ends, the codes of the store
   */
  async pollAll({ all }: { readonly all: boolean }): Promise<number> {
    const { directory, lifetime } = this.#world;
    const groups = directory.groups().filter((group) => all || this.#isDue(group));
    for (const id of this.#courses.keys()) if (directory.get(id) === undefined) this.#courses.delete(id);
    for (const group of groups) this.#course(group).isQueued = true;
    const counts = await Promise.all(
      groups.map((group) => this.#limiter.run(() => this.#pollOne(group), lifetime)),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /**
   * Polls a group. A poll that is running may have passed what the caller waits for, so a further one is made after it.
   *
   * @returns how many messages were new
   * @throws `POLL_FAILED`, `ABORTED`, the codes of the store
   */
  async poll(group: LiveGroup, { signal }: AbortOptions = {}): Promise<number> {
    throwIfAborted(signal);
    const course = this.#course(group);
    if (course.running === undefined) return orAborted(this.#start(group, course), signal);
    course.next ??= course.running.then(
      () => this.#start(group, course),
      () => this.#start(group, course),
    );
    return orAborted(course.next, signal);
  }

  /** Resolves when no poll runs. */
  async stopped(): Promise<void> {
    const courses = [...this.#courses.values()];
    await Promise.allSettled([...courses.flatMap(({ running, next }) => [running, next]), ...this.#keeping]);
  }

  #course({ id }: LiveGroup): Course {
    const { random } = this.#world;
    const course = this.#courses.get(id) ?? {
      turn: new MemberTurn(random),
      isQueued: false,
      polledAt: Number.NEGATIVE_INFINITY,
      failures: 0,
    };
    this.#courses.set(id, course);
    return course;
  }

  #isDue(group: LiveGroup): boolean {
    const { now, clock } = this.#world;
    const { isQueued, running, polledAt, failures } = this.#course(group);
    if (isQueued || running !== undefined) return false;
    const idle = clock.now() - group.record.activeAt;
    const every = INTERVALS.find(({ within }) => idle < within)?.every ?? MAX_PAUSE_MS;
    const pause = Math.min(MAX_PAUSE_MS, every * 2 ** Math.min(failures, 16));
    return now() - polledAt >= pause - EARLY_MS;
  }

  /** Polls a group for {@link pollAll}: its failure is its own. */
  async #pollOne(group: LiveGroup): Promise<number> {
    const { lifetime, events } = this.#world;
    const course = this.#course(group);
    course.isQueued = false;
    try {
      return await this.poll(group);
    } catch (error) {
      throwIfAborted(lifetime);
      if (!isSessionError(error) || error.code === "CLOSED" || error.code.startsWith("STORE_")) throw error;
      if (group.isOpen && course.failures === 1) events.emit("error", error);
      return 0;
    }
  }

  #start(group: LiveGroup, course: Course): Promise<number> {
    course.next = undefined;
    course.polledAt = this.#world.now();
    course.running = this.#poll(group, course)
      .then((received) => {
        course.failures = 0;
        return received;
      })
      .catch((error: unknown) => {
        course.failures++;
        throw error;
      })
      .finally(() => {
        course.running = undefined;
      });
    return course.running;
  }

  async #poll(group: LiveGroup, course: Course): Promise<number> {
    if (!group.isOpen) return 0;
    const { signal, unlink } = linkSignals(this.#world.lifetime, group.membership);
    try {
      return await this.#pollMembers(group, course, signal);
    } catch (error) {
      // Another device, or this poll itself, found that the account is not in it any more.
      if (!group.isOpen && isSessionError(error, "ABORTED")) return 0;
      throw error;
    } finally {
      unlink();
    }
  }

  async #pollMembers(group: LiveGroup, { turn }: Course, signal: AbortSignal): Promise<number> {
    const { port, log, now } = this.#world;
    const startedAt = now();
    const failed = new Set<string>();
    let cause: unknown;
    for (let attempt = 1; attempt <= ATTEMPTS && now() - startedAt < PATIENCE_MS; attempt++) {
      throwIfAborted(signal);
      let node: ServiceNode | undefined;
      try {
        node = turn.pick(await port.members(group.id, { signal }), failed);
        if (node === undefined) break;
        const received = await this.#pollNode(group, node, signal);
        turn.worked(node);
        return received;
      } catch (error) {
        throwIfAborted(signal);
        if (error instanceof SessionError && error.code.startsWith("STORE_")) throw error;
        cause = error;
        log.warn("polling a group failed", { group: group.id, attempt, node: node?.ed25519PublicKey, error });
        if (node === undefined) break;
        failed.add(node.ed25519PublicKey);
        turn.failed(node);
      }
    }
    throw new SessionError<ClientErrorCode>(
      "POLL_FAILED",
      "no member of the group's swarm gave its messages",
      {
        cause,
        details: { group: group.id, asked: failed.size, members: [...failed] },
      },
    );
  }

  /** Takes what `node` has; returns how many messages were new. */
  async #pollNode(group: LiveGroup, node: ServiceNode, signal: AbortSignal): Promise<number> {
    const { backlog, onAdded } = this.#world;
    const key = node.ed25519PublicKey;
    let wanted = ORDER;
    let count = 0;
    for (let round = 0; round < MAX_ROUNDS && wanted.length > 0; round++) {
      if (backlog(group.id) >= MAX_BACKLOG || backlog() >= MAX_TOTAL)
        wanted = wanted.filter((namespace) => namespace !== groupMessages);
      const before = new Map(wanted.map((namespace) => [namespace, group.cursor(key, namespace)?.hash]));
      const { found, refusal } = await this.#ask(group, node, wanted, signal);
      const cut = found.filter(({ namespace, retrieved }) =>
        hasMore({ retrieved, before: before.get(namespace) }),
      );
      const lacksKeys = cut.some(({ namespace }) => namespace === groupKeys);
      const { received, removal } = await takeIn(this.#world, group, {
        node: key,
        found,
        isRefused: refusal !== undefined,
        lacksKeys,
      });
      count += received;
      if (received > 0) onAdded(group.id, received);
      if (removal !== undefined || !group.isOpen) return count;
      if (refusal !== undefined) throw refusal;
      const unread = new Set(cut.map(({ namespace }) => namespace));
      // Removal notices are judged by the last page of the keys.
      if (lacksKeys) unread.add(revokedRetrievable);
      wanted = ORDER.filter((namespace) => unread.has(namespace));
    }
    await this.#complete(group);
    return count;
  }

  /** @throws the first failure that is no refusal */
  async #ask(
    group: LiveGroup,
    node: ServiceNode,
    namespaces: readonly number[],
    signal: AbortSignal,
  ): Promise<{ found: FoundInGroup[]; refusal: SessionError | undefined }> {
    const key = node.ed25519PublicKey;
    const sizes = namespaces.length === 1 ? [] : maxSizeFractions(namespaces);
    const targets = namespaces.map((namespace, index) => {
      return { namespace, lastHash: group.cursor(key, namespace)?.hash, maxSize: sizes[index] };
    });
    const results = await this.#world.port.retrieve(group.auth, node, targets, { signal });
    const found: FoundInGroup[] = [];
    const { log } = this.#world;
    let refusal: SessionError | undefined;
    for (const [index, result] of results.entries()) {
      const namespace = namespaces[index] as number;
      if ("retrieved" in result) {
        const { retrieved } = result;
        if (retrieved.invalid > 0)
          log.warn("a node gave items that are not what it calls them", {
            node: key,
            invalid: retrieved.invalid,
          });
        found.push({ namespace, retrieved });
      } else if (result.error.code === "SWARM_UNAUTHORIZED") refusal ??= result.error;
      else throw result.error;
    }
    return { found, refusal };
  }

  /** The group was read to its end. */
  async #complete(group: LiveGroup): Promise<void> {
    if (!group.record.isRead && group.isOpen)
      await group.change((batch) => group.note(batch, { isRead: true }));
    await this.#world.afterPoll(group);
    const keeping = keepAlive(this.#world, group).finally(() => this.#keeping.delete(keeping));
    this.#keeping.add(keeping);
  }
}
