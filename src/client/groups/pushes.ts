/**
 * When groups are pushed: at once when a flow asks, in the background otherwise, and again, with growing pauses, while it
 * fails. What is to be pushed is on disk, so the next client on the store goes on where this one ended.
 *
 * @module
 */
import { type AbortOptions, isSessionError, SessionError, throwIfAborted } from "../../errors/index.js";
import type { GroupErrorCode } from "../../groups/index.js";
import type { GroupId } from "../../identity/index.js";
import { linkSignals } from "../abort.js";
import type { ClientErrorCode } from "../errors.js";
import type { Emitter } from "../events.js";
import type { Logger } from "../logger.js";
import { orAborted, type Timers } from "../timers.js";
import type { LiveGroup } from "./live-group.js";
import { type PushWorld, pushGroup } from "./push.js";

/** What pushing works with. */
export interface PushesWorld extends PushWorld {
  readonly timers: Timers;
  readonly random: () => number;
  readonly events: Emitter;
  readonly log: Logger;
  /** Ends with the client. */
  readonly lifetime: AbortSignal;
  /** Reads a group's swarm, so that pushing overwrites nothing. */
  readonly read: (group: LiveGroup, options: AbortOptions) => Promise<void>;
}

/** The pause before a push in the background, so that a burst of changes is one push. */
const DEBOUNCE_MS = 500;
const RETRY_MS = 5_000;
const MAX_RETRY_MS = 300_000;
/** Pushes in a row, each of what changed during the last one. */
const MAX_ROUNDS = 5;

/** A group on its way. */
interface Job {
  running?: Promise<void> | undefined;
  timer?: unknown;
  failures: number;
}

/** Without a key nothing can be said: a group that was not read yet is read first. */
const isMute = ({ state }: LiveGroup): boolean => state.keys.encryptionKey === undefined;

/** See the module's description. */
export class Pushes {
  readonly #world: PushesWorld;
  readonly #jobs = new Map<GroupId, Job>();
  #closed = false;

  constructor(world: PushesWorld) {
    this.#world = world;
  }

  /**
   * Pushes a group now. What fails is tried again in the background.
   *
   * @throws `GROUP_PUSH_FAILED`, `GROUP_NOT_JOINED` if the account's membership ends meanwhile, `ABORTED` (the push goes
   *   on), the codes of the store
   */
  async push(group: LiveGroup, { signal }: AbortOptions): Promise<void> {
    throwIfAborted(signal);
    const job = this.#job(group);
    this.#cancel(job);
    // A push that runs may have begun before the change of the caller.
    if (job.running !== undefined)
      await orAborted(
        job.running.catch(() => {}),
        signal,
      );
    if (group.needsPush || isMute(group)) await orAborted(this.#run(group, job), signal);
  }

  /** Pushes a group soon, if there is anything to push. */
  wake(group: LiveGroup): void {
    const job = this.#job(group);
    if (group.needsPush && job.running === undefined) this.#schedule(group, job, DEBOUNCE_MS);
  }

  /** Begins nothing more. Resolves when nothing runs. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const job of this.#jobs.values()) this.#cancel(job);
    await Promise.allSettled([...this.#jobs.values()].map(({ running }) => running));
  }

  #job({ id }: LiveGroup): Job {
    const job = this.#jobs.get(id) ?? { failures: 0 };
    this.#jobs.set(id, job);
    return job;
  }

  #cancel(job: Job): void {
    this.#world.timers.clearTimeout(job.timer);
    job.timer = undefined;
  }

  #schedule(group: LiveGroup, job: Job, ms: number): void {
    if (this.#closed || job.timer !== undefined || !group.isOpen) return;
    job.timer = this.#world.timers.setTimeout(() => {
      job.timer = undefined;
      this.#run(group, job).catch(() => {});
    }, ms);
  }

  #run(group: LiveGroup, job: Job): Promise<void> {
    job.running ??= this.#push(group, job)
      .then(() => {
        job.failures = 0;
        if (!group.isOpen) this.#jobs.delete(group.id);
      })
      .catch((error: unknown) => this.#failed(group, job, error))
      .finally(() => {
        job.running = undefined;
      });
    return job.running;
  }

  async #push(group: LiveGroup, { failures }: Job): Promise<void> {
    const { lifetime, read } = this.#world;
    const { signal, unlink } = linkSignals(lifetime, group.membership);
    try {
      if (isMute(group)) await read(group, { signal });
      if (group.isOpen && isMute(group))
        throw new SessionError<GroupErrorCode>("GROUP_NO_KEYS", "the group has no key yet");
      for (let round = 0; group.isOpen && group.needsPush && round < MAX_ROUNDS; round++) {
        throwIfAborted(signal);
        // Other admins may have gone on while this device could not push.
        if (!group.record.isRead || (failures > 0 && round === 0)) await read(group, { signal });
        if (group.isOpen) await pushGroup(this.#world, group, { signal });
      }
    } finally {
      unlink();
    }
  }

  #failed(group: LiveGroup, job: Job, cause: unknown): never {
    const { lifetime, log, events, random } = this.#world;
    throwIfAborted(lifetime);
    if (!group.isOpen) {
      throw new SessionError<ClientErrorCode>(
        "GROUP_NOT_JOINED",
        "the account is not in the group any more",
        {
          cause,
          details: { group: group.id },
        },
      );
    }
    if (isSessionError(cause, "CLOSED")) throw cause;
    log.warn("pushing a group failed, and is tried again", { group: group.id, error: cause });
    const error =
      cause instanceof SessionError && cause.code.startsWith("STORE_")
        ? cause
        : new SessionError<ClientErrorCode>(
            "GROUP_PUSH_FAILED",
            "the group's swarm did not take the change",
            {
              cause,
              details: { group: group.id },
            },
          );
    job.failures++;
    if (job.failures === 1 && !this.#closed) events.emit("error", error);
    const pause = Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** Math.min(job.failures - 1, 16));
    this.#schedule(group, job, pause * (0.75 + random() * 0.5));
    throw error;
  }
}
