/** Writes that the database refuses: nothing that was changed with them is lost later, or is there in memory alone. */
import { MemoryLevel } from "memory-level";
import { Contacts, UserProfile } from "session-messenger-sdk/config";
import { BLINDED_IDS, CONFIGS, CONTACTS, openStore } from "session-messenger-sdk/store";
import { beforeEach, describe, expect, test } from "vitest";
import { World } from "./communities/support.js";
import { alice, bob } from "./support/accounts.js";
import { Device, person } from "./support/device.js";
import { FakeNetwork } from "./support/fake-network.js";
import { GroupNetwork } from "./support/group-network.js";
import { ownDevices, putConfig } from "./support/own-devices.js";

const MAX_STRANGERS = 1_000;
const STRANGER = {
  approved: false,
  approvedMe: false,
  blocked: false,
  profileUpdatedAt: 0,
  timer: { mode: "off", seconds: 0 },
  timerSetAt: 0,
  readUpTo: 0,
} as const;
const strangerId = (index: number): string => `05${index.toString(16).padStart(64, "0")}`;

let net: FakeNetwork;
let level: MemoryLevel;
let isFull = false;
const { device } = ownDevices(() => net, "STORE_FAILED");

beforeEach(() => {
  net = new FakeNetwork(1);
  level = disk();
});

/** A database that refuses every write while `isFull`. */
function disk(): MemoryLevel {
  isFull = false;
  const database = new MemoryLevel();
  database.hooks.prewrite.add(() => {
    if (isFull) throw new Error("disk full");
  });
  return database;
}

/** What is on disk by now, as a program finds it that starts after a crash. */
async function copyOf(database: MemoryLevel): Promise<MemoryLevel> {
  const copy = new MemoryLevel();
  await copy.open();
  const entries = await database.iterator().all();
  await copy.batch(entries.map(([key, value]) => ({ type: "put" as const, key, value })));
  return copy;
}

async function whileFull(work: () => Promise<unknown>): Promise<void> {
  isFull = true;
  await expect(work()).rejects.toMatchObject({ code: "STORE_FAILED" });
  isFull = false;
}

describe("configs", () => {
  test("a change comes to disk with the next write of any config", async () => {
    const client = await device({ store: level });
    await whileFull(() => client.settings.set({ communityRequests: true }));
    await client.contacts.setNickname(bob.sessionId, "Bobby");
    const again = await device({ store: await copyOf(level) });
    expect(again.settings.get().communityRequests).toBe(true);
    expect(again.contacts.get(bob.sessionId)?.nickname).toBe("Bobby");
  });

  test("what another device has changed is told when it can be written", async () => {
    const client = await device({ store: level });
    await client.poll();
    const contacts = new Contacts(alice);
    contacts.set(bob.sessionId, { nickname: "Bobby", approved: true });
    putConfig(net, contacts);
    const profile = new UserProfile(alice);
    profile.communityRequests = true;
    putConfig(net, profile);
    isFull = true;
    await client.poll().catch(() => {});
    isFull = false;
    expect(client.contacts.get(bob.sessionId)).toBeUndefined();
    const told: unknown[] = [];
    client.on("settings", ({ communityRequests }) => told.push(communityRequests));
    client.on("config", ({ configs }) => told.push(configs));
    await client.poll();
    expect(told).toEqual([true, ["profile", "contacts"]]);
    const again = await device({ store: await copyOf(level) });
    for (const { contacts: known } of [client, again])
      expect(known.get(bob.sessionId)).toMatchObject({ nickname: "Bobby", approved: true });
    await client.poll();
    expect(told).toHaveLength(2);
  });
});

describe("people", () => {
  for (const sync of [true, false]) {
    test(`are as they were before, with sync ${sync ? "on" : "off"}`, async () => {
      const client = await device({ store: level, sync });
      await client.contacts.setNickname(bob.sessionId, "Bobby");
      const before = client.contacts.get(bob.sessionId);
      await whileFull(() => client.contacts.setNickname(bob.sessionId, "Robert"));
      await whileFull(() => client.contacts.block(bob.sessionId));
      expect(client.contacts.get(bob.sessionId)).toEqual(before);
      await whileFull(() => client.contacts.setNickname(person(1).sessionId, "Carol"));
      expect(client.contacts.get(person(1).sessionId)).toBeUndefined();
    });
  }

  test("and so is what the other devices hear of them", async () => {
    const client = await device({ store: level });
    await client.contacts.setNickname(bob.sessionId, "Bobby");
    await whileFull(() => client.contacts.block(bob.sessionId));
    await whileFull(() => client.contacts.setNickname(person(1).sessionId, "Carol"));
    await client.contacts.setNickname(bob.sessionId, "Rob");
    const store = await openStore(await copyOf(level));
    const contacts = new Contacts(alice, { dump: (await store.get(CONFIGS, "3"))?.dump });
    expect([...contacts].map(({ nickname, blocked }) => [nickname, blocked])).toEqual([["Rob", false]]);
  });

  test("changes that fail together are all taken back", async () => {
    const client = await device({ store: level });
    await client.contacts.setNickname(bob.sessionId, "Bobby");
    const before = client.contacts.get(bob.sessionId);
    isFull = true;
    const { contacts } = client;
    await Promise.allSettled([
      contacts.setNickname(bob.sessionId, "one"),
      contacts.setNickname(bob.sessionId, "two"),
      contacts.setNickname(bob.sessionId, "three"),
    ]);
    isFull = false;
    expect(client.contacts.get(bob.sessionId)).toEqual(before);
  });

  test("strangers who were forgotten for a new one are known again", async () => {
    const client = await device({ store: level, sync: false });
    const accounts = Array.from({ length: MAX_STRANGERS }, (_, index) => strangerId(index));
    await client.close();
    const store = await openStore(level);
    await store.write((batch) => {
      for (const [index, id] of accounts.entries())
        batch.put(CONTACTS, id, { ...STRANGER, metAt: index + 1 });
    });
    await store.close();
    const again = await device({ store: level, sync: false });
    // That gives somebody unknown a record.
    await whileFull(() => again.contacts.unblock(strangerId(MAX_STRANGERS)));
    expect(again.contacts.get(strangerId(0))).toBeDefined();
    expect(again.contacts.get(strangerId(MAX_STRANGERS))).toBeUndefined();
    await again.contacts.unblock(strangerId(MAX_STRANGERS));
    expect(again.contacts.get(strangerId(0))).toBeUndefined();
  });
});

describe("groups", () => {
  test("what was read is read again, and what was changed is as it was", async () => {
    const groups = new GroupNetwork();
    const ann = await Device.open(groups, person(0));
    const ben = await Device.open(groups, person(1), { store: level });
    try {
      await ann.knows(ben);
      await ben.knows(ann);
      const group = await ann.client.groups.create({ name: "friends", members: [ben.id] });
      for (let round = 0; round < 3; round++) {
        groups.time += 1_000;
        for (const { timers, client } of [ann, ben]) {
          timers.advance(10_000);
          await client.sync();
        }
      }
      await group.rename("hikers");
      await group.send({ text: "up" });
      isFull = true;
      await ben.client.poll().catch(() => {});
      isFull = false;
      expect(ben.client.groups.get(group.id)?.name).toBe("friends");
      expect(ben.told.message).toEqual([]);
      await ben.client.poll();
      expect(ben.client.groups.get(group.id)?.name).toBe("hikers");
      expect(ben.told.message.map(({ text }) => text)).toEqual(["up"]);
      const again = await Device.open(groups, person(1), { store: await copyOf(level) });
      expect(again.client.groups.get(group.id)?.name).toBe("hikers");
      await again.close();
    } finally {
      await ann.close();
      await ben.close();
    }
  });
});

test("who is behind a blinded id is found out again if it could not be written", async () => {
  await using world = await World.open();
  const alice = await world.person(1);
  const bob = await world.person(2, { store: level });
  const room = await alice.client.communities.join(world.server.link("lobby"));
  const bobs = await bob.client.communities.join(world.server.link("lobby"));
  const [aliceId, bobId] = [await room.me(), await bobs.me()];
  await alice.poll();
  await bob.poll();
  let refusals = 1;
  level.hooks.prewrite.add(({ key }) => {
    if (String(key).includes("blinded-id") && refusals-- > 0) throw new Error("disk full");
  });
  await room.sendDirect(bobId, { text: "one" });
  await bob.poll();
  expect(refusals).toBeLessThan(1);
  await bob.poll();
  expect(bob.told.identified).toMatchObject([{ id: alice.client.sessionId, blindedId: aliceId }]);
  const store = await openStore(await copyOf(level));
  expect(await store.ids(BLINDED_IDS)).toEqual([aliceId]);
});
