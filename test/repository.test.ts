import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";

const folder = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const list = (path: string): string[] => {
  try {
    return readdirSync(path).sort();
  } catch {
    return [];
  }
};

const shared = folder("../../shared/vectors/");
const own = folder("./vectors/");
const sharedFiles = list(shared).filter((name) => name.endsWith(".json"));

describe("the repository stands alone", () => {
  it.skipIf(sharedFiles.length === 0)("its vectors equal those of a sibling ../shared/vectors", () => {
    expect(list(own)).toEqual(sharedFiles.map((name) => `${name}.gz`));
    for (const name of sharedFiles) {
      const same = gunzipSync(readFileSync(`${own}${name}.gz`)).equals(readFileSync(`${shared}${name}`));
      expect(same, name).toBe(true);
    }
  });

  it("the lock file names no registry", () => {
    expect(readFileSync(folder("../package-lock.json"), "utf8")).not.toContain('"resolved"');
  });

  it("every export has a source file and every room a door", () => {
    const manifest = JSON.parse(readFileSync(folder("../package.json"), "utf8")) as {
      exports: Record<string, string>;
    };
    for (const target of Object.values(manifest.exports)) {
      if (target.endsWith(".json")) continue;
      const source = target.replace("./dist/", "../src/").replace(/\.js$/, ".ts");
      expect(readFileSync(folder(source), "utf8").length, source).toBeGreaterThan(0);
    }
    for (const room of list(folder("../src")).filter((name) => !name.includes("."))) {
      expect(Object.keys(manifest.exports), room).toContain(`./${room}`);
    }
  });
});
