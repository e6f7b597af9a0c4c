import { Client, type ClientOptions, type ReceivedText } from "session-messenger-sdk/client";
import { startTestnet, type Testnet } from "session-messenger-sdk/testnet";
import { afterAll, beforeAll, expect, test } from "vitest";

let net: Testnet;

beforeAll(async () => {
  net = await startTestnet({ nodes: 8, swarms: 2, seed: "legacy" });
});
afterAll(() => net.close());

const open = (options: Partial<ClientOptions> = {}): Promise<Client> =>
  Client.open({ network: net.network, polling: false, legacyGroups: true, ...options });

/** What a client is told from now on. */
function collect(client: Client): ReceivedText[] {
  const texts: ReceivedText[] = [];
  client.on("message", (message) => texts.push(message));
  return texts;
}

test("a legacy group over a test network: files, a removal, a restart", async () => {
  await using alice = await open();
  await using bob = await open();
  await using carol = await open();
  for (const client of [bob, carol]) await client.contacts.accept(alice.sessionId);
  const [toBob, toCarol] = [collect(bob), collect(carol)];
  const group = await alice.groups.legacy.create({
    name: "old friends",
    members: [bob.sessionId, carol.sessionId],
  });
  for (const client of [bob, carol]) await client.sync();
  const data = new Uint8Array(3_000).map((_, index) => index);
  await bob.send(group.id, { text: "a file", attachments: [{ data, fileName: "a.bin" }] });
  await carol.poll();
  expect(toCarol).toMatchObject([{ source: "legacy-group", from: bob.sessionId, text: "a file" }]);
  expect(await carol.download(toCarol[0]!.attachments[0]!)).toEqual(data);

  await group.rename("older friends");
  await group.remove(carol.sessionId);
  await group.send({ text: "without carol" });
  for (const client of [bob, carol]) await client.sync();
  expect(bob.groups.legacy.get(group.id)).toMatchObject({ name: "older friends", standing: "active" });
  expect(toBob.map(({ text }) => text)).toEqual(["without carol"]);
  expect(carol.groups.legacy.get(group.id)?.standing).toBe("kicked");
  expect(toCarol).toHaveLength(1);

  // Another device of Bob's has it from the config.
  await using second = await open({ account: bob.account });
  await second.sync();
  const toSecond = collect(second);
  await group.send({ text: "to all of Bob's devices" });
  await second.poll();
  expect(toSecond.map(({ text }) => text)).toContain("to all of Bob's devices");
  await group.leave();
  await bob.poll();
  expect(bob.groups.legacy.get(group.id)?.standing).toBe("kicked");
}, 60_000);
