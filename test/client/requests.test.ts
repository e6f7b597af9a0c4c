import { SessionError } from "session-messenger-sdk/errors";
import { accountFromSeed } from "session-messenger-sdk/identity";
import type { IncomingMessage, Profile } from "session-messenger-sdk/messages";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { alice, bob } from "./support/accounts.js";
import { Conversation } from "./support/conversation.js";
import { deferred, until } from "./support/wait.js";

let here: Conversation;
beforeEach(async () => {
  here = await Conversation.open();
});
afterEach(() => here.close());

const to = bob.sessionId;
const state = (): unknown => {
  const contact = here.client.contacts.get(to);
  return contact && { approved: contact.approved, approvedMe: contact.approvedMe, blocked: contact.blocked };
};
const shape = (messages: readonly IncomingMessage[]): unknown[] =>
  messages.map(({ kind, timestamp }) => [kind, timestamp]);

describe("message requests", () => {
  test("a stranger's message is a request, told by `contact`", async () => {
    here.put({ kind: "text", text: "hello" });
    await here.poll();
    expect(state()).toEqual({ approved: false, approvedMe: true, blocked: false });
    expect(here.told.contact).toMatchObject([{ id: to, approved: false, approvedMe: true }]);
    here.net.time++;
    here.put({ kind: "text", text: "hello?" });
    await here.poll();
    expect(here.told.contact.length).toBe(1);
  });

  test("signs of life of strangers make no contact", async () => {
    await here.reopen({ typing: true, receipts: true });
    here.put({ kind: "typing", typing: true });
    here.put({ kind: "receipt", timestamps: [5] });
    await here.poll();
    expect(here.client.contacts.list()).toEqual([]);
  });

  test("accepting tells them, with the own profile, once; and survives a restart", async () => {
    await here.client.setProfile({ name: "Alice" });
    here.put({ kind: "text", text: "hello" });
    await here.poll();
    const result = await here.client.acceptRequest(to);
    expect(result?.to).toBe(to);
    expect(await here.client.acceptRequest(to)).toBeUndefined();
    const seconds = Math.floor(here.net.time / 1000);
    expect(here.swarm()).toMatchObject([
      { kind: "request-response", profile: { name: "Alice", updatedAt: seconds } },
    ]);
    expect(here.swarm(alice).map(({ kind }) => kind)).toEqual(["text"]);
    await here.reopen();
    expect(state()).toEqual({ approved: true, approvedMe: true, blocked: false });
  });

  test("accepting somebody who has not written tells nobody", async () => {
    expect(await here.client.acceptRequest(to)).toBeUndefined();
    expect(state()).toEqual({ approved: true, approvedMe: false, blocked: false });
    expect(here.net.calls).toEqual([]);
  });

  test("answering is accepting: the response goes ahead, 100 ms earlier, to them alone", async () => {
    here.put({ kind: "text", text: "hello" });
    await here.poll();
    const [first, second] = await Promise.all([
      here.client.send(to, { text: "hi" }),
      here.client.send(to, { text: "there" }),
    ]);
    expect(shape(here.swarm())[0]).toEqual(["request-response", first.timestamp - 100]);
    expect(
      here
        .swarm()
        .map(({ kind }) => kind)
        .sort(),
    ).toEqual(["request-response", "text", "text"]);
    expect(here.told.sent.find(({ kind }) => kind === "request-response")).toMatchObject({
      to,
      timestamp: first.timestamp - 100,
    });
    expect(here.swarm(alice).filter(({ outgoing }) => outgoing).length).toBe(2);
    expect(second.timestamp).toBe(first.timestamp + 1);
    await here.client.send(to, { text: "again" });
    expect(here.swarm().filter(({ kind }) => kind === "request-response").length).toBe(1);
  });

  test("in a burst the response's time is still nobody else's", async () => {
    const third = accountFromSeed(new Uint8Array(16).fill(3));
    here.put({ kind: "text", text: "hello" });
    await here.poll();
    const others = await Promise.all(
      Array.from({ length: 5 }, (_, i) => here.client.send(third.sessionId, { text: `${i}` })),
    );
    const answer = await here.client.send(to, { text: "hi" });
    const times = [...others, answer].map(({ timestamp }) => timestamp);
    expect(times).not.toContain(answer.timestamp - 100);
    expect(Math.max(...others.map(({ timestamp }) => timestamp))).toBeLessThan(answer.timestamp - 100);
  });

  test("the first message to a stranger has no response, and theirs counts as approval", async () => {
    await here.client.send(to, { text: "hello" });
    expect(here.swarm().map(({ kind }) => kind)).toEqual(["text"]);
    expect(state()).toEqual({ approved: true, approvedMe: false, blocked: false });
    here.put({ kind: "request-response", profile: { name: "Bob", updatedAt: 5 } });
    await here.poll();
    expect(state()).toEqual({ approved: true, approvedMe: true, blocked: false });
    expect(here.told["request-response"]).toMatchObject([{ from: to, profile: { name: "Bob" } }]);
    expect(here.client.getProfile(to)).toEqual({ name: "Bob", updatedAt: 5 });
  });

  test("what another device sends to them accepts them here too", async () => {
    here.put({ kind: "text", text: "hello" });
    here.net.time++;
    here.putCopy({ kind: "text", text: "hi" });
    await here.poll();
    expect(state()).toEqual({ approved: true, approvedMe: true, blocked: false });
  });

  test("a send that fails accepts nobody, and the next one tells them", async () => {
    here.put({ kind: "text", text: "hello" });
    await here.poll();
    here.net.intercept = ({ method }) => {
      if (method === "store") throw new SessionError("SWARM_BAD_REQUEST", "no");
      return undefined;
    };
    await expect(here.client.send(to, { text: "hi" })).rejects.toMatchObject({ code: "SEND_FAILED" });
    expect(state()).toEqual({ approved: false, approvedMe: true, blocked: false });
    here.net.intercept = undefined;
    await here.client.send(to, { text: "hi" });
    expect(here.swarm().map(({ kind }) => kind)).toEqual(["request-response", "text"]);
  });

  test("the response is not lost with the process: the next client sends both", async () => {
    here.put({ kind: "text", text: "hello" });
    await here.poll();
    const gate = deferred();
    here.net.intercept = async ({ method }) => {
      if (method === "store") await gate.promise;
      return method === "store" ? { status: 500, body: "no" } : undefined;
    };
    const lost = here.client.send(to, { text: "hi" }).catch((error: SessionError) => error.code);
    await until(() => here.net.callsOf("store").length > 0);
    const closing = here.client.close();
    await until(() => here.timers.pauses.length === 0);
    gate.resolve();
    await closing;
    here.net.intercept = undefined;
    await here.reopen();
    expect(await lost).toBe("CLOSED");
    await until(() => here.swarm().length >= 2);
    const [response, message] = here.swarm();
    expect([response?.kind, message?.kind]).toEqual(["request-response", "text"]);
    expect((message?.timestamp ?? 0) - (response?.timestamp ?? 0)).toBe(100);
    expect(state()).toEqual({ approved: true, approvedMe: true, blocked: false });
  });

  test("a blocked person gets nothing", async () => {
    await here.client.block(to);
    const blocked = { name: "SessionError", code: "CONTACT_BLOCKED" };
    await expect(here.client.send(to, { text: "x" })).rejects.toMatchObject(blocked);
    await expect(here.client.react({ to, timestamp: 5 }, "👍")).rejects.toMatchObject(blocked);
    await expect(here.client.setDisappearing(to, "off")).rejects.toMatchObject(blocked);
    expect(here.net.calls).toEqual([]);
    await expect(here.client.block(alice.sessionId)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await expect(here.client.block("x")).rejects.toMatchObject({ code: "ID_INVALID" });
  });

  test("accepting somebody unblocks them; removing keeps the block", async () => {
    await here.client.block(to);
    await here.client.acceptRequest(to);
    expect(state()).toEqual({ approved: true, approvedMe: false, blocked: false });
    await here.client.block(to);
    await here.client.contacts.remove(to);
    expect(state()).toEqual({ approved: false, approvedMe: false, blocked: true });
  });
});

describe("profiles", () => {
  const picture = { url: "http://filev2.getsession.org/file/1", key: new Uint8Array(32).fill(7) };

  test("the own one goes with visible messages, not with copies", async () => {
    expect(here.client.getProfile()).toBeUndefined();
    const profile = await here.client.setProfile({ name: "  Älice\u200b ", picture });
    const updatedAt = Math.floor(here.net.time / 1000);
    expect(profile).toEqual({ name: "Älice", picture, updatedAt });
    expect(here.told.contact).toEqual([]);
    await here.client.send(to, { text: "x" });
    await here.client.react({ to, timestamp: 5 }, "👍");
    for (const message of here.swarm()) expect(message).toMatchObject({ profile });
    for (const message of here.swarm(alice)) expect(message.content.dataMessage?.profile).toBeUndefined();
    await here.reopen();
    expect(here.client.getProfile()).toEqual(profile);
  });

  test("every change is newer than the last one", async () => {
    const first = await here.client.setProfile({ name: "A" });
    const second = await here.client.setProfile({ name: "B", picture });
    const third = await here.client.setProfile({ picture: null });
    expect(third).toEqual({ name: "B", updatedAt: first.updatedAt + 2 });
    expect(second.updatedAt).toBe(first.updatedAt + 1);
    expect(here.client.getProfile()).toEqual(third);
  });

  test.each([
    [{ name: " \u2060 " }, "NAME_EMPTY"],
    [{ name: "ä".repeat(51) }, "NAME_TOO_LONG"],
    [{ picture: { url: "", key: new Uint8Array(32) } }, "INVALID_ARGUMENT"],
    [{ picture: { url: "x", key: new Uint8Array(31) } }, "INVALID_ARGUMENT"],
  ])("refuses %j", async (changes, code) => {
    await expect(here.client.setProfile(changes)).rejects.toMatchObject({ name: "SessionError", code });
    expect(here.client.getProfile()).toBeUndefined();
  });

  async function receive(profile: Profile): Promise<void> {
    here.net.time++;
    here.put({ kind: "text", text: "x", profile });
    await here.poll();
  }

  test("those of others count by their time, and are told when they change", async () => {
    await receive({ name: "Bob", picture, updatedAt: 10 });
    await receive({ name: "Old Bob", updatedAt: 9 });
    await receive({ name: "Same time", updatedAt: 10 });
    expect(here.client.getProfile(to)).toEqual({ name: "Bob", picture, updatedAt: 10 });
    await receive({ name: "Bobby", updatedAt: 11 });
    expect(here.client.getProfile(to)).toEqual({ name: "Bobby", updatedAt: 11 });
    expect(here.told.profile.map(({ id, profile }) => [id, profile.name])).toEqual([
      [to, "Bob"],
      [to, "Bobby"],
    ]);
  });

  test("without times the newest message counts, and the same profile is no news", async () => {
    await receive({ name: "Bob", updatedAt: 0 });
    await receive({ name: "Bob", updatedAt: 0 });
    await receive({ name: "Rob", updatedAt: 0 });
    expect(here.told.profile.map(({ profile }) => profile.name)).toEqual(["Bob", "Rob"]);
  });

  test("V13: a message with nothing but a profile changes it", async () => {
    const profile = { displayName: "Bob", lastUpdateSeconds: 5n };
    here.putContent({ dataMessage: { profile }, sigTimestamp: BigInt(here.net.time) });
    await here.poll();
    expect(here.told.message).toEqual([]);
    expect(here.client.getProfile(to)).toEqual({ name: "Bob", updatedAt: 5 });
  });

  test("names are made safe to show", async () => {
    const sigTimestamp = BigInt(here.net.time);
    const profile = { displayName: "\u202e evil\u0000\n name \u200b", lastUpdateSeconds: 5n };
    here.putContent({ dataMessage: { body: "x", profile }, sigTimestamp });
    await here.poll();
    expect(here.client.getProfile(to)?.name).toBe("evil name");
  });

  test("own messages of other devices never change the own profile", async () => {
    const sigTimestamp = BigInt(here.net.time);
    const profile = { displayName: "Mallory", lastUpdateSeconds: 5n };
    here.putContent(
      { dataMessage: { body: "x", profile, syncTarget: alice.sessionId }, sigTimestamp },
      { from: alice },
    );
    await here.poll();
    expect(here.told.message.length).toBe(1);
    expect(here.client.getProfile()).toBeUndefined();
  });
});
