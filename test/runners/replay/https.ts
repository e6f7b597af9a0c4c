/** Plain HTTPS to a node of the test network. */
import { Agent, request } from "node:https";
import { connect } from "node:tls";

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

export interface HttpQuestion {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body: Uint8Array;
}

const LOOPBACK = "127.0.0.1";

/** Connections to all nodes of one network. */
export class HttpsClient {
  readonly #agent = new Agent({ keepAlive: true, rejectUnauthorized: false });

  ask(port: number, { method, path, headers, body }: HttpQuestion): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const sent = request({
        agent: this.#agent,
        host: LOOPBACK,
        port,
        method,
        path,
        headers: { ...headers, "Content-Length": body.length },
      });
      sent.on("error", reject);
      sent.on("response", (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks),
          }),
        );
      });
      sent.end(body);
    });
  }

  /** Sends text as it is and reads until the node closes the connection. */
  askRaw(port: number, text: string): Promise<string> {
    return new Promise((resolve, reject) => {
      let answer = "";
      const socket = connect({ host: LOOPBACK, port, rejectUnauthorized: false }, () => socket.write(text));
      socket.setEncoding("latin1");
      socket.on("data", (chunk: string) => {
        answer += chunk;
      });
      socket.on("error", reject);
      socket.on("close", () => resolve(answer));
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
