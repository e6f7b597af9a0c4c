/**
 * The file server's calls (docs/protocol/attachments.md §6.3).
 *
 * ```text
 * POST /file                 encrypted bytes            → {"id", "expires", …}
 * GET  /file/<id>                                       → the bytes
 * GET  /file/<id>/info                                  → {"size", "uploaded", "expires"}
 * POST /file/<id>/extend                                → the same
 * ```
 *
 * All of them may throw what `Network.callServer` throws, `ABORTED` and `TIMEOUT` among it.
 *
 * @module
 */
import { type Crypto, defaultCrypto } from "../crypto/index.js";
import { SessionError } from "../errors/index.js";
import { type FileErrorCode, tooLarge } from "./errors.js";
import {
  askFileServer,
  FILE_TIMEOUT,
  type FileCallOptions,
  type FileNetwork,
  invalidReply,
  jsonReply,
  milliseconds,
} from "./exchange.js";
import { MAX_STREAM_ENCRYPTED_SIZE } from "./limits.js";
import { type FileProgressListener, ProgressReporter } from "./progress.js";
import {
  defaultFileServer,
  type FileServer,
  fileServerOf,
  knownFileServers,
  writtenServerKey,
} from "./servers.js";
import { formatFileUrl, parseFileUrl } from "./url.js";

/** What is stored about a file. Times in milliseconds since 1970. */
export interface FileInfo {
  readonly size: number;
  readonly uploadedAt: number | undefined;
  readonly expiresAt: number | undefined;
}

/** A file on a server. */
export interface UploadedFile extends FileInfo {
  readonly id: string;
  /** For the receiver. */
  readonly url: string;
}

/** Options of {@link uploadFile}. */
export interface UploadOptions extends FileCallOptions {
  /** How long the server should keep the file; its own rule decides when left out, and may overrule. Seconds. */
  readonly ttlSeconds?: number | undefined;
  /** Marks the address: the bytes are encrypted with the stream scheme. */
  readonly isStream?: boolean | undefined;
  /** Largest encrypted file that is sent at all, bytes. */
  readonly maxBytes?: number | undefined;
  readonly onProgress?: FileProgressListener | undefined;
}

/** Options of the calls that go by the address of a file. */
export interface FileUrlOptions extends Omit<FileCallOptions, "server"> {
  /** Servers that are known besides those in addresses that bring a key; {@link knownFileServers} when left out. */
  readonly servers?: readonly FileServer[] | undefined;
  readonly crypto?: Crypto | undefined;
}

/** Options of {@link downloadFile}. */
export interface DownloadOptions extends FileUrlOptions {
  /** Largest encrypted file accepted, bytes. */
  readonly maxBytes?: number | undefined;
  readonly onProgress?: FileProgressListener | undefined;
}

/**
 * Stores encrypted bytes.
 *
 * @throws `FILE_EMPTY`, `FILE_TOO_LARGE`, `FILE_SERVER_FULL`, `FILE_SERVER_ERROR`, `FILE_REPLY_INVALID`, `INVALID_ARGUMENT`
 */
export async function uploadFile(
  network: FileNetwork,
  blob: Uint8Array,
  options: UploadOptions = {},
): Promise<UploadedFile> {
  const { server = defaultFileServer, isStream, maxBytes = MAX_STREAM_ENCRYPTED_SIZE } = options;
  if (blob.length === 0) throw new SessionError<FileErrorCode>("FILE_EMPTY", "an empty file cannot be sent");
  if (blob.length > maxBytes) throw tooLarge(blob.length, maxBytes);
  const progress = new ProgressReporter("upload", options.onProgress);
  progress.report(0, blob.length);
  const headers = {
    "Content-Type": "application/octet-stream",
    "Content-Disposition": "attachment",
    ...ttlHeader(options.ttlSeconds),
  };
  const reply = jsonReply(
    await askFileServer(
      network,
      { method: "POST", endpoint: "/file", headers, body: blob },
      { timeoutMs: FILE_TIMEOUT, ...options, onProgress: progress.forNetwork(blob.length) },
    ),
  );
  const id = typeof reply["id"] === "number" ? String(reply["id"]) : reply["id"];
  if (typeof id !== "string" || !/^[\w-]{1,44}$/.test(id)) throw invalidReply("no file id");
  progress.finish(blob.length);
  return {
    id,
    url: formatFileUrl({ server: server.url, id, isStream, serverKey: writtenServerKey(server) }),
    size: blob.length,
    uploadedAt: milliseconds(reply["uploaded"]),
    expiresAt: milliseconds(reply["expires"]),
  };
}

/**
 * Loads the encrypted bytes at an address.
 *
 * @throws `FILE_URL_INVALID`, `FILE_SERVER_UNKNOWN`, `FILE_NOT_FOUND`, `FILE_TOO_LARGE`, `FILE_SERVER_ERROR`
 */
export async function downloadFile(
  network: FileNetwork,
  url: string,
  options: DownloadOptions = {},
): Promise<{ readonly data: Uint8Array; readonly expiresAt: number | undefined }> {
  const { maxBytes = MAX_STREAM_ENCRYPTED_SIZE } = options;
  const { id, server } = located(url, options);
  const progress = new ProgressReporter("download", options.onProgress);
  progress.report(0, undefined);
  const { body, headers } = await askFileServer(
    network,
    { method: "GET", endpoint: `/file/${id}` },
    { timeoutMs: FILE_TIMEOUT, ...options, server, onProgress: progress.forNetwork() },
  );
  if (body.length > maxBytes) throw tooLarge(body.length, maxBytes);
  progress.finish(body.length);
  const expiresAt = Date.parse(headers["expires"] ?? "");
  return { data: body, expiresAt: Number.isNaN(expiresAt) ? undefined : expiresAt };
}

/**
 * Size and times of a file.
 *
 * @throws `FILE_URL_INVALID`, `FILE_SERVER_UNKNOWN`, `FILE_NOT_FOUND`, `FILE_SERVER_ERROR`, `FILE_REPLY_INVALID`
 */
export async function fileInfo(
  network: FileNetwork,
  url: string,
  options: FileUrlOptions = {},
): Promise<FileInfo> {
  const { id, server } = located(url, options);
  const request = { method: "GET", endpoint: `/file/${id}/info` } as const;
  return readInfo(jsonReply(await askFileServer(network, request, { ...options, server })));
}

/**
 * Makes a server keep a file longer; it never shortens. Servers refuse this, with `FILE_NOT_FOUND`, for the short numeric
 * ids, which may belong to another file by now.
 *
 * @throws as {@link fileInfo}, `INVALID_ARGUMENT`
 */
export async function extendFile(
  network: FileNetwork,
  url: string,
  options: FileUrlOptions & Pick<UploadOptions, "ttlSeconds"> = {},
): Promise<FileInfo> {
  const { id, server } = located(url, options);
  const headers = ttlHeader(options.ttlSeconds);
  const request = { method: "POST", endpoint: `/file/${id}/extend`, headers } as const;
  return readInfo(jsonReply(await askFileServer(network, request, { ...options, server })));
}

function located(
  url: string,
  { servers = knownFileServers, crypto = defaultCrypto }: FileUrlOptions,
): { readonly id: string; readonly server: FileServer } {
  const parsed = parseFileUrl(url);
  return { id: parsed.id, server: fileServerOf(parsed, servers, crypto) };
}

function ttlHeader(seconds: number | undefined): Readonly<Record<string, string>> {
  if (seconds === undefined) return {};
  if (Number.isSafeInteger(seconds) && seconds >= 0) return { "X-FS-TTL": String(seconds) };
  throw new SessionError<FileErrorCode>("INVALID_ARGUMENT", "the time to live is not in whole seconds");
}

function readInfo(reply: Readonly<Record<string, unknown>>): FileInfo {
  const { size } = reply;
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) throw invalidReply("no size");
  return { size, uploadedAt: milliseconds(reply["uploaded"]), expiresAt: milliseconds(reply["expires"]) };
}
