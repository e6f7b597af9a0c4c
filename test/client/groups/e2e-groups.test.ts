import { Client, type ClientOptions } from "session-messenger-sdk/client";
import { startTestnet, type Testnet } from "session-messenger-sdk/testnet";
import { afterAll, beforeAll, expect, test } from "vitest";

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
