/**
 * HTTPS between nodes. Real nodes speak OMQ to each other, which no client ever sees
 * (docs/protocol/onion.md §3.3); here it is one more path of the same HTTPS servers, closed to anyone without the
 * network's token.
 *
 * @module
 */
import { Agent, request } from "node:https";
import { LOOPBACK } from "./listen.js";

/** Paths of the calls between nodes. */
export const PeerPath = { member: "/peer/member", onion: "/peer/onion", push: "/peer/push" } as const;

/** Header that carries the network's token. */
export const PEER_TOKEN_HEADER = "x-testnet-peer";

/** What came of a call to another node. */
export type PeerOutcome =
  | { readonly kind: "reply"; readonly status: number; readonly body: Uint8Array }
  /** Nobody listens there. */
  | { readonly kind: "refused" }
  /** No answer in time. */
  | { readonly kind: "timeout" }
  /** The connection broke before the answer was complete. */
  | { readonly kind: "broken" };

/** A call to another node. */
export interface PeerCall {
  readonly port: number;
  readonly path: string;
  readonly body: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

/** Below the ten seconds after which a node drops an idle connection. */
const IDLE_TIMEOUT = 8_000;

/** The connections of all nodes of a network to each other. */
export class Peers {
  readonly token: string;
  readonly #agent = new Agent({ keepAlive: true, timeout: IDLE_TIMEOUT, rejectUnauthorized: false });

  /** @param token - proves that a call comes from a node */
  constructor(token: string) {
    this.token = token;
  }

  /** Posts to another node. Never rejects. */
  async post(call: PeerCall): Promise<PeerOutcome> {
    const first = await this.#exchange(call);
    // A kept connection may have ended under our hands: once more on another one.
    return first === "stale"
      ? this.#exchange(call).then((again) => (again === "stale" ? { kind: "broken" } : again))
      : first;
  }

  close(): void {
    this.#agent.destroy();
  }

  #exchange({ port, path, body, headers, timeoutMs }: PeerCall): Promise<PeerOutcome | "stale"> {
    return new Promise((resolve) => {
      const sent = request({
        agent: this.#agent,
        host: LOOPBACK,
        port,
        path,
        method: "POST",
        headers: { ...headers, [PEER_TOKEN_HEADER]: this.token, "Content-Length": body.length },
      });
      const timer = setTimeout(() => finish({ kind: "timeout" }), timeoutMs);
      const finish = (outcome: PeerOutcome | "stale"): void => {
        clearTimeout(timer);
        resolve(outcome);
        if (outcome === "stale" || outcome.kind !== "reply") sent.destroy();
      };
      sent.on("response", (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => {
          const status = response.statusCode ?? 0;
          finish(
            response.complete ? { kind: "reply", status, body: Buffer.concat(chunks) } : { kind: "broken" },
          );
        });
        response.on("error", () => finish({ kind: "broken" }));
      });
      sent.on("error", (error: NodeJS.ErrnoException) => {
        if (error.code === "ECONNREFUSED") finish({ kind: "refused" });
        else finish(sent.reusedSocket && error.code === "ECONNRESET" ? "stale" : { kind: "broken" });
      });
      sent.end(body);
    });
  }
}
