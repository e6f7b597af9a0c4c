/**
 * When to poll: quickly after something happened, slower the longer nothing does, and with growing pauses while polls
 * fail. The next poll is scheduled when the last one is done, so polls never overlap.
 *
 * @module
 */
import type { PollReport } from "./events.js";
import type { Timers } from "./timers.js";

/** How often to poll. Milliseconds. */
export interface PollingOptions {
  /** Between two polls while messages come and go. Default: 3 000. */
  readonly activeMs?: number | undefined;
  /** The longest pause while nothing happens. Default: 15 000. */
  readonly idleMs?: number | undefined;
  /** How long after the last message polling stays quick. Default: 60 000. */
  readonly activeForMs?: number | undefined;
  /** The longest pause while polls fail. Default: 60 000. */
  readonly maxBackoffMs?: number | undefined;
}

/** What a loop works with. */
export interface PollLoopWorld {
  /** Polls, and resolves when what was found is processed. */
  readonly poll: () => Promise<PollReport>;
  readonly timers: Timers;
  /** Local time, ms. */
  readonly now: () => number;
  /** A number from 0 to 1. */
  readonly random: () => number;
  /** Told of the first of several failures in a row. */
  readonly onFailure: (error: unknown) => void;
}

/** Each idle pause is so much longer than the last one. */
const SLOWING = 1.5;

/** See the module's description. */
export class PollLoop {
  readonly #world: PollLoopWorld;
  readonly #options: { activeMs: number; idleMs: number; activeForMs: number; maxBackoffMs: number };
  #timer: unknown;
  #started = false;
  #polling = false;
  #lastActivity: number;
  #pause: number;
  #failures = 0;

  constructor(world: PollLoopWorld, options: PollingOptions = {}) {
    this.#world = world;
    const activeMs = options.activeMs ?? 3_000;
    this.#options = {
      activeMs,
      idleMs: Math.max(activeMs, options.idleMs ?? 15_000),
      activeForMs: options.activeForMs ?? 60_000,
      maxBackoffMs: Math.max(activeMs, options.maxBackoffMs ?? 60_000),
    };
    this.#pause = activeMs;
    this.#lastActivity = world.now();
  }

  /** Polls at once, and from then on. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#lastActivity = this.#world.now();
    if (!this.#polling) this.#schedule(0);
  }

  /** No further poll is begun. */
  stop(): void {
    this.#started = false;
    this.#world.timers.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Something happened, so more is likely: be quick again. */
  nudge(): void {
    this.#lastActivity = this.#world.now();
    if (!this.#started || this.#polling || this.#failures > 0 || this.#pause <= this.#options.activeMs)
      return;
    this.#world.timers.clearTimeout(this.#timer);
    this.#schedule(this.#options.activeMs);
  }

  #schedule(ms: number): void {
    this.#pause = ms;
    this.#timer = this.#world.timers.setTimeout(() => {
      this.#polling = true;
      this.#poll()
        .then((pause) => {
          this.#polling = false;
          if (this.#started) this.#schedule(pause);
        })
        // #poll does not reject; the world's onFailure might throw.
        .catch(() => {});
    }, ms);
  }

  /** Polls once and says how long to pause. */
  async #poll(): Promise<number> {
    const { activeMs, idleMs, activeForMs, maxBackoffMs } = this.#options;
    const { now, random } = this.#world;
    try {
      const { received } = await this.#world.poll();
      this.#failures = 0;
      if (received > 0) this.#lastActivity = now();
      if (now() - this.#lastActivity <= activeForMs) return activeMs;
      return Math.min(idleMs, Math.max(this.#pause, activeMs) * SLOWING);
    } catch (error) {
      this.#failures++;
      if (this.#failures === 1 && this.#started) this.#world.onFailure(error);
      // Many clients must not come back in step after an outage.
      const jitter = 0.75 + random() * 0.5;
      return Math.min(maxBackoffMs, activeMs * 2 ** Math.min(this.#failures, 16)) * jitter;
    }
  }
}
