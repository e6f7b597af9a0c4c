/**
 * What goes wrong at a node on purpose.
 *
 * @module
 */
import { invalidOption } from "./errors.js";
import type { Garbage, NodeFaults } from "./types.js";

/** What a node does with the next request. */
export interface FaultPlan {
  readonly delayMs: number;
  readonly drop: boolean;
  readonly garbage: Garbage | undefined;
}

/** The faults of one node. */
export class Faults implements NodeFaults {
  readonly #random: () => number;
  #delayMs = 0;
  #dropShare = 0;
  #garbage: Garbage | undefined;
  #skewMs = 0;
  #isHidden = false;
  #isFull = false;

  /** @param random - numbers from 0 to 1, for shares */
  constructor(random: () => number) {
    this.#random = random;
  }

  delay(ms: number): void {
    if (!(ms >= 0)) throw invalidOption("a delay must be a number of milliseconds from 0");
    this.#delayMs = ms;
  }

  drop(share = 1): void {
    if (!(share >= 0 && share <= 1))
      throw invalidOption("the share of dropped requests must be between 0 and 1");
    this.#dropShare = share;
  }

  garbage(kind: Garbage | boolean): void {
    this.#garbage = kind === true ? "bytes" : kind === false ? undefined : kind;
  }

  skewClock(ms: number): void {
    if (!Number.isFinite(ms)) throw invalidOption("a clock is off by a number of milliseconds");
    this.#skewMs = ms;
  }

  hide(hidden = true): void {
    this.#isHidden = hidden;
  }

  fill(full = true): void {
    this.#isFull = full;
  }

  clear(): void {
    this.#delayMs = 0;
    this.#dropShare = 0;
    this.#garbage = undefined;
    this.#skewMs = 0;
    this.#isHidden = false;
    this.#isFull = false;
  }

  get skewMs(): number {
    return this.#skewMs;
  }

  get isHidden(): boolean {
    return this.#isHidden;
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  /** Decides about one request. */
  plan(): FaultPlan {
    const drop = this.#dropShare > 0 && this.#random() < this.#dropShare;
    return { delayMs: this.#delayMs, drop, garbage: this.#garbage };
  }
}
