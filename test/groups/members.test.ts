import fc from "fast-check";
import type { ConfigDict, ConfigValue } from "session-messenger-sdk/config";
import { type GroupMembers, GroupState, type MemberUpdate } from "session-messenger-sdk/groups";
import type { SessionId } from "session-messenger-sdk/identity";
import { describe, expect, test } from "vitest";
import { account, coded, groupId, groupKey, ids, NOW, patience, runs, thrown } from "./support.js";

const admin = account(1);
const [one, two] = ids(2, 10) as [SessionId, SessionId];
const picture = { url: "http://files.example/1", key: new Uint8Array(32).fill(7) };

/** A group of one admin, whose first key is confirmed. */
function newGroup(): GroupState {
  const group = new GroupState({
    groupId: groupId(),
    account: admin,
    seed: groupKey().secretKey.slice(0, 32),
    now: () => NOW,
  });
  const { message: data } = group.rekey();
  group.loadKeys({ data, hash: "k0", timestamp: NOW });
  return group;
}

const newMembers = (): GroupMembers => newGroup().members;

/** The entry of a member as it stands in the data. */
function entry(members: GroupMembers, id: SessionId = one): unknown {
  const list = members.snapshot().get("m") as ConfigDict | undefined;
  const dict = list?.get(Buffer.from(id, "hex").toString("latin1")) as ConfigDict | undefined;
  return dict && Object.fromEntries(dict);
}

const path = (field?: string, id: SessionId = one): string[] => [
  "m",
  Buffer.from(id, "hex").toString("latin1"),
  ...(field === undefined ? [] : [field]),
];

function updated(...changes: readonly MemberUpdate[]): GroupMembers {
  const members = newMembers();
  for (const change of changes) members.update(one, change);
  return members;
}

describe("an entry is written", () => {
  test.each<[string, readonly MemberUpdate[], Record<string, ConfigValue>, string]>([
    ["new", [{}], { n: "", I: 3n }, "invite-sending"],
    ["new with a name", [{ name: "One" }], { n: "One", I: 3n }, "invite-sending"],
    ["invited", [{ invite: "sent" }], { n: "", I: 1n }, "invite-sent"],
    ["not reached", [{ invite: "failed" }], { n: "", I: 2n }, "invite-failed"],
    ["accepted", [{ invite: "accepted" }], { n: "" }, "invite-accepted"],
    ["with history", [{ needsHistory: true }], { n: "", I: 3n, s: 1n }, "invite-sending"],
    ["accepted with history", [{ needsHistory: true }, { invite: "accepted" }], { n: "" }, "invite-accepted"],
    [
      "promoted",
      [{ invite: "accepted" }, { promotion: "not-sent" }],
      { n: "", A: 1n, P: 3n },
      "promotion-sending",
    ],
    ["promotion sent", [{ promotion: "sent" }], { n: "", A: 1n, P: 1n }, "promotion-sent"],
    ["promotion failed", [{ promotion: "failed" }], { n: "", A: 1n, P: 2n }, "promotion-failed"],
    ["promotion accepted", [{ promotion: "accepted" }], { n: "", A: 1n }, "promotion-accepted"],
    ["an admin from the start", [{ isAdmin: true }], { n: "", A: 1n }, "promotion-accepted"],
    ["removed", [{ removal: "member" }], { n: "", R: 1n }, "removed"],
    [
      "removed with messages",
      [{ removal: "member-and-messages" }],
      { n: "", R: 2n },
      "removed-with-messages",
    ],
    [
      "removed as an admin",
      [{ promotion: "sent" }, { removal: "member" }],
      { n: "", A: 1n, R: 1n },
      "removed",
    ],
    [
      "with a picture and its time",
      [{ invite: "sent", profileUpdated: 5, picture }],
      { n: "", I: 1n, p: picture.url, q: "\x07".repeat(32), t: 5n },
      "invite-sent",
    ],
    [
      "without the picture again",
      [{ invite: "sent", picture }, { picture: undefined }],
      { n: "", I: 1n },
      "invite-sent",
    ],
  ])("%s", (_, changes, expected, status) => {
    const members = updated(...changes);
    expect(entry(members)).toEqual(expected);
    expect(members.get(one)?.status).toBe(status);
  });

  test("so that the need for history stays when a member is promoted or removed, until the next write", () => {
    for (const change of [{ promotion: "not-sent" }, { removal: "member" }] as const) {
      const members = updated({ needsHistory: true }, change);
      expect(entry(members)).toMatchObject({ s: 1n });
      // Nobody reads it any more, so the next write leaves it out.
      expect(members.get(one)?.needsHistory).toBe(false);
      members.update(one, { name: "x" });
      expect(entry(members)).not.toHaveProperty("s");
    }
  });

  test("with everything of it that newer versions know, and without what is half there", () => {
    const members = updated({ invite: "sent" });
    members.setRaw(path("x"), "new");
    members.setRaw(path("p"), "http://no.key");
    members.update(one, { name: "One" });
    expect(entry(members)).toEqual({ n: "One", I: 1n, x: "new" });
  });

  test("not at all when nothing changes", () => {
    const group = newGroup();
    const { members } = group;
    members.update(one, { invite: "sent" });
    const { seqno } = members.push();
    members.confirm(seqno, ["h"]);
    members.update(one, { invite: "sent", name: "" });
    expect(members.needsPush).toBe(false);
    expect(members.remove(two)).toBe(false);
    expect(members.needsPush).toBe(false);
    expect(members.remove(one)).toBe(true);
    expect(members.needsPush).toBe(true);
    expect(members.get(one)).toBeUndefined();
  });
});

describe("the status of values", () => {
  const status = (flags: Record<string, bigint>): string | undefined => {
    const members = updated({ invite: "accepted" });
    for (const [key, value] of Object.entries(flags)) members.setRaw(path(key), value);
    return members.get(one)?.status;
  };

  test.each<[Record<string, bigint>, string]>([
    [{}, "invite-accepted"],
    [{ I: 1n }, "invite-sent"],
    [{ I: 2n }, "invite-failed"],
    [{ I: 3n }, "invite-not-sent"],
    [{ I: 4n }, "invite-unknown"],
    [{ I: -1n }, "invite-accepted"],
    [{ A: 1n }, "promotion-accepted"],
    [{ A: 1n, I: 2n }, "promotion-accepted"],
    [{ A: 1n, P: 1n }, "promotion-sent"],
    [{ A: 1n, P: 2n }, "promotion-failed"],
    [{ A: 1n, P: 3n }, "promotion-not-sent"],
    [{ A: 1n, P: 9n }, "promotion-unknown"],
    [{ P: 3n, I: 1n }, "invite-sent"],
    [{ R: 1n }, "removed"],
    [{ R: 2n, A: 1n, P: 3n }, "removed-with-messages"],
    [{ R: 3n, I: 1n }, "removed-unknown"],
    [{ R: -1n, I: 1n }, "invite-sent"],
  ])("%o is %s", (flags, expected) => {
    expect(status(flags)).toBe(expected);
  });

  test("the need for history counts only while an invitation is pending", () => {
    const needs = (flags: Record<string, bigint>): boolean | undefined => {
      const members = updated({ invite: "accepted" });
      for (const [key, value] of Object.entries({ s: 1n, ...flags })) members.setRaw(path(key), value);
      return members.get(one)?.needsHistory;
    };
    expect([{}, { I: 1n }, { I: 3n }, { I: 1n, A: 1n }, { I: 1n, P: 1n }].map(needs)).toEqual([
      false,
      true,
      true,
      false,
      false,
    ]);
  });
});

describe("the mark of being sent", () => {
  test("is set by what is not sent, cleared by everything else, and by the app", () => {
    const members = newMembers();
    const status = (): string | undefined => members.get(one)?.status;
    members.update(one, {});
    expect(status()).toBe("invite-sending");
    members.update(one, { invite: "failed" });
    members.setRaw(path("I"), 3n);
    expect(status()).toBe("invite-not-sent");
    members.update(one, { name: "written with I = 3" });
    expect(status()).toBe("invite-sending");
    members.setSending(one, false);
    expect(status()).toBe("invite-not-sent");
    members.update(one, { promotion: "not-sent" });
    expect(status()).toBe("promotion-sending");
    members.clearSending();
    expect(status()).toBe("promotion-not-sent");
    members.setSending(one, true);
    members.remove(one);
    // Added again by another device.
    members.setRaw(
      path(),
      new Map<string, ConfigValue>([
        ["n", ""],
        ["I", 3n],
      ]),
    );
    expect(status()).toBe("invite-not-sent");
  });

  test("stays on this device, restarts included", () => {
    const group = newGroup();
    group.members.update(one, {});
    const { messages } = group.members.push();
    const other = new GroupState({ groupId: groupId(), account: admin, seed: groupKey().secretKey });
    other.loadKeys({ data: newGroup().keys.rekey([]).message, hash: "x", timestamp: NOW });
    other.keys.load({ data: group.keys.rekey(group.members.ids()).message, hash: "y", timestamp: NOW });
    const reader = new GroupState({
      groupId: groupId(),
      account: admin,
      seed: groupKey().secretKey,
      dump: { keys: group.keys.dump() },
    });
    expect(reader.members.merge([{ hash: "m", data: messages[0]! }]).accepted).toEqual(["m"]);
    expect(reader.members.get(one)?.status).toBe("invite-not-sent");

    const dump = group.members.dump();
    expect(group.members.needsDump).toBe(false);
    const again = new GroupState({
      groupId: groupId(),
      account: admin,
      seed: groupKey().secretKey,
      dump: { members: dump },
    });
    expect(again.members.get(one)?.status).toBe("invite-sending");
    again.members.clearSending();
    expect(again.members.needsDump).toBe(true);
    again.members.dump();
    again.members.setSending(two, false);
    again.members.clearSending();
    expect(again.members.needsDump).toBe(false);
  });
});

describe("the list", () => {
  test("is in the order of ids and leaves out what is no member", () => {
    const members = newMembers();
    for (const id of ids(20)) members.update(id, {});
    members.setRaw(["m", "\x05short"], new Map([["n", "x"]]));
    members.setRaw(["m", `\x03${"a".repeat(32)}`], new Map([["n", "x"]]));
    members.setRaw(["m", `\x05${"\0".repeat(32)}`], "no dict");
    expect(members.ids()).toEqual([...ids(20)].sort());
    expect(members.size).toBe(23);
    expect(members.get(`05${"00".repeat(32)}` as SessionId)).toBeUndefined();
  });

  test("tells what changed", () => {
    const members = newMembers();
    members.update(one, {});
    members.update(two, {});
    const before = members.snapshot();
    members.update(one, { name: "One" });
    members.remove(two);
    members.update(admin.sessionId, { isAdmin: true });
    expect(members.changesSince(before)).toEqual({
      added: [admin.sessionId],
      updated: [one],
      removed: [two],
    });
  });

  test("of 10,000 entries can be read, but gets no key", () => {
    const group = newGroup();
    const big = new Map<string, ConfigValue>();
    for (let i = 0; i < 10_000; i++)
      big.set(
        `\x05${String(i).padStart(32, "0")}`,
        new Map<string, ConfigValue>([
          ["n", `member ${i}`],
          ["I", 1n],
        ]),
      );
    group.members.setRaw(["m"], big);
    const { messages } = group.members.push();
    const reader = new GroupState({
      groupId: groupId(),
      account: admin,
      seed: groupKey().secretKey,
      dump: { keys: group.keys.dump() },
    });
    const result = reader.members.merge(messages.map((data, i) => ({ hash: `${i}`, data })));
    expect(result.accepted).toHaveLength(messages.length);
    expect(reader.members.list()).toHaveLength(10_000);
    expect(reader.members.list()[9999]?.name).toBe("member 9999");
    const before = reader.dump();
    expect(thrown(() => reader.rekey())).toEqual(coded("GROUP_TOO_MANY_MEMBERS", { members: 10_000 }));
    expect(reader.dump()).toEqual(before);
  });
});

describe("refused:", () => {
  test("values out of range, and nothing is written", () => {
    const members = newMembers();
    const before = members.snapshot();
    for (const change of [
      { name: "é".repeat(51) },
      { picture: { url: "", key: new Uint8Array(32) } },
      { picture: { url: "u".repeat(224), key: new Uint8Array(32) } },
      { picture: { url: "u", key: new Uint8Array(31) } },
      { profileUpdated: -1 },
      { profileUpdated: 1.5 },
    ])
      expect(thrown(() => members.update(one, change))).toEqual(coded("CONFIG_VALUE_INVALID"));
    for (const id of ["", "05", groupId(), `15${one.slice(2)}`]) {
      expect(thrown(() => members.update(id as SessionId, {}))).toEqual(coded("GROUP_INVALID_MEMBER"));
      expect(thrown(() => members.remove(id as SessionId))).toEqual(coded("GROUP_INVALID_MEMBER"));
    }
    expect(members.snapshot()).toEqual(before);
    members.update(one, { name: "é".repeat(50) });
    expect(members.get(one)?.name).toBe("é".repeat(50));
  });

  test("changes by members, and everything before there is a key", () => {
    const member = new GroupState({ groupId: groupId(), account: account(2) });
    for (const act of [
      () => member.members.update(one, {}),
      () => member.info.update({ name: "x" }),
      () => member.info.destroy(),
    ])
      expect(thrown(act)).toEqual(coded("CONFIG_READ_ONLY"));
    expect(member.needsDump).toBe(false);
    for (const config of [member.info, member.members]) {
      expect(thrown(() => config.push())).toEqual(coded("GROUP_NO_KEYS"));
      expect(thrown(() => config.merge([{ hash: "x", data: new Uint8Array(300) }]))).toEqual(
        coded("GROUP_NO_KEYS"),
      );
    }
    expect(thrown(() => member.rekey())).toEqual(coded("GROUP_NOT_ADMIN"));
  });
});

test("any history of updates reads back as what was written last", patience, () => {
  const change: fc.Arbitrary<MemberUpdate> = fc.record(
    {
      name: fc.string({ maxLength: 20 }),
      profileUpdated: fc.nat(2_000_000_000),
      invite: fc.constantFrom("not-sent", "sent", "failed", "accepted"),
      promotion: fc.constantFrom("not-sent", "sent", "failed", "accepted"),
      removal: fc.constantFrom("member", "member-and-messages"),
      needsHistory: fc.boolean(),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
      const members = updated(...changes);
      const member = members.get(one)!;
      const last = <Key extends keyof MemberUpdate>(key: Key): MemberUpdate[Key] =>
        changes.findLast((c) => c[key] !== undefined)?.[key];
      expect(member.name).toBe(last("name") ?? "");
      expect(member.profileUpdated).toBe(last("profileUpdated") ?? 0);
      expect(member.isAdmin).toBe(last("promotion") !== undefined);
      expect(member.removal > 0).toBe(last("removal") !== undefined);
      if (member.isAdmin) expect(member.invite).toBe(0);
    }),
    runs(100),
  );
});
