/** Garbage in a group's swarm, and in the store. */
import { base64ToBytes } from "session-messenger-sdk/bytes";
import type { Group } from "session-messenger-sdk/client";
import { afterEach, expect, test } from "vitest";
import { Device, person } from "../support/device.js";
import { GroupNetwork } from "../support/group-network.js";
import { randomOf } from "../support/schedule.js";

let devices: Device[] = [];
let net = new GroupNetwork();

afterEach(async () => {
  await Promise.all(devices.map((device) => device.close()));
  devices = [];
  net = new GroupNetwork();
});

async function twoInAGroup(): Promise<{ ann: Device; ben: Device; group: Group }> {
  const [ann, ben] = await Promise.all([Device.open(net, person(0)), Device.open(net, person(1))]);
  devices.push(ann, ben);
  await ben.knows(ann);
  const group = await ann.client.groups.create({ name: "friends", members: [ben.id] });
  for (let round = 0; round < 3; round++) for (const device of [ben, ann]) await device.sync();
  return { ann, ben, group };
}

const texts = ({ told }: Device): string[] => told.message.map(({ text }) => text);

test("garbage and broken copies of what is there change nothing", async () => {
  const { ann, ben, group } = await twoInAGroup();
  const random = randomOf(20_261_128);
  const below = (end: number): number => Math.floor(random() * end);
  for (const namespace of [-11, 11, 12, 13, 14]) {
    const real = net.stored(group.id, namespace).map(({ data }) => base64ToBytes(data));
    for (let index = 0; index < 40; index++) {
      const original = real[below(real.length)];
      const bytes =
        original === undefined || random() < 0.3
          ? Uint8Array.from({ length: 1 + below(400) }, () => below(256))
          : original.slice(0, random() < 0.3 ? 1 + below(original.length) : original.length);
      for (let flips = 0; flips < 1 + below(3); flips++) bytes[below(bytes.length)] = below(256);
      net.put(group.id, bytes, net.nodes, 1_209_600_000, namespace);
    }
  }
  await group.send({ text: "through it all" });
  for (let round = 0; round < 3; round++) for (const device of [ann, ben]) await device.sync();
  expect(texts(ben)).toEqual(["through it all"]);
  for (const { client, told } of [ann, ben]) {
    expect(client.groups.get(group.id)).toMatchObject({ name: "friends", isJoined: true });
    expect(client.groups.get(group.id)?.members).toHaveLength(2);
    expect(told.error).toEqual([]);
  }
  // A new device finds its way through it too.
  const laptop = await Device.open(net, person(1));
  devices.push(laptop);
  for (let round = 0; round < 3; round++) await laptop.sync();
  expect(laptop.client.groups.get(group.id)).toMatchObject({ name: "friends", isRead: true });
});

test.each([
  ["is no record", (): string => "{"],
  [
    "has a dump that is none",
    (value: string): string =>
      JSON.stringify({ ...JSON.parse(value), dump: { $bytes: Buffer.from("no dump").toString("base64") } }),
  ],
])("a stored group that %s is read anew", async (_name, change) => {
  const { ann, ben, group } = await twoInAGroup();
  const disk = (await ben.disk()).map(([key, value]): [string, string] =>
    key.endsWith(`group/${group.id}`) ? [key, change(value)] : [key, value],
  );
  const again = await Device.open(net, person(1), {}, disk);
  devices.push(again);
  await group.send({ text: "hello again" });
  await again.sync();
  expect(again.client.groups.get(group.id)).toMatchObject({ name: "friends", isRead: true });
  await again.sync();
  expect(texts(again)).toEqual(["hello again"]);
  await again.client.send(group.id, { text: "and back" });
  await ann.sync();
  expect(texts(ann)).toEqual(["and back"]);
});
