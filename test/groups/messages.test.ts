import fc from "fast-check";
import { type BtInput, btEncode, concatBytes } from "session-messenger-sdk/bytes";
import { loadCompressor } from "session-messenger-sdk/config/zstd";
import { type Crypto, xed25519PublicKey } from "session-messenger-sdk/crypto";
import { nodeCrypto } from "session-messenger-sdk/crypto/node";
import {
  decodeGroupMessage,
  decryptGroupMessage,
  deleteContentMessage,
  encodeGroupMessage,
  encryptGroupMessage,
  type GroupDecodeContext,
  type GroupKeys,
  infoChangeMessage,
  inviteResponse,
  type OutgoingGroupMessage,
} from "session-messenger-sdk/groups";
import type { Account } from "session-messenger-sdk/identity";
import { encodeContent } from "session-messenger-sdk/messages";
import { type Content, EnvelopeSchema, encodeProto } from "session-messenger-sdk/proto";
import { beforeAll, describe, expect, test } from "vitest";
import { toHex } from "../runners/op.js";
import { ourBackends } from "../support/backends.js";
import { account, adminKeys, coded, groupId, groupKey, NOW, patience, runs, thrown } from "./support.js";

const [alice, bob, mallory] = [account(1), account(2), account(9)] as const;
const KEY = new Uint8Array(32).fill(0x21);
const group = groupKey().publicKey;
const utf8 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
let compress: (data: Uint8Array) => Uint8Array;
beforeAll(async () => {
  compress = await loadCompressor();
});

const encrypt = (
  plaintext: Uint8Array,
  change: Partial<Parameters<typeof encryptGroupMessage>[1]> = {},
): Uint8Array =>
  encryptGroupMessage(
    plaintext,
    { key: KEY, groupPublicKey: group, sender: alice.ed25519, ...change },
    nodeCrypto,
  );
const decrypt = (
  data: Uint8Array,
  keys: readonly Uint8Array[] = [KEY],
  groupPublicKey = group,
  crypto: Crypto = nodeCrypto,
) => decryptGroupMessage(data, { keys, groupPublicKey }, crypto);

/** Well encrypted bytes, whatever they are. */
function sealed(plaintext: Uint8Array): Uint8Array {
  const nonce = new Uint8Array(24).fill(5);
  return concatBytes(nonce, nodeCrypto.xchacha20poly1305Encrypt(KEY, nonce, plaintext));
}

/** The dict of a good message, changed; `data` is what is signed. */
function dict(change: Record<string, BtInput | undefined>, data: Uint8Array = utf8("hello")): Uint8Array {
  const s = nodeCrypto.ed25519Sign(concatBytes(data, group), alice.ed25519.secretKey);
  return btEncode({ "": 1, a: alice.ed25519.publicKey, d: data, s, ...change });
}

/** Pairs in the order given. */
const pairs = (...list: readonly (readonly [string, BtInput])[]): Uint8Array =>
  concatBytes(utf8("d"), ...list.flatMap(([key, value]) => [btEncode(key), btEncode(value)]), utf8("e"));

describe.each(ourBackends.map((crypto) => [crypto.name, crypto] as const))(
  "encryption with %s",
  (_, crypto) => {
    test("comes back, plain and compressed, and is a multiple of 256 bytes", () => {
      for (const text of ["x", "hello ".repeat(200)]) {
        const data = encryptGroupMessage(
          utf8(text),
          { key: KEY, groupPublicKey: group, sender: alice.ed25519, compress },
          crypto,
        );
        expect(data.length % 256).toBe(0);
        const { plaintext, sender, senderEd25519PublicKey } = decrypt(
          data,
          [new Uint8Array(32), KEY],
          group,
          crypto,
        );
        expect(toHex(plaintext)).toBe(toHex(utf8(text)));
        expect(sender).toBe(alice.sessionId);
        expect(senderEd25519PublicKey).toEqual(alice.ed25519.publicKey);
      }
    });
  },
);

describe("encryption", () => {
  test("compresses only when that is shorter", () => {
    const long = utf8("hello ".repeat(200));
    expect(encrypt(long, { compress }).length).toBeLessThan(encrypt(long).length);
    const nonce = new Uint8Array(24);
    const short = utf8("hello");
    expect(encrypt(short, { compress, nonce })).toEqual(encrypt(short, { nonce }));
  });

  test("pads as it is told", () => {
    for (const [padding, length] of [
      [0, 165],
      [1, 165],
      [256, 256],
      [100, 200],
    ] as const)
      expect(encrypt(utf8("hello"), { padding }).length).toBe(length);
  });

  test("refuses an empty or too long plaintext", () => {
    for (const length of [0, 1_000_001])
      expect(thrown(() => encrypt(new Uint8Array(length)))).toEqual(coded("GROUP_INVALID_VALUE"));
    expect(decrypt(encrypt(new Uint8Array(1_000_000))).plaintext).toHaveLength(1_000_000);
  });

  test("any plaintext comes back", patience, () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 2000 }), fc.boolean(), (plaintext, zip) => {
        expect(decrypt(encrypt(plaintext, zip ? { compress } : {})).plaintext).toEqual(plaintext);
      }),
      runs(100),
    );
  });
});

describe("decryption refuses", () => {
  const invalid = (reason: string): unknown => coded("GROUP_MESSAGE_INVALID", { reason });

  test("a message of another group, although the key is known", () => {
    const replayed = encrypt(utf8("hello"), { groupPublicKey: groupKey(1).publicKey });
    expect(thrown(() => decrypt(replayed))).toEqual(coded("GROUP_MESSAGE_BAD_SIGNATURE"));
  });

  test("a message without a known key, so that it can be tried again", () => {
    expect(thrown(() => decrypt(encrypt(utf8("x")), []))).toEqual(coded("GROUP_MESSAGE_UNDECRYPTABLE"));
    expect(thrown(() => decrypt(encrypt(utf8("x")), [new Uint8Array(32)]))).toEqual(
      coded("GROUP_MESSAGE_UNDECRYPTABLE"),
    );
    expect(thrown(() => decrypt(new Uint8Array(39)))).toEqual(coded("GROUP_MESSAGE_INVALID"));
  });

  test.each<[string, () => Uint8Array, string]>([
    ["both forms of the data", () => dict({ z: utf8("hello") }), "data"],
    ["both forms, one empty", () => dict({ d: new Uint8Array(), z: utf8("hello") }), "data"],
    ["neither form", () => dict({ d: undefined }), "data"],
    ["empty data", () => dict({}, new Uint8Array()), "data"],
    ["data that is a number", () => dict({ d: 5 }), "data"],
    ["version 2", () => dict({ "": 2 }), "version"],
    ["version 0", () => dict({ "": 0 }), "version"],
    ["a version that is text", () => dict({ "": "1" }), "version"],
    ["no version", () => dict({ "": undefined }), "version"],
    ["a sender of 31 bytes", () => dict({ a: new Uint8Array(31) }), "sender"],
    ["no sender", () => dict({ a: undefined }), "sender"],
    ["a signature of 63 bytes", () => dict({ s: new Uint8Array(63) }), "signature"],
    ["no signature", () => dict({ s: undefined }), "signature"],
    ["a list", () => utf8("l1:xe"), "not-bt-encoded"],
    ["nothing but padding", () => new Uint8Array(100), "not-bt-encoded"],
    ["bytes after the dict", () => concatBytes(dict({}), utf8("e")), "not-bt-encoded"],
    ["a cut", () => dict({}).slice(0, -1), "not-bt-encoded"],
  ])("%s", (_, make, reason) => {
    expect(thrown(() => decrypt(sealed(make())))).toEqual(invalid(reason));
  });

  test("keys out of order or twice", () => {
    const data = utf8("hello");
    const s = nodeCrypto.ed25519Sign(concatBytes(data, group), alice.ed25519.secretKey);
    const a = alice.ed25519.publicKey;
    const inOrder = pairs(["", 1], ["a", a], ["d", data], ["s", s]);
    expect(decrypt(sealed(inOrder)).plaintext).toEqual(data);
    for (const wrong of [
      pairs(["a", a], ["", 1], ["d", data], ["s", s]),
      pairs(["", 1], ["d", data], ["a", a], ["s", s]),
      pairs(["", 1], ["a", a], ["s", s], ["d", data]),
      pairs(["", 1], ["a", a], ["d", data], ["d", data], ["s", s]),
    ])
      expect(thrown(() => decrypt(sealed(wrong)))).toEqual(invalid("not-bt-encoded"));
  });

  test("nothing because of keys that it does not know", () => {
    expect(decrypt(sealed(dict({ b: "new", t: 5 }))).plaintext).toEqual(utf8("hello"));
  });

  test("a signature of somebody else, over other data, or of a key that is no point", () => {
    for (const change of [
      { a: mallory.ed25519.publicKey },
      { d: utf8("hellO") },
      { s: new Uint8Array(64) },
      { a: new Uint8Array(32).fill(0xff) },
      { a: new Uint8Array(32) },
      { a: xed25519PublicKey(new Uint8Array(32)) },
    ])
      expect(thrown(() => decrypt(sealed(dict(change))))).toEqual(coded("GROUP_MESSAGE_BAD_SIGNATURE"));
  });

  test("more than 1,000,000 bytes after decompression", () => {
    const bomb = (size: number): Uint8Array => {
      const data = compress(new Uint8Array(size));
      return sealed(dict({ d: undefined, z: data }, data));
    };
    expect(decrypt(bomb(1_000_000)).plaintext).toHaveLength(1_000_000);
    expect(thrown(() => decrypt(bomb(1_000_001)))).toEqual(invalid("compression"));
    expect(thrown(() => decrypt(bomb(0)))).toEqual(invalid("data"));
    const broken = utf8("no zstd");
    expect(thrown(() => decrypt(sealed(dict({ d: undefined, z: broken }, broken))))).toEqual(
      invalid("compression"),
    );
  });

  test("random plaintexts and damaged messages with a SessionError only", patience, () => {
    const good = dict({});
    const damaged = fc.tuple(fc.nat(good.length - 1), fc.nat(255)).map(([at, byte]) => {
      const copy = good.slice();
      copy[at] = byte;
      return copy;
    });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), damaged), (plaintext) => {
        try {
          expect(toHex(decrypt(sealed(plaintext)).plaintext)).toBe(toHex(utf8("hello")));
        } catch (error) {
          expect(error).toEqual(expect.toSatisfy((e) => /^GROUP_MESSAGE_/.test(e.code)));
        }
      }),
      runs(200),
    );
  });
});

/** Keys of Alice and Bob's group, and what Bob makes of a message. */
function setUp(): {
  keys: GroupKeys;
  read: (data: Uint8Array, change?: Partial<GroupDecodeContext>) => unknown;
} {
  const keys = adminKeys(alice);
  const { message: data } = keys.rekey([alice.sessionId, bob.sessionId]);
  keys.load({ data, hash: "k", timestamp: NOW });
  const read = (message: Uint8Array, change: Partial<GroupDecodeContext> = {}): unknown =>
    decodeGroupMessage(
      { data: message, hash: "m", timestamp: NOW + 5 },
      { account: bob, keys, now: NOW + 9, ...change },
    );
  return { keys, read };
}

const send = (message: OutgoingGroupMessage, keys: GroupKeys, sender: Account = alice): Uint8Array =>
  encodeGroupMessage(message, { sender, keys, timestamp: NOW }).data;

/** Any content in a group's envelope. */
const raw = (content: Content, keys: GroupKeys, timestamp = BigInt(NOW)): Uint8Array =>
  encryptGroupMessage(encodeProto(EnvelopeSchema, { type: 7, timestamp, content: encodeContent(content) }), {
    key: keys.encryptionKey!,
    groupPublicKey: keys.publicKey,
    sender: alice.ed25519,
  });

describe("whole messages", () => {
  test("say who, where, when and what", () => {
    const { keys, read } = setUp();
    const encoded = encodeGroupMessage(
      {
        kind: "text",
        text: "hi",
        profile: { name: "Alice", updatedAt: 5 },
        expiration: { mode: "after-send", seconds: 60 },
      },
      { sender: alice, keys, timestamp: NOW, compress },
    );
    expect(encoded).toMatchObject({ namespace: 11, ttl: 60_000, timestamp: NOW, groupId: groupId() });
    expect(read(encoded.data)).toMatchObject({
      kind: "message",
      message: {
        kind: "text",
        text: "hi",
        from: alice.sessionId,
        conversation: groupId(),
        outgoing: false,
        timestamp: NOW,
        hash: "m",
        storedAt: NOW + 5,
        sourceDevice: 1,
        expiration: { mode: "after-send", seconds: 60 },
        profile: { name: "Alice", updatedAt: 5 },
      },
    });
    expect(read(encoded.data, { account: alice })).toMatchObject({ message: { outgoing: true } });
    const base64 = Buffer.from(encoded.data).toString("base64");
    expect(decodeGroupMessage({ data: base64 }, { account: bob, keys, now: NOW })).toMatchObject({
      kind: "message",
    });
    expect(
      encodeGroupMessage({ kind: "text", text: "hi" }, { sender: alice, keys, timestamp: NOW }).ttl,
    ).toBe(14 * 24 * 60 * 60 * 1000);
  });

  test("can be reactions and control messages", () => {
    const { keys, read } = setUp();
    const target = { timestamp: NOW - 1, author: bob.sessionId };
    expect(read(send({ kind: "reaction", target, emoji: "🎈", action: "add" }, keys))).toMatchObject({
      message: { kind: "reaction", target, emoji: "🎈", action: "add", conversation: groupId() },
    });
    const update = inviteResponse();
    expect(read(send({ kind: "group-update", update }, keys))).toMatchObject({
      message: { kind: "group-update", update },
    });
  });

  test("are not sent without a key, with a timer from reading, or as control messages that could be missed", () => {
    const { keys } = setUp();
    expect(thrown(() => send({ kind: "text", text: "x" }, adminKeys(alice)))).toEqual(coded("GROUP_NO_KEYS"));
    const reading = { mode: "after-read", seconds: 5 } as const;
    expect(thrown(() => send({ kind: "text", text: "x", expiration: reading }, keys))).toEqual(
      coded("GROUP_INVALID_VALUE"),
    );
    const expiration = { mode: "after-send", seconds: 5 } as const;
    const gone = deleteContentMessage({ hashes: ["a"] });
    expect(thrown(() => send({ kind: "group-update", update: gone, expiration }, keys))).toEqual(
      coded("GROUP_INVALID_VALUE"),
    );
    const notice = infoChangeMessage({ change: "picture" }, { groupKey: groupKey(), timestamp: NOW });
    const context = { sender: alice, keys, timestamp: NOW };
    expect(encodeGroupMessage({ kind: "group-update", update: notice, expiration }, context).ttl).toBe(5000);
  });

  test("of somebody who is not listed are dropped with a reason", () => {
    const { keys, read } = setUp();
    const data = send({ kind: "text", text: "psst" }, keys, mallory);
    expect(read(data, { isMember: (id) => id === alice.sessionId })).toEqual({
      kind: "dropped",
      rule: "G1",
      reason: "not-a-member",
      from: mallory.sessionId,
      timestamp: NOW,
    });
    // Without a list to ask they are shown, as apps do.
    expect(read(data)).toMatchObject({ kind: "message" });
  });

  test("of a removed member do not open with the next key", () => {
    const { keys } = setUp();
    const { message: data } = keys.rekey([alice.sessionId]);
    keys.load({ data, hash: "k2", timestamp: NOW + 1 });
    const text = send({ kind: "text", text: "without Bob" }, keys);
    const left = setUp();
    expect(thrown(() => left.read(text))).toEqual(coded("GROUP_MESSAGE_UNDECRYPTABLE"));
    expect(decodeGroupMessage({ data: text }, { account: alice, keys, now: NOW })).toMatchObject({
      kind: "message",
    });
  });

  test("obey the message rules", () => {
    const { keys, read } = setUp();
    const data = send({ kind: "text", text: "x" }, keys);
    expect(read(data, { isBlocked: (id) => id === alice.sessionId })).toMatchObject({ rule: "V4" });
    expect(read(data, { deletedBefore: NOW / 1000 })).toMatchObject({ rule: "V5" });
    expect(read(data, { isKnownDuplicate: () => true })).toMatchObject({ rule: "V12" });
    expect(
      read(raw({ dataMessage: { body: "x" }, sigTimestamp: BigInt(NOW) }, keys, BigInt(NOW + 1))),
    ).toMatchObject({
      rule: "V1",
    });
    expect(read(raw({ dataMessage: {}, sigTimestamp: BigInt(NOW) }, keys))).toMatchObject({ rule: "V13" });
  });

  test.each<[string, Content]>([
    ["a typing notice", { typingMessage: { timestamp: BigInt(NOW), action: 0 } }],
    ["a receipt", { receiptMessage: { type: 1, timestamp: [1n] } }],
    ["a call", { callMessage: { type: 6, uuid: "u" } }],
    ["an unsend request", { unsendRequest: { timestamp: 1n, author: alice.sessionId } }],
    ["a request response", { messageRequestResponse: { isApproved: true } }],
    ["a timer update", { dataMessage: { flags: 2 } }],
  ])("that are %s do not belong in groups", (_, content) => {
    const { keys, read } = setUp();
    expect(read(raw({ ...content, sigTimestamp: BigInt(NOW) }, keys))).toMatchObject({
      kind: "dropped",
      rule: "G2",
      reason: "not-in-groups",
    });
  });

  test("of an unknown kind are handed over for later", () => {
    const { keys, read } = setUp();
    // Field 30, a string: newer than what this version knows.
    const data = raw({ sigTimestamp: BigInt(NOW), $unknown: Uint8Array.of(0xf2, 0x01, 1, 0x61) }, keys);
    expect(read(data)).toEqual({
      kind: "unsupported",
      reason: "unknown-type",
      from: alice.sessionId,
      timestamp: NOW,
      conversation: groupId(),
      data,
    });
  });

  test("disappear after sending, whatever was sent", () => {
    const { keys, read } = setUp();
    const content = {
      dataMessage: { body: "x" },
      expirationType: 1,
      expirationTimer: 7,
      sigTimestamp: BigInt(NOW),
    } as const;
    expect(read(raw(content, keys))).toMatchObject({
      message: { expiration: { mode: "after-send", seconds: 7 } },
    });
  });

  test("that cannot be read are refused", () => {
    const { keys, read } = setUp();
    const wrap = (plaintext: Uint8Array): Uint8Array =>
      encryptGroupMessage(plaintext, {
        key: keys.encryptionKey!,
        groupPublicKey: keys.publicKey,
        sender: alice.ed25519,
      });
    expect(thrown(() => read(wrap(utf8("no envelope"))))).toEqual(coded("GROUP_MESSAGE_INVALID"));
    expect(thrown(() => read(wrap(encodeProto(EnvelopeSchema, { type: 7, timestamp: 1n }))))).toEqual(
      coded("GROUP_MESSAGE_INVALID"),
    );
    const noContent = encodeProto(EnvelopeSchema, { type: 7, timestamp: 1n, content: utf8("\xff\xff") });
    expect(thrown(() => read(wrap(noContent)))).toEqual(coded("MESSAGE_MALFORMED"));
    expect(thrown(() => read(raw({ dataMessage: { body: "x" } }, keys, 2n ** 60n)))).toEqual(
      coded("GROUP_MESSAGE_INVALID"),
    );
    expect(thrown(() => decodeGroupMessage({ data: "?" }, { account: bob, keys, now: NOW }))).toEqual(
      coded("GROUP_MESSAGE_INVALID"),
    );
  });
});
