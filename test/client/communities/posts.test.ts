/** Messages on their way to a server: none is lost, none is posted twice. */
import { MemoryLevel } from "memory-level";
import type { Room } from "session-messenger-sdk/client";
import type { CommunityNetwork } from "session-messenger-sdk/communities";
import { SessionError } from "session-messenger-sdk/errors";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { codeOf, failure, type Person, World } from "./support.js";

let world: World;
let bob: Person;
let bobs: Room;

beforeEach(async () => {
  world = await World.open();
  bob = await world.person(2);
  bobs = await bob.client.communities.join(world.server.link("lobby"));
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

type Call = (
  ...args: Parameters<CommunityNetwork["callServer"]>
) => ReturnType<CommunityNetwork["callServer"]>;

/** A network on which the posting of messages is in the hands of the test. */
function held(
  onPost: (call: () => ReturnType<Call>, signal: AbortSignal | undefined) => ReturnType<Call>,
): CommunityNetwork {
  const { clock, callServer } = world.network;
  return {
    clock,
    callServer: (server, request, options) => {
      const call = (): ReturnType<Call> => callServer(server, request, { ...options, signal: undefined });
      const isPost = request.method === "POST" && /\/message$|\/inbox\//.test(request.endpoint);
      return isPost ? onPost(call, options?.signal) : callServer(server, request, options);
    },
  };
}

const timeout = (): never => {
  throw new SessionError("TIMEOUT", "no answer came in time");
};

/** Never answers, until `signal` aborts. */
const hang = (signal: AbortSignal | undefined): Promise<never> =>
  new Promise((_resolve, reject) => {
    const end = (): void => reject(new SessionError("ABORTED", "aborted"));
    if (signal?.aborted) end();
    else signal?.addEventListener("abort", end);
  });

const textsInRoom = async (): Promise<string[]> => (await bobs.recent()).map(({ text }) => text);

test("a message whose answer was lost is found in the room", async () => {
  const communityNetwork = held(async (call) => {
    await call();
    return timeout();
  });
  const alice = await world.person(1, { communityNetwork });
  const room = await alice.client.communities.join(world.server.link("lobby"));
  const sent = await room.send({ text: "once" });
  expect(sent).toMatchObject({ id: 1, from: await room.me() });
  expect(await textsInRoom()).toEqual(["once"]);
  expect(await alice.poll()).toEqual([]);
});

test("so is a direct message", async () => {
  const communityNetwork = held(async (call) => {
    await call();
    return timeout();
  });
  const alice = await world.person(1, { communityNetwork });
  const room = await alice.client.communities.join(world.server.link("lobby"));
  await bob.poll();
  await room.sendDirect(await bobs.me(), { text: "once" });
  expect(await bob.poll()).toEqual(["once"]);
  expect(await alice.poll()).toEqual([]);
});

test("a message that never arrived is not sent later", async () => {
  const alice = await world.person(1, { communityNetwork: held(async () => timeout()) });
  const room = await alice.client.communities.join(world.server.link("lobby"));
  const error = await failure(room.send({ text: "lost" }));
  expect(error).toMatchObject({ code: "SEND_FAILED", cause: { code: "TIMEOUT" } });
  await alice.client.close();
  const again = await world.person(1, { store: alice.store });
  await again.poll();
  expect(await textsInRoom()).toEqual([]);
});

test("a message that arrived after all comes as one of another device", async () => {
  let late: () => Promise<unknown> = async () => {};
  const communityNetwork = held(async (call) => {
    late = call;
    return timeout();
  });
  const alice = await world.person(1, { communityNetwork });
  const room = await alice.client.communities.join(world.server.link("lobby"));
  expect(await codeOf(room.send({ text: "late" }))).toBe("SEND_FAILED");
  await late();
  expect(await alice.poll()).toEqual(["late"]);
  expect(alice.told.message[0]).toMatchObject({ outgoing: true });
});

test("a poll that is quicker than the answer does not deliver the own message", async () => {
  let answer = (): void => {};
  const waiting = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const communityNetwork = held(async (call) => {
    const reply = await call();
    await waiting;
    return reply;
  });
  const alice = await world.person(1, { communityNetwork });
  const room = await alice.client.communities.join(world.server.link("lobby"));
  const sending = room.send({ text: "racing" });
  await expect.poll(textsInRoom).toEqual(["racing"]);
  expect(await alice.poll()).toEqual([]);
  answer();
  expect(await sending).toMatchObject({ id: 1 });
  expect(await alice.poll()).toEqual([]);
});

test.each([true, false])(
  "a client that closes while it posts leaves it to the next one; arrived: %s",
  async (arrived) => {
    let posted = false;
    const communityNetwork = held(async (call, signal) => {
      if (arrived) await call();
      posted = true;
      return await hang(signal);
    });
    const alice = await world.person(1, { communityNetwork });
    const room = await alice.client.communities.join(world.server.link("lobby"));
    await alice.poll();
    const sending = codeOf(room.send({ text: "carried over" }));
    await expect.poll(() => posted).toBe(true);
    await alice.client.close();
    expect(await sending).toBe("CLOSED");

    const again = await world.person(1, { store: alice.store });
    expect(await again.poll()).toEqual([]);
    expect(await textsInRoom()).toEqual(["carried over"]);
    expect(await again.poll()).toEqual([]);
    expect(again.told.error).toEqual([]);
    world.requests.length = 0;
    await again.poll();
    expect(world.requests).toEqual(["POST /batch"]);
  },
);

test("what waited too long is given up, and told", async () => {
  let posted = false;
  const communityNetwork = held(async (_call, signal) => {
    posted = true;
    return await hang(signal);
  });
  const alice = await world.person(1, { communityNetwork });
  const room = await alice.client.communities.join(world.server.link("lobby"));
  const sending = codeOf(room.send({ text: "old news" }));
  await expect.poll(() => posted).toBe(true);
  await alice.client.close();
  expect(await sending).toBe("CLOSED");
  world.net.time += 6 * 3_600_000;
  const again = await world.person(1, { store: alice.store });
  await again.poll();
  expect(again.told.error).toMatchObject([{ code: "SEND_FAILED" }]);
  expect(await textsInRoom()).toEqual([]);
  await again.poll();
  expect(again.told.error.length).toBe(1);
});

test("an aborted message is not sent later", async () => {
  const controller = new AbortController();
  const communityNetwork = held(async (_call, signal) => {
    controller.abort();
    return await hang(signal);
  });
  const alice = await world.person(1, { communityNetwork });
  const room = await alice.client.communities.join(world.server.link("lobby"));
  expect(await codeOf(room.send({ text: "no" }, { signal: controller.signal }))).toBe("ABORTED");
  await alice.poll();
  expect(await textsInRoom()).toEqual([]);
});

test("the server's limit is told with its wait, and obeyed", async () => {
  const strict = await world.serve({ postLimit: { posts: 2, seconds: 16 } });
  const room = await bob.client.communities.join(strict.link("lobby"));
  await room.send({ text: "1" });
  await room.send({ text: "2" });
  expect(await failure(room.send({ text: "3" }))).toMatchObject({
    code: "COMMUNITY_RATE_LIMITED",
    details: { retryAfterMs: 16_000 },
  });
  world.net.time += 10_000;
  world.requests.length = 0;
  expect(await failure(room.send({ text: "3" }))).toMatchObject({
    code: "COMMUNITY_RATE_LIMITED",
    details: { retryAfterMs: 6_000 },
  });
  expect(world.requests).toEqual([]);
  world.net.time += 6_001;
  await room.send({ text: "3" });
  // Other rooms are other rooms.
  await bobs.send({ text: "elsewhere" });
});

test("a filter refuses, or hides", async () => {
  const strict = await world.serve({ wordFilter: { words: ["damn"] } });
  const room = await bob.client.communities.join(strict.link("lobby"));
  expect(await codeOf(room.send({ text: "damn" }))).toBe("COMMUNITY_FILTERED");
  const silent = await world.serve({ wordFilter: { words: ["damn"], silent: true } });
  const other = await bob.client.communities.join(silent.link("lobby"));
  expect(await other.send({ text: "damn" })).toMatchObject({ filtered: true });
});

test("messages sent at once all arrive, none comes back", async () => {
  const texts = Array.from({ length: 20 }, (_, n) => `message ${n}`);
  await Promise.all(texts.map((text) => bobs.send({ text })));
  expect((await textsInRoom()).sort()).toEqual(texts.sort());
  expect(await bob.poll()).toEqual([]);
});

test("equal texts sent in the same millisecond are two messages, also if their answers are lost", async () => {
  const communityNetwork = held(async (call) => {
    await call();
    return timeout();
  });
  const alice = await world.person(1, { communityNetwork });
  const room = await alice.client.communities.join(world.server.link("lobby"));
  const sent = await Promise.all([room.send({ text: "same" }), room.send({ text: "same" })]);
  expect(sent.map(({ id }) => id).sort()).toEqual([1, 2]);
  expect(await alice.poll()).toEqual([]);
  expect(await bob.poll()).toEqual(["same", "same"]);
});

/** Alice closes while what she has begun is being posted; returns her store. */
async function closedWhilePosting(
  arrived: boolean,
  begin: (alice: Person) => Promise<unknown>,
): Promise<MemoryLevel> {
  let posted = false;
  const communityNetwork = held(async (call, signal) => {
    if (arrived) await call();
    posted = true;
    return await hang(signal);
  });
  const alice = await world.person(1, { communityNetwork });
  const beginning = codeOf(begin(alice));
  await expect.poll(() => posted).toBe(true);
  await alice.client.close();
  expect(await beginning).toBe("CLOSED");
  return alice.store;
}

describe("a direct message to a server without joined rooms", () => {
  const direct = async ({ client }: Person): Promise<unknown> =>
    await client.communities.sendDirect(world.server.link("lobby"), await bobs.me(), { text: "psst" });

  beforeEach(async () => {
    await bob.poll();
  });

  test.each([true, false])("is taken up by the next client; arrived: %s", async (arrived) => {
    const store = await closedWhilePosting(arrived, direct);
    const again = await world.person(1, { store });
    await Promise.all([again.poll(), again.poll()]);
    expect(await bob.poll()).toEqual(["psst"]);
    world.requests.length = 0;
    await again.poll();
    expect(world.requests).toEqual([]);
    expect(again.told.error).toEqual([]);
  });

  test("is not tried all the time while the server does not answer", async () => {
    const store = await closedWhilePosting(false, direct);
    const again = await world.person(1, { store });
    world.onRequest = timeout;
    await again.poll();
    world.requests.length = 0;
    await again.poll();
    expect(world.requests).toEqual([]);
    expect(again.told.error).toMatchObject([{ code: "TIMEOUT" }]);
    world.onRequest = undefined;
    world.net.time += 60_000;
    await again.poll();
    expect(await bob.poll()).toEqual(["psst"]);
  });
});

test("what was written to a room that was left meanwhile is not posted, and told", async () => {
  const store = await closedWhilePosting(false, async ({ client }) =>
    (await client.communities.join(world.server.link("lobby"))).send({ text: "too late" }),
  );
  const again = await world.person(1, { store });
  const [room] = again.client.communities.list();
  await room?.leave();
  expect(again.told.error).toMatchObject([
    { code: "SEND_FAILED", details: { room: `${world.server.url}/lobby` } },
  ]);
  await again.client.communities.join(world.server.link("lobby"));
  await again.poll();
  expect(await textsInRoom()).toEqual([]);
  expect(again.told.error.length).toBe(1);
});

test("a message that was posted when the store failed is not to be sent again", async () => {
  const store = new MemoryLevel();
  let fails = false;
  store.hooks.prewrite.add(() => {
    if (fails) throw new Error("disk full");
  });
  const communityNetwork = held(async (call) => {
    const reply = await call();
    fails = true;
    return reply;
  });
  const alice = await world.person(1, { communityNetwork, store });
  const room = await alice.client.communities.join(world.server.link("lobby"));
  await alice.poll();
  expect(await room.send({ text: "once" })).toMatchObject({ id: 1 });
  expect(alice.told.error).toMatchObject([{ code: "STORE_FAILED" }]);
  await alice.client.close();
  fails = false;
  const again = await world.person(1, { store });
  expect(await again.poll()).toEqual([]);
  expect(await textsInRoom()).toEqual(["once"]);
  world.requests.length = 0;
  await again.poll();
  expect(world.requests).toEqual(["POST /batch"]);
});
