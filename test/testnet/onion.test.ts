import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { hexToBytes } from "session-messenger-sdk/bytes";
import { defaultCrypto } from "session-messenger-sdk/crypto";
import { buildOnionRequest, type OnionDestination, openNodeReply } from "session-messenger-sdk/onion";
import {
  startTestnet,
  type Testnet,
  type TestnetEvent,
  type TestnetNode,
} from "session-messenger-sdk/testnet";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Caller, TestClock } from "./support.js";

const clock = new TestClock();
const caller = new Caller();
let net: Testnet;
let events: TestnetEvent[] = [];

beforeAll(async () => {
  net = await startTestnet({
    nodes: 6,
    now: clock.now,
    timeouts: { relay: 1_000, deadHop: 30, server: 1_000 },
    onEvent: (event) => events.push(event),
  });
});
afterEach(async () => {
  events = [];
  for (const node of net.nodes) {
    node.faults.clear();
    await node.start();
  }
});
afterAll(async () => {
  caller.close();
  await net.close();
});

const at = (index: number): TestnetNode => {
  const node = net.nodes[index];
  if (node === undefined) throw new Error(`no node ${index}`);
  return node;
};
const call = (method: string): Uint8Array => Buffer.from(JSON.stringify({ method, params: {} }));
const hops = (...indexes: number[]): TestnetNode[] => indexes.map(at);

async function send(path: TestnetNode[], destination: OnionDestination, payload = call("info")) {
  const { body, keys } = buildOnionRequest({ path, destination, payload });
  const [guard] = path;
  const answer = await caller.https.ask(guard?.port ?? 0, { method: "POST", path: "/onion_req/v2", body });
  return { ...answer, keys, text: answer.body.toString() };
}

describe("a request over three hops", () => {
  it("is answered by the destination, and each hop knows the next only", async () => {
    const { status, body, keys } = await send(hops(0, 1, 2), { kind: "node", node: at(3) });
    expect(status).toBe(200);
    expect(openNodeReply(body, keys)).toMatchObject({ status: 200, body: { timestamp: clock.time } });
    expect(events).toEqual([
      { type: "onion", node: 0, hopNo: 0, role: "relay", next: 1 },
      { type: "onion", node: 1, hopNo: 1, role: "relay", next: 2 },
      { type: "onion", node: 2, hopNo: 2, role: "relay", next: 3 },
      { type: "onion", node: 3, hopNo: 3, role: "destination" },
      { type: "rpc", node: 3, method: "info", status: 200, via: "onion" },
    ]);
  });

  it("opens one TLS connection for many requests to one guard", async () => {
    const before = at(0).counters;
    for (let i = 0; i < 5; i++) await send(hops(0, 1, 2), { kind: "node", node: at(3) });
    expect(at(0).counters.requests - before.requests).toBe(5);
    expect(at(0).counters.connections - before.connections).toBeLessThanOrEqual(1);
    expect(at(1).counters.connections).toBe(0);
  });

  it("brings errors of the call sealed, in an answer with status 200", async () => {
    const { status, body, keys } = await send(hops(0, 1, 2), { kind: "node", node: at(3) }, call("nothing"));
    expect(status).toBe(200);
    expect(openNodeReply(body, keys)).toMatchObject({ status: 400, text: "no method nothing" });
  });

  it("is not limited in number", async () => {
    await using strict = await startTestnet({
      nodes: 1,
      rateLimit: { burst: 1, perSecond: 0 },
      now: clock.now,
    });
    const [only] = strict.nodes;
    if (only === undefined) throw new Error("no node");
    const { body } = buildOnionRequest({
      path: [],
      destination: { kind: "node", node: only },
      payload: call("info"),
    });
    for (let i = 0; i < 3; i++) {
      const answer = await caller.https.ask(only.port, { method: "POST", path: "/onion_req/v2", body });
      expect(answer.status).toBe(200);
    }
  });
});

describe("a path with a bad hop", () => {
  it("names a node that does not exist", async () => {
    const unknown = { ed25519PublicKey: "ab".repeat(32), x25519PublicKey: at(2).x25519PublicKey };
    const { body } = buildOnionRequest({
      path: [at(0), at(1), unknown],
      destination: { kind: "node", node: at(3) },
      payload: call("info"),
    });
    const answer = await caller.https.ask(at(0).port, { method: "POST", path: "/onion_req/v2", body });
    expect([answer.status, answer.body.toString()]).toEqual([502, `Next node not found: ${"ab".repeat(32)}`]);
  });

  it("times out at a hop that is off or silent", async () => {
    await at(2).stop();
    const off = await send(hops(0, 1, 2), { kind: "node", node: at(3) });
    expect([off.status, off.text]).toEqual([504, "Request time out"]);
    at(4).faults.drop();
    const silent = await send(hops(0, 1, 4), { kind: "node", node: at(3) });
    expect([silent.status, silent.text]).toEqual([504, "Request time out"]);
  });

  it("is served when the hop comes back in time", async () => {
    await using patient = await startTestnet({ nodes: 2, now: clock.now, timeouts: { deadHop: 60_000 } });
    const [guard, away] = patient.nodes;
    if (guard === undefined || away === undefined) throw new Error("no nodes");
    await away.stop();
    const relayed = new Promise<void>((resolve) =>
      patient.on((event) => event.type === "onion" && resolve()),
    );
    const answer = send([guard], { kind: "node", node: away });
    await relayed;
    await away.start();
    const { body, keys } = await answer;
    expect(openNodeReply(body, keys).status).toBe(200);
  });

  it("tells of a hop in no swarm", async () => {
    await at(2).leave();
    const answer = await send(hops(0, 1, 2), { kind: "node", node: at(3) });
    expect([answer.status, answer.text]).toEqual([503, `Snode not ready: ${at(2).ed25519PublicKey}`]);
    await at(2).join();
  });

  it("tells of a hop whose answer breaks off", async () => {
    at(2).faults.garbage("truncated");
    const answer = await send(hops(0, 1, 2), { kind: "node", node: at(3) });
    expect([answer.status, answer.text]).toEqual([500, "Invalid response from snode"]);
  });

  it("passes on what a hop invents: only the client can tell", async () => {
    at(2).faults.garbage("bytes");
    const { status, body, keys } = await send(hops(0, 1, 2), { kind: "node", node: at(3) });
    expect(status).toBe(200);
    expect(() => openNodeReply(body, keys)).toThrow();
  });
});

describe("a server behind the path", () => {
  let server: Server;
  let port: number;
  let reply: (
    body: Buffer,
  ) => { status: number; body: Uint8Array; headers?: Record<string, string> } | undefined;
  beforeAll(async () => {
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const answer = reply(Buffer.concat(chunks));
        if (answer !== undefined) response.writeHead(answer.status, answer.headers).end(answer.body);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    port = (server.address() as AddressInfo).port;
    net.routeServer("files.example:80", `127.0.0.1:${port}`);
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });

  const key = Buffer.from(defaultCrypto.x25519PublicKey(hexToBytes("01".repeat(32)))).toString("hex");
  const files: OnionDestination = {
    kind: "server",
    host: "files.example",
    port: 80,
    protocol: "http",
    x25519PublicKey: key,
  };

  it("gets the last hop's whole layer, and its bytes come back as they are", async () => {
    let seen: Buffer | undefined;
    reply = (body) => {
      seen = body;
      return { status: 200, body: Uint8Array.of(0, 255, 1) };
    };
    const answer = await send(hops(0, 1, 2), files);
    expect([answer.status, [...answer.body]]).toEqual([200, [0, 255, 1]]);
    const json = JSON.parse(seen?.subarray(4 + seen.readUInt32LE(0)).toString() ?? "");
    expect(json).toMatchObject({ host: "files.example", target: "/oxen/v4/lsrpc" });
    expect(events.at(-1)).toEqual({
      type: "onion",
      node: 2,
      hopNo: 2,
      role: "server",
      host: "files.example:80",
    });
  });

  it("may compress its answer", async () => {
    reply = () => ({ status: 200, body: gzipSync("squeezed"), headers: { "Content-Encoding": "gzip" } });
    expect((await send(hops(0, 1, 2), files)).text).toBe("squeezed");
  });

  it("is cut off when it takes too long, and may not redirect", async () => {
    reply = () => undefined;
    expect((await send(hops(0, 1, 2), files)).status).toBe(504);
    reply = () => ({ status: 301, body: Buffer.alloc(0), headers: { Location: "/elsewhere" } });
    const redirected = await send(hops(0, 1, 2), files);
    expect([redirected.status, redirected.text]).toEqual([502, "Maximum (0) redirects followed"]);
  });

  it("has only statuses that relays know", async () => {
    for (const [status, seen] of [
      [403, 403],
      [418, 500],
      [201, 500],
    ] as const) {
      reply = () => ({ status, body: Buffer.from("text") });
      expect((await send(hops(0, 1, 2), files)).status).toBe(seen);
    }
  });

  it("is refused when it cannot be reached", async () => {
    const { port: nowhere } = at(5);
    await at(5).stop();
    net.routeServer("gone.example:80", `127.0.0.1:${nowhere}`);
    const answer = await send(hops(0, 1, 2), { ...files, host: "gone.example" });
    expect([answer.status, answer.text]).toEqual([
      502,
      "Failed to connect to gone.example port 80 after 0 ms: Couldn't connect to server",
    ]);
    expect(() => net.routeServer("gone.example", "127.0.0.1:1")).toThrow();
  });
});
