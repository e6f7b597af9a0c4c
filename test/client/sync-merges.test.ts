import { afterEach, expect, test } from "vitest";
import { Device, person } from "./support/device.js";
import { FakeNetwork } from "./support/fake-network.js";

const net = new FakeNetwork();
const devices: Device[] = [];

afterEach(async () => {
  await Promise.all(devices.splice(0).map((device) => device.close()));
});

/** Lets a device push what it has changed, without polling before. */
async function push(device: Device): Promise<void> {
  const before = net.calls.length;
  device.timers.advance(3_000);
  while (!net.calls.slice(before).some(({ method }) => method === "store"))
    await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setTimeout(resolve, 0));
}

test("a contact that is removed between a merge and its push stays removed", {
  timeout: 60_000,
}, async () => {
  const [first, second] = (await Promise.all([Device.open(net, person(0)), Device.open(net, person(0))])) as [
    Device,
    Device,
  ];
  devices.push(first, second);
  const [friend, other] = [person(1).sessionId, person(2).sessionId];
  for (const id of [friend, other]) await first.client.contacts.accept(id);
  for (const device of [first, second, first]) await device.sync();
  // Half of the time the order of hashes hides the mistake.
  for (let round = 0; round < 8; round++) {
    const gone = person(10 + round).sessionId;
    await first.client.contacts.accept(gone);
    for (const device of [first, second]) await device.sync();
    await first.client.contacts.setNickname(friend, `friend ${round}`);
    await second.client.contacts.setNickname(other, `other ${round}`);
    await push(first);
    await push(second);
    await first.client.poll();
    await first.client.contacts.remove(gone);
    await second.client.contacts.setNickname(other, `still other ${round}`);
    await push(second);
    await push(first);
    for (const device of [second, first, second]) await device.sync();
    for (const { client } of [first, second]) {
      expect(
        client.contacts
          .list()
          .filter(({ approved }) => approved)
          .map(({ id }) => id)
          .sort(),
      ).toEqual([friend, other].sort());
    }
  }
});
