import fc from "fast-check";
import {
  type AdminContext,
  createGroupKey,
  deleteContentMessage,
  followsTimer,
  type GroupControlContext,
  groupIdOf,
  type InvitationContext,
  infoChangeMessage,
  inviteMessage,
  inviteResponse,
  MEMBER_ACCESS,
  memberChangeMessage,
  memberLeftMessage,
  memberLeftNotice,
  promoteMessage,
  readGroupControl,
  readInvitation,
  subaccountAuthData,
} from "session-messenger-sdk/groups";
import type { SessionId } from "session-messenger-sdk/identity";
import {
  decodeProto,
  encodeProto,
  type GroupUpdateMessage,
  GroupUpdateMessageSchema,
} from "session-messenger-sdk/proto";
import { describe, expect, test } from "vitest";
import { ourBackends } from "../support/backends.js";
import { sumoCrypto } from "../support/sumo.js";
import { account, coded, DAY, groupId, groupKey, ids, NOW, patience, runs, thrown } from "./support.js";

const admin = account(1);
const member = account(2);
const T = 1_700_000_000_000;

const as = (group = 0, timestamp = T): AdminContext => ({ groupKey: groupKey(group), timestamp });
const inGroup = (change: Partial<GroupControlContext> = {}): GroupControlContext => ({
  groupId: groupId(),
  from: admin.sessionId,
  timestamp: T,
  now: T + 1000,
  isMember: (id) => id === admin.sessionId || id === member.sessionId,
  isAdmin: (id) => id === admin.sessionId,
  ...change,
});
const direct = (change: Partial<InvitationContext> = {}): InvitationContext => ({
  account: member,
  from: admin.sessionId,
  timestamp: T,
  now: T + 1000,
  ...change,
});
/** What a receiver gets of a message. */
const sent = (update: GroupUpdateMessage): GroupUpdateMessage =>
  decodeProto(GroupUpdateMessageSchema, encodeProto(GroupUpdateMessageSchema, update));
const read = (update: GroupUpdateMessage, change: Partial<GroupControlContext> = {}): unknown =>
  readGroupControl(sent(update), inGroup(change));
const refused = (reason: string): unknown => ({ kind: "refused", reason });
const invitation = (group = 0, who = member.sessionId, timestamp = T): GroupUpdateMessage =>
  inviteMessage(
    { invitee: who, name: "friends", authData: subaccountAuthData(groupKey(group), who) },
    as(group, timestamp),
  );

/** Literal texts, signed by another library. */
const signature = (text: string, group = 0): Uint8Array =>
  sumoCrypto.ed25519Sign(new Uint8Array(Buffer.from(text)), groupKey(group).secretKey);

test("signed texts are those of the specification", () => {
  expect(invitation().inviteMessage?.adminSignature).toEqual(
    signature(`INVITE${member.sessionId}1700000000000`),
  );
  expect(infoChangeMessage({ change: "timer", seconds: 60 }, as()).infoChangeMessage?.adminSignature).toEqual(
    signature("INFO_CHANGE31700000000000"),
  );
  expect(
    memberChangeMessage({ change: "added", members: ids(2) }, as()).memberChangeMessage?.adminSignature,
  ).toEqual(signature("MEMBER_CHANGE11700000000000"));
  const [a, b] = ids(2) as [SessionId, SessionId];
  const gone = deleteContentMessage({ members: [a, b], hashes: ["h1", "h2"] }, as());
  expect(gone.deleteMemberContent?.adminSignature).toEqual(
    signature(`DELETE_CONTENT1700000000000${a}${b}h1h2`),
  );
});

describe.each(ourBackends.map((crypto) => [crypto.name, crypto] as const))("with %s", (_, crypto) => {
  test("an invitation and a promotion arrive", () => {
    const update = inviteMessage(
      {
        invitee: member.sessionId,
        name: "friends",
        authData: subaccountAuthData(groupKey(), member.sessionId, MEMBER_ACCESS, crypto),
      },
      { ...as(), crypto },
    );
    expect(readInvitation(sent(update), direct({ crypto }))).toEqual({
      kind: "invite",
      groupId: groupId(),
      name: "friends",
      authData: subaccountAuthData(groupKey(), member.sessionId),
    });
    const promotion = promoteMessage({ groupKey: groupKey(), name: "friends" });
    expect(readInvitation(sent(promotion), direct({ crypto }))).toEqual({
      kind: "promote",
      groupId: groupId(),
      name: "friends",
      seed: groupKey().secretKey.slice(0, 32),
    });
  });
});

describe("in a group", () => {
  test("every message says what was meant", () => {
    expect(read(infoChangeMessage({ change: "name", name: "new" }, as()))).toEqual({
      kind: "info-change",
      change: "name",
      name: "new",
    });
    expect(read(infoChangeMessage({ change: "picture" }, as()))).toEqual({
      kind: "info-change",
      change: "picture",
    });
    for (const seconds of [0, 3600, 0xffffffff])
      expect(read(infoChangeMessage({ change: "timer", seconds }, as()))).toEqual({
        kind: "info-change",
        change: "timer",
        seconds,
      });
    for (const change of ["removed", "promoted"] as const)
      expect(read(memberChangeMessage({ change, members: ids(2) }, as()))).toEqual({
        kind: "member-change",
        change,
        members: ids(2),
      });
    for (const historyShared of [false, true])
      expect(read(memberChangeMessage({ change: "added", members: ids(1), historyShared }, as()))).toEqual({
        kind: "member-change",
        change: "added",
        members: ids(1),
        historyShared,
      });
    const from = member.sessionId;
    expect(read(memberLeftMessage(), { from })).toEqual({ kind: "member-left" });
    expect(read(memberLeftNotice(), { from })).toEqual({ kind: "member-left-notice" });
    expect(read(inviteResponse(), { from })).toEqual({ kind: "invite-accepted" });
    expect(read(deleteContentMessage({ hashes: ["a", "b"] }), { from })).toEqual({
      kind: "delete-content",
      by: "author",
      hashes: ["a", "b"],
    });
    expect(read(deleteContentMessage({ members: ids(1), hashes: ["a"] }, as()))).toEqual({
      kind: "delete-content",
      by: "admin",
      members: ids(1),
      hashes: ["a"],
    });
  });

  test("a forged signature is refused: of no admin, another group, another time or another type", () => {
    const real = infoChangeMessage({ change: "name", name: "x" }, as()).infoChangeMessage!;
    const forgeries: readonly GroupUpdateMessage[] = [
      infoChangeMessage({ change: "name", name: "x" }, as(1)),
      infoChangeMessage({ change: "name", name: "x" }, as(0, T + 1)),
      { infoChangeMessage: { ...real, type: 2 } },
      { infoChangeMessage: { ...real, adminSignature: new Uint8Array(64) } },
      { infoChangeMessage: { ...real, adminSignature: new Uint8Array() } },
      memberChangeMessage({ change: "removed", members: ids(1) }, as(1)),
      memberChangeMessage({ change: "removed", members: ids(1) }, as(0, T - 1)),
      deleteContentMessage({ members: ids(1) }, as(1)),
      deleteContentMessage({ members: ids(1) }, as(0, T + 1)),
    ];
    for (const update of forgeries) expect(read(update)).toEqual(refused("bad-signature"));
  });

  test("an admin's signature in a member's message is refused: it does not cover what it says", () => {
    const from = member.sessionId;
    const { infoChangeMessage: info } = infoChangeMessage({ change: "timer", seconds: 60 }, as());
    expect(read({ infoChangeMessage: { ...info!, updatedExpiration: 1 } }, { from })).toEqual(
      refused("not-an-admin"),
    );
    const { memberChangeMessage: change } = memberChangeMessage({ change: "added", members: ids(1) }, as());
    expect(read({ memberChangeMessage: { ...change!, memberSessionIds: ids(2) } }, { from })).toEqual(
      refused("not-an-admin"),
    );
    // Without a member list to ask, the signature alone decides.
    expect(read({ infoChangeMessage: info }, { from, isAdmin: undefined })).toMatchObject({
      kind: "info-change",
    });
  });

  test("a deletion with a wrong signature is not taken for one without", () => {
    const { deleteMemberContent: gone } = deleteContentMessage({ hashes: ["a"] }, as());
    expect(read({ deleteMemberContent: { ...gone, messageHashes: ["a", "b"] } })).toEqual(
      refused("bad-signature"),
    );
    expect(read({ deleteMemberContent: { ...gone, memberSessionIds: ids(1) } })).toEqual(
      refused("bad-signature"),
    );
    expect(
      read({ deleteMemberContent: { messageHashes: ["a"], adminSignature: new Uint8Array(3) } }),
    ).toEqual(refused("bad-signature"));
    expect(read({ deleteMemberContent: { messageHashes: ["a"], adminSignature: new Uint8Array() } })).toEqual(
      {
        kind: "delete-content",
        by: "author",
        hashes: ["a"],
      },
    );
  });

  test("a member's deletion ignores the authors it names, and needs hashes", () => {
    expect(read({ deleteMemberContent: { memberSessionIds: ids(3), messageHashes: ["a"] } })).toEqual({
      kind: "delete-content",
      by: "author",
      hashes: ["a"],
    });
    expect(read({ deleteMemberContent: { memberSessionIds: ids(3) } })).toEqual(refused("malformed"));
  });

  test("authors that are no account ids are left out of an admin's deletion", () => {
    const members = [ids(1)[0]!, groupId(), "x"];
    const update = {
      deleteMemberContent: {
        memberSessionIds: members,
        adminSignature: signature(`DELETE_CONTENT${T}${members.join("")}`),
      },
    };
    expect(read(update)).toEqual({ kind: "delete-content", by: "admin", members: ids(1), hashes: [] });
  });

  test("who is not listed can neither accept nor leave", () => {
    const from = account(9).sessionId;
    expect(read(inviteResponse(), { from })).toEqual(refused("not-a-member"));
    expect(read(memberLeftMessage(), { from })).toEqual(refused("not-a-member"));
    expect(read({ inviteResponse: { isApproved: false } }, { from: member.sessionId })).toEqual(
      refused("not-approved"),
    );
  });

  test("none or several messages, invitations, and messages from long ago are refused", () => {
    expect(read({})).toEqual(refused("not-one"));
    expect(read({ ...memberLeftMessage(), ...memberLeftNotice() })).toEqual(refused("not-one"));
    expect(read(invitation())).toEqual(refused("wrong-place"));
    expect(read(promoteMessage({ groupKey: groupKey(), name: "x" }))).toEqual(refused("wrong-place"));
    const old = infoChangeMessage({ change: "picture" }, as());
    expect(read(old, { now: T + 15 * DAY })).toMatchObject({ kind: "info-change" });
    expect(read(old, { now: T + 15 * DAY + 1 })).toEqual(refused("expired"));
  });

  test("changes that say nothing are refused", () => {
    const { infoChangeMessage: info } = infoChangeMessage({ change: "name", name: "x" }, as());
    const { updatedName: _, ...unnamed } = info!;
    expect(read({ infoChangeMessage: unnamed })).toEqual(refused("malformed"));
    const { memberChangeMessage: change } = memberChangeMessage({ change: "removed", members: ids(1) }, as());
    for (const memberSessionIds of [[], ["x"], [groupId()]])
      expect(read({ memberChangeMessage: { ...change!, memberSessionIds } })).toEqual(refused("malformed"));
  });
});

describe("one-to-one", () => {
  const readDirect = (update: GroupUpdateMessage, change: Partial<InvitationContext> = {}): unknown =>
    readInvitation(sent(update), direct(change));

  test("an invitation for somebody else, of another group, or at another time is refused", () => {
    expect(readDirect(invitation(), { account: account(7) })).toEqual(refused("bad-signature"));
    expect(readDirect(invitation(0, member.sessionId, T + 1))).toEqual(refused("bad-signature"));
    const { inviteMessage: real } = invitation();
    expect(readDirect({ inviteMessage: { ...real!, groupSessionId: groupId(1) } })).toEqual(
      refused("bad-signature"),
    );
    for (const groupSessionId of ["", member.sessionId, groupId().toUpperCase()])
      expect(readDirect({ inviteMessage: { ...real!, groupSessionId } })).toEqual(refused("malformed"));
  });

  test("auth data that does not work is refused", () => {
    const { inviteMessage: real } = invitation();
    const bad = [
      new Uint8Array(100),
      new Uint8Array(),
      subaccountAuthData(groupKey(1), member.sessionId),
      subaccountAuthData(groupKey(), account(7).sessionId),
      subaccountAuthData(groupKey(), member.sessionId, 2),
    ];
    for (const memberAuthData of bad)
      expect(readDirect({ inviteMessage: { ...real!, memberAuthData } })).toEqual(refused("bad-auth-data"));
  });

  test("what we are to the group decides", () => {
    const outcome = (
      update: GroupUpdateMessage,
      standing: "none" | "invited" | "member" | "admin" | "kicked" | "destroyed",
    ): string => {
      const result = readInvitation(sent(update), direct({ standing: () => standing }));
      return result.kind === "refused" ? result.reason : result.kind;
    };
    const invite = invitation();
    const promotion = promoteMessage({ groupKey: groupKey(), name: "x" });
    expect(
      ["none", "invited", "kicked", "member", "admin", "destroyed"].map((s) => outcome(invite, s as "none")),
    ).toEqual(["invite", "invite", "invite", "already-member", "already-member", "destroyed"]);
    expect(
      ["none", "invited", "kicked", "member", "admin", "destroyed"].map((s) =>
        outcome(promotion, s as "none"),
      ),
    ).toEqual(["promote", "promote", "promote", "promote", "already-member", "destroyed"]);
  });

  test("blocked senders, old messages, messages of groups and bad seeds are refused", () => {
    expect(readDirect(invitation(), { isBlocked: (id) => id === admin.sessionId })).toEqual(
      refused("blocked"),
    );
    expect(readDirect(invitation(), { now: T + 16 * DAY })).toEqual(refused("expired"));
    expect(readDirect(inviteResponse())).toEqual(refused("wrong-place"));
    expect(readDirect({})).toEqual(refused("not-one"));
    for (const length of [0, 31, 33, 64])
      expect(readDirect({ promoteMessage: { groupIdentitySeed: new Uint8Array(length), name: "" } })).toEqual(
        refused("malformed"),
      );
  });
});

test("which messages disappear with the timer", () => {
  const kinds: readonly (readonly [GroupUpdateMessage, boolean])[] = [
    [invitation(), false],
    [promoteMessage({ groupKey: groupKey(), name: "x" }), false],
    [inviteResponse(), false],
    [memberLeftMessage(), false],
    [deleteContentMessage({ hashes: ["a"] }), false],
    [infoChangeMessage({ change: "picture" }, as()), true],
    [memberChangeMessage({ change: "added", members: ids(1) }, as()), true],
    [memberLeftNotice(), true],
  ];
  for (const [update, expected] of kinds) expect(followsTimer(update)).toBe(expected);
});

test("values out of range are refused", () => {
  const invalid = coded("GROUP_INVALID_VALUE");
  for (const seconds of [-1, 1.5, 2 ** 32])
    expect(thrown(() => infoChangeMessage({ change: "timer", seconds }, as()))).toEqual(invalid);
  for (const timestamp of [0, -1, 1.5, 2 ** 53])
    expect(thrown(() => infoChangeMessage({ change: "picture" }, as(0, timestamp)))).toEqual(invalid);
  expect(thrown(() => deleteContentMessage({}, as()))).toEqual(invalid);
  expect(thrown(() => deleteContentMessage({ members: ids(1) }))).toEqual(invalid);
  const noMember = coded("GROUP_INVALID_MEMBER");
  expect(thrown(() => memberChangeMessage({ change: "added", members: [] }, as()))).toEqual(noMember);
  expect(thrown(() => deleteContentMessage({ members: ["x" as SessionId] }, as()))).toEqual(noMember);
  const authData = new Uint8Array(100);
  expect(thrown(() => inviteMessage({ invitee: "x" as SessionId, name: "", authData }, as()))).toEqual(
    noMember,
  );
  expect(
    thrown(() =>
      inviteMessage({ invitee: member.sessionId, name: "", authData: authData.subarray(1) }, as()),
    ),
  ).toEqual(invalid);
});

test("control messages with anything inside are read or refused, never an exception", patience, () => {
  const bytes = fc.uint8Array({ maxLength: 110 });
  const text = fc.oneof(fc.string({ maxLength: 70 }), fc.constantFrom(...ids(3), groupId(), ""));
  const list = fc.array(text, { maxLength: 3 });
  const type = fc.constantFrom(1, 2, 3) as fc.Arbitrary<1 | 2 | 3>;
  const update: fc.Arbitrary<GroupUpdateMessage> = fc.record(
    {
      inviteMessage: fc.record({
        groupSessionId: text,
        name: text,
        memberAuthData: bytes,
        adminSignature: bytes,
      }),
      promoteMessage: fc.record({ groupIdentitySeed: bytes, name: text }),
      infoChangeMessage: fc.record({ type, updatedName: text, adminSignature: bytes }),
      memberChangeMessage: fc.record({ type, memberSessionIds: list, adminSignature: bytes }),
      deleteMemberContent: fc.record({ memberSessionIds: list, messageHashes: list, adminSignature: bytes }),
      inviteResponse: fc.record({ isApproved: fc.boolean() }),
      memberLeftMessage: fc.constant({}),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(update, (value) => {
      const inside = readGroupControl(value, inGroup());
      expect(inside.kind === "info-change" || inside.kind === "member-change").toBe(false);
      expect(readInvitation(value, direct()).kind).not.toBe("invite");
    }),
    runs(200),
  );
});

test("a new group has a key of its own", () => {
  const random = (length: number): Uint8Array => new Uint8Array(length).fill(4);
  expect(groupIdOf(createGroupKey({ random }).publicKey)).toBe(
    groupIdOf(createGroupKey({ random }).publicKey),
  );
  expect(groupIdOf(createGroupKey().publicKey)).toMatch(/^03[0-9a-f]{64}$/);
  expect(createGroupKey().publicKey).not.toEqual(createGroupKey().publicKey);
  expect(NOW).toBeGreaterThan(T);
});
