import type { ClientOptions } from "session-messenger-sdk/client";
import { loadCompressor } from "session-messenger-sdk/config/zstd";
import { beforeEach, expect, test } from "vitest";
import { alice } from "./support/accounts.js";
import { FakeNetwork } from "./support/fake-network.js";
import { ownDevices } from "./support/own-devices.js";

const CONTACTS = 40;

let net: FakeNetwork;
const { device } = ownDevices(() => net);

/** What the swarm has of the contacts after a device with `options` has put some there. */
async function storedContacts(options: Partial<ClientOptions>): Promise<string[]> {
  net = new FakeNetwork();
  const client = await device(options);
  for (let index = 0; index < CONTACTS; index++) {
    await client.contacts.add(`05${index.toString(16).padStart(64, "0")}`, { nickname: `Contact ${index}` });
  }
  await client.sync();
  return (net.nodes[0]?.box(alice.sessionId, 3) ?? []).map(({ data }) => data);
}

beforeEach(() => {
  net = new FakeNetwork();
});

test("configs are compressed by themselves, to what the compressor gives", async () => {
  const [byItself, given, plain] = [
    await storedContacts({}),
    await storedContacts({ compress: await loadCompressor() }),
    await storedContacts({ compress: false }),
  ];
  expect(byItself).toHaveLength(1);
  expect(byItself).toEqual(given);
  expect((byItself[0] ?? "").length).toBeLessThan((plain[0] ?? "").length / 2);
});

test("devices that compress and devices that do not read each other", async () => {
  const [one, two] = [await device(), await device({ compress: false })];
  for (let index = 0; index < CONTACTS; index++) {
    await one.contacts.setNickname(`05${index.toString(16).padStart(64, "0")}`, `Contact ${index}`);
  }
  await one.sync();
  await two.sync();
  await two.contacts.setNickname(`05${"0".repeat(64)}`, "Zero");
  await two.sync();
  await one.sync();
  expect(one.contacts.get(`05${"0".repeat(64)}`)?.nickname).toBe("Zero");
  expect(two.contacts.list()).toHaveLength(CONTACTS);
});
