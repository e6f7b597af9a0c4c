/** Joining and leaving: links in all forms, and the same rooms on all devices. */
import { bytesToBase32z, bytesToBase64, hexToBytes } from "session-messenger-sdk/bytes";
import type { Room } from "session-messenger-sdk/client";
import type { CommunityNetwork } from "session-messenger-sdk/communities";
import { UserGroups } from "session-messenger-sdk/config";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { accountOf, codeOf, type Person, World } from "./support.js";

let world: World;
let alice: Person;

beforeEach(async () => {
  world = await World.open();
  alice = await world.person(1);
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

const hostOf = (): string => world.server.url.replace("http://", "");

describe("a link", () => {
  const key = (): Uint8Array => hexToBytes(world.server.publicKey);
  const forms: ReadonlyArray<readonly [string, () => string]> = [
    ["as servers give it", () => world.server.link("lobby")],
    ["without scheme", () => `${hostOf()}/lobby?public_key=${world.server.publicKey}`],
    ["of the server's web page", () => `${world.server.url}/r/lobby?public_key=${world.server.publicKey}`],
    ["with the room in capitals", () => `${world.server.url}/LOBBY?public_key=${world.server.publicKey}`],
    ["with a key in base64", () => `${world.server.url}/lobby?public_key=${bytesToBase64(key())}`],
    [
      "with a key in base64 without padding",
      () => `${world.server.url}/lobby?public_key=${bytesToBase64(key()).replace("=", "")}`,
    ],
    ["with a key in z-base-32", () => `${world.server.url}/lobby?public_key=${bytesToBase32z(key())}`],
    ["with spaces around", () => `  ${world.server.link("lobby")}\n`],
  ];
  test.each(forms)("%s joins the room", async (_name, link) => {
    const room = await alice.client.communities.join(link());
    expect(room.name).toBe("Lobby");
    await room.send({ text: "here" });
    // Every other form is the same room.
    const requests = world.requests.length;
    for (const [, other] of forms) expect(await alice.client.communities.join(other())).toBe(room);
    expect(world.requests.length).toBe(requests);
    expect(alice.client.communities.list()).toEqual([room]);
  });

  test.each([
    "",
    "lobby",
    "https://example.org/lobby",
    "https://example.org/?public_key=00",
    `https://localhost/lobby?public_key=${"0".repeat(64)}`,
    `https://user:pw@example.org/lobby?public_key=${"0".repeat(64)}`,
    `https://example.org/lobby?public_key=${"z".repeat(64)}`,
    `https://example.org/a/b/lobby?public_key=${"0".repeat(64)}`,
    "file:///etc/passwd",
    `https://0x7f.1/lobby?public_key=${"0".repeat(64)}`,
    `https://example.org/${"x".repeat(65)}?public_key=${"0".repeat(64)}`,
    `https://example.org:99999/lobby?public_key=${"0".repeat(64)}`,
  ])("%s is refused, and nobody is asked", async (link) => {
    expect(await codeOf(alice.client.communities.join(link))).toBe("COMMUNITY_LINK_INVALID");
    expect(world.requests).toEqual([]);
  });

  test("that is missing, as one from an unset variable, is refused", async () => {
    const { communities } = alice.client;
    const missing = undefined as unknown as string;
    expect(await codeOf(communities.join(missing))).toBe("COMMUNITY_LINK_INVALID");
    expect(await codeOf(communities.rooms(missing))).toBe("COMMUNITY_LINK_INVALID");
    const half = { baseUrl: world.server.url, publicKey: missing };
    expect(await codeOf(communities.rooms(half))).toBe("COMMUNITY_LINK_INVALID");
    const room = await communities.join(world.server.link("lobby"));
    expect(await codeOf(room.react(1, missing))).toBe("INVALID_ARGUMENT");
    expect(await codeOf(room.setImage(missing as unknown as Uint8Array))).toBe("INVALID_ARGUMENT");
  });

  test("with another key is refused while the server is joined: it would silence its rooms", async () => {
    const room = await alice.client.communities.join(world.server.link("lobby"));
    world.server.addRoom({ token: "trap", name: "Trap" });
    const hostile = `${world.server.url}/trap?public_key=${"1".repeat(64)}`;
    expect(await codeOf(alice.client.communities.join(hostile))).toBe("COMMUNITY_KEY_CHANGED");
    expect(await codeOf(alice.client.communities.rooms(hostile))).toBe("COMMUNITY_KEY_CHANGED");
    await room.send({ text: "still works" });
    await room.leave();
    // Nothing is joined with a key that the server does not have.
    expect(await codeOf(alice.client.communities.join(hostile))).toBe("COMMUNITY_UNAUTHORIZED");
    expect(alice.client.communities.list()).toEqual([]);
  });

  test("to no room joins nothing", async () => {
    const link = `${world.server.url}/nowhere?public_key=${world.server.publicKey}`;
    expect(await codeOf(alice.client.communities.join(link))).toBe("COMMUNITY_NOT_FOUND");
    const aborted = alice.client.communities.join(link, { signal: AbortSignal.abort() });
    expect(await codeOf(aborted)).toBe("ABORTED");
    expect(alice.client.communities.list()).toEqual([]);
    await alice.client.close();
    expect(await codeOf((async () => alice.client.communities.join(link))())).toBe("CLOSED");
  });
});

test("a server that was set up anew with another key is read from its beginning, rooms and direct messages", async () => {
  const fresh = await world.serve({ seed: "set up anew" });
  const { hostname: host, port } = new URL(fresh.url);
  const { clock, callServer } = world.network;
  const communityNetwork: CommunityNetwork = {
    clock,
    // The address is the same, who answers there has another key.
    callServer: (server, ...rest) =>
      server.x25519PublicKey === fresh.publicKey
        ? callServer({ ...server, host, port: Number(port) }, ...rest)
        : callServer(server, ...rest),
  };
  const bob = await world.person(2);
  const person = await world.person(7, { communityNetwork });
  const bobs: Room[] = [];
  for (const server of world.servers) bobs.push(await bob.client.communities.join(server.link("lobby")));
  const [first, second] = bobs as [Room, Room];
  const room = await person.client.communities.join(world.server.link("lobby"));
  await person.poll();
  await first.send({ text: "old" });
  await first.sendDirect(await room.me(), { text: "old and direct" });
  expect((await person.poll()).sort()).toEqual(["old", "old and direct"]);
  await room.leave();
  await person.client.close();

  const again = await world.person(7, { communityNetwork, store: person.store });
  const link = `${world.server.url}/lobby?public_key=${fresh.publicKey}`;
  const anew = await again.client.communities.join(link, { history: false });
  await again.poll();
  await second.send({ text: "new" });
  await second.sendDirect(await anew.me(), { text: "new and direct" });
  expect((await again.poll()).sort()).toEqual(["new", "new and direct"]);
});

test("what a server can do, and its rooms, are told without joining and without a name", async () => {
  world.server.addRoom({ token: "other", name: "Other" });
  const seen: boolean[] = [];
  world.server.intercept((exchange) => {
    seen.push("x-sogs-pubkey" in exchange.headers);
    return undefined;
  });
  const link = world.server.link("lobby");
  expect(await alice.client.communities.capabilities(link)).toMatchObject({ blinding: true });
  const rooms = await alice.client.communities.rooms({
    baseUrl: world.server.url,
    publicKey: world.server.publicKey,
  });
  expect(rooms.map(({ token }) => token)).toEqual(["lobby", "other"]);
  expect(seen).toEqual([false, false]);
  await alice.client.communities.rooms(link, { anonymous: false });
  expect(seen).toContain(true);
  expect(alice.client.communities.list()).toEqual([]);
});

test("a joined room is found by address and link, and left for good", async () => {
  const room = await alice.client.communities.join(world.server.link("lobby"));
  for (const address of [
    room.conversation,
    `${world.server.url}/LOBBY`,
    room.link,
    world.server.link("lobby"),
  ])
    expect(alice.client.communities.get(address)).toBe(room);
  expect(alice.client.communities.get("https://example.org/lobby")).toBeUndefined();
  expect(() => alice.client.communities.get("nonsense")).toThrowError(
    expect.objectContaining({ code: "COMMUNITY_LINK_INVALID" }),
  );
  await room.send({ text: "bye" });
  await room.markRead(world.net.time);
  expect(await alice.client.communities.leave(room.conversation)).toBe(true);
  expect(await alice.client.communities.leave(room)).toBe(false);
  await room.leave();
  expect(alice.client.communities.list()).toEqual([]);
  expect(alice.told.room.map(({ change }) => change)).toEqual(["joined", "left"]);
  const requests = world.requests.length;
  await alice.poll();
  expect(world.requests.length).toBe(requests);
  expect(await codeOf(alice.client.send(room.conversation, { text: "x" }))).toBe("ROOM_NOT_JOINED");
});

test("who does not want the history gets what comes after joining", async () => {
  const bob = await world.person(2);
  const bobs = await bob.client.communities.join(world.server.link("lobby"));
  for (let n = 1; n <= 3; n++) await bobs.send({ text: `old ${n}` });
  const room = await alice.client.communities.join(world.server.link("lobby"), { history: false });
  expect(await alice.poll()).toEqual([]);
  await bobs.edit(1, { text: "old one" });
  await bobs.send({ text: "new" });
  expect(await alice.poll()).toEqual(["new"]);
  expect(alice.told.message[0]).toMatchObject({ history: false });
  expect(alice.told["room-edit"]).toMatchObject([{ id: 1, text: "old one" }]);
  expect((await room.recent()).length).toBe(4);
});

test("the history comes oldest first", async () => {
  const bob = await world.person(2);
  const bobs = await bob.client.communities.join(world.server.link("lobby"));
  for (let n = 1; n <= 3; n++) await bobs.send({ text: `old ${n}` });
  await alice.client.communities.join(world.server.link("lobby"));
  expect(await alice.poll()).toEqual(["old 1", "old 2", "old 3"]);
  expect(alice.told.message.every((message) => message.source === "community" && message.history)).toBe(true);
});

describe("on two devices", () => {
  let phone: Person;
  let laptop: Person;

  beforeEach(async () => {
    phone = await world.person(5, { sync: true });
    laptop = await world.person(5, { sync: true });
    await phone.client.sync();
    await laptop.client.sync();
  });

  test("a room that one joins is joined by the other, and left with it", async () => {
    const bob = await world.person(2);
    const bobs = await bob.client.communities.join(world.server.link("lobby"));
    await bobs.send({ text: "before" });
    const room = await phone.client.communities.join(world.server.link("lobby"), { history: false });
    await phone.client.sync();
    expect(await laptop.poll()).toEqual(["before"]);
    expect(laptop.told.room).toMatchObject([
      { change: "joined", conversation: room.conversation },
      { change: "info", info: { name: "Lobby" } },
    ]);
    expect(laptop.client.communities.list().map(({ conversation }) => conversation)).toEqual([
      room.conversation,
    ]);

    const sent = await room.send({ text: "from the phone" });
    expect(await phone.poll()).toEqual([]);
    expect(await laptop.poll()).toEqual(["from the phone"]);
    expect(laptop.told.message.at(-1)).toMatchObject({ outgoing: true, from: sent.from, id: sent.id });

    await room.setNotifications({ notifications: "disabled" });
    await room.markRead(sent.timestamp);
    await phone.client.sync();
    await laptop.poll();
    const there = laptop.client.communities.get(room.conversation);
    expect(there?.state).toMatchObject({ notifications: "disabled", lastRead: sent.timestamp });

    await there?.leave();
    await laptop.client.sync();
    await phone.poll();
    expect(phone.client.communities.list()).toEqual([]);
    expect(phone.told.room.map(({ change }) => change)).toContain("left");
    await bobs.send({ text: "nobody hears this" });
    expect(await phone.poll()).toEqual([]);
  });

  test("a room that devices have joined under several forms of its address is left under all of them", async () => {
    const { url, publicKey } = world.server;
    const groups = new UserGroups(accountOf(5), { now: world.now });
    for (const baseUrl of [url, url.replace("http:", "https:")])
      groups.setCommunity({ baseUrl, room: "lobby", publicKey });
    for (const data of groups.push().messages)
      world.net.put(accountOf(5).sessionId, data, world.net.nodes, 30 * 86_400_000, groups.namespace);
    await phone.client.sync();
    expect(phone.client.communities.list().length).toBe(1);
    await phone.client.communities.leave(`${url}/lobby`);
    await phone.client.sync();
    await laptop.client.sync();
    const { store } = phone;
    await phone.client.close();
    const again = await world.person(5, { sync: true, store });
    for (const { client } of [again, laptop]) expect(client.communities.list()).toEqual([]);
  });

  test("a room that was left while a device was away is gone when it opens", async () => {
    const room = await phone.client.communities.join(world.server.link("lobby"));
    await phone.client.sync();
    await laptop.client.sync();
    const { store } = laptop;
    await laptop.client.close();
    await room.leave();
    await phone.client.sync();
    const again = await world.person(5, { sync: true, store });
    expect(again.client.communities.list().length).toBe(1);
    await again.client.sync();
    expect(again.client.communities.list()).toEqual([]);
  });
});
