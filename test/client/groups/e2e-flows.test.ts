import { MemoryLevel } from "memory-level";
import { Client, type ClientOptions, type Group } from "session-messenger-sdk/client";
import { isSessionError } from "session-messenger-sdk/errors";
import { startTestnet, type Testnet } from "session-messenger-sdk/testnet";
import { afterAll, beforeAll, expect, test } from "vitest";

let net: Testnet;

beforeAll(async () => {
  net = await startTestnet({ nodes: 12, swarms: 2, seed: "flows" });
});
afterAll(() => net.close());

const open = (options: Partial<ClientOptions> = {}): Promise<Client> =>
  Client.open({ network: net.network, polling: false, ...options });

/** Everybody polls and pushes, until what one does has reached the others. */
async function rest(...clients: readonly Client[]): Promise<void> {
  for (let round = 0; round < 3; round++) for (const client of clients) await client.sync();
}

async function befriend(...clients: readonly Client[]): Promise<void> {
  for (const client of clients)
    for (const { sessionId } of clients)
      if (sessionId !== client.sessionId) await client.contacts.accept(sessionId);
}

/** Texts that a client gets from now on. */
function textsOf(client: Client): string[] {
  const texts: string[] = [];
  client.on("message", ({ text }) => texts.push(text));
  return texts;
}

const changesOf = (client: Client): string[] => {
  const changes: string[] = [];
  client.on("group", ({ change }) => changes.push(change));
  return changes;
};

function coded(code: string): unknown {
  return expect.toSatisfy((error: unknown) => isSessionError(error, code), `a SessionError of code ${code}`);
}

test("history for newcomers, removal, return, and the end of a group", { timeout: 120_000 }, async () => {
  await using alice = await open();
  await using bob = await open();
  await using carol = await open();
  await using dave = await open();
  await befriend(alice, bob, carol, dave);
  const group = await alice.groups.create({ name: "friends", members: [bob.sessionId] });
  await group.send({ text: "long ago" });
  await rest(bob, alice);
  const [bobs, carols, daves] = [textsOf(bob), textsOf(carol), textsOf(dave)];
  const told = changesOf(bob);
  await group.invite([carol.sessionId], { history: true });
  await group.invite([dave.sessionId]);
  await group.send({ text: "today" });
  await rest(carol, dave, bob, alice);
  expect([carols, daves]).toEqual([["long ago", "today"], ["today"]]);
  expect(group.members.map(({ status }) => status).sort()).toEqual([
    "invite-accepted",
    "invite-accepted",
    "invite-accepted",
    "promotion-accepted",
  ]);

  const handle = bob.groups.get(group.id) as Group;
  await group.remove(bob.sessionId, { deleteMessages: true });
  await expect(handle.send({ text: "may I?" })).rejects.toEqual(coded("SEND_FAILED"));
  await group.send({ text: "without Bob" });
  await rest(bob, carol, alice);
  expect(bobs).toEqual(["long ago", "today"]);
  expect(told).toContain("kicked");
  expect(handle.isJoined).toBe(false);
  await expect(handle.send({ text: "may I?" })).rejects.toEqual(coded("GROUP_NOT_JOINED"));

  await group.invite([bob.sessionId]);
  await rest(bob, alice);
  await group.send({ text: "welcome back" });
  await rest(bob, carol);
  expect(bobs.slice(2)).toEqual(["welcome back"]);
  expect(carols.slice(2)).toEqual(["without Bob", "welcome back"]);

  await expect(group.leave()).rejects.toEqual(coded("GROUP_LAST_ADMIN"));
  await group.destroy();
  await rest(bob, carol, dave);
  for (const client of [alice, bob, carol, dave]) expect(client.groups.list()).toEqual([]);
  expect(told.at(-1)).toBe("destroyed");
});

test("a promoted account's other device and the first admin change a group at once", {
  timeout: 120_000,
}, async () => {
  await using alice = await open();
  await using bob = await open();
  await using second = await open({ account: bob.account });
  await using carol = await open();
  await using dave = await open();
  await befriend(alice, bob, carol, dave);
  await bob.sync();
  const group = await alice.groups.create({ name: "friends", members: [bob.sessionId, carol.sessionId] });
  await rest(bob, second, carol, alice);
  await group.promote(bob.sessionId);
  await rest(bob, second, alice, carol);
  const theirs = second.groups.get(group.id) as Group;
  expect(theirs.isAdmin).toBe(true);
  const told = changesOf(carol);
  await Promise.all([
    group.invite([dave.sessionId]),
    theirs.remove(carol.sessionId),
    group.setDescription("by Alice"),
    theirs.rename("by Bob"),
  ]);
  await rest(alice, second, bob, dave, carol);
  await rest(alice, second, bob, dave);
  const members = [alice, bob, dave].map(({ sessionId }) => sessionId).sort();
  for (const client of [alice, bob, second, dave]) {
    const view = client.groups.get(group.id);
    expect([view?.name, view?.description]).toEqual(["by Bob", "by Alice"]);
    expect(view?.members.map(({ sessionId }) => sessionId)).toEqual(members);
  }
  expect(told).toContain("kicked");
  const texts = [alice, bob, second].map(textsOf);
  await dave.send(group.id, { text: "hello" });
  await rest(alice, bob, second);
  expect(texts).toEqual([["hello"], ["hello"], ["hello"]]);
});

test("what files an admin deletes by time are gone, texts stay", { timeout: 120_000 }, async () => {
  await using alice = await open();
  await using bob = await open();
  await befriend(alice, bob);
  const group = await alice.groups.create({ name: "friends", members: [bob.sessionId] });
  await rest(bob, alice);
  const data = new Uint8Array(1_000).fill(7);
  const file = await group.send({ text: "a file", attachments: [{ data, fileName: "seven" }] });
  await group.send({ text: "a text" });
  const deleted: number[] = [];
  bob.on("deleted", ({ timestamp }) => deleted.push(timestamp));
  const texts = textsOf(bob);
  await rest(bob);
  expect(texts).toEqual(["a file", "a text"]);
  await group.deleteBefore(Math.ceil(Date.now() / 1000) + 60, { attachmentsOnly: true });
  await rest(bob);
  expect(deleted).toEqual([file.timestamp]);
});

test("an admin that is killed on the way goes on with everything", { timeout: 120_000 }, async () => {
  const database = new MemoryLevel();
  await using bob = await open();
  await using carol = await open();
  let alice = await open({ store: database, closeTimeoutMs: 0 });
  await befriend(alice, bob, carol);
  const { id } = await alice.groups.create({ name: "friends", members: [bob.sessionId] });
  await rest(bob, alice);
  const again = async (): Promise<Group> => {
    await alice.close();
    alice = await open({ store: database, closeTimeoutMs: 0 });
    return alice.groups.get(id) as Group;
  };
  for (const change of [
    (group: Group) => group.invite([carol.sessionId]),
    (group: Group) => group.rename("renamed"),
    (group: Group) => group.remove(bob.sessionId),
  ]) {
    const running = change(alice.groups.get(id) as Group);
    running.catch(() => {});
    // Whatever it has come to by now.
    await new Promise((resolve) => setImmediate(resolve));
    await again();
    await rest(alice, bob, carol);
  }
  const group = await again();
  await rest(alice, bob, carol, alice);
  expect(group.name).toBe("renamed");
  expect(group.members.map(({ sessionId }) => sessionId).sort()).toEqual(
    [alice.sessionId, carol.sessionId].sort(),
  );
  expect(bob.groups.list()).toEqual([]);
  expect(carol.groups.get(id)?.name).toBe("renamed");
  await alice.close();
});
