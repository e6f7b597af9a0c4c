/** Asking a server what it can do: once for all who want to know it. */
import { type CommunityNetwork, connectCommunity } from "session-messenger-sdk/communities";
import { SessionError } from "session-messenger-sdk/errors";
import { expect, test } from "vitest";
import { accountOf, codeOf, plainWorld } from "./support.js";

test("who asks first and gives up does not fail the others", async () => {
  await using world = await plainWorld();
  const { community, network } = world;
  const controller = new AbortController();
  let calls = 0;
  const impatient: CommunityNetwork = {
    clock: network.clock,
    async callServer(...call) {
      if (++calls > 1) return await network.callServer(...call);
      controller.abort();
      throw new SessionError("ABORTED", "aborted");
    },
  };
  const address = { baseUrl: community.url, publicKey: community.publicKey };
  const server = connectCommunity(impatient, address, { account: accountOf(1) });
  const first = codeOf(server.identity({ signal: controller.signal }));
  const others = [server.identity(), server.identity()];
  expect(await first).toBe("ABORTED");
  expect((await Promise.all(others)).map(({ kind }) => kind)).toEqual(["15", "15"]);
  expect(calls).toBe(2);
});
