/**
 * One question to a file server: which key, how often, and what its status means (docs/protocol/attachments.md §6.2, §6.3).
 *
 * @module
 */
import { bytesToUtf8, isJsonObject, type JsonObject } from "../bytes/index.js";
import { type AbortOptions, isSessionError, SessionError } from "../errors/index.js";
import {
  type CallOptions,
  retry,
  type ServerDestination,
  type ServerReply,
  type ServerRequest,
  type Sleep,
  sleep,
} from "../network/index.js";
import type { FileErrorCode } from "./errors.js";
import { defaultFileServer, type FileServer, fileServerDestinations } from "./servers.js";

/** The part of a network that file servers are reached through. */
export interface FileNetwork {
  callServer(server: ServerDestination, request: ServerRequest, options?: CallOptions): Promise<ServerReply>;
}

/** Options of every call to a file server. */
export interface FileCallOptions extends AbortOptions {
  /** Whom to ask; {@link defaultFileServer} when left out. */
  readonly server?: FileServer | undefined;
  /** Limit of one attempt, milliseconds; 30 seconds for files, 10 otherwise. */
  readonly timeoutMs?: number | undefined;
  /** Limit of everything together, milliseconds; four attempts' worth when left out. */
  readonly overallTimeoutMs?: number | undefined;
  /** Attempts while the server has trouble (5xx); 3. The network tries other paths by itself within each. */
  readonly attempts?: number | undefined;
  /** Waits between attempts; for tests. */
  readonly sleep?: Sleep | undefined;
}

/** Limit of one attempt, milliseconds. */
export const FILE_TIMEOUT = 30_000;
export const INFO_TIMEOUT = 10_000;

const ATTEMPTS = 3;
/** Wait after the first failed attempt, milliseconds; each further one waits twice as long. */
const FIRST_PAUSE = 1_000;

/**
 * The server's answer, always of status 200.
 *
 * @throws `FILE_NOT_FOUND`, `FILE_TOO_LARGE`, `FILE_UNAUTHORIZED`, `FILE_SERVER_FULL`, `FILE_SERVER_ERROR`, and those of
 *   `Network.callServer`
 */
export async function askFileServer(
  network: FileNetwork,
  request: ServerRequest,
  options: FileCallOptions & Pick<CallOptions, "onProgress">,
): Promise<ServerReply> {
  const { attempts = ATTEMPTS, signal, timeoutMs = INFO_TIMEOUT, overallTimeoutMs = 4 * timeoutMs } = options;
  const callOptions = { signal, timeoutMs, overallTimeoutMs, onProgress: options.onProgress };
  return await retry(
    async () => {
      const reply = await askWithAnyKey(network, request, options.server ?? defaultFileServer, callOptions);
      if (reply.status !== 200) throw refusal(reply, request);
      return reply;
    },
    {
      delays: Array.from({ length: Math.max(0, attempts - 1) }, (_, i) => FIRST_PAUSE * 2 ** i),
      sleep: options.sleep ?? sleep,
      signal,
      shouldRetry: (error) =>
        isSessionError(error, "FILE_SERVER_ERROR") && Number(error.details["status"]) >= 500,
    },
  );
}

/** A server that cannot decrypt answers 400 in clear: perhaps it has another of its keys. */
async function askWithAnyKey(
  network: FileNetwork,
  request: ServerRequest,
  server: FileServer,
  options: CallOptions,
): Promise<ServerReply> {
  const destinations = fileServerDestinations(server);
  for (const [index, destination] of destinations.entries()) {
    try {
      return await network.callServer(destination, request, options);
    } catch (error) {
      if (!isSessionError(error, "SERVER_REFUSED") || index === destinations.length - 1) throw error;
    }
  }
  throw new SessionError<FileErrorCode>("INVALID_ARGUMENT", "the file server has no key");
}

function refusal({ status }: ServerReply, { method, endpoint }: ServerRequest): SessionError<FileErrorCode> {
  // The path without its query; it names the file, which is no secret to its server nor, without a key, to anybody.
  const details = { status, method, path: endpoint.replace(/\?.*$/s, "") };
  switch (status) {
    case 404:
      return new SessionError("FILE_NOT_FOUND", "the file has expired or never was there", { details });
    case 413:
      return new SessionError("FILE_TOO_LARGE", "the file server takes no file of this size", { details });
    case 401:
    case 425:
      return new SessionError("FILE_UNAUTHORIZED", "the file server refused the authentication", { details });
    case 507:
      return new SessionError("FILE_SERVER_FULL", "the file server has no room", { details });
    default:
      return new SessionError("FILE_SERVER_ERROR", `the file server answered ${status}`, { details });
  }
}

/** The JSON object of a reply. Throws `FILE_REPLY_INVALID`. */
export function jsonReply({ body }: ServerReply): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(bytesToUtf8(body));
  } catch (cause) {
    throw invalidReply("not JSON", cause);
  }
  if (!isJsonObject(value)) throw invalidReply("no JSON object");
  return value;
}

/** Unix seconds with fraction as milliseconds; undefined for anything else. */
export function milliseconds(seconds: unknown): number | undefined {
  return typeof seconds === "number" && Number.isFinite(seconds) ? Math.floor(seconds * 1000) : undefined;
}

/** The error for an answer that is not what the protocol says. */
export function invalidReply(what: string, cause?: unknown): SessionError<FileErrorCode> {
  return new SessionError("FILE_REPLY_INVALID", `the file server's answer is wrong: ${what}`, { cause });
}
