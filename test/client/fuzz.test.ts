import fc from "fast-check";
import { type Content, ContentSchema } from "session-messenger-sdk/proto";
import { afterEach, beforeEach, expect, test } from "vitest";
import { messageArbitrary } from "../messages/arbitraries.js";
import { alice, bob } from "./support/accounts.js";
import { Conversation } from "./support/conversation.js";

const RUNS = 30 * Number(process.env["FC_RUNS"] ?? 1);

let here: Conversation;
beforeEach(async () => {
  here = await Conversation.open({ receipts: true, typing: true });
});
afterEach(() => here.close());

/** Everything that was told of single items. */
const news = (): number =>
  Object.entries(here.told)
    .filter(([name]) => !["contact", "profile", "typing", "disappeared", "sent", "error"].includes(name))
    .reduce((sum, [, list]) => sum + list.length, 0);

test("any content of anybody is delivered, or dropped with a reason; nothing fails, and the next message comes", async () => {
  const contents = fc.array(fc.tuple(messageArbitrary<Content>(ContentSchema), fc.boolean()), {
    minLength: 1,
    maxLength: 6,
  });
  await fc.assert(
    fc.asyncProperty(contents, async (items) => {
      for (const [content, own] of items) {
        here.net.time++;
        const sigTimestamp = BigInt(here.net.time);
        here.putContent({ ...content, sigTimestamp }, { from: own ? alice : bob });
      }
      here.net.time++;
      const { sentAt } = here.put({ kind: "text", text: "after all that" });
      await here.poll();
      expect(here.told.error).toEqual([]);
      expect(here.told.message.at(-1)).toMatchObject({ text: "after all that", timestamp: sentAt });
    }),
    { numRuns: RUNS },
  );
  expect(news()).toBeGreaterThan(RUNS);
});

test("any bytes are dropped or unsupported, and the next message comes", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 400 }), { maxLength: 6 }),
      async (items) => {
        for (const data of items) here.net.put(alice.sessionId, data);
        here.net.time++;
        const { sentAt } = here.put({ kind: "text", text: "after all that" });
        await here.poll();
        expect(here.told.error).toEqual([]);
        expect(here.told.message.at(-1)?.timestamp).toBe(sentAt);
      },
    ),
    { numRuns: RUNS },
  );
});
