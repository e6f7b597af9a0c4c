import { inspect } from "node:util";
import { bytesToBase64, bytesToHex } from "session-messenger-sdk/bytes";
import { defaultCrypto } from "session-messenger-sdk/crypto";
import { accountFromSeed, type SessionId } from "session-messenger-sdk/identity";
import {
  decodeMessage,
  decryptFromSender,
  directEnvelope,
  type EncodedMessage,
  encodeContent,
  encodeMessage,
  encodeSyncCopy,
  encryptForRecipient,
  type IncomingMessage,
  needsSyncCopy,
  type OutgoingMessage,
  unpadMessage,
  unwrapEnvelope,
  wrapEnvelope,
} from "session-messenger-sdk/messages";
import type { Content } from "session-messenger-sdk/proto";
import { describe, expect, it } from "vitest";

const alice = accountFromSeed(new Uint8Array(16).fill(1));
const bob = accountFromSeed(new Uint8Array(16).fill(2));
const eve = accountFromSeed(new Uint8Array(16).fill(3));
const timestamp = 1_764_000_000_000;
const now = timestamp + 2_000;
const day = 86_400_000;
const context = { sender: alice, recipient: bob.sessionId, timestamp };

/** Hex of the content that `reader` finds in a message. */
function contentOf({ data }: EncodedMessage, reader = bob): string {
  const { message } = decryptFromSender(unwrapEnvelope(data).content, reader.x25519);
  expect(message.length % 160).toBe(0);
  return bytesToHex(unpadMessage(message));
}

function receive(encoded: EncodedMessage, account = bob): IncomingMessage {
  const result = decodeMessage({ data: bytesToBase64(encoded.data) }, { account, now });
  if (result.kind !== "message") throw new Error(`not a message: ${JSON.stringify(result)}`);
  return result.message;
}

/** A message of Alice with a content that no app would write. */
function raw(content: Content, to = bob): Uint8Array {
  const ciphertext = encryptForRecipient(encodeContent(content), { sender: alice, recipient: to.sessionId });
  return wrapEnvelope(directEnvelope({ timestamp, ciphertext, proSignature: new Uint8Array(64) }));
}

// 60 00 68 00: no expiration. 78 80d0dfb4ab33: sigTimestamp 1764000000000.
const time = "80d0dfb4ab33";
const tail = `6000680078${time}`;
const bobHex = Buffer.from(bob.sessionId).toString("hex");

describe("encodeMessage", () => {
  it("writes a text as the apps do, with the expiration fields even when off", () => {
    const encoded = encodeMessage({ kind: "text", text: "hi" }, context);
    expect(contentOf(encoded)).toBe(`0a040a026869${tail}`);
    expect(encoded).toMatchObject({ namespace: 0, ttl: 14 * day, timestamp, recipient: bob.sessionId });
  });

  it("writes quote, profile and timer", () => {
    const encoded = encodeMessage(
      {
        kind: "text",
        text: "hi",
        quote: { timestamp: 5, author: "05ab" },
        profile: { name: "  A ", updatedAt: 7, picture: { url: "u", key: new Uint8Array(2).fill(9) } },
        expiration: { mode: "after-send", seconds: 60 },
      },
      context,
    );
    // body, profileKey 6, quote 8 {id, author}, profile 101 {name, picture, time}
    const data = `0a026869${"32020909"}${"420808051204"}30356162${"aa0608"}0a0141120175${"1807"}`;
    const length = (data.length / 2).toString(16).padStart(2, "0");
    expect(contentOf(encoded)).toBe(`0a${length}${data}6002683c78${time}`);
    expect(encoded.ttl).toBe(60_000);
  });

  it("wraps with an envelope of type 6, device 1, and 64 bytes that are another decoy each time", () => {
    const [first, second] = [0, 1].map(() =>
      unwrapEnvelope(encodeMessage({ kind: "text", text: "hi" }, context).data),
    ) as [ReturnType<typeof unwrapEnvelope>, ReturnType<typeof unwrapEnvelope>];
    expect(first).toMatchObject({ type: 6, timestamp: BigInt(timestamp), sourceDevice: 1 });
    expect(first.source).toBeUndefined();
    expect(first.content).not.toEqual(second.content);
    expect(first.proSig).not.toEqual(second.proSig);
    for (const { proSig } of [first, second]) {
      const point = proSig?.slice(0, 32) as Uint8Array;
      const scalar = proSig?.slice(32) as Uint8Array;
      expect(defaultCrypto.isValidPoint(point)).toBe(true);
      expect(defaultCrypto.scalarReduce(new Uint8Array([...scalar, ...new Uint8Array(32)]))).toEqual(scalar);
    }
  });

  it("refuses what receivers would not take", () => {
    const encode =
      (message: OutgoingMessage, extra = {}) =>
      () =>
        encodeMessage(message, { ...context, ...extra });
    const code = (name: string): object => expect.objectContaining({ name: "SessionError", code: name });
    expect(encode({ kind: "text", text: "" })).toThrow(code("MESSAGE_EMPTY"));
    expect(encode({ kind: "text", text: "😀".repeat(2001) })).toThrow(code("MESSAGE_TOO_LONG"));
    expect(encode({ kind: "text", text: "😀".repeat(2000) })).not.toThrow();
    expect(encode({ kind: "text", text: "x".repeat(2001) }, { textLimit: 10_000 })).not.toThrow();
    expect(encode({ kind: "text", attachments: new Array(33).fill({ id: 0n }) })).toThrow(
      code("MESSAGE_TOO_MANY_ATTACHMENTS"),
    );
    expect(encode({ kind: "text", text: "x" }, { recipient: alice.sessionId })).toThrow(
      code("MESSAGE_TO_SELF"),
    );
    expect(encode({ kind: "text", text: "x" }, { recipient: "05nonsense" as SessionId })).toThrow(
      code("MESSAGE_INVALID_RECIPIENT"),
    );
    expect(encode({ kind: "text", text: "x" }, { recipient: `05${"00".repeat(32)}` as SessionId })).toThrow(
      code("MESSAGE_INVALID_RECIPIENT"),
    );
    for (const bad of [0, -1, 1.5, Number.NaN, 2 ** 60]) {
      expect(encode({ kind: "text", text: "x" }, { timestamp: bad })).toThrow(code("MESSAGE_INVALID_VALUE"));
    }
    expect(encode({ kind: "text", text: "x", expiration: { mode: "after-read", seconds: 0 } })).toThrow(
      code("MESSAGE_INVALID_VALUE"),
    );
    expect(encode({ kind: "text", text: "x", expiration: { mode: "after-read", seconds: 2 ** 33 } })).toThrow(
      code("MESSAGE_INVALID_VALUE"),
    );
    expect(
      encode({ kind: "reaction", target: { timestamp, author: "a" }, emoji: "", action: "add" }),
    ).toThrow(code("MESSAGE_INVALID_VALUE"));
    expect(encode({ kind: "call", step: "offer", callId: "u" })).toThrow(code("MESSAGE_INVALID_VALUE"));
    expect(encode({ kind: "call", step: "ice-candidates", callId: "u" })).toThrow(
      code("MESSAGE_INVALID_VALUE"),
    );
  });
});

describe("encodeSyncCopy", () => {
  it("names the conversation, leaves the profile out, and goes to the own swarm", () => {
    const message: OutgoingMessage = { kind: "text", text: "hi", profile: { name: "A", updatedAt: 1 } };
    const copy = encodeSyncCopy(message, context);
    // syncTarget is field 105.
    expect(contentOf(copy, alice)).toBe(`0a490a026869ca0642${bobHex}${tail}`);
    expect(copy).toMatchObject({ recipient: alice.sessionId, timestamp, ttl: 14 * day });
    expect(receive(copy, alice)).toMatchObject({
      kind: "text",
      text: "hi",
      outgoing: true,
      from: alice.sessionId,
      conversation: bob.sessionId,
      timestamp,
    });
  });

  it("makes a note to self of a message to the own id", () => {
    const note = encodeSyncCopy(
      { kind: "text", text: "buy milk" },
      { ...context, recipient: alice.sessionId },
    );
    expect(receive(note, alice)).toMatchObject({
      text: "buy milk",
      outgoing: true,
      conversation: alice.sessionId,
    });
  });

  it("lives as long as the timer when that runs from reading", () => {
    const message: OutgoingMessage = {
      kind: "text",
      text: "x",
      expiration: { mode: "after-read", seconds: 300 },
    };
    expect(encodeSyncCopy(message, context).ttl).toBe(300_000);
    expect(encodeMessage(message, context).ttl).toBe(14 * day);
  });

  it("repeats unsend requests and call ends unchanged", () => {
    const target = { timestamp: 9, author: alice.sessionId };
    for (const message of [
      { kind: "unsend", target },
      { kind: "call", step: "end", callId: "u" },
      { kind: "call", step: "answer", callId: "u", sdp: "v=0" },
    ] satisfies OutgoingMessage[]) {
      expect(contentOf(encodeSyncCopy(message, context), alice)).toBe(
        contentOf(encodeMessage(message, context)),
      );
    }
  });

  it("is refused for what own devices are not told", () => {
    for (const message of [
      { kind: "typing", typing: true },
      { kind: "receipt", timestamps: [1] },
      { kind: "request-response" },
      { kind: "data-extraction", extraction: "screenshot" },
      { kind: "call", step: "offer", callId: "u", sdp: "v=0" },
    ] satisfies OutgoingMessage[]) {
      expect(needsSyncCopy(message)).toBe(false);
      expect(() => encodeSyncCopy(message, context)).toThrow(
        expect.objectContaining({ code: "MESSAGE_NO_SYNC_COPY" }),
      );
    }
  });
});

describe("every kind", () => {
  const target = { timestamp: timestamp - 5, author: alice.sessionId };
  const expiration = { mode: "after-send", seconds: 60 } as const;
  const profile = { name: "Ada", updatedAt: 1_764_000_000 };
  const forced = { mode: "after-read", seconds: 60 };
  const kinds: readonly { sent: OutgoingMessage; got?: object; ttl: number }[] = [
    {
      sent: { kind: "text", text: "hello", quote: target, profile, expiration },
      got: { kind: "text", text: "hello", quote: target, profile, expiration, attachments: [] },
      ttl: 60_000,
    },
    {
      sent: {
        kind: "text",
        text: "https://example.org",
        preview: { url: "https://example.org", title: "E" },
        attachments: [{ id: 3n, contentType: "image/png", size: 5, url: "http://x/3" }],
        invitation: { url: "https://h/r?public_key=00", name: "r" },
      },
      ttl: 14 * day,
    },
    { sent: { kind: "reaction", target, emoji: "🦆", action: "add", profile }, ttl: 14 * day },
    { sent: { kind: "reaction", target, emoji: "🦆", action: "remove" }, ttl: 14 * day },
    { sent: { kind: "timer-update", expiration }, ttl: 60_000 },
    { sent: { kind: "timer-update", expiration: { mode: "off", seconds: 0 } }, ttl: 14 * day },
    {
      sent: { kind: "receipt", timestamps: [1, timestamp] },
      got: { receipt: "read", timestamps: [1, timestamp] },
      ttl: 14 * day,
    },
    { sent: { kind: "typing", typing: true }, ttl: 20_000 },
    { sent: { kind: "typing", typing: false }, ttl: 20_000 },
    { sent: { kind: "unsend", target }, ttl: 14 * day },
    { sent: { kind: "request-response", profile }, ttl: 14 * day },
    { sent: { kind: "data-extraction", extraction: "media-saved", target: 8 }, ttl: 14 * day },
    {
      sent: { kind: "data-extraction", extraction: "screenshot", expiration },
      got: { extraction: "screenshot", expiration: forced },
      ttl: 14 * day,
    },
    {
      sent: { kind: "call", step: "pre-offer", callId: "u", expiration },
      got: { step: "pre-offer", callId: "u", candidates: [], expiration: { mode: "off", seconds: 0 } },
      ttl: 300_000,
    },
    {
      sent: { kind: "call", step: "offer", callId: "u", sdp: "v=0", expiration },
      got: { step: "offer", callId: "u", sdp: "v=0", candidates: [], expiration: forced },
      ttl: 300_000,
    },
    {
      sent: {
        kind: "call",
        step: "ice-candidates",
        callId: "u",
        candidates: [
          { sdp: "candidate:1", lineIndex: 0, mid: "0" },
          { sdp: "candidate:2", lineIndex: 300, mid: "audio" },
        ],
      },
      ttl: 300_000,
    },
    { sent: { kind: "call", step: "end", callId: "u" }, ttl: 300_000 },
    {
      sent: {
        kind: "group-update",
        update: { promoteMessage: { groupIdentitySeed: new Uint8Array(32).fill(4), name: "g" } },
        profile,
      },
      ttl: 14 * day,
    },
  ];
  for (const { sent, got = sent, ttl } of kinds) {
    it(`${sent.kind} arrives as it was sent: ${inspect(got, { breakLength: Infinity }).slice(0, 60)}`, () => {
      const encoded = encodeMessage(sent, context);
      expect(encoded.ttl).toBe(ttl);
      expect(receive(encoded)).toMatchObject({
        ...got,
        kind: sent.kind,
        from: alice.sessionId,
        conversation: alice.sessionId,
        outgoing: false,
        timestamp,
      });
    });
  }

  it("covers all of them", () => {
    expect(new Set(kinds.map(({ sent }) => sent.kind)).size).toBe(10);
  });
});

describe("decodeMessage", () => {
  const encoded = encodeMessage({ kind: "text", text: "hi" }, context);

  it("passes the swarm's facts on", () => {
    const item = { data: encoded.data, hash: "h", timestamp: 11, expiration: 22 };
    const result = decodeMessage(item, { account: bob, now });
    expect(result).toMatchObject({
      kind: "message",
      message: { hash: "h", storedAt: 11, expiresAt: 22, sourceDevice: 1 },
    });
  });

  it("does not open a message to somebody else", () => {
    expect(() => decodeMessage({ data: encoded.data }, { account: eve, now })).toThrow(
      expect.objectContaining({ code: "MESSAGE_DECRYPT_FAILED" }),
    );
  });

  it("tells a replay by author and time, and a replay to a third party by the signature", () => {
    const seen = new Set([`${alice.sessionId} ${timestamp}`]);
    const isKnownDuplicate = (from: string, at: number): boolean => seen.has(`${from} ${at}`);
    expect(decodeMessage({ data: encoded.data }, { account: bob, now, isKnownDuplicate })).toEqual({
      kind: "dropped",
      rule: "V12",
      reason: "duplicate",
      from: alice.sessionId,
      timestamp,
    });
    // Bob seals what he received to Eve, signature and all.
    const signed = defaultCrypto.sealedBoxOpen(unwrapEnvelope(encoded.data).content, bob.x25519);
    const forwarded = defaultCrypto.sealedBox(signed, eve.x25519.publicKey);
    expect(() => decryptFromSender(forwarded, eve.x25519)).toThrow(
      expect.objectContaining({ code: "MESSAGE_BAD_SIGNATURE" }),
    );
  });

  it("does not take an unsigned time of the envelope for the signed one", () => {
    const result = decodeMessage(
      { data: encodeMessage({ kind: "typing", typing: true }, context).data },
      { account: bob, now, typing: false },
    );
    expect(result).toMatchObject({ kind: "dropped", rule: "V19", reason: "switched-off" });
  });

  it("gives the profile of a message that shows nothing, but never the own one", () => {
    const profile = { displayName: " Ada\u202e ", lastUpdateSeconds: 1_764_000_000_000n };
    const content: Content = { dataMessage: { profile }, sigTimestamp: BigInt(timestamp) };
    expect(decodeMessage({ data: raw(content) }, { account: bob, now })).toEqual({
      kind: "dropped",
      rule: "V13",
      reason: "nothing-visible",
      from: alice.sessionId,
      timestamp,
      profile: { name: "Ada", updatedAt: 1_764_000_000 },
    });
    expect(decodeMessage({ data: raw(content, alice) }, { account: alice, now })).not.toHaveProperty(
      "profile",
    );
  });

  it("acts on the first part only", () => {
    const content: Content = {
      dataMessage: { body: "x" },
      unsendRequest: { timestamp: 1n, author: "somebody else" },
      sigTimestamp: BigInt(timestamp),
    };
    const result = decodeMessage({ data: raw(content) }, { account: bob, now });
    expect(result).toMatchObject({ kind: "message", message: { kind: "text", content } });
  });

  it("asks whether the sender is blocked before it reports an unknown kind", () => {
    const content: Content = { sigTimestamp: BigInt(timestamp), $unknown: Uint8Array.of(0x98, 1, 1) };
    const data = raw(content);
    expect(decodeMessage({ data }, { account: bob, now })).toEqual({
      kind: "unsupported",
      reason: "unknown-type",
      from: alice.sessionId,
      conversation: alice.sessionId,
      timestamp,
      expiration: { mode: "off", seconds: 0 },
      data,
    });
    expect(decodeMessage({ data }, { account: bob, now, isBlocked: () => true })).toMatchObject({
      rule: "V4",
    });
  });

  it("places an own message of an unknown kind where its sync copy says", () => {
    const $unknown = Uint8Array.of(0x98, 1, 1);
    const sigTimestamp = BigInt(timestamp);
    const synced = raw({ dataMessage: { syncTarget: bob.sessionId }, sigTimestamp, $unknown }, alice);
    expect(decodeMessage({ data: synced }, { account: alice, now })).toMatchObject({
      conversation: bob.sessionId,
    });
    const own = decodeMessage({ data: raw({ sigTimestamp, $unknown }, alice) }, { account: alice, now });
    expect(own).toMatchObject({ kind: "unsupported", reason: "unknown-type" });
    expect(own).not.toHaveProperty("conversation");
  });

  it("takes a group among the fields, or a small number, for no unknown kind", () => {
    for (const $unknown of [Uint8Array.of(0x9b, 1, 0x9c, 1), Uint8Array.of(0x10, 1)]) {
      const result = decodeMessage({ data: raw({ $unknown }) }, { account: bob, now });
      expect(result).toMatchObject({ kind: "dropped", rule: "V13" });
    }
  });

  it("leaves out a quote of a time that no message can have, and refuses such a sent time", () => {
    const quote = { id: 2n ** 64n - 1n, author: "a" };
    const quoting = raw({ dataMessage: { body: "x", quote }, sigTimestamp: BigInt(timestamp) });
    const result = decodeMessage({ data: quoting }, { account: bob, now });
    expect(result).toMatchObject({ message: { text: "x", content: { dataMessage: { quote } } } });
    expect(result).not.toHaveProperty("message.quote");
    const sigTimestamp = 2n ** 60n;
    const ciphertext = encryptForRecipient(encodeContent({ dataMessage: { body: "x" }, sigTimestamp }), {
      sender: alice,
      recipient: bob.sessionId,
    });
    const data = wrapEnvelope({ type: 6, timestamp: sigTimestamp, content: ciphertext });
    expect(() => decodeMessage({ data }, { account: bob, now })).toThrow(
      expect.objectContaining({ code: "MESSAGE_MALFORMED" }),
    );
  });

  it("knows only one mode of expiration in the conversation with oneself", () => {
    const note = encodeSyncCopy(
      { kind: "text", text: "x", expiration: { mode: "after-read", seconds: 9 } },
      { ...context, recipient: alice.sessionId },
    );
    expect(receive(note, alice).expiration).toEqual({ mode: "after-send", seconds: 9 });
  });

  it("keeps the bytes of a newer format", () => {
    const data = Uint8Array.of(0, 2, 9);
    expect(decodeMessage({ data }, { account: bob, now })).toEqual({
      kind: "unsupported",
      reason: "newer-format",
      version: 2,
      data,
    });
  });

  it("refuses what is not base64, and nothing at all", () => {
    for (const data of ["", "????", new Uint8Array()]) {
      expect(() => decodeMessage({ data }, { account: bob, now })).toThrow(
        expect.objectContaining({ code: "MESSAGE_MALFORMED" }),
      );
    }
  });
});
