import { hexToBytes } from "session-messenger-sdk/bytes";
import {
  createGroupKey,
  GroupState,
  groupIdOf,
  inviteMessage,
  subaccountAuthData,
} from "session-messenger-sdk/groups";
import type { SessionId } from "session-messenger-sdk/identity";
import { encodeMessage } from "session-messenger-sdk/messages";
import { afterEach, expect, test } from "vitest";
import { Device, person } from "../support/device.js";
import { fastCrypto } from "../support/fast-crypto.js";
import { GroupNetwork } from "../support/group-network.js";

const DAY = 86_400_000;
const net = new GroupNetwork();
const devices: Device[] = [];

afterEach(async () => {
  await Promise.all(devices.splice(0).map((device) => device.close()));
});

async function open(...people: readonly number[]): Promise<Device[]> {
  const opened = await Promise.all(
    people.map((index) => Device.open(net, person(index), { crypto: fastCrypto })),
  );
  devices.push(...opened);
  return opened;
}

/** An account id that nobody has. */
const idOf = (index: number): SessionId => {
  const key = hexToBytes(index.toString(16).padStart(64, "0"));
  return `05${Buffer.from(key).toString("hex")}` as SessionId;
};

test("a hundred members are invited, and read", { timeout: 60_000 }, async () => {
  const [ann, ben] = (await open(0, 1)) as [Device, Device];
  await ben.knows(ann);
  const others = Array.from({ length: 98 }, (_, index) => person(50 + index).sessionId);
  const group = await ann.client.groups.create({ name: "all of us", members: [ben.id, ...others] });
  expect(group.members).toHaveLength(100);
  expect(new Set(group.members.map(({ status }) => status))).toEqual(
    new Set(["promotion-accepted", "invite-sent"]),
  );
  await ben.sync();
  await ben.sync();
  const theirs = ben.client.groups.get(group.id);
  expect(theirs?.members).toHaveLength(100);
  await ann.client.send(group.id, { text: "hello all" });
  await ben.sync();
  expect(ben.told.message.map(({ text }) => text)).toEqual(["hello all"]);
});

test("a list of ten thousand, which no app makes, can be read", { timeout: 60_000 }, async () => {
  const [ann, ben] = (await open(0, 1)) as [Device, Device];
  await ben.knows(ann);
  const groupKey = createGroupKey();
  const groupId = groupIdOf(groupKey.publicKey);
  const admin = new GroupState({
    groupId,
    account: ann.account,
    seed: groupKey.secretKey,
    crypto: fastCrypto,
  });
  const { message } = admin.keys.rekey([ann.account.sessionId, ben.account.sessionId]);
  for (const config of [admin.info, admin.members]) config.setKeys(admin.keys.keys);
  admin.info.update({ name: "a crowd" });
  admin.members.update(ann.account.sessionId, { promotion: "accepted" });
  admin.members.update(ben.account.sessionId, { invite: "sent" });
  for (let index = 0; index < 9_998; index++) admin.members.update(idOf(index + 2), { invite: "accepted" });
  net.put(groupId, message, net.nodes, 30 * DAY, 12);
  for (const config of [admin.info, admin.members])
    for (const data of config.push().messages) net.put(groupId, data, net.nodes, 30 * DAY, config.namespace);
  expect(net.stored(groupId, 14).length).toBeGreaterThan(1);

  const timestamp = net.time;
  const authData = subaccountAuthData(groupKey, ben.account.sessionId);
  const update = inviteMessage(
    { invitee: ben.account.sessionId, name: "a crowd", authData },
    { groupKey, timestamp },
  );
  const context = { sender: ann.account, recipient: ben.account.sessionId, timestamp };
  net.put(ben.id, encodeMessage({ kind: "group-update", update }, context).data, net.nodes, 14 * DAY);
  await ben.sync();
  await ben.sync();
  const group = ben.client.groups.get(groupId);
  expect(group?.members).toHaveLength(10_000);
  await group?.send({ text: "so many" });
  expect(net.stored(groupId, 11).length).toBeGreaterThan(0);
  await ben.restart();
  expect(ben.client.groups.get(groupId)?.members).toHaveLength(10_000);
});
