/**
 * Keeping the account's configs the same on all of its devices (docs/protocol/swarm.md §§10.2 and 10.3).
 *
 * Polls hand over what the swarm has ({@link Sync.take}); changes of this device are pushed a moment after the first one,
 * all in one request. A config counts as pushed when all its parts are stored; until then it is tried again, after a
 * restart too. Nothing is pushed before the swarm was read.
 *
 * @module
 */
import type { ConfigBase } from "../config/index.js";
import { isSessionError, SessionError, throwIfAborted } from "../errors/index.js";
import type { SessionId } from "../identity/index.js";
import type { CursorRecord, Store, StoreBatch } from "../store/index.js";
import { closeMerge } from "./close-merge.js";
import type { ContactState } from "./contact-state.js";
import { asSessionError } from "./errors.js";
import type { ConfigName, Emitter } from "./events.js";
import { forgetRemoved } from "./forgetting.js";
import { lifeOf, seenUntil } from "./intake.js";
import type { Logger } from "./logger.js";
import type { FoundConfigs } from "./poller.js";
import type { ClockPort, ConfigPort, RetrievedItem, SwarmPort } from "./ports.js";
import { CONFIG_NAMESPACES, type ConfigSnapshots, type Configs, type MergedChanges } from "./sync-configs.js";
import { Keeper } from "./sync-keep.js";
import { project, type ReadElsewhere } from "./sync-project.js";
import { pullConfigs } from "./sync-pull.js";
import { pushOnce } from "./sync-push.js";
import type { Timers } from "./timers.js";

/** What syncing works with. */
export interface SyncWorld {
  readonly self: SessionId;
  readonly store: Store;
  readonly swarm: Pick<SwarmPort, "members" | "retrieve">;
  readonly port: ConfigPort;
  readonly configs: Configs;
  /** The records of people in the store. */
  readonly local: ContactState;
  readonly clock: ClockPort;
  readonly timers: Timers;
  readonly random: () => number;
  readonly log: Logger;
  readonly events: Emitter;
  /** Ends with the client. */
  readonly lifetime: AbortSignal;
  /** Another device has read a conversation. */
  readonly onRead: (read: ReadElsewhere) => Promise<void>;
}

/** The pause between a change and its push, so that a burst of changes is one push. */
const DEBOUNCE_MS = 3_000;
const MAX_BACKOFF_MS = 300_000;

/** See the module's description. */
export class Sync {
  readonly namespaces: readonly number[] = CONFIG_NAMESPACES;
  readonly #world: SyncWorld;
  /** `<node>/<namespace>` of what was read since the store was opened. */
  readonly #asked = new Set<string>();
  /** Whether the swarm was read, so that pushing overwrites nothing. */
  #pulled = false;
  /** Configs that are too large, until something changes. */
  readonly #refused = new Set<ConfigBase>();
  readonly #keeper: Keeper;
  /**
   * A merge that was not written. The configs hold it, and the next one is none for them: what it changed is told with that.
   */
  #unwritten: { readonly before: ConfigSnapshots; readonly changed: ReadonlySet<ConfigName> } | undefined;
  /** A message that could not be merged came with the poll that is under way. */
  #unmerged = false;
  #timer: unknown;
  #running: Promise<void> | undefined;
  #failures = 0;
  #closed = false;

  constructor(world: SyncWorld) {
    this.#world = world;
    this.#keeper = new Keeper({ ...world, repair: (configs) => this.#repair(configs) });
    world.configs.onChange = () => {
      this.#refused.clear();
      this.#schedule(DEBOUNCE_MS);
    };
    if (world.configs.needsPush) this.#schedule(DEBOUNCE_MS);
  }

  /** Where to go on at `node`. A config that the store has lost is read from the beginning. */
  async cursor(node: string, namespace: number): Promise<CursorRecord | undefined> {
    const { configs, store, self, clock } = this.#world;
    if (configs.isMissing(namespace) && !this.#asked.has(`${node}/${namespace}`)) return undefined;
    return store.cursor({ pubkey: self, namespace, node }, clock.now());
  }

  /** Merges what a node has, and brings the records of people up to date: all of it in one write. */
  async take(node: string, found: readonly FoundConfigs[]): Promise<void> {
    const { store, self, events, configs, local, onRead } = this.#world;
    const hashes = found.flatMap(({ retrieved }) => retrieved.items.map(({ hash }) => hash));
    const seen = await store.seen(self, hashes);
    const { read, changes, changed } = await store.write((batch) => {
      const unwritten = this.#unwritten;
      this.#unwritten = undefined;
      const before = unwritten?.before ?? configs.snapshots();
      const changed = new Set(unwritten?.changed);
      batch.onFailed(() => {
        if (changed.size > 0) this.#unwritten = { before, changed };
      });
      for (const { namespace, retrieved } of found) {
        const entry = configs.entries.find(([, config]) => config.namespace === namespace);
        if (entry === undefined) continue;
        const [name, config] = entry;
        const fresh = retrieved.items.filter(({ hash }) => configs.isMissing(namespace) || !seen.has(hash));
        if (fresh.length > 0 && this.#merge(batch, config, fresh)) changed.add(name);
        this.#asked.add(`${node}/${namespace}`);
        if (retrieved.last === undefined) continue;
        const { hash, expiration } = retrieved.last;
        batch.putCursor({ pubkey: self, namespace, node }, { hash, expiration: this.#life(expiration) });
      }
      const result =
        changed.size > 0 ? project({ ...this.#world, now: this.#world.clock.now }, batch, before) : [];
      configs.save(batch);
      return { read: result, changes: configs.changesSince(before), changed };
    });
    for (const item of read) await onRead(item);
    await forgetRemoved({ self, store, contacts: local }, changes.contacts.removed);
    if (changed.size > 0) {
      await this.#tell(changes);
      events.emit("config", { configs: [...changed] });
    }
    if (!configs.isNew) this.#pulled = true;
  }

  /** Pushes all changes now, and those that are made meanwhile. @throws `CONFIG_PUSH_FAILED`, `ABORTED`, `STORE_FAILED` */
  async flush(): Promise<void> {
    this.#world.timers.clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#running?.catch(() => {});
    await this.#run();
  }

  /** After a poll: what is due beside pushing. */
  polled(): void {
    if (this.#closed) return;
    if (this.#world.configs.needsPush) this.#schedule(DEBOUNCE_MS);
    if (!this.#unmerged) this.#keeper.polled();
    this.#unmerged = false;
  }

  /** Pushes what is to be pushed, and nothing any more. Never rejects. */
  async close(): Promise<void> {
    const { configs, timers, log } = this.#world;
    this.#closed = true;
    timers.clearTimeout(this.#timer);
    this.#keeper.close();
    if (!configs.needsPush) return;
    await this.flush().catch((error: unknown) => log.warn("configs wait for the next client", { error }));
  }

  /** Resolves when nothing runs. */
  async stopped(): Promise<void> {
    await Promise.allSettled([this.#running, this.#keeper.stopped()]);
  }

  /** Tells those who follow the configs. They report their failures: the merge is done. */
  async #tell(changes: MergedChanges): Promise<void> {
    const { configs, log, events } = this.#world;
    for (const listener of configs.listeners) {
      try {
        await listener(changes);
      } catch (error) {
        log.error("what other devices changed was not taken in", { error });
        events.emit(
          "error",
          asSessionError(error, "POLL_FAILED", "a change of another device was not taken in"),
        );
      }
    }
  }

  /** Merges the items of one config; true if another version is current now. */
  #merge(batch: StoreBatch, config: ConfigBase, items: readonly RetrievedItem[]): boolean {
    const { self, log, configs } = this.#world;
    const { accepted, ignored, changed } = config.merge(items);
    configs.addObsolete(config, closeMerge(config));
    for (const { hash, error } of ignored) log.warn("a config message was ignored", { hash, error });
    this.#unmerged ||= ignored.length > 0;
    const current = new Set(config.currentHashes);
    // A part that waits for others must be able to come again.
    const waiting = new Set(config.activeHashes.filter((hash) => !current.has(hash)));
    const expiry = new Map(items.map(({ hash, expiration }) => [hash, expiration]));
    for (const hash of accepted) {
      if (!waiting.has(hash)) batch.markSeen(self, hash, seenUntil(this.#life(expiry.get(hash) ?? 0)));
    }
    return changed;
  }

  #life(expiration: number): number {
    return lifeOf(expiration, this.#world.clock.now());
  }

  #schedule(ms: number): void {
    if (this.#closed || this.#timer !== undefined) return;
    this.#timer = this.#world.timers.setTimeout(() => {
      this.#timer = undefined;
      this.#run().catch(() => {});
    }, ms);
  }

  #run(): Promise<void> {
    this.#running ??= this.#push()
      .then(() => {
        this.#failures = 0;
      })
      .catch((error: unknown) => this.#failed(error))
      .finally(() => {
        this.#running = undefined;
      });
    return this.#running;
  }

  async #push(): Promise<void> {
    const { configs, store, lifetime } = this.#world;
    if (!configs.needsPush) return;
    if (!this.#pulled) {
      await pullConfigs(this.#world, this);
      // From now on the store has all configs, so that the account is not new to it any more.
      await store.write((batch) => configs.save(batch, { everything: true }));
      this.#pulled = true;
    }
    for (;;) {
      throwIfAborted(lifetime);
      const wanted = configs.all.filter((config) => config.needsPush && !this.#refused.has(config));
      if (wanted.length === 0) return;
      const { tooLarge } = await pushOnce(this.#world, wanted);
      for (const [config, error] of tooLarge) {
        this.#refused.add(config);
        this.#world.events.emit("error", error);
      }
    }
  }

  #failed(cause: unknown): never {
    const { lifetime, log, events, random } = this.#world;
    throwIfAborted(lifetime);
    if (isSessionError(cause, "CLOSED")) throw cause;
    log.warn("pushing configs failed, and is tried again", { error: cause });
    const error =
      cause instanceof SessionError && cause.code.startsWith("STORE_")
        ? cause
        : new SessionError("CONFIG_PUSH_FAILED", "the configs could not be stored", { cause });
    this.#failures++;
    if (this.#failures === 1 && !this.#closed) events.emit("error", error);
    const pause = Math.min(MAX_BACKOFF_MS, DEBOUNCE_MS * 2 ** Math.min(this.#failures, 16));
    this.#schedule(pause * (0.75 + random() * 0.5));
    throw error;
  }

  /** Stores configs again that are as they were: never at the same time as a push, which may replace them. */
  async #repair(lost: readonly ConfigBase[]): Promise<void> {
    while (this.#running !== undefined) await this.#running.catch(() => {});
    const { configs } = this.#world;
    this.#running = pushOnce(
      this.#world,
      lost.filter((config) => !config.needsPush),
    )
      .then(() => {})
      .finally(() => {
        this.#running = undefined;
        if (configs.needsPush) this.#schedule(DEBOUNCE_MS);
      });
    await this.#running;
  }
}
