/**
 * What every {@link Transport} must do, as a suite that any test runner can run.
 *
 * ```ts
 * for (const { name, run } of transportCompliance()) test(name, () => run({ createTransport, startServer }));
 * ```
 *
 * The suite brings the requests and the answers; the caller brings the transport under test and a loopback HTTP server
 * that plays the answers.
 *
 * @module
 */
import { isSessionError, type SessionError } from "../errors/index.js";
import type { TlsTrust, TransferProgress, Transport, TransportRequest } from "./types.js";

/** A request as the server saw it. Header names are lower case. */
export interface ComplianceRequest {
  readonly method: string;
  /** Path with query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** What the server does with a request. */
export interface ComplianceAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Written one after the other. */
  readonly chunks: readonly Uint8Array[];
  /**
   * `end` the reply; `stall`: keep the connection open and say nothing more; `cut` the connection; `repeat` the chunks until
   * the peer goes away. If status is 0 the headers are not sent either.
   */
  readonly ending: "end" | "stall" | "cut" | "repeat";
}

/** A server on loopback. */
export interface ComplianceServer {
  /** Without trailing slash. */
  readonly url: string;
  readonly trust: TlsTrust;
  /** Connections accepted since the start. */
  connections(): number;
  /** Stops listening and cuts every connection. */
  close(): Promise<void>;
}

/** What the suite needs from its caller. */
export interface TransportComplianceSetup {
  createTransport(): Transport;
  startServer(answer: (request: ComplianceRequest) => ComplianceAnswer): Promise<ComplianceServer>;
}

/** One case: resolves when the transport complies, rejects with what was wrong. */
export interface TransportComplianceCase {
  readonly name: string;
  run(setup: TransportComplianceSetup): Promise<void>;
}

interface Bench {
  readonly transport: Transport;
  readonly server: ComplianceServer;
  readonly seen: ComplianceRequest[];
  request(path: string, changes?: Partial<TransportRequest>): TransportRequest;
}

const KILOBYTE = new Uint8Array(1024).fill(0x61);
const PATIENT = 20_000;
const SHORT = 100;

/** The suite. */
export function transportCompliance(): readonly TransportComplianceCase[] {
  return [
    scenario("carries method, path, headers and body both ways, byte for byte", async (bench) => {
      const body = Uint8Array.from({ length: 256 }, (_, i) => i);
      const headers = { "Content-Type": "application/x-test", "X-Test": "a, b" };
      const reply = await bench.transport.request(bench.request("/echo?x=1%202", { body, headers }));
      const [seen] = bench.seen;
      expect(seen?.method === "POST", "POST is the default method");
      expect(seen?.path === "/echo?x=1%202", `the path arrived as ${seen?.path}`);
      expect(seen?.headers["x-test"] === "a, b", "a header got lost");
      expect(seen?.headers["content-type"] === "application/x-test", "the content type got lost");
      expect(sameBytes(seen?.body, body) && sameBytes(reply.body, body), "the body changed");
      expect(reply.headers["x-reply"] === "yes", "a reply header got lost");
    }),
    scenario("sends text as UTF-8 and knows the other methods", async (bench) => {
      for (const method of ["GET", "PUT", "DELETE"] as const) {
        const body = method === "PUT" ? "é" : undefined;
        await bench.transport.request(bench.request("/echo", { method, body }));
      }
      expect(bench.seen.map(({ method }) => method).join() === "GET,PUT,DELETE", "a method changed");
      expect(sameBytes(bench.seen[1]?.body, Uint8Array.of(0xc3, 0xa9)), "the text is not UTF-8");
    }),
    scenario("takes every status as a reply", async (bench) => {
      for (const status of [200, 400, 404, 406, 421, 500, 502, 503, 504]) {
        const reply = await bench.transport.request(bench.request(`/status/${status}`));
        expect(reply.status === status, `${status} arrived as ${reply.status}`);
        expect(reply.body.length === KILOBYTE.length, `the body of ${status} got lost`);
      }
    }),
    scenario("never follows a redirect", async (bench) => {
      const [reply, error] = await outcome(
        bench.transport.request(bench.request("/redirect", { method: "GET" })),
      );
      expect(reply?.status === 302 || error?.code === "TRANSPORT_FAILED", "neither the reply nor a refusal");
      expect(bench.seen.length === 1, "the redirect was followed");
    }),
    scenario("keeps its connection for requests one after the other", async (bench) => {
      for (let i = 0; i < 20; i++) await bench.transport.request(bench.request("/echo", { body: KILOBYTE }));
      // Some platforms open a second one while the first is being handed back.
      const connections = bench.server.connections();
      expect(connections <= 2, `${connections} connections for 20 requests`);
    }),
    scenario("takes a reply of exactly the limit", async (bench) => {
      const reply = await bench.transport.request(bench.request("/status/200", { maxResponseBytes: 1024 }));
      expect(reply.body.length === 1024, "the body got lost");
    }),
    scenario("refuses a reply that announces too much", async (bench) => {
      const error = await failure(
        bench.transport.request(bench.request("/huge", { maxResponseBytes: 1000 })),
      );
      expectError(error, "RESPONSE_TOO_LARGE", "response");
    }),
    scenario("tells how much of the bodies has passed, and sends them all the same", async (bench) => {
      const body = new Uint8Array(300_000).map((_, i) => i);
      const told: TransferProgress[] = [];
      const onProgress = (progress: TransferProgress): void => {
        told.push(progress);
      };
      const reply = await bench.transport.request(bench.request("/echo", { body, onProgress }));
      expect(sameBytes(bench.seen[0]?.body, body) && sameBytes(reply.body, body), "the body changed");
      for (const direction of ["sent", "received"] as const) {
        const counts = told.filter((progress) => progress.direction === direction).map(({ bytes }) => bytes);
        expect(counts.at(-1) === body.length, `${String(counts.at(-1))} bytes ${direction} at the end`);
        expect(
          counts.every((bytes, i) => bytes > (counts[i - 1] ?? 0)),
          `bytes ${direction} do not grow: ${counts.join()}`,
        );
      }
      expect(
        told.every(({ total }) => total === undefined || total === body.length),
        "a wrong total",
      );
      await bench.transport.request(bench.request("/echo", { method: "GET", onProgress }));
    }),
    scenario("cuts a reply that does not end", async (bench) => {
      const error = await failure(
        bench.transport.request(bench.request("/endless", { maxResponseBytes: 100_000 })),
      );
      expectError(error, "RESPONSE_TOO_LARGE", "response");
    }),
    scenario("gives up on a silent peer, before the reply and in the middle of it", async (bench) => {
      for (const path of ["/silent", "/stalled"]) {
        // With a connection at hand, the short limit is all for the reply.
        await bench.transport.request(bench.request("/echo"));
        const error = await failure(bench.transport.request(bench.request(path, { timeoutMs: SHORT })));
        expectError(error, "TIMEOUT", "response");
      }
    }),
    scenario("obeys its signal before, during and after the request is sent", async (bench) => {
      const early = await failure(
        bench.transport.request(bench.request("/echo", { signal: AbortSignal.abort() })),
      );
      expectError(early, "ABORTED");
      expect(bench.seen.length === 0, "an aborted request was sent");
      for (const path of ["/silent", "/stalled"]) {
        const controller = new AbortController();
        const reason = new Error("enough");
        const result = failure(bench.transport.request(bench.request(path, { signal: controller.signal })));
        controller.abort(reason);
        const error = await result;
        expectError(error, "ABORTED");
        expect(error.cause === reason, "the reason of the abort got lost");
      }
    }),
    scenario("reports a connection that breaks", async (bench) => {
      for (const path of ["/cut", "/truncated"]) {
        const error = await failure(bench.transport.request(bench.request(path)));
        expectError(error, "TRANSPORT_FAILED", "response");
      }
      const reply = await bench.transport.request(bench.request("/echo"));
      expect(reply.status === 200, "the transport did not recover");
    }),
    scenario("reports a peer that is not there", async (bench) => {
      await bench.server.close();
      const error = await failure(bench.transport.request(bench.request("/echo")));
      expectError(error, "TRANSPORT_FAILED");
    }),
    scenario("refuses URLs it must not use, and repeats no password", async (bench) => {
      for (const url of ["nonsense", "ftp://127.0.0.1/", "https://user:secret@127.0.0.1/"]) {
        const error = await failure(bench.transport.request(bench.request("/echo", { url })));
        expectError(error, "INVALID_ARGUMENT");
        expect(!JSON.stringify(error).includes("secret"), "the error repeats the password");
      }
    }),
    scenario("ends open requests when it is closed, and takes no more", async (bench) => {
      const open = failure(bench.transport.request(bench.request("/silent")));
      await bench.transport.close();
      expectError(await open, "CLOSED");
      expectError(await failure(bench.transport.request(bench.request("/echo"))), "CLOSED");
      await bench.transport.close();
    }),
  ];
}

function answer(request: ComplianceRequest): ComplianceAnswer {
  const [, name, argument] = request.path.split(/[/?]/);
  const ok = { status: 200, chunks: [KILOBYTE], ending: "end" } as const;
  switch (name) {
    case "echo":
      return { ...ok, headers: { "X-Reply": "yes" }, chunks: [request.body] };
    case "status":
      return { ...ok, status: Number(argument) };
    case "redirect":
      return { status: 302, headers: { Location: "/echo" }, chunks: [], ending: "end" };
    case "huge":
      return { ...ok, headers: { "Content-Length": "10485760" }, ending: "stall" };
    case "endless":
      return { ...ok, ending: "repeat" };
    case "stalled":
      return { ...ok, ending: "stall" };
    case "truncated":
      return { ...ok, headers: { "Content-Length": "4096" }, ending: "cut" };
    case "cut":
      return { status: 0, chunks: [], ending: "cut" };
    default:
      return { status: 0, chunks: [], ending: "stall" };
  }
}

function scenario(name: string, check: (bench: Bench) => Promise<void>): TransportComplianceCase {
  return {
    name,
    async run(setup) {
      const seen: ComplianceRequest[] = [];
      const server = await setup.startServer((request) => {
        seen.push(request);
        return answer(request);
      });
      const transport = setup.createTransport();
      try {
        await check({
          transport,
          server,
          seen,
          request: (path, changes) => ({
            url: `${server.url}${path}`,
            timeoutMs: PATIENT,
            maxResponseBytes: 1 << 20,
            trust: server.trust,
            ...changes,
          }),
        });
      } finally {
        await transport.close();
        await server.close();
      }
    },
  };
}

async function outcome<T>(promise: Promise<T>): Promise<[T | undefined, SessionError | undefined]> {
  try {
    return [await promise, undefined];
  } catch (error) {
    if (!isSessionError(error)) throw new Error(`not a SessionError: ${String(error)}`, { cause: error });
    return [undefined, error];
  }
}

async function failure(promise: Promise<unknown>): Promise<SessionError> {
  const [, error] = await outcome(promise);
  if (error === undefined) throw new Error("the request should have failed");
  return error;
}

function expectError(error: SessionError, code: string, phase?: string): void {
  expect(error.code === code, `${error.code} instead of ${code}`);
  if (phase !== undefined) {
    expect(error.details["phase"] === phase, `phase ${String(error.details["phase"])} instead of ${phase}`);
  }
}

function expect(condition: boolean, otherwise: string): void {
  if (!condition) throw new Error(otherwise);
}

function sameBytes(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && a.length === b.length && a.every((byte, i) => byte === b[i]);
}
