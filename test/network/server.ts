import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { generate } from "selfsigned";
import type { TlsTrust } from "session-messenger-sdk/network";
import type {
  ComplianceAnswer,
  ComplianceRequest,
  ComplianceServer,
} from "session-messenger-sdk/network/compliance";

export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

const certificates = new Map<string, Promise<Certificate>>();

/** A self-signed certificate, made once for each name. */
export function certificateFor(name: string, ip?: string): Promise<Certificate> {
  const key = `${name} ${ip}`;
  let certificate = certificates.get(key);
  if (certificate === undefined) {
    certificate = generate([{ name: "commonName", value: name }], {
      keySize: 2048,
      algorithm: "sha256",
      extensions: [
        { name: "basicConstraints", cA: true },
        {
          name: "subjectAltName",
          altNames: [{ type: 2, value: name }, ...(ip === undefined ? [] : [{ type: 7 as const, ip }])],
        },
      ],
    }).then(({ private: privateKey, cert }) => ({ key: privateKey, cert }));
    certificates.set(key, certificate);
  }
  return certificate;
}

export interface ServerOptions {
  /** Plain HTTP when left out. */
  readonly certificate?: Certificate | undefined;
  readonly trust?: TlsTrust | undefined;
}

/** A loopback server that plays scripted answers; with a `ServerResponse` handler for whatever those cannot say. */
export async function startServer(
  answer: (request: ComplianceRequest) => ComplianceAnswer,
  { certificate, trust = { kind: "unverified" } }: ServerOptions = {},
): Promise<ComplianceServer> {
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const body: Buffer[] = [];
    request.on("data", (chunk: Buffer) => body.push(chunk));
    request.on("end", () => {
      const { method = "", url: path = "", headers } = request;
      const seen = { method, path, headers: headers as Record<string, string>, body: Buffer.concat(body) };
      play(answer(seen), response);
    });
  };
  const server: Server =
    certificate === undefined ? createHttpServer(handle) : createHttpsServer({ ...certificate }, handle);
  const sockets = new Set<Socket>();
  let connections = 0;
  server.on(certificate === undefined ? "connection" : "secureConnection", () => connections++);
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${certificate === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    trust,
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function play({ status, headers, chunks, ending }: ComplianceAnswer, response: ServerResponse): void {
  if (status !== 0) {
    response.writeHead(status, headers);
    response.flushHeaders();
  }
  const write = (): void => {
    for (const chunk of chunks) response.write(chunk);
  };
  if (ending === "repeat") {
    const pump = (): void => {
      while (!response.destroyed && response.write(chunks[0]));
    };
    response.on("drain", pump);
    pump();
    return;
  }
  write();
  if (ending === "end") response.end();
  else if (ending === "cut") setImmediate(() => response.destroy());
}
