import { MemoryLevel } from "memory-level";
import { Client, type ClientOptions } from "session-messenger-sdk/client";
import { SessionError } from "session-messenger-sdk/errors";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { alice, bob, text } from "./support/accounts.js";
import { FakeNetwork, type FakeNode } from "./support/fake-network.js";
import { FakeTimers } from "./support/fake-timers.js";
import { deferred, until } from "./support/wait.js";

let net: FakeNetwork;
let client: Client;
let database: MemoryLevel;
const errors: SessionError[] = [];

async function open(options: Partial<ClientOptions> = {}): Promise<Client> {
  client = await Client.open({
    account: bob,
    network: net.network,
    store: database,
    polling: false,
    sync: false,
    closeTimeoutMs: 50,
    ...options,
  });
  client.on("error", (error) => errors.push(error));
  return client;
}

function collect(): string[] {
  const texts: string[] = [];
  client.on("message", (message) => texts.push(message.text));
  return texts;
}

function send(...bodies: string[]): void {
  for (const body of bodies) net.put(bob.sessionId, text(alice, bob, body, net.time++));
}

const retrieves = (): ReturnType<FakeNetwork["callsOf"]> => net.callsOf("retrieve");

beforeEach(() => {
  errors.length = 0;
  net = new FakeNetwork();
  database = new MemoryLevel();
});
afterEach(() => client.close());

describe("a poll", () => {
  test("is one batch with a signed retrieve of namespace 0 and the node's own cursor", async () => {
    await open();
    const { hash } = net.put(bob.sessionId, text(alice, bob, "one", 1));
    await client.poll();
    await client.poll();
    expect(net.calls.map(({ method }) => method)).toEqual(["batch", "retrieve", "batch", "retrieve"]);
    const [first, second] = retrieves();
    expect(first?.params).toMatchObject({
      namespace: 0,
      pubkey: bob.sessionId,
      last_hash: "",
      timestamp: net.time,
    });
    expect(first?.params).not.toHaveProperty("maxSize");
    expect(second?.params).toMatchObject({ last_hash: hash });
    expect(second?.node).toBe(first?.node);
  });

  test("a new client goes on from the cursors in the store", async () => {
    net = new FakeNetwork(1);
    await open();
    send("one", "two");
    const last = net.nodes[0]?.box(bob.sessionId, 0).at(-1)?.hash;
    await client.poll();
    await client.close();
    await open();
    await client.poll();
    expect(retrieves().at(-1)?.params["last_hash"]).toBe(last);
  });

  test("a cursor is given up when its message has expired", async () => {
    net = new FakeNetwork(1);
    await open();
    send("one");
    await client.poll();
    net.time += 1_209_600_001;
    await client.poll();
    expect(retrieves().map(({ params }) => params["last_hash"])).toEqual(["", ""]);
  });

  test("changes to another member now and then, each with its own cursor", async () => {
    await open();
    send("one");
    for (let i = 0; i < 31; i++) await client.poll();
    const nodes = retrieves().map(({ node }) => node);
    expect(new Set(nodes.slice(0, 30))).toEqual(new Set(net.nodes));
    for (const node of net.nodes) {
      const own = retrieves().filter((call) => call.node === node);
      expect(own[0]?.params["last_hash"]).toBe("");
      expect(own[1]?.params["last_hash"]).not.toBe("");
    }
  });

  test("goes on with the same member while there is more", async () => {
    await open();
    const texts = collect();
    for (const node of net.nodes) node.pageSize = 3;
    send("1", "2", "3", "4", "5", "6", "7");
    expect((await client.poll()).received).toBe(7);
    expect(texts).toEqual(["1", "2", "3", "4", "5", "6", "7"]);
    expect(retrieves().length).toBe(3);
    expect(new Set(retrieves().map(({ node }) => node)).size).toBe(1);
  });

  test("ends although a member always claims to have more", async () => {
    await open();
    send("one");
    net.intercept = ({ node, method }) => {
      if (method !== "retrieve") return undefined;
      return { status: 200, body: { messages: node.box(bob.sessionId, 0), more: true, t: net.time } };
    };
    await client.poll();
    expect(retrieves().length).toBeLessThan(5);
  });

  test("ends although a member has ever new messages", async () => {
    await open();
    let count = 0;
    net.intercept = ({ node, method }) => {
      if (method !== "retrieve") return undefined;
      const message = net.put(bob.sessionId, text(alice, bob, "flood", ++count), [node]);
      return { status: 200, body: { messages: [message], more: true, t: net.time } };
    };
    expect((await client.poll()).received).toBe(20);
  });

  test("never overlaps another one, and one more sees what came meanwhile", async () => {
    await open();
    const texts = collect();
    const gate = deferred();
    let running = 0;
    let most = 0;
    net.intercept = async ({ method }) => {
      if (method !== "batch") return undefined;
      most = Math.max(most, ++running);
      if (net.callsOf("batch").length === 1) await gate.promise;
      running--;
      return undefined;
    };
    const first = client.poll();
    await until(() => running === 1);
    send("late");
    const others = [client.poll(), client.poll(), client.poll()];
    gate.resolve();
    await Promise.all([first, ...others]);
    expect(most).toBe(1);
    expect(net.callsOf("batch").length).toBe(2);
    expect(texts).toEqual(["late"]);
  });

  test("can be left by its caller", async () => {
    await open();
    const gate = deferred();
    net.intercept = async () => {
      await gate.promise;
      return undefined;
    };
    const controller = new AbortController();
    const poll = client.poll({ signal: controller.signal });
    const waiting = expect(poll).rejects.toMatchObject({ name: "SessionError", code: "ABORTED" });
    await until(() => net.calls.length > 0);
    controller.abort();
    await waiting;
    gate.resolve();
    await expect(client.poll({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "ABORTED" });
    await client.poll();
  });

  test("ends with CLOSED when the client closes", async () => {
    await open();
    net.intercept = ({ method }) => (method === "batch" ? new Promise(() => {}) : undefined);
    const network = net.network;
    const call = network.call.bind(network);
    // A network ends its calls when their signal aborts.
    network.call = (node, request, options) =>
      Promise.race([
        call(node, request, options),
        new Promise<never>((_resolve, reject) =>
          options?.signal?.addEventListener("abort", () => reject(new SessionError("ABORTED", "aborted"))),
        ),
      ]);
    await client.close();
    await open({ network });
    const poll = client.poll();
    const waiting = expect(poll).rejects.toMatchObject({ code: "CLOSED" });
    await until(() => net.calls.length > 0);
    await client.close();
    await waiting;
  });
});

describe("a member that fails", () => {
  /** Fails at the first members asked, then answers. */
  function failing(count: number, fail: (node: FakeNode) => { status: number; body: unknown }): void {
    const failed = new Set<FakeNode>();
    net.intercept = ({ node, method }) => {
      if (method !== "batch") return undefined;
      if (!failed.has(node) && failed.size >= count) return undefined;
      failed.add(node);
      return fail(node);
    };
  }

  const batchOf = (code: number, body: unknown) => () => ({
    status: 200,
    body: { results: [{ code, body }] },
  });
  const faults: Record<string, () => { status: number; body: unknown }> = {
    "with 500": () => ({ status: 500, body: "Internal Server Error" }),
    "with 503": () => ({ status: 503, body: "Snode not ready" }),
    "with text": () => ({ status: 200, body: "garbage" }),
    "with null": () => ({ status: 200, body: null }),
    "with no results": () => ({ status: 200, body: { results: [] } }),
    "in the sub-request with 401": batchOf(401, "retrieve signature verification failed"),
    "in the sub-request with 421": batchOf(421, { snodes: [], swarm: "ffffffffffffffff" }),
    "in the sub-request with 500": batchOf(500, "Internal Server Error"),
    "in the sub-request with a body without messages": batchOf(200, {}),
    "in the sub-request with messages that are none": batchOf(200, { messages: [5, null, {}], more: false }),
    "in the sub-request with a body that is text": batchOf(200, "garbage"),
    "in the sub-request with a code that is none": batchOf(0, {}),
  };
  for (const [name, fault] of Object.entries(faults)) {
    test(`${name}: another one is asked`, async () => {
      await open();
      const texts = collect();
      send("one");
      failing(1, fault);
      const report = await client.poll();
      expect(texts).toEqual(["one"]);
      expect(report.received).toBe(1);
      expect(errors).toEqual([]);
    });

    test(`${name}, and all others too: POLL_FAILED, and later it goes on`, async () => {
      await open();
      const texts = collect();
      send("one");
      failing(3, fault);
      const error = await client.poll().catch((caught: unknown) => caught);
      expect(error).toMatchObject({ name: "SessionError", code: "POLL_FAILED" });
      expect((error as SessionError).cause).toBeInstanceOf(SessionError);
      net.intercept = undefined;
      await client.poll();
      expect(texts).toEqual(["one"]);
    });
  }

  test("by being gone: another one is asked", async () => {
    await open();
    const texts = collect();
    send("one");
    for (const node of net.nodes.slice(1)) node.down = true;
    await client.poll();
    expect(texts).toEqual(["one"]);
  });

  test("with 421 and the true swarm: that one is asked", async () => {
    net = new FakeNetwork(6);
    const [wrong, ...rest] = net.nodes;
    await open();
    const texts = collect();
    net.put(bob.sessionId, text(alice, bob, "moved", 1), rest.slice(3));
    const snodes = rest.slice(3).map(({ info }) => ({
      ip: info.ip,
      port_https: info.port,
      pubkey_ed25519: info.ed25519PublicKey,
      pubkey_x25519: info.x25519PublicKey,
    }));
    net.intercept = ({ node, method }) =>
      method === "batch" && (node === wrong || !rest.slice(3).includes(node))
        ? { status: 200, body: { results: [{ code: 421, body: { snodes, swarm: "1" } }] } }
        : undefined;
    await client.poll();
    expect(texts).toEqual(["moved"]);
  });

  test("by refusing our time: the clock is set", async () => {
    await open();
    const texts = collect();
    send("one");
    net.intercept = ({ method }) =>
      method === "batch" && net.resyncs === 0
        ? {
            status: 200,
            body: { results: [{ code: 406, body: "retrieve timestamp too far from current time" }] },
          }
        : undefined;
    await client.poll().catch(() => {});
    await client.poll();
    expect(net.resyncs).toBeGreaterThan(0);
    expect(texts).toEqual(["one"]);
  });
});

describe("polling by itself", () => {
  let timers: FakeTimers;
  beforeEach(async () => {
    timers = new FakeTimers();
    await open({ timers, now: () => timers.time, random: () => 0.5, polling: {} });
  });

  /** Runs the next timer and waits for the poll that it starts. */
  async function tick(): Promise<void> {
    let polled = false;
    const off = client.on("poll", () => {
      polled = true;
    });
    timers.runNext();
    await until(() => polled && timers.pauses.length > 0);
    off();
  }

  test("starts with the first consumer and ends with the last", async () => {
    expect(timers.pauses).toEqual([]);
    const off = client.on("message", () => {});
    const stream = client.messages();
    expect(timers.pauses).toEqual([0]);
    await tick();
    off();
    expect(timers.pauses).toEqual([3000]);
    await stream.return?.();
    expect(timers.pauses).toEqual([]);
  });

  test("is quick after a message, then slower and slower, and quick again", async () => {
    client.on("message", () => {});
    const pauses: Array<number | undefined> = [];
    for (let i = 0; i < 30; i++) {
      await tick();
      pauses.push(timers.pauses[0]);
    }
    expect(pauses.slice(0, 21)).toEqual(new Array(21).fill(3000));
    expect(pauses.slice(21, 26)).toEqual([4500, 6750, 10125, 15000, 15000]);
    send("news");
    await tick();
    expect(timers.pauses).toEqual([3000]);
  });

  test("is quick again after sending", async () => {
    client.on("message", () => {});
    for (let i = 0; i < 30; i++) await tick();
    expect(timers.pauses).toEqual([15_000]);
    await client.send(alice.sessionId, { text: "hello?" });
    expect(timers.pauses).toEqual([3000]);
  });

  test("backs off while it fails, tells once, and recovers", async () => {
    const texts = collect();
    for (const node of net.nodes) node.down = true;
    const pauses: Array<number | undefined> = [];
    for (let i = 0; i < 6; i++) {
      await tick();
      pauses.push(timers.pauses[0]);
    }
    expect(pauses).toEqual([6000, 12_000, 24_000, 48_000, 60_000, 60_000]);
    expect(errors).toMatchObject([{ code: "POLL_FAILED" }]);
    for (const node of net.nodes) node.down = false;
    send("after the outage");
    await tick();
    expect(texts).toEqual(["after the outage"]);
    expect(timers.pauses).toEqual([3000]);
  });

  test("does not begin the next poll before the last one is processed", async () => {
    const gate = deferred();
    let started = false;
    client.on("message", () => {
      started = true;
      return gate.promise;
    });
    send("slow");
    timers.runNext();
    await until(() => started);
    expect(timers.pauses).toEqual([]);
    gate.resolve();
    await until(() => timers.pauses.length > 0);
    expect(net.callsOf("batch").length).toBe(1);
  });
});
