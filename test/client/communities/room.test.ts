/** A room from end to end: what its handle does, and what others get of it. */
import type { Room } from "session-messenger-sdk/client";
import { mention } from "session-messenger-sdk/communities";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { codeOf, type Person, World } from "./support.js";

let world: World;
let alice: Person;
let bob: Person;
let room: Room;
let bobs: Room;

beforeEach(async () => {
  world = await World.open();
  alice = await world.person(1);
  bob = await world.person(2);
  room = await alice.client.communities.join(world.server.link("lobby"));
  bobs = await bob.client.communities.join(world.server.link("lobby"));
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

test("a text reaches the others once, and never its sender", async () => {
  const sent = await room.send({ text: "hello room" });
  expect(sent).toMatchObject({ to: room.conversation, id: 1, filtered: false });
  expect(await bob.poll()).toEqual(["hello room"]);
  expect(bob.told.message[0]).toMatchObject({
    source: "community",
    conversation: room.conversation,
    id: 1,
    from: sent.from,
    outgoing: false,
    timestamp: sent.timestamp,
    history: true,
    hash: sent.hash,
  });
  expect(await alice.poll()).toEqual([]);
  await room.send({ text: "again" });
  expect(await bob.poll()).toEqual(["again"]);
  expect(bob.told.message[1]).toMatchObject({ history: false });
  expect(await bob.poll()).toEqual([]);
  expect(await alice.poll()).toEqual([]);
  expect([...alice.told.error, ...bob.told.error, ...bob.told.dropped]).toEqual([]);
});

test("quotes name people by the ids of the server, and mentions are found", async () => {
  await alice.client.setProfile({ name: "Alice" });
  const first = await room.send({ text: `hi ${mention(await bobs.me())}` });
  await bob.poll();
  const [received] = bob.told.message;
  expect(received).toMatchObject({ mentions: [await bobs.me()], profile: { name: "Alice" } });
  await bobs.send({ text: "hi yourself", quote: received });
  await alice.poll();
  expect(alice.told.message[0]).toMatchObject({
    text: "hi yourself",
    quote: { author: first.from, timestamp: first.timestamp },
    mentions: [],
  });
});

test("files are uploaded to the room, with progress, and downloaded from it", async () => {
  const data = new Uint8Array(5000).fill(7);
  const progress: unknown[] = [];
  await room.send(
    {
      text: "see https://example.org/",
      attachments: [
        { data, fileName: "a b.bin", contentType: "image/png", width: 3, height: 4 },
        { data: [new Uint8Array([1]), new Uint8Array([2, 3])] },
      ],
      preview: { url: "https://example.org/", title: "Example", image: { data: new Uint8Array([9, 9]) } },
    },
    { onProgress: (step) => progress.push([step.index, step.count, step.loaded, step.total]) },
  );
  expect(progress).toEqual([
    [0, 3, 0, 5000],
    [0, 3, 5000, 5000],
    [1, 3, 0, 3],
    [1, 3, 3, 3],
    [2, 3, 0, 2],
    [2, 3, 2, 2],
  ]);
  await bob.poll();
  const [message] = bob.told.message;
  const url = (id: number): string => `${world.server.url}/room/lobby/file/${id}`;
  expect(message?.attachments).toMatchObject([
    {
      url: url(1),
      room: room.conversation,
      fileName: "a b.bin",
      contentType: "image/png",
      size: 5000,
      width: 3,
      height: 4,
      scheme: "none",
    },
    { url: url(2), size: 3, contentType: "application/octet-stream" },
  ]);
  const [first, second] = message?.attachments ?? [];
  if (first === undefined || second === undefined) throw new Error("no files");
  expect(await bob.client.download(first)).toEqual(data);
  expect(await bobs.download(second as never)).toEqual(new Uint8Array([1, 2, 3]));
  const image = message?.preview?.image;
  expect(image && (await bob.client.download(image))).toEqual(new Uint8Array([9, 9]));
  expect(await codeOf(bobs.download({ url: "https://example.org/nothing" }))).toBe("INVALID_ARGUMENT");
  expect(await codeOf(bobs.download({ url: url(99) }))).toBe("COMMUNITY_NOT_FOUND");
});

test("a recording is a voice message", async () => {
  await room.send({ voice: { data: new Uint8Array([1, 2]) } });
  await bob.poll();
  expect(bob.told.message[0]).toMatchObject({
    text: "",
    attachments: [{ isVoiceMessage: true, contentType: "audio/mp3", fileName: "session-audio-message" }],
  });
});

test("a file above the limit is refused before anything is sent, in pieces too", async () => {
  await room.me();
  const before = world.requests.length;
  const pieces = Array.from({ length: 11 }, () => new Uint8Array(1_000_000));
  expect(await codeOf(room.send({ attachments: [{ data: pieces }] }))).toBe("COMMUNITY_TOO_LARGE");
  expect(await codeOf(room.send({ attachments: [{ data: new Uint8Array(10_000_001) }] }))).toBe(
    "FILE_TOO_LARGE",
  );
  expect(world.requests.length).toBe(before);
});

test("edits and deletions are told to who has the message, and not to who made them", async () => {
  const sent = await room.send({ text: "frist" });
  const doomed = await room.send({ text: "doomed" });
  await bob.poll();
  await room.edit(sent, { text: "first" });
  expect(await room.delete(doomed)).toBe(true);
  expect(await room.delete(doomed)).toBe(false);
  await Promise.all([alice.poll(), bob.poll()]);
  expect(bob.told["room-edit"]).toMatchObject([
    { id: sent.id, text: "first", outgoing: false, conversation: room.conversation, from: sent.from },
  ]);
  expect(bob.told["room-edit"][0]?.editedAt).toBeGreaterThan(0);
  expect(bob.told["room-deletion"]).toMatchObject([
    { id: doomed.id, from: sent.from, timestamp: doomed.timestamp, conversation: room.conversation },
  ]);
  expect(bob.told.message.length).toBe(2);
  expect(alice.told["room-edit"]).toEqual([]);
  expect(alice.told.message).toEqual([]);
  expect(await codeOf(bobs.edit(sent, { text: "mine" }))).toBe("COMMUNITY_FORBIDDEN");
  expect(await codeOf(bobs.delete(sent))).toBe("COMMUNITY_FORBIDDEN");
});

test("what was edited before it was ever polled is a message, and what was deleted is nothing", async () => {
  await bob.poll();
  const sent = await room.send({ text: "a" });
  const gone = await room.send({ text: "b" });
  await room.send({ text: "c" });
  await room.edit(sent, { text: "A" });
  await room.delete(gone);
  expect(await bob.poll()).toEqual(["c", "A"]);
  expect(bob.told["room-edit"]).toEqual([]);
  expect(bob.told["room-deletion"]).toEqual([]);
});

test("a message that is deleted while it waits for the app is not shown any more", async () => {
  const carol = await world.person(3, { listen: ["room-deletion", "dropped"] });
  await carol.client.communities.join(world.server.link("lobby"));
  const sent = await room.send({ text: "soon gone" });
  await carol.poll();
  await room.delete(sent);
  await carol.poll();
  const texts: string[] = [];
  carol.client.on("message", ({ text }) => texts.push(text));
  await carol.client.poll();
  expect(texts).toEqual([]);
  expect(carol.told.dropped).toMatchObject([{ reason: "deleted" }]);
});

test("reactions are changed and told", async () => {
  const sent = await room.send({ text: "react to me" });
  await bob.poll();
  expect(await bobs.react(sent, "🎉")).toMatchObject({ changed: true });
  expect(await bobs.react(sent, "🎉")).toMatchObject({ changed: false });
  await alice.poll();
  expect(alice.told["room-reactions"]).toMatchObject([
    { id: sent.id, reactions: [{ emoji: "🎉", count: 1, you: false, reactors: [await bobs.me()] }] },
  ]);
  expect(await room.reactions(sent)).toMatchObject([{ emoji: "🎉", count: 1 }]);
  expect(await room.reactors(sent, "🎉")).toMatchObject([{ id: await bobs.me() }]);
  expect(await bobs.unreact(sent, "🎉")).toMatchObject({ changed: true });
  await alice.poll();
  expect(alice.told["room-reactions"][1]).toMatchObject({ id: sent.id, reactions: [] });
  expect(await codeOf(bobs.react(sent, ""))).toBe("INVALID_ARGUMENT");
});

test("pages and single messages are as messages are", async () => {
  const ids: number[] = [];
  for (const text of ["one", "two", "three"]) ids.push((await room.send({ text })).id);
  expect((await bobs.recent({ limit: 2 })).map(({ text }) => text)).toEqual(["three", "two"]);
  expect((await bobs.before(ids[1] as number)).map(({ text }) => text)).toEqual(["one"]);
  const page = await bobs.since(1, { limit: 1 });
  expect(page).toMatchObject({ messages: [{ kind: "text", text: "two" }], cursor: 2, more: true });
  await room.delete(ids[0] as number);
  await bobs.react(ids[1] as number, "👍");
  expect((await bobs.since(3)).messages).toMatchObject([
    { kind: "room-deletion", id: ids[0] },
    { kind: "room-reactions", id: ids[1] },
  ]);
  expect(await bobs.message(ids[2] as number)).toMatchObject({ text: "three", source: "community" });
  expect(await codeOf(bobs.message(ids[0] as number))).toBe("COMMUNITY_NOT_FOUND");
  expect(await codeOf(bobs.message(-1))).toBe("INVALID_ARGUMENT");
});

describe("the client routes by conversation", () => {
  test("send, react, unsend, markRead", async () => {
    const sent = await alice.client.send(room.conversation, { text: "from the client" });
    expect(await bob.poll()).toEqual(["from the client"]);
    const [message] = bob.told.message;
    if (message === undefined) throw new Error("no message");
    await bob.client.react(message, "👍");
    await bob.client.send(message.conversation, { text: "answer" });
    await alice.poll();
    expect(alice.told["room-reactions"]).toMatchObject([{ reactions: [{ emoji: "👍", count: 1 }] }]);
    expect(alice.told.message).toMatchObject([{ text: "answer" }]);
    await bob.client.unreact(message, "👍");
    await bob.client.markRead(message.conversation, [message]);
    expect(bobs.state).toMatchObject({ lastRead: message.timestamp, kind: "community" });
    const [own] = await room.recent();
    if (own === undefined) throw new Error("no message");
    expect(await alice.client.unsend(sent as never)).toMatchObject({ deleted: true });
    await bob.poll();
    expect(bob.told["room-deletion"]).toMatchObject([{ timestamp: sent.timestamp }]);
  });

  test("also by link, and not to rooms that are not joined", async () => {
    world.server.addRoom({ token: "other", name: "Other" });
    await alice.client.send(world.server.link("lobby").toUpperCase().replace("PUBLIC_KEY", "public_key"), {
      text: "shouted",
    });
    expect(await bob.poll()).toEqual(["shouted"]);
    expect(await codeOf(alice.client.send(`${world.server.url}/other`, { text: "x" }))).toBe(
      "ROOM_NOT_JOINED",
    );
    expect(await codeOf(alice.client.send("http://nowhere", { text: "x" }))).toBe("COMMUNITY_LINK_INVALID");
    const stranger = `15${"0".repeat(64)}`;
    expect(await codeOf(alice.client.send(stranger, { text: "x" }))).toBe("CONVERSATION_UNKNOWN");
  });
});

test("an iterator over the room gives its texts alone", async () => {
  world.server.addRoom({ token: "other", name: "Other" });
  const carol = await world.person(3, { listen: [] });
  const hers = await carol.client.communities.join(world.server.link("lobby"));
  await carol.client.communities.join(world.server.link("other"));
  await (await alice.client.communities.join(world.server.link("other"))).send({ text: "elsewhere" });
  await room.send({ text: "here" });
  const texts: string[] = [];
  const stream = hers.messages();
  await carol.client.poll();
  for await (const message of stream) {
    texts.push(`${message.id} ${message.text} ${message.history}`);
    break;
  }
  expect(texts).toEqual(["2 here true"]);
});

test("missing arguments are refused with a code", async () => {
  const missing = undefined as never;
  const { client } = alice;
  const id = await room.me();
  const refused: ReadonlyArray<Promise<unknown>> = [
    room.markRead(missing),
    room.markRead({} as never),
    room.setNotifications(missing),
    room.update(missing),
    room.setPermissions(id, missing),
    room.schedule(id, 60, missing),
    room.setDefaults(null as never),
    room.call(missing),
    client.conversations.setNotifications(room.conversation, missing),
    client.setProfile(missing),
    client.markRead(room.conversation, [missing]),
  ];
  expect(await Promise.all(refused.map(codeOf))).toEqual(refused.map(() => "INVALID_ARGUMENT"));
  expect(await codeOf(client.communities.leave(missing))).toBe("COMMUNITY_LINK_INVALID");
});

test("how the room is shown is the user's", async () => {
  await room.setNotifications({ notifications: "mentions", mutedUntil: 1_900_000_000 });
  await room.setPriority(2);
  await room.markRead(1_790_000_000_000);
  await room.markUnread();
  expect(room.state).toMatchObject({
    id: room.conversation,
    notifications: "mentions",
    mutedUntil: 1_900_000_000,
    priority: 2,
    markedUnread: true,
  });
  expect(alice.client.conversations.get(room.conversation)).toEqual(room.state);
  expect(await codeOf(room.markRead(-1))).toBe("INVALID_ARGUMENT");
});

test("what cannot be sent is refused before anything is", async () => {
  expect(await codeOf(room.send({}))).toBe("MESSAGE_EMPTY");
  expect(await codeOf(room.send({ text: "x".repeat(2001) }))).toBe("MESSAGE_TOO_LONG");
  expect(await codeOf(room.send({ text: "x", quote: { author: "nobody", timestamp: 1 } }))).toBe(
    "ID_INVALID",
  );
  expect(await codeOf(room.send({ text: "x" }, { signal: AbortSignal.abort() }))).toBe("ABORTED");
  await alice.client.close();
  expect(await codeOf(room.send({ text: "x" }))).toBe("CLOSED");
  expect(await bob.poll()).toEqual([]);
});
