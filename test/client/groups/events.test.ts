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

test("members are given notices of what admins change, and of who leaves", async () => {
  const net = new GroupNetwork();
  const people = await Promise.all([0, 1, 2].map((index) => Device.open(net, person(index))));
  const [ann, ben, cid] = people as [Device, Device, Device];
  for (const device of [ben, cid]) await device.knows(ann);
  const group = await ann.client.groups.create({ name: "friends", members: [ben.id] });
  await ben.sync();
  await group.rename("good friends");
  await group.setDisappearing(3_600);
  await group.invite([cid.id], { history: true });
  await cid.sync();
  await cid.sync();
  await cid.client.groups.get(group.id)?.leave();
  await ben.sync();
  const { id } = group;
  expect(
    ben.told["group-update"].map(({ conversation, from, notice }) => [conversation, from, notice]),
  ).toEqual([
    [id, ann.id, { kind: "member-change", change: "added", members: [ben.id], historyShared: false }],
    [id, ann.id, { kind: "info-change", change: "name", name: "good friends" }],
    [id, ann.id, { kind: "info-change", change: "timer", seconds: 3_600 }],
    [id, ann.id, { kind: "member-change", change: "added", members: [cid.id], historyShared: true }],
    [id, cid.id, { kind: "member-left-notice" }],
  ]);
  await Promise.all(people.map((device) => device.close()));
});
