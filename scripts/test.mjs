// `npm test`: every check of the repository, in order, ending with the totals on a line of their own.
//
// Types, lint (with the room rules), unit and end-to-end tests, vectors, transcripts, docs, package checks. A step
// that has counts of its own prints `N passed, N failed`; any other step counts as one.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const bin = (name) => `${root}node_modules/.bin/${name}`;
const shared = `${root}../shared/vectors`;
const vectors = existsSync(shared) ? shared : "test/vectors";

/** @type {{ name: string, command: string, args: string[], counted?: RegExp }[]} */
const steps = [
  { name: "build", command: "npm", args: ["run", "-s", "build"] },
  { name: "types", command: bin("tsc"), args: ["--noEmit"] },
  { name: "format and lint", command: bin("biome"), args: ["check", "--error-on-warnings", "."] },
  { name: "room rules", command: bin("depcruise"), args: ["src", "--config", ".dependency-cruiser.cjs"] },
  { name: "unused code", command: bin("knip"), args: [] },
  { name: "tests", command: bin("vitest"), args: ["run", "--reporter=dot"] },
  {
    name: "vectors",
    command: bin("tsx"),
    args: ["--tsconfig", "tsconfig.run.json", "test/runners/vectors.ts", vectors],
  },
  {
    name: "transcripts",
    command: bin("tsx"),
    args: ["--tsconfig", "tsconfig.run.json", "test/runners/transcripts.ts", vectors],
  },
  { name: "package", command: "node", args: ["scripts/check-package.mjs"] },
  { name: "bundle size", command: "node", args: ["scripts/bundle-size.mjs", "--check"] },
  { name: "docs", command: bin("typedoc"), args: ["--logLevel", "Warn"] },
  { name: "demo", command: bin("tsx"), args: ["--tsconfig", "tsconfig.run.json", "examples/demo.ts"] },
];

/** Runs a step, passing its output through and keeping it for the counts. */
function run({ command, args }) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, NO_COLOR: "1" },
    });
    let output = "";
    const keep = (stream) => (chunk) => {
      output += chunk;
      stream.write(chunk);
    };
    child.stdout.on("data", keep(process.stdout));
    child.stderr.on("data", keep(process.stderr));
    child.on("error", (error) => resolve({ ok: false, output: String(error) }));
    child.on("close", (code) => resolve({ ok: code === 0, output }));
  });
}

/** The counts a step printed: vitest's summary, or the runners' closing line; one for any other step. */
function counts({ ok, output }) {
  const closing = [...output.matchAll(/^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/gm)].at(-1);
  const summary = /^\s+Tests\s+(.*)$/m.exec(output)?.[1];
  const found = (word) => Number(new RegExp(`(\\d+) ${word}`).exec(summary ?? "")?.[1] ?? 0);
  const [passed, failed, skipped] =
    closing !== undefined
      ? closing.slice(1).map((text) => Number(text ?? 0))
      : summary !== undefined
        ? [found("passed"), found("failed"), found("skipped")]
        : [ok ? 1 : 0, ok ? 0 : 1, 0];
  // A step that failed without a failed count (a crash, a time limit) still fails the run.
  return { passed, failed: ok ? failed : Math.max(1, failed), skipped };
}

const total = { passed: 0, failed: 0, skipped: 0 };
const lines = [];
for (const step of steps) {
  console.log(`\n# ${step.name}`);
  const started = performance.now();
  const count = counts(await run(step));
  for (const key of Object.keys(total)) total[key] += count[key];
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  lines.push(
    `${count.failed === 0 ? "ok  " : "FAIL"} ${step.name.padEnd(16)} ${String(count.passed).padStart(6)} passed, ${count.failed} failed  (${seconds} s)`,
  );
  // Nothing after a broken build would say anything new.
  if (step.name === "build" && count.failed > 0) break;
}
console.log(`\n${lines.join("\n")}\n`);
console.log(
  `${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ""}`,
);
process.exitCode = total.failed === 0 ? 0 : 1;
