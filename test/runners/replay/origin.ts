/** Servers behind the last hop of recorded onion requests. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Json } from "../op.js";

interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly bodyHex: string;
}

/** A server that answers what it is told to, and remembers what it was asked. */
export class Origin {
  readonly #server: Server;
  #answer: { readonly status: number; readonly body: Buffer } = { status: 200, body: Buffer.alloc(0) };
  #seen: Seen | undefined;

  constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const { method = "", url = "", headers } = request;
        this.#seen = { method, path: url, headers, bodyHex: Buffer.concat(chunks).toString("hex") };
        const { status, body } = this.#answer;
        const location = status >= 300 && status < 400 ? { Location: "/elsewhere" } : {};
        response.writeHead(status, location).end(body);
      });
    });
  }

  async start(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  /** Prepares for one transcript: the status is in its id, the body is what came back. */
  expect({ id, response, server_saw }: Json): void {
    const status = Number(/http-(\d{3})/.exec(id)?.[1] ?? 200);
    const body = server_saw.response_hex ?? response?.body_hex ?? "";
    this.#answer = { status, body: Buffer.from(body, "hex") };
    this.#seen = undefined;
  }

  /** How what was asked differs from the recording. */
  differences({ server_saw }: Json): string[] {
    const seen = this.#seen;
    if (seen === undefined) return ["the server was not asked"];
    const pairs: Array<[string, unknown, unknown]> = [
      ["method", server_saw.method, seen.method],
      ["path", server_saw.path, seen.path],
      ["body", server_saw.body_hex, seen.bodyHex],
      ...["host", "accept", "content-type", "user-agent", "content-length"].map(
        (name): [string, unknown, unknown] => [name, server_saw.headers[name], seen.headers[name]],
      ),
    ];
    return pairs
      .filter(([, expected, got]) => expected !== got)
      .map(([name, expected, got]) => `server saw another ${name}: expected ${expected}, got ${got}`);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}
