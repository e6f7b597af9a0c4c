import { nodeCrypto } from "session-messenger-sdk/crypto/node";
import { portableCrypto } from "session-messenger-sdk/crypto/portable";
import { describe, expect, it } from "vitest";
import type { Json } from "../runners/op.js";
import { checkStorageTranscripts } from "../runners/transcripts-storage.js";
import { readVectors } from "../support/vectors.js";

const file: Json = readVectors("storage-rpc");

describe.each([nodeCrypto, portableCrypto])("recorded storage RPC with $name", (crypto) => {
  const checks = checkStorageTranscripts(file, crypto);

  it("reproduces everything", () => {
    expect(checks.filter(({ ok }) => !ok)).toEqual([]);
  });

  it("checks what the file is said to hold", () => {
    const count = (pattern: RegExp): number => checks.filter((check) => pattern.test(check.case)).length;
    expect(count(/ request (signature|subaccount_sig)$/)).toBe(166);
    expect(count(/ hash of /)).toBeGreaterThanOrEqual(172);
    expect(count(/ signature of /)).toBeGreaterThanOrEqual(339);
    expect(count(/^swarm_mapping /)).toBe(333);
  });
});

describe("the transcript checks themselves", () => {
  const altered = (change: (copy: Json) => void): string[] => {
    const copy: Json = structuredClone(file);
    change(copy);
    return checkStorageTranscripts(copy, nodeCrypto)
      .filter(({ ok }) => !ok)
      .map((check) => check.case);
  };
  const transcript = (copy: Json, id: string): Json =>
    copy.transcripts.find((entry: Json) => entry.id === id);

  it("notice an altered request", () => {
    const failed = altered((copy) => {
      const { request } = transcript(copy, "store.config-ns2");
      request.body = request.body.replace('"namespace":2', '"namespace":3');
    });
    expect(failed).toContain("store.config-ns2 request signature");
    expect(failed).toContain("store.config-ns2 hash");
  });

  it("notice an altered node signature", () => {
    const failed = altered((copy) => {
      const entry: Json = Object.values(transcript(copy, "expire.multi").response.json.swarm)[0];
      entry.expiry.reverse();
    });
    expect(failed).toHaveLength(3);
    expect(failed.every((name) => name.startsWith("expire.multi "))).toBe(true);
  });

  it("notice an altered mapping", () => {
    const failed = altered((copy) => {
      copy.swarm_mapping[0].cases[0].swarm = copy.swarm_mapping[0].cases[1].swarm;
    });
    expect(failed).toHaveLength(1);
  });
});
