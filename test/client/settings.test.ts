import { beforeEach, expect, test } from "vitest";
import { alice } from "./support/accounts.js";
import { FakeNetwork } from "./support/fake-network.js";
import { ownDevices } from "./support/own-devices.js";

let net: FakeNetwork;
const { device } = ownDevices(() => net);

const NO_PRO = {
  credential: undefined,
  expires: 0,
  autoRenews: false,
  gracePeriod: 0,
  purchaseStarted: 0,
  refundRequested: 0,
};

beforeEach(() => {
  net = new FakeNetwork();
});

test("settings are the same on all devices, and the other ones are told", async () => {
  const [one, two] = [await device(), await device()];
  expect(one.settings.get()).toEqual({ communityRequests: undefined, pro: NO_PRO, features: [] });
  await one.sync();
  await two.sync();
  const told: unknown[] = [];
  two.on("settings", (settings) => told.push(settings));
  one.on("settings", () => told.push("here"));
  const pro = {
    credential: {
      expires: 1_800_100_000,
      revocationTag: new Uint8Array(32).fill(1),
      rotatingSeed: new Uint8Array(32).fill(2),
      signature: new Uint8Array(64).fill(3),
    },
    expires: 1_800_200_000,
    autoRenews: true,
    gracePeriod: 3600,
  };
  const wanted = { communityRequests: false, pro: { ...NO_PRO, ...pro }, features: [0] };
  expect(await one.settings.set({ communityRequests: false, pro, features: [0] })).toEqual(wanted);
  await one.sync();
  await two.poll();
  expect(told).toEqual([wanted]);
  expect(two.settings.get()).toEqual(wanted);
  await two.settings.set({ communityRequests: true });
  await two.sync();
  await one.poll();
  expect(one.settings.get()).toEqual({ ...wanted, communityRequests: true });
});

test("names and pictures of the profile are no settings", async () => {
  const [one, two] = [await device(), await device()];
  const told: unknown[] = [];
  two.on("settings", (settings) => told.push(settings));
  await one.profile.set({ name: "Alice" });
  await one.sync();
  await two.sync();
  expect(two.profile.name).toBe("Alice");
  expect(told).toEqual([]);
});

test("what is no setting is refused, and changes nothing", async () => {
  const client = await device({ sync: false });
  for (const changes of [{ communityRequests: 1 }, { features: 3 }]) {
    await expect(client.settings.set(changes as never)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  }
  for (const changes of [
    { features: [64] },
    { pro: { expires: -1 } },
    { pro: { gracePeriod: 1.5 } },
    { pro: { credential: { expires: 5, revocationTag: new Uint8Array(31) } } },
  ]) {
    const error = client.settings.set({ ...changes, communityRequests: true } as never);
    await expect(error, JSON.stringify(changes)).rejects.toMatchObject({ code: "CONFIG_VALUE_INVALID" });
  }
  expect(client.settings.get()).toEqual({ communityRequests: undefined, pro: NO_PRO, features: [] });
});

test("Note to Self is a conversation under the own id", async () => {
  const [one, two] = [await device(), await device()];
  await one.conversations.pin(alice.sessionId, 2);
  await one.setDisappearing(alice.sessionId, { mode: "after-send", seconds: 3600 });
  await one.sync();
  await two.sync();
  expect(two.conversations.get(alice.sessionId).priority).toBe(2);
  expect(two.contacts.get(alice.sessionId)?.timer).toEqual({ mode: "after-send", seconds: 3600 });
});

test("what is refused changes nothing", async () => {
  const one = await device();
  const before = one.settings.get();
  const changes = { pro: { expires: 1_800_000_000 }, features: [64] };
  await expect(one.settings.set(changes)).rejects.toMatchObject({ code: "CONFIG_VALUE_INVALID" });
  const missing = undefined as unknown as typeof changes;
  await expect(one.settings.set(missing)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  expect(one.settings.get()).toEqual(before);
});
