import { MemoryLevel } from "memory-level";
import { Contacts, UserGroups } from "session-messenger-sdk/config";
import { accountFromSeed } from "session-messenger-sdk/identity";
import {
  CONTACTS,
  type ContactRecord,
  DISAPPEARING,
  disappearingId,
  MESSAGES,
  messageId,
  openStore,
} from "session-messenger-sdk/store";
import { beforeEach, describe, expect, test } from "vitest";
import { alice, bob, copy, text } from "./support/accounts.js";
import { FakeNetwork } from "./support/fake-network.js";
import { ownDevices, putConfig } from "./support/own-devices.js";

const carol = accountFromSeed(new Uint8Array(16).fill(3));
const GROUP = `03${"ab".repeat(32)}`;
const MAX_STRANGERS = 1_000;

let net: FakeNetwork;
const { device, errors } = ownDevices(() => net);

/** Contacts of the account, as they are in the swarm. */
function sharedContacts(): Contacts {
  const config = new Contacts(alice);
  const box = net.nodes[0]?.box(alice.sessionId, 3) ?? [];
  config.merge(box.map(({ hash, data }) => ({ hash, data: Buffer.from(data, "base64") })));
  return config;
}

beforeEach(() => {
  net = new FakeNetwork();
});

describe("a person who is removed on another device", () => {
  /** Ids of the records of messages in a store. */
  async function recorded(level: MemoryLevel<string, string>): Promise<string[]> {
    const store = await openStore(level);
    const ids = await store.ids(MESSAGES);
    await store.close();
    return ids;
  }

  test("takes the records of the messages with them along, and nothing else", async () => {
    const level = new MemoryLevel<string, string>();
    const [one, two] = [await device({ store: level }), await device()];
    await one.contacts.add(bob.sessionId);
    await one.contacts.add(carol.sessionId);
    net.put(alice.sessionId, text(bob, alice, "from bob", net.time - 20));
    net.put(alice.sessionId, copy(alice, bob, "to bob", net.time - 10));
    net.put(alice.sessionId, text(carol, alice, "from carol", net.time - 5));
    one.on("message", () => {});
    await one.sync();
    await two.sync();
    await two.contacts.remove(bob.sessionId);
    await two.sync();
    await one.sync();
    net.time += 1000;
    net.put(alice.sessionId, text(bob, alice, "again", net.time));
    await one.poll();
    await one.close();
    expect((await recorded(level)).sort()).toEqual(
      [messageId(bob.sessionId, net.time), messageId(carol.sessionId, net.time - 1005)].sort(),
    );
    expect(errors).toEqual([]);
  });

  test("does so at the next start if the program ended in between", async () => {
    const store = await openStore();
    await store.write((batch) => {
      const removed = { ...stranger(0), removedAt: net.time - 100 };
      batch.put(CONTACTS, bob.sessionId, removed);
      const record = { conversation: bob.sessionId, kind: "text", disappearsAt: net.time + 1_000_000 };
      batch.put(MESSAGES, messageId(bob.sessionId, net.time - 200), record);
      const id = disappearingId(net.time + 1_000_000, bob.sessionId, net.time - 200);
      batch.put(DISAPPEARING, id, {
        conversation: bob.sessionId,
        author: bob.sessionId,
        timestamp: net.time - 200,
      });
      batch.put(MESSAGES, messageId(bob.sessionId, net.time - 50), {
        conversation: bob.sessionId,
        kind: "text",
      });
      batch.put(MESSAGES, messageId(bob.sessionId, net.time - 300), { conversation: GROUP, kind: "text" });
    });
    const client = await device({ store });
    await client.poll();
    while ((await store.ids(DISAPPEARING)).length > 0) await client.poll();
    expect(await store.ids(MESSAGES)).toEqual([
      messageId(bob.sessionId, net.time - 300),
      messageId(bob.sessionId, net.time - 50),
    ]);
    await client.close();
    await store.close();
  });

  test("is not the own account", async () => {
    const client = await device();
    await expect(client.contacts.remove(alice.sessionId)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});

/** Somebody who wrote once. */
function stranger(metAt: number): ContactRecord {
  return {
    approved: false,
    approvedMe: true,
    blocked: false,
    profileUpdatedAt: 0,
    timer: { mode: "off", seconds: 0 },
    timerSetAt: 0,
    readUpTo: 0,
    metAt,
  };
}

const strangerId = (index: number): string => `05${index.toString(16).padStart(64, "0")}`;

describe("strangers", () => {
  test("are remembered up to a thousand: each further one at the cost of the oldest, in the config too", async () => {
    const level = new MemoryLevel<string, string>();
    const store = await openStore(level);
    await store.write((batch) => {
      for (let index = 0; index < MAX_STRANGERS; index++) {
        // The one in the middle is the oldest; two are not strangers.
        const record = stranger(index === 500 ? 1 : 1000 + index);
        batch.put(CONTACTS, strangerId(index), record);
      }
      batch.put(CONTACTS, strangerId(2000), { ...stranger(0), approved: true });
      batch.put(CONTACTS, strangerId(2001), { ...stranger(0), blocked: true });
    });
    await store.close();
    const client = await device({ store: level });
    await client.sync();
    expect(sharedContacts().get(strangerId(500))).toBeDefined();
    client.on("message", () => {});
    net.put(alice.sessionId, text(bob, alice, "hi", net.time));
    await client.sync();
    const ids = new Set(client.contacts.list().map(({ id }) => id));
    expect(ids.size).toBe(MAX_STRANGERS + 2);
    expect(ids.has(bob.sessionId)).toBe(true);
    expect(ids.has(strangerId(500))).toBe(false);
    expect(ids.has(strangerId(0))).toBe(true);
    expect(client.contacts.get(bob.sessionId)?.metAt).toBe(net.time);
    expect(sharedContacts().get(strangerId(500))).toBeUndefined();
    expect(sharedContacts().size).toBe(MAX_STRANGERS + 2);
    net.put(alice.sessionId, text(carol, alice, "hi", net.time));
    await client.poll();
    expect(client.contacts.get(strangerId(0))).toBeUndefined();
    await client.close();
    const after = await openStore(level);
    // The own record is none of a stranger.
    const kept = (await after.ids(CONTACTS)).filter((id) => id !== alice.sessionId);
    expect(kept).toHaveLength(MAX_STRANGERS + 2);
    await after.close();
    expect(errors).toEqual([]);
  }, 60_000);

  test("do not push out the own account, nor those whom another device has accepted", async () => {
    const level = new MemoryLevel<string, string>();
    const store = await openStore(level);
    await store.write((batch) => {
      batch.put(CONTACTS, alice.sessionId, { ...stranger(0), name: "Alice", profileUpdatedAt: 5 });
      for (let index = 0; index < MAX_STRANGERS; index++)
        batch.put(CONTACTS, strangerId(index), stranger(index));
    });
    await store.close();
    const shared = new Contacts(alice, { now: () => net.time });
    shared.set(strangerId(0), { approved: true, name: "Friend" });
    putConfig(net, shared);
    const client = await device({ store: level, sync: false });
    client.on("message", () => {});
    net.put(alice.sessionId, text(bob, alice, "hi", net.time));
    await client.poll();
    expect(client.contacts.get(strangerId(0))).toBeUndefined();
    expect(client.profile.name).toBe("Alice");
    await client.close();
    const synced = await device({ store: level });
    await synced.sync();
    expect(synced.contacts.get(strangerId(0))).toMatchObject({ approved: true, name: "Friend" });
  }, 60_000);
});

describe("without sync", () => {
  test("groups are kept in the store, and are the account's once it syncs", async () => {
    const level = new MemoryLevel<string, string>();
    const theirs = new UserGroups(alice, { now: () => net.time });
    theirs.setGroup(GROUP, { name: "Friends" });
    putConfig(net, theirs);
    const first = await device({ store: level });
    await first.close();
    const bot = await device({ store: level, sync: false });
    await bot.poll();
    await bot.profile.set({ name: "Bot" });
    await bot.contacts.add(bob.sessionId, { nickname: "Bobby" });
    expect(bot.conversations.list().map(({ kind }) => kind)).not.toContain("group");
    await bot.close();
    const phone = await device({ store: level });
    await phone.sync();
    expect(phone.conversations.get(GROUP)).toMatchObject({ kind: "group", priority: 0 });
    await phone.conversations.pin(GROUP);
    await phone.sync();
    await phone.close();
    const again = await device({ store: level, sync: false });
    await again.conversations.pin(GROUP, 4);
    await again.close();
    const other = await device();
    await other.sync();
    expect(other.contacts.get(bob.sessionId)?.nickname).toBe("Bobby");
    expect(other.profile.name).toBe("Bot");
    expect(other.conversations.get(GROUP).priority).toBe(1);
    await other.close();
    // What was changed meanwhile is pushed with the next sync.
    const last = await device({ store: level });
    await last.sync();
    const third = await device();
    await third.sync();
    expect(third.conversations.get(GROUP).priority).toBe(4);
    expect(errors).toEqual([]);
  });
});
