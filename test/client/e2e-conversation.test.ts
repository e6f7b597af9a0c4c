import { Client, createAccount } from "session-messenger-sdk";
import type { ClientEvents } from "session-messenger-sdk/client";
import { startTestnet, type Testnet } from "session-messenger-sdk/testnet";
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "./support/wait.js";

let net: Testnet;
const opened: Client[] = [];

beforeAll(async () => {
  net = await startTestnet({ nodes: 12, swarms: 2, seed: "conversation" });
});
afterAll(async () => {
  for (const client of opened) await client.close();
  await net.close();
});

type Names = Array<keyof ClientEvents>;
const NAMES: Names = [
  "message",
  "reaction",
  "timer-update",
  "receipt",
  "unsend",
  "request-response",
  "data-extraction",
  "call",
  "typing",
  "dropped",
  "error",
];

class Device {
  readonly client: Client;
  readonly told: { [Name in keyof ClientEvents]?: Array<ClientEvents[Name]> } = {};

  private constructor(client: Client) {
    this.client = client;
    for (const name of NAMES) {
      const list: unknown[] = [];
      (this.told as Record<string, unknown[]>)[name] = list;
      client.on(name, (event) => list.push(event));
    }
  }

  static async open(account = createAccount()): Promise<Device> {
    const options = { account, network: net.network, polling: false, receipts: true, typing: true } as const;
    const client = await Client.open(options);
    opened.push(client);
    return new Device(client);
  }

  /** What came since the last look, by event. */
  async look(): Promise<Record<string, unknown[]>> {
    await this.client.poll();
    const news = Object.entries(this.told).filter(([, list]) => list.length > 0);
    return Object.fromEntries(news.map(([name, list]) => [name, list.splice(0)]));
  }
}

test("a whole conversation, with both devices of one account looking on", async () => {
  const account = createAccount();
  const phone = await Device.open(account);
  const laptop = await Device.open(account);
  const bob = await Device.open();
  const alice = phone.client;
  const id = alice.sessionId;
  const to = bob.client.sessionId;

  // A request and its answer.
  await alice.setProfile({ name: "Alice" });
  const hello = await alice.send(to, { text: "hello" });
  const request = await bob.look();
  expect(request).toMatchObject({ message: [{ text: "hello", profile: { name: "Alice" } }] });
  expect(bob.client.contacts.get(id)).toMatchObject({ approved: false, approvedMe: true, name: "Alice" });
  const answer = await bob.client.send(id, { text: "hi", quote: { author: id, timestamp: hello.timestamp } });
  expect(await phone.look()).toMatchObject({
    "request-response": [{ from: to, timestamp: answer.timestamp - 100 }],
    message: [{ text: "hi", quote: { author: id, timestamp: hello.timestamp } }],
  });
  const onLaptop = await laptop.look();
  expect(onLaptop["message"]).toMatchObject([{ text: "hello", outgoing: true }, { text: "hi" }]);
  expect(laptop.client.contacts.get(to)).toMatchObject({ approved: true, approvedMe: true });

  // Signs of life, which the laptop does not hear of.
  expect(alice.typing.start(to)).toBe(true);
  await until(() => net.messagesOf(to).length >= 2);
  await alice.markRead(to, answer.timestamp);
  expect(await bob.look()).toMatchObject({
    typing: [{ from: id, typing: true }],
    receipt: [{ timestamps: [answer.timestamp] }],
  });

  // A reaction from the laptop to what bob wrote.
  await laptop.client.react({ conversation: to, author: to, timestamp: answer.timestamp }, "🎉");
  const reaction = { emoji: "🎉", action: "add", target: { author: to, timestamp: answer.timestamp } };
  expect((await bob.look())["reaction"]).toMatchObject([{ ...reaction, outgoing: false }]);
  expect(await phone.look()).toMatchObject({ reaction: [{ ...reaction, outgoing: true, conversation: to }] });

  // A call: the laptop stops ringing when the phone answers.
  const callId = bob.client.call.newId();
  await bob.client.call.preOffer(id, callId);
  await bob.client.call.offer(id, callId, "v=0\r\n");
  expect((await phone.look())["call"]).toMatchObject([{ step: "pre-offer" }, { step: "offer", callId }]);
  await alice.call.answer(to, callId, "v=0\r\n");
  const rings = (await laptop.look())["call"] as Array<{ step: string; outgoing: boolean }>;
  expect(rings.map(({ step, outgoing }) => [step, outgoing])).toEqual([
    ["pre-offer", false],
    ["offer", false],
    ["answer", true],
  ]);

  // Deleting for everyone: gone from the own swarm, and told on every device.
  await alice.unsend(hello);
  await until(() => !net.messagesOf(id).some(({ hash }) => hash === hello.synced?.hash));
  const unsend = [{ target: { author: id, timestamp: hello.timestamp } }];
  const atBob = await bob.look();
  expect(atBob).toMatchObject({ call: [{ step: "answer" }], unsend });
  expect((await laptop.look())["unsend"]).toMatchObject(unsend);

  // A timer after reading: bob reads, and his swarm forgets.
  const timer = { mode: "after-read", seconds: 3_600 } as const;
  await alice.setDisappearing(to, timer);
  const secret = await alice.send(to, { text: "secret" });
  await bob.look();
  await bob.client.markRead(id, secret.timestamp);
  const stored = net.messagesOf(to).find(({ hash }) => hash === secret.hash);
  const left = (stored?.expiry ?? 0) - Date.now();
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThanOrEqual(timer.seconds * 1_000);
  expect((await laptop.look())["timer-update"]).toMatchObject([{ expiration: timer, outgoing: true }]);
  expect(laptop.client.contacts.get(to)?.timer).toEqual(timer);
  await bob.client.notifyScreenshot(id);
  expect(await phone.look()).toMatchObject({
    "data-extraction": [{ extraction: "screenshot" }],
    receipt: [{ timestamps: [secret.timestamp] }],
  });

  // Nothing was dropped, nothing failed, and blocking ends it.
  await alice.block(to);
  await bob.client.send(id, { text: "still there?" });
  expect(await phone.look()).toMatchObject({ dropped: [{ rule: "V4" }] });
  for (const device of [phone, laptop, bob]) expect(device.told.error).toEqual([]);
}, 60_000);
