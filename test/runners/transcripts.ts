/**
 * The transcript runner: `npm run -s transcripts -- DIR`.
 *
 * Replays recorded traffic of a real storage server and a real community server against the test network, started with
 * the keys, swarm ids and clock of the recording. Prints one line a difference and ends with `N passed, N failed`.
 * Deliberate differences stand in `transcript-exceptions.json` with their reasons and are counted as skipped. It holds no
 * expected value of its own.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Json } from "./op.js";
import { replayOnion } from "./replay/onion.js";
import { collectKeys } from "./replay/recording.js";
import { Report } from "./replay/report.js";
import { replaySogs } from "./replay/sogs.js";
import { replayStorage } from "./replay/storage.js";

function readDirectory(directory: string): ReadonlyArray<readonly [string, Json]> {
  return readdirSync(directory)
    .filter((file) => /\.json(\.gz)?$/.test(file))
    .sort()
    .map((file) => {
      const bytes = readFileSync(join(directory, file));
      return [file, JSON.parse((file.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8"))] as const;
    });
}

async function main(): Promise<number> {
  const directory = process.argv[2];
  if (directory === undefined) {
    console.error("usage: npm run -s transcripts -- DIR");
    return 2;
  }
  const exceptions = JSON.parse(
    readFileSync(new URL("./transcript-exceptions.json", import.meta.url), "utf8"),
  );
  const report = new Report(exceptions);
  const files = readDirectory(directory);
  const transcripts = files.filter(([, contents]) => Array.isArray(contents?.transcripts));
  const known = collectKeys(transcripts.map(([, contents]) => contents));
  for (const [file, contents] of transcripts) {
    // Onion transcripts are told by what they send: a body of bytes to a guard.
    const isOnion = contents.transcripts.some(
      (transcript: Json) => transcript.request_body_hex !== undefined,
    );
    await (isOnion ? replayOnion : replayStorage)(file, contents, known, report);
  }
  for (const [file, contents] of files) {
    const exchanges = (contents?.cases ?? []).filter((testCase: Json) => testCase.op === "sogs.exchange");
    if (exchanges.length > 0) await replaySogs(file, contents, report);
  }
  return report.finish();
}

process.exitCode = await main();
