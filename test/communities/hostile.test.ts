/** Servers that lie, fail or break off, and clocks that differ: typed errors or drops with reasons, and never more than that. */
import {
  type BlindingKind,
  type CommunityNetwork,
  capabilities,
  catchUp,
  communityIdentity,
  connectCommunity,
  downloadFile,
  inbox,
  messagesSince,
  parseServerKey,
  plainCommunityNetwork,
  poll,
  postMessage,
  type RoomUpdate,
  recentMessages,
  room,
  rooms,
  sendRoomMessage,
  signRoomMessage,
  uploadFile,
} from "session-messenger-sdk/communities";
import { defaultCrypto } from "session-messenger-sdk/crypto";
import { SessionError } from "session-messenger-sdk/errors";
import { encodeContent, padMessage } from "session-messenger-sdk/messages";
import type { CommunityAnswer, TestnetCommunity } from "session-messenger-sdk/testnet";
import { describe, expect, it } from "vitest";
import {
  accountOf,
  codeOf,
  errorOf,
  introduce,
  newRoom,
  onionWorld,
  plainWorld,
  type World,
} from "./support.js";

const DAY = 86_400_000;
const JSON_TYPE = { "content-type": "application/json" };
const HTML_TYPE = { "content-type": "text/html; charset=utf-8" };
const json = (value: unknown): CommunityAnswer => ({
  status: 200,
  headers: JSON_TYPE,
  body: JSON.stringify(value),
});

/** A message of an account, signed, as the server would store it. */
function signedBy(community: TestnetCommunity, number: number, text: string, kind: BlindingKind = "15") {
  const identity = communityIdentity(accountOf(number), kind, parseServerKey(community.publicKey));
  const { data, signature } = signRoomMessage({ text }, identity, { timestamp: Date.now() });
  return { author: identity.id, data, signature };
}

const kinds = (updates: readonly RoomUpdate[]): string[] =>
  updates.map((update) => (update.kind === "invalid" ? update.error.code : update.kind));

describe("rows of a room", () => {
  it("counts no message whose signature is not its author's", async () => {
    await using world = await plainWorld();
    const { community } = world;
    const good = signedBy(community, 2, "true");
    const other = signedBy(community, 3, "other");
    const flipped = Uint8Array.from(good.signature);
    flipped[5] = (flipped[5] as number) ^ 1;
    const open = signedBy(community, 5, "open", "00");
    const forged = [
      { ...good, signature: flipped },
      { ...good, author: other.author },
      { ...good, data: other.data },
      { ...good, data: good.data.subarray(0, good.data.length - 160) },
      { ...good, author: `05${good.author.slice(2)}` },
      { ...good, author: `25${good.author.slice(2, -2)}00` },
      { ...open, author: `15${open.author.slice(2)}` },
    ];
    community.post("lobby", good);
    for (const post of forged) community.post("lobby", post);
    community.post("lobby", open);
    const page = await world.connect(accountOf(4)).run(messagesSince("lobby", 0));
    expect(kinds(page.updates)).toEqual([
      "message",
      ...forged.map(() => "COMMUNITY_BAD_SIGNATURE"),
      "message",
    ]);
    // Nobody has to read them again.
    expect(page.cursor).toBe(forged.length + 2);
  });

  it("tells authors by the ids that may write", async () => {
    await using world = await plainWorld();
    const good = signedBy(world.community, 2, "x");
    for (const prefix of ["03", "00", "07", "99"])
      world.community.post("lobby", { ...good, author: prefix + good.author.slice(2) });
    const page = await world.connect().run(messagesSince("lobby", 0));
    expect(kinds(page.updates)).toEqual(Array(4).fill("COMMUNITY_REPLY_INVALID"));
  });

  it("drops with the reason", async () => {
    await using world = await plainWorld();
    const { community } = world;
    const identity = communityIdentity(accountOf(2), "15", parseServerKey(community.publicKey));
    const post = (data: Uint8Array, posted = Date.now()) =>
      community.post("lobby", { author: identity.id, data, signature: identity.signMessage(data), posted });
    const late = signRoomMessage({ text: "late" }, identity, { timestamp: Date.now() - DAY });
    post(late.data);
    post(padMessage(encodeContent({ dataMessage: {} })));
    post(padMessage(encodeContent({ typingMessage: { timestamp: 1n, action: 0 } })));
    post(padMessage(encodeContent({ dataMessage: { flags: 2 } })));
    post(padMessage(Uint8Array.of(0xff, 0xff)));
    post(new Uint8Array(0));
    const page = await world.connect().run(messagesSince("lobby", 0));
    expect(
      page.updates.map((update) =>
        update.kind === "dropped" ? `${update.rule} ${update.reason}` : kinds([update])[0],
      ),
    ).toEqual([
      "V3 clock-difference",
      "V13 nothing-visible",
      "V13 nothing-visible",
      "V13 nothing-visible",
      "MESSAGE_MALFORMED",
      "V13 nothing-visible",
    ]);
  });

  it("keeps the last change of a message that comes twice, and reads on behind what is no row", async () => {
    await using world = await plainWorld();
    const server = world.connect();
    const { author, data, signature } = signedBy(world.community, 2, "twice");
    const row = (id: number, seqno: unknown) => ({
      id,
      seqno,
      session_id: author,
      posted: Date.now() / 1000,
      data: Buffer.from(data).toString("base64"),
      signature: Buffer.from(signature).toString("base64"),
      reactions: {},
    });
    world.community.intercept(({ path }) =>
      path.includes("/messages/")
        ? json([
            row(1, 5),
            row(2, 5),
            { ...row(1, 7), data: null, deleted: true },
            row(1, 6),
            row(3, 5),
            null,
            "row",
            [],
            { id: 4 },
            { ...row(4, 9), posted: "soon" },
            { ...row(5, 10), signature: 3 },
            { ...row(6, 11), reactions: { x: 1 } },
            { ...row(7, -1) },
            { ...row(8, 2 ** 60) },
          ])
        : undefined,
    );
    const page = await server.run(messagesSince("lobby", 0));
    expect(kinds(page.updates)).toEqual([
      "message",
      "deleted",
      "message",
      ...Array(8).fill("COMMUNITY_REPLY_INVALID"),
    ]);
    expect(page.cursor).toBe(11);
  });
});

describe("replies", () => {
  const broken: readonly [string, CommunityAnswer, string][] = [
    [
      "an HTML page with status 200",
      { status: 200, headers: HTML_TYPE, body: "<html>Welcome to nginx</html>" },
      "COMMUNITY_REPLY_INVALID",
    ],
    [
      "an HTML page with status 502",
      { status: 502, headers: HTML_TYPE, body: "<html><title>502 Bad Gateway</title></html>" },
      "COMMUNITY_SERVER_ERROR",
    ],
    [
      "JSON that breaks off",
      { status: 200, headers: JSON_TYPE, body: '[{"token":"lob' },
      "COMMUNITY_REPLY_INVALID",
    ],
    [
      "JSON that is no UTF-8",
      { status: 200, headers: JSON_TYPE, body: Uint8Array.of(0x22, 0xff, 0x22) },
      "COMMUNITY_REPLY_INVALID",
    ],
    ["JSON of another type", json({ rooms: [] }), "COMMUNITY_REPLY_INVALID"],
    ["a room without name", json([{ token: "x" }]), "COMMUNITY_REPLY_INVALID"],
    ["no body", { status: 200, headers: {}, body: "" }, "COMMUNITY_REPLY_INVALID"],
    [
      "a redirect",
      { status: 302, headers: { location: "http://127.0.0.1:1/" }, body: "" },
      "COMMUNITY_SERVER_ERROR",
    ],
    ["304 where nothing was known", { status: 304, headers: {}, body: "" }, "COMMUNITY_SERVER_ERROR"],
    ["teapots", { status: 418, headers: {}, body: "short and stout" }, "COMMUNITY_SERVER_ERROR"],
    [
      "a front end's limit",
      { status: 413, headers: HTML_TYPE, body: "<html></html>" },
      "COMMUNITY_TOO_LARGE",
    ],
    [
      "a front end's rate limit",
      { status: 429, headers: { "retry-after": "7" }, body: "" },
      "COMMUNITY_RATE_LIMITED",
    ],
  ];
  for (const [what, answer, code] of broken) {
    it(`makes a typed error of ${what}`, async () => {
      await using world = await plainWorld();
      world.community.intercept(({ path }) => (path === "/rooms" ? answer : undefined));
      expect(await codeOf(world.connect(accountOf(2)).run(rooms()))).toBe(code);
    });
  }

  it("keeps a page's sentences and the wait of a limit as details", async () => {
    await using world = await plainWorld();
    const page = "<html><style>h1{}</style><title>502 Bad Gateway</title><h1>Down</h1></html>";
    world.community.intercept(() => ({ status: 502, headers: HTML_TYPE, body: page }));
    const details = { status: 502, method: "GET", path: "/rooms", text: "502 Bad Gateway Down" };
    expect((await errorOf(world.connect().run(rooms()))).details).toEqual(details);
    world.community.intercept(() => ({ status: 429, headers: { "retry-after": "7" }, body: "" }));
    expect((await errorOf(world.connect().run(rooms()))).details).toMatchObject({ retryAfterMs: 7000 });
  });

  it("takes what a halved batch has, and says what is missing", async () => {
    await using world = await plainWorld();
    const tokens = [newRoom(world.community), newRoom(world.community), newRoom(world.community)];
    const server = world.connect(accountOf(2));
    world.community.intercept(({ path }, serve) => {
      const answer = serve();
      if (path !== "/batch") return answer;
      const entries: unknown[] = JSON.parse(Buffer.from(answer.body).toString("utf8"));
      return json([...entries.slice(0, 3), "no entry", { code: 200, headers: JSON_TYPE, body: "no list" }]);
    });
    const { capabilities: known, rooms: polled } = await poll(server, {
      rooms: tokens.map((token) => ({ token })),
    });
    expect(known.ok).toBe(true);
    expect(polled.map(({ info, messages }) => [info.ok, messages.ok])).toEqual([
      [true, true],
      [false, false],
      [false, false],
    ]);
    expect(polled[0]?.position).toEqual({ token: tokens[0], infoUpdates: 0, cursor: 0 });
    for (const { info, messages } of polled.slice(1)) {
      expect([info, messages]).toMatchObject(Array(2).fill({ error: { code: "COMMUNITY_REPLY_INVALID" } }));
    }
  });

  it("lets no bad room stop the others", async () => {
    await using world = await plainWorld();
    const { community } = world;
    const [fine, closed, forged, alsoFine] = [1, 2, 3, 4].map(() => newRoom(community)) as [
      string,
      string,
      string,
      string,
    ];
    const ada = world.connect(accountOf(2));
    community.setRole(accountOf(1).sessionId, { admin: true, moderator: true });
    const admin = world.connect(accountOf(1));
    const { setPermissions } = await import("session-messenger-sdk/communities");
    await admin.run(setPermissions(closed, await introduce(ada), { read: false }));
    for (const token of [fine, forged, alsoFine]) community.post(token, signedBy(community, 3, token));
    const bad = signedBy(community, 3, "bad");
    community.post(forged, { ...bad, signature: new Uint8Array(64) });
    const polled = await poll(ada, {
      rooms: [fine, closed, "gone", forged, alsoFine].map((token) => ({ token, cursor: 0, infoUpdates: 9 })),
    });
    expect(
      polled.rooms.map(({ messages }) => (messages.ok ? kinds(messages.value.updates) : messages.error.code)),
    ).toEqual([
      ["message"],
      "COMMUNITY_FORBIDDEN",
      "COMMUNITY_NOT_FOUND",
      ["message", "COMMUNITY_BAD_SIGNATURE"],
      ["message"],
    ]);
    expect(polled.rooms[1]?.position.cursor).toBe(0);
  });

  it("does not follow a server that repeats itself", async () => {
    await using world = await plainWorld();
    const server = world.connect();
    const rows = Array.from({ length: 2 }, (_, id) => ({ id, seqno: 3, reactions: {} }));
    world.community.intercept(({ path }) => (path.includes("/messages/") ? json(rows) : undefined));
    const pages: unknown[] = [];
    const all = (async () => {
      for await (const page of catchUp(server, "lobby", 0, { limit: 2 })) pages.push(page);
    })();
    expect(await codeOf(all)).toBe("COMMUNITY_REPLY_INVALID");
    expect(pages).toHaveLength(2);
  });

  it("reads a room page by page", async () => {
    await using world = await plainWorld();
    for (let index = 0; index < 7; index++)
      world.community.post("lobby", signedBy(world.community, 2, `${index}`));
    const texts: string[][] = [];
    for await (const page of catchUp(world.connect(), "lobby", 1, { limit: 3 })) {
      texts.push(page.updates.flatMap((update) => (update.kind === "message" ? [update.message.text] : [])));
    }
    expect(texts).toEqual([
      ["1", "2", "3"],
      ["4", "5", "6"],
    ]);
  });
});

describe("sizes", () => {
  it("does not send files that are too large", async () => {
    const bytes = new Uint8Array(10_000_001);
    expect(() => uploadFile("lobby", bytes)).toThrowError(
      expect.objectContaining({ code: "COMMUNITY_TOO_LARGE" }),
    );
    expect(() => uploadFile("lobby", bytes.subarray(1))).not.toThrow();
  });

  it("takes the server's own limit for what it is", async () => {
    await using world = await plainWorld({ maxFileBytes: 1000 });
    const ada = world.connect(accountOf(2));
    expect(await codeOf(ada.run(uploadFile("lobby", new Uint8Array(1001))))).toBe("COMMUNITY_TOO_LARGE");
    expect(await ada.run(uploadFile("lobby", new Uint8Array(1000)))).toBe(1);
  });

  it("stops reading replies that are too large", async () => {
    await using world = await plainWorld();
    await using network = plainCommunityNetwork({ allowHttp: true, maxResponseBytes: 1000 });
    const { url: baseUrl, publicKey } = world.community;
    const ada = connectCommunity(network, { baseUrl, publicKey }, { account: accountOf(2) });
    const id = await ada.run(uploadFile("lobby", new Uint8Array(2000)));
    expect(await codeOf(ada.run(downloadFile("lobby", id)))).toBe("COMMUNITY_TOO_LARGE");
  });

  it("cuts files to the size that messages state", async () => {
    await using world = await plainWorld();
    const ada = world.connect(accountOf(2));
    const id = await ada.run(uploadFile("lobby", new Uint8Array(10)));
    const { downloadAttachment } = await import("session-messenger-sdk/communities");
    const at = (url: string | undefined, size?: number) => ({ id: BigInt(id), url, size });
    for (const [pointer, length] of [
      [at(`https://elsewhere.example/room/other/file/${id}`, 4), 4],
      [at(`https://elsewhere.example/file/${id}#d`), 10],
      [at(undefined, 40), 10],
    ] as const) {
      expect((await downloadAttachment(ada, "lobby", pointer)).bytes).toHaveLength(length);
    }
    const none = { id: 0n, url: "https://elsewhere.example/file/passwd" };
    expect(await codeOf(downloadAttachment(ada, "lobby", none))).toBe("INVALID_ARGUMENT");
  });
});

describe("signatures of requests", () => {
  /** The world's network with a clock of its own that a comparison may put right. */
  function withClock(
    world: World,
    offset: number,
    resynced: number,
  ): CommunityNetwork & { compared: number } {
    let off = offset;
    const network = {
      callServer: world.network.callServer,
      compared: 0,
      clock: {
        now: () => Date.now() + off,
        resync: async () => {
          off = resynced;
          network.compared++;
        },
      },
    };
    return network;
  }

  it("compares its clock once when the server refuses the time", async () => {
    await using world = await plainWorld();
    const { url: baseUrl, publicKey } = world.community;
    const wrong = withClock(world, 3 * DAY, 0);
    const server = connectCommunity(wrong, { baseUrl, publicKey }, { account: accountOf(2), blinding: "15" });
    expect(await server.run(rooms())).toHaveLength(1);
    expect([wrong.compared, world.community.counters.plain]).toEqual([1, 2]);
  });

  it("gives up when that does not help", async () => {
    await using world = await plainWorld();
    world.community.skewClock(-2 * DAY);
    const server = world.connect(accountOf(2));
    const error = await errorOf(server.run(rooms()));
    expect(error).toMatchObject({ code: "COMMUNITY_CLOCK", details: { status: 425 } });
    expect(world.community.counters.plain).toBe(2);
  });

  it("takes another nonce when one was used", async () => {
    await using world = await plainWorld();
    const nonces = [1, 1, 1, 2, 2].map((value) => new Uint8Array(16).fill(value));
    const crypto = {
      ...defaultCrypto,
      randomBytes: (length: number) => nonces.shift() ?? defaultCrypto.randomBytes(length),
    };
    const server = world.connect(accountOf(2), { crypto, blinding: "15" });
    await server.run(rooms());
    expect(await codeOf(server.run(rooms()))).toBe("COMMUNITY_CLOCK");
    await server.run(rooms());
    await server.run(rooms());
    expect(nonces).toHaveLength(0);
  });

  it("is refused with the second kind of blinding, which servers do not know yet", async () => {
    await using world = await plainWorld();
    const error = await errorOf(world.connect(accountOf(2), { blinding: "25" }).run(rooms()));
    expect(error).toMatchObject({ code: "COMMUNITY_BAD_REQUEST", details: { status: 400 } });
    expect(await codeOf(world.connect(accountOf(2), { blinding: "00" }).run(rooms()))).toBe(
      "COMMUNITY_BAD_REQUEST",
    );
  });

  it("does not work towards a server with another key", async () => {
    await using world = await plainWorld();
    const address = { baseUrl: world.community.url, publicKey: "09".repeat(32) };
    const ada = connectCommunity(world.network, address, { account: accountOf(2) });
    expect(await codeOf(ada.run(rooms()))).toBe("COMMUNITY_UNAUTHORIZED");
  });
});

describe("failures on the way", () => {
  const failing = (
    world: World,
    code: string,
    times: number,
    details = {},
  ): CommunityNetwork & { calls: number } => {
    const network = {
      clock: world.network.clock,
      calls: 0,
      callServer: async (...args: Parameters<CommunityNetwork["callServer"]>) => {
        if (network.calls++ < times) throw new SessionError(code, "lost on the way", { details });
        return await world.network.callServer(...args);
      },
    };
    return network;
  };
  const connectOver = (world: World, network: CommunityNetwork) =>
    connectCommunity(
      network,
      { baseUrl: world.community.url, publicKey: world.community.publicKey },
      { account: accountOf(2), blinding: "15" },
    );

  it("sends reading again, signed anew, and writing only when the server cannot have seen it", async () => {
    await using world = await plainWorld();
    const flaky = failing(world, "PATH_FAILED", 2, { attempts: [{ reason: "no-answer" }] });
    expect(await connectOver(world, flaky).run(rooms())).toHaveLength(1);
    expect(flaky.calls).toBe(3);
    const lost = failing(world, "PATH_FAILED", 1, { attempts: [{ reason: "no-answer" }] });
    expect(await codeOf(sendRoomMessage(connectOver(world, lost), "lobby", { text: "once" }))).toBe(
      "PATH_FAILED",
    );
    expect(lost.calls).toBe(1);
    const never = failing(world, "PATH_FAILED", 1, { attempts: [{ reason: "guard-unreachable" }] });
    expect(await sendRoomMessage(connectOver(world, never), "lobby", { text: "once" })).toMatchObject({
      id: 1,
    });
    const timeout = failing(world, "TIMEOUT", 9);
    expect(await codeOf(connectOver(world, timeout).run(rooms(), { attempts: 2 }))).toBe("TIMEOUT");
    expect(timeout.calls).toBe(2);
    const closed = failing(world, "CLOSED", 9);
    expect(await codeOf(connectOver(world, closed).run(rooms()))).toBe("CLOSED");
    expect(closed.calls).toBe(1);
  });

  it("ends when it is aborted", async () => {
    await using world = await plainWorld();
    const signal = AbortSignal.abort();
    expect(await codeOf(world.connect(accountOf(2)).run(rooms(), { signal }))).toBe("ABORTED");
    expect(world.community.counters.plain).toBe(0);
  });

  it("talks to http servers without onion routing only when told to", async () => {
    await using world = await plainWorld();
    await using network = plainCommunityNetwork();
    const { url: baseUrl, publicKey } = world.community;
    expect(await codeOf(connectCommunity(network, { baseUrl, publicKey }).run(rooms()))).toBe(
      "INVALID_ARGUMENT",
    );
    expect(world.community.counters.plain).toBe(0);
  });

  it("never leaves the onion by itself", async () => {
    await using world = await onionWorld();
    const ada = world.connect(accountOf(2));
    await sendRoomMessage(ada, "lobby", { text: "hidden" });
    await poll(ada, { rooms: [{ token: "lobby" }], inbox: "all", outbox: "all" });
    expect(world.community.counters.plain).toBe(0);
    expect(world.community.counters.onion).toBe(3);
  });

  it("tells a server that cannot be reached from one that refuses", async () => {
    await using world = await onionWorld();
    const address = { baseUrl: "http://127.0.0.1:1", publicKey: world.community.publicKey };
    expect(await codeOf(connectCommunity(world.network, address).run(capabilities()))).toBe(
      "SERVER_UNREACHABLE",
    );
    const wrongKey = { baseUrl: world.community.url, publicKey: `09${"00".repeat(31)}` };
    expect(await codeOf(connectCommunity(world.network, wrongKey).run(capabilities()))).toBe(
      "SERVER_REFUSED",
    );
  });
});

describe("arguments", () => {
  it("are checked before anything is sent", async () => {
    const bad: readonly (() => unknown)[] = [
      () => room("../etc"),
      () => room(""),
      () => recentMessages("x", { limit: 0 }),
      () => recentMessages("x", { limit: 257 }),
      () => recentMessages("x", { reactors: 21 }),
      () => messagesSince("x", -1),
      () => messagesSince("x", 1.5),
      () => inbox({ limit: 0 }),
      () => postMessage("x", { data: new Uint8Array(1), signature: new Uint8Array(63), files: [] }),
      () => postMessage("x", { data: new Uint8Array(1), signature: new Uint8Array(64), files: [-1] }),
      () =>
        postMessage(
          "x",
          { data: new Uint8Array(1), signature: new Uint8Array(64), files: [] },
          { whisperTo: "ada" },
        ),
    ];
    for (const task of bad) expect(task).toThrowError(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
    const {
      addReaction,
      banUser,
      setRole,
      schedulePermissions,
      setPermissions,
      updateRoom,
      requireCapabilities,
    } = await import("session-messenger-sdk/communities");
    const id = `15${"0".repeat(64)}`;
    const more: readonly (() => unknown)[] = [
      () => addReaction("x", 1, ""),
      () => addReaction("x", 1, "abcdefghijklm"),
      () => addReaction("x", 1, ".."),
      () => addReaction("x", 1, "\ud800"),
      () => banUser("me", { global: true }),
      () => banUser(id, { rooms: [] }),
      () => banUser(id, { rooms: ["*"] }),
      () => banUser(id, { global: true }, { timeoutSeconds: 0 }),
      () => setRole(id, { global: true }, {}),
      () => setRole(id, { global: true }, { admin: true, moderator: false }),
      () => setPermissions("x", id, {}),
      () => schedulePermissions("x", id, 0, { write: true }),
      () => schedulePermissions("x", id, 60, {}),
      () => updateRoom("x", {}),
      () => requireCapabilities([]),
    ];
    for (const task of more) expect(task).toThrowError(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  });
});
