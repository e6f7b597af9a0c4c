import { Contacts, ConvoInfoVolatile, UserGroups } from "session-messenger-sdk/config";
import { isSessionError } from "session-messenger-sdk/errors";
import { accountFromSeed, parseGroupId } from "session-messenger-sdk/identity";
import { beforeEach, describe, expect, test } from "vitest";
import { alice, bob } from "./support/accounts.js";
import { FakeNetwork } from "./support/fake-network.js";
import { ownDevices, putConfig } from "./support/own-devices.js";

const carol = accountFromSeed(new Uint8Array(16).fill(3));
const GROUP = `03${"ab".repeat(32)}`;
const OTHER_GROUP = `03${"cd".repeat(32)}`;
const BLINDED = `15${"77".repeat(32)}`;
const SERVER = { baseUrl: "https://chat.example.org", publicKey: "11".repeat(32) };
const ROOM = "https://chat.example.org/lobby";

let net: FakeNetwork;
// There is no server behind the room.
const { device, errors } = ownDevices(() => net, "COMMUNITY_POLL_FAILED");

/** Another device is in a group and a room, and knows somebody of that room. */
function join(): void {
  const groups = new UserGroups(alice, { now: () => net.time });
  groups.setGroup(GROUP, { name: "Friends", joined: 1_799_000_000 });
  groups.setGroup(OTHER_GROUP, { name: "Invited", invited: true });
  groups.setCommunity({ ...SERVER, room: "Lobby" }, { priority: 2, notifications: "mentions" });
  putConfig(net, groups);
  const contacts = new Contacts(alice, { now: () => net.time });
  contacts.setBlinded(BLINDED, SERVER, { name: "Somebody" });
  putConfig(net, contacts);
}

beforeEach(() => {
  net = new FakeNetwork();
});

describe("conversations of all kinds", () => {
  test("are listed, pinned ones first, invitations left out", async () => {
    join();
    const client = await device();
    await client.poll();
    const listed = client.conversations.list().map(({ id, kind, priority }) => [id, kind, priority]);
    expect(listed[0]).toEqual([ROOM, "community", 2]);
    expect(listed).toHaveLength(3);
    expect(listed).toContainEqual([GROUP, "group", 0]);
    expect(listed).toContainEqual([BLINDED, "blinded", 0]);
    expect(client.conversations.get("https://Chat.example.org/Lobby")).toEqual({
      id: ROOM,
      kind: "community",
      lastRead: 0,
      markedUnread: false,
      priority: 2,
      notifications: "mentions",
      mutedUntil: 0,
    });
    expect(errors).toEqual([]);
  });

  test("are those of old groups too, which have Session IDs", async () => {
    const groups = new UserGroups(alice, { now: () => net.time });
    groups.setLegacyGroup(carol.sessionId, { name: "Old friends" });
    putConfig(net, groups);
    const [one, two] = [await device(), await device()];
    await one.sync();
    await two.sync();
    expect(one.conversations.list().map(({ id, kind }) => [id, kind])).toEqual([
      [carol.sessionId, "legacy-group"],
    ]);
    const told: unknown[] = [];
    two.on("conversation", ({ id, kind, priority, markedUnread }) =>
      told.push([id, kind, priority, markedUnread]),
    );
    await one.conversations.pin(carol.sessionId);
    await one.conversations.markUnread(carol.sessionId);
    expect(one.contacts.get(carol.sessionId)).toBeUndefined();
    await one.sync();
    await two.poll();
    expect(told).toEqual([[carol.sessionId, "legacy-group", 1, true]]);
    await two.markRead(carol.sessionId, net.time);
    expect(two.conversations.get(carol.sessionId)).toMatchObject({ lastRead: net.time, markedUnread: false });
  });

  test("are changed here and told there", async () => {
    join();
    const [one, two] = [await device(), await device()];
    await one.sync();
    await two.sync();
    const told: unknown[] = [];
    two.on("conversation", (conversation) => told.push(conversation));
    const here: string[] = [];
    one.on("conversation", ({ id }) => here.push(id));
    await one.conversations.pin(GROUP, 5);
    await one.conversations.setNotifications(GROUP, { notifications: "mentions", mutedUntil: 1_800_000_100 });
    await one.conversations.markUnread(ROOM);
    await one.conversations.hide(BLINDED);
    expect(here).toEqual([GROUP, GROUP, ROOM, BLINDED]);
    await one.sync();
    await two.poll();
    const changed = [
      {
        id: GROUP,
        kind: "group",
        lastRead: 0,
        markedUnread: false,
        priority: 5,
        notifications: "mentions",
        mutedUntil: 1_800_000_100,
      },
      { ...one.conversations.get(ROOM), markedUnread: true },
      { ...one.conversations.get(BLINDED), priority: -1 },
    ];
    expect(told).toHaveLength(3);
    for (const conversation of changed) expect(told).toContainEqual(conversation);
    await two.conversations.unpin(GROUP);
    await two.conversations.markUnread(ROOM, false);
    await two.sync();
    await one.poll();
    expect(one.conversations.get(GROUP).priority).toBe(0);
    expect(one.conversations.get(ROOM).markedUnread).toBe(false);
    expect(errors).toEqual([]);
  });

  test("are read up to a time or the newest of some messages, and never back", async () => {
    join();
    const client = await device();
    await client.poll();
    await client.conversations.markUnread(GROUP);
    await client.markRead(GROUP, net.time - 100);
    expect(client.conversations.get(GROUP)).toMatchObject({ lastRead: net.time - 100, markedUnread: false });
    await client.markRead(GROUP, net.time - 200);
    expect(client.conversations.get(GROUP).lastRead).toBe(net.time - 100);
    const at = (timestamp: number) => ({ conversation: ROOM, from: BLINDED, timestamp });
    await client.markRead(ROOM, [at(net.time - 50), at(net.time - 20), at(net.time - 70)]);
    expect(client.conversations.get(ROOM).lastRead).toBe(net.time - 20);
    for (const read of [0, -1, 1.5, "now", [{}]]) {
      await expect(client.markRead(GROUP, read as never)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    }
  });

  test("show how far other devices have read", async () => {
    join();
    const client = await device();
    await client.poll();
    const volatile = new ConvoInfoVolatile(alice, { now: () => net.time });
    volatile.set({ kind: "group", id: parseGroupId(GROUP) }, { lastRead: net.time - 5 });
    volatile.set(
      { kind: "community", baseUrl: SERVER.baseUrl, room: "lobby" },
      { lastRead: net.time - 7, unread: true },
      SERVER.publicKey,
    );
    putConfig(net, volatile);
    const told: unknown[] = [];
    client.on("conversation", ({ id, lastRead, markedUnread }) => told.push([id, lastRead, markedUnread]));
    await client.poll();
    expect(told).toEqual([
      [GROUP, net.time - 5, false],
      [ROOM, net.time - 7, true],
    ]);
  });

  test("cannot be changed if the account is not in them", async () => {
    const client = await device();
    for (const id of [GROUP, ROOM, BLINDED]) {
      const error = await client.conversations.pin(id).catch((caught: unknown) => caught);
      expect(isSessionError(error, "CONVERSATION_UNKNOWN"), id).toBe(true);
      expect(client.conversations.get(id)).toMatchObject({ id, priority: 0, lastRead: 0 });
    }
    for (const id of ["https://chat.example.org/", "https://a b/room", "https://host/r/x", "03", "", 7]) {
      expect(() => client.conversations.get(id as string), String(id)).toThrow(
        expect.objectContaining({ code: "ID_INVALID" }),
      );
    }
    join();
    await client.poll();
    await expect(
      client.conversations.setNotifications(BLINDED, { notifications: "all" }),
    ).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
    await expect(
      client.conversations.setNotifications(bob.sessionId, { notifications: "mentions" }),
    ).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(client.conversations.list()).toHaveLength(3);
  });

  test("with people known by a blinded id are forgotten with them, everywhere", async () => {
    join();
    const [one, two] = [await device(), await device()];
    await one.sync();
    await two.sync();
    expect(one.contacts.blinded()).toMatchObject([{ id: BLINDED, server: SERVER, name: "Somebody" }]);
    expect(await one.contacts.removeBlinded(BLINDED)).toBe(true);
    expect(await one.contacts.removeBlinded(BLINDED)).toBe(false);
    await one.sync();
    await two.poll();
    expect(two.contacts.blinded()).toEqual([]);
    expect(two.conversations.list().map(({ kind }) => kind)).not.toContain("blinded");
  });
});
