/**
 * What both transports share: checking a request, and the errors and the size limit that {@link Transport} promises.
 *
 * @module
 */
import { SessionError } from "../errors/index.js";
import type { Transport, TransportPhase, TransportRequest } from "./types.js";

/** Options of the transports. */
export interface TransportOptions {
  /** URL of a relay, for platforms that cannot reach nodes themselves; see `transport.portable.ts`. */
  readonly relay?: string | undefined;
}

/** Makes a {@link Transport}. */
export type TransportFactory = (options?: TransportOptions) => Transport;

/** Pieces in which a request body is counted, bytes. */
const PIECE = 65_536;

/** A long body in pieces that are counted when the connection takes the next one. */
export function* countedBody(
  body: Uint8Array,
  onProgress: NonNullable<TransportRequest["onProgress"]>,
): Generator<Uint8Array> {
  for (let at = 0; at < body.length; at += PIECE) {
    if (at > 0) onProgress({ direction: "sent", bytes: at, total: body.length });
    yield body.subarray(at, at + PIECE);
  }
  onProgress({ direction: "sent", bytes: body.length, total: body.length });
}

/** The URL of a request. Throws `INVALID_ARGUMENT` for anything but `http(s)` without credentials. */
export function requestUrl(request: TransportRequest): URL {
  let url: URL;
  try {
    url = new URL(request.url);
  } catch {
    throw new SessionError("INVALID_ARGUMENT", "the request has no valid URL");
  }
  if (!/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "") {
    throw new SessionError(
      "INVALID_ARGUMENT",
      "the request URL must be http(s) without user name and password",
      {
        details: { host: url.host },
      },
    );
  }
  return url;
}

/** No connection, a broken one, or not HTTP. */
export function transportFailed(
  url: URL,
  phase: TransportPhase,
  cause: unknown,
): SessionError<"TRANSPORT_FAILED"> {
  const reason = errorCode(cause);
  const what =
    phase === "connect" ? "could not connect" : "the connection failed before the reply was complete";
  return new SessionError("TRANSPORT_FAILED", reason === undefined ? what : `${what}: ${reason}`, {
    cause,
    details: { host: url.host, phase, ...(reason === undefined ? {} : { reason }) },
  });
}

/** The time limit of the request has passed. */
export function transportTimeout(
  url: URL,
  phase: TransportPhase,
  timeoutMs: number,
): SessionError<"TIMEOUT"> {
  return new SessionError("TIMEOUT", `no complete reply within ${timeoutMs} ms`, {
    details: { host: url.host, phase, timeoutMs },
  });
}

/** `received` counts what had arrived, or was announced, when the reply was cut. */
function responseTooLarge(url: URL, limit: number, received: number): SessionError<"RESPONSE_TOO_LARGE"> {
  return new SessionError("RESPONSE_TOO_LARGE", `the reply is longer than ${limit} bytes`, {
    details: { host: url.host, phase: "response", limit, received },
  });
}

/** The transport was closed. */
export function transportClosed(): SessionError<"CLOSED"> {
  return new SessionError("CLOSED", "the transport is closed");
}

function errorCode(error: unknown): string | undefined {
  for (
    let current = error, depth = 0;
    current instanceof Error && depth < 4;
    current = current.cause, depth++
  ) {
    const code = (current as { code?: unknown }).code;
    if (typeof code === "string") return code;
  }
  return undefined;
}

/**
 * A reply body as it streams in. Grows by doubling, so that a peer who sends single bytes costs no more memory than one
 * who sends blocks.
 */
export class BodyCollector {
  readonly #url: URL;
  readonly #limit: number;
  readonly #onProgress: TransportRequest["onProgress"];
  #announced: number | undefined;
  #buffer: Uint8Array = new Uint8Array(4096);
  #length = 0;

  constructor(url: URL, limit: number, onProgress?: TransportRequest["onProgress"]) {
    this.#url = url;
    this.#limit = limit;
    this.#onProgress = onProgress;
  }

  /** The error, if the announced `content-length` is above the limit. */
  announce(contentLength: string | null | undefined): SessionError<"RESPONSE_TOO_LARGE"> | undefined {
    const length = Number(contentLength ?? 0);
    if (length > 0) this.#announced = length;
    return length > this.#limit ? responseTooLarge(this.#url, this.#limit, length) : undefined;
  }

  /** The error, if the body is above the limit with `chunk`. */
  push(chunk: Uint8Array): SessionError<"RESPONSE_TOO_LARGE"> | undefined {
    const length = this.#length + chunk.length;
    if (length > this.#limit) return responseTooLarge(this.#url, this.#limit, length);
    if (length > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(length, this.#buffer.length * 2));
      grown.set(this.#buffer.subarray(0, this.#length));
      this.#buffer = grown;
    }
    this.#buffer.set(chunk, this.#length);
    this.#length = length;
    this.#onProgress?.({ direction: "received", bytes: length, total: this.#announced });
    return undefined;
  }

  bytes(): Uint8Array {
    return this.#buffer.slice(0, this.#length);
  }
}
