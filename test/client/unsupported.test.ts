import type { ClientEvents } from "session-messenger-sdk/client";
import { openStore, UNSUPPORTED, type UnsupportedRecord } from "session-messenger-sdk/store";
import { afterEach, beforeEach, expect, test } from "vitest";
import { alice, bob, text } from "./support/accounts.js";
import { Conversation } from "./support/conversation.js";

let here: Conversation;
beforeEach(async () => {
  here = await Conversation.open();
});
afterEach(() => here.close());

/** An item in a format of the future. */
const newer = (fill: number, size = 1_536): Uint8Array => {
  const bytes = new Uint8Array(size).fill(fill);
  bytes.set([0, 2]);
  return bytes;
};

async function kept(
  change?: (records: Map<string, UnsupportedRecord>) => void,
): Promise<UnsupportedRecord[]> {
  await here.client.close();
  const store = await openStore(here.database);
  const records = new Map((await store.list(UNSUPPORTED)).map(({ id, record }) => [id, record]));
  change?.(records);
  await store.write((batch) => {
    for (const [id, record] of records) batch.put(UNSUPPORTED, id, record);
  });
  await store.close();
  await here.reopen();
  return [...records.values()];
}

test("a newer format is told once, kept with its bytes, and the polls go on", async () => {
  const data = newer(7);
  const { hash } = here.net.put(alice.sessionId, data);
  here.net.put(alice.sessionId, text(bob, alice, "after it", here.net.time));
  await here.poll();
  expect(here.told.unsupported).toEqual([{ reason: "newer-format", hash, data }]);
  expect(here.told.message.map((message) => message.text)).toEqual(["after it"]);
  expect(here.told.error).toEqual([]);
  expect(await kept()).toMatchObject([{ reason: "newer-format", data, namespace: 0 }]);
  await here.poll();
  expect(here.told.unsupported).toEqual([]);
});

test("an unknown kind is told with its place, makes no contact, and comes after blocking", async () => {
  const $unknown = Uint8Array.of(0x98, 1, 1);
  const timestamp = here.net.time;
  here.putContent({ sigTimestamp: BigInt(timestamp), $unknown });
  await here.poll();
  const expected: Partial<ClientEvents["unsupported"]> = {
    reason: "unknown-type",
    from: bob.sessionId,
    conversation: bob.sessionId,
    timestamp,
  };
  expect(here.told.unsupported).toMatchObject([expected]);
  expect(here.client.contacts.list()).toEqual([]);
  await here.client.block(bob.sessionId);
  here.net.time++;
  here.putContent({ sigTimestamp: BigInt(here.net.time), $unknown });
  await here.poll();
  expect(here.told.unsupported.length).toBe(1);
  expect(here.told.dropped).toMatchObject([{ rule: "V4" }]);
});

test("msgId is kept, and no kind of its own", async () => {
  const msgId = 0x1122334455667788n;
  here.putContent({ dataMessage: { body: "x" }, sigTimestamp: BigInt(here.net.time), msgId });
  await here.poll();
  expect(here.told.message).toMatchObject([{ text: "x", content: { msgId } }]);
  expect(here.told.unsupported).toEqual([]);
});

test("after an upgrade it is read once more: what is known by then is delivered, once", async () => {
  here.net.put(alice.sessionId, newer(7));
  await here.poll();
  // As if an older version had not known texts.
  const readable = text(bob, alice, "from the past", here.net.time);
  const records = await kept((all) => {
    for (const [hash, record] of all) all.set(hash, { ...record, version: "0.0.1" });
    const [record] = all.values();
    if (record !== undefined) all.set("readable", { ...record, data: readable, version: "0.0.1" });
  });
  expect(records.length).toBe(2);
  await here.poll();
  expect(here.told.message.map((message) => message.text)).toEqual(["from the past"]);
  expect(here.told.unsupported).toEqual([]);
  const left = await kept();
  expect(left.length).toBe(1);
  expect(left[0]?.version).not.toBe("0.0.1");
  await here.poll();
  expect(here.told.message).toEqual([]);
});

test("the bytes kept are bounded: the oldest go", async () => {
  await here.reopen({ unsupportedBytes: 5_000 });
  for (let i = 1; i <= 5; i++) {
    here.net.time++;
    here.net.put(alice.sessionId, newer(i));
  }
  here.net.put(alice.sessionId, newer(9, 5_001));
  await here.poll();
  expect(here.told.unsupported.length).toBe(6);
  expect((await kept()).map(({ data }) => data[2]).sort()).toEqual([3, 4, 5]);
});

test("what expires before its time in a swarm is over is not kept beyond it", async () => {
  here.net.put(alice.sessionId, newer(1), here.net.nodes, 60_000);
  here.net.put(alice.sessionId, newer(2));
  const sigTimestamp = BigInt(here.net.time);
  const $unknown = Uint8Array.of(0x98, 1, 1);
  here.putContent({ sigTimestamp, expirationType: 2, expirationTimer: 60, $unknown });
  await here.poll();
  expect((await kept()).map(({ until }) => until).sort()).toEqual([
    here.net.time + 60_000,
    here.net.time + 60_000,
    undefined,
  ]);
  here.net.time += 60_000;
  await here.reopen();
  expect((await kept()).map(({ data }) => data[2])).toEqual([2]);
});
