import { readFileSync } from "node:fs";
import { afterEach, expect, it, vi } from "vitest";
import { replayOnion } from "../runners/replay/onion.js";
import { collectKeys } from "../runners/replay/recording.js";
import { Report } from "../runners/replay/report.js";
import { replayStorage } from "../runners/replay/storage.js";
import { readVectors } from "../support/vectors.js";

const exceptions = JSON.parse(
  readFileSync(new URL("../runners/transcript-exceptions.json", import.meta.url), "utf8"),
);

afterEach(() => {
  vi.restoreAllMocks();
});

/** The lines that a replay prints, the last one with the counts. */
async function lines(run: (report: Report) => Promise<void>): Promise<string[]> {
  const printed: string[] = [];
  vi.spyOn(console, "log").mockImplementation((line: string) => void printed.push(line));
  const report = new Report(exceptions);
  await run(report);
  report.finish();
  return printed;
}

// Hundreds of recorded requests, and the series and bursts between them, each over TLS.
it("answers every recorded storage request as the storage server did", async () => {
  const file = readVectors("storage-rpc");
  const printed = await lines((report) => replayStorage("storage-rpc", file, collectKeys([file]), report));
  expect(printed).toEqual([expect.stringMatching(/^5\d\d passed, 0 failed$/)]);
}, 120_000);

it("answers every recorded onion request as the storage server did", async () => {
  const file = readVectors("onion-http");
  const known = collectKeys([file, readVectors("storage-rpc")]);
  const printed = await lines((report) => replayOnion("onion-http", file, known, report));
  expect(printed.filter((line) => line.startsWith("FAIL"))).toEqual([]);
  expect(printed.at(-1)).toMatch(/^4\d passed, 0 failed, 1 skipped$/);
});

it("tells a recording that the test network does not reproduce", async () => {
  const file = readVectors("storage-rpc");
  const [info] = file.transcripts;
  info.response.json.version = [2, 9, 0];
  const changed = { ...file, transcripts: [info], swarm_mapping: [] };
  const printed = await lines((report) => replayStorage("changed", changed, collectKeys([file]), report));
  expect(printed).toEqual(["FAIL changed | info | version.1: expected 9, got 8", "0 passed, 1 failed"]);
});
