/** Direct messages to blinded ids, until it is known who is behind them. */

import { hexToBytes } from "session-messenger-sdk/bytes";
import type { Room } from "session-messenger-sdk/client";
import { communityIdentity, postToInbox } from "session-messenger-sdk/communities";
import { parseBlindedId } from "session-messenger-sdk/identity";
import { afterEach, beforeEach, expect, test } from "vitest";
import { accountOf, codeOf, type Person, World } from "./support.js";

let world: World;
let alice: Person;
let bob: Person;
let room: Room;
let bobs: Room;
let aliceId: string;
let bobId: string;

beforeEach(async () => {
  world = await World.open();
  alice = await world.person(1);
  bob = await world.person(2);
  room = await alice.client.communities.join(world.server.link("lobby"));
  bobs = await bob.client.communities.join(world.server.link("lobby"));
  [aliceId, bobId] = [await room.me(), await bobs.me()];
  await alice.poll();
  await bob.poll();
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

test("a first message reveals its sender, and the answer goes through the swarm", async () => {
  await alice.client.setProfile({ name: "Alice" });
  const sent = await room.sendDirect(bobId, { text: "psst" });
  expect(sent.to).toBe(bobId);
  expect([...alice.client.contacts.blinded()].map(({ id }) => id)).toEqual([bobId]);

  expect(await bob.poll()).toEqual(["psst"]);
  const [message] = bob.told.message;
  expect(message).toMatchObject({
    source: "inbox",
    conversation: alice.client.sessionId,
    from: alice.client.sessionId,
    blindedId: aliceId,
    server: world.server.url,
    outgoing: false,
    timestamp: sent.timestamp,
    profile: { name: "Alice" },
  });
  expect(bob.told.identified).toEqual([
    { id: alice.client.sessionId, blindedId: aliceId, server: world.server.url },
  ]);
  expect(bob.client.contacts.get(alice.client.sessionId)).toMatchObject({
    approvedMe: true,
    approved: false,
    name: "Alice",
  });
  expect(bob.client.communities.sessionIdOf(aliceId)).toBe(alice.client.sessionId);
  if (message === undefined) throw new Error("no message");

  // Not delivered again, and never to who sent it.
  expect(await bob.poll()).toEqual([]);
  expect(await alice.poll()).toEqual([]);

  await bob.client.send(message.conversation, { text: "who are you?" });
  expect(await alice.poll()).toEqual(["who are you?"]);
  expect(alice.told.message[0]).toMatchObject({ source: "direct", from: bob.client.sessionId });
  expect(alice.told.identified).toEqual([
    { id: bob.client.sessionId, blindedId: bobId, server: world.server.url },
  ]);
  expect([...alice.client.contacts.blinded()]).toEqual([]);
  expect(alice.client.contacts.get(bob.client.sessionId)).toMatchObject({ approved: true, approvedMe: true });

  // From now on through the swarm, whichever id is used.
  const requests = world.requests.length;
  const next = await alice.client.communities.sendDirect(world.server.url, bobId, { text: "Alice" });
  expect(next.to).toBe(bob.client.sessionId);
  expect(world.requests.length).toBe(requests);
  expect(await bob.poll()).toEqual(["Alice"]);
  expect([...alice.told.error, ...bob.told.error]).toEqual([]);
});

test("records move to the conversation with the Session ID, so that what refers to them is taken", async () => {
  const sent = await room.sendDirect(bobId, { text: "react to me" });
  await bob.poll();
  const [message] = bob.told.message;
  if (message === undefined) throw new Error("no message");
  await bob.client.acceptRequest(message.conversation);
  const reactions: unknown[] = [];
  alice.client.on("reaction", (event) => reactions.push(event));
  await bob.client.react(message, "👍");
  await alice.poll();
  await alice.poll();
  expect(reactions).toMatchObject([
    { emoji: "👍", target: { author: alice.client.sessionId, timestamp: sent.timestamp } },
  ]);
});

test("a blinded id is an address: the client sends there", async () => {
  await alice.client.communities.sendDirect(world.server.link("lobby"), bobId, { text: "one" });
  await alice.client.send(bobId, { text: "two" });
  expect(await bob.poll()).toEqual(["one", "two"]);
});

test("a contact is recognised by its blinded id, before and after writing", async () => {
  await alice.client.contacts.add(bob.client.sessionId);
  const sent = await room.sendDirect(bobId, { text: "known" });
  expect(sent.to).toBe(bob.client.sessionId);
  const carol = await world.person(3);
  const hers = await carol.client.communities.join(world.server.link("lobby"));
  const carolId = await hers.me();
  await carol.poll();
  await room.sendDirect(carolId, { text: "unknown" });
  await alice.client.contacts.add(carol.client.sessionId);
  await alice.poll();
  await expect.poll(() => alice.client.communities.sessionIdOf(carolId)).toBe(carol.client.sessionId);
  expect([...alice.client.contacts.blinded()]).toEqual([]);
});

test("files go encrypted to the file server, and a message needs a text", async () => {
  expect(await codeOf(room.sendDirect(bobId, { attachments: [{ data: new Uint8Array([1]) }] }))).toBe(
    "FILE_SERVER_UNKNOWN",
  );
  expect(await codeOf(room.sendDirect(bobId, { text: "" }))).toBe("MESSAGE_EMPTY");
  const invitation = { url: world.server.link("lobby"), name: "Lobby" };
  expect(await codeOf(room.sendDirect(bobId, { invitation }))).toBe("INVALID_ARGUMENT");
});

test("a user that the server does not know cannot be written to, and is no contact", async () => {
  const stranger = communityIdentity(accountOf(9), "15", hexToBytes(world.server.publicKey)).id;
  expect(await codeOf(room.sendDirect(stranger, { text: "x" }))).toBe("COMMUNITY_NOT_FOUND");
  const noPoint = `15${"ab".repeat(32)}`;
  expect(await codeOf(room.sendDirect(noPoint, { text: "x" }))).toBe("MESSAGE_INVALID_RECIPIENT");
  expect([...alice.client.contacts.blinded()]).toEqual([]);
  expect(await codeOf(room.sendDirect("nobody", { text: "x" }))).toBe("ID_INVALID");
});

test("who does not want requests is not asked, and says so", async () => {
  await bob.client.settings.set({ communityRequests: false });
  await room.sendDirect(bobId, { text: "psst" });
  expect(await bob.poll()).toEqual([]);
  await bobs.send({ text: "leave me alone" });
  await alice.poll();
  expect(alice.told.message[0]).toMatchObject({ blocksMessageRequests: true });
  await bob.client.settings.set({ communityRequests: true });
  expect(await bob.poll()).toEqual(["psst"]);
});

test("what a blocked person writes is dropped", async () => {
  await bob.client.block(alice.client.sessionId);
  await room.sendDirect(bobId, { text: "psst" });
  expect(await bob.poll()).toEqual([]);
  expect(bob.told.dropped).toMatchObject([{ rule: "V4", reason: "blocked" }]);
});

test("what does not open is dropped, and does not come again", async () => {
  const garbage = new Uint8Array(120).fill(3);
  garbage[0] = 0;
  await alice.client.communities.server(world.server.url).run(postToInbox(parseBlindedId(bobId), garbage));
  expect(await bob.poll()).toEqual([]);
  expect(bob.told.dropped).toMatchObject([{ rule: "MESSAGE_DECRYPT_FAILED" }]);
  await bob.poll();
  expect(bob.told.dropped.length).toBe(1);
});

test("another device of the sender has a copy, and the blinded contact", async () => {
  const phone = await world.person(5, { sync: true });
  const laptop = await world.person(5, { sync: true });
  await phone.client.sync();
  const phones = await phone.client.communities.join(world.server.link("lobby"));
  const sent = await phones.sendDirect(bobId, { text: "hello" });
  await phone.client.sync();
  expect(await phone.poll()).toEqual([]);
  await laptop.client.sync();
  expect(laptop.told.message).toMatchObject([
    { source: "inbox", outgoing: true, conversation: bobId, timestamp: sent.timestamp, text: "hello" },
  ]);
  expect([...laptop.client.contacts.blinded()].map(({ id }) => id)).toEqual([bobId]);

  await bob.poll();
  await bob.client.send(phone.client.sessionId, { text: "hi" });
  await phone.poll();
  await laptop.poll();
  for (const device of [phone, laptop]) {
    expect(device.told.identified).toMatchObject([{ id: bob.client.sessionId, blindedId: bobId }]);
    expect([...device.client.contacts.blinded()]).toEqual([]);
  }
});

test("a restart forgets neither who is who nor how far the boxes were read", async () => {
  await room.sendDirect(bobId, { text: "psst" });
  await bob.poll();
  await bob.client.close();
  const again = await world.person(accountOf(2), { store: bob.store });
  expect(again.client.communities.sessionIdOf(aliceId)).toBe(alice.client.sessionId);
  expect(await again.poll()).toEqual([]);
  await alice.client.close();
  const alices = await world.person(1, { store: alice.store });
  expect(await alices.poll()).toEqual([]);
  expect([...alices.client.contacts.blinded()].map(({ id }) => id)).toEqual([bobId]);
});
