/** Reading the swarms of groups (docs/protocol/groups.md §§12.3 and 14). */
import { MemoryLevel } from "memory-level";
import { utf8ToBytes } from "session-messenger-sdk/bytes";
import { Client, type ClientOptions, type Group } from "session-messenger-sdk/client";
import { encodeGroupMessage } from "session-messenger-sdk/groups";
import type { RpcRequest } from "session-messenger-sdk/network";
import { afterEach, describe, expect, test } from "vitest";
import { type Device, person } from "../support/device.js";
import type { Params } from "../support/fake-network.js";
import { GroupNetwork } from "../support/group-network.js";
import { stateOf } from "../support/group-state.js";
import { openPeople, settle } from "../support/people.js";
import { until } from "../support/wait.js";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let devices: Device[] = [];
let net = new GroupNetwork();

afterEach(async () => {
  await Promise.all(devices.map((device) => device.close()));
  devices = [];
  net = new GroupNetwork();
});

async function open(
  people: readonly number[],
  options: readonly Partial<ClientOptions>[] = [],
): Promise<Device[]> {
  const opened = await openPeople(net, people, options);
  devices.push(...opened);
  return opened;
}

const rest = (...people: readonly Device[]): Promise<void> => settle(net, people);

async function groupOf(ann: Device, ...others: readonly Device[]): Promise<Group> {
  const group = await ann.client.groups.create({ name: "friends", members: others.map(({ id }) => id) });
  await rest(ann, ...others);
  return group;
}

const texts = ({ told }: Device): string[] => told.message.map(({ text }) => text);
const groupAt = (device: Device, { id }: { readonly id: string }): Group | undefined =>
  device.client.groups.get(id);
/** The entries of a batch about a group. */
const entriesOf = ({ method, params }: { method: string; params: Params }): RpcRequest[] =>
  method === "batch" ? (params["requests"] as RpcRequest[]) : [];
const namespacesOf = (entries: readonly RpcRequest[]): unknown[] =>
  entries.map(({ params }) => params["namespace"]);
const isAbout = (id: string, entries: readonly RpcRequest[]): boolean => entries[0]?.params["pubkey"] === id;

describe("a poll", () => {
  test("of a group is one request: removals, messages, info, members, and the keys last", async () => {
    const [ann, ben] = (await open([0, 1])) as [Device, Device];
    const group = await groupOf(ann, ben);
    net.calls.length = 0;
    // Often enough for each member of the swarm to have had its turn.
    for (let round = 0; round < 12; round++) await ben.client.poll();
    const batches = net.calls.map(entriesOf).filter((entries) => isAbout(group.id, entries));
    expect(batches).toHaveLength(12);
    for (const entries of batches) expect(namespacesOf(entries)).toEqual([-11, 11, 13, 14, 12]);
    expect(batches[0]?.map(({ params }) => params["max_size"])).toEqual([-8, -2, -8, -8, -8]);
    // A member signs with its token, and goes on where it ended.
    for (const { params } of batches[0] ?? []) expect(params).toHaveProperty("subaccount");
    const hashes = batches
      .at(-1)
      ?.slice(1)
      .map(({ params }) => params["last_hash"]);
    expect(hashes).toEqual([11, 13, 14, 12].map((namespace) => net.stored(group.id, namespace).at(-1)?.hash));
  });

  test("reads many groups, a few at a time, and one that fails keeps no other waiting", async () => {
    const [ann, ben] = (await open([0, 1])) as [Device, Device];
    const groups: Group[] = [];
    for (let index = 0; index < 9; index++)
      groups.push(await ann.client.groups.create({ name: `group ${index}`, members: [ben.id] }));
    await rest(ann, ben);
    for (const group of groups) await group.send({ text: group.name });
    const [broken] = groups as [Group];
    let running = 0;
    let most = 0;
    ben.fault = async (request) => {
      const [first] = entriesOf(request);
      if (!String(first?.params["pubkey"]).startsWith("03")) return undefined;
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      return first?.params["pubkey"] === broken.id ? "lost" : undefined;
    };
    expect((await ben.client.poll()).received).toBe(8);
    expect(texts(ben).sort()).toEqual(
      groups
        .slice(1)
        .map(({ name }) => name)
        .sort(),
    );
    expect(most).toBe(4);
    expect(ben.told.error).toMatchObject([{ code: "POLL_FAILED", details: { group: broken.id } }]);
    // Failing on, it is told once.
    await ben.client.poll();
    expect(ben.told.error).toHaveLength(1);
    ben.fault = () => undefined;
    await ben.client.poll();
    expect(texts(ben)).toContain(broken.name);
  });

  test("goes on although the own swarm does not answer", async () => {
    const [ann, ben] = (await open([0, 1])) as [Device, Device];
    const group = await groupOf(ann, ben);
    await group.send({ text: "still here" });
    ben.fault = (request) => (isAbout(ben.id, entriesOf(request)) ? "lost" : undefined);
    await expect(ben.client.poll()).rejects.toMatchObject({ code: "POLL_FAILED" });
    expect(texts(ben)).toEqual(["still here"]);
  });

  test("takes nothing twice, whichever member answers", async () => {
    const [ann, ben] = (await open([0, 1])) as [Device, Device];
    const group = await groupOf(ann, ben);
    for (let index = 0; index < 5; index++) {
      net.time += 10;
      await group.send({ text: `${index}` });
    }
    for (let round = 0; round < 12; round++) await ben.client.poll();
    await ben.restart();
    await ben.client.poll();
    expect(texts(ben)).toEqual([]);
    expect(ben.told.dropped).toEqual([]);
  });

  test("goes on with a group although nobody reads another one", async () => {
    const [ann, ben] = (await open([0, 1])) as [Device, Device];
    const noisy = await groupOf(ann, ben);
    const quiet = await groupOf(ann, ben);
    const { keys } = await stateOf(noisy, ann);
    const write = (index: number): void => {
      const context = { sender: ann.account, keys, timestamp: net.time + index };
      const { data } = encodeGroupMessage({ kind: "text", text: `${index}` }, context);
      net.put(noisy.id, data, net.nodes, 14 * DAY, 11);
    };
    for (let index = 0; index < 1_000; index++) write(index);
    const disk = await ben.disk();
    await ben.close();
    const database = new MemoryLevel();
    await database.open();
    await database.batch(disk.map(([key, value]) => ({ type: "put" as const, key, value })));
    await using client = await Client.open({
      account: ben.account,
      network: net.network,
      store: database,
      polling: false,
      timers: ben.timers,
    });
    const stream = client.messages({ conversation: quiet.id });
    await client.poll();
    for (let index = 1_000; index < 1_100; index++) write(index);
    await quiet.send({ text: "read me" });
    net.calls.length = 0;
    expect((await client.poll()).received).toBe(1);
    expect((await stream.next()).value).toMatchObject({ text: "read me" });
    await stream.return?.();
    // The full one is asked for all but its messages.
    const asked = net.calls.map(entriesOf).filter((entries) => isAbout(noisy.id, entries));
    expect(asked.map(namespacesOf)).toEqual([[-11, 13, 14, 12]]);
  });

  test("reads page after page", async () => {
    const [ann, ben] = (await open([0, 1])) as [Device, Device];
    const group = await groupOf(ann, ben);
    for (const node of net.nodes) node.pageSize = 2;
    const expected = Array.from({ length: 7 }, (_, index) => `page ${index}`);
    for (const text of expected) {
      net.time += 10;
      await group.send({ text });
    }
    await ben.client.poll();
    expect(texts(ben)).toEqual(expected);
  });

  test("reads all pages of the keys before it believes that it was removed", async () => {
    const [ann, ben] = (await open([0, 1])) as [Device, Device];
    const group = await groupOf(ann, ben);
    await group.remove(ben.id);
    await rest(ann, ben);
    await group.invite([ben.id]);
    await rest(ann, ben);
    expect(groupAt(ben, group)?.isJoined).toBe(true);
    // A device that reads everything anew: the first key is older than the removal, the last one is not.
    for (const node of net.nodes) node.pageSize = 1;
    const [other] = (await open([1])) as [Device];
    await rest(other, ann);
    expect(net.stored(group.id, -11)).toHaveLength(1);
    expect(other.changes).toEqual(["joined"]);
    await group.send({ text: "welcome back" });
    await rest(other);
    expect(texts(other)).toEqual(["welcome back"]);
  });
});

describe("a refusal", () => {
  test("alone removes nobody: the member asks on until it is taken again", async () => {
    const [ann, ben] = (await open([0, 1])) as [Device, Device];
    const group = await groupOf(ann, ben);
    let token = "";
    ben.fault = (request) => {
      const [first] = entriesOf(request);
      if (first?.params["subaccount"] !== undefined) token = String(first.params["subaccount"]);
      return undefined;
    };
    await ben.client.poll();
    net.revoked.set(group.id, [token]);
    await group.send({ text: "later" });
    for (let round = 0; round < 3; round++) await ben.client.poll();
    expect(groupAt(ben, group)?.isJoined).toBe(true);
    expect(ben.told.error).toMatchObject([{ code: "POLL_FAILED", cause: { code: "SWARM_UNAUTHORIZED" } }]);
    await ben.restart();
    await ben.client.poll();
    expect(texts(ben)).toEqual([]);
    net.revoked.clear();
    await ben.client.poll();
    expect(texts(ben)).toEqual(["later"]);
  });
});

describe("messages that no key opens", () => {
  /** Keeps keys messages from a device. */
  const withoutKeys =
    (device: Device): GroupNetwork["faults"] =>
    async ({ method, params }) => {
      if (method !== "retrieve" || params["namespace"] !== 12 || params["subaccount"] === undefined)
        return undefined;
      return device.told === undefined ? undefined : { status: 200, body: { messages: [], more: false } };
    };

  test("wait for the key, over restarts too", async () => {
    const [ann, ben, cid] = (await open([0, 1, 2])) as [Device, Device, Device];
    const group = await groupOf(ann, ben);
    net.faults = withoutKeys(ben);
    await group.invite([cid.id]);
    await group.send({ text: "with the new key" });
    await ben.client.poll();
    await ben.restart();
    await ben.client.poll();
    expect(texts(ben)).toEqual([]);
    expect(ben.told.dropped).toEqual([]);
    net.faults = undefined;
    await rest(ann, ben);
    expect(texts(ben)).toEqual(["with the new key"]);
  });

  test("do not wait for ever, and not too many of them", async () => {
    const [ann, ben] = (await open([0, 1])) as [Device, Device];
    const group = await groupOf(ann, ben);
    for (let index = 0; index < 205; index++)
      net.put(group.id, utf8ToBytes(`${index} ${"x".repeat(300)}`), net.nodes, 14 * DAY, 11);
    for (let round = 0; round < 8; round++) await ben.client.poll();
    expect(ben.told.dropped.map(({ rule }) => rule)).toEqual(
      Array.from({ length: 5 }, () => "GROUP_MESSAGE_UNDECRYPTABLE"),
    );
    net.time += 15 * DAY;
    for (const { boxes } of net.nodes) boxes.set(`${group.id}/11`, []);
    await ben.client.poll();
    expect(ben.told.dropped).toHaveLength(205);
    // Others are not kept from coming by those that wait.
    await group.send({ text: "readable" });
    await rest(ann, ben);
    expect(texts(ben)).toEqual(["readable"]);
  });

  test("are not made so by a keys message from the future", async () => {
    const [ann, ben] = (await open([0, 1])) as [Device, Device];
    const group = await groupOf(ann, ben);
    ben.fault = () => "lost";
    await group.send({ text: "with the first key" });
    for (const index of [5, 6]) {
      net.time += 1_000;
      await group.invite([person(index).sessionId]);
    }
    for (const { boxes } of net.nodes) {
      const newest = boxes.get(`${group.id}/12`)?.at(-1);
      if (newest !== undefined) newest.timestamp += 365 * DAY;
    }
    ben.fault = () => undefined;
    await ben.client.poll();
    // Not forgotten as a key of a year ago.
    expect(texts(ben)).toEqual(["with the first key"]);
  });
});

describe("keys, info and members", () => {
  const extensions = (group: Group): Params[] =>
    net.callsOf("expire").flatMap(({ params }) => (params["pubkey"] === group.id ? [params] : []));

  test("are kept alive for 30 days, once an hour", async () => {
    const [ann, ben] = (await open([0, 1])) as [Device, Device];
    const group = await groupOf(ann, ben);
    await until(() => extensions(group).length === 2);
    for (const params of extensions(group)) {
      expect(params).toMatchObject({ extend: true });
      expect(params["messages"]).toHaveLength(3);
    }
    net.calls.length = 0;
    net.time += HOUR / 2;
    await ben.sync();
    expect(extensions(group)).toEqual([]);
    net.time += HOUR / 2;
    await ben.sync();
    await until(() => extensions(group).length === 1);
    expect(extensions(group)).toMatchObject([{ expiry: net.time + 30 * DAY }]);
  });

  test("that the swarm has lost are stored again by an admin", async () => {
    const [ann, ben] = (await open([0, 1])) as [Device, Device];
    const group = await groupOf(ann, ben);
    const before = net.stored(group.id, 14).map(({ hash }) => hash);
    for (const { boxes } of net.nodes) boxes.set(`${group.id}/14`, []);
    net.time += HOUR + 1_000;
    await ann.client.poll();
    await until(() => {
      ann.timers.advance(1_000);
      return net.stored(group.id, 14).length > 0;
    });
    expect(net.stored(group.id, 14).map(({ hash }) => hash)).toEqual(before);
  });
});

test("an admin gives a group whose swarm has forgotten all of it back to its members", async () => {
  const [ann, ben] = (await open([0, 1])) as [Device, Device];
  const group = await groupOf(ann, ben);
  for (const { boxes } of net.nodes)
    for (const name of boxes.keys()) if (name.startsWith(group.id)) boxes.set(name, []);
  net.time += HOUR + 1_000;
  await ann.client.poll();
  await until(() => {
    ann.timers.advance(1_000);
    return [12, 13, 14].every((namespace) => net.stored(group.id, namespace).length > 0);
  });
  const [laptop] = (await open([1])) as [Device];
  await rest(ann, ben, laptop);
  expect(groupAt(laptop, group)).toMatchObject({ name: "friends", isRead: true });
  await group.send({ text: "here we are again" });
  await rest(ben, laptop);
  expect([ben, laptop].map(texts)).toEqual([["here we are again"], ["here we are again"]]);
});

describe("the poll loop", () => {
  test("asks lively groups often, quiet ones less, broken ones seldom", async () => {
    let timers: Device["timers"] | undefined;
    const now = (): number => timers?.time ?? 0;
    const polling = { activeMs: 5_000, idleMs: 5_000 };
    const [ann, ben] = (await open([0, 1], [{}, { polling, now }])) as [Device, Device];
    timers = ben.timers;
    const group = await groupOf(ann, ben);
    const pass = async (ms: number): Promise<number> => {
      net.calls.length = 0;
      for (let at = 0; at < ms; at += 5_000) {
        const before = net.calls.filter((call) => isAbout(ben.id, entriesOf(call))).length;
        ben.timers.advance(5_000);
        net.time += 5_000;
        // Each turn of the loop asks the own swarm.
        await until(() => net.calls.filter((call) => isAbout(ben.id, entriesOf(call))).length > before);
        for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
      }
      return net.calls.filter((call) => isAbout(group.id, entriesOf(call))).length;
    };
    await ann.close();
    expect(await pass(60_000)).toBe(12);
    net.time += 3 * DAY;
    expect(await pass(120_000)).toBeLessThanOrEqual(3);
    net.time += 6 * DAY;
    expect(await pass(240_000)).toBeLessThanOrEqual(3);
  });
});
