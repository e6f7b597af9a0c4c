/** Creating a group, and programs that end on the way (docs/protocol/groups.md §9). */
import { isSessionError } from "session-messenger-sdk/errors";
import type { RpcRequest } from "session-messenger-sdk/network";
import { afterEach, describe, expect, test } from "vitest";
import { Device, type Fault, person } from "../support/device.js";
import { GroupNetwork } from "../support/group-network.js";
import { openPeople, settle } from "../support/people.js";
import { deferred } from "../support/wait.js";

let devices: Device[] = [];
let net = new GroupNetwork();

afterEach(async () => {
  await Promise.all(devices.map((device) => device.close()));
  devices = [];
  net = new GroupNetwork();
});

async function open(...people: readonly number[]): Promise<Device[]> {
  const opened = await openPeople(net, people);
  devices.push(...opened);
  return opened;
}

const rest = (...people: readonly Device[]): Promise<void> => settle(net, people);

const coded = (code: string): unknown =>
  expect.toSatisfy((error: unknown) => isSessionError(error, code), `a SessionError of code ${code}`);
const isForGroup = ({ params }: RpcRequest): boolean =>
  ((params["requests"] ?? []) as RpcRequest[]).some((entry) =>
    String(entry.params["pubkey"]).startsWith("03"),
  );
/** All groups that anything lies in the swarm of. */
const groupsStored = (): string[] => {
  const boxes = [...(net.nodes[0]?.boxes ?? [])].filter(([, box]) => box.length > 0);
  return [...new Set(boxes.map(([name]) => name.slice(0, 66)).filter((id) => id.startsWith("03")))];
};

describe("a new group", () => {
  test("is in its swarm in one sequence: keys, info, members, notice", async () => {
    const [ann, ben] = (await open(0, 1)) as [Device, Device];
    net.calls.length = 0;
    const group = await ann.client.groups.create({
      name: "  hikers ",
      description: "every Sunday",
      members: [ben.id, ben.id, ann.id],
    });
    expect(group).toMatchObject({
      name: "hikers",
      description: "every Sunday",
      isAdmin: true,
      isJoined: true,
    });
    const [sequence] = net.calls.filter(
      ({ method, params }) => method === "sequence" && isForGroup({ method, params } as RpcRequest),
    );
    const steps = sequence?.params["requests"] as RpcRequest[];
    expect(steps.map(({ method, params }) => [method, params["namespace"], params["ttl"]])).toEqual([
      ["store", 12, 2_592_000_000],
      ["store", 13, 2_592_000_000],
      ["store", 14, 2_592_000_000],
      ["store", 11, 1_209_600_000],
    ]);
    // An admin signs with the group's key, and names no other.
    for (const { params } of steps) {
      expect(params["pubkey"]).toBe(group.id);
      expect(params).not.toHaveProperty("pubkey_ed25519");
      expect(params).not.toHaveProperty("subaccount");
    }
    expect(group.members.map(({ sessionId, isAdmin, isSelf }) => ({ sessionId, isAdmin, isSelf }))).toEqual(
      [
        { sessionId: ann.id, isAdmin: true, isSelf: true },
        { sessionId: ben.id, isAdmin: false, isSelf: false },
      ].sort((a, b) => (a.sessionId < b.sessionId ? -1 : 1)),
    );
    expect(ann.told.group[0]).toEqual({ id: group.id, change: "joined", by: "creation" });
    await rest(ann, ben);
    expect(ben.client.groups.get(group.id)).toMatchObject({ name: "hikers", description: "every Sunday" });
  });

  test("comes to the own other devices through the account's config", async () => {
    const [phone, laptop, ben] = (await open(0, 0, 1)) as [Device, Device, Device];
    const group = await phone.client.groups.create({ name: "both", members: [ben.id] });
    await rest(phone, laptop, ben);
    expect(laptop.client.groups.get(group.id)).toMatchObject({ name: "both", isAdmin: true });
    expect(laptop.told.group).toContainEqual({ id: group.id, change: "joined", by: "other-device" });
    await laptop.client.groups.get(group.id)?.send({ text: "from the laptop" });
    await rest(phone, laptop, ben);
    expect(phone.told.message).toMatchObject([{ text: "from the laptop", outgoing: true, from: phone.id }]);
    expect(ben.told.message).toMatchObject([{ text: "from the laptop", outgoing: false }]);
  });

  test("works without sync: the store alone has it", async () => {
    const ann = await Device.open(net, person(0), { sync: false });
    devices.push(ann);
    const [ben] = (await open(1)) as [Device];
    await ben.client.contacts.accept(ann.id);
    const group = await ann.client.groups.create({ name: "bots", members: [ben.id] });
    await rest(ann, ben);
    await ann.restart();
    expect(ann.client.groups.list().map(({ id, name }) => [id, name])).toEqual([[group.id, "bots"]]);
    await ben.client.send(group.id, { text: "hello bot" });
    await rest(ann, ben);
    expect(ann.told.message).toMatchObject([{ text: "hello bot" }]);
  });

  test.each([
    ["no name", { name: " " }, "NAME_EMPTY"],
    ["a long name", { name: "x".repeat(101) }, "NAME_TOO_LONG"],
    ["a long description", { name: "x", description: "ä".repeat(301) }, "GROUP_INVALID_VALUE"],
    ["a member that is no account", { name: "x", members: ["03".padEnd(66, "0")] }, "ID_INVALID"],
    ["members that are no list", { name: "x", members: "05" as never }, "INVALID_ARGUMENT"],
    [
      "more than 100 members",
      { name: "x", members: Array.from({ length: 100 }, (_, index) => person(index + 1).sessionId) },
      "GROUP_TOO_MANY_MEMBERS",
    ],
  ])("with %s is refused before anything is done", async (_name, options, code) => {
    const [ann] = (await open(0)) as [Device];
    const before = net.calls.length;
    await expect(ann.client.groups.create(options)).rejects.toEqual(coded(code));
    expect(net.calls.length).toBe(before);
    expect(ann.client.groups.list()).toEqual([]);
  });
});

describe("a creation that fails", () => {
  test("leaves nothing, after a restart either", async () => {
    const [ann, ben] = (await open(0, 1)) as [Device, Device];
    ann.fault = (request) => (isForGroup(request) ? "refused" : undefined);
    await expect(ann.client.groups.create({ name: "x", members: [ben.id] })).rejects.toEqual(
      coded("GROUP_PUSH_FAILED"),
    );
    expect(ann.client.groups.list()).toEqual([]);
    ann.fault = () => undefined;
    await ann.restart();
    await rest(ann, ben);
    expect(ann.client.groups.list()).toEqual([]);
    expect(groupsStored()).toEqual([]);
    expect(ben.client.groups.invitations()).toEqual([]);
  });

  test("so does one that is aborted while it is under way", async () => {
    const [ann, ben] = (await open(0, 1)) as [Device, Device];
    const controller = new AbortController();
    ann.fault = async (request) => {
      if (!isForGroup(request)) return undefined;
      controller.abort();
      return "lost";
    };
    const created = ann.client.groups.create({ name: "x", members: [ben.id] }, { signal: controller.signal });
    await expect(created).rejects.toEqual(coded("ABORTED"));
    ann.fault = () => undefined;
    await rest(ann, ben);
    expect([ann, ben].map(({ client }) => client.groups.list())).toEqual([[], []]);
    expect(groupsStored()).toEqual([]);
  });
});

describe("a program that is killed while it creates a group", () => {
  const isInvitation =
    (ben: Device) =>
    ({ params }: RpcRequest): boolean =>
      params["pubkey"] === ben.id;

  /** Kills ann's program when she makes the first request that `isIt`, before or after the swarm has done it. */
  async function killedAt(
    ann: Device,
    isIt: (request: RpcRequest) => boolean,
    fault: Fault,
    create: () => Promise<unknown>,
  ): Promise<void> {
    const reached = deferred();
    const dead = deferred<Fault>();
    let isDone = false;
    ann.fault = async (request) => {
      if (!isIt(request)) return undefined;
      // The first request gets through, its reply does not; the program hears of nothing any more.
      if (fault === "reply-lost" && !isDone) {
        isDone = true;
        return fault;
      }
      reached.resolve();
      return dead.promise;
    };
    create().catch(() => {});
    await reached.promise;
    ann.fault = () => undefined;
    const crashed = ann.crash();
    dead.resolve("lost");
    await crashed;
  }

  test.each([
    ["before its swarm has seen it", isForGroup, undefined],
    ["when its swarm has it, and nobody was told", isForGroup, "reply-lost"],
  ] as const)("%s, goes on with it", async (_name, isIt, fault) => {
    const [ann, ben] = (await open(0, 1)) as [Device, Device];
    await killedAt(ann, isIt, fault, () => ann.client.groups.create({ name: "again", members: [ben.id] }));
    await rest(ann, ben);
    const [group] = ann.client.groups.list();
    expect(group).toMatchObject({ name: "again" });
    expect(group?.members.map(({ status }) => status).sort()).toEqual([
      "invite-accepted",
      "promotion-accepted",
    ]);
    expect(groupsStored()).toEqual([group?.id]);
    await ben.client.send(group?.id ?? "", { text: "here" });
    await rest(ann, ben);
    expect(ann.told.message).toMatchObject([{ text: "here" }]);
  });

  test.each([undefined, "reply-lost"] as const)("and was to invite somebody (%s), does so", async (fault) => {
    const [ann, ben] = (await open(0, 1)) as [Device, Device];
    const create = (): Promise<unknown> => ann.client.groups.create({ name: "again", members: [ben.id] });
    await killedAt(ann, isInvitation(ben), fault, create);
    await rest(ann, ben);
    const [group] = ann.client.groups.list();
    expect(ben.client.groups.list().map(({ id }) => id)).toEqual([group?.id]);
  });
});
