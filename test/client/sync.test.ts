import { MemoryLevel } from "memory-level";
import { Contacts, UserProfile } from "session-messenger-sdk/config";
import { encodeMessage } from "session-messenger-sdk/messages";
import { CONFIGS, openStore } from "session-messenger-sdk/store";
import { beforeEach, describe, expect, test } from "vitest";
import { alice, bob } from "./support/accounts.js";
import { FakeNetwork } from "./support/fake-network.js";
import { FakeTimers } from "./support/fake-timers.js";
import { MONTH, ownDevices, putConfig } from "./support/own-devices.js";
import { until } from "./support/wait.js";

const NAMESPACES = [2, 3, 5, 4];

let net: FakeNetwork;
const { device, errors } = ownDevices(() => net);

const stored = (namespace: number): string[] =>
  (net.nodes[0]?.box(alice.sessionId, namespace) ?? []).map(({ hash }) => hash);
const configStores = (): number =>
  net.callsOf("store").filter(({ params }) => params["namespace"] !== 0).length;

beforeEach(() => {
  net = new FakeNetwork();
});

describe("reading configs", () => {
  test("is part of the poll's one batch, with shares of the reply, in the order 0, 2, 3, 5, 4", async () => {
    const client = await device();
    await client.poll();
    const retrieves = net.callsOf("retrieve");
    expect(net.callsOf("batch")).toHaveLength(1);
    expect(retrieves.map(({ params }) => params["namespace"])).toEqual([0, ...NAMESPACES]);
    expect(retrieves.map(({ params }) => params["max_size"])).toEqual([-2, -8, -8, -8, -8]);
  });

  test("changes the records before the messages of the same poll are read", async () => {
    const client = await device();
    const contacts = new Contacts(alice);
    contacts.set(bob.sessionId, { name: "Bob", nickname: "Bobby", approved: true, priority: 2 });
    putConfig(net, contacts);
    const told: unknown[] = [];
    client.on("contact", ({ id, nickname }) => told.push([id, nickname]));
    client.on("config", ({ configs }) => told.push(configs));
    await client.poll();
    expect(client.contacts.get(bob.sessionId)).toMatchObject({
      name: "Bob",
      nickname: "Bobby",
      approved: true,
    });
    expect(client.conversations.get(bob.sessionId).priority).toBe(2);
    expect(told).toEqual([[bob.sessionId, "Bobby"], ["contacts"]]);
    await client.poll();
    expect(told).toHaveLength(2);
  });

  test("goes on from the cursor of each node and namespace, and merges no message twice", async () => {
    net = new FakeNetwork(1);
    const store = new MemoryLevel();
    const client = await device({ store });
    const profile = new UserProfile(alice);
    profile.name = "Alice";
    putConfig(net, profile);
    await client.poll();
    await client.close();
    net.calls.length = 0;
    const again = await device({ store });
    expect(again.profile.name).toBe("Alice");
    await again.poll();
    const second = net.callsOf("retrieve").find(({ params }) => params["namespace"] === 2);
    expect(second?.params["last_hash"]).toBe(stored(2)[0]);
  });

  test("starts anew where the store's copy of a config is unreadable", async () => {
    net = new FakeNetwork(1);
    const level = new MemoryLevel();
    const client = await device({ store: level });
    await client.profile.set({ name: "Alice" });
    await client.sync();
    await client.poll();
    await client.close();
    const store = await openStore(level);
    const record = { dump: new Uint8Array(9), obsolete: [], keptAt: 0 };
    await store.write((batch) => batch.put(CONFIGS, "2", record));
    await store.close();
    net.calls.length = 0;
    const again = await device({ store: level });
    await again.profile.set({ name: "Alice B." });
    await again.sync();
    const retrieves = net.callsOf("retrieve").filter(({ params }) => params["namespace"] === 2);
    expect(retrieves[0]?.params["last_hash"]).toBe("");
    expect(stored(2)).toHaveLength(1);
    const other = await device();
    await other.poll();
    expect(other.profile.name).not.toBe("");
  });

  test("ignores what is no config, and merges the rest of the batch", async () => {
    const client = await device();
    net.put(alice.sessionId, new Uint8Array(300).fill(7), net.nodes, MONTH, 2);
    const profile = new UserProfile(alice);
    profile.name = "Alice";
    putConfig(net, profile);
    await client.poll();
    expect(client.profile.name).toBe("Alice");
    expect(errors).toEqual([]);
  });

  test("a large config arrives in parts, over several polls too", async () => {
    const client = await device();
    const contacts = new Contacts(alice);
    for (let index = 1; index <= 1500; index++) {
      const id = `05${index.toString(16).padStart(64, "0")}`;
      contacts.set(id, { name: `Person ${index}`, approved: true, profileUpdated: index });
    }
    const { messages } = contacts.push();
    expect(messages.length).toBeGreaterThan(1);
    const [first = new Uint8Array(), ...rest] = messages;
    for (const data of rest) net.put(alice.sessionId, data, net.nodes, MONTH, 3);
    await client.poll();
    expect(client.contacts.list()).toEqual([]);
    net.put(alice.sessionId, first, net.nodes, MONTH, 3);
    await client.poll();
    expect(client.contacts.list()).toHaveLength(1500);
  }, 30_000);
});

describe("pushing configs", () => {
  test("a burst of changes is one request, a moment after the first one", async () => {
    const timers = new FakeTimers();
    const client = await device({ timers });
    await client.profile.set({ name: "Alice" });
    await client.contacts.add(bob.sessionId, { nickname: "Bobby" });
    await client.conversations.markUnread(bob.sessionId);
    expect(timers.pauses).toEqual([3_000]);
    expect(net.calls).toEqual([]);
    timers.runNext();
    await until(() => configStores() === 3);
    expect(net.callsOf("sequence")).toHaveLength(1);
    expect(net.callsOf("store").map(({ params }) => [params["namespace"], params["ttl"]])).toEqual([
      [2, MONTH],
      [3, MONTH],
      [4, MONTH],
    ]);
    expect(NAMESPACES.map((namespace) => stored(namespace).length)).toEqual([1, 1, 0, 1]);
  });

  test("asks every member first when the device is new to the account, and keeps what is there", async () => {
    const profile = new UserProfile(alice);
    profile.name = "Old";
    putConfig(net, profile, net.nodes.slice(2));
    const client = await device({ random: () => 0 });
    await client.contacts.block(bob.sessionId);
    await client.sync();
    expect(client.profile.name).toBe("Old");
    const order = net.calls.filter(({ method }) => method === "batch" || method === "sequence");
    expect(order.map(({ method }) => method)).toEqual(["batch", "batch", "batch", "batch", "sequence"]);
    expect(configStores()).toBe(1);
  });

  test("the next version replaces the last one in the swarm", async () => {
    const client = await device();
    await client.profile.set({ name: "One" });
    await client.sync();
    const [before] = stored(2);
    await client.profile.set({ name: "Two" });
    await client.sync();
    expect(stored(2)).toHaveLength(1);
    expect(stored(2)[0]).not.toBe(before);
    expect(net.callsOf("delete").map(({ params }) => params["messages"])).toEqual([[before]]);
  });

  test("nothing to push is nothing to send", async () => {
    const client = await device();
    await client.sync();
    await client.sync();
    expect(configStores()).toBe(0);
  });

  test("is tried again after failures, with a change made meanwhile, and tells of the first one only", async () => {
    const timers = new FakeTimers();
    const client = await device({ timers });
    await client.poll();
    await client.profile.set({ name: "One" });
    net.intercept = ({ method }) => (method === "store" ? { status: 500, body: "no" } : undefined);
    await expect(client.sync()).rejects.toMatchObject({ code: "CONFIG_PUSH_FAILED" });
    await expect(client.sync()).rejects.toMatchObject({ code: "CONFIG_PUSH_FAILED" });
    expect(errors.map(({ code }) => code)).toEqual(["CONFIG_PUSH_FAILED"]);
    await client.contacts.block(bob.sessionId);
    net.intercept = undefined;
    timers.runNext();
    await until(() => configStores() >= 2 && stored(3).length === 1);
    const other = await device();
    await other.poll();
    expect(other.profile.name).toBe("One");
    expect(other.contacts.get(bob.sessionId)?.blocked).toBe(true);
  });

  test("a config of which only a part was stored is not confirmed", async () => {
    const client = await device();
    await client.poll();
    await client.profile.set({ name: "Alice" });
    await client.contacts.block(bob.sessionId);
    net.intercept = ({ method, params }) =>
      method === "store" && params["namespace"] === 3 ? { status: 500, body: "no" } : undefined;
    await expect(client.sync()).rejects.toMatchObject({ code: "CONFIG_PUSH_FAILED" });
    expect([stored(2).length, stored(3).length]).toEqual([1, 0]);
    net.intercept = undefined;
    net.calls.length = 0;
    await client.sync();
    expect(net.callsOf("store").map(({ params }) => params["namespace"])).toEqual([3]);
  });

  test("a change that was not pushed before the program ended is pushed by the next one on the store", async () => {
    const store = new MemoryLevel();
    const client = await device({ store });
    await client.profile.set({ name: "Alice" });
    await client.contacts.add(bob.sessionId, { nickname: "Bobby" });
    for (const node of net.nodes) node.down = true;
    await client.close();
    for (const node of net.nodes) node.down = false;
    expect(stored(2)).toEqual([]);
    const timers = new FakeTimers();
    const next = await device({ store, timers });
    expect(timers.pauses).toContain(3_000);
    await next.sync();
    const other = await device();
    await other.poll();
    expect(other.profile.name).toBe("Alice");
    expect(other.contacts.get(bob.sessionId)).toMatchObject({ nickname: "Bobby", approved: true });
  });

  test("what a stranger says of themselves is shared as far as a config can hold it", async () => {
    const client = await device();
    const seen: string[] = [];
    client.on("message", ({ text: body }) => seen.push(body));
    const picture = { url: `http://files.example/${"x".repeat(300)}`, key: new Uint8Array(32) };
    const profile = { name: "é".repeat(60), picture, updatedAt: 2 ** 45 };
    const message = { kind: "text", text: "hi", profile } as const;
    const context = { sender: bob, recipient: alice.sessionId, timestamp: net.time };
    net.put(alice.sessionId, encodeMessage(message, context).data);
    await client.poll();
    await client.sync();
    expect(seen).toEqual(["hi"]);
    for (const node of net.nodes) node.boxes.delete(`${alice.sessionId}/0`);
    const other = await device();
    await other.poll();
    const contact = other.contacts.get(bob.sessionId);
    expect(contact).toMatchObject({ name: "é".repeat(50), approved: false, approvedMe: true });
    expect(contact?.picture).toBeUndefined();
    expect(errors).toEqual([]);
  });

  test("closing pushes what is left", async () => {
    const client = await device();
    await client.profile.set({ name: "Alice" });
    await client.close();
    const other = await device();
    await other.poll();
    expect(other.profile.name).toBe("Alice");
  });

  test("a client without sync reads and stores no configs", async () => {
    const client = await device({ sync: false });
    await client.profile.set({ name: "Alice" });
    await client.poll();
    await client.sync();
    await client.close();
    expect(net.callsOf("retrieve").map(({ params }) => params["namespace"])).toEqual([0, 0]);
    expect(configStores()).toBe(0);
  });
});

describe("two devices", () => {
  test("show the same people, however each has changed them", async () => {
    const [one, two] = [await device(), await device()];
    await one.profile.set({ name: "Alice" });
    await one.contacts.add(bob.sessionId, { nickname: "Bobby" });
    await one.sync();
    await two.sync();
    // At the same time, both.
    await one.contacts.block(bob.sessionId);
    await two.conversations.pin(bob.sessionId, 3);
    await two.conversations.setNotifications(bob.sessionId, {
      notifications: "disabled",
      mutedUntil: 1_800_000_100,
    });
    await one.sync();
    await two.sync();
    await one.sync();
    await two.sync();
    for (const client of [one, two]) {
      expect(client.profile.name).toBe("Alice");
      expect(client.contacts.get(bob.sessionId)).toMatchObject({
        nickname: "Bobby",
        approved: true,
        blocked: true,
      });
      expect(client.conversations.get(bob.sessionId)).toEqual({
        id: bob.sessionId,
        kind: "direct",
        lastRead: 0,
        markedUnread: false,
        priority: 3,
        notifications: "disabled",
        mutedUntil: 1_800_000_100,
      });
    }
    net.calls.length = 0;
    await one.sync();
    await two.sync();
    expect(configStores()).toBe(0);
    expect(stored(3)).toHaveLength(1);
  });

  test("read positions go forward on both, and marks as unread go with reading", async () => {
    const [one, two] = [await device(), await device()];
    await one.contacts.add(bob.sessionId);
    await one.conversations.markUnread(bob.sessionId);
    await one.sync();
    await two.sync();
    expect(two.conversations.get(bob.sessionId).markedUnread).toBe(true);
    await two.markRead(bob.sessionId, net.time);
    await two.sync();
    await one.sync();
    expect(one.conversations.get(bob.sessionId)).toMatchObject({ lastRead: net.time, markedUnread: false });
    await one.markRead(bob.sessionId, net.time - 1000);
    await one.sync();
    await two.sync();
    expect(two.conversations.get(bob.sessionId).lastRead).toBe(net.time);
  });

  test("a person who is removed on one is removed on the other", async () => {
    const [one, two] = [await device(), await device()];
    await one.contacts.add(bob.sessionId);
    await one.sync();
    await two.sync();
    await two.contacts.remove(bob.sessionId);
    await two.sync();
    await one.sync();
    expect(one.contacts.get(bob.sessionId)).toMatchObject({ approved: false, removedAt: net.time });
  });

  test("a timer and Note to Self are shared", async () => {
    const [one, two] = [await device(), await device()];
    await one.setDisappearing(bob.sessionId, { mode: "after-read", seconds: 3600 });
    await one.conversations.hide(alice.sessionId);
    await one.sync();
    await two.sync();
    expect(two.contacts.get(bob.sessionId)?.timer).toEqual({ mode: "after-read", seconds: 3600 });
    expect(two.conversations.get(alice.sessionId).priority).toBe(-1);
  });
});
