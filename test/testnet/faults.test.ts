import {
  startTestnet,
  type Testnet,
  type TestnetEvent,
  type TestnetNode,
} from "session-messenger-sdk/testnet";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Answer, Caller, DAY, dataOf, firstOf, TestAccount, TestClock } from "./support.js";

let clock: TestClock;
let caller: Caller;
let net: Testnet;
let events: TestnetEvent[];

beforeEach(async () => {
  clock = new TestClock();
  caller = new Caller();
  events = [];
  net = await startTestnet({
    nodes: 6,
    swarms: 1,
    seed: "faults",
    now: clock.now,
    timeouts: { member: 1_000, deadMember: 20, relay: 1_000, deadHop: 20 },
    onEvent: (event) => events.push(event),
  });
});
afterEach(async () => {
  caller.close();
  await net.close();
});

const at = (index: number): TestnetNode => {
  const node = net.nodes[index];
  if (node === undefined) throw new Error(`no node ${index}`);
  return node;
};
const account: TestAccount = new TestAccount("faults");
const store = (text: string, via = at(0)): Promise<Answer> =>
  caller.call(via, "store", {
    pubkey: account.id,
    timestamp: clock.time,
    ttl: DAY,
    data: Buffer.from(text).toString("base64"),
  });
const retrieve = (via: TestnetNode): Promise<Answer> =>
  caller.call(via, "retrieve", account.signed(`retrieve${clock.time}`, { timestamp: clock.time }));
const entryOf = (answer: Answer, node: TestnetNode): unknown => answer.body.swarm[node.ed25519PublicKey];

describe("a node whose database is full", () => {
  it("fails in its swarm's answers, and keeps what it has", async () => {
    await store("before");
    at(0).faults.fill();
    at(1).faults.fill();
    const answer = await store("too much");
    expect([answer.status, answer.body.hash]).toEqual([200, undefined]);
    expect(entryOf(answer, at(0))).toEqual({ failed: true, query_failure: true });
    expect(entryOf(answer, at(1))).toEqual({ failed: 1, query_failure: 1 });
    expect(entryOf(answer, at(2))).toMatchObject({ hash: expect.any(String) });
    expect(dataOf(await retrieve(at(0)))).toEqual(["before"]);
    expect(dataOf(await retrieve(at(2)))).toEqual(["before", "too much"]);
    at(0).faults.clear();
    expect((await store("again")).body.hash).toBeDefined();
  });
});

describe("a node that is switched off", () => {
  it("refuses connections, and keeps port, keys and messages over a restart", async () => {
    await store("kept");
    const { port, ed25519PublicKey } = at(1);
    await at(1).stop();
    expect(at(1).isRunning).toBe(false);
    await expect(caller.call(at(1), "info")).rejects.toThrow("ECONNREFUSED");
    await at(1).start();
    expect(at(1)).toMatchObject({ port, ed25519PublicKey, isRunning: true });
    expect(dataOf(await retrieve(at(1)))).toEqual(["kept"]);
  });

  it("fails in its swarm's answers without failing them", async () => {
    await at(2).stop();
    const answer = await store("one is away");
    expect(answer.status).toBe(200);
    expect(entryOf(answer, at(2))).toEqual({ failed: true, timeout: true });
    expect(entryOf(answer, at(3))).toMatchObject({ hash: answer.body.hash });
  });

  it("gets what it missed when it is back, in order", async () => {
    await at(2).stop();
    const first = await store("first");
    await store("second", at(1));
    const text = `delete${first.body.hash}`;
    await caller.call(at(0), "delete", account.signed(text, { messages: [first.body.hash] }));
    expect(dataOf(await retrieve(at(1)))).toEqual(["second"]);
    await at(2).start();
    expect(dataOf(await retrieve(at(2)))).toEqual(["second"]);
    const late = events.filter((event) => event.type === "late-delivery" && event.to === 2);
    expect(late.map((event) => "outcome" in event && event.outcome)).toEqual([
      ...["kept", "kept", "kept"],
      ...["delivered", "delivered", "delivered"],
    ]);
  });

  it("misses it for good after 95 seconds, or when the keeper goes too", async () => {
    await at(2).stop();
    await at(3).stop();
    await store("lost by time");
    clock.time += 95_001;
    await at(2).start();
    expect(dataOf(await retrieve(at(2)))).toEqual([]);
    await store("lost with the keeper", at(1));
    await at(1).stop();
    await at(3).start();
    expect(dataOf(await retrieve(at(3)))).toEqual([]);
    const lost = events.filter((event) => event.type === "late-delivery" && event.outcome === "lost");
    expect(lost.map((event) => event.node)).toEqual([0, 1, 0]);
  });

  it("answers a member that still waits for it when it is back in time", async () => {
    await using patient = await startTestnet({ nodes: 2, now: clock.now, timeouts: { deadMember: 60_000 } });
    const [asked, away] = patient.nodes;
    if (asked === undefined || away === undefined) throw new Error("no nodes");
    await away.stop();
    let isKept: () => void = () => {};
    const kept = new Promise<void>((resolve) => {
      isKept = resolve;
    });
    patient.on((event) => event.type === "late-delivery" && isKept());
    const answer = store("waited for", asked);
    await kept;
    await away.start();
    expect(entryOf(await answer, away)).toMatchObject({ hash: (await answer).body.hash });
  });

  it("starts and stops twice without harm", async () => {
    await at(4).start();
    await at(4).stop();
    await at(4).stop();
    await Promise.all([at(4).start(), at(4).start()]);
    expect((await caller.call(at(4), "info")).status).toBe(200);
  });
});

describe("a node that leaves its swarm", () => {
  it("is not ready, is in no list, and gets pushed what it missed when it joins again", async () => {
    await at(5).leave();
    const refused = await caller.call(at(5), "info");
    expect([refused.status, refused.text]).toEqual([503, "Service node is not ready: not in any swarm\n"]);
    expect(at(5).swarmId).toBe(2n ** 64n - 1n);
    const answer = await store("while it is out");
    expect(Object.keys(answer.body.swarm)).toHaveLength(5);
    expect(net.swarmOf(account.id)).not.toContain(at(5));

    clock.time += 1000;
    await at(5).join();
    expect(dataOf(await retrieve(at(5)))).toEqual(["while it is out"]);
    expect(net.messagesOf(account.id)).toMatchObject([
      { timestamp: clock.time - 1000, nodes: [0, 1, 2, 3, 4, 5] },
    ]);
  });

  it("takes its messages along to another swarm when its own dissolves with it", async () => {
    await at(5).join(1n);
    const here = net.swarmOf(account.id);
    await store("moves", here[0]);
    for (const node of here) await node.leave();
    const there = net.swarmOf(account.id);
    expect(there).toHaveLength(6 - here.length);
    for (const node of there) expect(dataOf(await retrieve(node))).toEqual(["moves"]);
  });

  it("answers with the right swarm where it no longer belongs", async () => {
    await at(5).join(1n);
    const here = net.swarmOf(account.id).includes(at(5)) ? at(5) : at(0);
    const elsewhere = here === at(5) ? at(0) : at(5);
    const answer = await store("misdirected", elsewhere);
    expect(answer.status).toBe(421);
    expect(answer.body.swarm).toBe(here.swarmId.toString(16));
    expect(answer.body.snodes.map(({ port_https }: { port_https: number }) => port_https)).toEqual(
      net.nodes.filter(({ swarmId }) => swarmId === here.swarmId).map(({ port }) => port),
    );
  });
});

describe("faults", () => {
  it("make a node answer late", async () => {
    at(0).faults.delay(50);
    const started = performance.now();
    expect((await caller.call(at(0), "info")).status).toBe(200);
    expect(performance.now() - started).toBeGreaterThanOrEqual(45);
    expect(events).toContainEqual({ type: "fault", node: 0, fault: "delay" });
  });

  it("make a node silent: to clients, and in its swarm", async () => {
    at(1).faults.drop();
    const silent = caller.call(at(1), "info").catch((error: Error) => error.message);
    const answer = await store("one is silent");
    expect(entryOf(answer, at(1))).toEqual({ failed: true, timeout: true });
    // Ends with the node: a silent node never answers by itself.
    await at(1).stop();
    expect(await silent).toMatch(/socket hang up|ECONNRESET/);
  });

  it("drop a share of the requests, the same ones with the same seed", async () => {
    const dropped = async (): Promise<number[]> => {
      await using own = await startTestnet({ nodes: 1, seed: "share", now: clock.now });
      const seen: number[] = [];
      own.on((event) => event.type === "fault" && seen.push(requests));
      let requests = 0;
      firstOf(own.nodes).faults.drop(0.5);
      const answers = Array.from({ length: 20 }, async (_, index) => {
        requests = index;
        return caller.call(firstOf(own.nodes), "info").catch(() => undefined);
      });
      while (firstOf(own.nodes).counters.requests < 20) await new Promise((resolve) => setImmediate(resolve));
      await own.close();
      await Promise.all(answers);
      return [seen.length];
    };
    const [first = 0] = await dropped();
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThan(20);
    expect(await dropped()).toEqual([first]);
  });

  it("make a node answer garbage", async () => {
    at(0).faults.garbage(true);
    const bytes = await caller.https.ask(at(0).port, infoRequest);
    expect([bytes.status, bytes.body.length]).toEqual([200, 300]);
    at(0).faults.garbage("truncated");
    await expect(caller.https.ask(at(0).port, infoRequest)).rejects.toThrow(/aborted|ECONNRESET|hang up/);
    at(0).faults.garbage("reset");
    await expect(caller.https.ask(at(0).port, infoRequest)).rejects.toThrow(/ECONNRESET|hang up/);
    at(0).faults.garbage("oversize");
    const oversize = await caller.https.ask(at(0).port, infoRequest);
    expect(oversize.body.length).toBeGreaterThan(16 * 1024 * 1024);
    at(0).faults.garbage(false);
    expect((await caller.call(at(0), "info")).status).toBe(200);
  });

  it("make a member's answer unreadable to the others", async () => {
    at(3).faults.garbage("bytes");
    expect(entryOf(await store("garbled"), at(3))).toEqual({ failed: true, bad_peer_response: true });
    at(3).faults.garbage("truncated");
    expect(entryOf(await store("cut"), at(3))).toEqual({ failed: true, bad_peer_response: true });
  });

  it("put a node's clock wrong: it refuses what is signed now, and its refusal shows in the swarm", async () => {
    at(4).faults.skewClock(-61_000);
    const info = await caller.call(at(4), "info");
    expect(info.body.timestamp).toBe(clock.time - 61_000);
    expect((await retrieve(at(4))).status).toBe(406);
    const answer = await store("from the future", at(0));
    expect(entryOf(answer, at(4))).toEqual({
      failed: true,
      code: "406",
      reason: "Timestamp error: check your clock",
    });
  });

  it("hide a node from the lists while it goes on serving", async () => {
    at(2).faults.hide();
    const list = await caller.call(at(0), "oxend_request", {
      endpoint: "get_service_nodes",
      params: { fields: ["pubkey_ed25519"] },
    });
    const listed = list.body.result.service_node_states.map(
      (state: { pubkey_ed25519: string }) => state.pubkey_ed25519,
    );
    expect(listed).not.toContain(at(2).ed25519PublicKey);
    expect(listed).toHaveLength(5);
    expect(entryOf(await store("hidden member"), at(2))).toHaveProperty("hash");
  });

  it("go away together", async () => {
    const { faults } = at(0);
    faults.delay(60_000);
    faults.drop();
    faults.garbage("reset");
    faults.skewClock(1e6);
    faults.hide();
    faults.clear();
    expect((await caller.call(at(0), "info")).body.t).toBe(clock.time);
    expect(() => faults.drop(2)).toThrow();
    expect(() => faults.delay(-1)).toThrow();
    expect(() => faults.skewClock(Number.NaN)).toThrow();
  });

  it("do not keep the network from closing", async () => {
    await using stuck = await startTestnet({ nodes: 2, now: clock.now });
    const [late, silent] = stuck.nodes;
    late?.faults.delay(3_600_000);
    silent?.faults.drop();
    const answers = [late, silent].map((node) =>
      node === undefined ? undefined : caller.call(node, "info").catch(() => "ended"),
    );
    while ((silent?.counters.requests ?? 1) + (late?.counters.requests ?? 1) < 2) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    await stuck.close();
    expect(await Promise.all(answers)).toEqual(["ended", "ended"]);
  });
});

const infoRequest: Parameters<Caller["https"]["ask"]>[1] = {
  method: "POST",
  path: "/storage_rpc/v1",
  body: Buffer.from('{"method":"info","params":{}}'),
};
