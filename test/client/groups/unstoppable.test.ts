import { base64ToBytes, btDecodeDict } from "session-messenger-sdk/bytes";
import type { Group } from "session-messenger-sdk/client";
import { isSessionError } from "session-messenger-sdk/errors";
import { createGroupKey, GroupState, groupIdOf, promoteMessage } from "session-messenger-sdk/groups";
import type { SessionId } from "session-messenger-sdk/identity";
import { encodeMessage } from "session-messenger-sdk/messages";
import type { RpcRequest } from "session-messenger-sdk/network";
import { afterEach, expect, test } from "vitest";
import { Device, person } from "../support/device.js";
import { fastCrypto } from "../support/fast-crypto.js";
import { GroupNetwork } from "../support/group-network.js";
import { deferred, until } from "../support/wait.js";

const DAY = 86_400_000;
/** u = 2 is no point of Curve25519: u³ + 486662u² + u is no square (Euler's criterion, by another program). */
const NOBODY = `0502${"00".repeat(31)}` as SessionId;

let net = new GroupNetwork();
const devices: Device[] = [];

afterEach(async () => {
  await Promise.all(devices.splice(0).map((device) => device.close()));
  net = new GroupNetwork();
});

async function open(...people: readonly number[]): Promise<Device[]> {
  const opened = await Promise.all(
    people.map((index) => Device.open(net, person(index), { crypto: fastCrypto })),
  );
  devices.push(...opened);
  return opened;
}

/** A group of Ann's that another program made: it is on the network, with as many keys. Ann is promoted to its admin. */
async function groupOfOthers(
  ann: Device,
  ben: Device,
  keys: number,
  more: readonly SessionId[] = [],
): Promise<Group> {
  await ann.knows(ben);
  const groupKey = createGroupKey();
  const groupId = groupIdOf(groupKey.publicKey);
  const state = new GroupState({
    groupId,
    account: ben.account,
    seed: groupKey.secretKey,
    crypto: fastCrypto,
  });
  const { account } = ann;
  for (const id of [account.sessionId, ben.account.sessionId])
    state.members.update(id, { promotion: "accepted" });
  for (const id of more) state.members.update(id, { removal: "member" });
  for (let count = 0; count < keys; count++) {
    const { message: data } = state.rekey();
    const { hash, timestamp } = net.put(groupId, data, net.nodes, 30 * DAY, 12);
    state.loadKeys({ data, hash, timestamp });
  }
  state.info.update({ name: "theirs" });
  for (const config of [state.info, state.members])
    for (const data of config.push().messages) net.put(groupId, data, net.nodes, 30 * DAY, config.namespace);
  const timestamp = net.time;
  const update = promoteMessage({ groupKey, name: "theirs" });
  const context = { sender: ben.account, recipient: account.sessionId, timestamp };
  net.put(ann.id, encodeMessage({ kind: "group-update", update }, context).data, net.nodes, 14 * DAY);
  await ann.sync();
  await ann.sync();
  return ann.client.groups.get(groupId)!;
}

function coded(code: string): unknown {
  return expect.toSatisfy((error: unknown) => isSessionError(error, code), `a SessionError of code ${code}`);
}

test("an id that nobody can have is neither invited nor keeps the others from being removed", async () => {
  const [ann, ben] = (await open(0, 1)) as [Device, Device];
  await expect(ann.client.groups.create({ name: "friends", members: [NOBODY] })).rejects.toEqual(
    coded("ID_INVALID"),
  );
  expect(ann.client.groups.list()).toEqual([]);
  const own = await ann.client.groups.create({ name: "friends" });
  await expect(own.invite([ben.id, NOBODY])).rejects.toEqual(coded("ID_INVALID"));
  expect(own.members).toHaveLength(1);

  const cid = person(2).sessionId;
  const group = await groupOfOthers(ann, ben, 1, [NOBODY, cid]);
  await ann.sync();
  expect(group.members.map(({ sessionId }) => sessionId).sort()).toEqual([ann.id, ben.id].sort());
  expect(net.revoked.get(group.id)).toHaveLength(1);
});

test("messages to delete that no swarm can have are refused before anything is changed", async () => {
  const [ann] = (await open(0)) as [Device];
  const group = await ann.client.groups.create({ name: "friends" });
  const { hash } = await group.send({ text: "one" });
  await expect(group.deleteMessages({ hashes: [hash, "no hash"] })).rejects.toEqual(
    coded("INVALID_ARGUMENT"),
  );
  const from = Array.from({ length: 501 }, (_, index) => `05${index.toString(16).padStart(64, "0")}`);
  await expect(group.deleteMessages({ from })).rejects.toEqual(coded("INVALID_ARGUMENT"));
  await group.rename("still friends");
  expect(net.stored(group.id, 11).map((message) => message.hash)).toContain(hash);
});

test("a long history is handed to many newcomers in several messages", { timeout: 60_000 }, async () => {
  const [ann, ben] = (await open(0, 1)) as [Device, Device];
  // 60 keys of 65 bytes: a keys message of 76,800 bytes has room for 19 members.
  const group = await groupOfOthers(ann, ben, 60);
  const newcomers = Array.from({ length: 30 }, (_, index) => person(50 + index).sessionId);
  const { failed } = await group.invite(newcomers, { history: true });
  expect(failed).toEqual([]);
  const entries = net
    .stored(group.id, 12)
    .map(({ data }) => btDecodeDict(base64ToBytes(data)).get("+"))
    .filter((list) => Array.isArray(list));
  expect(entries.length).toBeGreaterThan(1);
  expect(entries.flat()).toHaveLength(30);
});

test("what a new admin changes before the group was read is in the swarm when that resolves", async () => {
  const [ann, ben] = (await open(0, 1)) as [Device, Device];
  const group = await ann.client.groups.create({ name: "friends" });
  await group.invite([ben.id], { asAdmin: true });
  await ben.sync();
  const theirs = await ben.client.groups.accept(group.id);
  expect(theirs.isRead).toBe(false);
  await theirs.setDescription("of old");
  await ann.sync();
  expect(group.description).toBe("of old");
});

test("who is invited again before they read that they were removed answers, and can leave", async () => {
  const [ann, ben] = (await open(0, 1)) as [Device, Device];
  await ben.knows(ann);
  const group = await ann.client.groups.create({ name: "friends", members: [ben.id] });
  const rest = async (): Promise<void> => {
    for (const device of [ben, ann, ben, ann]) {
      net.time += 1_000;
      device.timers.advance(10_000);
      await device.sync();
    }
  };
  await rest();
  await group.remove(ben.id);
  await group.invite([ben.id]);
  await rest();
  expect(group.members.find(({ sessionId }) => sessionId === ben.id)?.status).toBe("invite-accepted");
  await ben.client.groups.get(group.id)!.leave();
  await rest();
  expect(group.members.map(({ sessionId }) => sessionId)).toEqual([ann.id]);
});

/** Everybody polls and pushes, until what one does has reached the others. */
async function rest(...people: readonly Device[]): Promise<void> {
  for (let round = 0; round < 3; round++) {
    net.time += 1_000;
    for (const device of people) {
      device.timers.advance(600_000);
      await device.sync();
    }
  }
}

async function groupOf(ann: Device, ...others: readonly Device[]): Promise<Group> {
  for (const device of others) await device.knows(ann);
  const group = await ann.client.groups.create({ name: "friends", members: others.map(({ id }) => id) });
  await rest(ann, ...others);
  return group;
}

/** What the account is to the group, by the list that its devices share. */
async function standing({ client }: Device, { id }: Group): Promise<unknown> {
  const error: unknown = await client.send(id, { text: "am I in it?" }).catch((reason: unknown) => reason);
  return isSessionError(error) ? error.details?.["standing"] : "in it";
}

test("a group that was ended is kept until its messages are deleted", async () => {
  const [ann, ben] = (await open(0, 1)) as [Device, Device];
  const group = await groupOf(ann, ben);
  await group.send({ text: "secret" });
  net.faults = ({ method }) => (method === "delete_all" ? { status: 500, body: "not now" } : undefined);
  await expect(group.destroy()).rejects.toEqual(coded("GROUP_PUSH_FAILED"));
  await ann.client.poll();
  await ann.crash();
  await ann.client.poll();
  expect(net.stored(group.id, 11)).not.toEqual([]);
  net.faults = undefined;
  await rest(ann, ben);
  expect(net.stored(group.id, 11)).toEqual([]);
  expect(ann.client.groups.list()).toEqual([]);
  expect(ben.changes).toContain("destroyed");
});

test("a group that one was removed from can be forgotten, on all devices", async () => {
  const [ann, ben, other] = (await open(0, 1, 1)) as [Device, Device, Device];
  const group = await groupOf(ann, ben);
  const forget = (id: string): Promise<void> => ben.client.groups.forget(id);
  await expect(forget(group.id)).rejects.toEqual(coded("INVALID_ARGUMENT"));
  await expect(forget(ben.id)).rejects.toEqual(coded("ID_INVALID"));
  await group.remove(ben.id);
  await rest(ben, other);
  expect([await standing(ben, group), await standing(other, group)]).toEqual(["kicked", "kicked"]);
  await forget(group.id);
  await forget(group.id);
  await rest(ben, other);
  expect([await standing(ben, group), await standing(other, group)]).toEqual(["none", "none"]);
});

test("who leaves, and learns that they were removed, has left", async () => {
  const [ann, ben] = (await open(0, 1)) as [Device, Device];
  const group = await groupOf(ann, ben);
  const theirs = ben.client.groups.get(group.id)!;
  ben.fault = ({ method }) => (method === "sequence" ? "lost" : undefined);
  await expect(theirs.leave()).rejects.toEqual(coded("GROUP_PUSH_FAILED"));
  ben.fault = () => undefined;
  await group.remove(ben.id);
  await theirs.leave();
  expect(await standing(ben, group)).toBe("none");
});

test("twenty are invited without a warning of the platform", { timeout: 60_000 }, async () => {
  const [ann] = (await open(0)) as [Device];
  const warnings: Error[] = [];
  const note = (warning: Error): number => warnings.push(warning);
  process.on("warning", note);
  const group = await ann.client.groups.create({ name: "friends" });
  const life = new AbortController();
  const ids = Array.from({ length: 20 }, (_, index) => person(50 + index).sessionId);
  await expect(group.invite(ids, { signal: life.signal })).resolves.toMatchObject({ failed: [] });
  // Warnings are told later.
  await new Promise((resolve) => setImmediate(resolve));
  process.off("warning", note);
  expect(warnings).toEqual([]);
});

type Entries = ReadonlyArray<{ readonly method: string; readonly params: Readonly<Record<string, unknown>> }>;
const entriesOf = ({ method, params }: RpcRequest): Entries =>
  method === "sequence" ? (params["requests"] as Entries) : [];

test("whoever stops waiting for an invitation stops nobody else", async () => {
  const [ann, ben] = (await open(0, 1)) as [Device, Device];
  const group = await ann.client.groups.create({ name: "friends" });
  const reached = deferred<void>();
  const letter = deferred<undefined>();
  let pushes = 0;
  ann.fault = (request) => {
    if (entriesOf(request).length > 0) pushes++;
    if (request.method !== "store" || request.params["pubkey"] !== ben.id) return undefined;
    reached.resolve();
    return letter.promise;
  };
  const impatience = new AbortController();
  const first = group.invite([ben.id], { signal: impatience.signal });
  await reached.promise;
  pushes = 0;
  const second = group.resendInvitation(ben.id);
  await until(() => pushes > 0);
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
  impatience.abort();
  await expect(first).rejects.toEqual(coded("ABORTED"));
  letter.resolve(undefined);
  await expect(second).resolves.toEqual({ sent: [ben.id], failed: [] });
  expect(ann.told.error).toEqual([]);
});

test("nobody returns with a key that their removal notice counts for", async () => {
  const [ann, ben] = (await open(0, 1)) as [Device, Device];
  const group = await groupOf(ann, ben);
  const isRekey = (request: RpcRequest): boolean =>
    entriesOf(request).some(({ method, params }) => method === "store" && params["namespace"] === 12);
  ann.fault = (request) => (isRekey(request) ? "lost" : undefined);
  await expect(group.remove(ben.id)).rejects.toEqual(coded("GROUP_PUSH_FAILED"));
  expect(net.stored(group.id, -11)).toHaveLength(1);
  await expect(group.invite([ben.id])).rejects.toEqual(coded("GROUP_PUSH_FAILED"));
  expect(group.members).toHaveLength(1);
  await ann.crash();
  ann.fault = () => undefined;
  await ann.client.groups.get(group.id)!.invite([ben.id]);
  await rest(ben, ann);
  expect(ben.changes).not.toContain("kicked");
  expect(ben.client.groups.get(group.id)?.members).toHaveLength(2);
});

test("what a push that was cut off has stored is not stored again", async () => {
  const [ann] = (await open(0)) as [Device];
  const group = await ann.client.groups.create({ name: "friends" });
  const isPush = (request: RpcRequest): boolean => entriesOf(request).length > 0;
  ann.fault = (request) => (isPush(request) ? "lost" : undefined);
  for (let name = 1; name <= 6; name++)
    await expect(group.rename(`friends ${name}`)).rejects.toEqual(coded("GROUP_PUSH_FAILED"));
  let pushes = 0;
  ann.fault = (request) => (isPush(request) && ++pushes > 1 ? "lost" : undefined);
  await expect(group.rename("friends 7")).rejects.toEqual(coded("GROUP_PUSH_FAILED"));
  expect(net.stored(group.id, 11)).toHaveLength(4);
  ann.fault = () => undefined;
  await rest(ann);
  expect(net.stored(group.id, 11)).toHaveLength(7);
});

test("a second removal without the messages does not spare them", async () => {
  const [ann, ben] = (await open(0, 1)) as [Device, Device];
  const group = await groupOf(ann, ben);
  const { hash } = await ben.client.groups.get(group.id)!.send({ text: "rude" });
  await rest(ann);
  ann.fault = (request) => (entriesOf(request).length > 0 ? "lost" : undefined);
  await expect(group.remove(ben.id, { deleteMessages: true })).rejects.toEqual(coded("GROUP_PUSH_FAILED"));
  await expect(group.remove(ben.id)).rejects.toEqual(coded("GROUP_PUSH_FAILED"));
  ann.fault = () => undefined;
  await rest(ann);
  expect(net.stored(group.id, 11).map((message) => message.hash)).not.toContain(hash);
});
