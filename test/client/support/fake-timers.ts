import type { Timers } from "session-messenger-sdk/client";

/** The longest pause that runs at once: such as those between two attempts. */
const SHORT_MS = 100;

/** Timers that run when a test says so; short ones run at once. */
export class FakeTimers implements Timers {
  /** Milliseconds since the start. */
  time = 0;
  readonly #pending = new Map<number, { readonly at: number; readonly run: () => void }>();
  readonly #short = new Set<number>();
  #next = 1;

  setTimeout(run: () => void, ms: number): number {
    const id = this.#next++;
    if (ms > 0 && ms <= SHORT_MS) {
      this.#short.add(id);
      setImmediate(() => {
        if (this.#short.delete(id)) run();
      });
    } else {
      this.#pending.set(id, { at: this.time + ms, run });
    }
    return id;
  }

  clearTimeout(timer: unknown): void {
    this.#pending.delete(timer as number);
    this.#short.delete(timer as number);
  }

  /** Pauses of the pending timers, ms, shortest first. */
  get pauses(): number[] {
    return [...this.#pending.values()].map(({ at }) => at - this.time).sort((a, b) => a - b);
  }

  /** Moves time to the next timer and runs it. */
  runNext(): void {
    const [first] = [...this.#pending.entries()].sort(([, a], [, b]) => a.at - b.at);
    if (first === undefined) throw new Error("no timer is pending");
    const [id, { at, run }] = first;
    this.#pending.delete(id);
    this.time = Math.max(this.time, at);
    run();
  }

  /** Lets `ms` go by and runs what falls due meanwhile. */
  advance(ms: number): void {
    const end = this.time + ms;
    while ((this.pauses[0] ?? Number.POSITIVE_INFINITY) <= end - this.time) this.runNext();
    this.time = end;
  }
}
