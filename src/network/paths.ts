/**
 * The paths that requests take: three hops, of which the guard stays (docs/protocol/network.md §5), and what failures
 * do to them (§7).
 *
 * Work is started by the calls that need it, so there is no timer: a missing path is built, an old one rotated, when the
 * next request comes. Requests wait only if there is no path for them at all.
 *
 * @module
 */
import { type AbortOptions, isSessionError, SessionError, throwIfAborted } from "../errors/index.js";
import type { Emitter } from "./emitter.js";
import { keysOf } from "./path-build.js";
import { PathBuilder, type PathBuilderOptions } from "./path-builder.js";
import type { PathFailureAction } from "./path-failure.js";
import { contains, guardOf, type LivePath, type Path, PathList } from "./path-list.js";
import { pick } from "./random.js";
import type { NetworkEvents, ServiceNode } from "./types.js";
import { abortable, Background, SingleFlight } from "./wait.js";

/** Pause after a build that left paths missing, and after a rotation that failed, milliseconds. */
const FAILED_BUILD_PAUSE = 10_000;
const FAILED_ROTATION_PAUSE = 60_000;

/** What a path must be for one request. */
export interface PathRequest extends AbortOptions {
  /** Key of the destination node, which must not be on the path. */
  readonly exclude?: string | undefined;
  /** Ids of paths already tried: taken again only if no other can be built. */
  readonly avoid?: ReadonlySet<number> | undefined;
}

/** The world of a {@link PathManager}. */
export interface PathManagerOptions extends PathBuilderOptions {
  readonly events: Emitter<NetworkEvents>;
  readonly now: () => number;
  /** Resolves when `target` answers over `path`. */
  readonly probe: (path: readonly ServiceNode[], target: ServiceNode, signal: AbortSignal) => Promise<void>;
}

/** The paths of one network. */
export class PathManager {
  readonly #options: PathManagerOptions;
  readonly #list: PathList;
  readonly #builder: PathBuilder;
  readonly #building = new SingleFlight<void>();
  readonly #buildingExtra = new Map<string | undefined, SingleFlight<LivePath>>();
  readonly #background = new Background();
  readonly #lifetime = new AbortController();
  #buildAgainAt = Number.NEGATIVE_INFINITY;

  constructor(options: PathManagerOptions) {
    this.#options = options;
    this.#list = new PathList(options.config, options.events, options.now);
    this.#builder = new PathBuilder(this.#list, options);
  }

  /** The paths in use. */
  get paths(): readonly Path[] {
    return this.#list.all;
  }

  /** Keys of the guards in use, or, while there is no path, of those that will be tried first. */
  get guards(): readonly string[] {
    const inUse = keysOf(this.#list.guards);
    return inUse.size > 0 ? [...inUse] : this.#builder.knownGuards;
  }

  /**
   * A random path without the destination; builds what is missing.
   *
   * @throws SessionError `PATH_FAILED` if no guard answers, `NETWORK_TOO_FEW_NODES`, `NETWORK_NO_SEED`, `ABORTED`
   */
  async getPath({ exclude, avoid, signal }: PathRequest = {}): Promise<Path> {
    let hasBuilt = false;
    for (;;) {
      throwIfAborted(signal);
      const usable = this.#list.all.filter((path) => exclude === undefined || !contains(path, exclude));
      const fresh = usable.filter((path) => !avoid?.has(path.id));
      const build: Promise<void> | undefined = hasBuilt ? undefined : this.#buildMissing();
      if (fresh.length > 0) return this.#choose(fresh);
      if (build === undefined) return await this.#extraOr(usable, exclude, signal);
      const built = build.then(() => {
        hasBuilt = true;
      });
      try {
        await abortable(Promise.race([built, this.#list.changed()]), signal);
      } catch (error) {
        // Whoever has a path at all can still be served.
        if (this.#list.all.length === 0 || isSessionError(error, "ABORTED")) throw error;
        hasBuilt = true;
      }
    }
  }

  /** Does to path and nodes what a failure calls for. */
  punish(path: Path, action: PathFailureAction): void {
    const { pool, events } = this.#options;
    const live = this.#list.all.find(({ id }) => id === path.id);
    if (live !== undefined && action.strikePath !== "no") {
      live.strikes++;
      events.emit("path:struck", { path: live.nodes, strikes: live.strikes, reason: action.reason });
    }
    for (const key of action.strikeNodes) pool.strike(key, action.reason);
    if (action.removeNode !== undefined) pool.drop(action.removeNode, action.reason);
    if (action.probe && live !== undefined) {
      live.doubts++;
      if (!live.probing) this.#background.add(this.#resolveDoubts(live, action.reason));
      return;
    }
    if (action.strikePath === "hops") this.#strikeHops(path, action.reason);
    this.#dropWorn();
  }

  /** Takes a node out of every path: replaced where it is a hop, the whole path dropped where it is the guard. */
  removeNode(key: string): void {
    for (const path of this.#list.all) {
      const position = path.nodes.findIndex((node) => node.ed25519PublicKey === key);
      if (position === 0) this.#list.drop(path, "guard-dropped");
      if (position <= 0) continue;
      const hop = this.#builder.replacementFor(path, position);
      const { rotateAt, strikes } = path;
      if (hop === undefined) this.#list.drop(path, "replacement");
      else this.#list.swap(path, path.nodes.with(position, hop), "replacement", { rotateAt, strikes });
    }
  }

  /** Resolves when nothing is built, probed or rotated in the background. */
  async idle(): Promise<void> {
    await this.#background.idle();
  }

  /** Ends what runs. */
  close(): void {
    this.#lifetime.abort(new SessionError("CLOSED", "the network is closed"));
  }

  /** One of the paths with the fewest strikes. */
  #choose(paths: readonly LivePath[]): Path {
    const fewest = Math.min(...paths.map(({ strikes }) => strikes));
    const best = paths.filter(({ strikes }) => strikes === fewest);
    const path = pick(best, this.#options.random) as LivePath;
    if (this.#options.now() >= path.rotateAt && !path.rotating) this.#background.add(this.#rotate(path));
    return path;
  }

  /** The running build, a new one if paths are missing, or undefined if there is nothing to wait for. */
  #buildMissing(): Promise<void> | undefined {
    if (this.#building.running !== undefined) return this.#building.running;
    const hasPath = this.#list.all.length > 0;
    if (this.#list.missing <= 0 || (hasPath && this.#options.now() < this.#buildAgainAt)) return undefined;
    const build = this.#building.run(async () => {
      try {
        await this.#builder.buildMissing(this.#lifetime.signal);
      } finally {
        if (this.#list.missing > 0) this.#buildAgainAt = this.#options.now() + FAILED_BUILD_PAUSE;
      }
    });
    this.#background.add(build);
    return build;
  }

  #buildExtra(exclude: string | undefined): Promise<LivePath> {
    let building = this.#buildingExtra.get(exclude);
    if (building === undefined) {
      building = new SingleFlight();
      this.#buildingExtra.set(exclude, building);
    }
    const path = building.run(async () => {
      try {
        return await this.#builder.buildExtra(exclude, this.#lifetime.signal);
      } finally {
        this.#buildingExtra.delete(exclude);
      }
    });
    this.#background.add(path);
    return path;
  }

  /** A path of its own for a request that has tried all others, or can use none; if there is no such path, an old one. */
  async #extraOr(
    usable: readonly LivePath[],
    exclude: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Path> {
    try {
      return await abortable(this.#buildExtra(exclude), signal);
    } catch (error) {
      if (usable.length === 0 || isSessionError(error, "ABORTED")) throw error;
      return this.#choose(usable);
    }
  }

  #strikeHops(path: Path, reason: string): void {
    for (const node of path.nodes.slice(1)) this.#options.pool.strike(node.ed25519PublicKey, reason);
  }

  /** Drops paths at their strike limit, and their guards with them. */
  #dropWorn(): void {
    const { config, pool } = this.#options;
    for (const path of this.#list.all.filter(({ strikes }) => strikes >= config.strikeLimit)) {
      const guard = guardOf(path).ed25519PublicKey;
      this.#list.drop(path, "strikes");
      this.#builder.forgetGuard(guard);
      pool.drop(guard, "path-strikes");
    }
  }

  /**
   * Probes a path after failures without a culprit. If the probe goes through, the path gets their strikes back; if not,
   * they count for the hops too, and others take their place: two requests to different nodes cannot both be wrong.
   */
  async #resolveDoubts(path: LivePath, reason: string): Promise<void> {
    path.probing = true;
    const passed = await this.#probe(path.nodes);
    path.probing = false;
    const { doubts } = path;
    path.doubts = 0;
    if (passed === true) {
      path.strikes = Math.max(0, path.strikes - doubts);
      this.#options.events.emit("path:struck", {
        path: path.nodes,
        strikes: path.strikes,
        reason: "probe-passed",
      });
    } else if (passed === false) {
      for (let i = 0; i < doubts; i++) this.#strikeHops(path, reason);
      this.#replaceHops(path);
    }
    this.#dropWorn();
  }

  /** Other hops behind the same guard, if there are any; the strikes stay, as the guard may be the one to blame. */
  #replaceHops(path: LivePath): void {
    if (path.strikes >= this.#options.config.strikeLimit || !this.#list.all.includes(path)) return;
    const guard = guardOf(path);
    const hops = this.#builder.hopsFor(guard, { excluded: keysOf(path.nodes), without: path });
    const { rotateAt, strikes } = path;
    if (hops !== undefined) this.#list.swap(path, [guard, ...hops], "replacement", { rotateAt, strikes });
  }

  /** Replaces the hops behind the guard, once the new path has carried a request. */
  async #rotate(path: LivePath): Promise<void> {
    if (path.extra) {
      this.#list.drop(path, "rotation");
      return;
    }
    path.rotating = true;
    const guard = guardOf(path);
    const hops =
      this.#builder.hopsFor(guard, { excluded: keysOf(path.nodes), without: path }) ??
      this.#builder.hopsFor(guard, { without: path });
    const passed = hops !== undefined && (await this.#probe([guard, ...hops]));
    path.rotating = false;
    if (passed) this.#list.swap(path, [guard, ...hops], "rotation");
    else path.rotateAt = this.#options.now() + FAILED_ROTATION_PAUSE;
  }

  /** Whether a random other node answers over these nodes; undefined when that cannot be found out. */
  async #probe(nodes: readonly ServiceNode[]): Promise<boolean | undefined> {
    const { pool, probe } = this.#options;
    const { signal } = this.#lifetime;
    const target = pool.random(keysOf(nodes));
    if (target === undefined || signal.aborted) return undefined;
    try {
      await probe(nodes, target, signal);
      return true;
    } catch {
      return signal.aborted ? undefined : false;
    }
  }
}
