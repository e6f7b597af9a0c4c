/**
 * The vector runner: `npm run -s vectors -- DIR`.
 *
 * Checks every case of every `*.json` (or `*.json.gz`) file in DIR against the library's public functions, with every
 * crypto backend present, and ends with the line `N passed, N failed`. It holds no expected value of its own.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { gunzipSync } from "node:zlib";
import { type Crypto, defaultCrypto } from "session-messenger-sdk/crypto";
import { portableCrypto } from "session-messenger-sdk/crypto/portable";
import { isSessionError } from "session-messenger-sdk/errors";
import type { Json, OpTable } from "./op.js";
import { communitiesOps } from "./ops/communities.js";
import { configOps } from "./ops/config.js";
import { cryptoOps } from "./ops/crypto.js";
import { filesOps } from "./ops/files.js";
import { identityOps } from "./ops/identity.js";
import { messagesOps } from "./ops/messages.js";
import { multiOps } from "./ops/multi.js";
import { onionOps } from "./ops/onion.js";
import { checkOnionTranscripts } from "./transcripts-onion.js";
import { checkStorageTranscripts } from "./transcripts-storage.js";

const ops: OpTable = {
  ...communitiesOps,
  ...configOps,
  ...cryptoOps,
  ...filesOps,
  ...identityOps,
  ...messagesOps,
  ...multiOps,
  ...onionOps,
};

interface Tally {
  passed: number;
  failed: number;
}

const show = (value: unknown): string => {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 400 ? `${text.slice(0, 400)}…` : text;
};

function report(
  file: string,
  name: string,
  op: string,
  backend: string,
  expected: unknown,
  got: unknown,
): void {
  console.log(`FAIL ${file} | ${name} | ${op} | ${backend} | expected ${show(expected)} | got ${show(got)}`);
}

/** Runs one op; a `SessionError` is the vectors' `{"error": true}`, anything else thrown is a fault of the library. */
function answer(table: OpTable, testCase: Json, cases: readonly Json[], crypto: Crypto): unknown {
  const op = table[testCase.op];
  if (op === undefined) return `unknown op ${testCase.op}`;
  try {
    return op(testCase.input, { crypto, expected: testCase.output, cases });
  } catch (error) {
    if (isSessionError(error)) return { error: true };
    return `threw ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`;
  }
}

function runCases(file: string, contents: Json, backends: readonly Crypto[], tally: Tally): void {
  for (const testCase of contents.cases) {
    for (const crypto of backends) {
      const got = answer(ops, testCase, contents.cases, crypto);
      if (isDeepStrictEqual(got, testCase.output)) tally.passed++;
      else {
        tally.failed++;
        report(file, testCase.name, testCase.op, crypto.name, testCase.output, got);
      }
    }
  }
}

function runTranscripts(file: string, contents: Json, backends: readonly Crypto[], tally: Tally): void {
  const check = contents.swarm_ids === undefined ? checkOnionTranscripts : checkStorageTranscripts;
  for (const crypto of backends) {
    for (const result of check(contents, crypto)) {
      if (result.ok) tally.passed++;
      else {
        tally.failed++;
        report(file, result.case, "transcript", crypto.name, result.expected, result.got);
      }
    }
  }
}

function main(): number {
  const directory = process.argv[2];
  if (directory === undefined) {
    console.error("usage: npm run -s vectors -- DIR");
    return 2;
  }
  const backends = [...new Set([defaultCrypto, portableCrypto])];
  const tally: Tally = { passed: 0, failed: 0 };
  for (const file of readdirSync(directory).sort()) {
    if (!/\.json(\.gz)?$/.test(file)) continue;
    const bytes = readFileSync(join(directory, file));
    const contents: Json = JSON.parse((file.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8"));
    if (Array.isArray(contents?.cases)) runCases(file, contents, backends, tally);
    else if (Array.isArray(contents?.transcripts)) runTranscripts(file, contents, backends, tally);
  }
  console.log(`backends: ${backends.map((crypto) => crypto.name).join(", ")}`);
  console.log(`${tally.passed} passed, ${tally.failed} failed`);
  return tally.failed === 0 && tally.passed > 0 ? 0 : 1;
}

process.exitCode = main();
