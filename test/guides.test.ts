import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { transform } from "esbuild";
import { describe, expect, it } from "vitest";

// Guides that are programs: all `ts` blocks of the page, in order, and all `text` blocks are what it prints.
const guides = ["communities.md", "groups.md"];

const pathOf = (guide: string): string => fileURLToPath(new URL(`../docs/guides/${guide}`, import.meta.url));

/** The contents of all fenced blocks of one language. */
function blocks(page: string, language: string): string {
  const found = page.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, "gms"));
  return Array.from(found, ([, content]) => content).join("");
}

/** Runs a guide's program on the sources; gives the lines that it prints. */
async function run(program: string): Promise<string[]> {
  const { code } = await transform(program, { loader: "ts", format: "esm", target: "es2022" });
  const doors: Record<string, unknown> = {};
  for (const [, door = ""] of code.matchAll(/^import .* from "([^"]+)";$/gm))
    doors[door] = await import(door);
  const body = code.replace(/^import (\{.*\}) from ("[^"]+");$/gm, "const $1 = doors[$2];");
  const lines: string[] = [];
  const console = { log: (...words: unknown[]) => lines.push(words.join(" ")) };
  const AsyncFunction = (async () => {}).constructor as new (
    ...source: string[]
  ) => (...values: unknown[]) => Promise<void>;
  await new AsyncFunction("doors", "console", body)(doors, console);
  return lines;
}

describe("guides", () => {
  it.each(guides)("%s runs, and prints what it says", { timeout: 120_000 }, async (guide) => {
    const page = readFileSync(pathOf(guide), "utf8");
    const lines = await run(blocks(page, "ts"));
    expect(lines.join("\n").trim()).toBe(blocks(page, "text").trim());
  });
});
