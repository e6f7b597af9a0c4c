/**
 * The transport of Node: undici agents that keep their connections.
 *
 * One agent for each kind of trust, so that "accept any certificate" can never reach a host that should be verified.
 * Idle connections are closed after 8 seconds: storage servers drop them after 10 (docs/protocol/storage-server-behaviour.md
 * §1), and the one who closes first never writes into a dead socket.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Socket } from "node:net";
import type { Readable } from "node:stream";
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import { Agent, buildConnector, type Dispatcher } from "undici";
import { utf8ToBytes } from "../bytes/index.js";
import { abortedError, onAbort, SessionError, throwIfAborted } from "../errors/index.js";
import {
  BodyCollector,
  countedBody,
  requestUrl,
  type TransportOptions,
  transportClosed,
  transportFailed,
  transportTimeout,
} from "./transport.js";
import type { TlsTrust, Transport, TransportPhase, TransportRequest, TransportResponse } from "./types.js";

const IDLE_TIMEOUT = 8_000;
const CONNECT_TIMEOUT = 10_000;
/** HTTP/1.1 carries one request at a time on a connection: this many requests to one guard run side by side. */
const CONNECTIONS_PER_ORIGIN = 16;

/** The undici transport. `relay` is not used: Node reaches nodes itself. */
export function createTransport(_options: TransportOptions = {}): Transport {
  return new UndiciTransport();
}

class UndiciTransport implements Transport {
  readonly #agents = new Map<string, Agent>();
  readonly #open = new Set<(error: Error) => void>();
  readonly #sockets = new Set<Socket>();
  #closed = false;

  async request(request: TransportRequest): Promise<TransportResponse> {
    throwIfAborted(request.signal);
    if (this.#closed) throw transportClosed();
    const url = requestUrl(request);
    return await this.#exchange(url, request, this.#agent(request.trust));
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const end of this.#open) end(transportClosed());
    const agents = [...this.#agents.values()];
    this.#agents.clear();
    const destroyed = Promise.all(agents.map((agent) => agent.destroy()));
    // Agents leave alone the sockets that are still connecting.
    for (const socket of this.#sockets) socket.destroy();
    await destroyed;
  }

  #exchange(url: URL, request: TransportRequest, agent: Agent): Promise<TransportResponse> {
    return new Promise((resolve, reject) => {
      const { signal, timeoutMs, maxResponseBytes, onProgress } = request;
      let phase: TransportPhase = "connect";
      let controller: Dispatcher.DispatchController | undefined;
      let failure: Error | undefined;
      let status = 0;
      let headers: Readonly<Record<string, string>> = {};
      const body = new BodyCollector(url, maxResponseBytes, onProgress);

      const settle = (): void => {
        clearTimeout(timer);
        unlisten();
        this.#open.delete(fail);
      };
      const fail = (error: Error): void => {
        if (failure !== undefined) return;
        failure = error;
        settle();
        reject(error);
        controller?.abort(error);
      };
      const timer = setTimeout(() => fail(transportTimeout(url, phase, timeoutMs)), timeoutMs);
      const unlisten = onAbort(signal, () => {
        if (signal !== undefined) fail(abortedError(signal));
      });
      this.#open.add(fail);

      const handler: Dispatcher.DispatchHandler = {
        onRequestStart(started) {
          controller = started;
          if (failure !== undefined) started.abort(failure);
          else phase = "response";
        },
        onResponseStart(_controller, code, received) {
          status = code;
          headers = plainHeaders(received);
          const tooLarge = body.announce(headers["content-length"]);
          if (tooLarge !== undefined) fail(tooLarge);
        },
        onResponseData(_controller, chunk) {
          const tooLarge = body.push(chunk);
          if (tooLarge !== undefined) fail(tooLarge);
        },
        onResponseEnd() {
          if (failure !== undefined) return;
          settle();
          const reply = { status, headers, body: body.bytes() };
          // undici takes the connection back one turn of the event loop later: a caller who goes on at once would make
          // it open a second one.
          setImmediate(() => setImmediate(() => resolve(reply)));
        },
        onResponseError(_controller, error) {
          fail(isInvalidArgument(error) ? invalidRequest(error) : transportFailed(url, phase, error));
        },
      };
      try {
        agent.dispatch(
          {
            origin: url.origin,
            path: `${url.pathname}${url.search}`,
            method: request.method ?? "POST",
            ...headersAndBody(request),
          },
          handler,
        );
      } catch (error) {
        fail(invalidRequest(error));
      }
    });
  }

  #agent(trust: TlsTrust): Agent {
    const key =
      trust.kind === "pinned" ? `pinned ${trust.spkiSha256} ${trust.certificateSha256}` : trust.kind;
    const existing = this.#agents.get(key);
    if (existing !== undefined) return existing;
    const connector = buildConnector({ timeout: CONNECT_TIMEOUT, ...tlsOptions(trust) });
    const agent = new Agent({
      connections: CONNECTIONS_PER_ORIGIN,
      pipelining: 1,
      allowH2: false,
      keepAliveTimeout: IDLE_TIMEOUT,
      keepAliveMaxTimeout: IDLE_TIMEOUT,
      // Each request has its own limit over all stages.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: (options, callback) => {
        // The connector returns the socket, which its type does not say.
        const socket = connector(options, callback) as unknown as Socket;
        this.#sockets.add(socket);
        socket.once("close", () => this.#sockets.delete(socket));
      },
    });
    this.#agents.set(key, agent);
    return agent;
  }
}

function headersAndBody({
  headers,
  body,
  onProgress,
}: TransportRequest): Pick<Dispatcher.DispatchOptions, "headers" | "body"> {
  if (onProgress === undefined || body === undefined || body.length === 0) {
    return { headers: { ...headers }, body: body ?? null };
  }
  const bytes = typeof body === "string" ? utf8ToBytes(body) : body;
  // undici takes any iterable, which its type does not say; the length keeps it from sending chunks.
  const counted = countedBody(bytes, onProgress) as unknown as Readable;
  return { headers: { ...headers, "Content-Length": String(bytes.length) }, body: counted };
}

function tlsOptions(trust: TlsTrust): object {
  switch (trust.kind) {
    case "unverified":
      return { rejectUnauthorized: false };
    case "system":
      return { rejectUnauthorized: true };
    case "pinned":
      return {
        ca: [trust.certificatePem],
        rejectUnauthorized: true,
        // A resumed session skips the check below.
        maxCachedSessions: 0,
        checkServerIdentity: (host: string, certificate: PeerCertificate) =>
          checkPins(host, certificate, trust),
      };
  }
}

/** The three rules of docs/protocol/network.md §2.1; the chain itself was checked against `ca` before. */
function checkPins(
  host: string,
  certificate: PeerCertificate,
  trust: TlsTrust & { kind: "pinned" },
): Error | undefined {
  const nameError = checkServerIdentity(host, certificate);
  if (nameError !== undefined) return nameError;
  // The field is missing for keys that OpenSSL cannot export; the type says otherwise.
  const publicKey = (certificate as { pubkey?: Uint8Array }).pubkey;
  if (publicKey === undefined || sha256Base64(publicKey) !== trust.spkiSha256) {
    return pinError("the certificate's public key is not the pinned one");
  }
  if (sha256Base64(certificate.raw) !== trust.certificateSha256) {
    return pinError("the certificate is not the pinned one");
  }
  return undefined;
}

function pinError(message: string): Error {
  return Object.assign(new Error(message), { code: "ERR_CERTIFICATE_PIN" });
}

function sha256Base64(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("base64");
}

/** A header that HTTP cannot carry, for one. */
function isInvalidArgument(error: Error): boolean {
  return (error as { code?: unknown }).code === "UND_ERR_INVALID_ARG";
}

function invalidRequest(cause: unknown): SessionError<"INVALID_ARGUMENT"> {
  return new SessionError("INVALID_ARGUMENT", "the request cannot be sent", { cause });
}

function plainHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string> {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) plain[name.toLowerCase()] = Array.isArray(value) ? value.join(", ") : value;
  }
  return plain;
}
