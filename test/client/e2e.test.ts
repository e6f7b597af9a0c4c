import {
  Client,
  createAccount,
  customNetwork,
  type ReceivedText,
  type SessionError,
} from "session-messenger-sdk";
import { connectNetwork } from "session-messenger-sdk/network";
import { startTestnet, type Testnet } from "session-messenger-sdk/testnet";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";

let net: Testnet;
const opened: Client[] = [];

async function open(options: Partial<Parameters<typeof Client.open>[0]> = {}): Promise<Client> {
  const client = await Client.open({ network: net.network, polling: false, ...options });
  opened.push(client);
  return client;
}

/** Texts as they come. */
function collect(client: Client): ReceivedText[] {
  const messages: ReceivedText[] = [];
  client.on("message", (message) => messages.push(message));
  return messages;
}

const bodies = (messages: readonly ReceivedText[]): string[] => messages.map(({ text }) => text);

beforeAll(async () => {
  net = await startTestnet({ nodes: 12, swarms: 2, seed: "client" });
});
afterAll(() => net.close());
afterEach(async () => {
  for (const client of opened.splice(0)) await client.close();
  for (const node of net.nodes) {
    node.faults.clear();
    if (!node.isRunning) await node.start();
  }
});

describe("two accounts", () => {
  test("write to each other through three hops", async () => {
    const alice = await open();
    const bob = await open();
    const atAlice = collect(alice);
    const atBob = collect(bob);
    const there = await alice.send(bob.sessionId, { text: "hi bob 👋" });
    await bob.poll();
    const back = await bob.send(alice.sessionId, {
      text: "hi alice",
      quote: { author: alice.sessionId, timestamp: there.timestamp },
    });
    await alice.poll();
    expect(atBob).toMatchObject([
      {
        text: "hi bob 👋",
        from: alice.sessionId,
        timestamp: there.timestamp,
        hash: there.hash,
        outgoing: false,
      },
    ]);
    expect(atAlice).toMatchObject([
      {
        text: "hi alice",
        from: bob.sessionId,
        timestamp: back.timestamp,
        quote: { timestamp: there.timestamp },
      },
    ]);
    expect(there.stored.path.length).toBe(3);
    expect(new Set([...there.stored.path, there.stored.node].map((node) => node.ed25519PublicKey)).size).toBe(
      4,
    );
    const swarm = net.swarmOf(bob.sessionId).map((node) => node.ed25519PublicKey);
    expect(there.stored.swarm.map(({ node }) => node).sort()).toEqual([...swarm].sort());
    expect(there.stored.swarm.every(({ ok }) => ok)).toBe(true);
    expect(net.messagesOf(bob.sessionId).map(({ hash }) => hash)).toContain(there.hash);
    expect(net.messagesOf(alice.sessionId).map(({ hash }) => hash)).toContain(there.synced?.hash);
  });

  test("get by iterator what comes while the client polls by itself", async () => {
    const alice = await open();
    const bob = await open({ polling: { activeMs: 20, idleMs: 20 } });
    const sent = ["one", "two", "three"];
    const read = (async () => {
      const got: string[] = [];
      for await (const message of bob.messages()) {
        got.push(message.text);
        if (got.length === sent.length) break;
      }
      return got;
    })();
    for (const text of sent) await alice.send(bob.sessionId, { text });
    expect(await read).toEqual(sent);
  });

  test("send bursts: all arrive, with timestamps of their own", async () => {
    const alice = await open();
    const bob = await open();
    const atBob = collect(bob);
    const texts = Array.from({ length: 30 }, (_, index) => `burst ${index}`);
    const results = await Promise.all(texts.map((text) => alice.send(bob.sessionId, { text })));
    expect(new Set(results.map(({ timestamp }) => timestamp)).size).toBe(30);
    await bob.poll();
    expect(bodies(atBob).sort()).toEqual([...texts].sort());
  });

  test("in one process share a network, which stays open until it is closed", async () => {
    const network = connectNetwork(net.network);
    const clients = await Promise.all(Array.from({ length: 4 }, () => open({ network })));
    const [first, ...others] = clients;
    for (const other of others) await first?.send(other.sessionId, { text: "to all" });
    for (const other of others) {
      const got = collect(other);
      await other.poll();
      expect(bodies(got)).toEqual(["to all"]);
      await other.close();
    }
    expect((await first?.send(others[0]?.sessionId ?? "", { text: "later" }))?.hash).toBeDefined();
    await network.close();
  });
});

describe("one account on two devices", () => {
  test("sees on each what the other one sent, notes to self too", async () => {
    const account = createAccount();
    const phone = await open({ account });
    const laptop = await open({ account });
    const bob = await open();
    const onPhone = collect(phone);
    const onLaptop = collect(laptop);
    await phone.send(bob.sessionId, { text: "from the phone" });
    await laptop.send(account.sessionId, { text: "note" });
    await phone.poll();
    await laptop.poll();
    expect(onLaptop).toMatchObject([{ text: "from the phone", outgoing: true, conversation: bob.sessionId }]);
    expect(onPhone).toMatchObject([{ text: "note", outgoing: true, conversation: account.sessionId }]);
  });
});

describe("trouble in the network", () => {
  test("two swarm members and a guard stop: messages go on", async () => {
    const alice = await open();
    const bob = await open();
    const atBob = collect(bob);
    const first = await alice.send(bob.sessionId, { text: "before" });
    await bob.poll();
    const guard = net.nodes.find((node) => node.ed25519PublicKey === first.stored.path[0]?.ed25519PublicKey);
    const members = net.swarmOf(bob.sessionId).filter((node) => node !== guard);
    await Promise.all([guard, ...members.slice(0, 2)].map((node) => node?.stop()));
    const second = await alice.send(bob.sessionId, { text: "meanwhile" });
    expect(second.stored.swarm.some(({ ok }) => ok)).toBe(true);
    await bob.poll();
    await Promise.all([guard, ...members.slice(0, 2)].map((node) => node?.start()));
    await alice.send(bob.sessionId, { text: "after" });
    await bob.poll();
    expect(bodies(atBob)).toEqual(["before", "meanwhile", "after"]);
  }, 60_000);

  test("members with wrong clocks and members that answer garbage: messages go on, each once", async () => {
    const alice = await open();
    const bob = await open();
    const atBob = collect(bob);
    const errors: SessionError[] = [];
    bob.on("error", (error) => errors.push(error));
    const [early, late, liar] = net.swarmOf(bob.sessionId);
    early?.faults.skewClock(-3_600_000);
    late?.faults.skewClock(3_600_000);
    liar?.faults.garbage("bytes");
    for (let i = 0; i < 4; i++) {
      await alice.send(bob.sessionId, { text: `message ${i}` });
      await bob.poll();
    }
    for (const node of [early, late, liar]) node?.faults.clear();
    // The liar was a hop as well, so good members may have been blamed and dropped, until the list is refreshed.
    await bob.network.pool.refill();
    // A member that refused or lost a message lacks it for good: ask them all.
    for (let i = 0; i < 25; i++) await bob.poll();
    expect(bodies(atBob).sort()).toEqual(["message 0", "message 1", "message 2", "message 3"]);
    expect(errors).toEqual([]);
  }, 60_000);

  test("a client whose own clock is wrong sends and receives, with network time", async () => {
    const wrong = (): number => Date.now() + 7_200_000;
    const alice = await open({ now: wrong });
    const bob = await open({ now: wrong });
    const atBob = collect(bob);
    const before = Date.now();
    const { timestamp } = await alice.send(bob.sessionId, { text: "what time is it?" });
    await bob.poll();
    expect(Math.abs(timestamp - before)).toBeLessThan(60_000);
    expect(bodies(atBob)).toEqual(["what time is it?"]);
  });

  test("nothing answers: typed errors, and afterwards all goes on", async () => {
    const quick = {
      ...net.network,
      timeouts: { ...net.network.timeouts, request: 300, overall: 1500, guardTest: 300 },
    };
    const alice = await open({ network: quick });
    const bob = await open({ network: quick });
    const atBob = collect(bob);
    await alice.send(bob.sessionId, { text: "one" });
    for (const node of net.nodes) await node.stop();
    await expect(alice.send(bob.sessionId, { text: "lost" })).rejects.toMatchObject({
      name: "SessionError",
      code: "SEND_FAILED",
    });
    await expect(bob.poll()).rejects.toMatchObject({ name: "SessionError", code: "POLL_FAILED" });
    for (const node of net.nodes) await node.start();
    await alice.send(bob.sessionId, { text: "two" });
    await bob.poll();
    expect(bodies(atBob)).toEqual(["one", "two"]);
  }, 60_000);

  test("abort ends a send that hangs", async () => {
    const alice = await open();
    const bob = await open();
    await alice.send(bob.sessionId, { text: "warm up" });
    for (const node of net.nodes) node.faults.drop(1);
    const controller = new AbortController();
    const sending = alice.send(bob.sessionId, { text: "hangs" }, { signal: controller.signal });
    const waiting = expect(sending).rejects.toMatchObject({ name: "SessionError", code: "ABORTED" });
    const stop = net.on(() => controller.abort());
    await waiting;
    stop();
  });
});

test("a name resolves to its Session ID", async () => {
  const alice = await open();
  const bob = await open();
  net.registerName("bob", bob.sessionId);
  expect(await alice.resolveName("bob")).toBe(bob.sessionId);
  await expect(alice.resolveName("nobody")).rejects.toMatchObject({ code: "SWARM_NAME_NOT_REGISTERED" });
  await expect(alice.resolveName("not a name!")).rejects.toMatchObject({ code: "NAME_INVALID" });
});

test("a seed URL is network enough", async () => {
  const alice = await open({ network: customNetwork({ seeds: [net.seedUrl], allowPrivateAddresses: true }) });
  expect((await alice.send(alice.sessionId, { text: "note" })).stored.path.length).toBe(3);
});
