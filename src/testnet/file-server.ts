/**
 * A file server for the test network: real HTTP on loopback, with the paths, statuses and ids of the public one
 * (docs/protocol/attachments.md §6).
 *
 * @module
 */
import { bytesToHex } from "../bytes/index.js";
import { type Crypto, defaultCrypto } from "../crypto/index.js";
import { invalidOption } from "./errors.js";
import type { TestReleases } from "./file-routes.js";
import { createFileServer, type FileServerFault } from "./file-server-http.js";
import { FileStore, type StoredFile } from "./file-store.js";
import { listen, stopServer } from "./listen.js";

/** Options of {@link startFileServer}. */
export interface FileServerOptions {
  /** The server's clock, milliseconds; `Date.now` when left out. */
  readonly now?: (() => number) | undefined;
  /** Largest upload, bytes; 10 223 616, the largest encrypted file that the apps make. */
  readonly maxBytes?: number | undefined;
  /** Life of a file, seconds; three weeks. */
  readonly ttlSeconds?: number | undefined;
  /** Longest life that a client may ask for with `X-FS-TTL`, seconds; 30 days. `false`: wishes are ignored. */
  readonly maxTtlSeconds?: number | false | undefined;
  /** `hash` (44 characters, equal contents are kept once) or `number` (decimal, random); `hash`. */
  readonly ids?: "hash" | "number" | undefined;
  /** Bytes of all files together, beyond which uploads are answered with 507; no limit when left out. */
  readonly capacity?: number | undefined;
  /** What `GET /session_version` tells; 1.0.0 of everything when left out. */
  readonly releases?: TestReleases | undefined;
  /** Seed of the server's Ed25519 pair, 32 bytes; random when left out. */
  readonly ed25519Seed?: Uint8Array | undefined;
  readonly crypto?: Crypto | undefined;
}

/** A running file server. As it is, it fits where the client takes a `FileServer`. */
export interface TestFileServer extends AsyncDisposable {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** 64 hex characters. */
  readonly ed25519PublicKey: string;
  /** 64 hex characters. */
  readonly x25519PublicKey: string;
  /** The files that have not expired. */
  files(): readonly StoredFile[];
  /** Answers everything with this status; undefined takes it back. */
  failWith(status: number | undefined): void;
  /** Stops in the middle of every answer; `false` takes it back. */
  stall(on?: boolean): void;
  /** Ends the server and its connections. */
  close(): Promise<void>;
}

const MAX_BYTES = 10_223_616;
const TTL_SECONDS = 21 * 24 * 60 * 60;
const MAX_TTL_SECONDS = 30 * 24 * 60 * 60;
const RELEASE = { stable: { version: "1.0.0" } } as const;
const RELEASES: TestReleases = { desktop: RELEASE, android: RELEASE, ios: RELEASE };

/**
 * Starts a file server.
 *
 * @throws SessionError `INVALID_ARGUMENT`, `TESTNET_START_FAILED`
 */
export async function startFileServer(options: FileServerOptions = {}): Promise<TestFileServer> {
  const { now = Date.now, crypto = defaultCrypto, ids = "hash", maxTtlSeconds = MAX_TTL_SECONDS } = options;
  const { maxBytes = MAX_BYTES, ttlSeconds = TTL_SECONDS, capacity = Number.POSITIVE_INFINITY } = options;
  for (const limit of [maxBytes, ttlSeconds, capacity, maxTtlSeconds]) {
    if (limit !== false && !(limit >= 0)) throw invalidOption("limits of a file server are not negative");
  }
  const ed25519 = crypto.ed25519KeyPair(options.ed25519Seed ?? crypto.randomBytes(32));
  const secretKey = crypto.ed25519SecretKeyToX25519(ed25519.secretKey);
  const x25519 = { secretKey, publicKey: crypto.x25519PublicKey(secretKey) };
  const store = new FileStore({ crypto, now, ids, capacity });
  const fault: FileServerFault = { stalls: false };
  const server = createFileServer(
    {
      store,
      crypto,
      now,
      maxBytes,
      ttlMs: ttlSeconds * 1000,
      maxTtlMs: maxTtlSeconds === false ? undefined : maxTtlSeconds * 1000,
      releases: options.releases ?? RELEASES,
    },
    x25519,
    fault,
  );
  const port = await listen(server, 0);
  const close = (): Promise<void> => stopServer(server);
  return {
    url: `http://127.0.0.1:${port}`,
    ed25519PublicKey: bytesToHex(ed25519.publicKey),
    x25519PublicKey: bytesToHex(x25519.publicKey),
    files: () => store.list(),
    failWith(status: number | undefined): void {
      fault.status = status;
    },
    stall(on = true): void {
      fault.stalls = on;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
