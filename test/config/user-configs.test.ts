import { Contacts, ConvoInfoVolatile, UserGroups, UserProfile } from "session-messenger-sdk/config";
import { defaultCrypto } from "session-messenger-sdk/crypto";
import { beforeEach, describe, expect, it } from "vitest";
import { accountOf, groupIdOf, idOf, NOW, openedOf, pushAndConfirm } from "./support.js";

const DAY = 86_400_000;
const NOW_S = NOW / 1000;
const account = accountOf(3);
const invalid = expect.objectContaining({ code: "CONFIG_VALUE_INVALID" });
const picture = (name: string): { url: string; key: Uint8Array } => ({
  url: `http://filev2.getsession.org/file/${name}`,
  key: new Uint8Array(32).fill(name.charCodeAt(0)),
});
const SERVER_KEY = "ab".repeat(32);
let now = NOW;
const options = { now: () => now };
beforeEach(() => {
  now = NOW;
});

describe("UserProfile", () => {
  it("moves t on a tie of t and T, and T when it is greater", () => {
    const profile = new UserProfile(account, options);
    profile.setRaw(["t"], 100n);
    profile.setRaw(["T"], 100n);
    profile.name = "tie";
    expect([profile.snapshot().get("t"), profile.snapshot().get("T")]).toEqual([BigInt(NOW_S), 100n]);
    profile.setRaw(["T"], BigInt(NOW_S) + 1n);
    now += 10_000;
    profile.communityRequests = true;
    expect([profile.snapshot().get("t"), profile.snapshot().get("T")]).toEqual([
      BigInt(NOW_S),
      BigInt(NOW_S) + 10n,
    ]);
  });

  it("shows the picture of the later time, the first one on a tie", () => {
    const profile = new UserProfile(account, options);
    profile.setPicture(picture("a"));
    profile.setReuploadedPicture(picture("b"));
    expect(profile.picture?.url).toBe(picture("a").url);
    now += 1000;
    profile.setReuploadedPicture(picture("c"));
    expect([profile.picture?.url, profile.updated]).toEqual([picture("c").url, NOW_S + 1]);
  });

  it("writes nothing when the value is there already", () => {
    const profile = new UserProfile(account, options);
    profile.name = "Alice";
    profile.setPicture(picture("a"));
    now += 1000;
    profile.setReuploadedPicture(picture("b"));
    pushAndConfirm(profile);
    now += 1000;
    // The stored picture does not come back in front of the one uploaded again.
    profile.setPicture(picture("a"));
    profile.setReuploadedPicture(picture("b"));
    profile.name = "Alice";
    profile.communityRequests = undefined;
    profile.features = [];
    profile.noteToSelfPriority = 0;
    expect(profile.needsPush).toBe(false);
  });

  it("does nothing when a picture is removed that exists only as uploaded again", () => {
    const profile = new UserProfile(account, options);
    profile.setReuploadedPicture(picture("b"));
    pushAndConfirm(profile);
    profile.setPicture(undefined);
    expect(profile.needsPush).toBe(false);
    expect(profile.picture).toEqual(picture("b"));
  });

  it("removes both pictures, and moves T only if there was a second one", () => {
    const profile = new UserProfile(account, options);
    profile.setPicture(picture("a"));
    now += 1000;
    profile.setPicture(undefined);
    expect(Object.fromEntries(profile.snapshot())).toEqual({ t: BigInt(NOW_S + 1) });
    profile.setPicture(picture("a"));
    profile.setReuploadedPicture(picture("b"));
    now += 1000;
    profile.setPicture(undefined);
    expect(Object.fromEntries(profile.snapshot())).toEqual({ t: BigInt(NOW_S + 2), T: BigInt(NOW_S + 2) });
  });

  it("holds what Session Pro needs", () => {
    const profile = new UserProfile(account, options);
    const credential = {
      expires: NOW_S + 100,
      revocationTag: new Uint8Array(32).fill(1),
      rotatingSeed: new Uint8Array(32).fill(2),
      signature: new Uint8Array(64).fill(3),
    };
    profile.setPro({
      expires: NOW_S + 50,
      gracePeriod: 60,
      autoRenews: true,
      purchaseStarted: NOW_S,
      refundRequested: NOW_S,
    });
    expect(profile.pro).toEqual({
      credential: undefined,
      expires: NOW_S + 50,
      gracePeriod: 60,
      autoRenews: true,
      purchaseStarted: NOW_S,
      refundRequested: NOW_S,
    });
    expect(profile.updated).toBe(0);
    // A good proof ends the purchase, and counts as a change of the profile.
    profile.setPro({ credential });
    expect([profile.pro.credential, profile.pro.purchaseStarted, profile.updated]).toEqual([
      credential,
      0,
      NOW_S,
    ]);
    profile.setPro({ expires: 0 });
    expect([profile.pro.expires, profile.pro.gracePeriod]).toEqual([0, 0]);
    now += 8 * DAY;
    expect(profile.pro.refundRequested).toBe(0);
    profile.setPro({ credential: undefined });
    expect(profile.pro.credential).toBeUndefined();
    // Milliseconds of old writers, and the nested credential of 2025.
    profile.setRaw(["E"], BigInt(NOW));
    profile.setRaw(["s", "p", "e"], 1n);
    expect([profile.pro.expires, profile.pro.credential]).toEqual([NOW_S, undefined]);
  });

  it("refuses what is out of range", () => {
    const profile = new UserProfile(account, options);
    const wrong: (() => void)[] = [
      () => (profile.name = "é".repeat(51)),
      () => (profile.noteToSelfPriority = -2),
      () => (profile.noteToSelfPriority = 1.5),
      () => (profile.noteToSelfTimer = -1),
      () => (profile.features = [64]),
      () => profile.setPicture({ url: "", key: new Uint8Array(32) }),
      () => profile.setPicture({ url: "x".repeat(224), key: new Uint8Array(32) }),
      () => profile.setPicture({ url: "x", key: new Uint8Array(31) }),
      () => profile.setPro({ expires: NOW }),
      () => profile.setPro({ gracePeriod: Number.NaN }),
    ];
    for (const set of wrong) expect(set).toThrowError(invalid);
    expect(profile.needsPush).toBe(false);
  });

  it("reads wrong values as absent", () => {
    const profile = new UserProfile(account, options);
    profile.setRaw(["n"], 5n);
    profile.setRaw(["e"], -5n);
    profile.setRaw(["+"], "x");
    profile.setRaw(["M"], new Set([1n]));
    profile.setRaw(["f"], new Set([1n, 64n, -1n, "x"]));
    profile.setRaw(["p"], "http://x");
    profile.setRaw(["q"], "short");
    profile.setRaw(["t"], BigInt(NOW) * 1000n);
    expect(profile).toMatchObject({
      name: "",
      noteToSelfTimer: 0,
      noteToSelfPriority: 0,
      communityRequests: undefined,
      features: [1],
      picture: undefined,
      updated: NOW_S,
    });
    profile.setRaw(["n"], `${"x".repeat(99)}\xc3\xa9`);
    expect(profile.name).toBe("x".repeat(99));
  });

  it("tells what a merge changed", () => {
    const [one, two] = [new UserProfile(account, options), new UserProfile(account, options)];
    one.name = "Alice";
    one.setPro({ autoRenews: true });
    const before = two.snapshot();
    two.merge(pushAndConfirm(one).stored);
    expect(two.changesSince(before)).toEqual(["name", "picture", "pro"]);
    expect(two.changesSince(two.snapshot())).toEqual([]);
  });
});

describe("Contacts", () => {
  it("adds, changes, lists and removes", () => {
    const contacts = new Contacts(account, options);
    expect(contacts.set(idOf(2), { name: "Bob", approved: true })).toBe(true);
    expect(contacts.set(idOf(2), { name: "Bob" })).toBe(false);
    contacts.set(idOf(1).toUpperCase(), { expiration: { mode: "after-read", seconds: 60 }, features: [1] });
    expect([...contacts].map(({ id, name }) => [id, name])).toEqual([
      [idOf(1), ""],
      [idOf(2), "Bob"],
    ]);
    expect(contacts.get(idOf(2))).toEqual({
      id: idOf(2),
      name: "Bob",
      nickname: "",
      picture: undefined,
      profileUpdated: 0,
      approved: true,
      approvedMe: false,
      blocked: false,
      priority: 0,
      notifications: "default",
      mutedUntil: 0,
      expiration: { mode: "off", seconds: 0 },
      created: 0,
      features: [],
    });
    expect([contacts.remove(idOf(2)), contacts.remove(idOf(2)), contacts.size]).toEqual([true, false, 1]);
    expect(contacts.get(idOf(9))).toBeUndefined();
  });

  it("refuses what is out of range, and changes nothing", () => {
    const contacts = new Contacts(account, options);
    for (const change of [
      { name: "x".repeat(101) },
      { nickname: "x".repeat(101) },
      { priority: -2 },
      { priority: 2 ** 31 },
      { notifications: "mentions" as never },
      { mutedUntil: NOW },
      { created: -1 },
      { expiration: { mode: "never" as never, seconds: 1 } },
      { expiration: { mode: "after-read" as const, seconds: 0.5 } },
      { picture: { url: "x", key: new Uint8Array(3) } },
      { features: [-1] },
    ]) {
      expect(() => contacts.set(idOf(1), { approved: true, ...change })).toThrowError(invalid);
    }
    for (const id of ["", idOf(1).slice(2), groupIdOf(1), `${idOf(1)}00`]) {
      expect(() => contacts.set(id, {})).toThrowError(expect.objectContaining({ code: "ID_INVALID" }));
    }
    expect([contacts.size, contacts.needsPush]).toEqual([0, false]);
  });

  it("reads wrong values as the official clients do, and writes them right with the next change", () => {
    const contacts = new Contacts(account, options);
    const key = Buffer.from(idOf(1), "hex").toString("latin1");
    const values = {
      n: 5n,
      N: "y".repeat(150),
      a: 7n,
      "@": 3n,
      "!": BigInt(NOW),
      e: 2n,
      E: -1n,
      j: -4n,
      p: "http://x",
      q: "z",
      z: "new",
    };
    for (const [name, value] of Object.entries(values)) contacts.setRaw(["c", key, name], value);
    expect(contacts.get(idOf(1))).toMatchObject({
      name: "",
      nickname: "y".repeat(100),
      approved: true,
      notifications: "all",
      mutedUntil: NOW_S,
      expiration: { mode: "off", seconds: 0 },
      created: 0,
      picture: undefined,
    });
    contacts.set(idOf(1), { blocked: true });
    const entry = (contacts.snapshot().get("c") as ReadonlyMap<string, never>).get(key) as never as Map<
      string,
      unknown
    >;
    expect(Object.fromEntries(entry)).toEqual({
      n: "",
      N: "y".repeat(100),
      a: 1n,
      b: 1n,
      "@": 1n,
      "!": BigInt(NOW_S),
      z: "new",
    });
  });

  it("leaves entries alone that it does not understand", () => {
    const contacts = new Contacts(account, options);
    contacts.setRaw(["c", "short", "n"], "x");
    contacts.setRaw(["c", Buffer.from(idOf(2), "hex").toString("latin1")], 1n);
    contacts.set(idOf(1), {});
    expect([...contacts].map(({ id }) => id)).toEqual([idOf(1)]);
    expect((contacts.snapshot().get("c") as ReadonlyMap<string, unknown>).size).toBe(3);
  });

  it("keeps integers of 64 bits that other clients wrote", () => {
    const contacts = new Contacts(account, options);
    const key = Buffer.from(idOf(1), "hex").toString("latin1");
    contacts.setRaw(["c", key, "+"], 2n ** 62n);
    contacts.set(idOf(1), { approved: true });
    expect(openedOf(contacts, account, contacts.push().messages[0] as Uint8Array)).toContain(
      `1:+i${2n ** 62n}e`,
    );
  });

  it("holds those who are known from a community only", () => {
    const contacts = new Contacts(account, options);
    const [fifteen, twentyFive] = [`15${"cd".repeat(32)}`, `25${"ef".repeat(32)}`];
    const server = { baseUrl: "https://Open.Example.com/", publicKey: SERVER_KEY };
    contacts.setBlinded(fifteen, server, { name: "B", priority: 1 });
    contacts.setBlinded(twentyFive, server, { created: NOW_S });
    expect([...contacts.blinded()].map(({ id, name, server: at }) => [id, name, at.baseUrl])).toEqual([
      [fifteen, "B", "https://open.example.com"],
      [twentyFive, "", "https://open.example.com"],
    ]);
    expect(openedOf(contacts, account, contacts.push().messages[0] as Uint8Array)).toContain(
      `24:https://open.example.comd1:#32:${"\xab".repeat(32)}1:Rd64:${"cd".repeat(32)}d1:+i1e1:n1:B1:yi1ee64:${"ef".repeat(32)}d1:ji${NOW_S}e1:n0:eee`,
    );
    expect(contacts.getBlinded(fifteen)?.priority).toBe(1);
    const before = contacts.snapshot();
    contacts.removeBlinded(fifteen, server.baseUrl);
    expect(contacts.changesSince(before).blinded).toEqual({ added: [], updated: [], removed: [fifteen] });
    contacts.removeBlinded(twentyFive, server.baseUrl);
    expect([...contacts.snapshot().keys()]).toEqual([]);
  });

  it("tells what a merge changed", () => {
    const [one, two] = [new Contacts(account, options), new Contacts(account, options)];
    for (const index of [1, 2]) one.set(idOf(index), { name: `${index}` });
    two.merge(pushAndConfirm(one).stored);
    const before = two.snapshot();
    one.set(idOf(1), { blocked: true });
    one.remove(idOf(2));
    one.set(idOf(3), {});
    two.merge(pushAndConfirm(one).stored);
    expect(two.changesSince(before).contacts).toEqual({
      added: [idOf(3)],
      updated: [idOf(1)],
      removed: [idOf(2)],
    });
  });
});

describe("ConvoInfoVolatile", () => {
  const contact = { kind: "contact", id: idOf(1) } as never as { kind: "contact"; id: never };
  const group = { kind: "group", id: groupIdOf(1) } as never as { kind: "group"; id: never };
  const room = { kind: "community", baseUrl: "https://open.example.com", room: "Main" } as const;

  it("takes a read mark that goes back, however old, even to zero", () => {
    const convos = new ConvoInfoVolatile(account, options);
    convos.set(contact, { lastRead: NOW });
    convos.set(contact, { lastRead: NOW - 40 * DAY });
    expect(convos.get(contact)?.lastRead).toBe(NOW - 40 * DAY);
    convos.set(contact, { lastRead: NOW - 35 * DAY });
    expect(convos.get(contact)?.lastRead).toBe(NOW - 40 * DAY);
    convos.set(contact, { lastRead: 0 });
    expect(convos.get(contact)?.lastRead).toBe(0);
  });

  it("does not take a new read mark of exactly 30 days or more", () => {
    const convos = new ConvoInfoVolatile(account, options);
    expect(convos.set(contact, { lastRead: NOW - 30 * DAY })).toBe(false);
    expect(convos.set(contact, { lastRead: NOW - 30 * DAY + 1 })).toBe(true);
  });

  it("keeps marks of 30 to 45 days at a push, and drops older ones", () => {
    const convos = new ConvoInfoVolatile(account, options);
    convos.set(contact, { lastRead: NOW });
    pushAndConfirm(convos);
    now = NOW + 44 * DAY;
    expect(pushAndConfirm(convos).seqno).toBe(1n);
    now = NOW + 45 * DAY;
    expect(pushAndConfirm(convos).seqno).toBe(1n);
    now = NOW + 45 * DAY + 1;
    // A push of a config without changes drops it, too, and so makes a new version.
    expect([pushAndConfirm(convos).seqno, convos.size]).toEqual([2n, 0]);
  });

  it("does not drop groups, what is marked unread, and who has Session Pro", () => {
    const convos = new ConvoInfoVolatile(account, options);
    convos.set(group, { lastRead: NOW });
    convos.set(contact, { lastRead: NOW, unread: true });
    const pro = { expires: NOW + 90 * DAY, revocationTag: new Uint8Array(32).fill(5) };
    const other = { kind: "contact", id: idOf(2) } as typeof contact;
    convos.set(other, { lastRead: NOW, pro });
    convos.set(room, { lastRead: NOW }, SERVER_KEY);
    convos.set({ ...contact, kind: "legacy-group" } as never, { lastRead: NOW });
    now = NOW + 60 * DAY;
    convos.push();
    expect([...convos].map(({ kind }) => kind)).toEqual(["contact", "contact", "group"]);
    expect([...convos.snapshot().keys()].sort()).toEqual(["1", "g"]);
    expect(convos.get(other)?.pro).toEqual(pro);
    now = NOW + 90 * DAY + 46 * DAY;
    convos.push();
    expect([...convos].map(({ kind }) => kind)).toEqual(["contact", "group"]);
  });

  it("writes a server's key even if nothing about its room is, and needs it for a new server", () => {
    const convos = new ConvoInfoVolatile(account, options);
    expect(() => convos.set(room, { lastRead: NOW })).toThrowError(invalid);
    expect(convos.set(room, { lastRead: 0 }, SERVER_KEY)).toBe(true);
    expect([...convos]).toEqual([]);
    convos.set(room, { lastRead: NOW });
    expect([...convos]).toEqual([
      {
        kind: "community",
        baseUrl: room.baseUrl,
        room: "main",
        publicKey: SERVER_KEY,
        lastRead: NOW,
        unread: false,
        pro: undefined,
      },
    ]);
    expect(convos.remove({ ...room, room: "other" })).toBe(false);
    expect(convos.remove(room)).toBe(true);
    expect(convos.snapshot()).toEqual(new Map());
  });

  it("reads expiries in seconds and milliseconds, and blinded ids of both kinds", () => {
    const convos = new ConvoInfoVolatile(account, options);
    const blinded = { kind: "blinded", id: `15${"cd".repeat(32)}` } as never as {
      kind: "blinded";
      id: never;
    };
    convos.set(blinded, { lastRead: NOW });
    const key = Buffer.from(blinded.id, "hex").toString("latin1");
    convos.setRaw(["b", key, "e"], BigInt(NOW_S));
    convos.setRaw(["b", key, "g"], "t".repeat(32));
    expect(convos.get(blinded)?.pro?.expires).toBe(NOW);
    expect(convos.snapshot()).toEqual(
      new Map([
        [
          "b",
          new Map([
            [
              key,
              new Map<string, unknown>([
                ["r", BigInt(NOW)],
                ["y", 1n],
                ["e", BigInt(NOW_S)],
                ["g", "t".repeat(32)],
              ]),
            ],
          ]),
        ],
      ]),
    );
    expect(() => convos.set(blinded, { lastRead: NOW * 1000 })).toThrowError(invalid);
  });

  it("tells what a merge changed", () => {
    const [one, two] = [new ConvoInfoVolatile(account, options), new ConvoInfoVolatile(account, options)];
    one.set(contact, { lastRead: NOW });
    one.set(room, { unread: true }, SERVER_KEY);
    const before = two.snapshot();
    two.merge(pushAndConfirm(one).stored);
    expect(two.changesSince(before)).toEqual({
      added: [contact, { ...room, room: "main" }],
      updated: [],
      removed: [],
    });
  });
});

describe("UserGroups", () => {
  const { publicKey, secretKey } = defaultCrypto.ed25519KeyPair(new Uint8Array(32).fill(4));
  const groupId = `03${Buffer.from(publicKey).toString("hex")}`;
  const rawGroup = (groups: UserGroups): Record<string, unknown> => {
    const all = groups.snapshot().get("g") as ReadonlyMap<string, ReadonlyMap<string, unknown>>;
    return Object.fromEntries(all.get(Buffer.from(groupId, "hex").toString("latin1")) ?? []);
  };
  const authData = new Uint8Array(100).fill(6);

  it("takes a key of another group for none, when reading and when writing", () => {
    const groups = new UserGroups(account, options);
    const wrong = defaultCrypto.ed25519KeyPair(new Uint8Array(32).fill(5)).secretKey;
    groups.setGroup(groupId, { secretKey: wrong, authData });
    expect(rawGroup(groups)).toEqual({ K: "", s: "\x06".repeat(100) });
    groups.setRaw(["g", Buffer.from(groupId, "hex").toString("latin1"), "K"], "\x05".repeat(32));
    expect(groups.getGroup(groupId)?.secretKey).toBeUndefined();
    groups.setGroup(groupId, { secretKey });
    expect(groups.getGroup(groupId)?.secretKey).toEqual(secretKey);
    expect(() => groups.setGroup(groupId, { secretKey: secretKey.slice(0, 32) })).toThrowError(invalid);
  });

  it("leaves authorisation alone while this account is an admin", () => {
    const groups = new UserGroups(account, options);
    groups.setGroup(groupId, { authData });
    groups.setGroup(groupId, { secretKey, authData: undefined });
    expect(rawGroup(groups)["s"]).toBe("\x06".repeat(100));
    groups.setGroup(groupId, { secretKey: undefined, authData: undefined });
    expect(rawGroup(groups)).toEqual({ K: "" });
  });

  it("does not take a destroyed group back, but stores authorisation for it", () => {
    const groups = new UserGroups(account, options);
    groups.setGroup(groupId, { secretKey, name: "Group" });
    groups.setGroup(groupId, { removal: "kicked" });
    expect(rawGroup(groups)).toEqual({ K: "", n: "Group", r: 1n });
    groups.setGroup(groupId, { removal: undefined });
    expect(groups.getGroup(groupId)?.removal).toBeUndefined();
    groups.setGroup(groupId, { removal: "destroyed" });
    for (const removal of ["kicked", undefined] as const) {
      groups.setGroup(groupId, { removal, authData });
      expect(groups.getGroup(groupId)).toMatchObject({ removal: "destroyed", authData });
    }
  });

  it("reads a member that is in both sets as a plain one, and writes it so", () => {
    const groups = new UserGroups(account, options);
    groups.setLegacyGroup(idOf(1), { name: "Old" });
    const key = Buffer.from(idOf(1), "hex").toString("latin1");
    const member = Buffer.from(idOf(2), "hex").toString("latin1");
    const admin = Buffer.from(idOf(3), "hex").toString("latin1");
    groups.setRaw(["C", key, "m"], new Set([member]));
    groups.setRaw(["C", key, "a"], new Set([member, admin, "short", 5n]));
    expect(groups.getLegacyGroup(idOf(1))?.members).toEqual(
      new Map([
        [idOf(2), false],
        [idOf(3), true],
      ]),
    );
    groups.setLegacyGroup(idOf(1), { timer: 60 });
    const all = groups.snapshot().get("C") as ReadonlyMap<string, ReadonlyMap<string, unknown>>;
    expect(all.get(key)?.get("m")).toEqual(new Set([member]));
    expect(all.get(key)?.get("a")).toEqual(new Set([admin]));
  });

  it("keeps the spelling of a room, and takes the newest key of its server", () => {
    const groups = new UserGroups(account, options);
    const room = { baseUrl: "HTTPS://open.example.com:443", room: "Session-Updates", publicKey: SERVER_KEY };
    groups.setCommunity(room, { priority: 1 });
    const newKey = "cd".repeat(32);
    groups.setCommunity(
      { ...room, room: "SESSION-UPDATES", publicKey: newKey },
      { notifications: "mentions" },
    );
    expect([...groups.communities()]).toEqual([
      {
        baseUrl: "https://open.example.com",
        room: "Session-Updates",
        publicKey: newKey,
        priority: 1,
        joined: 0,
        notifications: "mentions",
        mutedUntil: 0,
        invited: false,
      },
    ]);
  });

  it("skips servers without key or rooms, as a merge can leave them", () => {
    const groups = new UserGroups(account, options);
    groups.setRaw(["o", "https://no-key.example.com", "R", "a", "n"], "A");
    groups.setRaw(["o", "https://no-rooms.example.com", "#"], "k".repeat(32));
    groups.setRaw(["o", "https://wrong.example.com"], 1n);
    expect([...groups.communities()]).toEqual([]);
    expect(groups.getCommunity({ baseUrl: "https://no-key.example.com", room: "a" })).toBeUndefined();
  });

  it("refuses what is out of range", () => {
    const groups = new UserGroups(account, options);
    const room = { baseUrl: "https://open.example.com", room: "a", publicKey: SERVER_KEY };
    for (const set of [
      () => groups.setGroup(groupId, { name: "x".repeat(101) }),
      () => groups.setGroup(groupId, { authData: new Uint8Array(99) }),
      () => groups.setGroup(groupId, { priority: -2 }),
      () => groups.setLegacyGroup(idOf(1), { timer: -1 }),
      () => groups.setLegacyGroup(idOf(1), { encryption: { publicKey, secretKey } }),
      () => groups.setCommunity({ ...room, room: "a b" }),
      () => groups.setCommunity({ ...room, publicKey: "ab" }),
      () => groups.setCommunity({ ...room, baseUrl: "ftp://x" }),
      () => groups.setCommunity({ ...room, baseUrl: "https://x:0" }),
      () => groups.setCommunity({ ...room, baseUrl: `https://${"x".repeat(260)}` }),
      () => groups.setCommunity(room, { joined: NOW }),
    ]) {
      expect(set).toThrowError(invalid);
    }
    expect(() => groups.setGroup(idOf(1), {})).toThrowError(expect.objectContaining({ code: "ID_INVALID" }));
    expect(() => groups.setLegacyGroup(idOf(1), { members: new Map([["x" as never, true]]) })).toThrowError(
      expect.objectContaining({ code: "ID_INVALID" }),
    );
    expect(groups.needsPush).toBe(false);
  });

  it("tells what a merge changed", () => {
    const [one, two] = [new UserGroups(account, options), new UserGroups(account, options)];
    one.setGroup(groupId, { name: "Group" });
    one.setLegacyGroup(idOf(1), { name: "Old" });
    one.setCommunity({ baseUrl: "https://open.example.com", room: "Main", publicKey: SERVER_KEY });
    const before = two.snapshot();
    two.merge(pushAndConfirm(one).stored);
    const added = <Id>(id: Id): object => ({ added: [id], updated: [], removed: [] });
    expect(two.changesSince(before)).toEqual({
      groups: added(groupId),
      legacyGroups: added(idOf(1)),
      communities: added({ baseUrl: "https://open.example.com", room: "main" }),
    });
  });
});
