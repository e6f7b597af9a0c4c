/** What moderators do. */
import type { Room } from "session-messenger-sdk/client";
import { room as roomCall, rooms as roomsCall } from "session-messenger-sdk/communities";
import { afterEach, beforeEach, expect, test } from "vitest";
import { codeOf, type Person, World } from "./support.js";

let world: World;
let admin: Person;
let bob: Person;
let room: Room;
let bobs: Room;
let bobId: string;

beforeEach(async () => {
  world = await World.open();
  admin = await world.person(1);
  bob = await world.person(2);
  world.server.setRole(admin.client.sessionId, { admin: true, moderator: true, visible: true });
  room = await admin.client.communities.join(world.server.link("lobby"));
  bobs = await bob.client.communities.join(world.server.link("lobby"));
  bobId = await bobs.me();
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

test("a ban ends reading and writing, until it is taken back", async () => {
  await bobs.send({ text: "spam" });
  await room.ban(bobId);
  expect(await codeOf(bobs.send({ text: "more" }))).toBe("COMMUNITY_FORBIDDEN");
  await bob.poll();
  await bob.poll();
  expect(bob.told.error).toMatchObject([
    {
      code: "COMMUNITY_POLL_FAILED",
      cause: { code: "COMMUNITY_FORBIDDEN" },
      details: { room: room.conversation },
    },
  ]);
  await room.unban(bobId);
  await bobs.send({ text: "sorry" });
  await bob.poll();
  expect(bob.told.error.length).toBe(1);
});

test("a ban may end by itself, and hold on the whole server", async () => {
  await room.ban(bobId, { seconds: 60 });
  expect(await room.scheduled(bobId)).toMatchObject([{ banned: false }]);
  expect(await room.permissionsOf(bobId)).toMatchObject({ banned: true });
  world.net.time += 61_000;
  await bobs.send({ text: "back" });
  await room.ban(bobId, { where: "server" });
  expect(await codeOf(bobs.send({ text: "x" }))).toBe("COMMUNITY_BANNED");
  await room.unban(bobId, { where: "server" });
  await room.ban(bobId, { where: "all-rooms" });
  expect(await codeOf(bobs.send({ text: "x" }))).toBe("COMMUNITY_FORBIDDEN");
});

test("ban and delete takes everything with it", async () => {
  await bobs.send({ text: "spam" });
  await bobs.send({ text: "more spam" });
  await admin.poll();
  expect(await room.banAndDelete(bobId)).toEqual({ deleted: true });
  await admin.poll();
  expect(admin.told["room-deletion"].map(({ id }) => id)).toEqual([1, 2]);
  expect(await room.recent()).toEqual([]);
  expect(await room.banAndDelete(bobId)).toEqual({ deleted: false });
});

test("everything of a user can be deleted, here and everywhere", async () => {
  await bobs.send({ text: "a" });
  expect(await room.deleteAllOf(bobId)).toBe(true);
  expect(await room.deleteAllOf(bobId)).toBe(false);
  await bobs.send({ text: "b" });
  expect(await room.deleteAllOfEverywhere(bobId)).toEqual({ total: 1, rooms: new Map([["lobby", 1]]) });
});

test("roles are given and taken, and told", async () => {
  await room.addModerator(bob.client.sessionId);
  await bob.poll();
  expect(bobs.info).toMatchObject({ moderator: true, admin: false, moderators: [bobId] });
  expect(bob.told.room.at(-1)).toMatchObject({ change: "info", conversation: room.conversation });
  expect(bob.told.room.at(-1)?.changed).toContain("moderator");
  await room.addAdmin(bobId);
  expect(room.info?.admins).toContain(bobId);
  await room.removeAdmin(bobId);
  expect(room.info?.admins).not.toContain(bobId);
  await room.removeModerator(bobId);
  expect((await room.refresh()).moderators).toEqual([]);
  expect(await codeOf(bobs.addAdmin(bobId))).toBe("COMMUNITY_FORBIDDEN");
});

test("permissions are read, set, scheduled and reset", async () => {
  expect(await room.permissionsOf(bobId)).toMatchObject({ banned: false, moderator: false });
  expect(await room.setPermissions(bobId, { write: false })).toMatchObject({ write: false });
  expect(await codeOf(bobs.send({ text: "x" }))).toBe("COMMUNITY_FORBIDDEN");
  expect((await room.permissions()).get(bobId)).toMatchObject({ write: false });
  expect(await room.schedule(bobId, 30, { write: true })).toMatchObject([{ write: true }]);
  expect(await room.scheduled()).toMatchObject([{ user: bobId, write: true }]);
  world.net.time += 31_000;
  await bobs.send({ text: "allowed" });
  await room.setPermissions(bobId, { write: "default", upload: false });
  expect((await room.permissionsOf(bobId)).write).toBeUndefined();
  await room.setDefaults({ write: false });
  expect(await codeOf(bobs.send({ text: "x" }))).toBe("COMMUNITY_FORBIDDEN");
  expect(room.info?.defaults).toMatchObject({ write: false });
});

test("name, description, image and pins are changed and told to all", async () => {
  const sent = await room.send({ text: "rules" });
  await bob.poll();
  bob.told.room.length = 0;
  await room.update({ name: "The Lobby", description: "for all" });
  const image = await room.setImage(new Uint8Array([1, 2, 3]));
  await room.pin(sent);
  expect(room.name).toBe("The Lobby");
  await bob.poll();
  expect(bob.told.room).toMatchObject([
    { change: "info", info: { name: "The Lobby", description: "for all" } },
  ]);
  expect(new Set(bob.told.room[0]?.changed)).toEqual(
    new Set(["name", "description", "imageId", "pinnedMessages"]),
  );
  expect(bobs.info).toMatchObject({ imageId: image, pinnedMessages: [{ id: sent.id }] });
  expect((await bobs.image())?.bytes).toEqual(new Uint8Array([1, 2, 3]));
  expect(await room.unpin(sent)).toBe(true);
  expect(await room.unpin(sent)).toBe(false);
  await room.pin(sent.id);
  expect(await room.unpinAll()).toBe(1);
  await room.update({ description: null });
  await bob.poll();
  expect(bobs.info?.pinnedMessages).toEqual([]);
  expect(bobs.info?.description).toBeUndefined();
  expect(await codeOf(bobs.pin(sent))).toBe("COMMUNITY_FORBIDDEN");
});

test("whispers are for those they are for", async () => {
  const carol = await world.person(3);
  await carol.client.communities.join(world.server.link("lobby"));
  await room.whisper(bobId, { text: "psst" });
  await room.whisper("moderators", { text: "mods only" });
  expect(await bob.poll()).toEqual(["psst"]);
  expect(bob.told.message[0]).toMatchObject({ whisper: { to: bobId, moderators: false } });
  expect(await carol.poll()).toEqual([]);
  expect(await codeOf(bobs.whisper("moderators", { text: "x" }))).toBe("COMMUNITY_FORBIDDEN");
});

test("moderators delete what others wrote, and clear reactions", async () => {
  const sent = await bobs.send({ text: "rude" });
  await bobs.react(sent, "💩");
  expect(await room.clearReactions(sent, "💩")).toMatchObject({ count: 1 });
  await bobs.react(sent, "💩");
  expect(await room.clearReactions(sent)).toMatchObject({ count: 1 });
  expect(await room.delete(sent)).toBe(true);
  expect(await room.recent()).toEqual([]);
});

test("calls of the communities room go through the handle, alone and together", async () => {
  expect((await room.call(roomCall("lobby"))).name).toBe("Lobby");
  const [one, all] = await room.server.batch([roomCall("lobby"), roomsCall()]);
  expect(one.ok && one.value.token).toBe("lobby");
  expect(all.ok && all.value.length).toBe(1);
  expect(admin.client.communities.server(world.server.url)).toBe(room.server);
  expect(admin.client.communities.server(world.server.link("lobby"))).toBe(room.server);
});
