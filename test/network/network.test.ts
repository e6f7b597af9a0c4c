import { bytesToHex, bytesToUtf8, utf8ToBytes } from "session-messenger-sdk/bytes";
import type { Network, NetworkEvents, ServerDestination } from "session-messenger-sdk/network";
import { describe, expect, test } from "vitest";
import { FakeNetwork, type Fault } from "./fake.js";

const STORE = { method: "store", params: { pubkey: "05" } };

function record(network: Network): Array<[keyof NetworkEvents, NetworkEvents[keyof NetworkEvents]]> {
  const log: Array<[keyof NetworkEvents, NetworkEvents[keyof NetworkEvents]]> = [];
  const names = [
    "path:built",
    "path:dropped",
    "path:struck",
    "node:struck",
    "node:dropped",
    "pool:refreshed",
    "request",
    "clock:synced",
  ] as const;
  for (const name of names) network.on(name, (event) => log.push([name, event]));
  return log;
}

function count(log: ReturnType<typeof record>, name: keyof NetworkEvents): number {
  return log.filter(([event]) => event === name).length;
}

describe("a call", () => {
  test("reaches its node through three others, of which the client contacts one", async () => {
    const fake = new FakeNetwork(12);
    const network = fake.connect();
    const target = fake.nodes[0]!.node;
    const reply = await network.call(target, STORE);
    expect(reply).toMatchObject({ status: 200, body: { from: target.ed25519PublicKey }, node: target });
    expect(reply.text).toBe(JSON.stringify(reply.body));
    expect(reply.path).toHaveLength(3);
    const [sent] = fake.calls("store");
    expect(sent!.route).toEqual([...reply.path, target].map((node) => node.ed25519PublicKey));
    expect(new Set(sent!.route).size).toBe(4);
    // Only guards hear from the client itself, and all they are asked is `info`.
    const direct = fake.requests.filter(({ url }) => url.endsWith("/storage_rpc/v1"));
    expect(direct.map(({ method }) => method)).toEqual(["direct info", "direct info"]);
  });

  test.each([
    ["xchacha20", undefined],
    ["aes-gcm", "aes-gcm"],
  ] as const)("works with %s", async (_name, encType) => {
    const fake = new FakeNetwork(12);
    const network = fake.connect({ encType });
    await expect(network.call(fake.nodes[3]!.node, STORE)).resolves.toMatchObject({ status: 200 });
  });

  test("returns the destination's own errors as replies, without blame", async () => {
    const fake = new FakeNetwork(12);
    const network = fake.connect();
    const log = record(network);
    for (const status of [400, 401, 403, 404, 406, 421, 425, 429, 500, 502, 503, 504]) {
      fake.rpc = (node, request) =>
        request.method === "store" ? { status, body: `sentence ${status}` } : fake.answer(node, request);
      const reply = await network.call(fake.nodes[1]!.node, STORE);
      expect(reply).toMatchObject({ status, body: `sentence ${status}`, text: `sentence ${status}` });
    }
    expect(count(log, "path:struck") + count(log, "node:struck")).toBe(0);
  });

  test("keeps integers above 2^53 in the text", async () => {
    const fake = new FakeNetwork(12);
    fake.rpc = (node, request) =>
      request.method === "store"
        ? { status: 200, body: '{"id":18446744073709551615}' }
        : fake.answer(node, request);
    const { text } = await fake.connect().call(fake.nodes[1]!.node, STORE);
    expect(text).toContain("18446744073709551615");
  });

  test("works in a network of four nodes, around every one of them", async () => {
    const fake = new FakeNetwork(4);
    const network = fake.connect({ subnetRule: false });
    for (const { node } of [...fake.nodes, ...fake.nodes]) {
      const reply = await network.call(node, STORE);
      expect(reply.path.map((hop) => hop.ed25519PublicKey)).not.toContain(node.ed25519PublicKey);
    }
    expect(network.paths.paths.length).toBeLessThanOrEqual(4);
  });

  test("tells what it does", async () => {
    const fake = new FakeNetwork(12);
    const network = fake.connect();
    const log = record(network);
    const target = fake.nodes[0]!.node;
    const { path } = await network.call(target, STORE);
    expect(log.find(([name]) => name === "pool:refreshed")?.[1]).toEqual({ source: "seed", count: 12 });
    expect(log.filter(([name]) => name === "request").map(([, event]) => event)).toEqual([
      { destination: target, method: "store", path, attempt: 1, durationMs: 0, status: 200 },
    ]);
  });
});

describe("what a node on the way can do", () => {
  const faults: ReadonlyArray<[string, Fault]> = [
    ["is off", "off"],
    ["answers nothing", "silent"],
    ["cuts the connection", "cut"],
    ["answers garbage", "garbage"],
    ["answers 10 MB", "huge"],
    ["says 500", { status: 500, body: "Invalid response from snode" }],
    ["says 504", { status: 504, body: "Request time out" }],
    ["says 421 in clear", { status: 421, body: "{}" }],
    ["says it cannot decrypt", { status: 400, body: "Invalid ciphertext" }],
  ];
  for (const position of [0, 1, 2]) {
    test.each(faults)(`hop ${position + 1} %s: the call goes on over another path`, async (_name, fault) => {
      const fake = new FakeNetwork(16);
      const network = fake.connect();
      await network.call(fake.nodes[0]!.node, STORE);
      await network.idle();
      const target = fake.nodes.find(({ node }) => !isOnPath(network, node.ed25519PublicKey))!.node;
      // The path that the next call will take, whichever that is, has the fault.
      const log = record(network);
      for (const path of network.paths.paths.slice(0, 1))
        fake.find(path.nodes[position]!.ed25519PublicKey).fault = fault;
      for (let i = 0; i < 6; i++) {
        const reply = await network.call(target, STORE);
        expect(reply).toMatchObject({ status: 200, body: { from: target.ed25519PublicKey } });
        await network.idle();
      }
      expect(count(log, "path:struck")).toBeGreaterThan(0);
    });
  }

  test("if all paths fail, the error says how each did, in the end", async () => {
    const fake = new FakeNetwork(16);
    const network = fake.connect();
    await network.nodes();
    await network.paths.getPath();
    for (const { nodes } of network.paths.paths) fake.find(nodes[1]!.ed25519PublicKey).fault = "garbage";
    const target = fake.nodes.find(({ node }) => !isOnPath(network, node.ed25519PublicKey))!.node;
    const error = await network.call(target, STORE, { attempts: 2 }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: "PATH_FAILED", details: { method: "store" } });
    const { attempts } = (error as { details: { attempts: Array<{ reason: string; path: string[] }> } })
      .details;
    expect(attempts.map(({ reason }) => reason)).toEqual(["unreadable-reply", "unreadable-reply"]);
    expect(attempts[0]!.path).not.toEqual(attempts[1]!.path);
  });

  test("a hop that names the destination as unknown ends the call and takes it out of the pool", async () => {
    const fake = new FakeNetwork(16);
    const network = fake.connect();
    const gone = fake.nodes.splice(5, 1)[0]!.node;
    await network.nodes();
    fake.nodes.length = 15;
    await expect(network.call(gone, STORE)).rejects.toMatchObject({
      code: "NODE_UNREACHABLE",
      details: { attempts: [{ reason: "destination-not-found" }] },
    });
    expect(network.pool.get(gone.ed25519PublicKey)).toBeUndefined();
  });

  test("a hop that is gone is replaced at its place", async () => {
    const fake = new FakeNetwork(16);
    const network = fake.connect({ pathCount: 1 });
    const [path] = [await network.paths.getPath()];
    const gone = path.nodes[1]!;
    fake.nodes.splice(fake.nodes.indexOf(fake.find(gone.ed25519PublicKey)), 1);
    const target = fake.nodes.find(({ node }) => !isOnPath(network, node.ed25519PublicKey))!.node;
    await network.call(target, STORE);
    const [now] = network.paths.paths;
    expect(now!.nodes[0]).toEqual(path.nodes[0]);
    expect(now!.nodes[2]).toEqual(path.nodes[2]);
    expect(now!.nodes[1]).not.toEqual(gone);
    expect(now!.strikes).toBe(1);
    expect(network.pool.get(gone.ed25519PublicKey)).toBeUndefined();
  });

  test("the destination's own garbage is blamed on it alone", async () => {
    const fake = new FakeNetwork(16);
    const network = fake.connect();
    const log = record(network);
    fake.nodes[0]!.fault = "nonsense";
    const call = network.call(fake.nodes[0]!.node, STORE, { attempts: 2 });
    await expect(call).rejects.toMatchObject({ code: "RESPONSE_INVALID" });
    expect(count(log, "path:struck")).toBe(0);
    expect(network.pool.strikes.get(fake.nodes[0]!.node.ed25519PublicKey)).toBe(2);
  });
});

describe("a dead destination", () => {
  test("costs itself strikes, and a healthy path none for long", async () => {
    const fake = new FakeNetwork(16);
    const network = fake.connect({ pathCount: 1 });
    await network.paths.getPath();
    const dead = fake.nodes.find(({ node }) => !isOnPath(network, node.ed25519PublicKey))!;
    dead.fault = "silent";
    const before = network.paths.paths[0]!.nodes;
    for (let i = 0; i < 5; i++) {
      const call = network.call(dead.node, STORE, { attempts: 1 });
      await expect(call).rejects.toMatchObject({ code: "TIMEOUT" });
      await network.idle();
    }
    expect(network.paths.paths[0]!.nodes).toEqual(before);
    expect(network.paths.paths[0]!.strikes).toBe(0);
    expect(network.pool.get(dead.node.ed25519PublicKey)).toBeUndefined();
    for (const node of before) expect(network.pool.strikes.get(node.ed25519PublicKey)).toBeUndefined();
  });

  test("a path that does not pass the probe gets other hops behind its guard, and keeps its strike", async () => {
    const fake = new FakeNetwork(20);
    const network = fake.connect({ pathCount: 1 });
    const { nodes } = await network.paths.getPath();
    const [guard, hop, last] = nodes;
    fake.find(last!.ed25519PublicKey).fault = "silent";
    const target = fake.nodes.find(({ node }) => !isOnPath(network, node.ed25519PublicKey))!.node;
    await expect(network.call(target, STORE, { attempts: 1 })).rejects.toMatchObject({ code: "TIMEOUT" });
    await network.idle();
    for (const { ed25519PublicKey } of [hop!, last!]) {
      expect(network.pool.strikes.get(ed25519PublicKey)).toBe(1);
      expect(isOnPath(network, ed25519PublicKey)).toBe(false);
    }
    expect(network.paths.paths[0]).toMatchObject({ strikes: 1, nodes: [guard, {}, {}] });
    await expect(network.call(target, STORE, { attempts: 1 })).resolves.toMatchObject({ status: 200 });
  });

  test("the third strike of a path drops it with its guard", async () => {
    const fake = new FakeNetwork(20);
    const network = fake.connect({ pathCount: 1 });
    const log = record(network);
    const [guard] = (await network.paths.getPath()).nodes;
    fake.find(guard!.ed25519PublicKey).fault = "silent";
    const target = fake.nodes.at(-1)!.node;
    for (let i = 1; i <= 3; i++) {
      const path = await network.paths.getPath();
      expect(path.nodes[0]).toEqual(guard);
      const free = fake.nodes.find(({ node }) => !isOnPath(network, node.ed25519PublicKey))!.node;
      await expect(network.call(free, STORE, { attempts: 1 })).rejects.toMatchObject({ code: "TIMEOUT" });
      await network.idle();
      if (i < 3) expect(network.paths.paths[0]!.strikes).toBe(i);
    }
    expect(network.pool.get(guard!.ed25519PublicKey)).toBeUndefined();
    expect(network.paths.guards).not.toContain(guard!.ed25519PublicKey);
    expect(count(log, "path:dropped")).toBeGreaterThan(0);
    await expect(network.call(target, STORE)).resolves.toMatchObject({ status: 200 });
  });
});

describe("time limits", () => {
  test("each attempt gets no more than is left", async () => {
    const fake = new FakeNetwork(16);
    const network = fake.connect();
    await network.paths.getPath();
    const dead = fake.nodes.find(({ node }) => !isOnPath(network, node.ed25519PublicKey))!;
    dead.fault = "silent";
    const options = { attempts: 9, timeoutMs: 4_000, overallTimeoutMs: 10_000 };
    await expect(network.call(dead.node, STORE, options)).rejects.toMatchObject({ code: "TIMEOUT" });
    const limits = fake.requests.filter(({ route }) => route.at(-1) === dead.node.ed25519PublicKey);
    expect(limits.map(({ timeoutMs }) => timeoutMs)).toEqual([4_000, 4_000, 1_800]);
  });

  test("a transport that hangs cannot hang a call", async () => {
    const fake = new FakeNetwork(16);
    const hanging = { request: () => new Promise<never>(() => {}), close: async () => {} };
    const network = fake.connect({}, { transport: hanging });
    const call = network.call(fake.nodes[0]!.node, STORE, { overallTimeoutMs: 20 });
    await expect(call).rejects.toMatchObject({ code: "TIMEOUT" });
  });

  test("an aborted call says so, and does not disturb others", async () => {
    const fake = new FakeNetwork(16);
    const network = fake.connect();
    const controller = new AbortController();
    const aborted = network.call(fake.nodes[0]!.node, STORE, { signal: controller.signal });
    const other = network.call(fake.nodes[1]!.node, STORE);
    controller.abort();
    await expect(aborted).rejects.toMatchObject({ code: "ABORTED" });
    await expect(other).resolves.toMatchObject({ status: 200 });
    const early = network.call(fake.nodes[0]!.node, STORE, { signal: AbortSignal.abort() });
    await expect(early).rejects.toMatchObject({ code: "ABORTED" });
  });

  test("closing ends calls with CLOSED", async () => {
    const fake = new FakeNetwork(16);
    const network = fake.connect();
    const open = network.call(fake.nodes[0]!.node, STORE);
    await Promise.all([network.close(), expect(open).rejects.toMatchObject({ code: "CLOSED" })]);
    await expect(network.call(fake.nodes[0]!.node, STORE)).rejects.toMatchObject({ code: "CLOSED" });
    await expect(network.nodes()).rejects.toMatchObject({ code: "CLOSED" });
  });

  test("offline, the call ends at once and nobody is blamed", async () => {
    const fake = new FakeNetwork(16);
    const network = fake.connect();
    await network.call(fake.nodes[0]!.node, STORE);
    const { SessionError } = await import("session-messenger-sdk/errors");
    const log = record(network);
    fake.request = async () => {
      throw new SessionError("TRANSPORT_FAILED", "no network", {
        details: { phase: "connect", reason: "ENETUNREACH" },
      });
    };
    await expect(network.call(fake.nodes[0]!.node, STORE)).rejects.toMatchObject({
      code: "TRANSPORT_FAILED",
    });
    expect(log.map(([name]) => name)).toEqual(["request"]);
  });
});

describe("servers", () => {
  const server = (fake: FakeNetwork): ServerDestination => ({
    host: "community.example",
    port: 443,
    protocol: "https",
    x25519PublicKey: bytesToHex(fake.server.publicKey),
  });

  test("get a v4 request through three hops and answer through them", async () => {
    const fake = new FakeNetwork(12);
    const network = fake.connect();
    const request = {
      method: "POST",
      endpoint: "/room/x/message?a=1",
      headers: {},
      body: utf8ToBytes("hello"),
    } as const;
    const reply = await network.callServer(server(fake), request);
    expect(reply.status).toBe(200);
    expect(bytesToUtf8(reply.body)).toBe("hello");
    expect(reply.path).toHaveLength(3);
    expect(fake.calls("POST /room/x/message?a=1")).toHaveLength(1);
  });

  test.each([
    [502, "connection refused", "SERVER_UNREACHABLE"],
    [504, "Request time out", "TIMEOUT"],
    [404, "<html>", "SERVER_REFUSED"],
    [400, "<html>bad request</html>", "SERVER_REFUSED"],
  ])("status %d `%s` of the last hop is %s, and costs the path nothing", async (status, body, code) => {
    const fake = new FakeNetwork(12);
    const network = fake.connect({ pathCount: 1 });
    const { nodes } = await network.paths.getPath();
    fake.find(nodes[2]!.ed25519PublicKey).fault = { status, body };
    const log = record(network);
    const call = network.callServer(server(fake), { method: "GET", endpoint: "/capabilities" });
    await expect(call).rejects.toMatchObject({ code, details: { status } });
    expect(log.map(([name]) => name)).toEqual(["request"]);
  });
});

describe("direct mode", () => {
  test("goes straight to the node, and says that there was no path", async () => {
    const fake = new FakeNetwork(12);
    const network = fake.connect({ direct: true });
    const target = fake.nodes[7]!.node;
    const reply = await network.call(target, STORE);
    expect(reply).toMatchObject({ status: 200, body: { from: target.ed25519PublicKey }, path: [] });
    expect(fake.calls("direct store")).toMatchObject([{ route: [target.ed25519PublicKey] }]);
  });

  test.each([
    ["off", "NODE_UNREACHABLE"],
    ["cut", "NODE_UNREACHABLE"],
    ["silent", "TIMEOUT"],
    ["huge", "RESPONSE_TOO_LARGE"],
  ] as const)("a node that is %s is %s", async (fault, code) => {
    const fake = new FakeNetwork(12);
    const network = fake.connect({ direct: true });
    fake.nodes[2]!.fault = fault;
    await expect(network.call(fake.nodes[2]!.node, STORE)).rejects.toMatchObject({ code });
    expect(network.pool.strikes.get(fake.nodes[2]!.node.ed25519PublicKey)).toBe(1);
  });
});

describe("what is kept between runs", () => {
  test("the node list and the guards: the next run asks no seed and keeps its guards", async () => {
    const fake = new FakeNetwork(16);
    const first = fake.connect();
    await first.call(fake.nodes[0]!.node, STORE);
    await first.idle();
    const state: unknown = JSON.parse(JSON.stringify(first.snapshot()));
    const guards = [...first.paths.guards].sort();
    await first.close();
    fake.requests.length = 0;
    const second = fake.connect({}, { state });
    expect(await second.nodes()).toEqual(expect.arrayContaining(fake.nodes.map(({ node }) => node)));
    await second.call(fake.nodes[0]!.node, STORE);
    await second.idle();
    expect(fake.requests.every(({ url }) => !url.endsWith("json_rpc"))).toBe(true);
    expect([...second.paths.guards].sort()).toEqual(guards);
  });

  test("strikes for two days, guards for ten", async () => {
    const fake = new FakeNetwork(16);
    const network = fake.connect();
    await network.call(fake.nodes[0]!.node, STORE);
    network.strikeNode(fake.nodes[4]!.node, "test");
    const state = network.snapshot();
    const key = fake.nodes[4]!.node.ed25519PublicKey;
    expect(fake.connect({}, { state }).snapshot().strikes).toEqual({ [key]: 1 });
    fake.time += 49 * 3_600_000;
    expect(fake.connect({}, { state }).snapshot().strikes).toEqual({});
    expect(fake.connect({}, { state }).snapshot().guards).toEqual(state.guards);
    fake.time += 240 * 3_600_000;
    expect(fake.connect({}, { state }).snapshot().guards).toEqual([]);
  });

  test.each([
    ["nothing", null],
    ["text", "state"],
    ["another version", { version: 2 }],
    [
      "another network",
      { version: 1, network: "mainnet", savedAt: 1, refreshedAt: 1, nodes: [], guards: [], strikes: {} },
    ],
    ["missing parts", { version: 1, network: "custom" }],
    [
      "wrong parts",
      { version: 1, network: "custom", savedAt: "x", refreshedAt: {}, nodes: [], guards: [], strikes: {} },
    ],
    [
      "wrong entries",
      {
        version: 1,
        network: "custom",
        savedAt: 1,
        refreshedAt: 1,
        nodes: [1, null, {}],
        guards: [3],
        strikes: { a: "b" },
      },
    ],
  ])("%s on disk is no state, and no error", async (_name, state) => {
    const fake = new FakeNetwork(12);
    const network = fake.connect({}, { state });
    expect(network.pool.nodes).toEqual([]);
    await expect(network.nodes()).resolves.toHaveLength(12);
  });

  test("an initial list from the application is used before any seed", async () => {
    const fake = new FakeNetwork(12);
    fake.seedFault = "off";
    const network = fake.connect({ initialNodes: fake.nodes.map(({ node }) => node) });
    await expect(network.call(fake.nodes[0]!.node, STORE)).resolves.toMatchObject({ status: 200 });
    await network.close();
  });
});

function isOnPath(network: Network, key: string): boolean {
  return network.paths.paths.some(({ nodes }) => nodes.some((node) => node.ed25519PublicKey === key));
}
