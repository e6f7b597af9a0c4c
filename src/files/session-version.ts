/**
 * The newest version of the apps, as the file server knows it (docs/protocol/attachments.md §6.3, §6.4).
 *
 * With an account the question is signed by its `07` key, which nobody can connect with the account: the operators
 * count users that way.
 *
 * @module
 */
import { bytesToBase64 } from "../bytes/index.js";
import { type Crypto, defaultCrypto } from "../crypto/index.js";
import { isSessionError, SessionError } from "../errors/index.js";
import {
  type Account,
  blindVersionKeyPair,
  blindVersionSignRequest,
  type VersionPlatform,
} from "../identity/index.js";
import type { FileErrorCode } from "./errors.js";
import {
  askFileServer,
  type FileCallOptions,
  type FileNetwork,
  invalidReply,
  jsonReply,
  milliseconds,
} from "./exchange.js";

/** Options of {@link sessionVersion}. */
export interface VersionOptions extends FileCallOptions {
  /** Left out of the question when undefined; the server then takes the stable one. */
  readonly releaseChannel?: "stable" | "latest" | "alpha" | undefined;
  /** Signs the question with this account's version-check key. */
  readonly account?: Pick<Account, "ed25519"> | undefined;
  /** Network time, milliseconds. The server accepts a day's difference. */
  readonly now?: number | undefined;
  readonly crypto?: Crypto | undefined;
}

/** A release. */
export interface ReleaseInfo {
  /** Such as `1.2.3`. */
  readonly version: string;
  readonly name: string | undefined;
  readonly notes: string | undefined;
  readonly assets: ReadonlyArray<{ readonly name: string; readonly url: string }>;
}

/** The answer of {@link sessionVersion}. */
export interface VersionInfo extends ReleaseInfo {
  /** When the server looked last, milliseconds since 1970. */
  readonly updatedAt: number | undefined;
  readonly prerelease: ReleaseInfo | undefined;
}

/**
 * Asks for the newest release of an app.
 *
 * @throws `FILE_UNAUTHORIZED`, `FILE_NOT_FOUND` for an unknown platform, `FILE_SERVER_ERROR`, `FILE_REPLY_INVALID`, those of
 *   `Network.callServer`
 */
export async function sessionVersion(
  network: FileNetwork,
  platform: VersionPlatform,
  options: VersionOptions = {},
): Promise<VersionInfo> {
  const { releaseChannel } = options;
  const channel = releaseChannel === undefined ? "" : `&release_channel=${releaseChannel}`;
  const endpoint = `/session_version?platform=${platform}${channel}`;
  const headers = options.account === undefined ? {} : authHeaders(endpoint, options.account, options);
  try {
    const reply = jsonReply(await askFileServer(network, { method: "GET", endpoint, headers }, options));
    const { prerelease } = reply;
    return {
      ...readRelease(reply),
      updatedAt: milliseconds(reply["updated"]),
      prerelease: isObject(prerelease) ? readRelease(prerelease) : undefined,
    };
  } catch (error) {
    const isBadAuth = isSessionError(error, "FILE_SERVER_ERROR") && error.details["status"] === 400;
    if (!isBadAuth || options.account === undefined) throw error;
    throw new SessionError<FileErrorCode>("FILE_UNAUTHORIZED", "the file server refused the authentication", {
      cause: error,
      details: error.details,
    });
  }
}

function authHeaders(
  path: string,
  { ed25519 }: Pick<Account, "ed25519">,
  { now = Date.now(), crypto = defaultCrypto }: VersionOptions,
): Readonly<Record<string, string>> {
  const timestamp = Math.floor(now / 1000);
  const signature = blindVersionSignRequest(ed25519.secretKey, { timestamp, method: "GET", path }, crypto);
  return {
    "X-FS-Pubkey": blindVersionKeyPair(ed25519.secretKey, crypto).id,
    "X-FS-Timestamp": String(timestamp),
    "X-FS-Signature": bytesToBase64(signature),
  };
}

function readRelease(value: Readonly<Record<string, unknown>>): ReleaseInfo {
  const { result, name, notes, assets } = value;
  if (typeof result !== "string") throw invalidReply("no version");
  return {
    version: result,
    name: typeof name === "string" ? name : undefined,
    notes: typeof notes === "string" ? notes : undefined,
    assets: Array.isArray(assets)
      ? assets.filter(isAsset).map((asset) => ({ name: asset.name, url: asset.url }))
      : [],
  };
}

function isAsset(value: unknown): value is { readonly name: string; readonly url: string } {
  return isObject(value) && typeof value["name"] === "string" && typeof value["url"] === "string";
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
