// Checks the package as users get it: packs it once, then publint and are-the-types-wrong on the tarball, and an
// import of every subpath from an installed copy of the tarball's files.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const bin = (name) => join(root, "node_modules/.bin", name);
const run = (command, args, cwd = root) =>
  execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });

const folder = mkdtempSync(join(tmpdir(), "session-messenger-sdk-"));
try {
  run("npm", ["pack", "--ignore-scripts", "--pack-destination", folder]);
  const { name, version, exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const tarball = join(folder, `${name}-${version}.tgz`);

  console.log(run(bin("publint"), ["--strict", tarball]));
  console.log(
    run(bin("attw"), [tarball, "--profile", "esm-only", "--no-emoji", "--format", "ascii"])
      .split("\n")
      .slice(0, 12)
      .join("\n"),
  );

  // The dependencies are those of this checkout; the package itself is the packed one.
  const installed = join(folder, "app/node_modules", name);
  mkdirSync(installed, { recursive: true });
  run("tar", ["-xzf", tarball, "--strip-components=1", "-C", installed]);
  symlinkSync(join(root, "node_modules"), join(installed, "node_modules"), "dir");
  for (const subpath of Object.keys(exports)) {
    if (subpath.endsWith(".json")) continue;
    const specifier = subpath.replace(/^\./, name);
    run(
      "node",
      [
        "--input-type=module",
        "-e",
        `const door = await import(${JSON.stringify(specifier)}); if (Object.keys(door).length === 0) throw new Error("empty door: ${specifier}");`,
      ],
      join(folder, "app"),
    );
    console.log(`imports: ${specifier}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
