/**
 * The paths in use: one place that adds and removes them, tells listeners, and wakes those who wait for one.
 *
 * @module
 */
import { subnet24 } from "./address.js";
import type { NetworkConfig } from "./config.js";
import type { Emitter } from "./emitter.js";
import { keysOf } from "./path-build.js";
import type { NetworkEvents, ServiceNode } from "./types.js";

/** A path in use. */
export interface Path {
  readonly id: number;
  /** Guard first. */
  readonly nodes: readonly ServiceNode[];
  /** Built for one request that had no other path left, besides those that are kept ready. */
  readonly extra: boolean;
  readonly strikes: number;
}

/** A path with what is known of its health. */
export interface LivePath extends Path {
  strikes: number;
  /** Local time from which on the hops behind the guard are to be replaced. */
  rotateAt: number;
  rotating: boolean;
  /** Failures without a culprit that wait for the probe. */
  doubts: number;
  probing: boolean;
}

type BuiltReason = NetworkEvents["path:built"]["reason"];
type DroppedReason = NetworkEvents["path:dropped"]["reason"];

/** See the module. */
export class PathList {
  readonly #config: NetworkConfig;
  readonly #events: Emitter<NetworkEvents>;
  readonly #now: () => number;
  readonly #waiting = new Set<() => void>();
  #paths: readonly LivePath[] = [];
  #nextId = 1;

  constructor(config: NetworkConfig, events: Emitter<NetworkEvents>, now: () => number) {
    this.#config = config;
    this.#events = events;
    this.#now = now;
  }

  get all(): readonly LivePath[] {
    return this.#paths;
  }

  /** How many paths, besides extra ones, are still to be built. */
  get missing(): number {
    return this.#config.pathCount - this.#paths.filter((path) => !path.extra).length;
  }

  get guards(): readonly ServiceNode[] {
    return this.#paths.map(guardOf);
  }

  /** Keys of all nodes on paths, apart from those of one path. */
  keys(without?: Path): Set<string> {
    return keysOf(this.#paths.filter((path) => path !== without).flatMap((path) => path.nodes));
  }

  /** The /24 of all guards. */
  guardSubnets(): Set<string> {
    return new Set(this.guards.map((guard) => subnet24(guard.ip)));
  }

  has(path: Path): boolean {
    return this.#paths.some((other) => other === path);
  }

  add(
    nodes: readonly ServiceNode[],
    extra: boolean,
    reason: BuiltReason,
    health: Partial<LivePath> = {},
  ): LivePath {
    const path: LivePath = {
      strikes: 0,
      rotateAt: this.#now() + this.#config.intervals.pathRotation,
      ...health,
      id: this.#nextId++,
      nodes: Object.freeze([...nodes]),
      extra,
      rotating: false,
      doubts: 0,
      probing: false,
    };
    this.#paths = [...this.#paths, path];
    this.#events.emit("path:built", { path: path.nodes, reason });
    const extras = this.#paths.filter((other) => other.extra);
    if (extras.length > this.#config.pathCount) this.drop(extras[0] as LivePath, "surplus");
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
    return path;
  }

  drop(path: LivePath, reason: DroppedReason): void {
    if (!this.has(path)) return;
    this.#paths = this.#paths.filter((other) => other !== path);
    this.#events.emit("path:dropped", { path: path.nodes, reason });
  }

  /** Puts a path with these nodes in the place of another, if that is still in use. */
  swap(
    path: LivePath,
    nodes: readonly ServiceNode[],
    reason: "rotation" | "replacement",
    health?: Partial<LivePath>,
  ): void {
    if (!this.has(path)) return;
    this.drop(path, reason);
    this.add(nodes, path.extra, reason, health);
  }

  /** Resolves when a path is added. */
  changed(): Promise<void> {
    return new Promise((resolve) => this.#waiting.add(resolve));
  }
}

/** The first hop. */
export function guardOf(path: Path): ServiceNode {
  return path.nodes[0] as ServiceNode;
}

/** True if the node with this key is one of the hops. */
export function contains(path: Path, key: string): boolean {
  return path.nodes.some((node) => node.ed25519PublicKey === key);
}
