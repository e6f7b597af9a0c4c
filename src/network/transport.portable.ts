/**
 * The transport of every other platform: `fetch`, as a rule through a relay.
 *
 * A browser page cannot talk to service nodes itself: their certificates are self-signed and they send no CORS headers
 * (docs/protocol/network.md §6), nor can it pin the seeds' certificates. So requests go to a relay that the application runs:
 *
 * ```text
 * <method> <relay>?url=<target URL, percent-encoded>     same headers and body as for the target
 * ```
 *
 * The relay accepts any certificate where the target's host is an IP address, verifies (or pins) it otherwise, follows no
 * redirect, and hands status and body through. When it fails itself it answers with the header `X-Relay-Error: connect`,
 * `response` or `timeout`, listed in `Access-Control-Expose-Headers`. It sees where requests go, never what is in an
 * onion request.
 *
 * @module
 */
import { abortedError, onAbort, SessionError, throwIfAborted } from "../errors/index.js";
import {
  BodyCollector,
  requestUrl,
  type TransportOptions,
  transportClosed,
  transportFailed,
  transportTimeout,
} from "./transport.js";
import type { Transport, TransportRequest, TransportResponse } from "./types.js";

/** The `fetch` transport. Without a relay it reaches only what the platform itself can verify. */
export function createTransport(options: TransportOptions = {}): Transport {
  return new FetchTransport(options.relay);
}

class FetchTransport implements Transport {
  readonly #relay: string | undefined;
  readonly #open = new Set<(error: Error) => void>();
  #closed = false;

  constructor(relay: string | undefined) {
    this.#relay = relay;
  }

  async request(request: TransportRequest): Promise<TransportResponse> {
    throwIfAborted(request.signal);
    if (this.#closed) throw transportClosed();
    const target = requestUrl(request);
    const address = this.#address(target, request);
    const { signal, timeoutMs } = request;
    const controller = new AbortController();
    let failure: Error | undefined;
    const fail = (error: Error): void => {
      failure ??= error;
      controller.abort();
    };
    const timer = setTimeout(() => fail(transportTimeout(target, "response", timeoutMs)), timeoutMs);
    const unlisten = onAbort(signal, () => {
      if (signal !== undefined) fail(abortedError(signal));
    });
    this.#open.add(fail);
    try {
      return await this.#exchange(target, address, request, controller.signal);
    } catch (error) {
      if (failure !== undefined) throw failure;
      throw error instanceof SessionError ? error : transportFailed(target, "response", error);
    } finally {
      clearTimeout(timer);
      unlisten();
      this.#open.delete(fail);
      // Frees the connection of a reply that was not read to its end.
      controller.abort();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const end of this.#open) end(transportClosed());
  }

  #address(target: URL, request: TransportRequest): URL {
    if (this.#relay !== undefined) {
      const relayed = new URL(this.#relay);
      relayed.searchParams.set("url", target.href);
      return relayed;
    }
    if (target.protocol === "https:" && request.trust.kind !== "system") {
      throw new SessionError("TRANSPORT_FAILED", "this platform reaches service nodes only through a relay", {
        details: { host: target.host, phase: "connect", reason: "NO_RELAY" },
      });
    }
    return target;
  }

  async #exchange(
    target: URL,
    address: URL,
    request: TransportRequest,
    signal: AbortSignal,
  ): Promise<TransportResponse> {
    const response = await fetch(address, {
      method: request.method ?? "POST",
      headers: { ...request.headers },
      body: (request.body as BodyInit | undefined) ?? null,
      signal,
      redirect: "manual",
      credentials: "omit",
      cache: "no-store",
      referrerPolicy: "no-referrer",
    });
    // `fetch` tells nothing about the request body; now it has been sent.
    const sent = request.body?.length ?? 0;
    request.onProgress?.({ direction: "sent", bytes: sent, total: sent });
    if (response.type === "opaqueredirect") {
      throw transportFailed(target, "response", new Error("the reply is a redirect"));
    }
    const relayError = this.#relay === undefined ? null : response.headers.get("x-relay-error");
    if (relayError === "timeout") throw transportTimeout(target, "response", request.timeoutMs);
    if (relayError !== null) {
      const phase = relayError === "connect" ? "connect" : "response";
      throw transportFailed(target, phase, new Error("the relay could not complete the request"));
    }
    const body = await readBody(response, target, request);
    const headers: Record<string, string> = {};
    response.headers.forEach((value, name) => {
      headers[name] = value;
    });
    return { status: response.status, headers, body };
  }
}

async function readBody(
  response: Response,
  target: URL,
  { maxResponseBytes, onProgress }: TransportRequest,
): Promise<Uint8Array> {
  const body = new BodyCollector(target, maxResponseBytes, onProgress);
  const announced = body.announce(response.headers.get("content-length"));
  if (announced !== undefined) throw announced;
  const reader = response.body?.getReader();
  while (reader !== undefined) {
    const { done, value } = await reader.read();
    if (done) break;
    const tooLarge = body.push(value);
    if (tooLarge !== undefined) throw tooLarge;
  }
  return body.bytes();
}
