import type { Group } from "session-messenger-sdk/client";
import {
  createGroupKey,
  encodeGroupMessage,
  groupIdOf,
  inviteMessage,
  memberLeftMessage,
  memberLeftNotice,
  promoteMessage,
  subaccountAuthData,
} from "session-messenger-sdk/groups";
import type { Account, SessionId } from "session-messenger-sdk/identity";
import { encodeMessage } from "session-messenger-sdk/messages";
import type { GroupUpdateMessage } from "session-messenger-sdk/proto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Device, person } from "../support/device.js";
import { GroupNetwork } from "../support/group-network.js";
import { settle } from "../support/people.js";

const DAY = 86_400_000;

let net: GroupNetwork;
let [ann, ben, cid] = [] as unknown as [Device, Device, Device];
let group: Group;

beforeEach(async () => {
  net = new GroupNetwork();
  [ann, ben, cid] = (await Promise.all([0, 1, 2].map((index) => Device.open(net, person(index))))) as [
    Device,
    Device,
    Device,
  ];
  for (const device of [ann, ben, cid])
    await device.knows(...[ann, ben, cid].filter((other) => other !== device));
  group = await ann.client.groups.create({ name: "friends", members: [ben.id, cid.id] });
  await rest();
  for (const device of [ann, ben, cid]) for (const list of Object.values(device.told)) list.length = 0;
});

afterEach(async () => {
  await Promise.all([ann, ben, cid].map((device) => device.close()));
});

const rest = (): Promise<void> => settle(net, [ann, ben, cid]);

/** Stores a control message in the group's swarm, as `from` could with the group's key that `device` has. */
async function put(
  update: GroupUpdateMessage,
  {
    from = ben.account,
    device = ben,
    timestamp = net.time,
  }: { from?: Account; device?: Device; timestamp?: number } = {},
): Promise<string> {
  const { keys } = await device.groupState(group.id);
  const { data } = encodeGroupMessage({ kind: "group-update", update }, { sender: from, keys, timestamp });
  return net.put(group.id, data, net.nodes, 14 * DAY, 11).hash;
}

const reasons = ({ told }: Device): string[] => told.dropped.map(({ reason }) => reason);
const status = (device: Device): string | undefined =>
  group.members.find(({ sessionId }) => sessionId === device.id)?.status;
const theirs = (device: Device): Group => device.client.groups.get(group.id) as Group;

describe("in a group", () => {
  test("a member cannot use an admin's signature for something else", async () => {
    await group.rename("renamed");
    await group.promote(cid.id);
    await rest();
    const updates = ben.told["group-update"];
    const renamed = updates.find(({ update }) => update.infoChangeMessage !== undefined);
    const promoted = updates.find(({ update }) => update.memberChangeMessage !== undefined);
    await put(
      { infoChangeMessage: { ...renamed!.update.infoChangeMessage!, updatedName: "Ben's" } },
      { timestamp: renamed!.timestamp },
    );
    await put(
      { memberChangeMessage: { ...promoted!.update.memberChangeMessage!, memberSessionIds: [ben.id] } },
      { timestamp: promoted!.timestamp },
    );
    const before = ann.told["group-update"].length;
    await rest();
    for (const device of [ann, cid]) expect(reasons(device)).toEqual(["not-an-admin", "not-an-admin"]);
    expect(ann.told["group-update"]).toHaveLength(before);
    expect([theirs(cid).name, status(ben)]).toEqual(["renamed", "invite-accepted"]);
  });

  test("what is signed by nobody, or with another group's key, is dropped", async () => {
    const adminSignature = new Uint8Array(64).fill(7);
    await put({ infoChangeMessage: { type: 1, updatedName: "Ben's", adminSignature } });
    await put(
      { memberChangeMessage: { type: 2, memberSessionIds: [cid.id], adminSignature } },
      { timestamp: net.time + 1 },
    );
    await put(
      { deleteMemberContent: { memberSessionIds: [cid.id], adminSignature } },
      { timestamp: net.time + 2 },
    );
    await rest();
    for (const device of [ann, cid])
      expect(reasons(device)).toEqual(["bad-signature", "bad-signature", "bad-signature"]);
  });

  test("a member cannot delete what others wrote", async () => {
    const { hash } = await theirs(cid).send({ text: "mine" });
    await rest();
    await put({ deleteMemberContent: { messageHashes: [hash] } });
    await put({ deleteMemberContent: { memberSessionIds: [cid.id] } }, { timestamp: net.time + 1 });
    await rest();
    for (const device of [ann, ben, cid]) expect(device.told.deleted).toEqual([]);
    expect(reasons(ann)).toEqual(["malformed"]);
  });

  test("expired messages, invitations and mixtures are dropped", async () => {
    await put(memberLeftNotice(), { timestamp: net.time - 16 * DAY });
    const groupKey = createGroupKey();
    await put(promoteMessage({ groupKey, name: "" }), { timestamp: net.time + 1 });
    await put({ memberLeftMessage: {}, inviteResponse: { isApproved: true } }, { timestamp: net.time + 2 });
    await put({ inviteResponse: { isApproved: false } }, { timestamp: net.time + 3 });
    await rest();
    expect(reasons(ann)).toEqual(["expired", "wrong-place", "not-one", "not-approved"]);
    expect(ann.told["group-update"]).toEqual([]);
    expect(group.members).toHaveLength(3);
  });

  test("a message that is stored again is no news", async () => {
    const timestamp = net.time;
    await put(memberLeftNotice(), { timestamp });
    await rest();
    await put(memberLeftNotice(), { timestamp });
    await rest();
    expect(ann.told["group-update"]).toHaveLength(1);
    expect(reasons(ann)).toEqual(["duplicate"]);
  });

  test("who was never in it cannot speak, although the key got out", async () => {
    const stranger = person(9);
    await put(memberLeftNotice(), { from: stranger });
    await put({ inviteResponse: { isApproved: true } }, { from: stranger, timestamp: net.time + 1 });
    await rest();
    expect(reasons(ann)).toEqual(["not-a-member", "not-a-member"]);
    expect(group.members).toHaveLength(3);
  });

  test("who was invited again is not taken for one who left before", async () => {
    await group.remove(cid.id);
    await rest();
    await cid.client.contacts.remove(ann.id);
    await group.invite([cid.id]);
    await put(memberLeftMessage(), { from: cid.account });
    await rest();
    expect(status(cid)).toBe("invite-sent");
  });

  test("who came back is not removed by what they said before, however often it is stored", async () => {
    const timestamp = net.time;
    const isIn = (): boolean => group.members.some(({ sessionId }) => sessionId === cid.id);
    await theirs(cid).leave();
    await rest();
    expect(isIn()).toBe(false);
    await group.invite([cid.id]);
    await rest();
    expect(status(cid)).toBe("invite-accepted");
    // What Cid said can be encrypted anew by any member, but not changed.
    for (const time of [timestamp, timestamp + 1, timestamp + 2])
      await put(memberLeftMessage(), { from: cid.account, timestamp: time });
    await rest();
    await rest();
    expect(status(cid)).toBe("invite-accepted");
  });

  test("admins take up what members say of themselves, if it is newer", async () => {
    await ben.client.contacts.setProfile({ name: "Benjamin" });
    await theirs(ben).send({ text: "new name" });
    await rest();
    const named = (device: Device): string | undefined =>
      theirs(device).members.find(({ sessionId }) => sessionId === ben.id)?.name;
    expect([named(ann), named(cid)]).toEqual(["Benjamin", "Benjamin"]);
  });
});

describe("one-to-one", () => {
  const groupKey = createGroupKey();
  const groupId = groupIdOf(groupKey.publicKey);

  function send(update: GroupUpdateMessage, from: Account, timestamp: number): void {
    const context = { sender: from, recipient: ben.account.sessionId, timestamp };
    const { data } = encodeMessage({ kind: "group-update", update }, context);
    net.put(ben.id, data, net.nodes, 14 * DAY);
  }

  const invite = (timestamp: number, invitee: SessionId, authFor: SessionId = invitee): GroupUpdateMessage =>
    inviteMessage(
      { invitee, name: "others", authData: subaccountAuthData(groupKey, authFor) },
      { groupKey, timestamp },
    );

  test("invitations that are forged, for others, or too old are dropped", async () => {
    const now = net.time;
    const { sessionId } = ben.account;
    const forged = invite(now, sessionId);
    send(
      { inviteMessage: { ...forged.inviteMessage!, adminSignature: new Uint8Array(64).fill(1) } },
      ann.account,
      now,
    );
    send(invite(now + 1, cid.account.sessionId), ann.account, now + 1);
    send(invite(now + 2, sessionId, cid.account.sessionId), ann.account, now + 2);
    send(invite(now - 16 * DAY, sessionId), ann.account, now - 16 * DAY);
    send({ promoteMessage: { groupIdentitySeed: new Uint8Array(31), name: "" } }, ann.account, now + 3);
    send(memberLeftMessage(), ann.account, now + 4);
    await rest();
    expect(reasons(ben)).toEqual([
      "bad-signature",
      "bad-signature",
      "bad-auth-data",
      "expired",
      "malformed",
      "wrong-place",
    ]);
    expect(ben.client.groups.list().map(({ id }) => id)).toEqual([group.id]);
    expect(ben.client.groups.invitations()).toEqual([]);
  });

  test("an invitation that is stored again after an answer does not ask again", async () => {
    const timestamp = net.time;
    const stranger = person(9);
    send(invite(timestamp, ben.account.sessionId), stranger, timestamp);
    await rest();
    expect(ben.client.groups.invitations()).toHaveLength(1);
    await ben.client.groups.decline(groupId);
    send(invite(timestamp, ben.account.sessionId), stranger, timestamp);
    await rest();
    expect(ben.client.groups.invitations()).toEqual([]);
    expect(reasons(ben)).toEqual(["duplicate"]);
  });

  test("of the group that one is in, they change nothing, and are deleted", async () => {
    send(invite(net.time, ben.account.sessionId), ann.account, net.time);
    await rest();
    expect(ben.client.groups.get(groupId)?.isJoined).toBe(true);
    expect(reasons(ben)).toEqual([]);
    send(invite(net.time, ben.account.sessionId), ann.account, net.time);
    await rest();
    expect(reasons(ben)).toEqual(["already-member"]);
    expect(ben.client.groups.list()).toHaveLength(2);
    expect(net.stored(ben.id, 0)).toEqual([]);
  });
});
