import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { alice, bob } from "./support/accounts.js";
import { Conversation } from "./support/conversation.js";
import { deferred, until } from "./support/wait.js";

let here: Conversation;

beforeEach(async () => {
  here = await Conversation.open();
});
afterEach(() => here.client.close());

const kinds = (): string[] => here.swarm(alice).map(({ kind }) => kind);

/** Lets stores in the own swarm fail. */
function failCopies(): void {
  here.net.intercept = ({ method, params }) =>
    method === "store" && params["pubkey"] === alice.sessionId ? { status: 500, body: "no" } : undefined;
}

describe("a message that is unsent while its own copy waits", () => {
  test("is never copied, neither by this client nor by the next one", async () => {
    failCopies();
    const sent = await here.client.send(bob.sessionId, { text: "oops" });
    expect(sent.synced).toBeUndefined();
    await here.client.unsend(sent);
    here.net.intercept = undefined;
    here.timers.advance(600_000);
    await until(() => kinds().includes("unsend"));
    await here.reopen();
    here.timers.advance(600_000);
    await here.poll();
    expect(kinds()).toEqual(["unsend"]);
    expect(here.swarm(bob).map(({ kind }) => kind)).toEqual(["text", "unsend"]);
  });

  test("is not copied after a restart if it was unsent before", async () => {
    failCopies();
    const sent = await here.client.send(bob.sessionId, { text: "oops" });
    await here.reopen();
    await here.client.unsend(sent);
    here.net.intercept = undefined;
    await here.reopen();
    here.timers.advance(600_000);
    await until(() => kinds().includes("unsend"));
    expect(kinds()).toEqual(["unsend"]);
  });

  test("is deleted from the own swarm if its copy was on the way just then", async () => {
    const onTheWay = deferred();
    const release = deferred();
    here.net.intercept = async ({ method, params }) => {
      if (method !== "store" || params["pubkey"] !== alice.sessionId) return undefined;
      here.net.intercept = undefined;
      onTheWay.resolve();
      await release.promise;
      return undefined;
    };
    const sending = here.client.send(bob.sessionId, { text: "oops" });
    await onTheWay.promise;
    const [{ timestamp = 0 } = {}] = here.told.sent;
    await here.client.unsend({ to: bob.sessionId, timestamp });
    release.resolve();
    await sending;
    await here.poll();
    await until(() => kinds().join() === "unsend");
    await here.reopen();
    await here.poll();
    expect(kinds()).toEqual(["unsend"]);
    expect(here.told.message).toEqual([]);
  });
});
