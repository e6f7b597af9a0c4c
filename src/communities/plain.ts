/**
 * Requests to community servers without onion routing (docs/protocol/communities.md §2): for bots whose address is no
 * secret. The server, and everybody on the way to it, learns who asks; nothing in this package does so by itself.
 *
 * @module
 */

import { SessionError } from "../errors/index.js";
import { createTransport, type Transport } from "../network/index.js";
import { type CommunityErrorCode, invalidArgument } from "./errors.js";
import type { CommunityNetwork } from "./exchange.js";

/** Options of {@link plainCommunityNetwork}. */
export interface PlainNetworkOptions {
  /** Given: left open by `close`. */
  readonly transport?: Transport | undefined;
  /** Also talk to `http:` servers, where anybody on the way can read and change everything. Default: false. */
  readonly allowHttp?: boolean | undefined;
  /** Milliseconds; `Date.now` when left out. */
  readonly now?: (() => number) | undefined;
  /** Longest reply, bytes; 12,000,000 when left out. */
  readonly maxResponseBytes?: number | undefined;
}

/** A network of plain requests. */
export interface PlainCommunityNetwork extends CommunityNetwork, AsyncDisposable {
  close(): Promise<void>;
}

const TIMEOUT_MS = 10_000;
const MAX_RESPONSE = 12_000_000;

/** Plain HTTPS instead of onion requests, for `connectCommunity`. */
export function plainCommunityNetwork(options: PlainNetworkOptions = {}): PlainCommunityNetwork {
  const { allowHttp = false, now = Date.now, maxResponseBytes = MAX_RESPONSE } = options;
  const transport = options.transport ?? createTransport();
  const close = async (): Promise<void> => {
    if (options.transport === undefined) await transport.close();
  };
  return {
    clock: { now, resync: async () => {} },
    callServer: async (server, request, { signal, timeoutMs = TIMEOUT_MS } = {}) => {
      const { protocol, host, port } = server;
      if (protocol !== "https" && !allowHttp)
        throw invalidArgument("plain requests go to https servers only, unless allowHttp is set", { host });
      try {
        return await transport.request({
          url: `${protocol}://${host}:${port}${request.endpoint}`,
          method: request.method,
          headers: request.headers,
          body: request.body,
          trust: { kind: "system" },
          timeoutMs,
          maxResponseBytes,
          signal,
        });
      } catch (cause) {
        if (!(cause instanceof SessionError) || cause.code !== "RESPONSE_TOO_LARGE") throw cause;
        throw new SessionError<CommunityErrorCode>("COMMUNITY_TOO_LARGE", "the reply is too large", {
          cause,
          details: cause.details,
        });
      }
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
