import type { Content } from "session-messenger-sdk/proto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { alice, bob } from "./support/accounts.js";
import { Conversation } from "./support/conversation.js";

let here: Conversation;
beforeEach(async () => {
  here = await Conversation.open({ requireSignedTimestamp: true });
});
afterEach(() => here.close());

const text = (body = "hi"): Content => ({ dataMessage: { body } });
const signed = (content: Content, time = here.net.time): Content => ({
  ...content,
  sigTimestamp: BigInt(time),
});

/** Everything that was told about messages since the last call. */
async function told(): Promise<{ dropped: unknown[]; messages: number }> {
  here.told.dropped.length = 0;
  const count = (): number =>
    here.told.message.length + here.told.reaction.length + here.told.receipt.length + here.told.call.length;
  const before = count();
  await here.poll();
  expect(here.told.error).toEqual([]);
  return {
    dropped: here.told.dropped.map(({ rule, reason }) => `${rule} ${reason}`),
    messages: count() - before,
  };
}

describe("rules without state: the event names rule and reason", () => {
  const foreign = { dataMessage: { body: "x", syncTarget: bob.sessionId } };
  const pointer = { id: 0n, url: "http://filev2.getsession.org/file/1" };
  const later = 1n;
  const cases: Array<[string, () => void, string]> = [
    ["V1", () => here.putContent(signed(text()), { timestamp: here.net.time + 1 }), "timestamp-mismatch"],
    ["V2", () => here.putContent(text()), "timestamp-unsigned"],
    ["V7", () => here.putContent(signed({ dataMessage: { body: "x", flags: 1 } })), "unknown-flags"],
    [
      "V9",
      () => here.putContent(signed({ dataMessage: { attachments: Array(33).fill(pointer) } })),
      "too-many-attachments",
    ],
    ["V10", () => here.putContent(signed(foreign)), "foreign-sync-copy"],
    [
      "V11",
      () =>
        here.putContent(signed({ dataMessage: { body: "x", syncTarget: "__textsecure_group__!00" } }), {
          from: alice,
        }),
      "legacy-target",
    ],
    ["V13", () => here.putContent(signed({ dataMessage: {} })), "nothing-visible"],
    [
      "V14",
      () =>
        here.putContent(
          signed({ unsendRequest: { timestamp: BigInt(here.net.time), author: alice.sessionId } }),
        ),
      "foreign-unsend",
    ],
    [
      "V15",
      () =>
        here.putContent(signed({ typingMessage: { timestamp: BigInt(here.net.time) + later, action: 0 } })),
      "typing-time",
    ],
    ["V16", () => here.putContent(signed({ messageRequestResponse: { isApproved: false } })), "not-approved"],
    [
      "V17",
      () => here.putContent(signed({ callMessage: { type: 1, uuid: "u" } }), { from: alice }),
      "own-call",
    ],
    [
      "V18",
      () => {
        const time = here.net.time - 300_001;
        here.putContent(signed({ callMessage: { type: 1, uuid: "u", sdps: ["x"] } }, time), {
          timestamp: time,
        });
      },
      "old-call",
    ],
    [
      "V22",
      () =>
        here.putContent(
          signed({ dataMessage: { reaction: { id: 1n, author: alice.sessionId, emoji: "", action: 0 } } }),
        ),
      "reaction-without-target",
    ],
  ];
  test.each(cases)("%s", async (rule, put, reason) => {
    put();
    expect(await told()).toEqual({ dropped: [`${rule} ${reason}`], messages: 0 });
  });

  test("V8: a timer update with a text is a timer update", async () => {
    here.putContent(signed({ dataMessage: { flags: 2, body: "x" }, expirationType: 2, expirationTimer: 60 }));
    expect(await told()).toEqual({ dropped: [], messages: 0 });
    expect(here.told["timer-update"]).toMatchObject([{ expiration: { mode: "after-send", seconds: 60 } }]);
  });

  test("V20 cuts a text, V21 takes the preview off: the message arrives", async () => {
    const preview = [{ url: "https://other.example", title: "no such link" }];
    here.putContent(signed({ dataMessage: { body: "😀".repeat(10_001), preview } }));
    expect(await told()).toEqual({ dropped: [], messages: 1 });
    expect([...(here.told.message[0]?.text ?? "")].length).toBe(10_000);
    expect(here.told.message[0]?.preview).toBeUndefined();
    expect(here.told.message[0]?.normalized?.rules).toEqual(["V20", "V21"]);
  });

  test("negative and far-future times: no crash, nothing kept for ever", async () => {
    const far = 2n ** 53n - 1n;
    here.putContent({ ...text(), sigTimestamp: 2n ** 64n - 1n }, { timestamp: here.net.time });
    here.putContent({ ...text("far"), sigTimestamp: far }, { timestamp: Number(far) });
    const { messages, dropped } = await told();
    expect(messages).toBe(1);
    expect(dropped.length).toBe(1);
    const [message] = here.told.message;
    if (message === undefined) throw new Error("the message did not come");
    expect((await here.client.markRead(bob.sessionId, [message])).timestamps).toEqual([]);
  });
});

describe("rules with state", () => {
  test("V4: a blocked person is not heard, nor do they make anybody an admin", async () => {
    await here.client.block(bob.sessionId);
    here.putContent(signed(text()));
    const groupUpdateMessage = {
      promoteMessage: { groupIdentitySeed: new Uint8Array(32), name: "g" },
    };
    here.putContent(signed({ dataMessage: { groupUpdateMessage } }));
    expect(await told()).toEqual({ dropped: ["V4 blocked", "groups §8.1 blocked"], messages: 0 });
    await here.reopen();
    here.putContent(signed(text("still")));
    expect(await told()).toEqual({ dropped: ["V4 blocked"], messages: 0 });
    await here.client.unblock(bob.sessionId);
    here.net.time++;
    here.putContent(signed(text("again")));
    expect(await told()).toEqual({ dropped: [], messages: 1 });
  });

  test("V4: what is in the inbox when its author is blocked does not come either", async () => {
    await here.reopen({}, false);
    here.putContent(signed(text()));
    await here.poll();
    await here.client.block(bob.sessionId);
    here.listen();
    expect(await told()).toEqual({ dropped: ["V4 blocked"], messages: 0 });
  });

  test("V6: what was written two minutes before the conversation was removed is dropped", async () => {
    here.net.time += 1_000_000;
    await here.client.contacts.remove(bob.sessionId);
    const removedAt = here.net.time;
    here.net.time += 1_000;
    for (const age of [120_001, 120_000]) {
      const time = removedAt - age;
      here.putContent(signed(text(`${age}`), time), { timestamp: time });
    }
    expect(await told()).toEqual({ dropped: ["V6 conversation-removed"], messages: 1 });
    expect(here.told.message.map((message) => message.text)).toEqual(["120000"]);
  });

  test("V12: a second message of the same sender and time is a duplicate, a reaction is not", async () => {
    here.putContent(signed(text("one")));
    here.putContent(signed(text("two")));
    expect(await told()).toEqual({ dropped: ["V12 duplicate"], messages: 1 });
    const reaction = { id: BigInt(here.net.time), author: bob.sessionId, emoji: "👍", action: 0 } as const;
    here.putContent(signed({ dataMessage: { reaction } }));
    here.putContent(signed({ dataMessage: { reaction: { ...reaction, emoji: "👎" } } }));
    expect(await told()).toEqual({ dropped: [], messages: 2 });
  });

  test("V19: receipts and typing are ignored while they are switched off, which they are by default", async () => {
    const { timestamp } = await here.client.send(bob.sessionId, { text: "x" });
    const receipt = { receiptMessage: { type: 1, timestamp: [BigInt(timestamp)] } } as const;
    const typing = (): Content => ({ typingMessage: { timestamp: BigInt(here.net.time), action: 0 } });
    here.putContent(signed(receipt));
    here.putContent(signed(typing()));
    expect(await told()).toEqual({ dropped: ["V19 switched-off", "V19 switched-off"], messages: 0 });
    await here.reopen({ receipts: true, typing: true });
    here.putContent(signed(receipt));
    here.putContent(signed(typing()));
    expect(await told()).toEqual({ dropped: [], messages: 1 });
    expect(here.told.typing).toEqual([{ from: bob.sessionId, typing: true }]);
  });

  test("V22: a reaction to something unknown, of another conversation, or deleted is ignored", async () => {
    const toSelf = await here.client.send(alice.sessionId, { text: "note" });
    const { timestamp } = await here.client.send(bob.sessionId, { text: "x" });
    const react = (id: number): void => {
      here.putContent(
        signed({
          dataMessage: { reaction: { id: BigInt(id), author: alice.sessionId, emoji: "👍", action: 0 } },
        }),
      );
      here.net.time++;
    };
    react(timestamp);
    react(timestamp + 500);
    react(toSelf.timestamp);
    const ignored = "V22 reaction-without-target";
    expect(await told()).toEqual({ dropped: [ignored, ignored], messages: 1 });
    await here.client.deleteLocally({ to: bob.sessionId, timestamp });
    react(timestamp);
    expect(await told()).toEqual({ dropped: [ignored], messages: 0 });
  });

  test("§6.5: a receipt counts for messages of its conversation only", async () => {
    await here.reopen({ receipts: true });
    const toSelf = await here.client.send(alice.sessionId, { text: "note" });
    const toBob = await here.client.send(bob.sessionId, { text: "x" });
    const times = [toSelf.timestamp, toBob.timestamp, toBob.timestamp + 999];
    here.put({ kind: "receipt", timestamps: times });
    here.put({ kind: "receipt", timestamps: [toSelf.timestamp] });
    expect(await told()).toEqual({ dropped: ["§6.5 receipt-without-target"], messages: 1 });
    expect(here.told.receipt.map(({ timestamps }) => timestamps)).toEqual([[toBob.timestamp]]);
  });
});
