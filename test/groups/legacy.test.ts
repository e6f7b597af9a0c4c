import fc from "fast-check";
import {
  applyLegacyControl,
  createLegacyGroupId,
  createLegacyKeyPair,
  decodeLegacyControl,
  decodeLegacyGroupItem,
  decodeLegacyGroupMessage,
  encodeLegacyControl,
  encodeLegacyGroupMessage,
  type LegacyControl,
  type LegacyControlContext,
  type LegacyDecodeResult,
  type LegacyGroupState,
  type LegacyStep,
  legacyIdBytes,
  legacyIdFrom,
  unwrapLegacyKeyPair,
  wrapLegacyKeyPair,
} from "session-messenger-sdk/groups";
import type { Account, SessionId } from "session-messenger-sdk/identity";
import {
  decodeMessage,
  EXPIRATION_OFF,
  encodeMessage,
  needsSyncCopy,
  readContent,
  unwrapEnvelope,
} from "session-messenger-sdk/messages";
import {
  type Content,
  ContentSchema,
  type DataMessageClosedGroupControlMessage,
  DataMessageClosedGroupControlMessageSchema,
  DataMessageClosedGroupControlMessageType,
  decodeProto,
  encodeProto,
  TypingMessageAction,
} from "session-messenger-sdk/proto";
import { describe, expect, test } from "vitest";
import { ourBackends } from "../support/backends.js";
import { account, coded, ids, NOW, patience, runs, thrown } from "./support.js";

const [alice, bob, carol, dave] = [account(1), account(2), account(3), account(4)] as const;
const seeded = (fill: number) => ({ random: (length: number) => new Uint8Array(length).fill(fill) });
const groupId = createLegacyGroupId(seeded(1));
const [oldPair, newPair] = [createLegacyKeyPair(seeded(2)), createLegacyKeyPair(seeded(3))];
const text = (body: string): Content => ({ dataMessage: { body }, sigTimestamp: BigInt(NOW) });

/** Alice is the admin; Bob and Carol are members. */
const group: LegacyGroupState = {
  groupId,
  name: "old friends",
  members: [alice, bob, carol].map(({ sessionId }) => sessionId),
  admins: [alice.sessionId],
  keyPairs: [oldPair],
  zombies: [],
  timerSeconds: 0,
  joinedAt: NOW,
  status: "active",
};

const invitation: LegacyControl = {
  kind: "new",
  groupId,
  name: group.name,
  keyPair: oldPair,
  members: group.members,
  admins: group.admins,
  timerSeconds: 60,
};

/** What Bob makes of a control message. */
function step(
  control: LegacyControl,
  from: SessionId,
  state: LegacyGroupState | undefined = group,
  change: Partial<LegacyControlContext> = {},
): LegacyStep {
  return applyLegacyControl(state, control, {
    account: bob,
    from,
    timestamp: NOW + 1,
    isApproved: (id) => id === alice.sessionId,
    ...change,
  });
}

const refused = (reason: string): unknown => ({ kind: "refused", reason });
const becomes = (change: Partial<LegacyGroupState>): unknown => ({
  kind: "applied",
  group: { ...group, ...change },
});

describe.each(ourBackends.map((crypto) => [crypto.name, crypto] as const))(
  "legacy messages with %s",
  (_, crypto) => {
    const context = { groupId, encryptionKey: oldPair.publicKey, sender: alice, timestamp: NOW, crypto };

    test("open with the pair that fits, and name the sender", () => {
      const data = encodeLegacyGroupMessage(text("hello"), context);
      const message = decodeLegacyGroupMessage(data, [newPair, oldPair], crypto);
      expect(message.from).toBe(alice.sessionId);
      expect(message.timestamp).toBe(NOW);
      expect(message.content.dataMessage?.body).toBe("hello");
      expect(thrown(() => decodeLegacyGroupMessage(data, [newPair], crypto))).toEqual(
        coded("GROUP_MESSAGE_UNDECRYPTABLE"),
      );
      expect(thrown(() => decodeLegacyGroupMessage(data, [], crypto))).toEqual(
        coded("GROUP_MESSAGE_UNDECRYPTABLE"),
      );
    });

    test("a wrapped pair opens for those it was wrapped for", () => {
      const wrappers = wrapLegacyKeyPair(newPair, [bob.sessionId, carol.sessionId], alice, crypto);
      expect(wrappers.map(({ publicKey }) => legacyIdFrom(publicKey))).toEqual([
        bob.sessionId,
        carol.sessionId,
      ]);
      for (const reader of [bob, carol])
        expect(unwrapLegacyKeyPair(wrappers, reader.x25519, crypto)).toEqual({
          pair: newPair,
          from: alice.sessionId,
        });
      expect(unwrapLegacyKeyPair(wrappers, dave.x25519, crypto)).toBeUndefined();
    });
  },
);

describe("the wire form", () => {
  test("of a message: PUT /api/v1/message, type 7, the group as source, the old group context", () => {
    const data = encodeLegacyGroupMessage(text("hello"), {
      groupId,
      encryptionKey: oldPair.publicKey,
      sender: alice,
      timestamp: NOW,
    });
    const latin1 = Buffer.from(data).toString("latin1");
    expect(latin1.startsWith("\x08\x01\x12")).toBe(true);
    expect(latin1).toContain("\x0a\x03PUT\x12\x0f/api/v1/message\x1a");
    const envelope = unwrapEnvelope(data);
    expect([envelope.type, envelope.source, envelope.timestamp]).toEqual([7, groupId, BigInt(NOW)]);
    const { content } = decodeLegacyGroupMessage(data, [oldPair]);
    const plain = Buffer.from(encodeProto(ContentSchema, content)).toString("latin1");
    expect(plain).toContain(`\x1a\x5b\x0a\x57__textsecure_group__!${groupId}\x10\x02`);
  });

  test("of a control message has no group context", () => {
    const control = encodeLegacyControl({ kind: "left" });
    const data = encodeLegacyGroupMessage(
      { dataMessage: { closedGroupControlMessage: control } },
      { groupId, encryptionKey: oldPair.publicKey, sender: alice, timestamp: NOW },
    );
    expect(decodeLegacyGroupMessage(data, [oldPair]).content).toEqual({
      dataMessage: { closedGroupControlMessage: { type: 7 } },
    });
  });

  test("of a time is a positive whole number", () => {
    const context = { groupId, encryptionKey: oldPair.publicKey, sender: alice };
    for (const timestamp of [0, -1, 0.5, 2 ** 53])
      expect(thrown(() => encodeLegacyGroupMessage(text("x"), { ...context, timestamp }))).toEqual(
        coded("GROUP_INVALID_VALUE"),
      );
  });

  const controls: readonly LegacyControl[] = [
    invitation,
    { kind: "key-pair", wrappers: wrapLegacyKeyPair(newPair, [bob.sessionId], alice) },
    { kind: "key-pair", wrappers: wrapLegacyKeyPair(newPair, [bob.sessionId], alice), groupId },
    { kind: "name", name: "new name" },
    { kind: "added", members: ids(3, 20) },
    { kind: "removed", members: ids(2) },
    { kind: "left" },
  ];

  test.each(controls.map((control) => [control.kind, control] as const))("of %s comes back", (_, control) => {
    const wire = encodeProto(DataMessageClosedGroupControlMessageSchema, encodeLegacyControl(control));
    expect(decodeLegacyControl(decodeProto(DataMessageClosedGroupControlMessageSchema, wire))).toEqual(
      control,
    );
  });

  test("of types and fields", () => {
    expect(encodeLegacyControl(invitation)).toEqual({
      type: 1,
      publicKey: legacyIdBytes(groupId),
      name: group.name,
      encryptionKeyPair: { publicKey: oldPair.publicKey, privateKey: oldPair.secretKey },
      members: group.members.map(legacyIdBytes),
      admins: group.admins.map(legacyIdBytes),
      expirationTimer: 60,
    });
    expect(controls.map((control) => encodeLegacyControl(control).type)).toEqual([1, 3, 3, 4, 5, 6, 7]);
  });

  test.each<[string, Partial<DataMessageClosedGroupControlMessage>]>([
    ["no group", { publicKey: undefined }],
    ["a group key without prefix", { publicKey: new Uint8Array(32) }],
    ["another prefix", { publicKey: new Uint8Array(33).fill(3) }],
    ["no name", { name: undefined }],
    ["an empty name", { name: "" }],
    ["no key pair", { encryptionKeyPair: undefined }],
    [
      "a key pair of two pairs",
      { encryptionKeyPair: { publicKey: newPair.publicKey, privateKey: oldPair.secretKey } },
    ],
    [
      "a short secret key",
      { encryptionKeyPair: { publicKey: oldPair.publicKey, privateKey: new Uint8Array(31) } },
    ],
    ["no members", { members: [] }],
    ["only broken members", { members: [new Uint8Array(32)] }],
    ["no admins", { admins: undefined }],
  ])("of an invitation with %s is ignored", (_, change) => {
    expect(decodeLegacyControl({ ...encodeLegacyControl(invitation), ...change })).toBeUndefined();
  });

  test("of a key may have the prefix of old apps", () => {
    const publicKey = new Uint8Array([5, ...oldPair.publicKey]);
    const control = {
      ...encodeLegacyControl(invitation),
      encryptionKeyPair: { publicKey, privateKey: oldPair.secretKey },
    };
    expect(decodeLegacyControl(control)).toEqual(invitation);
  });

  test("of other messages that say nothing is ignored", () => {
    for (const message of [
      { type: 3 },
      { type: 3, wrappers: [] },
      {
        type: 3,
        publicKey: new Uint8Array(3),
        wrappers: [{ publicKey: new Uint8Array(), encryptedKeyPair: new Uint8Array() }],
      },
      { type: 4 },
      { type: 4, name: "" },
      { type: 5 },
      { type: 6, members: [new Uint8Array(5)] },
      { type: 8 },
      { type: 2 as 1 },
    ] as const)
      expect(decodeLegacyControl(message as DataMessageClosedGroupControlMessage)).toBeUndefined();
    for (const control of [
      { kind: "name", name: "" },
      { kind: "added", members: [] },
      { kind: "removed", members: [] },
      { kind: "key-pair", wrappers: [] },
    ] as const)
      expect(thrown(() => encodeLegacyControl(control))).toEqual(coded("GROUP_INVALID_VALUE"));
    expect(thrown(() => wrapLegacyKeyPair(newPair, ["x" as SessionId], alice))).toEqual(
      coded("GROUP_INVALID_MEMBER"),
    );
  });
});

describe("an invitation", () => {
  const joined = becomes({ timerSeconds: 60, joinedAt: NOW + 1 });

  test("makes the group", () => {
    const result = applyLegacyControl(undefined, invitation, {
      account: bob,
      from: alice.sessionId,
      timestamp: NOW + 1,
      isApproved: () => true,
    });
    expect(result).toEqual(joined);
  });

  test("brings a group back that was left, with what it says and no zombies", () => {
    const left: LegacyGroupState = { ...group, status: "kicked", members: [], keyPairs: [], zombies: ids(1) };
    expect(step(invitation, alice.sessionId, left)).toEqual(joined);
  });

  test("changes no more than pair and timer of an active group", () => {
    const forged = {
      ...invitation,
      name: "forged",
      members: [bob.sessionId],
      admins: [bob.sessionId],
      keyPair: newPair,
    };
    expect(step(forged, alice.sessionId)).toEqual(
      becomes({ timerSeconds: 60, keyPairs: [newPair, oldPair] }),
    );
    expect(step(invitation, alice.sessionId)).toEqual(becomes({ timerSeconds: 60 }));
  });

  test("is dropped from strangers, from oneself, and without oneself on the list", () => {
    expect(step(invitation, dave.sessionId)).toEqual(refused("not-approved"));
    expect(step(invitation, bob.sessionId)).toEqual(refused("own-message"));
    const others = { ...invitation, members: [alice.sessionId] };
    expect(step(others, alice.sessionId)).toEqual(refused("not-for-us"));
  });
});

describe("a new key pair", () => {
  const wrapped = (from = alice, to = [bob.sessionId]): LegacyControl => ({
    kind: "key-pair",
    wrappers: wrapLegacyKeyPair(newPair, to, from),
  });

  test("of an admin is the newest", () => {
    expect(step(wrapped(), alice.sessionId)).toEqual(becomes({ keyPairs: [newPair, oldPair] }));
  });

  test("of a member, for others, wrapped by another, or known already is dropped", () => {
    expect(step(wrapped(carol), carol.sessionId)).toEqual(refused("not-an-admin"));
    expect(step(wrapped(alice, [carol.sessionId]), alice.sessionId)).toEqual(refused("not-for-us"));
    expect(step(wrapped(carol), alice.sessionId)).toEqual(refused("not-for-us"));
    const known = { ...group, keyPairs: [newPair] };
    expect(step(wrapped(), alice.sessionId, known)).toEqual(refused("known-key-pair"));
    const without = { ...group, members: [alice.sessionId] };
    expect(step(wrapped(), alice.sessionId, without)).toEqual(refused("not-a-member"));
  });
});

describe("changes", () => {
  test("of the name come from any member", () => {
    expect(step({ kind: "name", name: "new" }, carol.sessionId)).toEqual(becomes({ name: "new" }));
    expect(step({ kind: "name", name: group.name }, carol.sessionId)).toEqual(refused("nothing-changes"));
  });

  test("add members, who are no zombies any more", () => {
    const zombie = { ...group, zombies: [dave.sessionId] };
    const control: LegacyControl = { kind: "added", members: [dave.sessionId, carol.sessionId] };
    expect(step(control, carol.sessionId, zombie)).toEqual({
      kind: "applied",
      group: { ...group, members: [...group.members, dave.sessionId] },
      added: [dave.sessionId],
    });
  });

  test("remove members by an admin, never the first admin", () => {
    const control: LegacyControl = { kind: "removed", members: [carol.sessionId, alice.sessionId] };
    const state = { ...group, zombies: [carol.sessionId] };
    expect(step(control, alice.sessionId, state)).toEqual(
      becomes({ members: [alice.sessionId, bob.sessionId] }),
    );
    expect(step(control, carol.sessionId)).toEqual(refused("not-an-admin"));
    expect(step({ kind: "removed", members: [alice.sessionId] }, alice.sessionId)).toEqual(
      refused("nothing-changes"),
    );
  });

  test("remove oneself: no keys are left", () => {
    expect(step({ kind: "removed", members: [bob.sessionId] }, alice.sessionId)).toEqual(
      becomes({ members: [alice.sessionId, carol.sessionId], keyPairs: [], status: "kicked" }),
    );
  });

  test("leaving makes a zombie of a member, ends the group for an admin, and is followed on other devices", () => {
    expect(step({ kind: "left" }, carol.sessionId)).toEqual(
      becomes({ members: [alice.sessionId, bob.sessionId], zombies: [carol.sessionId] }),
    );
    const over = { members: [], keyPairs: [] };
    expect(step({ kind: "left" }, alice.sessionId)).toEqual(becomes({ ...over, status: "kicked" }));
    expect(step({ kind: "left" }, alice.sessionId, group, { account: alice })).toEqual(
      becomes({ ...over, status: "left" }),
    );
    expect(step({ kind: "left" }, bob.sessionId)).toEqual(becomes({ ...over, status: "left" }));
  });

  test("are dropped in a group that is not known or not active, from before joining, and from strangers", () => {
    const control: LegacyControl = { kind: "name", name: "new" };
    const context = { account: bob, from: carol.sessionId, timestamp: NOW + 1, isApproved: () => true };
    expect(applyLegacyControl(undefined, control, context)).toEqual(refused("unknown-group"));
    expect(step(control, carol.sessionId, { ...group, status: "left" })).toEqual(refused("not-active"));
    expect(step(control, carol.sessionId, group, { timestamp: NOW })).toEqual(refused("before-joining"));
    expect(step(control, dave.sessionId)).toEqual(refused("not-a-member"));
  });
});

describe("items of the box", () => {
  const read = (content: Content, sender: Account = alice, timestamp = NOW + 1): LegacyDecodeResult => {
    const context = { groupId, encryptionKey: oldPair.publicKey, sender, timestamp };
    const item = { data: encodeLegacyGroupMessage(content, context), hash: "h", expiration: NOW + 1_000 };
    return decodeLegacyGroupItem(item, { account: bob, group, now: NOW });
  };
  const unsigned = (body: string): Content => ({ dataMessage: { body } });

  test("are messages of members, with the group as their conversation", () => {
    expect(read(unsigned("hello"))).toMatchObject({
      kind: "message",
      message: {
        kind: "text",
        text: "hello",
        from: alice.sessionId,
        conversation: groupId,
        outgoing: false,
        timestamp: NOW + 1,
        hash: "h",
        expiresAt: NOW + 1_000,
      },
    });
    expect(read(unsigned("mine"), bob)).toMatchObject({ message: { outgoing: true } });
  });

  test("are control messages, to be checked by whoever applies them", () => {
    const control: LegacyControl = { kind: "name", name: "new" };
    const content = { dataMessage: { closedGroupControlMessage: encodeLegacyControl(control) } };
    const expected = { kind: "control", control, from: dave.sessionId, timestamp: NOW + 1 };
    expect(read(content, dave)).toEqual(expected);
  });

  const typing = { typingMessage: { timestamp: BigInt(NOW + 1), action: TypingMessageAction.STARTED } };
  const request: DataMessageClosedGroupControlMessage = {
    type: DataMessageClosedGroupControlMessageType.ENCRYPTION_KEY_PAIR_REQUEST,
  };
  test.each<[string, string, Content, Account?, number?]>([
    ["of strangers", "G1", unsigned("hello"), dave],
    ["from before joining", "G3", unsigned("hello"), alice, NOW],
    ["of a kind for two", "G2", typing],
    ["of a kind to be ignored", "G2", { dataMessage: { closedGroupControlMessage: request } }],
    ["with nothing to see", "V13", { dataMessage: {} }],
    ["whose two times differ", "V1", text("hello")],
  ])("%s are dropped: %s", (_name, rule, content, sender, timestamp) => {
    expect(read(content, sender, timestamp)).toMatchObject({ kind: "dropped", rule });
  });
});

describe("a control message that comes one-to-one", () => {
  const control = encodeLegacyControl(invitation);
  const message = { kind: "legacy-group", control } as const;
  const { data } = encodeMessage(message, { sender: alice, recipient: bob.sessionId, timestamp: NOW });

  test("is a message for those who ask for it", () => {
    const result = decodeMessage({ data }, { account: bob, now: NOW, legacyGroups: true });
    expect(result).toMatchObject({
      kind: "message",
      message: { kind: "legacy-group", from: alice.sessionId },
    });
    const received = result.kind === "message" && result.message.kind === "legacy-group" && result.message;
    expect(received && decodeLegacyControl(received.control)).toEqual(invitation);
  });

  test("is nothing to see for all others, and no copy of it is for the own devices", () => {
    expect(decodeMessage({ data }, { account: bob, now: NOW })).toMatchObject({
      kind: "dropped",
      rule: "V13",
    });
    expect(needsSyncCopy(message)).toBe(false);
  });

  test("gives way to a text that came with it", () => {
    const content = { dataMessage: { body: "hello", closedGroupControlMessage: control } };
    const base = { from: alice.sessionId, conversation: alice.sessionId, outgoing: false, timestamp: NOW };
    expect(readContent(content, { ...base, expiration: EXPIRATION_OFF, content })).toMatchObject({
      kind: "text",
      text: "hello",
    });
  });
});

test("random bytes are no message, and never another exception", patience, () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (data) => {
      expect(thrown(() => decodeLegacyGroupMessage(data, [oldPair]))).toEqual(
        expect.toSatisfy((error) => error.name === "SessionError"),
      );
    }),
    runs(100),
  );
});
