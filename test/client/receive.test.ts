import { MemoryLevel } from "memory-level";
import type { ReceivedText } from "session-messenger-sdk/client";
import { Client } from "session-messenger-sdk/client";
import type { SessionError } from "session-messenger-sdk/errors";
import { openStore } from "session-messenger-sdk/store";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { alice, bob, copy, text } from "./support/accounts.js";
import { FakeNetwork } from "./support/fake-network.js";
import { deferred, until } from "./support/wait.js";

let net: FakeNetwork;
let database: MemoryLevel;
let client: Client;
const errors: SessionError[] = [];
const dropped: Array<{ rule: string; reason: string; hash: string }> = [];

async function open(): Promise<Client> {
  const opened = await Client.open({
    account: bob,
    network: net.network,
    store: database,
    polling: false,
    sync: false,
    closeTimeoutMs: 50,
  });
  opened.on("error", (error) => errors.push(error));
  opened.on("dropped", (item) => dropped.push(item));
  return opened;
}

async function reopen(): Promise<void> {
  await client.close();
  client = await open();
}

/** Takes texts and returns them as they come. */
function collect(from: Client = client): string[] {
  const texts: string[] = [];
  from.on("message", (message) => texts.push(message.text));
  return texts;
}

/** Puts `bodies` into bob's swarm. */
function send(...bodies: string[]): void {
  for (const body of bodies) net.put(bob.sessionId, text(alice, bob, body, net.time++));
}

beforeEach(async () => {
  errors.length = 0;
  dropped.length = 0;
  net = new FakeNetwork();
  database = new MemoryLevel();
  client = await open();
});
afterEach(() => client.close());

describe("delivery", () => {
  test("a text comes with all that belongs to it", async () => {
    const got: ReceivedText[] = [];
    client.on("message", (message) => got.push(message));
    const sentAt = net.time;
    const { hash } = net.put(bob.sessionId, text(alice, bob, "hi 👋", sentAt));
    const report = await client.poll();
    expect(report.received).toBe(1);
    expect(net.nodes.map(({ info }) => info.ed25519PublicKey)).toContain(report.node);
    expect(got).toMatchObject([
      {
        kind: "text",
        from: alice.sessionId,
        conversation: alice.sessionId,
        outgoing: false,
        text: "hi 👋",
        timestamp: sentAt,
        hash,
        attachments: [],
      },
    ]);
  });

  test("handlers and iterators get the same messages in the same order", async () => {
    const first = collect();
    const stream = client.messages();
    const second = collect();
    const third: string[] = [];
    send("one", "two", "three");
    await client.poll();
    send("four");
    await client.poll();
    for await (const message of stream) {
      third.push(message.text);
      if (third.length === 4) break;
    }
    for (const texts of [first, second, third]) expect(texts).toEqual(["one", "two", "three", "four"]);
  });

  test("an asynchronous handler is waited for before the next message", async () => {
    const log: string[] = [];
    const gate = deferred();
    client.on("message", async ({ text: body }) => {
      log.push(`start ${body}`);
      if (body === "one") await gate.promise;
      log.push(`end ${body}`);
    });
    send("one", "two");
    const poll = client.poll();
    await until(() => log.length > 0);
    expect(log).toEqual(["start one"]);
    gate.resolve();
    await poll;
    expect(log).toEqual(["start one", "end one", "start two", "end two"]);
  });

  test("nothing is delivered twice: not by other polls, nodes, orders or after reopening", async () => {
    const texts = collect();
    send("one", "two", "three");
    net.nodes[1]?.box(bob.sessionId, 0).reverse();
    for (let i = 0; i < 25; i++) await client.poll();
    expect(new Set(net.callsOf("batch").map(({ node }) => node)).size).toBe(3);
    await reopen();
    const after = collect();
    for (let i = 0; i < 25; i++) await client.poll();
    expect(texts.sort()).toEqual(["one", "three", "two"]);
    expect(after).toEqual([]);
    expect(dropped).toEqual([]);
  });

  test("messages wait for someone who takes them", async () => {
    send("early");
    await client.poll();
    await reopen();
    const texts = collect();
    await client.poll();
    expect(texts).toEqual(["early"]);
  });

  test("a text waits although another kind has its handler", async () => {
    client.on("reaction", () => {});
    send("text");
    await client.poll();
    const texts = collect();
    await client.poll();
    expect(texts).toEqual(["text"]);
  });

  test("a handler that was taken off is not called", async () => {
    const texts: string[] = [];
    const off = client.on("message", (message) => texts.push(message.text));
    off();
    send("one");
    await client.poll();
    expect(texts).toEqual([]);
  });

  test("a copy from another device comes as outgoing, a foreign one is dropped", async () => {
    const got: ReceivedText[] = [];
    client.on("message", (message) => got.push(message));
    net.put(bob.sessionId, copy(bob, alice, "from my other device", 1_799_999_999_999));
    await client.poll();
    expect(got).toMatchObject([
      { outgoing: true, from: bob.sessionId, conversation: alice.sessionId, text: "from my other device" },
    ]);
  });
});

describe("at least once", () => {
  test("a handler that throws loses nothing and stops nothing", async () => {
    const log: string[] = [];
    let fail = true;
    client.on("message", ({ text: body }) => {
      log.push(body);
      if (body === "two" && fail) throw new Error("handler trouble");
    });
    const others = collect();
    send("one", "two", "three");
    await client.poll();
    expect(log).toEqual(["one", "two", "three"]);
    expect(errors).toMatchObject([{ code: "HANDLER_FAILED", cause: { message: "handler trouble" } }]);
    fail = false;
    await client.poll();
    await client.poll();
    expect(log).toEqual(["one", "two", "three", "two"]);
    // The handler that was content is not bothered again.
    expect(others).toEqual(["one", "two", "three"]);
  });

  test("an asynchronous handler that rejects, too", async () => {
    let calls = 0;
    client.on("message", async () => {
      calls++;
      await Promise.resolve();
      if (calls === 1) throw new Error("later trouble");
    });
    send("one");
    await client.poll();
    expect(errors).toMatchObject([{ code: "HANDLER_FAILED", cause: { message: "later trouble" } }]);
    await client.poll();
    expect(calls).toBe(2);
  });

  test("a message that a handler never takes rests after five deliveries, and comes again after reopening", async () => {
    let calls = 0;
    const refuse = (): void => {
      calls++;
      throw new Error("no");
    };
    client.on("message", refuse);
    send("poison");
    for (let i = 0; i < 40; i++) await client.poll();
    expect(calls).toBe(5);
    await reopen();
    const texts = collect();
    await client.poll();
    expect(texts).toEqual(["poison"]);
  });

  test("what was not finished when the client closed comes again", async () => {
    const gate = deferred();
    client.on("message", () => gate.promise);
    send("one");
    void client.poll().catch(() => {});
    await until(() => net.callsOf("batch").length > 0);
    await reopen();
    const texts = collect();
    await client.poll();
    expect(texts).toEqual(["one"]);
    gate.resolve();
  });

  test("nothing is marked before the app saw it", async () => {
    const seenDuring: boolean[] = [];
    client.on("message", async () => {
      const copied = new MemoryLevel();
      for await (const [key, value] of database.iterator()) await copied.put(key, value);
      const store = await openStore(copied);
      seenDuring.push((await store.inboxCount()) === 0 || (await store.known(alice.sessionId, 5)));
      await store.close();
    });
    net.put(bob.sessionId, text(alice, bob, "one", 5));
    await client.poll();
    expect(seenDuring).toEqual([false]);
    await client.close();
    const store = await openStore(database);
    expect(await store.inboxCount()).toBe(0);
    expect(await store.known(alice.sessionId, 5)).toBe(true);
    await store.close();
    client = await open();
  });

  test("an iterator's message is seen when the next one is asked for, or the loop is left", async () => {
    send("one", "two", "three");
    const stream = client.messages();
    await client.poll();
    expect((await stream.next()).value?.text).toBe("one");
    expect((await stream.next()).value?.text).toBe("two");
    await stream.return?.();
    const rest = collect();
    await client.poll();
    expect(rest).toEqual(["three"]);
    await reopen();
    const again = collect();
    await client.poll();
    expect(again).toEqual([]);
  });

  test("a message seen while an earlier one is delivered again is not taken for a duplicate", async () => {
    const gates = [deferred(), deferred()];
    let calls = 0;
    client.on("message", async ({ text: body }) => {
      if (body !== "one") return;
      await gates[calls++]?.promise;
      if (calls === 1) throw new Error("once");
    });
    const stream = client.messages();
    send("one", "two");
    gates[0]?.resolve();
    await client.poll();
    expect((await stream.next()).value?.text).toBe("one");
    expect((await stream.next()).value?.text).toBe("two");
    const again = client.poll();
    await until(() => calls === 2);
    const third = stream.next();
    // Long enough for the mark of "two" to be written.
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    gates[1]?.resolve();
    await again;
    expect(dropped).toEqual([]);
    send("three");
    await client.poll();
    expect((await third).value?.text).toBe("three");
  });

  test("a write that fails is reported, and the message comes again after reopening", async () => {
    const texts = collect();
    send("one");
    let fail = false;
    database.hooks.prewrite.add(() => {
      if (fail) throw new Error("disk full");
    });
    client.on("message", () => {
      fail = true;
    });
    await client.poll();
    expect(errors).toMatchObject([{ code: "STORE_FAILED" }]);
    fail = false;
    await reopen();
    const again = collect();
    await client.poll();
    expect(texts).toEqual(["one"]);
    expect(again).toEqual(["one"]);
  });
});

describe("iterators", () => {
  test("hold a bounded number of messages; the rest waits in the store", async () => {
    const stream = client.messages();
    const bodies = Array.from({ length: 60 }, (_, index) => `message ${index}`);
    send(...bodies);
    await client.poll();
    const store = [];
    for await (const message of stream) {
      store.push(message.text);
      if (store.length === 60) break;
    }
    expect(store).toEqual(bodies);
  });

  test("one that is not read holds back everything, retrieving too, and nothing is lost", async () => {
    const stream = client.messages();
    for (const node of net.nodes) node.pageSize = 90;
    send(...Array.from({ length: 1200 }, (_, index) => String(index)));
    await client.poll();
    const calls = net.callsOf("batch").length;
    await client.poll();
    expect(net.callsOf("batch").length).toBe(calls);
    let count = 0;
    const read = (async () => {
      for await (const message of stream) {
        expect(message.text).toBe(String(count));
        if (++count === 1200) break;
      }
    })();
    while (count < 1200) await client.poll();
    await read;
  });

  test("end without an error on abort, before and while waiting", async () => {
    const controller = new AbortController();
    const read = (async () => {
      const texts: string[] = [];
      for await (const message of client.messages({ signal: controller.signal })) texts.push(message.text);
      return texts;
    })();
    send("one");
    await client.poll();
    controller.abort();
    expect(await read).toEqual(["one"]);
    const ended = client.messages({ signal: controller.signal });
    expect(await ended.next()).toEqual({ done: true, value: undefined });
  });

  test("share a signal, however many they are, without a warning of the platform", async () => {
    const warnings: Error[] = [];
    const note = (warning: Error): number => warnings.push(warning);
    process.on("warning", note);
    const controller = new AbortController();
    const streams = Array.from({ length: 20 }, () => client.messages({ signal: controller.signal }));
    controller.abort();
    const ends = await Promise.all(streams.map((stream) => stream.next()));
    // Warnings are told later.
    await new Promise((resolve) => setImmediate(resolve));
    process.off("warning", note);
    expect(ends.every(({ done }) => done === true)).toBe(true);
    expect(warnings).toEqual([]);
  });

  test("end without an error when the client closes", async () => {
    const waiting = client.messages().next();
    const idle = client.messages();
    await client.close();
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(await idle.next()).toEqual({ done: true, value: undefined });
  });

  test("of one that ended unread the messages go to another", async () => {
    const controller = new AbortController();
    const unread = client.messages({ signal: controller.signal });
    send("one", "two");
    await client.poll();
    controller.abort();
    expect((await unread.next()).done).toBe(true);
    const texts = collect();
    await client.poll();
    expect(texts).toEqual(["one", "two"]);
  });
});

describe("items that are no messages", () => {
  test("are dropped with a reason, once, and the others arrive", async () => {
    const texts = collect();
    const { hash: garbage } = net.put(bob.sessionId, new Uint8Array(200).fill(7));
    const { hash: foreign } = net.put(bob.sessionId, text(bob, alice, "for somebody else", 1));
    send("fine");
    for (let i = 0; i < 12; i++) await client.poll();
    expect(texts).toEqual(["fine"]);
    expect(dropped.map(({ hash }) => hash).sort()).toEqual([garbage, foreign].sort());
    expect(dropped.map(({ rule }) => rule)).toEqual(
      expect.arrayContaining(["MESSAGE_MALFORMED", "MESSAGE_DECRYPT_FAILED"]),
    );
    expect(errors).toEqual([]);
  });

  test("of a newer format are unsupported, with their bytes", async () => {
    collect();
    const unsupported: unknown[] = [];
    client.on("unsupported", (item) => unsupported.push(item));
    const data = Uint8Array.of(0, 9, 1, 2, 3);
    const { hash } = net.put(bob.sessionId, data);
    await client.poll();
    expect(unsupported).toEqual([{ reason: "newer-format", hash, data }]);
  });

  test("a second message of the same sender and time is dropped by V12: replayed, resent, or after reopening", async () => {
    const texts = collect();
    net.put(bob.sessionId, text(alice, bob, "once", 77));
    const second = net.put(bob.sessionId, text(alice, bob, "once", 77));
    await client.poll();
    await reopen();
    const after = collect();
    const third = net.put(bob.sessionId, text(alice, bob, "once", 77));
    await client.poll();
    expect(texts).toEqual(["once"]);
    expect(after).toEqual([]);
    expect(dropped).toEqual([
      { rule: "V12", reason: "duplicate", hash: second.hash },
      { rule: "V12", reason: "duplicate", hash: third.hash },
    ]);
  });

  test("a second one is dropped also while the first is being read", async () => {
    const stream = client.messages();
    net.put(bob.sessionId, text(alice, bob, "once", 77));
    net.put(bob.sessionId, text(alice, bob, "once", 77));
    await client.poll();
    expect((await stream.next()).value?.text).toBe("once");
    expect(dropped).toMatchObject([{ rule: "V12" }]);
  });

  test("an item under a false hash is not believed, and does not hide the true one", async () => {
    const texts = collect();
    const data = text(alice, bob, "true", 5);
    const [liar, ...honest] = net.nodes;
    const { hash } = net.put(bob.sessionId, data, honest);
    liar?.box(bob.sessionId, 0).push({ hash, data: "AAAA", timestamp: 1, expiration: net.time + 1000 });
    for (let i = 0; i < 30; i++) await client.poll();
    expect(texts).toEqual(["true"]);
  });
});
