/**
 * What a network is: its seeds, its rules and its limits, as immutable data (docs/protocol/network.md §§2 to 7).
 *
 * A {@link NetworkConfig} is made by `mainnet()` or {@link customNetwork} and handed to `connectNetwork` or `Client.open`.
 *
 * @module
 */
import { SessionError } from "../errors/index.js";
import { isPrivateHost } from "./address.js";
import type { FileServer } from "./file-server.js";
import type { ServiceNode, TlsTrust } from "./types.js";

/** Where the first node list comes from, and whom to believe to be that host. */
export interface SeedNode {
  /** Base URL: `/json_rpc` or `/storage_rpc/v1` is added to it. */
  readonly url: string;
  readonly trust: TlsTrust;
}

/** Time limits, milliseconds. */
export interface NetworkTimeouts {
  /** One request to a seed. */
  readonly seed: number;
  /** The direct test of a guard, with connecting. */
  readonly guardTest: number;
  /** One attempt of a request, if the caller does not say. */
  readonly request: number;
  /** A whole call, if the caller does not say. */
  readonly overall: number;
  /** A probe of a doubted or a new path. */
  readonly probe: number;
  /** One answer of an active clock comparison. */
  readonly clock: number;
}

/** How often things are renewed, milliseconds. */
export interface NetworkIntervals {
  /** The node list is refreshed when older than this. */
  readonly poolRefresh: number;
  /** The least time between two refreshes. */
  readonly poolRefreshMin: number;
  /** Hops two and three of a path are replaced when older than this. */
  readonly pathRotation: number;
  /** The clock is compared with nodes at most this often, unless a node refuses our time. */
  readonly clockSync: number;
}

/** Everything that may be changed about a network. */
export interface NetworkSettings {
  /** A node list known beforehand: used at once, before any seed is asked. */
  readonly initialNodes?: readonly ServiceNode[] | undefined;
  /** Accept nodes with loopback and private addresses. For local networks only. */
  readonly allowPrivateAddresses?: boolean | undefined;
  /** No onion requests: straight HTTPS to each node, which then sees our address. For debugging only. */
  readonly direct?: boolean | undefined;
  /** Below this many nodes a node list is no good. */
  readonly minPoolSize?: number | undefined;
  /** Forbid two nodes of one /24 in a path. On, except where private addresses are allowed. */
  readonly subnetRule?: boolean | undefined;
  /** Paths kept ready. */
  readonly pathCount?: number | undefined;
  /** Encryption of each onion layer. */
  readonly encType?: "xchacha20" | "aes-gcm" | undefined;
  /** Longest reply accepted from a node, bytes. */
  readonly maxResponseBytes?: number | undefined;
  /** URL of a relay through which every request goes, where the platform cannot reach nodes itself (browsers). */
  readonly relay?: string | undefined;
  /** Where files are uploaded to: that of all apps on the main network; elsewhere none unless it is given. */
  readonly fileServer?: FileServer | undefined;
  readonly timeouts?: Partial<NetworkTimeouts> | undefined;
  readonly intervals?: Partial<NetworkIntervals> | undefined;
}

/** A network, ready to connect to. Frozen. */
export interface NetworkConfig {
  /** Keeps the stored states of different networks apart. */
  readonly name: string;
  readonly seeds: readonly SeedNode[];
  readonly initialNodes: readonly ServiceNode[];
  readonly allowPrivateAddresses: boolean;
  readonly direct: boolean;
  readonly minPoolSize: number;
  readonly subnetRule: boolean;
  readonly pathCount: number;
  readonly hopCount: number;
  readonly encType: "xchacha20" | "aes-gcm";
  /** Sent with every request to seeds and guards. */
  readonly headers: Readonly<Record<string, string>>;
  readonly maxResponseBytes: number;
  /** Strikes after which a node leaves the pool, and a path and its guard are dropped. */
  readonly strikeLimit: number;
  readonly relay: string | undefined;
  /** Undefined: no files can be sent. */
  readonly fileServer: FileServer | undefined;
  readonly timeouts: NetworkTimeouts;
  readonly intervals: NetworkIntervals;
}

/** A custom network: {@link NetworkSettings} and where to enter it. */
export interface CustomNetworkOptions extends NetworkSettings {
  /**
   * `http://` or `https://` URLs, of seed nodes (`/json_rpc`) or of any storage server (`/storage_rpc/v1`): both forms are
   * tried. The certificate of an `https:` URL is checked against the platform's authorities, except on loopback and
   * private addresses, where none could be valid. For a service node with a public address give
   * `{ url, trust: { kind: "unverified" } }`, and know that whoever sits in between can then invent the network;
   * or pin its certificate.
   */
  readonly seeds: ReadonlyArray<string | SeedNode>;
  /** `custom` when left out. */
  readonly name?: string | undefined;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** As the desktop app sends them: a library name would single its users out (docs/protocol/network.md §6). */
const HEADERS: Readonly<Record<string, string>> = { "User-Agent": "WhatsApp", "Accept-Language": "en-us" };

const TIMEOUTS: NetworkTimeouts = {
  seed: 5 * SECOND,
  guardTest: 10 * SECOND,
  request: 10 * SECOND,
  overall: 60 * SECOND,
  probe: 5 * SECOND,
  clock: 8 * SECOND,
};

const INTERVALS: NetworkIntervals = {
  poolRefresh: 120 * MINUTE,
  poolRefreshMin: 2 * SECOND,
  pathRotation: 10 * MINUTE,
  clockSync: 10 * MINUTE,
};

/**
 * A network of your own, or any network whose seeds you know.
 *
 * @throws SessionError `INVALID_ARGUMENT` for a seed that is no `http(s):` URL, and for limits that make no sense
 */
export function customNetwork(options: CustomNetworkOptions): NetworkConfig {
  const { seeds, name, ...settings } = options;
  if (seeds.length === 0 && (settings.initialNodes?.length ?? 0) === 0) {
    throw new SessionError(
      "INVALID_ARGUMENT",
      "a custom network needs at least one seed or an initial node list",
    );
  }
  return createConfig(
    { name: name ?? "custom", seeds: seeds.map((seed) => parseSeed(seed)), minPoolSize: 4 },
    settings,
  );
}

/** Fills in the defaults. @internal */
export function createConfig(
  base: {
    readonly name: string;
    readonly seeds: readonly SeedNode[];
    readonly minPoolSize: number;
    readonly fileServer?: FileServer | undefined;
  },
  settings: NetworkSettings,
): NetworkConfig {
  const allowPrivateAddresses = settings.allowPrivateAddresses ?? false;
  const config: NetworkConfig = {
    name: base.name,
    seeds: Object.freeze([...base.seeds]),
    initialNodes: Object.freeze([...(settings.initialNodes ?? [])]),
    allowPrivateAddresses,
    direct: settings.direct ?? false,
    minPoolSize: settings.minPoolSize ?? base.minPoolSize,
    subnetRule: settings.subnetRule ?? !allowPrivateAddresses,
    pathCount: settings.pathCount ?? 2,
    hopCount: 3,
    encType: settings.encType ?? "xchacha20",
    headers: HEADERS,
    // A retrieve answers at most 7.8 MB, as JSON in JSON in base64: the escaping and a third more.
    maxResponseBytes: settings.maxResponseBytes ?? 16 * 1024 * 1024,
    strikeLimit: 3,
    relay: settings.relay === undefined ? undefined : parseUrl(settings.relay).href,
    fileServer: checkFileServer(settings.fileServer ?? base.fileServer),
    timeouts: Object.freeze(merge(TIMEOUTS, settings.timeouts)),
    intervals: Object.freeze(merge(INTERVALS, settings.intervals)),
  };
  const limits = { ...config.timeouts, ...config.intervals };
  for (const [name, value] of Object.entries(limits)) requireNumber(name, value, 0);
  requireNumber("minPoolSize", config.minPoolSize, 1);
  requireNumber("pathCount", config.pathCount, 1);
  requireNumber("maxResponseBytes", config.maxResponseBytes, 1);
  return Object.freeze(config);
}

function merge<T extends object>(defaults: T, changes: Partial<T> | undefined): T {
  const given = Object.entries(changes ?? {}).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(given) };
}

function requireNumber(name: string, value: unknown, least: number): void {
  if (typeof value !== "number" || !Number.isFinite(value) || value < least) {
    throw new SessionError("INVALID_ARGUMENT", `${name} must be a number of at least ${least}`);
  }
}

function parseSeed(seed: string | SeedNode): SeedNode {
  const url = parseUrl(typeof seed === "string" ? seed : seed.url);
  const href = url.href.replace(/\/+$/, "").replace(/\/json_rpc$/, "");
  if (typeof seed !== "string") return Object.freeze({ url: href, trust: Object.freeze({ ...seed.trust }) });
  const trust: TlsTrust = isPrivateHost(url.hostname) ? { kind: "unverified" } : { kind: "system" };
  return Object.freeze({ url: href, trust });
}

function checkFileServer(server: FileServer | undefined): FileServer | undefined {
  if (server === undefined) return undefined;
  const { url, ed25519PublicKey, x25519PublicKey, otherX25519PublicKeys } = server;
  parseUrl(url);
  for (const key of [x25519PublicKey, ed25519PublicKey, ...(otherX25519PublicKeys ?? [])]) {
    if (key === undefined || /^[0-9a-f]{64}$/.test(key)) continue;
    throw new SessionError(
      "INVALID_ARGUMENT",
      "a key of the file server is not 64 lower-case hex characters",
    );
  }
  // No more than this, so that a running test server can be given as it is.
  return Object.freeze({ url, ed25519PublicKey, x25519PublicKey, otherX25519PublicKeys });
}

function parseUrl(text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    // The text is not repeated: it may hold a password.
    throw new SessionError("INVALID_ARGUMENT", "a seed, relay or file server is not a URL");
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new SessionError(
      "INVALID_ARGUMENT",
      "a seed, relay or file server URL must start with http: or https:",
      {
        details: { host: url.host },
      },
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw new SessionError(
      "INVALID_ARGUMENT",
      "a seed, relay or file server URL must not hold a user name or password",
      {
        details: { host: url.host },
      },
    );
  }
  url.hash = "";
  return url;
}
