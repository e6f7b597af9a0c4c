import { SessionError } from "session-messenger-sdk/errors";
import type { RpcRequest } from "session-messenger-sdk/network";
import { infoCall, infoRequest, Swarms } from "session-messenger-sdk/swarm";
import { describe, expect, it } from "vitest";
import {
  FakeNetwork,
  fakeNode,
  fakeNodes,
  type Handler,
  quickSwarms,
  swarmBody,
  testAccount,
} from "./support.js";

const { sessionId: pubkey } = testAccount("alice");
const request: RpcRequest = { method: "store", params: { pubkey } };
const error = (code: string): unknown => expect.objectContaining({ code });
const keysOf = (nodes: readonly { ed25519PublicKey: string }[]): string[] =>
  nodes.map((node) => node.ed25519PublicKey);

/** A pool whose last five nodes are the swarm of every account, as all nodes say. */
function world(
  handler: Handler,
  swarmSize = 5,
): {
  network: FakeNetwork;
  swarm: ReturnType<typeof fakeNodes>;
  others: ReturnType<typeof fakeNodes>;
} {
  const others = fakeNodes(7, "other");
  const swarm = fakeNodes(swarmSize, "member");
  const network = new FakeNetwork([...others, ...swarm], (node, request, options) =>
    request.method === "get_swarm"
      ? { status: 200, body: swarmBody(swarm) }
      : handler(node, request, options),
  );
  return { network, swarm, others };
}

const ok: Handler = () => ({ status: 200, body: { t: 1 } });
const failing =
  (code: string): Handler =>
  () => {
    throw new SessionError(code, "it failed");
  };

describe("finding the swarm", () => {
  it("asks a node once and remembers the answer", async () => {
    const { network, swarm } = world(ok);
    const { swarms } = quickSwarms(network);
    expect(keysOf(await swarms.get(pubkey)).sort()).toEqual(keysOf(swarm).sort());
    await swarms.get(pubkey.toUpperCase());
    expect(network.asked("get_swarm")).toHaveLength(1);
    swarms.forget(pubkey);
    await swarms.get(pubkey);
    expect(network.asked("get_swarm")).toHaveLength(2);
  });

  it("asks again when fewer than three members are left in the pool", async () => {
    const { network, swarm, others } = world(ok);
    const { swarms } = quickSwarms(network);
    await swarms.get(pubkey);
    network.pool = [...others, ...swarm.slice(0, 3)];
    expect(keysOf(await swarms.get(pubkey)).sort()).toEqual(keysOf(swarm.slice(0, 3)).sort());
    expect(network.asked("get_swarm")).toHaveLength(1);
    network.pool = [...others, ...swarm.slice(0, 2)];
    await swarms.get(pubkey);
    expect(network.asked("get_swarm")).toHaveLength(2);
  });

  it("takes addresses from the pool, and from the reply only for nodes the pool does not know", async () => {
    const { network, swarm } = world(ok);
    const [known] = swarm;
    const stranger = fakeNode("stranger");
    network.handler = () => ({
      status: 200,
      body: swarmBody([{ ...known!, ip: "6.6.6.6", port: 666 }, stranger]),
    });
    const members = await quickSwarms(network).swarms.get(pubkey);
    expect(members).toContain(known);
    expect(members.find((node) => node.ed25519PublicKey === stranger.ed25519PublicKey)).toMatchObject({
      ip: stranger.ip,
      x25519PublicKey: stranger.x25519PublicKey,
    });
  });

  it("goes on to other nodes after garbage, errors and empty lists, and gives up at last", async () => {
    const { network, swarm } = world(ok);
    const answers = ["garbage", { snodes: 5 }, swarmBody([], "ffffffffffffffff")];
    network.handler = () => ({ status: 200, body: answers.shift() ?? swarmBody(swarm) });
    await quickSwarms(network).swarms.get(pubkey);
    expect(new Set(network.asked("get_swarm")).size).toBe(4);
    network.handler = () => ({ status: 500, body: "No swarms known!" });
    await expect(quickSwarms(network).swarms.get(pubkey)).rejects.toThrow(error("SWARM_NO_NODES"));
    expect(network.asked("get_swarm")).toHaveLength(8);
  });

  it("is worked out from the pool when every swarm id is known", async () => {
    const near = fakeNodes(3, "near", 0n);
    const far = fakeNodes(3, "far", 1n << 63n);
    const network = new FakeNetwork([...near, ...far], ok);
    const id = `05${"00".repeat(32)}`;
    expect(await quickSwarms(network).swarms.get(id)).toEqual(near);
    expect(network.calls).toHaveLength(0);
    network.pool = [...near.slice(0, 1), ...far];
    expect(await quickSwarms(network).swarms.get(id)).toEqual(near.slice(0, 1));
    network.handler = () => ({ status: 200, body: swarmBody(far) });
    const asking = new Swarms(network, { computeLocally: false });
    expect(keysOf(await asking.get(id)).sort()).toEqual(keysOf(far).sort());
  });

  it("refuses what is no id before it asks anybody", async () => {
    const { network } = world(ok);
    await expect(quickSwarms(network).swarms.get("05")).rejects.toThrow(error("INVALID_ARGUMENT"));
    expect(network.calls).toHaveLength(0);
  });
});

describe("choosing a member", () => {
  it("gives every member its turn before any has a second one", async () => {
    const { network, swarm } = world(ok);
    const { swarms } = quickSwarms(network);
    for (let round = 1; round <= 2; round++) {
      for (let i = 0; i < swarm.length; i++) await swarms.call(pubkey, request);
      const turn = network.asked("store").slice(-swarm.length);
      expect(turn.sort()).toEqual(keysOf(swarm).sort());
    }
  });

  it("asks those that failed only after the others", async () => {
    const { network, swarm } = world(ok);
    const dead = keysOf(swarm.slice(0, 2));
    network.handler = (node, { method }) => {
      if (method === "get_swarm") return { status: 200, body: swarmBody(swarm) };
      if (dead.includes(node.ed25519PublicKey)) throw new SessionError("TIMEOUT", "no answer");
      return { status: 200, body: {} };
    };
    const { swarms } = quickSwarms(network);
    for (let i = 0; i < 20; i++) await swarms.call(pubkey, request);
    // Each of the two was found dead once; the other three did the work.
    expect(network.asked("store").filter((key) => dead.includes(key)).length).toBeLessThanOrEqual(2);
    expect(network.asked("store").length).toBeLessThanOrEqual(22);
  });

  it("forgives after ten minutes", async () => {
    const { network, swarm } = world(failing("TIMEOUT"), 2);
    let now = 0;
    const { swarms } = quickSwarms(network, { monotonicNow: () => now });
    const [first] = swarm;
    await swarms.get(pubkey);
    await expect(swarms.call(pubkey, request, { node: first, attempts: 1 })).rejects.toThrow(
      error("TIMEOUT"),
    );
    network.handler = ok;
    for (let i = 0; i < 4; i++) await swarms.call(pubkey, request);
    expect(network.asked("store").filter((key) => key === first?.ed25519PublicKey)).toHaveLength(1);
    now = 600_001;
    for (let i = 0; i < 4; i++) await swarms.call(pubkey, request);
    const asked = network.asked("store").filter((key) => key === first?.ed25519PublicKey);
    expect(asked.length).toBeGreaterThanOrEqual(3);
  });

  it("keeps to the node it is told, and away from others it is told", async () => {
    const { network, swarm } = world(ok);
    const { swarms } = quickSwarms(network);
    await swarms.call(pubkey, request, { node: swarm[3] });
    await swarms.call(pubkey, request, { exclude: new Set(keysOf(swarm.slice(0, 4))) });
    expect(network.asked("store")).toEqual([swarm[3]?.ed25519PublicKey, swarm[4]?.ed25519PublicKey]);
    const everybody = new Set(keysOf(swarm));
    await expect(swarms.call(pubkey, request, { exclude: everybody })).rejects.toThrow(
      error("SWARM_NO_NODES"),
    );
  });
});

describe("attempts", () => {
  it("go to another member after silence, and nearly half of those do not count", async () => {
    const { network } = world(failing("TIMEOUT"));
    const { swarms, waits } = quickSwarms(network);
    await expect(swarms.call(pubkey, request)).rejects.toThrow(error("TIMEOUT"));
    const asked = network.asked("store");
    expect(asked).toHaveLength(5);
    expect(new Set(asked).size).toBe(5);
    expect(network.struck).toEqual([]);
    expect(waits).toEqual([100, 100]);
    await expect(swarms.call(pubkey, request, { attempts: 1 })).rejects.toThrow(error("TIMEOUT"));
    expect(network.asked("store")).toHaveLength(6);
  });

  it.each(["NODE_UNREACHABLE", "RESPONSE_INVALID", "RESPONSE_TOO_LARGE"])(
    "go to another member after %s",
    async (code) => {
      const { network } = world(failing(code));
      const { swarms, waits } = quickSwarms(network);
      await expect(swarms.call(pubkey, request)).rejects.toThrow(error(code));
      expect(new Set(network.asked("store")).size).toBe(3);
      expect(waits).toEqual([100, 100]);
    },
  );

  it.each([500, 502, 503, 504, 429, 302])(
    "go to another member after status %d, which is told on",
    async (status) => {
      const { network } = world(() => ({ status, body: "sorry" }));
      const { swarms } = quickSwarms(network);
      const code = status === 429 ? "SWARM_RATE_LIMITED" : "SWARM_SERVER_ERROR";
      await expect(swarms.call(pubkey, request)).rejects.toThrow(
        expect.objectContaining({
          code,
          details: expect.objectContaining({ status, text: "sorry", method: "store" }),
        }),
      );
      expect(new Set(network.asked("store")).size).toBe(3);
      expect(network.struck).toEqual(network.asked("store"));
    },
  );

  it("over a broken path go to the same member, and do not count at first", async () => {
    const { network } = world(failing("PATH_FAILED"));
    const { swarms } = quickSwarms(network);
    await expect(swarms.call(pubkey, request)).rejects.toThrow(error("PATH_FAILED"));
    const asked = network.asked("store");
    expect(asked).toHaveLength(6);
    expect(new Set(asked.slice(0, 4)).size).toBe(1);
    expect(network.struck).toEqual([]);
  });

  it.each([
    [400, "invalid request: x", "SWARM_BAD_REQUEST"],
    [400, "no method active_nodes_bin", "SWARM_METHOD_UNKNOWN"],
    [401, "store signature verification failed", "SWARM_UNAUTHORIZED"],
    [403, "Provided expiry/TTL is not valid.", "SWARM_FORBIDDEN"],
    [404, { swarm: {} }, "SWARM_NOT_FOUND"],
  ])("end at status %d %j", async (status, body, code) => {
    const { network } = world(() => ({ status, body }));
    await expect(quickSwarms(network).swarms.call(pubkey, request)).rejects.toThrow(error(code));
    expect(network.asked("store")).toHaveLength(1);
    expect(network.struck).toEqual([]);
  });

  it.each(["ABORTED", "CLOSED", "NETWORK_NO_SEED", "NETWORK_TOO_FEW_NODES", "ONION_TOO_LARGE"])(
    "end at %s",
    async (code) => {
      const { network } = world(failing(code));
      await expect(quickSwarms(network).swarms.call(pubkey, request)).rejects.toThrow(error(code));
      expect(network.asked("store")).toHaveLength(1);
    },
  );

  it("start over when all members were asked", async () => {
    const { network } = world(failing("NODE_UNREACHABLE"), 2);
    const { swarms } = quickSwarms(network);
    await expect(swarms.call(pubkey, request, { attempts: 5 })).rejects.toThrow(error("NODE_UNREACHABLE"));
    expect(network.asked("store")).toHaveLength(5);
  });

  it("keep the server's text short and out of the message", async () => {
    const { network } = world(() => ({ status: 401, body: "x".repeat(10_000) }));
    const failure = await quickSwarms(network)
      .swarms.call(pubkey, request)
      .catch((caught: unknown) => caught);
    expect((failure as SessionError).details.text).toHaveLength(200);
    expect((failure as SessionError).message).not.toContain("x".repeat(20));
  });

  it("give each request its time, within that of the call", async () => {
    let now = 0;
    const { network } = world(() => {
      now += 9_000;
      throw new SessionError("TIMEOUT", "no answer");
    });
    const { swarms } = quickSwarms(network, { monotonicNow: () => now });
    await expect(swarms.call(pubkey, request, { overallTimeoutMs: 20_000 })).rejects.toThrow(
      error("TIMEOUT"),
    );
    const stores = network.calls.filter(({ request: { method } }) => method === "store");
    expect(stores.map(({ options }) => options.timeoutMs)).toEqual([10_000, 10_000, 2_000]);
    expect(stores.map(({ options }) => options.attempts)).toEqual([1, 2, 2]);
  });

  it("stop with TIMEOUT and the last failure as cause when the call's time is over", async () => {
    let now = 0;
    const { network } = world(() => {
      now += 30_000;
      return { status: 500, body: "" };
    });
    const { swarms } = quickSwarms(network, { monotonicNow: () => now });
    const failure = await swarms
      .call(pubkey, request, { overallTimeoutMs: 50_000 })
      .catch((caught: unknown) => caught);
    expect(failure).toMatchObject({ code: "TIMEOUT", cause: { code: "SWARM_SERVER_ERROR" } });
    expect(network.asked("store")).toHaveLength(2);
  });

  it("stop when the caller does", async () => {
    const controller = new AbortController();
    const { network } = world(() => {
      controller.abort();
      return { status: 500, body: "" };
    });
    const swarms = new Swarms(network);
    const options = { signal: controller.signal, delayMs: () => 1e9 };
    await expect(swarms.call(pubkey, request, options)).rejects.toThrow(error("ABORTED"));
    expect(network.asked("store")).toHaveLength(1);
    await expect(swarms.call(pubkey, request, options)).rejects.toThrow(error("ABORTED"));
    await expect(swarms.get(pubkey, options)).rejects.toThrow(error("ABORTED"));
    expect(network.asked("store")).toHaveLength(1);
  });

  it("stop while waiting for the next one", async () => {
    const controller = new AbortController();
    const { network } = world(() => {
      setImmediate(() => controller.abort("enough"));
      return { status: 500, body: "" };
    });
    const call = new Swarms(network).call(pubkey, request, { signal: controller.signal, delayMs: () => 1e6 });
    await expect(call).rejects.toThrow(expect.objectContaining({ code: "ABORTED", cause: "enough" }));
  });

  it("find a bad request before anybody is asked", async () => {
    const { network } = world(ok);
    const bad = (): RpcRequest => {
      throw new SessionError("INVALID_ARGUMENT", "no");
    };
    await expect(quickSwarms(network).swarms.call(pubkey, bad)).rejects.toThrow(error("INVALID_ARGUMENT"));
    expect(network.calls).toHaveLength(0);
  });
});

describe("status 421", () => {
  /** Members say that they are not the swarm; those of `right` are. */
  function movedWorld(body: (right: ReturnType<typeof fakeNodes>) => unknown): ReturnType<typeof world> & {
    right: ReturnType<typeof fakeNodes>;
  } {
    const right = fakeNodes(4, "right");
    const parts = world((node) =>
      keysOf(right).includes(node.ed25519PublicKey)
        ? { status: 200, body: { t: 1 } }
        : { status: 421, body: body(right) },
    );
    parts.network.pool = [...parts.network.pool, ...right];
    return { ...parts, right };
  }

  it("with a list replaces the swarm and is tried again", async () => {
    const { network, right } = movedWorld((nodes) => swarmBody(nodes));
    const { swarms, waits } = quickSwarms(network);
    await swarms.call(pubkey, request, { attempts: 1 });
    const asked = network.asked("store");
    expect(asked).toHaveLength(2);
    expect(keysOf(right)).toContain(asked[1]);
    expect(network.struck).toEqual(asked.slice(0, 1));
    expect(waits).toEqual([]);
    expect(keysOf(await swarms.get(pubkey)).sort()).toEqual(keysOf(right).sort());
    expect(network.asked("get_swarm")).toHaveLength(1);
  });

  it.each<[string, unknown]>([
    ["an empty list", swarmBody([], "ffffffffffffffff")],
    ["a sentence", "wrong swarm"],
    ["a broken list", { snodes: [{ ip: 5 }], swarm: "1" }],
  ])("with %s drops the node", async (_, body) => {
    const { network, swarm } = movedWorld(() => body);
    const { swarms } = quickSwarms(network);
    await expect(swarms.call(pubkey, request, { attempts: 1 })).rejects.toThrow(error("SWARM_WRONG"));
    const dropped = network.asked("store");
    expect(new Set(dropped).size).toBe(2);
    const left = keysOf(swarm).filter((key) => !dropped.includes(key));
    expect(keysOf(await swarms.get(pubkey)).sort()).toEqual(left.sort());
  });

  it("is followed once without counting", async () => {
    const { network, swarm } = world(() => ({ status: 421, body: swarmBody(swarm) }));
    const { swarms } = quickSwarms(network);
    await expect(swarms.call(pubkey, request)).rejects.toThrow(error("SWARM_WRONG"));
    expect(network.asked("store")).toHaveLength(4);
  });

  it("about another account than ours changes nothing", async () => {
    const { sessionId: other } = testAccount("bob");
    const { network, swarm, right } = movedWorld((nodes) => swarmBody(nodes));
    const { swarms } = quickSwarms(network);
    const foreign = { method: "store", params: { pubkey: other } };
    await expect(swarms.call(pubkey, foreign, { attempts: 1 })).rejects.toThrow(error("SWARM_WRONG"));
    const members = keysOf(await swarms.get(pubkey));
    expect(members.some((key) => keysOf(right).includes(key))).toBe(false);
    expect(members.every((key) => keysOf(swarm).includes(key))).toBe(true);
  });

  it("of a swarm worked out from the pool leads to asking", async () => {
    const members = fakeNodes(1, "near", 0n);
    const others = fakeNodes(3, "far", 1n << 63n);
    const network = new FakeNetwork([...members, ...others], (node, { method }) => {
      if (method === "get_swarm") return { status: 200, body: swarmBody(others) };
      return others.some(({ ed25519PublicKey }) => ed25519PublicKey === node.ed25519PublicKey)
        ? { status: 200, body: {} }
        : { status: 421, body: "" };
    });
    const id = `05${"00".repeat(32)}`;
    await quickSwarms(network).swarms.call(id, { method: "store", params: { pubkey: id } });
    expect(network.calls.map(({ request: { method } }) => method)).toEqual(["store", "get_swarm", "store"]);
  });
});

describe.each([406, 425])("status %d", (status) => {
  it("sets the clock and signs anew for the same node", async () => {
    const { network } = world((_, { params }) =>
      params.timestamp === 5_000 ? { status: 200, body: {} } : { status, body: "check your clock" },
    );
    network.onResync = () => {
      network.time = 5_000;
    };
    const { swarms, waits } = quickSwarms(network);
    const build = (timestamp: number): RpcRequest => ({ method: "store", params: { pubkey, timestamp } });
    await swarms.call(pubkey, build, { attempts: 1 });
    const asked = network.asked("store");
    expect(asked).toHaveLength(2);
    expect(asked[0]).toBe(asked[1]);
    expect(network.resyncs).toBe(1);
    expect(network.struck).toEqual([]);
    expect(waits).toEqual([]);
  });

  it("again drops the node, whose clock it must be", async () => {
    const { network, swarm } = world((node) =>
      node.ed25519PublicKey === swarm[0]?.ed25519PublicKey ? { status, body: "" } : { status: 200, body: {} },
    );
    const { swarms } = quickSwarms(network, { random: () => 0, computeLocally: false });
    await swarms.call(pubkey, () => request);
    expect(network.asked("store")).toHaveLength(3);
    expect(network.struck).toEqual([swarm[0]?.ed25519PublicKey]);
    expect(keysOf(await swarms.get(pubkey))).not.toContain(swarm[0]?.ed25519PublicKey);
  });

  it("from everybody ends with SWARM_CLOCK after one comparison of clocks", async () => {
    const { network } = world(() => ({ status, body: "" }));
    const { swarms } = quickSwarms(network);
    await expect(swarms.call(pubkey, () => request)).rejects.toThrow(error("SWARM_CLOCK"));
    expect(network.resyncs).toBe(1);
    expect(network.asked("store")).toHaveLength(4);
  });

  it("is tried again although the clock could not be set", async () => {
    const answers = [status, 200];
    const { network } = world(() => ({ status: answers.shift() ?? 500, body: {} }));
    network.onResync = () => {
      throw new SessionError("TIMEOUT", "nobody knows the time");
    };
    await quickSwarms(network).swarms.call(pubkey, () => request);
    expect(network.asked("store")).toHaveLength(2);
  });
});

describe("times refused with 401", () => {
  it.each(["expire: timestamp should be >= current time", "delete_before timestamp too far in the future"])(
    "are a matter of the clock: %s",
    async (body) => {
      const { network } = world(() => ({ status: 401, body }));
      await expect(quickSwarms(network).swarms.call(pubkey, request)).rejects.toThrow(error("SWARM_CLOCK"));
      expect(network.resyncs).toBe(1);
    },
  );
});

describe("failures inside a batch of status 200", () => {
  const batch = (...methods: string[]): RpcRequest => ({
    method: "batch",
    params: { requests: methods.map((method) => ({ method, params: method === "info" ? {} : { pubkey } })) },
  });
  const results = (...codes: number[]): { status: number; body: unknown } => ({
    status: 200,
    body: { results: codes.map((code) => ({ code, body: code < 300 ? {} : "text" })) },
  });

  it("a wrong swarm is followed", async () => {
    const right = fakeNodes(3, "right");
    const { network } = world((node) =>
      keysOf(right).includes(node.ed25519PublicKey)
        ? results(200, 200)
        : {
            status: 200,
            body: {
              results: [
                { code: 200, body: {} },
                { code: 421, body: swarmBody(right) },
              ],
            },
          },
    );
    network.pool = [...network.pool, ...right];
    const { swarms } = quickSwarms(network);
    const reply = await swarms.call(pubkey, batch("info", "retrieve"));
    expect(keysOf(right)).toContain(reply.node.ed25519PublicKey);
    expect(network.asked("batch")).toHaveLength(2);
  });

  it("a wrong swarm of an entry about nobody we asked for is left alone", async () => {
    const { network } = world(() => results(421, 200));
    await quickSwarms(network).swarms.call(pubkey, batch("info", "retrieve"));
    expect(network.asked("batch")).toHaveLength(1);
  });

  it("a refused time sets the clock", async () => {
    const answers = [results(200, 406), results(200, 200)];
    const { network } = world(() => answers.shift() ?? results(500, 500));
    const reply = await quickSwarms(network).swarms.call(pubkey, () => batch("info", "retrieve"));
    expect(network.resyncs).toBe(1);
    expect(reply.body).toEqual(results(200, 200).body);
  });

  it("a node that fails at everything is left for another one", async () => {
    const answers = [results(500, 503), results(200, 200)];
    const { network } = world(() => answers.shift() ?? results(500, 500));
    await quickSwarms(network).swarms.call(pubkey, batch("retrieve", "retrieve"));
    expect(new Set(network.asked("batch")).size).toBe(2);
  });

  it("single failures, and refusals, are the caller's to see", async () => {
    for (const answer of [results(500, 200), results(401, 401), results(401, 500)]) {
      const { network } = world(() => answer);
      const reply = await quickSwarms(network).swarms.call(pubkey, batch("retrieve", "retrieve"));
      expect(reply.body).toEqual(answer.body);
      expect(network.asked("batch")).toHaveLength(1);
    }
  });

  it("are returned when no attempt is left", async () => {
    const { network } = world(() => results(500, 500));
    const reply = await quickSwarms(network).swarms.call(pubkey, batch("retrieve", "retrieve"));
    expect(reply.body).toEqual(results(500, 500).body);
    expect(network.asked("batch")).toHaveLength(3);
  });

  it("garbage in place of results is the node's failure", async () => {
    const { network } = world(() => ({ status: 200, body: { results: "none" } }));
    const call = quickSwarms(network).swarms.call(pubkey, batch("retrieve"));
    await expect(call).rejects.toThrow(error("SWARM_REPLY_INVALID"));
    expect(network.asked("batch")).toHaveLength(3);
  });
});

describe("calls to anybody", () => {
  it("go to random nodes of the pool", async () => {
    const { network } = world(failing("NODE_UNREACHABLE"));
    const { swarms } = quickSwarms(network);
    await expect(swarms.runAnywhere(infoCall)).rejects.toThrow(error("NODE_UNREACHABLE"));
    expect(new Set(network.asked("info")).size).toBe(3);
    network.pool = [];
    await expect(swarms.runAnywhere(infoCall)).rejects.toThrow(error("SWARM_NO_NODES"));
  });

  it("count an unreadable reply as a failure of the node", async () => {
    const { network } = world(() => ({ status: 200, body: "garbage" }));
    const { swarms } = quickSwarms(network);
    await expect(swarms.runAnywhere(infoCall)).rejects.toThrow(error("SWARM_REPLY_INVALID"));
    expect(network.asked(infoRequest().method)).toHaveLength(3);
  });
});
