/**
 * Requests to servers without onion layers, for `direct` networks: for debugging only.
 *
 * @module
 */
import { isSessionError, SessionError } from "../errors/index.js";
import type { ExchangeContext } from "./exchange.js";
import type { NetworkErrorCode, ServerDestination, ServerReply, ServerRequest } from "./types.js";

/** The plain HTTP request that a v4 onion request stands for. */
export async function callServerDirect(
  { config, transport, signal, timeoutMs, onProgress }: ExchangeContext,
  server: ServerDestination,
  request: ServerRequest,
): Promise<ServerReply> {
  try {
    const { status, headers, body } = await transport.request({
      url: `${server.protocol}://${server.host}:${server.port}${request.endpoint}`,
      method: request.method,
      headers: { ...config.headers, ...request.headers },
      body: request.body,
      trust: { kind: "system" },
      timeoutMs,
      maxResponseBytes: config.maxResponseBytes,
      signal,
      onProgress,
    });
    return { status, headers, body, path: [] };
  } catch (cause) {
    if (!isSessionError(cause, "TRANSPORT_FAILED")) throw cause;
    throw new SessionError<NetworkErrorCode>("SERVER_UNREACHABLE", "the server does not answer", {
      cause,
      details: cause.details,
    });
  }
}
