import fc from "fast-check";
import { MemoryLevel } from "memory-level";
import { Client, type ClientOptions, type SendResult } from "session-messenger-sdk/client";
import { SessionError } from "session-messenger-sdk/errors";
import { decodeMessage, type IncomingText } from "session-messenger-sdk/messages";
import { openStore } from "session-messenger-sdk/store";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { alice, bob } from "./support/accounts.js";
import { FakeNetwork } from "./support/fake-network.js";
import { FakeTimers } from "./support/fake-timers.js";
import { deferred, until } from "./support/wait.js";

let net: FakeNetwork;
let database: MemoryLevel;
let client: Client;
const errors: SessionError[] = [];
const sent: unknown[] = [];

async function open(options: Partial<ClientOptions> = {}): Promise<void> {
  client = await Client.open({
    account: alice,
    network: net.network,
    store: database,
    polling: false,
    sync: false,
    closeTimeoutMs: 100,
    timers: new FakeTimers(),
    ...options,
  });
  client.on("error", (error) => errors.push(error));
  client.on("sent", (message) => sent.push(message));
}

/** Texts in the swarm of `account`, as its owner reads them. */
function inbox(account = bob): IncomingText[] {
  return (net.nodes[0]?.box(account.sessionId, 0) ?? []).map((item) => {
    const result = decodeMessage(item, { account, now: net.time });
    if (result.kind !== "message" || result.message.kind !== "text") throw new Error("not a text");
    return result.message;
  });
}

/** Lets stores in the swarm of `account` fail. */
function failStores(account = bob, times = Number.POSITIVE_INFINITY, status = 500): void {
  let left = times;
  net.intercept = ({ method, params }) =>
    method === "store" && params["pubkey"] === account.sessionId && left-- > 0
      ? { status, body: "Internal Server Error" }
      : undefined;
}

async function outbox(): Promise<unknown[]> {
  const store = await openStore(database);
  const items = await store.outbox();
  await store.close();
  return items;
}

beforeEach(async () => {
  errors.length = 0;
  sent.length = 0;
  net = new FakeNetwork();
  database = new MemoryLevel();
  await open();
});
afterEach(() => client.close());

describe("send", () => {
  test("stores the message with its recipient and a copy in the own swarm", async () => {
    const result = await client.send(bob.sessionId, { text: "hi 👋" });
    const [message] = inbox();
    const [own] = inbox(alice);
    expect(message).toMatchObject({ text: "hi 👋", from: alice.sessionId, outgoing: false });
    expect(own).toMatchObject({
      text: "hi 👋",
      from: alice.sessionId,
      outgoing: true,
      conversation: bob.sessionId,
    });
    expect([message?.timestamp, own?.timestamp]).toEqual([result.timestamp, result.timestamp]);
    expect(result).toMatchObject({ to: bob.sessionId, hash: message?.hash, timestamp: net.time });
    expect(result.synced?.hash).toBe(own?.hash);
    expect(result.stored.swarm).toEqual(
      net.nodes.map(({ info }) => ({ node: info.ed25519PublicKey, ok: true })),
    );
    expect(net.callsOf("store").map(({ params }) => params["pubkey"])).toEqual([
      bob.sessionId,
      alice.sessionId,
    ]);
    const { hash, timestamp } = result;
    expect(sent).toEqual([{ to: bob.sessionId, hash, timestamp, kind: "text" }]);
    expect(await outbox()).toEqual([]);
  });

  test("a note to self is the copy alone, and does not come back to its sender", async () => {
    const texts: string[] = [];
    client.on("message", (message) => texts.push(message.text));
    const result = await client.send(alice.sessionId, { text: "milk" });
    await client.poll();
    expect(net.callsOf("store").length).toBe(1);
    expect(inbox(alice)).toMatchObject([{ text: "milk", outgoing: true, conversation: alice.sessionId }]);
    expect(result.synced?.hash).toBe(result.hash);
    expect(texts).toEqual([]);
  });

  test("a quote goes along", async () => {
    await client.send(bob.sessionId, { text: "yes", quote: { author: bob.sessionId, timestamp: 5 } });
    expect(inbox()).toMatchObject([{ quote: { author: bob.sessionId, timestamp: 5 } }]);
  });

  test("own copies do not come back, not even to the next client on the store", async () => {
    const texts: string[] = [];
    const dropped: unknown[] = [];
    for (let run = 0; run < 2; run++) {
      client.on("message", (message) => texts.push(message.text));
      client.on("dropped", (item) => dropped.push(item));
      if (run === 0) await client.send(bob.sessionId, { text: "hi" });
      expect((await client.poll()).received).toBe(0);
      await client.close();
      await open();
    }
    expect(texts).toEqual([]);
    expect(dropped).toEqual([]);
  });

  test("a copy whose store was believed to have failed does not come back either", async () => {
    const texts: string[] = [];
    client.on("message", (message) => texts.push(message.text));
    let lost = 1;
    net.intercept = ({ method, params, node }) => {
      if (method !== "store" || params["pubkey"] !== alice.sessionId || lost-- <= 0) return undefined;
      net.put(alice.sessionId, new Uint8Array(Buffer.from(String(params["data"]), "base64")), [node]);
      throw new SessionError("TIMEOUT", "no answer");
    };
    await client.send(bob.sessionId, { text: "hi" });
    for (let i = 0; i < 31; i++) await client.poll();
    expect(net.nodes.some((node) => node.box(alice.sessionId, 0).length === 2)).toBe(true);
    expect(texts).toEqual([]);
  });

  describe("refuses before anything is stored or sent", () => {
    const cases: Array<[string, unknown, unknown, string]> = [
      ["a recipient that is no id", "bob", { text: "x" }, "ID_INVALID"],
      ["a recipient cut short", bob.sessionId.slice(0, 65), { text: "x" }, "ID_INVALID"],
      [
        "a recipient with a character that is not hex",
        `${bob.sessionId.slice(0, 65)}g`,
        { text: "x" },
        "ID_INVALID",
      ],
      [
        "somebody unknown by a blinded id",
        `15${bob.sessionId.slice(2)}`,
        { text: "x" },
        "CONVERSATION_UNKNOWN",
      ],
      ["a recipient of another type", 5, { text: "x" }, "ID_INVALID"],
      ["an empty text", bob.sessionId, { text: "" }, "MESSAGE_EMPTY"],
      ["2001 code points", bob.sessionId, { text: "😀".repeat(2001) }, "MESSAGE_TOO_LONG"],
      ["a huge text", bob.sessionId, { text: "x".repeat(5_000_000) }, "MESSAGE_TOO_LONG"],
      ["nothing", bob.sessionId, {}, "MESSAGE_EMPTY"],
      ["a text of another type", bob.sessionId, { text: 5 }, "INVALID_ARGUMENT"],
      ["no content", bob.sessionId, null, "INVALID_ARGUMENT"],
      ["a member that is not sent", bob.sessionId, { text: "x", sticker: 1 }, "INVALID_ARGUMENT"],
      [
        "a quote of nobody",
        bob.sessionId,
        { text: "x", quote: { author: "bob", timestamp: 1 } },
        "ID_INVALID",
      ],
      [
        "a quote of no time",
        bob.sessionId,
        { text: "x", quote: { author: bob.sessionId } },
        "INVALID_ARGUMENT",
      ],
    ];
    for (const [name, to, content, code] of cases) {
      test(name, async () => {
        const promise = client.send(to as string, content as { text: string });
        await expect(promise).rejects.toMatchObject({ name: "SessionError", code });
        expect(net.calls).toEqual([]);
        expect(await outbox()).toEqual([]);
      });
    }
  });

  test("2000 code points go, however many units they are", async () => {
    await client.send(bob.sessionId, { text: "😀".repeat(2000) });
    expect(inbox()[0]?.text.length).toBe(4000);
  });

  test("texts arrive as they were", async () => {
    const char = fc.string({ unit: "binary", minLength: 1, maxLength: 50 });
    await fc.assert(
      fc.asyncProperty(char, async (body) => {
        for (const node of net.nodes) node.boxes.clear();
        await client.send(bob.sessionId, { text: body });
        expect(inbox().map((message) => message.text)).toEqual([body]);
      }),
      { numRuns: 30 * Number(process.env["FC_RUNS"] ?? 1) },
    );
  });
});

describe("timestamps", () => {
  test("differ in a burst, and all messages arrive", async () => {
    const results = await Promise.all(
      Array.from({ length: 40 }, (_, index) => client.send(bob.sessionId, { text: String(index) })),
    );
    const times = results.map(({ timestamp }) => timestamp);
    expect(times).toEqual(Array.from({ length: 40 }, (_, index) => net.time + index));
    expect(new Set(inbox().map((message) => message.text)).size).toBe(40);
  });

  test("differ after reopening, although the clock went back", async () => {
    const first = await client.send(bob.sessionId, { text: "one" });
    await client.close();
    net.time -= 5_000;
    await open();
    const second = await client.send(bob.sessionId, { text: "two" });
    expect(second.timestamp).toBe(first.timestamp + 1);
  });

  test("are of network time, which is asked for if no node has told it", async () => {
    net.clockKnown = false;
    await client.send(bob.sessionId, { text: "one" });
    expect(net.resyncs).toBe(1);
    await client.send(bob.sessionId, { text: "two" });
    expect(net.resyncs).toBe(1);
    expect(inbox().map(({ timestamp }) => timestamp)).toEqual([net.time, net.time + 1]);
  });
});

describe("a swarm that fails", () => {
  test("several attempts, each at another member with a fresh encryption", async () => {
    failStores(bob, 2);
    await client.send(bob.sessionId, { text: "hi" });
    const attempts = net.callsOf("store").slice(0, 3);
    expect(new Set(attempts.map(({ node }) => node)).size).toBe(3);
    expect(new Set(attempts.map(({ params }) => params["data"])).size).toBe(3);
    expect(inbox().length).toBe(1);
    expect(errors).toEqual([]);
  });

  test("at last SEND_FAILED with its cause, and the message is not sent later", async () => {
    failStores();
    const error = await client.send(bob.sessionId, { text: "hi" }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: "SEND_FAILED", cause: { code: "SWARM_SERVER_ERROR" } });
    expect(net.callsOf("store").length).toBe(5);
    expect(await outbox()).toEqual([]);
    expect(JSON.stringify(error)).not.toContain("hi");
  });

  test("403 is final", async () => {
    failStores(bob, 9, 403);
    await expect(client.send(bob.sessionId, { text: "hi" })).rejects.toMatchObject({ code: "SEND_FAILED" });
    expect(net.callsOf("store").length).toBe(1);
  });

  test("a store that no member proves is a failure", async () => {
    net.intercept = ({ method }) =>
      method === "store" ? { status: 200, body: { swarm: {}, hash: "x", t: net.time } } : undefined;
    await expect(client.send(bob.sessionId, { text: "hi" })).rejects.toMatchObject({ code: "SEND_FAILED" });
  });

  test("of the own account: the message is sent, the copy follows", async () => {
    const timers = new FakeTimers();
    await client.close();
    await open({ timers });
    failStores(alice, 5);
    const result = await client.send(bob.sessionId, { text: "hi" });
    expect(result.synced).toBeUndefined();
    expect(inbox().length).toBe(1);
    expect(errors).toMatchObject([{ code: "SYNC_FAILED" }]);
    timers.runNext();
    await until(() => net.nodes[0]?.box(alice.sessionId, 0).length === 1);
    expect(inbox(alice)).toMatchObject([{ outgoing: true, timestamp: result.timestamp }]);
    expect(inbox().length).toBe(1);
    expect(sent.length).toBe(1);
  });

  test("a failing store of the client: nothing is sent", async () => {
    database.hooks.prewrite.add(() => {
      throw new Error("disk full");
    });
    await expect(client.send(bob.sessionId, { text: "hi" })).rejects.toMatchObject({ code: "STORE_FAILED" });
    expect(net.calls).toEqual([]);
  });
});

describe("abort", () => {
  test("before the call: nothing happens", async () => {
    const promise = client.send(
      bob.sessionId,
      { text: "hi" },
      { signal: AbortSignal.abort(new Error("why")) },
    );
    await expect(promise).rejects.toMatchObject({ code: "ABORTED", cause: { message: "why" } });
    expect(net.calls).toEqual([]);
  });

  test("while the network is asked: ABORTED, and nothing is left in the outbox", async () => {
    const controller = new AbortController();
    const gate = deferred();
    net.intercept = async () => {
      await gate.promise;
      return undefined;
    };
    const promise = client.send(bob.sessionId, { text: "hi" }, { signal: controller.signal });
    const waiting = expect(promise).rejects.toMatchObject({ code: "ABORTED" });
    await until(() => net.calls.length > 0);
    controller.abort();
    gate.resolve();
    await waiting;
    expect(await outbox()).toEqual([]);
  });

  test("while others are being sent: at once", async () => {
    const gate = deferred();
    net.intercept = async () => {
      await gate.promise;
      return undefined;
    };
    const others = Array.from({ length: 8 }, () => client.send(bob.sessionId, { text: "slow" }));
    const controller = new AbortController();
    const ninth = client.send(bob.sessionId, { text: "never" }, { signal: controller.signal });
    const waiting = expect(ninth).rejects.toMatchObject({ code: "ABORTED" });
    await until(() => net.calls.length === 8);
    controller.abort();
    await waiting;
    gate.resolve();
    await Promise.all(others);
    expect(inbox().map((message) => message.text)).toEqual(new Array(8).fill("slow"));
  });
});

describe("the outbox", () => {
  /** A client that dies before its network answers: closing does not finish the send. */
  async function die(): Promise<unknown> {
    net.intercept = () => {
      throw new SessionError("ABORTED", "the process is gone");
    };
    const gate = deferred<never>();
    const network = net.network;
    network.call = (_node, _request, options) => {
      options?.signal?.addEventListener("abort", () => gate.reject(new SessionError("ABORTED", "aborted")));
      return gate.promise;
    };
    await client.close();
    await open({ network });
    const outcome = client.send(bob.sessionId, { text: "do not lose me" }).catch((error: unknown) => error);
    await client.close();
    net.intercept = undefined;
    return outcome;
  }

  test("close keeps a message that it could not send, and the next client sends it once", async () => {
    expect(await die()).toMatchObject({ code: "CLOSED" });
    expect(await outbox()).toMatchObject([{ to: bob.sessionId, message: { text: "do not lose me" } }]);
    await open();
    await until(() => sent.length === 1);
    await client.close();
    await open();
    expect(inbox().map((message) => message.text)).toEqual(["do not lose me"]);
    expect(sent.length).toBe(1);
    expect(await outbox()).toEqual([]);
  });

  test("what is resent has the timestamp it had: the recipient sees it once", async () => {
    // Sent, but the process dies before it can note that.
    const before = new MemoryLevel();
    let copied = false;
    net.intercept = async ({ method }) => {
      if (method === "store" && !copied) {
        copied = true;
        for await (const [key, value] of database.iterator()) await before.put(key, value);
      }
      return undefined;
    };
    const result: SendResult = await client.send(bob.sessionId, { text: "once" });
    await client.close();
    database = before;
    await open();
    await until(() => sent.length === 2);
    expect(inbox().map(({ timestamp }) => timestamp)).toEqual([result.timestamp, result.timestamp]);
    const receiver = await Client.open({ account: bob, network: net.network, polling: false });
    const texts: string[] = [];
    receiver.on("message", (message) => texts.push(message.text));
    await receiver.poll();
    await receiver.close();
    expect(texts).toEqual(["once"]);
  });

  test("is tried again with growing pauses while the network fails", async () => {
    await die();
    const timers = new FakeTimers();
    failStores();
    await open({ timers });
    const pauses: Array<number | undefined> = [];
    for (let i = 0; i < 4; i++) {
      await until(() => timers.pauses.length > 0);
      pauses.push(timers.pauses[0]);
      if (i === 3) net.intercept = undefined;
      timers.runNext();
    }
    await until(() => sent.length === 1);
    expect(pauses).toEqual([5_000, 10_000, 20_000, 40_000]);
    expect(errors).toEqual([]);
  }, 20_000);

  test("what the network refuses for good is given up and reported", async () => {
    await die();
    failStores(bob, 9, 403);
    await open();
    await until(() => errors.length > 0);
    expect(errors).toMatchObject([{ code: "SEND_FAILED" }]);
    await client.close();
    expect(await outbox()).toEqual([]);
  });

  test("what is older than a message can be is given up and reported", async () => {
    const store = await openStore(database);
    const old = {
      to: bob.sessionId,
      message: { kind: "text", text: "old" },
      timestamp: net.time - 1_209_600_001,
    };
    await store.write((batch) => batch.addOutbox(old));
    await store.close();
    await client.close();
    await open();
    await until(() => errors.length > 0);
    expect(errors).toMatchObject([{ code: "SEND_FAILED" }]);
    expect(inbox()).toEqual([]);
  });

  test("close lets a running send finish", async () => {
    await client.close();
    await open({ closeTimeoutMs: 10_000 });
    const sending = client.send(bob.sessionId, { text: "last words" });
    await client.close();
    expect((await sending).hash).toBe(inbox()[0]?.hash);
  });
});
