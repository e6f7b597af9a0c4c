// Size of what an app's browser bundle gets from an import: minified, gzipped, with the portable backend.
// `--check` compares with the budgets below and fails when one is exceeded.

import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Import expression and its budget in kB (1 kB = 1,000 bytes, min+gzip). */
const imports = [
  {
    name: "identity (ids only)",
    code: `export { parseSessionId } from "session-messenger-sdk/identity";`,
    budget: 4,
  },
  { name: "identity", code: `export * from "session-messenger-sdk/identity";`, budget: 45 },
  { name: "onion", code: `export * from "session-messenger-sdk/onion";`, budget: 45 },
  { name: "messages", code: `export * from "session-messenger-sdk/messages";`, budget: 80 },
  { name: "files", code: `export * from "session-messenger-sdk/files";`, budget: 50 },
  { name: "config", code: `export * from "session-messenger-sdk/config";`, budget: 75 },
  { name: "groups", code: `export * from "session-messenger-sdk/groups";`, budget: 85 },
  { name: "communities", code: `export * from "session-messenger-sdk/communities";`, budget: 75 },
  // The client with all kinds of conversations. Config sync is some 24 kB of it, groups and communities some 60 kB, files
  // 6 kB. None is to be split off: every client that polls reads what other devices of the account have joined.
  { name: "root", code: `export * from "session-messenger-sdk";`, budget: 240 },
];

let failed = false;
for (const { name, code, budget } of imports) {
  const result = await build({
    stdin: { contents: code, resolveDir: root, loader: "js" },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "es2022",
    logLevel: "error",
    // Without the paths that lead from the package's name to its sources.
    tsconfig: `${root}tsconfig.run.json`,
    metafile: true,
  });
  const bytes = result.outputFiles[0].contents;
  const size = gzipSync(bytes, { level: 9 }).length / 1000;
  const over = size > budget;
  failed ||= over;
  const native = Object.keys(result.metafile.inputs).filter((path) =>
    /sodium|classic-level\/binding|undici|testnet/.test(path),
  );
  if (native.length > 0) {
    failed = true;
    console.log(`FAIL ${name} bundles Node-only code: ${native.slice(0, 3).join(", ")}`);
  }
  console.log(
    `${over ? "FAIL" : "ok  "} ${name.padEnd(20)} ${size.toFixed(1).padStart(7)} kB min+gzip (budget ${budget})`,
  );
}
if (process.argv.includes("--check") && failed) process.exitCode = 1;
