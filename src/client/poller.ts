/**
 * Polling the own swarm (docs/protocol/swarm.md §10.2): one member at a time, from where its last answer ended.
 *
 * A poll never overlaps another one. What it finds goes into the store's inbox together with the marks of the seen
 * hashes and the new cursor, in one batch: from then on the app's pace is no matter of the network's (delivery.ts).
 *
 * @module
 */
import { SessionError, throwIfAborted } from "../errors/index.js";
import type { ServiceNode } from "../network/index.js";
import type { CursorRecord, Store } from "../store/index.js";
import { maxSizeFractions } from "../swarm/index.js";
import type { Emitter, PollReport } from "./events.js";
import { takeRetrieved } from "./intake.js";
import type { Logger } from "./logger.js";
import { MemberTurn } from "./member-turn.js";
import type { ClockPort, Retrieved, SwarmPort } from "./ports.js";

/** What a poller works with. */
export interface PollerWorld {
  readonly self: string;
  readonly store: Store;
  readonly swarm: SwarmPort;
  readonly clock: ClockPort;
  /** Local time, ms. */
  readonly now: () => number;
  /** A number from 0 to 1, 1 excluded. */
  readonly random: () => number;
  readonly log: Logger;
  readonly events: Emitter;
  /** Ends with the client. */
  readonly lifetime: AbortSignal;
  /** Items that wait for the app. */
  readonly backlog: () => number;
  /** Takes what the namespaces of the account's configs have; absent: they are not asked for. */
  readonly configs?: ConfigReader | undefined;
  /** Told of new items in the inbox. */
  readonly onAdded: (count: number) => void;
}

/** Reads the configs of the account. */
export interface ConfigReader {
  /** In the order in which they are read. */
  readonly namespaces: readonly number[];
  /** Where to go on at `node`; undefined: from the beginning. */
  cursor(node: string, namespace: number): Promise<CursorRecord | undefined>;
  /** Takes what `node` has. */
  take(node: string, found: readonly FoundConfigs[]): Promise<void>;
}

/** What a node has in the namespace of a config. */
export interface FoundConfigs {
  readonly namespace: number;
  readonly retrieved: Retrieved;
}

/** Namespace of one-to-one messages. */
const NAMESPACE = 0;
/** Requests in one poll before it fails. Often it is the path that is broken, so members may be asked twice. */
const ATTEMPTS = 8;
/** No further attempt is begun later than this after the poll began, ms. */
const PATIENCE_MS = 40_000;
/** Replies taken from a member in one poll. */
const MAX_ROUNDS = 20;
/** A reply with as many items may have been cut, whatever its `more` says. */
const MANY_ITEMS = 95;
/** Items in the inbox from which on nothing more is retrieved. */
export const MAX_BACKLOG = 1_000;

/** See the module's description. */
export class Poller {
  readonly #world: PollerWorld;
  #running: Promise<PollReport> | undefined;
  #next: Promise<PollReport> | undefined;
  readonly #turn: MemberTurn;

  constructor(world: PollerWorld) {
    this.#world = world;
    this.#turn = new MemberTurn(world.random);
  }

  /**
   * Polls. A poll that is running may have passed what the caller waits for, so a further one is made after it, shared
   * by all who ask meanwhile.
   *
   * @throws `POLL_FAILED`, `ABORTED` when the client ends, the codes of the store
   */
  poll(): Promise<PollReport> {
    if (this.#running === undefined) return this.#start();
    this.#next ??= this.#running.then(
      () => this.#start(),
      () => this.#start(),
    );
    return this.#next;
  }

  /** Resolves when no poll runs. */
  async stopped(): Promise<void> {
    await Promise.allSettled([this.#running, this.#next]);
  }

  #start(): Promise<PollReport> {
    this.#next = undefined;
    this.#running = this.#poll().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #poll(): Promise<PollReport> {
    const { swarm, self, lifetime, events, log, now } = this.#world;
    const startedAt = now();
    let cause: unknown;
    const failed = new Set<string>();
    for (let attempt = 1; attempt <= ATTEMPTS && now() - startedAt < PATIENCE_MS; attempt++) {
      throwIfAborted(lifetime);
      let node: ServiceNode | undefined;
      try {
        node = this.#turn.pick(await swarm.members(self, { signal: lifetime }), failed);
        if (node === undefined) break;
        const received = await this.#pollNode(node);
        this.#turn.worked(node);
        const report = { node: node.ed25519PublicKey, received };
        events.emit("poll", report);
        return report;
      } catch (error) {
        throwIfAborted(lifetime);
        if (error instanceof SessionError && error.code.startsWith("STORE_")) throw error;
        cause = error;
        log.warn("polling a member failed", { attempt, node: node?.ed25519PublicKey, error });
        if (node === undefined) break;
        failed.add(node.ed25519PublicKey);
        this.#turn.failed(node);
      }
    }
    const error = new SessionError("POLL_FAILED", "no member of the swarm gave its messages", {
      cause,
      details: { asked: failed.size, members: [...failed] },
    });
    events.emit("poll", { received: 0, error });
    throw error;
  }

  /** Takes what `node` has, configs before messages; returns how many messages were new. */
  async #pollNode(node: ServiceNode): Promise<number> {
    const { swarm, lifetime, backlog, log, configs } = this.#world;
    const key = node.ed25519PublicKey;
    let wanted: readonly number[] = [NAMESPACE, ...(configs?.namespaces ?? [])];
    let received = 0;
    for (let round = 0; round < MAX_ROUNDS; round++) {
      if (backlog() >= MAX_BACKLOG && wanted.includes(NAMESPACE)) {
        log.warn("the app is behind: no more messages are retrieved", { backlog: backlog() });
        wanted = wanted.filter((namespace) => namespace !== NAMESPACE);
      }
      if (wanted.length === 0) break;
      const cursors = await Promise.all(wanted.map((namespace) => this.#cursor(key, namespace)));
      const sizes = wanted.length === 1 ? [] : maxSizeFractions(wanted);
      const targets = wanted.map((namespace, index) => {
        return { namespace, lastHash: cursors[index]?.hash, maxSize: sizes[index] };
      });
      const results = await swarm.retrieve(node, targets, { signal: lifetime });
      const found = wanted.flatMap((namespace, index) => {
        const retrieved = results[index];
        return retrieved === undefined ? [] : [{ namespace, retrieved, before: cursors[index]?.hash }];
      });
      const shared = found.filter(({ namespace }) => namespace !== NAMESPACE);
      if (configs !== undefined && shared.length > 0) await configs.take(key, shared);
      const messages = found.find(({ namespace }) => namespace === NAMESPACE);
      if (messages !== undefined) received += await this.#take(key, messages.retrieved);
      wanted = found.filter(hasMore).map(({ namespace }) => namespace);
    }
    return received;
  }

  async #cursor(node: string, namespace: number): Promise<CursorRecord | undefined> {
    const { self, store, clock, configs } = this.#world;
    if (namespace !== NAMESPACE && configs !== undefined) return configs.cursor(node, namespace);
    return store.cursor({ pubkey: self, namespace, node }, clock.now());
  }

  async #take(node: string, retrieved: Retrieved): Promise<number> {
    const { self, onAdded } = this.#world;
    const count = await takeRetrieved(this.#world, { pubkey: self, namespace: NAMESPACE, node }, retrieved);
    if (count > 0) onAdded(count);
    return count;
  }
}

/** Whether a reply was cut; one that repeats itself is not asked for again. */
export function hasMore(found: {
  readonly retrieved: Retrieved;
  readonly before: string | undefined;
}): boolean {
  const { last, items, more } = found.retrieved;
  return last !== undefined && last.hash !== found.before && (more || items.length >= MANY_ITEMS);
}
