import { Contacts, MAX_STORED_BYTES } from "session-messenger-sdk/config";
import { loadCompressor } from "session-messenger-sdk/config/zstd";
import { describe, expect, it } from "vitest";
import { accountOf, pushAndConfirm } from "./support.js";

const COUNT = 10_000;
const account = accountOf(1);
const id = (index: number): string => {
  // Ids are as random as keys: nothing in them compresses.
  const bytes = Uint8Array.from(
    { length: 32 },
    (_, at) => Math.imul(index + 1, 2_654_435_761 + at * 40_503) >>> 13,
  );
  return `05${Buffer.from(bytes).toString("hex")}`;
};

describe("10,000 contacts", () => {
  it("are loaded, merged and pushed within the limits of a swarm", async () => {
    const compress = await loadCompressor();
    const contacts = new Contacts(account, { compress });
    for (let index = 0; index < COUNT; index++) {
      contacts.set(id(index), {
        name: `Contact ${index}`,
        approved: true,
        approvedMe: true,
        created: 1_700_000_000 + index,
      });
    }
    const { stored } = pushAndConfirm(contacts);
    expect(stored.length).toBeGreaterThan(1);
    for (const { data } of stored) expect(data.length).toBeLessThanOrEqual(MAX_STORED_BYTES);

    const other = new Contacts(account, { compress });
    expect(other.merge(stored)).toMatchObject({ ignored: [], changed: true });
    expect(other.size).toBe(COUNT);
    const restarted = new Contacts(account, { compress, dump: other.dump() });
    restarted.set(id(5), { nickname: "changed" });
    contacts.set(id(6), { blocked: true });
    contacts.merge(pushAndConfirm(restarted).stored);
    restarted.merge(pushAndConfirm(contacts).stored);
    expect([restarted.get(id(5))?.nickname, restarted.get(id(6))?.blocked]).toEqual(["changed", true]);
    expect(restarted.snapshot()).toEqual(contacts.snapshot());
  }, 60_000);

  it("with more than fits are refused before anything is sent", () => {
    const contacts = new Contacts(account);
    const picture = { url: "x".repeat(223), key: new Uint8Array(32) };
    for (let index = 0; index < COUNT; index++) {
      contacts.set(id(index), { name: "n".repeat(100), nickname: "m".repeat(100), picture });
    }
    expect(() => contacts.push()).toThrowError(
      expect.objectContaining({
        code: "CONFIG_TOO_LARGE",
        details: expect.objectContaining({ maxSize: 5_000_000 }),
      }),
    );
    expect([contacts.seqno, contacts.needsPush]).toEqual([1n, true]);
    for (let index = 100; index < COUNT; index++) contacts.remove(id(index));
    expect(contacts.push().seqno).toBe(1n);
  }, 60_000);
});
