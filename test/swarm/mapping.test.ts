import fc from "fast-check";
import { swarmFromPool, swarmIdFor, swarmSpace } from "session-messenger-sdk/swarm";
import { describe, expect, it } from "vitest";
import { fakeNode } from "./support.js";

const runs = 100 * Number(process.env.FC_RUNS ?? 1);

/** An account id whose point on the ring is `point`. */
const accountAt = (point: bigint): string => `05${point.toString(16).padStart(16, "0")}${"0".repeat(48)}`;

describe("swarm space", () => {
  it("is the XOR of the four words of the key", () => {
    expect(swarmSpace("053506f4a71324b7dd114eddbf4e311f39dde243e1f2cb97c40db1961f70ebaae8")).toBe(
      17589930838143112648n,
    );
  });

  it("does not depend on prefix and case", () => {
    const key = "3506f4a71324b7dd114eddbf4e311f39dde243e1f2cb97c40db1961f70ebaae8";
    expect(swarmSpace(`03${key.toUpperCase()}`)).toBe(swarmSpace(`05${key}`));
  });

  it.each(["", "05", "05zz", `05${"0".repeat(63)}`, `05${"0".repeat(65)}`, `${"0".repeat(65)}g`])(
    "refuses %j",
    (id) => {
      expect(() => swarmSpace(id)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
    },
  );
});

describe("swarm of an account", () => {
  const ids = [100n, 200n, 300n, 399n, 498n, 596n, 694n];

  it.each([
    [0n, 100n],
    [150n, 100n],
    [151n, 200n],
    [200n, 200n],
    [(1n << 63n) + 397n, 694n],
    [0xffff_ffff_ffff_fff0n, 100n],
  ])("%d is nearest to %d, ties going left", (point, expected) => {
    expect(swarmIdFor(accountAt(point), ids)).toBe(expected);
    expect(swarmIdFor(accountAt(point), [...ids].reverse())).toBe(expected);
  });

  it("ignores the id of nodes in no swarm", () => {
    expect(swarmIdFor(accountAt(0xffff_ffff_ffff_fffen), [7n, 0xffff_ffff_ffff_ffffn])).toBe(7n);
    expect(() => swarmIdFor(accountAt(1n), [0xffff_ffff_ffff_ffffn])).toThrow(
      expect.objectContaining({ code: "SWARM_NO_NODES" }),
    );
  });

  it("is always the one with the least distance round the ring", () => {
    const id = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_fffen });
    const distance = (a: bigint, b: bigint): bigint => {
      const direct = a > b ? a - b : b - a;
      const around = (1n << 64n) - direct;
      return direct < around ? direct : around;
    };
    fc.assert(
      fc.property(id, fc.uniqueArray(id, { minLength: 1, maxLength: 12 }), (point, swarmIds) => {
        const chosen = distance(point, swarmIdFor(accountAt(point), swarmIds));
        return swarmIds.every((other) => chosen <= distance(point, other));
      }),
      { numRuns: runs },
    );
  });
});

describe("swarm from the pool", () => {
  it("holds every node of the nearest swarm", () => {
    const pool = [
      fakeNode("a", 10n),
      fakeNode("b", 1n << 60n),
      fakeNode("c", 10n),
      fakeNode("d", (1n << 64n) - 1n),
    ];
    expect(swarmFromPool(accountAt(12n), pool)).toEqual([pool[0], pool[2]]);
  });

  it("is not known while the swarm of a node is not", () => {
    expect(swarmFromPool(accountAt(12n), [fakeNode("a", 10n), fakeNode("b")])).toBeUndefined();
    expect(swarmFromPool(accountAt(12n), [])).toBeUndefined();
  });
});
