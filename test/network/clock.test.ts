import { isSessionError } from "session-messenger-sdk/errors";
import { describe, expect, test } from "vitest";
import { FakeNetwork } from "./fake.js";

const MINUTE = 60_000;

describe("the network clock", () => {
  test("is the local clock until a node says otherwise", () => {
    const fake = new FakeNetwork(12);
    const { clock } = fake.connect();
    expect(clock.isKnown).toBe(false);
    expect(clock.offsetMs).toBe(0);
    expect(clock.now()).toBe(fake.time);
    expect(clock.hardFork).toBeUndefined();
  });

  test("takes t in the middle of the exchange, and the floored mean of the last ten", () => {
    const { clock } = new FakeNetwork(12).connect();
    clock.observe({ t: 1_800_000_000_000 }, 1_800_000_001_000, 1_800_000_001_200);
    expect(clock.offsetMs).toBe(1100);
    for (let i = 1; i <= 10; i++) {
      clock.observe({ t: 1_800_000_000_000 }, 1_800_000_000_000 + i, 1_800_000_000_000 + i);
    }
    expect(clock.offsetMs).toBe(5);
  });

  test("finds t and hf in the results of a batch", () => {
    const { clock } = new FakeNetwork(12).connect();
    const body = {
      results: [
        { code: 401, body: "no" },
        { code: 200, body: { t: 1_800_000_000_000, hf: [19, 4] } },
      ],
    };
    clock.observe(body, 1_800_000_000_300, 1_800_000_000_300);
    expect(clock.offsetMs).toBe(300);
    expect(clock.hardFork).toEqual([19, 4]);
  });

  test.each([
    null,
    undefined,
    "t",
    3,
    [],
    {},
    { t: "1800000000000" },
    { t: 1e9 },
    { t: 1.5 },
    { t: 1e300 },
    { t: null },
    { results: {} },
    { hf: [1] },
    { hf: ["a", 1] },
    { hf: [1e9, 0] },
  ])("learns nothing from %j", (body) => {
    const { clock } = new FakeNetwork(12).connect();
    clock.observe(body, 1_800_000_000_000, 1_800_000_000_000);
    expect(clock.isKnown).toBe(false);
    expect(clock.hardFork).toBeUndefined();
  });

  test("keeps the highest fork", () => {
    const { clock } = new FakeNetwork(12).connect();
    for (const hf of [
      [19, 3],
      [20, 0],
      [19, 4],
    ])
      clock.observe({ hf }, 0, 0);
    expect(clock.hardFork).toEqual([20, 0]);
  });

  test("does not follow one liar, but follows three that agree", () => {
    const { clock } = new FakeNetwork(12).connect();
    const t = 1_800_000_000_000;
    clock.observe({ t }, t, t);
    clock.observe({ t: t + 10 * MINUTE }, t, t);
    clock.observe({ t: t - 10 * MINUTE }, t, t);
    expect(clock.offsetMs).toBe(0);
    clock.observe({ t: t + 30 * MINUTE }, t, t);
    clock.observe({ t: t + 30 * MINUTE }, t, t);
    expect(clock.offsetMs).toBe(0);
    clock.observe({ t: t + 30 * MINUTE }, t, t);
    expect(clock.offsetMs).toBe(-30 * MINUTE);
  });

  test("asks three nodes and takes the median, so that one wrong node does not matter", async () => {
    const fake = new FakeNetwork(12);
    for (const node of fake.nodes) node.skew = 5_000;
    const network = fake.connect();
    const synced: unknown[] = [];
    network.on("clock:synced", (event) => synced.push(event));
    await network.paths.getPath();
    let liar = 0;
    const answer = fake.rpc;
    fake.rpc = (node, request) => {
      if (request.method !== "info" || liar++ > 0) return answer(node, request);
      return {
        status: 200,
        body: { timestamp: fake.time + 90 * MINUTE, t: fake.time + 90 * MINUTE, hf: [19, 4] },
      };
    };
    await network.clock.resync();
    expect(network.clock.offsetMs).toBe(-5_000);
    expect(network.clock.now()).toBe(fake.time + 5_000);
    expect(fake.calls("info")).toHaveLength(3);
    expect(synced).toEqual([{ offsetMs: -5_000, samples: 3 }]);
  });

  test("is compared at most every ten minutes, at once when asked to, and once for all who ask", async () => {
    const fake = new FakeNetwork(12);
    const network = fake.connect({ intervals: { pathRotation: 1e9 } });
    const asked = (): number => fake.calls("info").length;
    await Promise.all([network.clock.sync(), network.clock.sync(), network.clock.resync()]);
    expect(asked()).toBe(3);
    await network.clock.sync();
    expect(asked()).toBe(3);
    await network.clock.resync();
    expect(asked()).toBe(6);
    fake.time += 11 * MINUTE;
    await network.clock.sync();
    expect(asked()).toBe(9);
  });

  test("says so when no node answers, and that only", async () => {
    const fake = new FakeNetwork(12);
    const network = fake.connect();
    await network.paths.getPath();
    await network.idle();
    const { clock } = network;
    const before = clock.offsetMs;
    for (const node of fake.nodes) node.fault = "silent";
    const error = await clock.resync().catch((caught: unknown) => caught);
    expect(isSessionError(error, "TIMEOUT", "PATH_FAILED")).toBe(true);
    expect(clock.offsetMs).toBe(before);
    await expect(clock.resync({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "ABORTED" });
  });
});
