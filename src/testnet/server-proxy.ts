/**
 * The last hop's POST to a server (docs/protocol/storage-server-behaviour.md §13): real HTTP or HTTPS, no redirects,
 * certificates checked against the system's authorities, 25 seconds. What goes wrong is told in curl's words, as the
 * storage server does.
 *
 * @module
 */
import { type IncomingMessage, type RequestOptions, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP } from "node:net";
import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib";
import { utf8ToBytes } from "../bytes/index.js";

/** A server destination and what to send it. */
export interface ServerCall {
  readonly protocol: "http" | "https";
  readonly host: string;
  readonly port: number;
  readonly target: string;
  readonly body: Uint8Array;
  readonly userAgent: string;
  readonly timeoutMs: number;
  /** `host:port` as named to where it really is. */
  readonly routes: ReadonlyMap<string, string>;
}

/** What goes back along the path. */
export interface ServerAnswer {
  readonly status: number;
  readonly body: Uint8Array;
}

const MAX_ANSWER = 64 * 1024 * 1024;

/** Posts to a server. Never rejects. */
export function postToServer(call: ServerCall): Promise<ServerAnswer> {
  const named = `${call.host}:${call.port}`;
  const real = call.routes.get(named) ?? named;
  const colon = real.lastIndexOf(":");
  const options: RequestOptions = {
    host: real.slice(0, colon),
    port: Number(real.slice(colon + 1)),
    path: call.target,
    method: "POST",
    agent: false,
    headers: {
      Host: named,
      Accept: "*/*",
      "Accept-Encoding": "deflate, gzip, br",
      "Content-Type": "application/octet-stream",
      "User-Agent": call.userAgent,
      "Content-Length": call.body.length,
    },
  };
  return new Promise((resolve) => {
    const fail = (status: number, text: string): void => finish({ status, body: utf8ToBytes(text) });
    const sent =
      call.protocol === "https"
        ? requestHttps({ ...options, servername: isIP(call.host) === 0 ? call.host : "" })
        : requestHttp(options);
    const timer = setTimeout(
      () => fail(504, `Operation timed out after ${call.timeoutMs} milliseconds with 0 bytes received`),
      call.timeoutMs,
    );
    const finish = (answer: ServerAnswer): void => {
      clearTimeout(timer);
      resolve(answer);
      sent.destroy();
    };
    sent.on("error", (error: NodeJS.ErrnoException) => fail(502, failureText(error, call)));
    sent.on("response", (response) => {
      const status = response.statusCode ?? 502;
      if (status >= 300 && status < 400 && response.headers.location !== undefined) {
        fail(502, "Maximum (0) redirects followed");
        return;
      }
      collect(response).then(
        (body) => finish({ status, body }),
        () => fail(502, "Failure when receiving data from the peer"),
      );
    });
    sent.end(call.body);
  });
}

async function collect(response: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_ANSWER) break;
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  switch (response.headers["content-encoding"]) {
    case "gzip":
      return gunzipSync(body, { maxOutputLength: MAX_ANSWER });
    case "deflate":
      return inflateSync(body, { maxOutputLength: MAX_ANSWER });
    case "br":
      return brotliDecompressSync(body, { maxOutputLength: MAX_ANSWER });
    default:
      return body;
  }
}

function failureText(error: NodeJS.ErrnoException, { host, port }: ServerCall): string {
  switch (error.code) {
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `Could not resolve host: ${host}`;
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
      return "SSL certificate problem: self-signed certificate";
    case "SELF_SIGNED_CERT_IN_CHAIN":
      return "SSL certificate problem: self-signed certificate in certificate chain";
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
      return "SSL certificate problem: unable to get local issuer certificate";
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return `SSL: no alternative certificate subject name matches target host name '${host}'`;
    case "ECONNRESET":
      return "Server returned nothing (no headers, no data)";
    default:
      return `Failed to connect to ${host} port ${port} after 0 ms: Couldn't connect to server`;
  }
}
