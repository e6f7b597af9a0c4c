/** Polling: one request for a server, and servers and rooms that misbehave. */
import { bytesToUtf8, hexToBytes, utf8ToBytes } from "session-messenger-sdk/bytes";
import { communityIdentity, postToInbox, signRoomMessage } from "session-messenger-sdk/communities";
import { SessionError } from "session-messenger-sdk/errors";
import { parseBlindedId } from "session-messenger-sdk/identity";
import type { TestnetCommunity } from "session-messenger-sdk/testnet";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { accountOf, type Person, World } from "./support.js";

let world: World;
let alice: Person;

beforeEach(async () => {
  world = await World.open();
  alice = await world.person(1);
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

/** Puts a message of account `number` into a room, past the server's checks. */
function put(server: TestnetCommunity, token: string, text: string, number = 2): number {
  const identity = communityIdentity(accountOf(number), "15", hexToBytes(server.publicKey));
  const { data, signature } = signRoomMessage({ text }, identity, { timestamp: world.net.time });
  return server.post(token, { author: identity.id, data, signature });
}

type Entry = { code: number; headers: Record<string, string>; body: unknown };

/** Changes the entries of the server's answers to polls. */
function change(edit: (entries: Entry[]) => unknown): void {
  world.server.intercept((exchange, serve) => {
    if (exchange.path !== "/batch") return undefined;
    const { status, headers, body } = serve();
    const text = typeof body === "string" ? body : bytesToUtf8(body);
    const entries = JSON.parse(text) as Entry[];
    return { status, headers, body: utf8ToBytes(JSON.stringify(edit(entries) ?? entries)) };
  });
}

test("fifty rooms on five servers are five requests", async () => {
  for (let n = 0; n < 4; n++) await world.serve();
  for (const server of world.servers) {
    for (let n = 1; n < 10; n++) server.addRoom({ token: `room-${n}`, name: `Room ${n}` });
    for (let n = 1; n < 10; n++) await alice.client.communities.join(server.link(`room-${n}`));
    await alice.client.communities.join(server.link("lobby"));
  }
  for (const server of world.servers) put(server, "room-7", `hello ${server.url}`);
  await alice.poll();
  for (let round = 0; round < 2; round++) {
    for (const server of world.servers) put(server, "room-3", `${round}`);
    world.requests.length = 0;
    expect((await alice.poll()).length).toBe(5);
    expect(world.requests).toEqual(Array.from({ length: 5 }, () => "POST /batch"));
  }
  expect(alice.told.error).toEqual([]);
}, 60_000);

test("a restart goes on where it was, without asking for capabilities or history", async () => {
  const room = await alice.client.communities.join(world.server.link("lobby"));
  put(world.server, "lobby", "one");
  expect(await alice.poll()).toEqual(["one"]);
  await alice.client.close();
  put(world.server, "lobby", "two");
  const again = await world.person(1, { store: alice.store });
  const [there] = again.client.communities.list();
  expect(there?.conversation).toBe(room.conversation);
  expect(there?.info?.name).toBe("Lobby");
  world.requests.length = 0;
  expect(await again.poll()).toEqual(["two"]);
  expect(world.requests).toEqual(["POST /batch"]);
  expect(again.told.message[0]).toMatchObject({ history: false });
});

test("what was retrieved and not delivered is delivered by the next client", async () => {
  const carol = await world.person(3, { listen: [] });
  await carol.client.communities.join(world.server.link("lobby"));
  put(world.server, "lobby", "kept");
  await carol.client.poll();
  await carol.client.close();
  const again = await world.person(3, { store: carol.store });
  expect(await again.poll()).toEqual(["kept"]);
  expect(await again.poll()).toEqual([]);
});

test("a handler that throws gets the message again", async () => {
  await alice.client.communities.join(world.server.link("lobby"));
  let calls = 0;
  alice.client.on("message", () => {
    if (++calls === 1) throw new Error("not yet");
  });
  put(world.server, "lobby", "stubborn");
  await alice.poll();
  await alice.poll();
  expect(calls).toBe(2);
  expect(alice.told.message.length).toBe(1);
});

test("a long absence is caught up with, each message once and in order", async () => {
  await alice.client.communities.join(world.server.link("lobby"));
  await alice.poll();
  const texts = Array.from({ length: 450 }, (_, n) => `message ${n}`);
  for (const text of texts) put(world.server, "lobby", text);
  expect(await alice.poll()).toEqual(texts);
  expect(await alice.poll()).toEqual([]);
}, 60_000);

test("an app that is behind is not given more than it can hold", async () => {
  const carol = await world.person(3, { listen: ["error"] });
  await carol.client.communities.join(world.server.link("lobby"));
  await carol.client.poll();
  const texts = Array.from({ length: 1_500 }, (_, n) => `message ${n}`);
  for (const text of texts) put(world.server, "lobby", text);
  const { received } = await carol.client.poll();
  expect(received).toBeGreaterThanOrEqual(1_000);
  expect(received).toBeLessThan(1_300);
  expect((await carol.client.poll()).received).toBe(0);
  // A room that nobody reads does not keep others from coming, not even after a restart.
  await carol.client.close();
  const again = await world.person(3, { store: carol.store, listen: [] });
  world.server.addRoom({ token: "other", name: "Other" });
  const other = await again.client.communities.join(world.server.link("other"));
  put(world.server, "other", "quiet room");
  const stream = other.messages();
  expect((await again.client.poll()).received).toBe(1);
  for await (const { text } of stream) {
    expect(text).toBe("quiet room");
    break;
  }
  const got: string[] = [];
  again.client.on("message", ({ text }) => got.push(text));
  await again.client.poll();
  await again.client.poll();
  expect(got).toEqual(texts);
  expect(carol.told.error).toEqual([]);
}, 120_000);

describe("rows that lie", () => {
  test("a forged signature is dropped, and what comes after it arrives", async () => {
    await alice.client.communities.join(world.server.link("lobby"));
    const mallory = communityIdentity(accountOf(4), "15", hexToBytes(world.server.publicKey));
    const bob = communityIdentity(accountOf(2), "15", hexToBytes(world.server.publicKey));
    const forged = signRoomMessage({ text: "I am bob" }, mallory, { timestamp: world.net.time });
    world.server.post("lobby", { ...forged, author: bob.id });
    put(world.server, "lobby", "real");
    expect(await alice.poll()).toEqual(["real"]);
    expect(alice.told.dropped).toMatchObject([{ rule: "COMMUNITY_BAD_SIGNATURE" }]);
    expect(await alice.poll()).toEqual([]);
    expect(alice.told.dropped.length).toBe(1);
  });

  test("an author with another prefix is another author", async () => {
    await alice.client.communities.join(world.server.link("lobby"));
    const bob = communityIdentity(accountOf(2), "15", hexToBytes(world.server.publicKey));
    const own = signRoomMessage({ text: "x" }, bob, { timestamp: world.net.time });
    for (const prefix of ["05", "99", "00", "03"])
      world.server.post("lobby", { ...own, author: prefix + bob.id.slice(2) });
    expect(await alice.poll()).toEqual([]);
    expect(alice.told.dropped.map(({ rule }) => rule)).toEqual([
      "COMMUNITY_BAD_SIGNATURE",
      "COMMUNITY_REPLY_INVALID",
      "COMMUNITY_REPLY_INVALID",
      "COMMUNITY_REPLY_INVALID",
    ]);
  });

  test("a message whose time is not that of its posting is dropped", async () => {
    await alice.client.communities.join(world.server.link("lobby"));
    const bob = communityIdentity(accountOf(2), "15", hexToBytes(world.server.publicKey));
    const old = signRoomMessage({ text: "replayed" }, bob, { timestamp: world.net.time - 7 * 3_600_000 });
    world.server.post("lobby", { ...old, author: bob.id });
    expect(await alice.poll()).toEqual([]);
    expect(alice.told.dropped).toMatchObject([{ rule: "V3" }]);
  });

  test("rows that come again are no news", async () => {
    await alice.client.communities.join(world.server.link("lobby"));
    put(world.server, "lobby", "once");
    let rows: unknown[] = [];
    change((entries) => {
      for (const entry of entries) {
        if (!Array.isArray(entry.body)) continue;
        if (rows.length === 0 && entry.body.length > 0) rows = entry.body;
        else entry.body = [...rows, ...entry.body, ...rows];
      }
    });
    expect(await alice.poll()).toEqual(["once"]);
    expect(await alice.poll()).toEqual([]);
    // The same message under a new number, and not as an edit.
    rows = rows.map((row) => ({ ...(row as object), seqno: 99 }));
    expect(await alice.poll()).toEqual([]);
    expect(alice.told["room-edit"]).toEqual([]);
  });

  test("rows of all shapes do not stop those that are right", async () => {
    await alice.client.communities.join(world.server.link("lobby"));
    await alice.poll();
    const id = put(world.server, "lobby", "good");
    change((entries) => {
      for (const entry of entries) {
        if (!Array.isArray(entry.body) || entry.body.length === 0) continue;
        const noise = [
          null,
          7,
          [],
          {},
          { id: "1" },
          { id: 1, seqno: -1 },
          { id, seqno: 1e300 },
          { id: 5, seqno: 0, data: 5 },
        ];
        entry.body = [...noise, ...entry.body];
      }
    });
    expect(await alice.poll()).toEqual(["good"]);
    expect(alice.told.dropped.length).toBeGreaterThan(0);
    expect(alice.told.error).toEqual([]);
  });
});

describe("servers that fail", () => {
  test("one bad room does not stop the others, and is told once", async () => {
    const bad = await alice.client.communities.join(world.server.link("lobby"));
    world.server.addRoom({ token: "good", name: "Good" });
    await alice.client.communities.join(world.server.link("good"));
    await alice.poll();
    change((entries) => {
      entries[1] = { code: 403, headers: { "content-type": "text/plain" }, body: "" };
      entries[2] = { code: 500, headers: { "content-type": "text/html" }, body: "" };
    });
    for (const text of ["one", "two"]) {
      put(world.server, "good", text);
      expect(await alice.poll()).toEqual([text]);
    }
    expect(alice.told.error).toMatchObject([
      { code: "COMMUNITY_POLL_FAILED", details: { server: world.server.url, room: bad.conversation } },
    ]);
    world.server.intercept();
    put(world.server, "lobby", "well again");
    expect(await alice.poll()).toEqual(["well again"]);
  });

  test("one bad server does not stop the others, and rests for longer and longer", async () => {
    const other = await world.serve();
    await alice.client.communities.join(world.server.link("lobby"));
    await alice.client.communities.join(other.link("lobby"));
    await alice.poll();
    let asked = 0;
    world.server.intercept(() => {
      asked++;
      const body = "<!doctype html><title>502 Bad Gateway</title>";
      return { status: 502, headers: { "content-type": "text/html" }, body };
    });
    put(other, "lobby", "still here");
    expect(await alice.poll()).toEqual(["still here"]);
    expect(alice.told.error).toMatchObject([
      {
        code: "COMMUNITY_POLL_FAILED",
        details: { server: world.server.url, retryAfterMs: 5_000 },
        cause: { code: "COMMUNITY_SERVER_ERROR" },
      },
    ]);
    expect(asked).toBe(1);
    await alice.poll();
    expect(asked).toBe(1);
    world.net.time += 5_001;
    await alice.poll();
    expect(asked).toBe(2);
    world.net.time += 5_001;
    await alice.poll();
    expect(asked).toBe(2);
    world.net.time += 5_001;
    world.server.intercept();
    put(world.server, "lobby", "back");
    expect(await alice.poll()).toEqual(["back"]);
    expect(alice.told.error.length).toBe(1);
  });

  test("the wait that a server asks for is told and obeyed", async () => {
    await alice.client.communities.join(world.server.link("lobby"));
    await alice.poll();
    let asked = 0;
    world.server.intercept(() => {
      asked++;
      return { status: 429, headers: { "retry-after": "90" }, body: "slow down" };
    });
    await alice.poll();
    expect(alice.told.error).toMatchObject([
      { details: { retryAfterMs: 90_000 }, cause: { code: "COMMUNITY_RATE_LIMITED" } },
    ]);
    world.net.time += 89_000;
    await alice.poll();
    expect(asked).toBe(1);
    world.net.time += 1_001;
    await alice.poll();
    expect(asked).toBe(2);
  });

  test("a room with a wait of its own is left out until then", async () => {
    await alice.client.communities.join(world.server.link("lobby"));
    await alice.poll();
    change((entries) => {
      if (entries.length > 3) entries[2] = { code: 429, headers: { "retry-after": "60" }, body: "" };
    });
    await alice.poll();
    put(world.server, "lobby", "waiting");
    world.server.intercept();
    expect(await alice.poll()).toEqual([]);
    world.net.time += 60_001;
    expect(await alice.poll()).toEqual(["waiting"]);
  });

  test("an error page instead of the batch, and half a batch, lose nothing", async () => {
    await alice.client.communities.join(world.server.link("lobby"));
    world.server.addRoom({ token: "second", name: "Second" });
    await alice.client.communities.join(world.server.link("second"));
    await alice.poll();
    put(world.server, "lobby", "first room");
    put(world.server, "second", "second room");
    world.server.intercept(({ path }) =>
      path === "/batch"
        ? { status: 200, headers: { "content-type": "text/html" }, body: "<html>Welcome</html>" }
        : undefined,
    );
    expect(await alice.poll()).toEqual([]);
    expect(alice.told.error).toMatchObject([{ cause: { code: "COMMUNITY_REPLY_INVALID" } }]);
    world.net.time += 10_000;
    change((entries) => entries.slice(0, 3));
    expect(await alice.poll()).toEqual(["first room"]);
    world.server.intercept();
    expect(await alice.poll()).toEqual(["second room"]);
  });

  test("a server that repeats itself for ever does not keep the client busy", async () => {
    await alice.client.communities.join(world.server.link("lobby"));
    await alice.poll();
    put(world.server, "lobby", "again");
    let row: unknown;
    world.server.intercept((exchange, serve) => {
      if (exchange.path === "/batch") {
        const { status, headers, body } = serve();
        const entries = JSON.parse(typeof body === "string" ? body : bytesToUtf8(body)) as Entry[];
        const rows = entries[2]?.body as unknown[];
        row ??= rows[0];
        const full = Array.from({ length: 100 }, () => row);
        (entries[2] as Entry).body = full;
        return { status, headers, body: utf8ToBytes(JSON.stringify(entries)) };
      }
      const headers = { "content-type": "application/json" };
      return { status: 200, headers, body: JSON.stringify(Array.from({ length: 256 }, () => row)) };
    });
    expect(await alice.poll()).toEqual(["again"]);
    expect(alice.told.error).toMatchObject([{ cause: { code: "COMMUNITY_REPLY_INVALID" } }]);
  });

  test("a refused nonce is replaced", async () => {
    await alice.client.communities.join(world.server.link("lobby"));
    await alice.poll();
    put(world.server, "lobby", "hello");
    const nonces: string[] = [];
    world.server.intercept(({ headers }) => {
      nonces.push(headers["x-sogs-nonce"] ?? "");
      return nonces.length === 1 ? { status: 425, headers: {}, body: "nonce reused" } : undefined;
    });
    expect(await alice.poll()).toEqual(["hello"]);
    expect(new Set(nonces).size).toBe(2);
  });

  test("clocks that differ by more than a day are told, and mended when the time is asked again", async () => {
    let offset = 0;
    const { callServer } = world.network;
    const clock = {
      now: () => world.net.time + offset,
      resync: async () => {
        offset = 3 * 86_400_000;
      },
    };
    const carol = await world.person(3, { communityNetwork: { clock, callServer } });
    await carol.client.communities.join(world.server.link("lobby"));
    await alice.client.communities.join(world.server.link("lobby"));
    await alice.poll();
    world.server.skewClock(3 * 86_400_000);
    await carol.poll();
    expect(carol.told.error).toEqual([]);
    expect(offset).toBeGreaterThan(0);
    // Whose network does not know better is told.
    await alice.poll();
    expect(alice.told.error).toMatchObject([{ cause: { code: "COMMUNITY_CLOCK" } }]);
  });

  test("a server that begins to want blinded ids is given them", async () => {
    const open = await world.serve({ requireBlinding: false });
    const room = await alice.client.communities.join(open.link("lobby"));
    expect(await room.me()).toBe(alice.client.sessionId);
    const sent = await room.send({ text: "by my own name" });
    expect(sent.from).toBe(alice.client.sessionId);
    expect(await alice.poll()).toEqual([]);
    const bob = await world.person(2);
    await bob.client.communities.join(open.link("lobby"));
    expect(await bob.poll()).toEqual(["by my own name"]);
    expect(bob.told.message[0]).toMatchObject({ from: alice.client.sessionId });
  });

  test("in the loop a server that does not answer keeps nobody waiting", async () => {
    await alice.client.communities.join(world.server.link("lobby"));
    await alice.poll();
    await alice.client.close();
    world.requests.length = 0;
    let release = (): void => {};
    const hanging = new Promise<void>((resolve) => {
      release = resolve;
    });
    const again = await world.person(1, { store: alice.store, polling: { activeMs: 1_000 }, listen: [] });
    world.onRequest = () => hanging;
    let polls = 0;
    again.client.on("poll", () => {
      polls++;
    });
    again.client.on("message", () => {});
    for (let round = 1; round <= 3; round++) {
      again.timers.advance(1_000);
      await expect.poll(() => polls).toBe(round);
    }
    expect(world.requests.filter((request) => request === "POST /batch").length).toBe(1);
    world.onRequest = undefined;
    release();
  });
});

test("what came before a poll failed is counted", async () => {
  const room = await alice.client.communities.join(world.server.link("lobby"));
  const id = parseBlindedId(await room.me());
  await alice.poll();
  const bob = await world.person(2);
  const bobs = await bob.client.communities.join(world.server.link("lobby"));
  const unreadable = new Uint8Array(120);
  for (let n = 0; n < 2; n++) {
    const posts = Array.from({ length: 100 }, () => postToInbox(id, unreadable));
    await bobs.server.batch(posts);
  }
  world.onRequest = () => {
    if (world.requests.at(-1)?.includes("/inbox"))
      throw new SessionError("TIMEOUT", "no answer came in time");
  };
  const { received } = await alice.client.poll();
  expect(alice.told.error).toMatchObject([{ code: "COMMUNITY_POLL_FAILED", cause: { code: "TIMEOUT" } }]);
  expect(received).toBe(100);
  world.onRequest = undefined;
  world.net.time += 60_000;
  expect((await alice.client.poll()).received).toBe(100);
});
