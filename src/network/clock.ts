/**
 * Network time (docs/protocol/network.md §8): signed requests carry a timestamp that nodes compare with their own clock.
 *
 * `network time = local time - offset`. Replies that carry `t` are samples, of which the last ten are averaged; before the
 * first signed request, and when a node refuses our time, three nodes are asked and the median taken.
 *
 * @module
 */

import { defaultCrypto } from "../crypto/index.js";
import type { AbortOptions } from "../errors/index.js";
import type { Emitter } from "./emitter.js";
import { property } from "./node-list.js";
import { cryptoRandomInt, type RandomInt, shuffle } from "./random.js";
import type { CallOptions, NetworkEvents, RpcReply, RpcRequest, ServiceNode } from "./types.js";
import { abortable, SingleFlight } from "./wait.js";

const KEPT_SAMPLES = 10;
/** Nodes asked by {@link NetworkClock.resync}. */
const ASKED = 3;
/** A sample further from the others than this is a liar's, or our own clock has jumped, milliseconds. */
const OUTLIER = 60_000;
/** As many outliers in a row that agree with each other are believed. */
const BELIEVED_OUTLIERS = 3;
/** 2021-01-01 and 2100-01-01: no server time lies outside. */
const EARLIEST = 1_609_459_200_000;
const LATEST = 4_102_444_800_000;

/** The part of a network that a clock asks. */
export interface ClockNetwork {
  nodes(options?: AbortOptions): Promise<readonly ServiceNode[]>;
  call(node: ServiceNode, request: RpcRequest, options?: CallOptions): Promise<RpcReply>;
}

/** The world of a {@link NetworkClock}. */
export interface NetworkClockOptions {
  /** Whom to ask. */
  readonly network: ClockNetwork;
  /** Local time, milliseconds. */
  readonly now?: (() => number) | undefined;
  readonly random?: RandomInt | undefined;
  /** Limit of one answer to {@link NetworkClock.resync}, milliseconds. */
  readonly timeoutMs?: number | undefined;
  /** {@link NetworkClock.sync} asks again after this time, milliseconds. */
  readonly intervalMs?: number | undefined;
  readonly events?: Emitter<NetworkEvents> | undefined;
}

/** The time of a network. */
export class NetworkClock {
  readonly #network: ClockNetwork;
  readonly #now: () => number;
  readonly #random: RandomInt;
  readonly #timeoutMs: number;
  readonly #intervalMs: number;
  readonly #events: Emitter<NetworkEvents> | undefined;
  readonly #syncing = new SingleFlight<void>();
  #samples: readonly number[] = [];
  #outliers: readonly number[] = [];
  #syncedAt = Number.NEGATIVE_INFINITY;
  #hardFork: readonly [number, number] | undefined;

  constructor(options: NetworkClockOptions) {
    this.#network = options.network;
    this.#now = options.now ?? Date.now;
    this.#random = options.random ?? cryptoRandomInt(defaultCrypto);
    this.#timeoutMs = options.timeoutMs ?? 8_000;
    this.#intervalMs = options.intervalMs ?? 600_000;
    this.#events = options.events;
  }

  /** Network time, whole milliseconds. */
  now(): number {
    return Math.floor(this.#now()) - this.offsetMs;
  }

  /** Local minus network time, whole milliseconds; 0 before the first sample. */
  get offsetMs(): number {
    if (this.#samples.length === 0) return 0;
    return Math.floor(this.#samples.reduce((sum, sample) => sum + sample, 0) / this.#samples.length);
  }

  /** True once a node has told its time. */
  get isKnown(): boolean {
    return this.#samples.length > 0;
  }

  /** The highest hard fork and soft fork that a node has reported. */
  get hardFork(): readonly [number, number] | undefined {
    return this.#hardFork;
  }

  /**
   * Takes time and fork from the body of a reply, a batch's from its first result that has them. Anything else in the
   * body, or no body at all, is ignored.
   *
   * @param sentAt - local time the request was sent, milliseconds
   * @param receivedAt - local time the reply was there
   */
  observe(body: unknown, sentAt: number, receivedAt: number): void {
    const results = property(body, "results");
    const bodies = Array.isArray(results) ? results.map((result) => property(result, "body")) : [body];
    for (const part of bodies) this.#observeFork(property(part, "hf"));
    const time = bodies.map((part) => property(part, "t")).find((t) => t !== undefined);
    const offset = offsetOf(time, sentAt, receivedAt);
    if (offset !== undefined) this.#sample(offset);
  }

  /**
   * Compares with three random nodes, unless that was done in the last ten minutes.
   *
   * @throws what the last of them failed with, if no node answered; `ABORTED`
   */
  async sync(options: AbortOptions = {}): Promise<void> {
    const isFresh = this.#now() - this.#syncedAt < this.#intervalMs && this.#now() >= this.#syncedAt;
    if (!isFresh || this.#syncing.running !== undefined) await this.resync(options);
  }

  /**
   * Compares with three random nodes, whenever that was done last: for a node that refuses our time (406).
   *
   * @throws what the last of them failed with, if no node answered; `ABORTED`
   */
  async resync({ signal }: AbortOptions = {}): Promise<void> {
    await abortable(
      this.#syncing.run(() => this.#ask()),
      signal,
    );
  }

  async #ask(): Promise<void> {
    const nodes = shuffle(await this.#network.nodes(), this.#random).slice(0, ASKED);
    const answers = await Promise.allSettled(nodes.map((node) => this.#askNode(node)));
    const offsets = answers.flatMap((answer) =>
      answer.status === "fulfilled" && answer.value !== undefined ? [answer.value] : [],
    );
    const offset = median(offsets);
    if (offset === undefined) {
      const failed = answers.findLast((answer) => answer.status === "rejected");
      if (failed !== undefined) throw failed.reason;
      return;
    }
    this.#samples = [offset];
    this.#outliers = [];
    this.#syncedAt = this.#now();
    this.#events?.emit("clock:synced", { offsetMs: offset, samples: offsets.length });
  }

  async #askNode(node: ServiceNode): Promise<number | undefined> {
    const options = { timeoutMs: this.#timeoutMs, overallTimeoutMs: this.#timeoutMs, attempts: 1 };
    const sentAt = this.#now();
    const { body } = await this.#network.call(node, { method: "info", params: {} }, options);
    this.#observeFork(property(body, "hf"));
    return offsetOf(property(body, "timestamp") ?? property(body, "t"), sentAt, this.#now());
  }

  #sample(offset: number): void {
    const middle = median(this.#samples);
    if (middle === undefined || Math.abs(offset - middle) <= OUTLIER) {
      this.#samples = [...this.#samples, offset].slice(-KEPT_SAMPLES);
      this.#outliers = [];
      return;
    }
    this.#outliers = [...this.#outliers.filter((other) => Math.abs(offset - other) <= OUTLIER), offset];
    if (this.#outliers.length < BELIEVED_OUTLIERS) return;
    this.#samples = this.#outliers;
    this.#outliers = [];
  }

  #observeFork(hf: unknown): void {
    if (!Array.isArray(hf) || hf.length !== 2) return;
    const [hard, soft] = hf as readonly unknown[];
    if (!isForkNumber(hard) || !isForkNumber(soft)) return;
    const [knownHard, knownSoft] = this.#hardFork ?? [0, -1];
    if (hard > knownHard || (hard === knownHard && soft > knownSoft)) this.#hardFork = [hard, soft];
  }
}

/** Local minus server time, if the server says its time in the middle of the exchange. */
function offsetOf(time: unknown, sentAt: number, receivedAt: number): number | undefined {
  if (typeof time !== "number" || !Number.isInteger(time) || time < EARLIEST || time > LATEST)
    return undefined;
  return Math.round((sentAt + receivedAt) / 2 - time);
}

function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [below, at] = [sorted[middle - 1], sorted[middle]];
  return sorted.length % 2 === 1 || at === undefined || below === undefined
    ? at
    : Math.round((below + at) / 2);
}

function isForkNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 255;
}
