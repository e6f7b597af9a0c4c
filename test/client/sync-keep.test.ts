import { MemoryLevel } from "memory-level";
import { Client, type ClientOptions } from "session-messenger-sdk/client";
import { beforeEach, describe, expect, test } from "vitest";
import { alice } from "./support/accounts.js";
import { person } from "./support/device.js";
import { FakeNetwork } from "./support/fake-network.js";
import { FakeTimers } from "./support/fake-timers.js";
import { MONTH, ownDevices } from "./support/own-devices.js";
import { until } from "./support/wait.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let net: FakeNetwork;
let timers: FakeTimers;
const { device: open } = ownDevices(() => net);

/** A device of alice's account, whose profile is stored in the swarm. */
async function device(options: Partial<ClientOptions> = {}): Promise<Client> {
  const client = await open({ timers, ...options });
  await client.profile.set({ name: "Alice" });
  await client.sync();
  timers.advance(3_000);
  await until(() => timers.pauses.length === 0);
  net.calls.length = 0;
  return client;
}

const stored = (node = 0): string[] =>
  (net.nodes[node]?.box(alice.sessionId, 2) ?? []).map(({ hash }) => hash);
const lose = (node = 0): void => void net.nodes[node]?.boxes.delete(`${alice.sessionId}/2`);
const stores = (): number => net.callsOf("store").length;

/** Polls, and waits until what follows a poll is done. */
async function poll(client: Client): Promise<void> {
  await client.poll();
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
}

beforeEach(() => {
  net = new FakeNetwork();
  timers = new FakeTimers();
});

describe("keeping configs alive", () => {
  test("extends them at most once an hour, to thirty days", async () => {
    const store = new MemoryLevel();
    const client = await device({ store });
    await client.poll();
    expect(net.callsOf("expire")).toEqual([]);
    net.time += HOUR;
    await client.poll();
    await until(() => net.callsOf("expire").length === 1);
    expect(net.callsOf("expire")[0]?.params).toMatchObject({
      extend: true,
      expiry: net.time + MONTH,
      messages: stored(),
    });
    await client.close();
    const again = await Client.open({ account: alice, network: net.network, polling: false, timers, store });
    await again.poll();
    await again.close();
    expect(net.callsOf("expire")).toHaveLength(1);
  });

  test("stores a config again, as it is, that a member has lost", async () => {
    const client = await device();
    const before = stored();
    lose();
    net.time += HOUR;
    await client.poll();
    await until(() => stored().length === 1);
    expect(stored()).toEqual(before);
    expect(net.callsOf("delete")).toEqual([]);
    // What is stored rests for an hour, whatever a member says.
    lose();
    net.time += HOUR - 1;
    await poll(client);
    expect(stored()).toEqual([]);
  });

  test("rests for a minute after a repair that failed, then twice as long, half an hour at most, and goes on", async () => {
    const client = await device();
    lose();
    net.time += HOUR;
    net.intercept = ({ method }) => (method === "store" ? { status: 503, body: "busy" } : undefined);
    const rests: number[] = [];
    for (let round = 0; round < 8; round++) {
      await client.poll();
      await until(() => timers.pauses.length === 1);
      const before = stores();
      expect(before).toBeGreaterThan(0);
      const [rest = 0] = timers.pauses;
      rests.push(rest / MINUTE);
      // Polls meanwhile change nothing.
      await poll(client);
      timers.advance(rest - 1);
      await poll(client);
      expect(stores()).toBe(before);
      timers.advance(1);
    }
    expect(rests).toEqual([1, 2, 4, 8, 16, 30, 30, 30]);
    expect(net.callsOf("expire")).toHaveLength(1);
    net.intercept = undefined;
    await client.poll();
    await until(() => stored().length === 1);
    await poll(client);
    expect(timers.pauses).toEqual([]);
  });

  test("rests as long after an extension that failed, and begins with a minute again after one that did not", async () => {
    const client = await device();
    net.time += HOUR;
    net.intercept = ({ method }) => (method === "expire" ? { status: 503, body: "busy" } : undefined);
    await client.poll();
    await until(() => timers.pauses.length === 1);
    await poll(client);
    expect(timers.pauses).toEqual([MINUTE]);
    timers.advance(MINUTE);
    await client.poll();
    await until(() => timers.pauses.length === 1);
    expect(timers.pauses).toEqual([2 * MINUTE]);
    timers.advance(2 * MINUTE);
    net.intercept = undefined;
    await client.poll();
    await until(() => net.callsOf("expire").length > 3);
    await poll(client);
    expect(timers.pauses).toEqual([]);
    net.time += HOUR;
    net.intercept = ({ method }) => (method === "expire" ? { status: 503, body: "busy" } : undefined);
    await client.poll();
    await until(() => timers.pauses.length === 1);
    expect(timers.pauses).toEqual([MINUTE]);
  });

  test("waits for a poll of which everything was merged", async () => {
    const client = await device();
    lose(0);
    net.time += HOUR;
    net.put(alice.sessionId, new Uint8Array(64).fill(7), net.nodes, MONTH, 3);
    await poll(client);
    expect(net.callsOf("expire")).toEqual([]);
    await client.poll();
    await until(() => net.callsOf("expire").length === 1);
    await until(() => stored().length === 1);
  });

  test("deletes nothing of a config whose change is not stored yet", async () => {
    const client = await device();
    const contacts = (): string[] => (net.nodes[0]?.box(alice.sessionId, 3) ?? []).map(({ hash }) => hash);
    await client.contacts.setNickname(person(7).sessionId, "Bob");
    await client.sync();
    const before = contacts();
    expect(before).toHaveLength(1);
    const storesContacts = ({
      requests = [],
    }: {
      requests?: Array<{ params: Record<string, unknown> }>;
    }): boolean => requests.some(({ params }) => params["namespace"] === 3);
    net.intercept = ({ method, params }) =>
      method === "sequence" && storesContacts(params) ? { status: 503, body: "busy" } : undefined;
    await client.contacts.setNickname(person(7).sessionId, "Bobby");
    await expect(client.sync()).rejects.toMatchObject({ code: "CONFIG_PUSH_FAILED" });
    lose();
    net.time += HOUR;
    await client.poll();
    await until(() => stored().length === 1);
    expect(contacts()).toEqual(before);
    net.intercept = undefined;
    await client.sync();
    expect(contacts()).toHaveLength(1);
    expect(contacts()).not.toEqual(before);
  });

  test("leaves what is to be changed to the push of the change", async () => {
    const client = await device();
    const before = stored();
    lose();
    net.time += HOUR;
    await client.profile.set({ name: "Alice L." });
    await poll(client);
    expect(net.callsOf("expire")).toEqual([]);
    await client.sync();
    expect(stored()).toHaveLength(1);
    expect(stored()).not.toEqual(before);
  });
});
