import { expect, test } from "vitest";
import { Device, person } from "../support/device.js";
import { GroupNetwork } from "../support/group-network.js";

test("a device is told of what it changes itself, in the foreground and in the background", async () => {
  const net = new GroupNetwork();
  const [ann, ben] = [await Device.open(net, person(0)), await Device.open(net, person(1))];
  await ben.knows(ann);
  const group = await ann.client.groups.create({ name: "friends", members: [ben.id] });
  await ben.sync();
  await ben.sync();
  ann.told.group.length = 0;
  // Ben's answer lies in the group's swarm: Ann's device notes it on the list.
  await ann.sync();
  expect(ann.told.group).toEqual([
    { id: group.id, change: "members", added: [], updated: [ben.id], removed: [] },
  ]);
  expect(group.members.find(({ sessionId }) => sessionId === ben.id)?.status).toBe("invite-accepted");

  ann.told.group.length = 0;
  await group.rename("good friends");
  await group.remove(ben.id);
  expect(ann.told.group).toEqual([
    { id: group.id, change: "info", fields: ["name"] },
    { id: group.id, change: "members", added: [], updated: [ben.id], removed: [] },
    { id: group.id, change: "members", added: [], updated: [], removed: [ben.id] },
  ]);
  await Promise.all([ann.close(), ben.close()]);
});
