import { readFileSync } from "node:fs";
import { offerSdp, VERSION } from "session-messenger-sdk/client";
import { defaultCrypto } from "session-messenger-sdk/crypto";
import { decodeMessage, type IncomingMessage } from "session-messenger-sdk/messages";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { alice, bob } from "./support/accounts.js";
import { Conversation } from "./support/conversation.js";
import { until } from "./support/wait.js";

let here: Conversation;
beforeEach(async () => {
  here = await Conversation.open({ receipts: true, typing: true });
});
afterEach(() => here.close());

const kinds = (messages: readonly IncomingMessage[]): string[] => messages.map(({ kind }) => kind);
const errorOf = (code: string): object => ({ name: "SessionError", code });
/** Makes bob a contact on both sides. */
async function befriend(): Promise<void> {
  here.put({ kind: "text", text: "hello" });
  await here.poll();
  await here.client.acceptRequest(bob.sessionId);
  here.net.time += 1_000;
}

describe("send", () => {
  test("preview and invitation go along", async () => {
    const preview = { url: "https://example.org/a", title: "A page" };
    const invitation = { url: `https://open.example/room?public_key=${"ab".repeat(32)}`, name: "Room" };
    await here.client.send(bob.sessionId, { text: "look: https://example.org/a!", preview });
    await here.client.send(bob.sessionId, { invitation });
    expect(here.swarm()).toMatchObject([{ preview }, { text: "", invitation }]);
    expect(here.swarm(alice)).toMatchObject([
      { preview, conversation: bob.sessionId },
      { invitation, conversation: bob.sessionId },
    ]);
  });

  test("a quote may be a received message, what send answered, or author and time", async () => {
    here.put({ kind: "text", text: "question" });
    await here.poll();
    const [question] = here.told.message;
    if (question === undefined) throw new Error("no message");
    const first = await here.client.send(bob.sessionId, { text: "a", quote: question });
    await here.client.send(bob.sessionId, { text: "b", quote: first });
    const quote = { author: bob.sessionId, timestamp: 7 };
    await here.client.send(bob.sessionId, { text: "c", quote });
    expect(here.swarm().flatMap((message) => (message.kind === "text" ? [message.quote] : []))).toEqual([
      { author: bob.sessionId, timestamp: question.timestamp },
      { author: alice.sessionId, timestamp: first.timestamp },
      quote,
    ]);
  });

  const link = "https://example.org/a";
  const key = "ab".repeat(32);
  test.each([
    ["a preview of a link that is not in the text", { text: "x", preview: { url: link, title: "t" } }],
    ["a preview of a part of a link", { text: `${link}/b`, preview: { url: link, title: "t" } }],
    ["a preview with nothing to show", { text: link, preview: { url: link, title: "" } }],
    ["a preview without https", { text: "http://a.b", preview: { url: "http://a.b", title: "t" } }],
    ["a preview that is none", { text: "x", preview: 5 }],
    ["an invitation without its key", { invitation: { url: "https://a.b/room", name: "n" } }],
    ["an invitation without a name", { invitation: { url: `https://a.b/r?public_key=${key}`, name: "" } }],
    [
      "an invitation to a room without a name",
      { invitation: { url: `https://a.b/?public_key=${key}`, name: "" } },
    ],
    ["a quote that names nobody", { text: "x", quote: { timestamp: 5 } }, "ID_INVALID"],
    ["a text and a quote of no time", { text: "x", quote: { author: bob.sessionId, timestamp: -5 } }],
  ])("refuses %s", async (_name, content, code = "INVALID_ARGUMENT") => {
    await expect(here.client.send(bob.sessionId, content as never)).rejects.toMatchObject(errorOf(code));
    expect(here.net.calls).toEqual([]);
  });

  test("bursts of all kinds have timestamps of their own", async () => {
    await befriend();
    const { client } = here;
    const to = bob.sessionId;
    const target = { conversation: to, author: to, timestamp: 5 };
    const sending = Array.from({ length: 6 }, () => [
      client.send(to, { text: "x" }),
      client.react(target, "👍"),
      client.unreact(target, "👍"),
      client.notifyScreenshot(to),
      client.call.preOffer(to, client.call.newId()),
    ]);
    const results = await Promise.all(sending.flat());
    const times = results.map((result) => result?.timestamp);
    expect(new Set(times).size).toBe(30);
    const stored = here.swarm().slice(1);
    expect(new Set(stored.map(({ timestamp }) => timestamp)).size).toBe(30);
  });
});

describe("reactions", () => {
  test("are added and removed, with a copy for the own devices", async () => {
    here.put({ kind: "text", text: "hello" });
    await here.poll();
    const [message] = here.told.message;
    if (message === undefined) throw new Error("no message");
    await here.client.react(message, "👍");
    await here.client.unreact(message, "👍");
    const target = { author: bob.sessionId, timestamp: message.timestamp };
    const expected = [
      { kind: "reaction", emoji: "👍", action: "add", target },
      { kind: "reaction", emoji: "👍", action: "remove", target },
    ];
    expect(here.swarm().filter(({ kind }) => kind === "reaction")).toMatchObject(expected);
    const own = here.swarm(alice).filter(({ kind }) => kind === "reaction");
    expect(own).toMatchObject(expected.map((each) => ({ ...each, conversation: bob.sessionId })));
  });

  test("are heard of by their target", async () => {
    const { timestamp } = await here.client.send(bob.sessionId, { text: "x" });
    here.put({
      kind: "reaction",
      target: { author: alice.sessionId, timestamp },
      emoji: "🎉",
      action: "add",
    });
    await here.poll();
    expect(here.told.reaction).toMatchObject([
      { emoji: "🎉", action: "add", target: { author: alice.sessionId, timestamp }, from: bob.sessionId },
    ]);
  });

  test("no more than 20 in a minute, and the error says when to go on", async () => {
    const target = { to: bob.sessionId, timestamp: 5 };
    for (let i = 0; i < 20; i++) await here.client.react(target, "👍");
    await expect(here.client.react(target, "👍")).rejects.toMatchObject({
      code: "RATE_LIMITED",
      details: { retryAfterMs: 60_000 },
    });
    here.net.time += 60_000;
    await here.client.react(target, "👍");
  });

  test.each(["", "   ", "👍".repeat(2_500), 5])("refuses %j", async (emoji) => {
    const target = { to: bob.sessionId, timestamp: 5 };
    const reacting = here.client.react(target, emoji as string);
    await expect(reacting).rejects.toMatchObject(errorOf("INVALID_ARGUMENT"));
  });
});

describe("markRead", () => {
  test("up to a time: tells accepted people what was read, once", async () => {
    await befriend();
    const first = here.put({ kind: "text", text: "one" }).sentAt;
    here.net.time++;
    const second = here.put({ kind: "text", text: "two" }).sentAt;
    here.net.time++;
    here.put({ kind: "text", text: "three" });
    await here.poll();
    const { timestamps, receipt } = await here.client.markRead(bob.sessionId, second);
    expect(timestamps).toEqual([first - 1_000, first, second]);
    expect(receipt?.to).toBe(bob.sessionId);
    expect(here.swarm().filter(({ kind }) => kind === "receipt")).toMatchObject([
      { receipt: "read", timestamps: [first - 1_000, first, second] },
    ]);
    expect(receipt?.synced).toBeUndefined();
    expect((await here.client.markRead(bob.sessionId, second)).timestamps).toEqual([]);
    await here.reopen();
    expect((await here.client.markRead(bob.sessionId, second + 1)).timestamps).toEqual([second + 1]);
  });

  test("named messages; own ones are not read", async () => {
    await befriend();
    const own = await here.client.send(bob.sessionId, { text: "mine" });
    here.put({ kind: "text", text: "one" });
    await here.poll();
    const messages = [...here.told.message];
    const read = await here.client.markRead(bob.sessionId, [
      ...messages,
      { ...own, conversation: bob.sessionId },
    ]);
    expect(read.timestamps).toEqual(messages.map(({ timestamp }) => timestamp));
    const foreign = { conversation: alice.sessionId, author: alice.sessionId, timestamp: 5 };
    await expect(here.client.markRead(bob.sessionId, [foreign])).rejects.toMatchObject(
      errorOf("INVALID_ARGUMENT"),
    );
  });

  test("tells nobody who is not accepted, is blocked, or while receipts are off", async () => {
    here.put({ kind: "text", text: "one" });
    await here.poll();
    const stranger = await here.client.markRead(bob.sessionId, here.net.time);
    expect(stranger).toEqual({ timestamps: [here.net.time] });
    await here.client.acceptRequest(bob.sessionId);
    here.net.time++;
    here.put({ kind: "text", text: "two" });
    await here.poll();
    await here.client.block(bob.sessionId);
    expect(await here.client.markRead(bob.sessionId, here.net.time)).toEqual({ timestamps: [here.net.time] });
    await here.client.unblock(bob.sessionId);
    await here.reopen({ receipts: false });
    here.net.time++;
    here.put({ kind: "text", text: "three" });
    await here.poll();
    expect(await here.client.markRead(bob.sessionId, here.net.time)).toEqual({ timestamps: [here.net.time] });
    expect(kinds(here.swarm())).not.toContain("receipt");
  });

  test.each([0, -1, 1.5, Number.NaN, "x", null])("refuses %j", async (read) => {
    const reading = here.client.markRead(bob.sessionId, read as never);
    await expect(reading).rejects.toMatchObject(errorOf("INVALID_ARGUMENT"));
  });
});

describe("typing", () => {
  const typings = (): boolean[] =>
    here.swarm().flatMap((message) => (message.kind === "typing" ? [message.typing] : []));

  test("starts at once, is renewed after 10 s, and ends in silence", async () => {
    await befriend();
    expect(here.client.typing.start(bob.sessionId)).toBe(true);
    here.client.typing.start(bob.sessionId);
    await until(() => typings().length === 1);
    here.net.time += 10_000;
    here.client.typing.start(bob.sessionId);
    await until(() => typings().length === 2);
    expect(here.timers.pauses).toContain(10_000);
    here.timers.runNext();
    await until(() => typings().length === 3);
    expect(typings()).toEqual([true, true, false]);
    const [first] = here.net.callsOf("store").filter(({ params }) => params["ttl"] === 20_000);
    expect(first?.params["pubkey"]).toBe(bob.sessionId);
    expect(kinds(here.swarm(alice))).not.toContain("typing");
  });

  test("ends with a message, which says it by itself", async () => {
    await befriend();
    here.client.typing.start(bob.sessionId);
    await until(() => typings().length === 1);
    await here.client.send(bob.sessionId, { text: "x" });
    here.client.typing.stop(bob.sessionId);
    await here.client.send(bob.sessionId, { text: "y" });
    expect(typings()).toEqual([true]);
    expect(here.timers.pauses).not.toContain(10_000);
  });

  test("nothing to strangers, blocked people, oneself, or while it is off", async () => {
    expect(here.client.typing.start(bob.sessionId)).toBe(false);
    await befriend();
    await here.client.block(bob.sessionId);
    expect(here.client.typing.start(bob.sessionId)).toBe(false);
    expect(here.client.typing.start(alice.sessionId)).toBe(false);
    await here.client.unblock(bob.sessionId);
    await here.reopen({ typing: false });
    expect(here.client.typing.start(bob.sessionId)).toBe(false);
    expect(() => here.client.typing.start("bob")).toThrow(expect.objectContaining(errorOf("ID_INVALID")));
  });

  test("of others: a flood is one change; it ends after 15 s or with a message", async () => {
    for (let i = 0; i < 50; i++) {
      here.put({ kind: "typing", typing: true });
      here.net.time++;
    }
    await here.poll();
    expect(here.told.typing).toEqual([{ from: bob.sessionId, typing: true }]);
    expect(here.timers.pauses.length).toBe(1);
    here.timers.runNext();
    expect(here.told.typing.at(-1)).toEqual({ from: bob.sessionId, typing: false });
    here.put({ kind: "typing", typing: true });
    here.net.time++;
    here.put({ kind: "text", text: "there" });
    await here.poll();
    expect(here.told.typing.slice(2).map(({ typing }) => typing)).toEqual([true, false]);
    here.put({ kind: "typing", typing: true });
    here.net.time += 15_000;
    await here.poll();
    expect(here.told.typing.length).toBe(4);
  });
});

describe("unsend and deleteLocally", () => {
  test("asks the other party and the own devices, and deletes the own copy", async () => {
    const sent = await here.client.send(bob.sessionId, { text: "oops" });
    const result = await here.client.unsend(sent);
    expect(result.deleted).toBe(true);
    const request = { kind: "unsend", target: { author: alice.sessionId, timestamp: sent.timestamp } };
    expect(here.swarm()).toMatchObject([{ kind: "text" }, request]);
    expect(here.swarm(alice)).toMatchObject([request]);
    expect(here.net.callsOf("delete").map(({ params }) => params["messages"])).toEqual([[sent.synced?.hash]]);
    expect(result.timestamp).toBeGreaterThan(sent.timestamp);
  });

  test("of a note to self goes to the own devices alone", async () => {
    const note = await here.client.send(alice.sessionId, { text: "note" });
    await here.client.unsend(note);
    expect(kinds(here.swarm(alice))).toEqual(["unsend"]);
    expect(new Set(here.net.callsOf("store").map(({ params }) => params["pubkey"]))).toEqual(
      new Set([alice.sessionId]),
    );
  });

  test("the deletion in the own swarm is tried again, also after a restart", async () => {
    const sent = await here.client.send(bob.sessionId, { text: "oops" });
    here.net.intercept = ({ method }) => (method === "delete" ? { status: 500, body: "no" } : undefined);
    const unsending = here.client.unsend(sent);
    await until(() => here.net.callsOf("delete").length > 0);
    while (here.timers.pauses.some((pause) => pause <= 1_000)) {
      here.timers.runNext();
      for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await unsending).deleted).toBe(false);
    here.net.intercept = undefined;
    await here.reopen();
    await here.poll();
    await until(() => !here.items().some(({ hash }) => hash === sent.synced?.hash));
  });

  test("of somebody else's message is refused", async () => {
    const target = { conversation: bob.sessionId, author: bob.sessionId, timestamp: 5 };
    await expect(here.client.unsend(target)).rejects.toMatchObject(errorOf("INVALID_ARGUMENT"));
  });

  test("an unsent message does not come any more: neither from the inbox nor again", async () => {
    await here.reopen({}, false);
    const { sentAt, data } = here.put({ kind: "text", text: "oops" });
    await here.poll();
    here.net.time++;
    here.put({ kind: "unsend", target: { author: bob.sessionId, timestamp: sentAt } });
    await here.poll();
    here.listen();
    await here.poll();
    expect(here.told.message).toEqual([]);
    expect(here.told.dropped).toMatchObject([{ rule: "§6.7", reason: "deleted" }]);
    expect(here.told.unsend).toMatchObject([{ target: { author: bob.sessionId, timestamp: sentAt } }]);
    expect(data.length).toBeGreaterThan(0);
    here.put({ kind: "text", text: "oops" }, { timestamp: sentAt });
    await here.poll();
    expect(here.told.message).toEqual([]);
  });

  test("a message deleted here does not come again, and nobody else hears of it", async () => {
    const { sentAt } = here.put({ kind: "text", text: "x" });
    await here.client.deleteLocally({
      conversation: bob.sessionId,
      author: bob.sessionId,
      timestamp: sentAt,
    });
    const before = here.net.calls.length;
    await here.poll();
    expect(here.told.message).toEqual([]);
    expect(here.told.dropped).toMatchObject([{ rule: "§6.7" }]);
    expect(here.net.calls.slice(before).map(({ method }) => method)).not.toContain("delete");
  });
});

describe("calls", () => {
  const calls = (account = bob): unknown[] =>
    here.swarm(account).flatMap((message) => {
      if (message.kind !== "call") return [];
      const { step, callId, sdp, candidates } = message;
      return [{ step, callId, sdp, candidates }];
    });

  test("ids are UUIDs of version 4", () => {
    const ids = Array.from({ length: 50 }, () => here.client.call.newId());
    for (const id of ids)
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(new Set(ids).size).toBe(50);
  });

  test("every step: who gets it, and for how long", async () => {
    const { call } = here.client;
    const id = call.newId();
    const to = bob.sessionId;
    await call.preOffer(to, id);
    await call.offer(to, id, "offer");
    await call.answer(to, id, "answer");
    await call.end(to, id);
    await call.reject(to, id);
    const none = { sdp: undefined, candidates: [] };
    expect(calls()).toEqual([
      { step: "pre-offer", callId: id, ...none },
      { step: "offer", callId: id, ...none, sdp: "offer" },
      { step: "answer", callId: id, ...none, sdp: "answer" },
      { step: "end", callId: id, ...none },
      { step: "end", callId: id, ...none },
    ]);
    expect(calls(alice)).toEqual([
      { step: "answer", callId: id, ...none, sdp: "answer" },
      { step: "end", callId: id, ...none },
    ]);
    expect(new Set(here.net.callsOf("store").map(({ params }) => params["ttl"]))).toEqual(new Set([300_000]));
  });

  test("candidates are sent together, two seconds after the last one", async () => {
    const { call } = here.client;
    const id = call.newId();
    const candidate = (lineIndex: number) => ({
      sdp: `candidate:${lineIndex}`,
      lineIndex,
      mid: `${lineIndex}`,
    });
    for (let i = 0; i < 3; i++) call.addIceCandidate(bob.sessionId, id, candidate(i));
    expect(here.timers.pauses).toContain(2_000);
    expect(here.net.callsOf("store")).toEqual([]);
    here.timers.runNext();
    await until(() => calls().length === 1);
    expect(calls()).toMatchObject([{ step: "ice-candidates", candidates: [0, 1, 2].map(candidate) }]);
    call.addIceCandidate(bob.sessionId, id, candidate(3));
    await call.flush(id);
    expect(await call.flush(id)).toBeUndefined();
    call.addIceCandidate(bob.sessionId, id, candidate(4));
    await call.end(bob.sessionId, id);
    expect(calls()).toMatchObject([{}, { candidates: [candidate(3)] }, { step: "end" }]);
    expect(here.timers.pauses).not.toContain(2_000);
  });

  test("what is refused", async () => {
    const { call } = here.client;
    const id = call.newId();
    for (const wrong of [id.toUpperCase(), id.replace(/^(.{14})4/, "$11"), "", 5])
      await expect(call.preOffer(bob.sessionId, wrong as string)).rejects.toMatchObject(
        errorOf("INVALID_ARGUMENT"),
      );
    await expect(call.preOffer(alice.sessionId, id)).rejects.toMatchObject(errorOf("INVALID_ARGUMENT"));
    await expect(call.offer(bob.sessionId, id, "")).rejects.toMatchObject(errorOf("INVALID_ARGUMENT"));
    expect(() => call.addIceCandidate(bob.sessionId, id, { sdp: "x", lineIndex: -1, mid: "" })).toThrow();
    await here.client.block(bob.sessionId);
    await expect(call.preOffer(bob.sessionId, id)).rejects.toMatchObject(errorOf("CONTACT_BLOCKED"));
    expect(here.net.callsOf("store")).toEqual([]);
  });

  test("the offer's description asks for a constant bit rate and no loudness", () => {
    const sdp = [
      "a=fmtp:111 minptime=10;useinbandfec=1",
      "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
      "a=fmtp:112 x=1;y=2",
      "",
    ].join("\r\n");
    expect(offerSdp(sdp)).toBe("a=fmtp:111 minptime=10;cbr=1\r\na=fmtp:112 x=1;y=2\r\n");
  });

  test("signals of the other party are delivered", async () => {
    const id = here.client.call.newId();
    here.put({ kind: "call", step: "offer", callId: id, sdp: "x" });
    await here.poll();
    expect(here.told.call).toMatchObject([{ step: "offer", callId: id, sdp: "x", from: bob.sessionId }]);
  });
});

describe("notices", () => {
  test("of saved media and screenshots go to accepted people, and wait in no queue", async () => {
    here.put({ kind: "text", text: "a picture" });
    await here.poll();
    const [message] = here.told.message;
    if (message === undefined) throw new Error("no message");
    expect(await here.client.notifyMediaSaved(message)).toBeUndefined();
    await here.client.acceptRequest(bob.sessionId);
    await here.client.setDisappearing(bob.sessionId, { mode: "after-send", seconds: 60 });
    await here.client.notifyMediaSaved(message);
    await here.client.notifyScreenshot(bob.sessionId);
    const notices = here.swarm().filter(({ kind }) => kind === "data-extraction");
    const expiration = { mode: "after-read", seconds: 60 };
    expect(notices).toMatchObject([
      { extraction: "media-saved", target: message.timestamp, expiration },
      { extraction: "screenshot", expiration },
    ]);
    expect(kinds(here.swarm(alice)).filter((kind) => kind === "data-extraction")).toEqual([]);
  });

  test("of the other party are delivered", async () => {
    here.put({ kind: "data-extraction", extraction: "screenshot" });
    await here.poll();
    expect(here.told["data-extraction"]).toMatchObject([{ extraction: "screenshot", from: bob.sessionId }]);
  });
});

describe("Session Pro", () => {
  const backend = defaultCrypto.ed25519KeyPair(new Uint8Array(32).fill(7));
  const rotating = defaultCrypto.ed25519KeyPair(new Uint8Array(32).fill(8));
  const tag = new Uint8Array(32).fill(9);
  const seconds = 2_000_000_000;
  const signed = Buffer.concat([
    Buffer.from("ProProof_v0_____"),
    tag,
    rotating.publicKey,
    Buffer.from(`${seconds}`),
  ]);
  const proof = {
    genIndexHash: tag,
    rotatingPublicKey: rotating.publicKey,
    expireAtMs: BigInt(seconds),
    sig: defaultCrypto.ed25519Sign(signed, backend.secretKey),
  };
  const received = (account = bob): unknown[] =>
    here.items(account).map((item) => {
      const context = { account, now: here.net.time, proBackendKey: backend.publicKey };
      const result = decodeMessage(item, context);
      return result.kind === "message" && result.message.pro;
    });

  test("a proof goes with what uses it, on both copies; anything else looks as always", async () => {
    const long = "😀".repeat(10_000);
    await expect(here.client.send(bob.sessionId, { text: long })).rejects.toMatchObject({
      code: "MESSAGE_TOO_LONG",
    });
    await here.reopen({ pro: { proof, rotatingKey: rotating.secretKey } });
    await here.client.send(bob.sessionId, { text: long });
    await here.client.send(bob.sessionId, { text: "short" });
    const status = { status: "valid", layout: "B", profileBits: 0n, messageBits: 1n };
    expect(received()).toEqual([status, undefined]);
    expect(received(alice)).toEqual([status, undefined]);
    await expect(here.client.send(bob.sessionId, { text: `${long}x` })).rejects.toMatchObject({
      code: "MESSAGE_TOO_LONG",
    });
    await here.reopen({ pro: { proof, rotatingKey: rotating.secretKey, profileBits: 1n } });
    await here.client.send(bob.sessionId, { text: "with a badge" });
    await here.client.unsend({ to: bob.sessionId, timestamp: 5 });
    expect(received().slice(2)).toEqual([{ ...status, profileBits: 1n, messageBits: 0n }, undefined]);
  });
});

test("the version is the package's", () => {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  expect(VERSION).toBe(version);
});
