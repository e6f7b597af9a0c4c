import { describe, expect, test } from "vitest";
import type { Json } from "../runners/op.js";
import { onionOps } from "../runners/ops/onion.js";
import { checkOnionTranscripts } from "../runners/transcripts-onion.js";
import { testVectors } from "../support/vector-tests.js";
import { readVectors } from "../support/vectors.js";
import { backends } from "./support.js";

testVectors(["onion", "onion-response"], onionOps);

describe.each(backends)("%s backend", (_name, crypto) => {
  test("onion-http.json: every recorded request peels and rebuilds, every reply opens", () => {
    const results = checkOnionTranscripts(readVectors("onion-http"), crypto);
    expect(results.filter(({ ok }) => !ok)).toEqual([]);
    // 44 transcripts with layers, each with several checks.
    expect(results.length).toBeGreaterThan(500);
  });
});

describe("the transcript checks notice", () => {
  const [[, crypto]] = backends as [(typeof backends)[0]];
  const failures = (change: (transcript: Json) => void, id: string): string[] => {
    const { transcripts } = readVectors("onion-http");
    const transcript = transcripts.find((entry: Json) => entry.id === id);
    change(transcript);
    return checkOnionTranscripts({ transcripts: [transcript] }, crypto)
      .filter(({ ok }) => !ok)
      .map((result) => result.case);
  };

  test("another plaintext", () => {
    const change = (t: Json) => {
      t.layers_innermost_first[0].plaintext_hex = `00${t.layers_innermost_first[0].plaintext_hex.slice(2)}`;
    };
    expect(failures(change, "snode.info")).not.toEqual([]);
  });

  test("another reply", () => {
    const change = (t: Json) => {
      t.response.decrypted_utf8 = t.response.decrypted_utf8.replace("200", "201");
    };
    expect(failures(change, "snode.info")).toEqual(["snode.info: reply, decrypted", "snode.info: reply"]);
  });

  test("another refusal", () => {
    const change = (t: Json) => {
      t.response.body_text = "Invalid";
    };
    expect(failures(change, "err.outer-short")).toEqual(["err.outer-short: refusal"]);
    expect(failures(change, "err.invalid-ciphertext.hop2")).toEqual([
      "err.invalid-ciphertext.hop2: peel at node 4",
    ]);
  });
});
