import fc from "fast-check";
import { nodeCrypto } from "session-messenger-sdk/crypto/node";
import { isSessionError, SessionError } from "session-messenger-sdk/errors";
import {
  abortable,
  Background,
  cryptoRandomInt,
  Emitter,
  parseNodeJson,
  parseNodeList,
  pick,
  restoreNode,
  retry,
  SingleFlight,
  type Sleep,
  shuffle,
  sleep,
  storeNode,
  withDeadline,
} from "session-messenger-sdk/network";
import { describe, expect, test } from "vitest";
import { FakeNetwork, type FakeNode, seededRandom } from "./fake.js";

const numRuns = 100 * Number(process.env["FC_RUNS"] ?? 1);
const rules = { allowPrivateAddresses: true, crypto: nodeCrypto };
const noSleep: Sleep = async () => {};

describe("waiting", () => {
  test("sleep ends early with ABORTED", async () => {
    const controller = new AbortController();
    const sleeping = sleep(100_000, controller.signal);
    controller.abort("why");
    await expect(sleeping).rejects.toMatchObject({ code: "ABORTED", cause: "why" });
    await expect(sleep(100_000, AbortSignal.abort())).rejects.toMatchObject({ code: "ABORTED" });
    await expect(sleep(0)).resolves.toBeUndefined();
  });

  test("a deadline is TIMEOUT, the caller's abort ABORTED, the task's error its own", async () => {
    const forever = (): Promise<never> => new Promise(() => {});
    await expect(withDeadline(1, undefined, forever)).rejects.toMatchObject({
      code: "TIMEOUT",
      details: { timeoutMs: 1 },
    });
    const controller = new AbortController();
    const aborted = withDeadline(100_000, controller.signal, forever);
    controller.abort();
    await expect(aborted).rejects.toMatchObject({ code: "ABORTED" });
    const failing = withDeadline(100_000, undefined, async () => {
      throw new SessionError("PATH_FAILED", "x");
    });
    await expect(failing).rejects.toMatchObject({ code: "PATH_FAILED" });
    await expect(withDeadline(100_000, undefined, async () => 5)).resolves.toBe(5);
  });

  test("abortable lets the work go on, and its late failure be", async () => {
    const late = Promise.reject(new Error("late"));
    await expect(abortable(late, AbortSignal.abort())).rejects.toMatchObject({ code: "ABORTED" });
    await expect(abortable(Promise.resolve(1), new AbortController().signal)).resolves.toBe(1);
  });

  test("retry obeys its policy", async () => {
    const delays: number[] = [];
    const record: Sleep = async (ms) => {
      delays.push(ms);
    };
    let attempts = 0;
    const failing = async (): Promise<never> => {
      attempts++;
      throw new SessionError(attempts === 3 ? "STOP" : "AGAIN", "x");
    };
    await expect(
      retry(failing, { delays: [1, 2, 3, 4], sleep: record, shouldRetry: (e) => isSessionError(e, "AGAIN") }),
    ).rejects.toMatchObject({ code: "STOP" });
    expect([attempts, delays]).toEqual([3, [1, 2]]);
    const aborted = async (): Promise<never> => {
      attempts++;
      throw new SessionError("ABORTED", "x");
    };
    await expect(retry(aborted, { delays: [1], sleep: noSleep })).rejects.toMatchObject({ code: "ABORTED" });
    expect(attempts).toBe(4);
    await expect(retry(async (attempt) => attempt, { delays: [], sleep: noSleep })).resolves.toBe(0);
  });

  test("single flight runs once at a time", async () => {
    const flight = new SingleFlight<number>();
    let runs = 0;
    const work = async (): Promise<number> => ++runs;
    expect(await Promise.all([flight.run(work), flight.run(work)])).toEqual([1, 1]);
    expect(await flight.run(work)).toBe(2);
    await expect(flight.run(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(flight.running).toBeUndefined();
  });

  test("background work is waited for, also what it starts", async () => {
    const background = new Background();
    const done: string[] = [];
    background.add(
      Promise.resolve().then(() => {
        background.add(Promise.resolve().then(() => done.push("second")));
        done.push("first");
      }),
    );
    background.add(Promise.reject(new Error("nobody's concern")));
    await background.idle();
    expect(done).toEqual(["first", "second"]);
  });
});

describe("the emitter", () => {
  interface Events {
    readonly a: number;
    readonly b: string;
  }

  test("calls listeners in order, until they are removed", () => {
    const emitter = new Emitter<Events>();
    const heard: unknown[] = [];
    const listener = (value: number): void => {
      heard.push(value);
    };
    const stop = emitter.on("a", listener);
    emitter.on("a", listener);
    emitter.on("b", (value) => heard.push(value));
    emitter.emit("a", 1);
    stop();
    stop();
    emitter.emit("a", 2);
    emitter.emit("b", "x");
    expect(heard).toEqual([1, 1, 2, "x"]);
  });

  test("a listener that throws disturbs neither the others nor the emitter", () => {
    const errors: unknown[] = [];
    const emitter = new Emitter<Events>((error) => errors.push(error));
    const heard: number[] = [];
    emitter.on("a", () => {
      throw new Error("mine");
    });
    emitter.on("a", (value) => heard.push(value));
    emitter.emit("a", 1);
    expect(heard).toEqual([1]);
    expect(errors).toEqual([new Error("mine")]);
  });
});

describe("random choices", () => {
  test("are uniform enough, and complete", () => {
    const random = cryptoRandomInt(nodeCrypto);
    const counts = [0, 0, 0];
    for (let i = 0; i < 3000; i++) counts[random(3)]!++;
    // Six standard deviations of a fair draw.
    for (const count of counts)
      expect(Math.abs(count - 1000)).toBeLessThan(6 * Math.sqrt(3000 * (1 / 3) * (2 / 3)));
    const items = [1, 2, 3, 4, 5];
    expect([...shuffle(items, random)].sort()).toEqual(items);
    expect(items).toEqual([1, 2, 3, 4, 5]);
    expect(pick([], random)).toBeUndefined();
  });

  test("values that would favour small results are drawn again", () => {
    const bytes = [Uint8Array.of(255, 255, 255, 255), Uint8Array.of(0, 0, 0, 7)];
    const crypto = { ...nodeCrypto, randomBytes: () => bytes.shift()! };
    expect(cryptoRandomInt(crypto)(3)).toBe(1);
    expect(bytes).toEqual([]);
  });
});

describe("node lists and stored nodes, whatever they are fed", () => {
  test("random text is a list or a SessionError", () => {
    const value = fc.oneof(
      fc.string(),
      fc.json(),
      fc.array(fc.jsonValue()).map((states) => JSON.stringify({ result: { service_node_states: states } })),
    );
    fc.assert(
      fc.property(value, (text) => {
        try {
          return parseNodeList(text, rules).length > 0;
        } catch (error) {
          return isSessionError(error, "RESPONSE_INVALID");
        }
      }),
      { numRuns },
    );
  });

  test("every swarm id survives text, and every node storage", () => {
    const [{ node }] = new FakeNetwork(1).nodes as [FakeNode];
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 64n - 2n), fc.nat(65_535), (swarmId, part) => {
        const text = `{"result":{"x":"\\"swarm_id\\": 5","swarm_id" : ${swarmId}}}`;
        expect(parseNodeJson(text)).toEqual({ result: { x: '"swarm_id": 5', swarm_id: swarmId.toString() } });
        const full = { ...node, swarmId, version: [2, part, 0] } as unknown as Parameters<
          typeof storeNode
        >[0];
        expect(restoreNode(JSON.parse(JSON.stringify(storeNode(full))), rules)).toEqual(full);
      }),
      { numRuns },
    );
  });

  test("a random stored value is a node or nothing, and a stored state never an exception", () => {
    const fake = new FakeNetwork(4);
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (value, parts) => {
        restoreNode(value, rules);
        const state = {
          version: 1,
          network: "custom",
          savedAt: 1,
          refreshedAt: 1,
          nodes: value,
          guards: value,
          strikes: parts,
        };
        const network = fake.connect({}, { state, random: seededRandom(1) });
        return network.pool.nodes.length === 0;
      }),
      { numRuns },
    );
  });
});
