import {
  kindRules,
  type ReceivedContent,
  type RuleId,
  type RuleReason,
  senderRules,
  type ValidationContext,
  validate,
} from "session-messenger-sdk/messages";
import type { CallMessage, Content, DataMessage } from "session-messenger-sdk/proto";
import { describe, expect, it } from "vitest";

const alice = `05${"a1".repeat(32)}`;
const self = `05${"5e".repeat(32)}`;
const group = `03${"96".repeat(32)}`;
const now = 1_764_000_000_000;
const context: ValidationContext = { now };
const attachment = { id: 0n, url: "http://filev2.getsession.org/file/1" };

function received(content: Content, changes: Partial<ReceivedContent> = {}): ReceivedContent {
  return {
    source: "direct",
    from: alice,
    fromSelf: false,
    conversation: alice,
    timestamp: now,
    envelopeTimestamp: BigInt(now),
    content: { sigTimestamp: BigInt(now), ...content },
    ...changes,
  };
}
const data = (dataMessage: DataMessage, changes?: Partial<ReceivedContent>): ReceivedContent =>
  received({ dataMessage }, changes);
const text = (changes?: Partial<ReceivedContent>): ReceivedContent => data({ body: "hi" }, changes);
const call = (type: CallMessage["type"], changes?: Partial<ReceivedContent>): ReceivedContent =>
  received({ callMessage: { type, uuid: "u" } }, changes);
const fromSelf = { from: self, fromSelf: true, conversation: self };

interface DropCase {
  readonly rule: RuleId;
  readonly reason: RuleReason;
  readonly name: string;
  readonly dropped: ReceivedContent;
  /** As close to `dropped` as possible. */
  readonly kept: ReceivedContent;
  readonly context?: Partial<ValidationContext>;
  /** When it is the context that makes the difference. */
  readonly keptContext?: Partial<ValidationContext>;
}

const reaction = { id: BigInt(now), author: self, emoji: "👍", action: 0 } as const;
const promote = { promoteMessage: { groupIdentitySeed: new Uint8Array(32), name: "g" } };
const left = { memberLeftMessage: {} };
const hour = 3_600_000;

const drops: readonly DropCase[] = [
  {
    rule: "V1",
    reason: "timestamp-mismatch",
    name: "envelope time one millisecond off",
    dropped: text({ envelopeTimestamp: BigInt(now) + 1n }),
    kept: text(),
  },
  {
    rule: "V1",
    reason: "timestamp-mismatch",
    name: "in a group; a room has no envelope time to compare",
    dropped: text({ source: "group", conversation: group, envelopeTimestamp: 5n }),
    kept: text({ source: "community", envelopeTimestamp: 5n }),
  },
  {
    rule: "V2",
    reason: "timestamp-unsigned",
    name: "no signed time in strict mode",
    dropped: received({ dataMessage: { body: "hi" }, sigTimestamp: 0n }),
    kept: received({ dataMessage: { body: "hi" }, sigTimestamp: 0n }),
    context: { requireSignedTimestamp: true },
    keptContext: {},
  },
  {
    rule: "V3",
    reason: "clock-difference",
    name: "posted more than 6 h after",
    dropped: text({ source: "community", postedAt: now + 6 * hour + 1 }),
    kept: text({ source: "community", postedAt: now + 6 * hour }),
  },
  {
    rule: "V3",
    reason: "clock-difference",
    name: "posted more than 6 h before, in an inbox",
    dropped: text({ source: "inbox", postedAt: now - 6 * hour - 1 }),
    kept: text({ source: "inbox", postedAt: now - 6 * hour }),
  },
  {
    rule: "V4",
    reason: "blocked",
    name: "blocked sender; a promotion still arrives",
    dropped: text(),
    kept: data({ groupUpdateMessage: promote }),
    context: { isBlocked: (id) => id === alice },
  },
  {
    rule: "V4",
    reason: "blocked",
    name: "blocked sender in a group; its control messages still arrive",
    dropped: text({ source: "group", conversation: group }),
    kept: data({ groupUpdateMessage: left }, { source: "group", conversation: group }),
    context: { isBlocked: (id) => id === alice },
  },
  {
    rule: "V4",
    reason: "blocked",
    name: "control message of a blocked group",
    dropped: data({ groupUpdateMessage: left }, { source: "group", conversation: group }),
    kept: data({ groupUpdateMessage: left }, { source: "group", conversation: `03${"00".repeat(32)}` }),
    context: { isBlocked: (id) => id === group },
  },
  {
    rule: "V4",
    reason: "blocked",
    name: "other control message of a blocked sender in 1:1; own messages are never blocked",
    dropped: data({ groupUpdateMessage: left }),
    kept: text(fromSelf),
    context: { isBlocked: () => true },
  },
  {
    rule: "V5",
    reason: "deleted-in-group",
    name: "not after the group's deletion time",
    dropped: text({ source: "group", conversation: group, timestamp: now }),
    kept: text({ source: "group", conversation: group, timestamp: now + 1 }),
    context: { deletedBefore: now / 1000 },
  },
  {
    rule: "V5",
    reason: "deleted-in-group",
    name: "attachments not after the group's deletion time for those",
    dropped: data({ attachments: [attachment] }, { source: "group", conversation: group }),
    kept: text({ source: "group", conversation: group }),
    context: { attachmentsDeletedBefore: now / 1000 },
  },
  {
    rule: "V6",
    reason: "conversation-removed",
    name: "conversation removed on another device later",
    dropped: text(),
    kept: text({ timestamp: now + 1 }),
    context: { isRemovedSince: (id, timestamp) => id === alice && timestamp <= now },
  },
  {
    rule: "V7",
    reason: "unknown-flags",
    name: "flags without the one known bit",
    dropped: data({ body: "x", flags: 5 }),
    kept: data({ body: "x", flags: 7 }),
  },
  {
    rule: "V9",
    reason: "too-many-attachments",
    name: "33 attachments",
    dropped: data({ attachments: new Array(33).fill(attachment) }),
    kept: data({ attachments: new Array(32).fill(attachment) }),
  },
  {
    rule: "V9",
    reason: "too-many-attachments",
    name: "a timer update has no attachments to count",
    dropped: data({ attachments: new Array(33).fill(attachment) }),
    kept: data({ flags: 2, attachments: new Array(33).fill(attachment) }),
  },
  {
    rule: "V10",
    reason: "foreign-sync-copy",
    name: "sync copy of somebody else",
    dropped: data({ body: "x", syncTarget: self }),
    kept: data({ body: "x", syncTarget: alice }, fromSelf),
  },
  {
    rule: "V11",
    reason: "legacy-target",
    name: "target of a text-secure group",
    dropped: data({ body: "x", syncTarget: `__textsecure_group__!${alice}` }, fromSelf),
    kept: data({ body: "x", syncTarget: alice }, fromSelf),
  },
  {
    rule: "V11",
    reason: "legacy-target",
    name: "target that is no account",
    dropped: data({ body: "x", syncTarget: "nobody" }, fromSelf),
    kept: data({ body: "x", syncTarget: "" }, fromSelf),
  },
  {
    rule: "V12",
    reason: "duplicate",
    name: "same author and time; reactions are repeatable",
    dropped: text(),
    kept: data({ reaction }),
    context: { isKnownDuplicate: (from, timestamp) => from === alice && timestamp === now },
  },
  {
    rule: "V12",
    reason: "duplicate",
    name: "call seen before; receipts are not stored",
    dropped: call(5),
    kept: received({ receiptMessage: { type: 1, timestamp: [1n] } }),
    context: { isKnownDuplicate: () => true },
  },
  {
    rule: "V13",
    reason: "nothing-visible",
    name: "only a profile",
    dropped: data({ profile: { displayName: "A" } }),
    kept: data({ profile: { displayName: "A" }, groupUpdateMessage: left }),
  },
  {
    rule: "V13",
    reason: "nothing-visible",
    name: "a preview that was removed leaves nothing",
    dropped: data({ preview: [{ url: "https://example.org", title: "t" }] }),
    kept: data({ body: "https://example.org", preview: [{ url: "https://example.org", title: "t" }] }),
  },
  {
    rule: "V13",
    reason: "nothing-visible",
    name: "no part at all",
    dropped: received({}),
    kept: received({ messageRequestResponse: { isApproved: true } }),
  },
  {
    rule: "V14",
    reason: "foreign-unsend",
    name: "somebody else's message",
    dropped: received({ unsendRequest: { timestamp: 5n, author: self } }),
    kept: received({ unsendRequest: { timestamp: 5n, author: alice } }),
  },
  {
    rule: "V14",
    reason: "foreign-unsend",
    name: "time 0, or one that no message can have",
    dropped: received({ unsendRequest: { timestamp: 2n ** 60n, author: alice } }),
    kept: received({ unsendRequest: { timestamp: 2n ** 53n - 1n, author: alice } }),
  },
  {
    rule: "V15",
    reason: "typing-time",
    name: "typing at another time",
    dropped: received({ typingMessage: { timestamp: BigInt(now) - 1n, action: 0 } }),
    kept: received({ typingMessage: { timestamp: BigInt(now), action: 0 } }),
  },
  {
    rule: "V16",
    reason: "not-approved",
    name: "an answer that does not approve",
    dropped: received({ messageRequestResponse: { isApproved: false } }),
    kept: received({ messageRequestResponse: { isApproved: true } }),
  },
  {
    rule: "V16",
    reason: "not-approved",
    name: "an answer of a blinded id",
    dropped: received({ messageRequestResponse: { isApproved: true } }, { from: `15${"ab".repeat(32)}` }),
    kept: received({ messageRequestResponse: { isApproved: true } }),
  },
  {
    rule: "V17",
    reason: "own-call",
    name: "own offer; an own answer stops the ringing",
    dropped: call(1, fromSelf),
    kept: call(2, fromSelf),
  },
  {
    rule: "V18",
    reason: "old-call",
    name: "offer older than 5 minutes",
    dropped: call(1, { timestamp: now - 300_001 }),
    kept: call(1, { timestamp: now - 300_000 }),
  },
  {
    rule: "V18",
    reason: "old-call",
    name: "only offers age",
    dropped: call(1, { timestamp: now - 300_001 }),
    kept: call(5, { timestamp: now - 300_001 }),
  },
  {
    rule: "V19",
    reason: "switched-off",
    name: "receipts off, typing on",
    dropped: received({ receiptMessage: { type: 1, timestamp: [1n] } }),
    kept: received({ typingMessage: { timestamp: BigInt(now), action: 0 } }),
    context: { receipts: false },
  },
  {
    rule: "V19",
    reason: "switched-off",
    name: "typing off, receipts on",
    dropped: received({ typingMessage: { timestamp: BigInt(now), action: 0 } }),
    kept: received({ receiptMessage: { type: 1, timestamp: [1n] } }),
    context: { typing: false },
  },
  {
    rule: "V22",
    reason: "reaction-without-target",
    name: "no emoji",
    dropped: data({ reaction: { ...reaction, emoji: "" } }),
    kept: data({ reaction }),
  },
  {
    rule: "V22",
    reason: "reaction-without-target",
    name: "an emoji of 10 kB is none",
    dropped: data({ reaction: { ...reaction, emoji: "👍".repeat(2500) } }),
    kept: data({ reaction: { ...reaction, emoji: "👩🏽‍❤️‍💋‍👨🏿" } }),
  },
  {
    rule: "V22",
    reason: "reaction-without-target",
    name: "unknown target",
    dropped: data({ reaction: { ...reaction, id: 7n } }),
    kept: data({ reaction }),
    context: { isKnownTarget: (author, timestamp) => author === self && timestamp === now },
  },
  {
    rule: "V22",
    reason: "reaction-without-target",
    name: "a target time that no message can have",
    dropped: data({ reaction: { ...reaction, id: 2n ** 64n - 1n } }),
    kept: data({ reaction }),
  },
];

describe("rules that drop", () => {
  for (const { rule, reason, name, dropped, kept, context: extra, keptContext = extra } of drops) {
    it(`${rule} ${reason}: ${name}`, () => {
      expect(validate(dropped, { ...context, ...extra })).toEqual({ kind: "dropped", rule, reason });
      expect(validate(kept, { ...context, ...keptContext })).toMatchObject({ kind: "accepted" });
    });
  }
});

interface TrimCase {
  readonly rule: RuleId;
  readonly name: string;
  readonly before: DataMessage;
  readonly after: DataMessage;
}

const link = { url: "https://example.org/a", title: "t" };
const trims: readonly TrimCase[] = [
  {
    rule: "V8",
    name: "timer update with a body and attachments",
    before: { flags: 2, body: "x", attachments: [attachment], profile: { displayName: "A" } },
    after: { flags: 2, profile: { displayName: "A" } },
  },
  {
    rule: "V20",
    name: "10,001 code points outside the basic plane",
    before: { body: "😀".repeat(10_001) },
    after: { body: "😀".repeat(10_000) },
  },
  {
    rule: "V21",
    name: "link not in the body",
    before: { body: "see", preview: [link] },
    after: { body: "see" },
  },
  {
    rule: "V21",
    name: "only the beginning of a longer link is in the body",
    before: { body: "https://example.org/ab", preview: [link] },
    after: { body: "https://example.org/ab" },
  },
  {
    rule: "V21",
    name: "neither title nor image",
    before: { body: link.url, preview: [{ url: link.url, title: "" }] },
    after: { body: link.url },
  },
  {
    rule: "V21",
    name: "one of two",
    before: { body: `${link.url} x`, preview: [link, { url: "https://other.example", title: "o" }] },
    after: { body: `${link.url} x`, preview: [link] },
  },
];

describe("rules that trim", () => {
  for (const { rule, name, before, after } of trims) {
    it(`${rule}: ${name}`, () => {
      expect(validate(data(before), context)).toEqual({
        kind: "accepted",
        content: { sigTimestamp: BigInt(now), dataMessage: after },
        trimmedBy: [rule],
      });
    });
  }

  const untouched: readonly DataMessage[] = [
    { flags: 2 },
    { body: "😀".repeat(10_000) },
    { body: `(see ${link.url}).`, preview: [link] },
    { body: `first:${link.url}\nsecond`, preview: [{ url: link.url, image: attachment }] },
    { body: `${link.url}bc and ${link.url}`, preview: [link] },
  ];
  for (const message of untouched) {
    it(`leaves ${JSON.stringify(message.body ?? message.flags).slice(0, 40)} as it is`, () => {
      expect(validate(data(message), context)).toMatchObject({ kind: "accepted", trimmedBy: [] });
    });
  }

  it("V20 takes a lower limit from the context", () => {
    const verdict = validate(data({ body: "abc" }), { ...context, textLimit: 2 });
    expect(verdict).toMatchObject({ trimmedBy: ["V20"], content: { dataMessage: { body: "ab" } } });
  });
});

describe("the table", () => {
  it("has every rule once, and a test for each", () => {
    const table = [...senderRules, ...kindRules].map((rule) => `${rule.id} ${rule.reason}`).sort();
    const tested = new Set(drops.map(({ rule, reason }) => `${rule} ${reason}`));
    const trimmed = new Map([...senderRules, ...kindRules].map((rule) => [rule.id, rule.reason]));
    for (const { rule } of trims) tested.add(`${rule} ${trimmed.get(rule)}`);
    expect(table).toEqual([...tested].sort());
    expect(new Set(table.map((row) => row.split(" ")[0])).size).toBe(22);
  });

  it("lets every message pass that only unanswered questions could stop", () => {
    for (const { rule, dropped, context: extra } of drops) {
      if (extra === undefined || rule === "V5") continue;
      expect(validate(dropped, context)).toMatchObject({ kind: "accepted" });
    }
  });
});
