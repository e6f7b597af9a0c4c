/**
 * What all servers of the test network share: loopback only, bounded bodies, and an end that waits for everything.
 *
 * @module
 */
import type { IncomingMessage, Server } from "node:http";
import { SessionError } from "../errors/index.js";
import type { TestnetErrorCode } from "./errors.js";

/** The only address that servers of a test network bind. */
export const LOOPBACK = "127.0.0.1";

/**
 * Binds a server to loopback; the port it got.
 *
 * @param port - the port to have again, or 0; another one is taken when it is gone meanwhile
 * @throws `TESTNET_START_FAILED`
 */
export async function listen(server: Server, port: number): Promise<number> {
  try {
    await bind(server, port);
  } catch (cause) {
    const isTaken = (cause as NodeJS.ErrnoException).code === "EADDRINUSE";
    if (!isTaken || port === 0) throw startFailed(cause);
    await bind(server, 0).catch((error: unknown) => {
      throw startFailed(error);
    });
  }
  const address = server.address();
  if (address === null || typeof address === "string") throw startFailed(undefined);
  return address.port;
}

function bind(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, LOOPBACK, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function startFailed(cause: unknown): SessionError<TestnetErrorCode> {
  return new SessionError<TestnetErrorCode>(
    "TESTNET_START_FAILED",
    "a server of the test network did not start",
    {
      cause,
    },
  );
}

/** Ends a server and every connection it has. */
export async function stopServer(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** The body of a request; undefined, and nothing read, when it is or says it is longer than `limit`. */
export async function readBody(request: IncomingMessage, limit: number): Promise<Uint8Array | undefined> {
  if (Number(request.headers["content-length"] ?? 0) > limit) return undefined;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > limit) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
