/** Messages in groups, from sending to delivery (docs/protocol/groups.md §7). */
import type { Group } from "session-messenger-sdk/client";
import { isSessionError } from "session-messenger-sdk/errors";
import { encodeGroupMessage, encryptGroupMessage, type GroupState } from "session-messenger-sdk/groups";
import type { SessionId } from "session-messenger-sdk/identity";
import { encodeContent } from "session-messenger-sdk/messages";
import type { RpcRequest } from "session-messenger-sdk/network";
import { EnvelopeSchema, EnvelopeType, encodeProto } from "session-messenger-sdk/proto";
import { afterEach, describe, expect, test } from "vitest";
import { Device, person } from "../support/device.js";
import { GroupNetwork } from "../support/group-network.js";
import { stateOf } from "../support/group-state.js";
import { openPeople, settle } from "../support/people.js";
import { deferred } from "../support/wait.js";

let devices: Device[] = [];
let net = new GroupNetwork();

afterEach(async () => {
  await Promise.all(devices.map((device) => device.close()));
  devices = [];
  net = new GroupNetwork();
});

async function friends(...people: readonly number[]): Promise<Device[]> {
  const opened = await openPeople(net, people);
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
const groupAt = (device: Device, { id }: { readonly id: string }): Group => {
  const group = device.client.groups.get(id);
  if (group === undefined) throw new Error("the device is not in the group");
  return group;
};
const coded = (code: string): unknown =>
  expect.toSatisfy((error: unknown) => isSessionError(error, code), `a SessionError of code ${code}`);
const isStore = (group: string, { method, params }: RpcRequest): boolean =>
  method === "store" && params["pubkey"] === group && params["namespace"] === 11;

describe("a text", () => {
  test("is stored once, signed by its author, and brings the profile along", async () => {
    const [ann, ben] = (await friends(0, 1)) as [Device, Device];
    const group = await groupOf(ann, ben);
    await ben.client.profile.set({ name: "Ben" });
    net.calls.length = 0;
    const sent = await groupAt(ben, group).send({ text: "hello" });
    const stores = net.callsOf("store");
    expect(stores.map(({ params }) => [params["pubkey"], params["namespace"], params["ttl"]])).toEqual([
      [group.id, 11, 1_209_600_000],
    ]);
    expect(stores[0]?.params).toHaveProperty("subaccount");
    expect(stores[0]?.params).not.toHaveProperty("pubkey_ed25519");
    expect(net.stored(group.id, 11).at(-1)?.hash).toBe(sent.hash);
    expect(sent).toMatchObject({ to: group.id });
    expect(sent).not.toHaveProperty("synced");
    await rest(ann, ben);
    expect(ann.told.message).toMatchObject([
      {
        source: "group",
        conversation: group.id,
        from: ben.id,
        text: "hello",
        timestamp: sent.timestamp,
        hash: sent.hash,
        outgoing: false,
        profile: { name: "Ben" },
      },
    ]);
    // Every device of the group sees the name: an admin puts it on the list.
    expect(groupAt(ben, group).members.find(({ isSelf }) => isSelf)?.name).toBe("Ben");
    // The author's own message that comes back is no news.
    expect([texts(ben), ben.told.dropped]).toEqual([[], []]);
  });

  test("goes out by Client.send too, and is answered by the conversation's name", async () => {
    const [ann, ben] = (await friends(0, 1)) as [Device, Device];
    const group = await groupOf(ann, ben);
    ben.client.on("message", (message) =>
      ben.client.send(message.conversation, { text: `you said ${message.text}`, quote: message }),
    );
    const { timestamp } = await group.send({ text: "hi" });
    await rest(ann, ben);
    expect(ann.told.message).toMatchObject([
      { text: "you said hi", conversation: group.id, quote: { author: ann.id, timestamp } },
    ]);
  });

  test("is read from an iterator of its group alone", async () => {
    const [ann, ben] = (await friends(0, 1)) as [Device, Device];
    const group = await groupOf(ann, ben);
    const other = await groupOf(ann, ben);
    const stream = groupAt(ben, group).messages();
    await other.send({ text: "elsewhere" });
    await group.send({ text: "here" });
    await ben.client.poll();
    expect((await stream.next()).value).toMatchObject({ text: "here", conversation: group.id });
    await stream.return?.();
  });

  test.each([
    ["an empty one", { text: "" }, "MESSAGE_EMPTY"],
    ["a long one", { text: "x".repeat(2_001) }, "MESSAGE_TOO_LONG"],
  ])("%s is refused", async (_name, content, code) => {
    const [ann] = (await friends(0)) as [Device];
    const group = await groupOf(ann);
    await expect(group.send(content)).rejects.toEqual(coded(code));
  });

  test("to a group that the account is not in is refused", async () => {
    const [ann, ben] = (await friends(0, 1)) as [Device, Device];
    const group = await groupOf(ann);
    await expect(ben.client.send(group.id, { text: "let me in" })).rejects.toMatchObject({
      code: "GROUP_NOT_JOINED",
      details: { standing: "none" },
    });
  });
});

describe("a text on its way", () => {
  test("survives the program, with its timestamp", async () => {
    const [ann, ben] = (await friends(0, 1)) as [Device, Device];
    const group = await groupOf(ann, ben);
    const reached = deferred();
    const dead = deferred<"lost">();
    ann.fault = async (request) => {
      if (!isStore(group.id, request)) return undefined;
      reached.resolve();
      return dead.promise;
    };
    group.send({ text: "after all" }).catch(() => {});
    await reached.promise;
    ann.fault = () => undefined;
    const crashed = ann.crash();
    dead.resolve("lost");
    await crashed;
    await rest(ann, ben);
    expect(texts(ben)).toEqual(["after all"]);
  });

  test("is delivered once, however often it was stored", async () => {
    const [ann, ben] = (await friends(0, 1)) as [Device, Device];
    const group = await groupOf(ann, ben);
    let stored = 0;
    ann.fault = (request) => {
      if (!isStore(group.id, request) || ++stored > 2) return undefined;
      return "reply-lost";
    };
    await group.send({ text: "once" });
    expect(net.stored(group.id, 11).length).toBeGreaterThan(2);
    await rest(ann, ben);
    expect(texts(ben)).toEqual(["once"]);
    expect(new Set(ben.told.dropped.map(({ rule }) => rule))).toEqual(new Set(["V12"]));
  });

  test("is given up when its author is no member any more", async () => {
    const [ann, ben] = (await friends(0, 1)) as [Device, Device];
    const group = await groupOf(ann, ben);
    ben.fault = (request) => (isStore(group.id, request) ? "lost" : undefined);
    groupAt(ben, group)
      .send({ text: "too late" })
      .catch(() => {});
    await ben.crash();
    await group.remove(ben.id);
    await ben.client.poll();
    ben.fault = () => undefined;
    await ben.restart();
    await rest(ben);
    expect(ben.client.groups.list()).toEqual([]);
    await rest(ann);
    expect(texts(ann)).toEqual([]);
  });
});

describe("a text that disappears", () => {
  test("does so some time after it was sent, for all", async () => {
    const [ann, ben] = (await friends(0, 1)) as [Device, Device];
    const group = await groupOf(ann, ben);
    await group.setDisappearing(3_600);
    await rest(ann, ben);
    const gone: unknown[] = [];
    for (const { client } of [ann, ben]) client.on("disappeared", (message) => gone.push(message));
    const { timestamp } = await groupAt(ben, group).send({ text: "for an hour" });
    expect(net.callsOf("store").at(-1)?.params["ttl"]).toBe(3_600_000);
    await ann.client.poll();
    expect(ann.told.message).toMatchObject([{ expiration: { mode: "after-send", seconds: 3_600 } }]);
    for (const device of [ann, ben]) await device.restart();
    for (const { client } of [ann, ben]) client.on("disappeared", (message) => gone.push(message));
    net.time += 3_700_000;
    for (const device of [ann, ben]) device.timers.advance(3_700_000);
    await rest(ann, ben);
    const expected = { conversation: group.id, author: ben.id, timestamp };
    expect(gone).toEqual([expected, expected]);
  });
});

describe("a reaction", () => {
  test("reaches the others if they know the message", async () => {
    const [ann, ben] = (await friends(0, 1)) as [Device, Device];
    const group = await groupOf(ann, ben);
    const reactions: unknown[] = [];
    ann.client.on("reaction", (reaction) => reactions.push(reaction));
    const sent = await group.send({ text: "good?" });
    await ben.client.poll();
    const [message] = ben.told.message;
    if (message === undefined) throw new Error("the message did not come");
    await ben.client.react(message, "👍");
    await groupAt(ben, group).unreact(message, "👍");
    await groupAt(ben, group).react(
      { conversation: group.id, author: ann.id, timestamp: 1_700_000_000_000 },
      "👎",
    );
    await ann.client.poll();
    const target = { author: ann.id, timestamp: sent.timestamp };
    expect(reactions).toMatchObject([
      { source: "group", conversation: group.id, from: ben.id, emoji: "👍", action: "add", target },
      { emoji: "👍", action: "remove", target },
    ]);
    expect(ann.told.dropped).toMatchObject([{ rule: "V22" }]);
  });
});

describe("while a key is not in the swarm", () => {
  const isPush = ({ method }: RpcRequest): boolean => method === "sequence";

  test("nothing is encrypted with it: reactions are refused, what waits goes on waiting", async () => {
    const [ann, ben, cid] = (await friends(0, 1, 2)) as [Device, Device, Device];
    const group = await groupOf(ann, ben);
    const { timestamp } = await groupAt(ben, group).send({ text: "to react to" });
    await rest(ann, ben);
    const dead = deferred<"lost">();
    const reached = deferred<void>();
    ann.fault = (request) => {
      if (isPush(request)) return "lost";
      if (!isStore(group.id, request)) return undefined;
      reached.resolve();
      return dead.promise;
    };
    group.send({ text: "written before" }).catch(() => {});
    await reached.promise;
    await expect(group.invite([cid.id])).rejects.toEqual(coded("GROUP_PUSH_FAILED"));
    const target = { conversation: group.id, author: ben.id as SessionId, timestamp };
    await expect(group.react(target, "👍")).rejects.toEqual(coded("SEND_FAILED"));

    ann.fault = (request) => (isPush(request) ? "lost" : undefined);
    const crashed = ann.crash();
    dead.resolve("lost");
    await crashed;
    net.calls.length = 0;
    ann.timers.advance(600_000);
    await ann.client.poll();
    await expect(ann.sync()).rejects.toEqual(coded("GROUP_PUSH_FAILED"));
    expect(net.calls.filter((call) => isStore(group.id, call))).toEqual([]);

    ann.fault = () => undefined;
    for (let round = 0; round < 3; round++) {
      ann.timers.advance(600_000);
      await rest(ann, ben);
    }
    expect(texts(ben)).toEqual(["written before"]);
    expect(ben.told.dropped).toEqual([]);
  });
});

describe("who has written", () => {
  const put = (group: Group, state: GroupState, index: number, text: string): void => {
    const { data } = encodeGroupMessage(
      { kind: "text", text },
      { sender: person(index), keys: state.keys, timestamp: net.time },
    );
    net.put(group.id, data, net.nodes, 1_209_600_000, 11);
  };

  test("is a member, or was one at that time", async () => {
    const [ann, ben, cid] = (await friends(0, 1, 2)) as [Device, Device, Device];
    const group = await groupOf(ann, ben, cid);
    const state = await stateOf(group, ben);
    net.time += 10_000;
    put(group, state, 9, "never was a member");
    await cid.client.poll();
    expect(texts(cid)).toEqual([]);
    expect(cid.told.dropped).toMatchObject([{ rule: "G1", reason: "not-a-member" }]);

    await groupAt(ben, group).send({ text: "my last words" });
    await group.remove(ben.id);
    await cid.client.poll();
    expect(groupAt(cid, group).members.map(({ sessionId }) => sessionId)).not.toContain(ben.id);
    expect(texts(cid)).toEqual(["my last words"]);

    net.time += 600_000;
    put(group, state, 1, "from outside");
    await cid.client.poll();
    expect(texts(cid)).toEqual(["my last words"]);
    expect(cid.told.dropped).toHaveLength(2);
  });

  test("is not heard if blocked", async () => {
    const [ann, ben] = (await friends(0, 1)) as [Device, Device];
    const group = await groupOf(ann, ben);
    await ann.client.block(ben.id);
    await groupAt(ben, group).send({ text: "hey" });
    await ann.client.poll();
    expect(texts(ann)).toEqual([]);
    expect(ann.told.dropped).toMatchObject([{ rule: "V4" }]);
  });
});

test("a kind of the future is kept, and read by the version that knows it", async () => {
  const [ann, ben] = (await friends(0, 1)) as [Device, Device];
  const group = await groupOf(ann, ben);
  const state = await stateOf(group, ben);
  const timestamp = net.time;
  const envelope = encodeProto(EnvelopeSchema, {
    type: EnvelopeType.CLOSED_GROUP_MESSAGE,
    timestamp: BigInt(timestamp),
    content: encodeContent({ sigTimestamp: BigInt(timestamp), $unknown: Uint8Array.of(0x98, 1, 1) }),
  });
  const [key] = state.keys.keys;
  if (key === undefined) throw new Error("the group has no key");
  const options = { key, groupPublicKey: state.keys.publicKey, sender: ann.account.ed25519 };
  net.put(group.id, encryptGroupMessage(envelope, options), net.nodes, 1_209_600_000, 11);
  const told: unknown[] = [];
  ben.client.on("unsupported", (item) => told.push(item));
  await ben.client.poll();
  await ben.client.poll();
  expect(told).toMatchObject([{ reason: "unknown-type", from: ann.id, conversation: group.id, timestamp }]);

  // As if this version had been told of it by one that did not know texts.
  const text = encodeGroupMessage(
    { kind: "text", text: "known by now" },
    { sender: ann.account, keys: state.keys, timestamp },
  );
  const disk = (await ben.disk()).map(([name, value]): [string, string] => {
    if (!name.includes("unsupported/")) return [name, value];
    const data = { $bytes: Buffer.from(text.data).toString("base64") };
    return [name, JSON.stringify({ ...JSON.parse(value), version: "0.0.1", data })];
  });
  const later = await Device.open(net, person(1), {}, disk);
  devices.push(later);
  await later.client.poll();
  expect(texts(later)).toEqual(["known by now"]);
});

describe("reading and deleting", () => {
  test("what was read is the same on all devices", async () => {
    const [phone, laptop, ben] = (await friends(0, 0, 1)) as [Device, Device, Device];
    const group = await groupOf(phone, ben);
    await groupAt(ben, group).send({ text: "news" });
    await rest(phone, laptop, ben);
    const upTo = phone.told.message[0]?.timestamp ?? 0;
    await groupAt(phone, group).markRead(upTo);
    await rest(phone, laptop);
    expect(laptop.client.conversations.get(group.id)).toMatchObject({ kind: "group", lastRead: upTo });
    await expect(groupAt(phone, group).markRead(0)).rejects.toEqual(coded("INVALID_ARGUMENT"));
  });

  test("an own message can be unsent", async () => {
    const [ann, ben] = (await friends(0, 1)) as [Device, Device];
    const group = await groupOf(ann, ben);
    const sent = await groupAt(ben, group).send({ text: "oops" });
    await ann.client.poll();
    expect(await ben.client.unsend(sent)).toMatchObject({ to: group.id, hash: sent.hash, deleted: false });
    await rest(ann, ben);
    expect(ann.told.deleted).toMatchObject([
      { conversation: group.id, author: ben.id, timestamp: sent.timestamp, by: ben.id },
    ]);
    const [message] = ann.told.message;
    if (message === undefined) throw new Error("the message did not come");
    await expect(ann.client.unsend(message)).rejects.toEqual(coded("INVALID_ARGUMENT"));
    await ann.client.deleteLocally(message);
  });
});
