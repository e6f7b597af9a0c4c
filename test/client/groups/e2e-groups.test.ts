import { MemoryLevel } from "memory-level";
import { Client, type ClientOptions, type ReceivedText } from "session-messenger-sdk/client";
import { startTestnet, type Testnet } from "session-messenger-sdk/testnet";
import { afterAll, beforeAll, expect, test } from "vitest";

const FILE: Uint8Array = new Uint8Array(1_000).fill(7);
const PICTURE: Uint8Array = new Uint8Array(
  Buffer.from(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=",
    "base64",
  ),
);

let net: Testnet;

beforeAll(async () => {
  net = await startTestnet({ nodes: 12, swarms: 2, seed: "groups" });
});
afterAll(() => net.close());

const open = (options: Partial<ClientOptions> = {}): Promise<Client> =>
  Client.open({ network: net.network, polling: false, ...options });

test("a group of three: created, joined, written to by all", async () => {
  await using alice = await open();
  await using bob = await open();
  await using carol = await open();
  for (const client of [alice, bob, carol])
    client.on("error", (error) => console.log("ERR", error, error.cause));
  const group = await alice.groups.create({ name: "friends", members: [bob.sessionId, carol.sessionId] });
  expect(group.id).toMatch(/^03[0-9a-f]{64}$/);
  expect(group.members.map(({ status }) => status).sort()).toEqual([
    "invite-sent",
    "invite-sent",
    "promotion-accepted",
  ]);
  const invites: unknown[] = [];
  bob.on("group-invite", (invite) => invites.push(invite));
  await bob.poll();
  expect(invites).toMatchObject([{ id: group.id, name: "friends", from: alice.sessionId }]);
  expect(bob.groups.invitations()).toMatchObject([{ id: group.id, name: "friends" }]);
  const bobs = await bob.groups.accept(group.id);
  await bob.sync();
  expect(bobs.name).toBe("friends");
  expect(bobs.isRead).toBe(true);
  await carol.poll();
  await carol.groups.accept(group.id);
  await carol.sync();

  const got: string[] = [];
  for (const [name, client] of Object.entries({ alice, bob, carol }))
    client.on("message", ({ text, source, conversation, from }) => {
      expect(source).toBe("group");
      expect(conversation).toBe(group.id);
      got.push(
        `${name}: ${text} from ${from === alice.sessionId ? "alice" : from === bob.sessionId ? "bob" : "carol"}`,
      );
    });
  await group.send({ text: "hello group" });
  await bobs.send({ text: "hello from bob" });
  await carol.send(group.id, { text: "hello from carol" });
  await alice.poll();
  await bob.poll();
  await carol.poll();
  expect(got.sort()).toEqual([
    "alice: hello from bob from bob",
    "alice: hello from carol from carol",
    "bob: hello from carol from carol",
    "bob: hello group from alice",
    "carol: hello from bob from bob",
    "carol: hello group from alice",
  ]);
  await alice.sync();
  expect(group.members.map(({ status }) => status).sort()).toEqual([
    "invite-accepted",
    "invite-accepted",
    "promotion-accepted",
  ]);
}, 60_000);

test("clients that are restarted after every step lose nothing; files go along", async () => {
  const stores = { alice: new MemoryLevel(), bob: new MemoryLevel() };
  const again = async <T>(who: keyof typeof stores, run: (client: Client) => Promise<T>): Promise<T> => {
    await using client = await open({ store: stores[who] });
    return await run(client);
  };
  const bobId = await again("bob", async ({ sessionId }) => sessionId);
  const aliceId = await again("alice", async ({ sessionId }) => sessionId);
  const id = await again("alice", async ({ groups }) => {
    const group = await groups.create({ name: "restarted", members: [bobId], picture: PICTURE });
    return group.id;
  });
  expect(await again("alice", async ({ groups }) => groups.get(id)?.name)).toBe("restarted");
  await again("bob", (client) => client.poll());
  expect(
    await again("bob", async ({ groups }) => groups.invitations().map(({ id: invited }) => invited)),
  ).toEqual([id]);
  await again("bob", ({ groups }) => groups.accept(id));
  await again("bob", (client) => client.sync());
  await again("alice", async (client) => {
    await client.sync();
    const [status] = client.groups.get(id)?.members.filter(({ sessionId }) => sessionId === bobId) ?? [];
    expect(status).toMatchObject({ status: "invite-accepted" });
    await client.send(id, { text: "a file", attachments: [{ data: FILE, fileName: "notes.txt" }] });
    await client.send(id, { voice: { data: FILE } });
  });
  await again("bob", async (client) => {
    const messages: ReceivedText[] = [];
    client.on("message", (message) => messages.push(message));
    await client.poll();
    expect(messages.map(({ text, from, conversation }) => ({ text, from, conversation }))).toEqual([
      { text: "a file", from: aliceId, conversation: id },
      { text: "", from: aliceId, conversation: id },
    ]);
    for (const { attachments } of messages) {
      const [attachment] = attachments;
      if (attachment === undefined) throw new Error("the file did not come");
      expect(await client.download(attachment)).toEqual(FILE);
    }
    expect(messages[1]?.attachments[0]).toMatchObject({ isVoiceMessage: true });
    const { picture } = client.groups.get(id) ?? {};
    expect(picture).toBeDefined();
    expect(await client.downloadAvatar({ picture, updatedAt: 0 })).toEqual(PICTURE);
    await client.groups.get(id)?.leave();
  });
  await again("alice", async (client) => {
    for (let round = 0; round < 3; round++) await client.sync();
    expect(client.groups.get(id)?.members.map(({ sessionId }) => sessionId)).toEqual([aliceId]);
    await client.groups.get(id)?.destroy();
    expect(client.groups.list()).toEqual([]);
  });
  await again("bob", async (client) => {
    await client.sync();
    expect(client.groups.list()).toEqual([]);
  });
}, 120_000);
