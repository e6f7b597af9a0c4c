import { MemoryLevel } from "memory-level";
import { Client, type ReceivedText } from "session-messenger-sdk/client";
import { openStore } from "session-messenger-sdk/store";
import { afterEach, beforeEach, expect, test } from "vitest";
import { alice, bob, text } from "./support/accounts.js";
import { FakeNetwork } from "./support/fake-network.js";

let net: FakeNetwork;
let database: MemoryLevel;
let client: Client;

const open = (): Promise<Client> =>
  Client.open({ account: bob, network: net.network, store: database, polling: false, sync: false });

/** Bob gets a text from alice. */
const send = (body: string): void => {
  net.put(bob.sessionId, text(alice, bob, body, net.time++));
};

beforeEach(async () => {
  net = new FakeNetwork();
  database = new MemoryLevel();
  client = await open();
});
afterEach(() => client.close());

test("a message says where it was written, and where to answer", async () => {
  const got: ReceivedText[] = [];
  client.on("message", (message) => got.push(message));
  send("hi");
  await client.poll();
  expect(got).toMatchObject([{ source: "direct", conversation: alice.sessionId, text: "hi" }]);
});

test("an iterator over one conversation leaves the texts of others for others", async () => {
  const elsewhere = client.messages({ conversation: `05${"ab".repeat(32)}` });
  send("one");
  await client.poll();
  const here = client.messages({ conversation: alice.sessionId });
  expect((await here.next()).value?.text).toBe("one");
  await here.return?.();
  await elsewhere.return?.();
});

test("an item that no source knows stays for a version that does, and keeps nothing else back", async () => {
  await client.close();
  const store = await openStore(database);
  const stranger = { pubkey: `07${"cd".repeat(32)}`, namespace: 999, hash: "h" };
  await store.write((batch) => {
    batch.addInbox({ ...stranger, data: Uint8Array.of(1), timestamp: 1, expiration: 2 });
  });
  await store.close();
  client = await open();
  const got: string[] = [];
  client.on("message", (message) => got.push(message.text));
  send("after it");
  await client.poll();
  expect(got).toEqual(["after it"]);
  await client.close();
  const later = await openStore(database);
  expect(await later.inbox()).toMatchObject([stranger]);
  await later.close();
});
