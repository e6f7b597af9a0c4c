/**
 * Who is typing to us (docs/protocol/messages.md §6.6). However many messages about it come, the app hears of changes
 * only; an indicator ends by itself after 15 s, and when a message arrives.
 *
 * @module
 */
import type { Emitter } from "./events.js";
import type { Timers } from "./timers.js";

/** How long an indicator lasts without being renewed, ms. */
const LASTS_MS = 15_000;

/** See the module's description. */
export class TypingIndicators {
  readonly #timers: Timers;
  readonly #events: Emitter;
  readonly #typing = new Map<string, unknown>();

  constructor(timers: Timers, events: Emitter) {
    this.#timers = timers;
    this.#events = events;
  }

  /** `from` says that they type, `ageMs` ago. */
  start(from: string, ageMs: number): void {
    const left = LASTS_MS - Math.max(0, ageMs);
    if (left <= 0) return;
    const present = this.#typing.has(from);
    this.#timers.clearTimeout(this.#typing.get(from));
    this.#typing.set(
      from,
      this.#timers.setTimeout(() => this.stop(from), left),
    );
    if (!present) this.#events.emit("typing", { from, typing: true });
  }

  /** They stopped, or sent what they typed. */
  stop(from: string): void {
    if (!this.#typing.has(from)) return;
    this.#timers.clearTimeout(this.#typing.get(from));
    this.#typing.delete(from);
    this.#events.emit("typing", { from, typing: false });
  }

  /** Ends all, without a word. */
  close(): void {
    for (const timer of this.#typing.values()) this.#timers.clearTimeout(timer);
    this.#typing.clear();
  }
}
