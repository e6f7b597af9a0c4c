import type { LegacyGroup, LegacyGroupEvent } from "session-messenger-sdk/client";
import { isSessionError } from "session-messenger-sdk/errors";
import { LEGACY_GROUP_NAMESPACE } from "session-messenger-sdk/groups";
import { afterEach, describe, expect, test } from "vitest";
import { Device, person } from "../support/device.js";
import { FakeNetwork } from "../support/fake-network.js";
import { settle } from "../support/people.js";

let devices: Device[] = [];
let net = new FakeNetwork();
const events = new Map<Device, LegacyGroupEvent[]>();

afterEach(async () => {
  await Promise.all(devices.map((device) => device.close()));
  devices = [];
  net = new FakeNetwork();
});

function listen(device: Device): void {
  const told: LegacyGroupEvent[] = [];
  events.set(device, told);
  device.client.on("legacy-group", (event) => told.push(event));
}

async function openDevice(index: number, legacyGroups = true): Promise<Device> {
  const device = await Device.open(net, person(index), { legacyGroups });
  devices.push(device);
  listen(device);
  return device;
}

/** People who accept each other, each with a device. */
async function friends(): Promise<[Device, Device, Device]> {
  const opened = [await openDevice(0), await openDevice(1), await openDevice(2)] as const;
  for (const device of opened) await device.knows(...opened.filter((other) => other !== device));
  return [...opened];
}

const rest = (...people: readonly Device[]): Promise<void> => settle(net, people);

/** Ann's group, which all the others are in. */
async function groupOf(ann: Device, ...others: readonly Device[]): Promise<LegacyGroup> {
  const group = await ann.client.groups.legacy.create({
    name: "old friends",
    members: others.map(({ id }) => id),
  });
  await rest(ann, ...others);
  for (const device of others) expect(at(device, group).standing).toBe("active");
  return group;
}

function at(device: Device, { id }: { readonly id: string }): LegacyGroup {
  const group = device.client.groups.legacy.get(id);
  if (group === undefined) throw new Error("the group is not there");
  return group;
}

const texts = ({ told }: Device): string[] => told.message.map(({ text }) => text);
const members = (group: LegacyGroup): string[] => group.members.map(({ sessionId }) => sessionId).sort();
const ids = (...people: readonly Device[]): string[] => people.map(({ id }) => id).sort();
const changes = (device: Device): string[] => (events.get(device) ?? []).map(({ change }) => change);
const stored = ({ id }: LegacyGroup): number =>
  net.nodes[0]?.box(id, LEGACY_GROUP_NAMESPACE).length ?? Number.NaN;

function coded(code: string): unknown {
  return expect.toSatisfy((error: unknown) => isSessionError(error, code), `a SessionError of code ${code}`);
}

describe("a legacy group", () => {
  test("is created, and its members write to each other", async () => {
    const [ann, ben, cid] = await friends();
    const group = await groupOf(ann, ben, cid);
    expect(group.id).toMatch(/^05/);
    expect(at(cid, group)).toMatchObject({ name: "old friends", isAdmin: false, disappearsAfter: 0 });
    expect(members(at(cid, group))).toEqual(ids(ann, ben, cid));
    expect([group.isAdmin, changes(ann), changes(ben)]).toEqual([true, ["joined"], ["joined"]]);

    await ben.client.send(group.id, { text: "from ben" });
    await group.send({ text: "from ann" });
    await rest(ann, ben, cid);
    expect([texts(ann), texts(ben), texts(cid)]).toEqual([
      ["from ben"],
      ["from ann"],
      ["from ben", "from ann"],
    ]);
    expect(cid.told.message[0]).toMatchObject({
      source: "legacy-group",
      conversation: group.id,
      from: ben.id,
      outgoing: false,
    });
    expect([ann, ben, cid].flatMap(({ told }) => told.error)).toEqual([]);
  });

  test("is joined by invitation of people one has accepted only, and by clients that want it only", async () => {
    const [ann, ben, cid] = [await openDevice(0), await openDevice(1), await openDevice(2, false)];
    await cid.knows(ann);
    const members = [ben.id, cid.id];
    const { id } = await ann.client.groups.legacy.create({ name: "strangers", members });
    await rest(ann, ben, cid);
    expect(ben.client.groups.legacy.get(id)).toBeUndefined();
    expect(ben.told.dropped).toMatchObject([{ rule: "legacy-groups §6", reason: "not-approved" }]);
    expect(cid.client.groups.legacy.get(id)).toBeUndefined();
    expect(cid.told.dropped).toMatchObject([{ rule: "V13" }]);
    const refused = cid.client.groups.legacy.create({ name: "a", members: [ann.id] });
    await expect(refused).rejects.toEqual(coded("LEGACY_GROUPS_OFF"));
  });

  test("is renamed by any member, and messages of its time before are not for those who come later", async () => {
    const [ann, ben, cid] = await friends();
    const group = await groupOf(ann, ben);
    await at(ben, group).rename("older friends");
    await group.send({ text: "before" });
    await rest(ann, ben);
    await at(ben, group).add(cid.id);
    await rest(ann, ben, cid);
    expect([ann, ben, cid].map((device) => at(device, group).name)).toEqual(
      new Array(3).fill("older friends"),
    );
    expect([ann, ben, cid].map((device) => members(at(device, group)))).toEqual(
      new Array(3).fill(ids(ann, ben, cid)),
    );
    expect(changes(ann)).toEqual(["joined", "name", "members"]);
    await group.send({ text: "after" });
    await rest(ann, ben, cid);
    expect(texts(cid)).toEqual(["after"]);
    await expect(at(ben, group).add([cid.id])).rejects.toEqual(coded("GROUP_ALREADY_MEMBER"));
  });

  test("whom an admin removes reads nothing more", async () => {
    const [ann, ben, cid] = await friends();
    const group = await groupOf(ann, ben, cid);
    await expect(at(ben, group).remove(cid.id)).rejects.toEqual(coded("GROUP_NOT_ADMIN"));
    await expect(group.remove(ann.id)).rejects.toEqual(coded("INVALID_ARGUMENT"));
    // Cid is away while it happens, so that all that is written then is still to be read.
    await group.remove(cid.id);
    await group.send({ text: "without cid" });
    await rest(ann, ben, cid);
    expect(changes(ben)).toEqual(["joined", "members", "keys"]);
    expect(texts(ben)).toEqual(["without cid"]);
    expect([texts(cid), at(cid, group).standing]).toEqual([[], "kicked"]);
    expect([...cid.client.groups.legacy.list()].map(({ standing }) => standing)).toEqual(["kicked"]);
    await expect(at(cid, group).send({ text: "let me in" })).rejects.toEqual(coded("GROUP_NOT_JOINED"));
    await cid.client.groups.legacy.forget(group.id);
    expect(cid.client.groups.legacy.list()).toEqual([]);
    await expect(group.remove(cid.id)).rejects.toEqual(coded("GROUP_NOT_MEMBER"));
  });

  test("goes on without a member that leaves, and ends with its admin", async () => {
    const [ann, ben, cid] = await friends();
    const group = await groupOf(ann, ben, cid);
    await at(cid, group).leave();
    expect(at(cid, group).standing).toBe("left");
    await rest(ann, ben, cid);
    expect([ann, ben].map((device) => members(at(device, group)))).toEqual([ids(ann, ben), ids(ann, ben)]);
    // Who has left still has the pair until an admin hands out another one.
    await group.remove(cid.id);
    await rest(ann, ben);
    expect(changes(ben)).toEqual(["joined", "members", "keys"]);
    await group.leave();
    await rest(ann, ben);
    expect([at(ann, group).standing, at(ben, group).standing]).toEqual(["left", "kicked"]);
  });

  test("gives its newest pair to a member that lacks it", async () => {
    const [ann, ben, cid] = await friends();
    const group = await groupOf(ann, ben);
    await group.rotateKeys();
    // Ben has not read of the new pair, and invites cid with the old one.
    await at(ben, group).add(cid.id);
    await cid.sync();
    net.time += 1_000;
    await group.send({ text: "with the new pair" });
    await rest(ann, ben, cid);
    expect([texts(ben), texts(cid)]).toEqual([["with the new pair"], []]);
    await group.sendKeys(cid.id);
    await rest(ann, ben, cid);
    expect(texts(cid)).toEqual(["with the new pair"]);
  });
});

test("members react, and unsend; what such groups do not know is refused", async () => {
  const [ann, ben] = await friends();
  const group = await groupOf(ann, ben);
  const contacts = ann.client.contacts.list().length;
  const reactions: unknown[] = [];
  const unsent: unknown[] = [];
  ben.client.on("reaction", (reaction) => reactions.push(reaction));
  ben.client.on("unsend", (request) => unsent.push(request));
  const sent = await ann.client.send(group.id, { text: "hello" });
  await rest(ann, ben);
  await ann.client.react(sent, "👍");
  await rest(ann, ben);
  expect(reactions).toMatchObject([
    { source: "legacy-group", conversation: group.id, emoji: "👍", target: { author: ann.id } },
  ]);
  await ann.client.unsend(sent);
  await rest(ann, ben);
  expect(unsent).toMatchObject([{ source: "legacy-group", target: { timestamp: sent.timestamp } }]);
  const setting = ann.client.setDisappearing(group.id, { mode: "after-send", seconds: 60 });
  await expect(setting).rejects.toEqual(coded("INVALID_ARGUMENT"));
  expect(ann.client.contacts.list()).toHaveLength(contacts);
});

test("a group's timer goes with its messages", async () => {
  const [ann, ben] = await friends();
  const { id } = await ann.client.groups.legacy.create({ name: "a", members: [ben.id], timerSeconds: 60 });
  await rest(ann, ben);
  await ben.client.send(id, { text: "short-lived" });
  await rest(ann, ben);
  expect(ann.told.message).toMatchObject([{ expiration: { mode: "after-send", seconds: 60 } }]);
});

describe("other devices of an account", () => {
  test("learn of groups from the config, and write there too", async () => {
    const [ann, ben] = await friends();
    const group = await groupOf(ann, ben);
    await rest(ann, ben);
    const second = await openDevice(1);
    await rest(second);
    expect(at(second, group)).toMatchObject({ standing: "active", name: "old friends" });
    await at(second, group).send({ text: "from the second" });
    await rest(ann, ben, second);
    expect(texts(ann)).toEqual(["from the second"]);
    expect(ben.told.message).toMatchObject([{ text: "from the second", outgoing: true }]);
    // A new pair is in the config, and one that leaves takes all along.
    await group.rotateKeys();
    await rest(ann, ben, second);
    await group.send({ text: "once more" });
    await rest(ann, ben, second);
    expect(texts(second)).toEqual(["once more"]);
    await at(second, group).leave();
    await rest(ann, ben, second);
    expect([at(ben, group).standing, changes(ben).at(-1)]).toEqual(["left", "left"]);
  });

  test("without legacy groups list them, and forget them", async () => {
    const [ann, ben] = await friends();
    const group = await groupOf(ann, ben);
    await rest(ben);
    const second = await openDevice(1, false);
    await rest(second);
    expect(second.client.groups.legacy.list()).toMatchObject([{ id: group.id, name: "old friends" }]);
    await expect(at(second, group).send({ text: "a" })).rejects.toEqual(coded("LEGACY_GROUPS_OFF"));
    await second.client.groups.legacy.forget(group.id);
    await rest(second, ben);
    expect(second.client.groups.legacy.list()).toEqual([]);
    expect(at(ben, group).standing).toBe("left");
  });
});

describe("a program that ends", () => {
  test("finds its groups again, and what waits for a pair", async () => {
    const [ann, ben, cid] = await friends();
    const group = await groupOf(ann, ben, cid);
    const before = stored(group);
    await ben.restart();
    listen(ben);
    await group.send({ text: "to those who were away" });
    await rest(ann, ben, cid);
    expect(texts(ben)).toEqual(["to those who were away"]);
    expect(stored(group)).toBe(before + 1);
  });

  test("tells the members of a new group later", async () => {
    const [ann, ben] = await friends();
    ann.fault = ({ method }) => (method === "store" ? "lost" : undefined);
    const group = await ann.client.groups.legacy.create({ name: "later", members: [ben.id] });
    await expect.poll(() => changes(ann)).toEqual(["joined", "unreached"]);
    const restarted = ann.crash();
    ann.fault = () => undefined;
    await restarted;
    await rest(ann, ben);
    expect(at(ben, group).name).toBe("later");
  });

  test("sends nothing more to a group that it has forgotten", async () => {
    const [ann, ben] = await friends();
    const group = await groupOf(ann, ben);
    const before = stored(group);
    let reached = (): void => {};
    const tried = new Promise<void>((resolve) => {
      reached = resolve;
    });
    ann.fault = ({ method }) => {
      if (method !== "store") return undefined;
      reached();
      return "lost";
    };
    const sending = group.send({ text: "too late" }).catch(() => {});
    await tried;
    await ann.crash();
    await sending;
    await ann.client.groups.legacy.forget(group.id);
    ann.fault = () => undefined;
    await rest(ann, ben);
    expect([stored(group), net.nodes[0]?.box(group.id, 0).length]).toEqual([before, 0]);
  });

  test("hands out a new pair after a removal, whenever it is killed", async () => {
    // Stores of a removal: the control message, then the pair.
    for (const survives of [0, 1, 2]) {
      for (const kind of ["lost", "reply-lost"] as const) {
        net = new FakeNetwork();
        const [ann, ben, cid] = await friends();
        const group = await groupOf(ann, ben, cid);
        let stores = 0;
        let reached = (): void => {};
        const killed = new Promise<void>((resolve) => {
          reached = resolve;
        });
        ann.fault = async ({ method, params }) => {
          if (method !== "store" || (params as { pubkey?: string }).pubkey !== group.id) return undefined;
          if (stores++ < survives) return undefined;
          reached();
          return kind;
        };
        const removing = group.remove(cid.id).then(reached, () => {});
        await killed;
        const restarted = ann.crash();
        ann.fault = () => undefined;
        await restarted;
        await removing;
        await expect
          .poll(async () => {
            await rest(ann, ben, cid);
            return [changes(ben), at(cid, group).standing];
          })
          .toEqual([["joined", "members", "keys"], "kicked"]);
        await at(ann, group).send({ text: "safe" });
        await rest(ann, ben, cid);
        expect([survives, kind, texts(ben), texts(cid)]).toEqual([survives, kind, ["safe"], []]);
      }
    }
  });
});

test("a swarm that lets nobody read such a box is asked once, and the others go on", async () => {
  const [ann, ben] = await friends();
  const group = await groupOf(ann, ben);
  let asked = 0;
  net.intercept = ({ method, params }) => {
    if (method !== "retrieve" || params["pubkey"] !== group.id) return undefined;
    asked++;
    return { status: 401, body: "no" };
  };
  await rest(ben);
  expect(asked).toBe(1);
  expect(ben.told.error.map(({ code }) => code)).toEqual(["LEGACY_GROUPS_UNSUPPORTED"]);
});

test("what strangers write into the box is dropped, and waits neither for ever nor in heaps", async () => {
  const [ann, ben] = await friends();
  const group = await groupOf(ann, ben);
  for (let index = 0; index < 5; index++)
    net.put(group.id, new Uint8Array(64).fill(index + 1), net.nodes, 1_000_000, LEGACY_GROUP_NAMESPACE);
  await rest(ben);
  expect(ben.told.dropped.map(({ rule }) => rule)).toEqual(new Array(5).fill("MESSAGE_MALFORMED"));
  expect(ben.told.error).toEqual([]);
});
