import { type Expiration, encodeMessage, type OutgoingMessage } from "session-messenger-sdk/messages";
import { openStore } from "session-messenger-sdk/store";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { alice, bob } from "./support/accounts.js";
import { Conversation } from "./support/conversation.js";
import { until } from "./support/wait.js";

const DAYS_14 = 1_209_600_000;
const to = bob.sessionId;
const read = (seconds: number) => ({ mode: "after-read", seconds }) as const;
const sent = (seconds: number) => ({ mode: "after-send", seconds }) as const;
const text = (expiration?: Expiration): OutgoingMessage => ({ kind: "text", text: "x", expiration });

let here: Conversation;
beforeEach(async () => {
  here = await Conversation.open();
});
afterEach(() => here.close());

const ttls = (): unknown[] =>
  here.net.callsOf("store").map(({ params }) => [params["pubkey"], params["ttl"]]);
/** Lets time pass. */
async function pass(ms: number): Promise<void> {
  here.net.time += ms;
  here.timers.advance(ms);
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}
const gone = (): number[] => here.told.disappeared.map(({ timestamp }) => timestamp);

describe("setDisappearing", () => {
  test("tells the other party and the own devices, and goes with messages from then on", async () => {
    const result = await here.client.setDisappearing(to, sent(60));
    await here.client.send(to, { text: "x" });
    await here.client.react({ to, timestamp: result.timestamp }, "👍");
    const expiration = sent(60);
    expect(here.swarm().map(({ kind, expiration: each }) => [kind, each])).toEqual([
      ["timer-update", expiration],
      ["text", expiration],
      ["reaction", expiration],
    ]);
    expect(here.swarm(alice)).toMatchObject([
      { kind: "timer-update", conversation: to, expiration },
      { kind: "text", expiration },
      { kind: "reaction", expiration },
    ]);
    expect(new Set(ttls().map((each) => (each as unknown[])[1]))).toEqual(new Set([60_000]));
    await here.reopen();
    await here.client.setDisappearing(to, "off");
    await here.client.send(to, { text: "y" });
    expect(here.swarm().at(-1)?.expiration).toEqual({ mode: "off", seconds: 0 });
  });

  test("after reading: their copy stays 14 days, the own one for the timer", async () => {
    await here.client.setDisappearing(to, read(300));
    expect(ttls()).toEqual([
      [to, DAYS_14],
      [alice.sessionId, 300_000],
    ]);
  });

  test("that fails changes nothing", async () => {
    here.net.intercept = ({ method }) => (method === "store" ? { status: 400, body: "no" } : undefined);
    await expect(here.client.setDisappearing(to, sent(60))).rejects.toMatchObject({ code: "SEND_FAILED" });
    expect(here.client.contacts.get(to)?.timer).toEqual({ mode: "off", seconds: 0 });
  });

  test.each([
    [to, { mode: "after-read", seconds: 0 }],
    [to, { mode: "after-send", seconds: 1.5 }],
    [to, { mode: "after-send", seconds: 1_209_601 }],
    [to, { mode: "sometimes", seconds: 5 }],
    [to, null],
    [alice.sessionId, { mode: "after-read", seconds: 5 }],
  ])("refuses %s %j", async (conversation, setting) => {
    const setting_ = setting as never;
    await expect(here.client.setDisappearing(conversation, setting_)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
    expect(here.net.calls).toEqual([]);
  });

  test("their setting is theirs; another own device's is ours, unless it is older", async () => {
    here.put({ kind: "timer-update", expiration: read(60) });
    await here.poll();
    expect(here.told["timer-update"]).toMatchObject([{ expiration: read(60), outgoing: false }]);
    expect(here.client.contacts.get(to)).toMatchObject({ timer: { mode: "off" }, theirTimer: read(60) });
    here.net.time += 10;
    here.putCopy({ kind: "timer-update", expiration: sent(60) });
    await here.poll();
    expect(here.client.contacts.get(to)?.timer).toEqual(sent(60));
    here.putCopy({ kind: "timer-update", expiration: sent(90) }, { timestamp: here.net.time - 5 });
    await here.poll();
    expect(here.client.contacts.get(to)?.timer).toEqual(sent(60));
  });
});

describe("the countdown", () => {
  test("of own messages starts when the swarm took them, in both modes", async () => {
    await here.client.setDisappearing(to, read(60));
    here.net.time += 1_000;
    const { timestamp } = await here.client.send(to, { text: "x" });
    await pass(58_000);
    expect(gone()).toEqual([]);
    await pass(1_000);
    expect(gone().length).toBe(1);
    await pass(1_000);
    expect(here.told.disappeared.at(-1)).toEqual({ conversation: to, author: alice.sessionId, timestamp });
    expect(gone().length).toBe(2);
  });

  test("after sending: ends when the swarm forgets the message", async () => {
    here.net.time += 5;
    const { sentAt } = here.put(text(sent(60)), { ttl: 60_000 });
    await pass(20_000);
    await here.poll();
    expect(here.told.message).toMatchObject([{ expiration: sent(60) }]);
    await pass(39_999);
    expect(gone()).toEqual([]);
    await pass(1);
    expect(gone()).toEqual([sentAt]);
  });

  test("after sending: a node that says too long is not believed", async () => {
    const { sentAt } = here.put(text(sent(60)), { ttl: DAYS_14 });
    await here.poll();
    await pass(60_000);
    expect(gone()).toEqual([sentAt]);
  });

  test("after reading: starts with markRead, and the swarm's copy is shortened to it", async () => {
    const { sentAt, hash } = here.put(text(read(60)));
    await here.poll();
    await pass(500_000);
    expect(gone()).toEqual([]);
    await here.client.markRead(to, sentAt);
    const end = here.net.time + 60_000;
    const [expire] = here.net.callsOf("expire");
    expect(expire?.params).toMatchObject({ messages: [hash], expiry: end, shorten: true });
    expect(here.items().map(({ expiration }) => expiration)).toEqual([end]);
    await pass(59_999);
    expect(gone()).toEqual([]);
    await pass(1);
    expect(gone()).toEqual([sentAt]);
  });

  test("after reading: shortening is tried again when the network is back", async () => {
    const { sentAt } = here.put(text(read(3_600)));
    await here.poll();
    here.net.intercept = ({ method }) => (method === "expire" ? { status: 400, body: "no" } : undefined);
    await here.client.markRead(to, sentAt);
    const end = here.net.time + 3_600_000;
    expect(here.items()[0]?.expiration).toBeGreaterThan(end);
    here.net.intercept = undefined;
    await here.reopen();
    await here.poll();
    await until(() => here.items()[0]?.expiration === end);
  });

  test("after reading: what comes late, when later ones were read, is read", async () => {
    here.put({ kind: "text", text: "newer" }, { timestamp: here.net.time + 10 });
    here.net.time += 20;
    await here.poll();
    await here.client.markRead(to, here.net.time);
    const late = here.put(text(read(60)), { timestamp: here.net.time - 15 });
    const shortened = here.put(text(read(60)), { timestamp: here.net.time - 14, ttl: 30_000 });
    await here.poll();
    await until(() => here.net.callsOf("expire").length > 0 || here.timers.pauses.includes(30_000));
    await pass(30_000);
    expect(gone()).toEqual([shortened.sentAt]);
    await pass(30_000);
    expect(gone()).toEqual([shortened.sentAt, late.sentAt]);
  });

  test("of copies that another device made ends with them", async () => {
    const timestamp = here.net.time;
    here.putCopy(text(read(60)), { timestamp });
    here.net.time += 10_000;
    await here.poll();
    await pass(50_000);
    expect(here.told.disappeared).toEqual([{ conversation: to, author: alice.sessionId, timestamp }]);
  });

  test("of messages without a timer never starts", async () => {
    here.put(text());
    await here.poll();
    await here.client.markRead(to, here.net.time);
    expect(here.timers.pauses).toEqual([]);
  });
});

describe("a restart", () => {
  test("changes nothing: what is over is told to who listens, the rest in its time", async () => {
    const first = here.put(text(sent(60)), { ttl: 60_000 }).sentAt;
    here.net.time++;
    const second = here.put(text(sent(120)), { ttl: 120_000 }).sentAt;
    await here.poll();
    await here.reopen({}, false);
    here.net.time += 60_000;
    await here.reopen({}, false);
    here.listen();
    await until(() => gone().length > 0);
    expect(gone()).toEqual([first]);
    await pass(60_000);
    expect(gone()).toEqual([first, second]);
    await here.reopen();
    await pass(1);
    expect(gone()).toEqual([]);
  });

  test("a message that disappeared unread in the inbox is not delivered, and no target", async () => {
    await here.reopen({}, false);
    const { sentAt } = here.put(text(sent(60)), { ttl: 60_000 });
    await here.poll();
    here.net.time += 60_000;
    await here.reopen({}, false);
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
    here.listen();
    here.put({ kind: "reaction", target: { author: to, timestamp: sentAt }, emoji: "👍", action: "add" });
    await here.poll();
    expect(here.told.message).toEqual([]);
    expect(here.told.dropped.map(({ rule }) => rule)).toEqual(["§6.7", "V22"]);
    await until(() => gone().length === 1);
  });

  test("a message whose time was over before anyone read it is dropped", async () => {
    await here.client.close();
    const store = await openStore(here.database);
    const context = { sender: bob, recipient: alice.sessionId, timestamp: here.net.time };
    const { data } = encodeMessage(text(sent(60)), context);
    const times = { timestamp: here.net.time, expiration: here.net.time + 60_000 };
    await store.write((batch) =>
      batch.addInbox({ pubkey: alice.sessionId, namespace: 0, hash: "hash", data, ...times }),
    );
    await store.close();
    here.net.time += 60_000;
    await here.reopen();
    await here.poll();
    expect(here.told.message).toEqual([]);
    expect(here.told.dropped).toEqual([{ rule: "§8", reason: "disappeared", hash: "hash" }]);
  });

  test("many at once, and none twice", async () => {
    const times = Array.from({ length: 250 }, () => {
      here.net.time++;
      return here.put(text(sent(3_600)), { ttl: 3_600_000 }).sentAt;
    });
    await here.poll();
    await pass(3_600_000);
    await until(() => gone().length >= 250);
    expect(gone()).toEqual(times);
    expect(here.timers.pauses).toEqual([]);
  });
});
