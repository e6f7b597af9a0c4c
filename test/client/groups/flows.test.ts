import type { Group } from "session-messenger-sdk/client";
import { isSessionError } from "session-messenger-sdk/errors";
import { afterEach, describe, expect, test } from "vitest";
import { Device, person } from "../support/device.js";
import { GroupNetwork } from "../support/group-network.js";
import { settle } from "../support/people.js";

let devices: Device[] = [];
let net = new GroupNetwork();

afterEach(async () => {
  await Promise.all(devices.map((device) => device.close()));
  devices = [];
  net = new GroupNetwork();
});

async function open(...people: readonly number[]): Promise<Device[]> {
  const opened = await Promise.all(people.map((index) => Device.open(net, person(index))));
  devices.push(...opened);
  return opened;
}

/** People who accept each other, each with a device. */
async function friends(count: number): Promise<Device[]> {
  const opened = await open(...Array.from({ length: count }, (_, index) => index));
  for (const device of opened) await device.knows(...opened.filter((other) => other !== device));
  return opened;
}

const rest = (...people: readonly Device[]): Promise<void> => settle(net, people);

/** Ann's group, which all the others have joined. */
async function groupOf(ann: Device, ...others: readonly Device[]): Promise<Group> {
  const members = [...new Set(others.map(({ id }) => id))];
  const group = await ann.client.groups.create({ name: "friends", members });
  await rest(ann, ...others);
  for (const device of others) expect(device.client.groups.get(group.id)?.isRead).toBe(true);
  return group;
}

const texts = ({ told }: Device): string[] => told.message.map(({ text }) => text);
const status = (group: Group | undefined, { id }: Device): string | undefined =>
  group?.members.find(({ sessionId }) => sessionId === id)?.status;
const groupAt = (device: Device, { id }: { readonly id: string }): Group | undefined =>
  device.client.groups.get(id);
const changes = ({ told }: Device): string[] => told.group.map(({ change }) => change);

function coded(code: string): unknown {
  return expect.toSatisfy((error: unknown) => isSessionError(error, code), `a SessionError of code ${code}`);
}

describe("invitations", () => {
  test("of people one knows join at once, and the admin learns of it", async () => {
    const [ann, ben, cid] = (await friends(3)) as [Device, Device, Device];
    const group = await groupOf(ann, ben, cid);
    expect([ann, ben, cid].map((device) => status(group, device))).toEqual([
      "promotion-accepted",
      "invite-accepted",
      "invite-accepted",
    ]);
    await ben.client.send(group.id, { text: "hello" });
    await rest(ann, ben, cid);
    expect([texts(ann), texts(ben), texts(cid)]).toEqual([["hello"], [], ["hello"]]);
    expect(ann.told.message[0]).toMatchObject({ source: "group", conversation: group.id, from: ben.id });
  });

  test("of strangers wait for an answer, which any device can give", async () => {
    const [ann, ben, second] = (await open(0, 1, 1)) as [Device, Device, Device];
    const group = await ann.client.groups.create({ name: "friends", members: [ben.id] });
    await rest(ann, ben, second);
    expect(ben.told["group-invite"]).toMatchObject([
      { id: group.id, name: "friends", from: ann.id, asAdmin: false },
    ]);
    for (const device of [ben, second]) {
      expect(device.client.groups.list()).toEqual([]);
      expect(device.client.groups.invitations()).toMatchObject([{ id: group.id, name: "friends" }]);
    }
    // Whoever handled it deletes it from the own swarm.
    expect(net.stored(ben.id, 0)).toEqual([]);
    await second.client.groups.accept(group.id);
    await rest(ann, ben, second);
    for (const device of [ben, second]) {
      expect(device.client.groups.invitations()).toEqual([]);
      expect(groupAt(device, group)?.name).toBe("friends");
    }
    expect(status(group, ben)).toBe("invite-accepted");
    expect(ben.told.group).toContainEqual({ id: group.id, change: "joined", by: "other-device" });
  });

  test("can be declined on one device for all, and made again", async () => {
    const [ann, ben, second] = (await open(0, 1, 1)) as [Device, Device, Device];
    const group = await ann.client.groups.create({ name: "friends", members: [ben.id] });
    await rest(ann, ben, second);
    await ben.client.groups.decline(group.id);
    await rest(ann, ben, second);
    expect(second.client.groups.invitations()).toEqual([]);
    expect(status(group, ben)).toBe("invite-sent");
    await expect(ben.client.groups.accept(group.id)).rejects.toEqual(coded("GROUP_NOT_INVITED"));
    await group.resendInvitation(ben.id);
    await rest(ann, ben, second);
    expect(second.client.groups.invitations()).toHaveLength(1);
  });

  test("of a blocked person are dropped", async () => {
    const [ann, ben] = (await open(0, 1)) as [Device, Device];
    await ben.client.contacts.block(ann.id);
    await ann.client.groups.create({ name: "friends", members: [ben.id] });
    await rest(ann, ben);
    expect(ben.client.groups.invitations()).toEqual([]);
    expect(ben.told["group-invite"]).toEqual([]);
  });

  test("that do not arrive are told, and sent again on demand", async () => {
    const [ann, ben, cid] = (await friends(3)) as [Device, Device, Device];
    ann.fault = ({ params }) => (params["pubkey"] === ben.id ? "lost" : undefined);
    const group = await ann.client.groups.create({ name: "friends", members: [ben.id, cid.id] });
    expect([status(group, ben), status(group, cid)]).toEqual(["invite-failed", "invite-sent"]);
    expect(ann.told.group).toContainEqual(
      expect.objectContaining({ id: group.id, change: "unreached", members: [ben.id] }),
    );
    await rest(ann, ben, cid);
    expect(groupAt(ben, group)).toBeUndefined();
    ann.fault = () => undefined;
    expect(await group.resendInvitation(ben.id)).toEqual({ sent: [ben.id], failed: [] });
    await rest(ann, ben, cid);
    expect(status(groupAt(cid, group), ben)).toBe("invite-accepted");
  });

  test("go on after the program was killed between the list and the invitation", async () => {
    const [ann, ben] = (await friends(2)) as [Device, Device];
    const group = await groupOf(ann);
    let stop: () => void = () => {};
    const stopped = new Promise<void>((resolve) => {
      stop = resolve;
    });
    ann.fault = async ({ params }) => {
      if (params["pubkey"] !== ben.id) return undefined;
      stop();
      return new Promise(() => {});
    };
    group.invite([ben.id]).catch(() => {});
    await stopped;
    ann.fault = () => undefined;
    await ann.crash();
    expect(groupAt(ann, group)?.members).toHaveLength(2);
    await rest(ann, ben);
    expect(status(groupAt(ann, group), ben)).toBe("invite-accepted");
    expect(groupAt(ben, group)?.members).toHaveLength(2);
  });

  test("with history let newcomers read what was before, others do not", async () => {
    const [ann, ben, cid, dot] = (await friends(4)) as [Device, Device, Device, Device];
    const group = await groupOf(ann, ben);
    await group.send({ text: "long ago" });
    await rest(ann, ben);
    await group.invite([cid.id], { history: true });
    await group.invite([dot.id]);
    await group.send({ text: "today" });
    await rest(ann, ben, cid, dot);
    expect(texts(cid)).toEqual(["long ago", "today"]);
    expect(texts(dot)).toEqual(["today"]);
    const added = ben.told["group-update"].map(({ update }) => update.memberChangeMessage);
    expect(added.slice(1)).toMatchObject([
      { memberSessionIds: [cid.id], historyShared: true },
      { memberSessionIds: [dot.id], historyShared: false },
    ]);
  });

  test("are checked before anything is changed", async () => {
    const [ann, ben] = (await friends(2)) as [Device, Device];
    const group = await groupOf(ann, ben);
    const before = net.calls.length;
    await expect(group.invite([ben.id])).rejects.toEqual(coded("GROUP_ALREADY_MEMBER"));
    await expect(group.invite([group.id])).rejects.toEqual(coded("ID_INVALID"));
    const many = Array.from({ length: 99 }, (_, index) => person(100 + index).sessionId);
    await expect(group.invite(many)).rejects.toEqual(coded("GROUP_TOO_MANY_MEMBERS"));
    await expect(groupAt(ben, group)?.invite([person(9).sessionId])).rejects.toEqual(
      coded("GROUP_NOT_ADMIN"),
    );
    expect(net.calls.length).toBe(before);
    expect(group.members).toHaveLength(2);
  });
});

describe("promotions", () => {
  test("make an admin on all devices of the account", async () => {
    const [ann, ben, cid] = (await friends(3)) as [Device, Device, Device];
    const [second] = (await open(1)) as [Device];
    const group = await groupOf(ann, ben, cid, second);
    await group.promote(ben.id);
    await rest(ann, ben, second, cid);
    expect(status(group, ben)).toBe("promotion-accepted");
    for (const device of [ben, second]) expect(groupAt(device, group)?.isAdmin).toBe(true);
    // The device that did not get the promotion acts on it.
    await groupAt(second, group)?.rename("better friends");
    await rest(ann, ben, second, cid);
    for (const device of [ann, ben, cid]) expect(groupAt(device, group)?.name).toBe("better friends");
  });

  test("can come with the invitation", async () => {
    const [ann, ben] = (await friends(2)) as [Device, Device];
    const group = await groupOf(ann);
    await group.invite([ben.id], { asAdmin: true });
    await rest(ann, ben);
    expect(status(group, ben)).toBe("promotion-accepted");
    expect(groupAt(ben, group)?.isAdmin).toBe(true);
    expect(groupAt(ben, group)?.name).toBe("friends");
  });
});

describe("removals", () => {
  test("shut a member out, who is told, and whose clients mark the group", async () => {
    const [ann, ben, cid] = (await friends(3)) as [Device, Device, Device];
    const [second] = (await open(1)) as [Device];
    const group = await groupOf(ann, ben, cid, second);
    const handle = groupAt(ben, group) as Group;
    await group.remove(ben.id);
    await expect(handle.send({ text: "still here?" })).rejects.toEqual(coded("SEND_FAILED"));
    await group.send({ text: "he is gone" });
    await rest(ann, ben, cid, second);
    expect(texts(ben)).toEqual([]);
    expect(texts(cid)).toEqual(["he is gone"]);
    for (const device of [ben, second]) {
      expect(changes(device)).toContain("kicked");
      expect(groupAt(device, group)).toBeUndefined();
    }
    expect(handle.isJoined).toBe(false);
    expect(handle.name).toBe("friends");
    await expect(handle.send({ text: "hello?" })).rejects.toEqual(coded("GROUP_NOT_JOINED"));
    expect(group.members.map(({ sessionId }) => sessionId).sort()).toEqual([ann.id, cid.id].sort());
    const notices = cid.told["group-update"].map(({ update }) => update.memberChangeMessage);
    expect(notices.slice(1)).toMatchObject([{ memberSessionIds: [ben.id] }]);
  });

  test("can delete what the member wrote", async () => {
    const [ann, ben, cid] = (await friends(3)) as [Device, Device, Device];
    const group = await groupOf(ann, ben, cid);
    const { hash } = await groupAt(ben, group)!.send({ text: "rubbish" });
    await groupAt(cid, group)!.send({ text: "good" });
    await rest(ann, ben, cid);
    await group.remove(ben.id, { deleteMessages: true });
    await rest(ann, ben, cid);
    for (const device of [ann, cid])
      expect(device.told.deleted).toMatchObject([{ conversation: group.id, author: ben.id, hash }]);
    const left = net.stored(group.id, 11).map((message) => message.hash);
    expect(left).not.toContain(hash);
  });

  test("are finished by any admin", async () => {
    const [ann, ben, cid] = (await friends(3)) as [Device, Device, Device];
    const group = await groupOf(ann, ben, cid);
    await group.promote(ben.id);
    await rest(ann, ben, cid);
    // Ann's mark gets through, the rest does not.
    ann.fault = ({ params }) => {
      const requests = (params["requests"] ?? []) as ReadonlyArray<{ readonly method: string }>;
      return requests.some(({ method }) => method === "revoke_subaccount") ? "lost" : undefined;
    };
    await expect(group.remove(cid.id)).rejects.toEqual(coded("GROUP_PUSH_FAILED"));
    expect(status(group, cid)).toBe("removed");
    await rest(ben);
    expect(groupAt(ben, group)?.members.map(({ sessionId }) => sessionId)).not.toContain(cid.id);
    await rest(cid);
    expect(changes(cid)).toContain("kicked");
    ann.fault = () => undefined;
    await rest(ann, ben, cid);
    expect(group.members).toHaveLength(2);
  });

  test("do not keep a member from being invited again", async () => {
    const [ann, ben, cid] = (await friends(3)) as [Device, Device, Device];
    const group = await groupOf(ann, ben, cid);
    await group.send({ text: "before" });
    await group.remove(ben.id);
    await rest(ann, ben, cid);
    expect(groupAt(ben, group)).toBeUndefined();
    await group.invite([ben.id]);
    await rest(ann, ben, cid);
    await groupAt(ben, group)?.send({ text: "back again" });
    await rest(ann, ben, cid);
    expect(texts(cid)).toEqual(["before", "back again"]);
    expect(status(group, ben)).toBe("invite-accepted");
  });

  test("and invitations between two polls of the member leave it in the group", async () => {
    const [ann, ben] = (await friends(2)) as [Device, Device];
    const group = await groupOf(ann, ben);
    await group.remove(ben.id);
    await group.invite([ben.id]);
    await rest(ann, ben);
    await group.send({ text: "welcome back" });
    await rest(ann, ben);
    expect(texts(ben)).toEqual(["welcome back"]);
  });

  test("of admins and of oneself are refused", async () => {
    const [ann, ben] = (await friends(2)) as [Device, Device];
    const group = await groupOf(ann, ben);
    await group.promote(ben.id);
    await expect(group.remove(ben.id)).rejects.toEqual(coded("INVALID_ARGUMENT"));
    await expect(group.remove(ann.id)).rejects.toEqual(coded("INVALID_ARGUMENT"));
    await expect(group.remove(person(9).sessionId)).rejects.toEqual(coded("GROUP_NOT_MEMBER"));
  });
});

describe("leaving", () => {
  test("tells the others, and takes the account off the list", async () => {
    const [ann, ben, cid] = (await friends(3)) as [Device, Device, Device];
    const [second] = (await open(1)) as [Device];
    const group = await groupOf(ann, ben, cid, second);
    await groupAt(ben, group)?.leave();
    await rest(ben, second, ann, cid);
    for (const device of [ben, second]) {
      expect(groupAt(device, group)).toBeUndefined();
      expect(changes(device)).toContain("left");
    }
    expect(group.members.map(({ sessionId }) => sessionId).sort()).toEqual([ann.id, cid.id].sort());
    expect(cid.told["group-update"].map(({ from, update }) => [from, Object.keys(update)])).toContainEqual([
      ben.id,
      ["memberLeftNotificationMessage"],
    ]);
    await group.send({ text: "he left" });
    await rest(ben, second, ann, cid);
    expect(texts(ben)).toEqual([]);
  });

  test("goes on after the program was killed on the way", async () => {
    const [ann, ben] = (await friends(2)) as [Device, Device];
    const group = await groupOf(ann, ben);
    ben.fault = () => "lost";
    await expect(groupAt(ben, group)?.leave()).rejects.toEqual(coded("GROUP_PUSH_FAILED"));
    await ben.crash();
    ben.fault = () => undefined;
    await rest(ben, ann);
    expect(groupAt(ben, group)).toBeUndefined();
    expect(group.members).toHaveLength(1);
  });

  test("is not for the last admin, who ends the group instead", async () => {
    const [ann, ben] = (await friends(2)) as [Device, Device];
    const group = await groupOf(ann, ben);
    await group.send({ text: "for ever" });
    await expect(group.leave()).rejects.toEqual(coded("GROUP_LAST_ADMIN"));
    await group.leave({ destroy: true });
    await rest(ann, ben);
    expect(ann.client.groups.list()).toEqual([]);
    expect(groupAt(ben, group)).toBeUndefined();
    expect(changes(ben)).toContain("destroyed");
    expect(net.stored(group.id, 11)).toEqual([]);
  });

  test("is for an admin when there is another one, who finishes it", async () => {
    const [ann, ben, cid] = (await friends(3)) as [Device, Device, Device];
    const group = await groupOf(ann, ben, cid);
    await group.promote(ben.id);
    await rest(ann, ben, cid);
    await group.leave();
    await rest(ann, ben, cid);
    expect(
      groupAt(ben, group)
        ?.members.map(({ sessionId }) => sessionId)
        .sort(),
    ).toEqual([ben.id, cid.id].sort());
  });

  test("is forgotten when the member has come back, by an admin who reads all of it at once", async () => {
    const [ann, ben, cid] = (await friends(3)) as [Device, Device, Device];
    const group = await groupOf(ann, ben, cid);
    await group.promote(ben.id);
    await rest(ann, ben, cid);
    await groupAt(cid, group)?.leave();
    await rest(ann);
    expect(group.members).toHaveLength(2);
    await group.invite([cid.id]);
    await rest(cid, ann);
    await rest(ben, ann, cid);
    expect(status(groupAt(ben, group), cid)).toBe("invite-accepted");
    expect(groupAt(cid, group)?.isJoined).toBe(true);
  });

  test("with a destruction that fails keeps the group until it is through", async () => {
    const [ann, ben] = (await friends(2)) as [Device, Device];
    const group = await groupOf(ann, ben);
    ann.fault = ({ params }) => (params["pubkey"] === group.id || "requests" in params ? "lost" : undefined);
    await expect(group.destroy()).rejects.toEqual(coded("GROUP_PUSH_FAILED"));
    expect(groupAt(ann, group)).toBeDefined();
    ann.fault = () => undefined;
    await ann.crash();
    await rest(ann, ben);
    expect(groupAt(ben, group)).toBeUndefined();
    expect(changes(ben)).toContain("destroyed");
    expect(groupAt(ann, group)).toBeUndefined();
  });
});

describe("settings", () => {
  test("reach everybody, with a notice where there is one", async () => {
    const [ann, ben] = (await friends(2)) as [Device, Device];
    const group = await groupOf(ann, ben);
    await group.rename("old friends");
    await group.setDescription("é".repeat(300));
    await group.setDisappearing(3_600);
    await rest(ann, ben);
    const theirs = groupAt(ben, group);
    expect([theirs?.name, theirs?.description, theirs?.disappearsAfter]).toEqual([
      "old friends",
      "é".repeat(300),
      3_600,
    ]);
    const notices = ben.told["group-update"].map(({ update }) => update.infoChangeMessage);
    expect(notices.slice(1)).toMatchObject([{ updatedName: "old friends" }, { updatedExpiration: 3_600 }]);
    await theirs?.send({ text: "for an hour" });
    await rest(ann, ben);
    expect(ann.told.message[0]).toMatchObject({ expiration: { mode: "after-send", seconds: 3_600 } });
  });

  test("that are not allowed change nothing", async () => {
    const [ann, ben] = (await friends(2)) as [Device, Device];
    const group = await groupOf(ann, ben);
    await expect(group.setDescription("é".repeat(301))).rejects.toEqual(coded("GROUP_INVALID_VALUE"));
    await expect(group.rename("  ")).rejects.toEqual(coded("NAME_EMPTY"));
    await expect(group.rename("x".repeat(101))).rejects.toEqual(coded("NAME_TOO_LONG"));
    await expect(group.setDisappearing(-1)).rejects.toEqual(coded("INVALID_ARGUMENT"));
    await expect(groupAt(ben, group)?.rename("mine")).rejects.toEqual(coded("GROUP_NOT_ADMIN"));
    await rest(ann, ben);
    expect([group.name, group.description, group.disappearsAfter]).toEqual(["friends", "", 0]);
  });

  test("that the end of the client cuts off go on with the next one", async () => {
    const [ann, ben] = (await friends(2)) as [Device, Device];
    const group = await groupOf(ann, ben);
    let reached: () => void = () => {};
    const isReached = new Promise<void>((resolve) => {
      reached = resolve;
    });
    ann.fault = () => {
      reached();
      return new Promise(() => {});
    };
    const renaming = group.rename("renamed").catch((error: unknown) => error);
    await isReached;
    await ann.restart();
    expect(await renaming).toEqual(coded("CLOSED"));
    ann.fault = () => undefined;
    await rest(ann, ben);
    expect(groupAt(ben, group)?.name).toBe("renamed");
  });

  test("delete what was sent before a time, here and wherever it comes later", async () => {
    const [ann, ben, cid] = (await friends(3)) as [Device, Device, Device];
    const group = await groupOf(ann, ben, cid);
    await group.send({ text: "early" });
    await rest(ann, ben);
    net.time += 10_000;
    await group.deleteBefore(Math.floor(net.time / 1000));
    net.time += 10_000;
    await group.send({ text: "late" });
    await rest(ann, ben, cid);
    expect(ben.told.deleted).toMatchObject([{ conversation: group.id, author: ann.id }]);
    expect(ann.told.deleted).toMatchObject([{ conversation: group.id, author: ann.id }]);
    expect([texts(ben), texts(cid)]).toEqual([["early", "late"], ["late"]]);
  });
});

describe("deleting messages", () => {
  test("members delete their own, everywhere but in the swarm", async () => {
    const [ann, ben, cid] = (await friends(3)) as [Device, Device, Device];
    const group = await groupOf(ann, ben, cid);
    const own = await groupAt(ben, group)!.send({ text: "oops" });
    const other = await group.send({ text: "mine" });
    await rest(ann, ben, cid);
    await expect(groupAt(ben, group)?.deleteMessages({ hashes: [other.hash] })).rejects.toEqual(
      coded("GROUP_NOT_ADMIN"),
    );
    await groupAt(ben, group)?.deleteMessages({ messages: [own] });
    await rest(ann, ben, cid);
    for (const device of [ann, ben, cid])
      expect(device.told.deleted).toMatchObject([{ author: ben.id, hash: own.hash, by: ben.id }]);
    expect(net.stored(group.id, 11).map(({ hash }) => hash)).toContain(own.hash);
  });

  test("admins delete any, by hash or by author, in the swarm too", async () => {
    const [ann, ben, cid] = (await friends(3)) as [Device, Device, Device];
    const group = await groupOf(ann, ben, cid);
    const first = await groupAt(ben, group)!.send({ text: "one" });
    const second = await groupAt(cid, group)!.send({ text: "two" });
    await rest(ann, ben, cid);
    await group.deleteMessages({ from: [ben.id], hashes: [second.hash] });
    await rest(ann, ben, cid);
    for (const device of [ann, ben, cid])
      expect(device.told.deleted.map(({ hash }) => hash).sort()).toEqual([first.hash, second.hash].sort());
    const left = net.stored(group.id, 11).map(({ hash }) => hash);
    expect(left.filter((hash) => [first.hash, second.hash].includes(hash))).toEqual([]);
  });
});

describe("two admins", () => {
  test("who act at once come to the same group", async () => {
    const [ann, ben, cid, dot, eve] = (await friends(5)) as [Device, Device, Device, Device, Device];
    const group = await groupOf(ann, ben, cid, dot);
    await group.promote(ben.id);
    await rest(ann, ben, cid, dot);
    const theirs = groupAt(ben, group) as Group;
    await Promise.all([
      group.invite([eve.id]),
      theirs.remove(cid.id),
      group.setDescription("by Ann"),
      theirs.rename("by Ben"),
    ]);
    await rest(ann, ben, cid, dot, eve);
    await rest(ann, ben, cid, dot, eve);
    const ids = [ann, ben, dot, eve].map(({ id }) => id).sort();
    for (const device of [ann, ben, dot, eve]) {
      const view = groupAt(device, group);
      expect([view?.name, view?.description]).toEqual(["by Ben", "by Ann"]);
      expect(view?.members.map(({ sessionId }) => sessionId)).toEqual(ids);
    }
    expect(changes(cid)).toContain("kicked");
    await groupAt(eve, group)?.send({ text: "hello" });
    await rest(ann, ben, dot);
    for (const device of [ann, ben, dot]) expect(texts(device)).toEqual(["hello"]);
  });
});
