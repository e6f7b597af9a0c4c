import type { Crypto } from "session-messenger-sdk/crypto";
import { SessionError } from "session-messenger-sdk/errors";
import { describe, expect, it } from "vitest";
import type { Json, Op } from "../runners/op.js";
import { communitiesOps } from "../runners/ops/communities.js";
import { ourBackends } from "../support/backends.js";
import { readVectors } from "../support/vectors.js";

function outcome(op: Op, { input, output }: Json, crypto: Crypto): Json {
  try {
    return op(input, { crypto, expected: output });
  } catch (error) {
    if (error instanceof SessionError) return { error: true };
    throw error;
  }
}

for (const file of ["community-urls", "sogs-http"]) {
  for (const crypto of ourBackends) {
    describe(`${file} with the ${crypto.name} backend`, () => {
      for (const testCase of readVectors(file).cases) {
        it(testCase.name, () => {
          const op = communitiesOps[testCase.op];
          expect(op).toBeDefined();
          expect(outcome(op as Op, testCase, crypto)).toEqual(testCase.output);
        });
      }
    });
  }
}

describe("replay against the test network", () => {
  it("answers every recorded request as the real server did", async () => {
    const { replaySogs } = await import("../runners/replay/sogs.js");
    const { Report } = await import("../runners/replay/report.js");
    const results: { id: string; differences: readonly string[] }[] = [];
    const report = new Report({});
    report.check = (_file, id, differences) => void results.push({ id, differences });
    await replaySogs("sogs-http", readVectors("sogs-http"), report);
    expect(results.filter(({ differences }) => differences.length > 0)).toEqual([]);
    expect(results).toHaveLength(270);
  });
});
