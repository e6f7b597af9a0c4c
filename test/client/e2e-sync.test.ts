import { MemoryLevel } from "memory-level";
import { Client, type ClientOptions } from "session-messenger-sdk/client";
import { loadCompressor } from "session-messenger-sdk/config/zstd";
import { restoreAccount } from "session-messenger-sdk/identity";
import { startTestnet, type Testnet } from "session-messenger-sdk/testnet";
import { afterAll, beforeAll, expect, test } from "vitest";

let net: Testnet;

beforeAll(async () => {
  net = await startTestnet({ nodes: 12, swarms: 2, seed: "sync" });
});
afterAll(() => net.close());

const open = (options: Partial<ClientOptions> = {}): Promise<Client> =>
  Client.open({ network: net.network, polling: false, ...options });

test("a second device has everything from the phrase alone, and both agree after changing things at once", async () => {
  const compress = await loadCompressor();
  await using bob = await open();
  await using carol = await open();
  await using phone = await open({ compress });
  await phone.profile.set({ name: "Alice" });
  await phone.contacts.add(bob.sessionId, { nickname: "Bobby" });
  await phone.contacts.block(carol.sessionId);
  await phone.sync();

  await using laptop = await open({ account: restoreAccount(phone.account.recoveryPhrase) });
  await laptop.sync();
  expect(laptop.profile.name).toBe("Alice");
  expect(laptop.contacts.get(bob.sessionId)).toMatchObject({ nickname: "Bobby", approved: true });
  expect(laptop.contacts.get(carol.sessionId)?.blocked).toBe(true);
  const texts: string[] = [];
  laptop.on("message", ({ text }) => texts.push(text));
  await carol.send(phone.sessionId, { text: "let me in" });
  await bob.send(phone.sessionId, { text: "hello" });
  await laptop.poll();
  expect(texts).toEqual(["hello"]);

  await Promise.all([
    phone.conversations.pin(bob.sessionId),
    phone.contacts.unblock(carol.sessionId),
    laptop.contacts.setNickname(bob.sessionId, "Robert"),
    laptop.profile.set({ name: "Alice L." }),
  ]);
  await Promise.all([phone.sync(), laptop.sync()]);
  for (let round = 0; round < 3; round++) for (const client of [phone, laptop]) await client.sync();
  for (const client of [phone, laptop]) {
    expect(client.profile.name).toBe("Alice L.");
    expect(client.contacts.get(bob.sessionId)).toMatchObject({ nickname: "Robert", priority: 1 });
    expect(client.contacts.get(carol.sessionId)?.blocked).toBe(false);
  }
}, 60_000);

test("changes made while no node answers are pushed by the next client on the store", async () => {
  await using phone = await open();
  await phone.profile.set({ name: "Before" });
  await phone.sync();
  const store = new MemoryLevel();
  const account = restoreAccount(phone.account.recoveryPhrase);
  const laptop = await open({ account, store, closeTimeoutMs: 100 });
  await laptop.sync();
  await laptop.profile.set({ name: "After" });
  for (const node of net.nodes) node.faults.drop(1);
  await laptop.close();
  for (const node of net.nodes) node.faults.clear();
  await phone.sync();
  expect(phone.profile.name).toBe("Before");

  await using again = await open({ store });
  expect(again.profile.name).toBe("After");
  await again.sync();
  await phone.sync();
  expect(phone.profile.name).toBe("After");
}, 60_000);
