import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ClassicLevel } from "classic-level";
import { MemoryLevel } from "memory-level";
import { type StoreHarness, storeCompliance } from "session-messenger-sdk/store/compliance";
import { describe, test } from "vitest";

const harnesses: Record<string, StoreHarness> = {
  "memory-level": {
    async create() {
      const database = new MemoryLevel();
      return {
        async open() {
          await database.open();
          return database;
        },
        remove: () => database.close(),
      };
    },
  },
  "classic-level": {
    async create() {
      const folder = await mkdtemp(join(tmpdir(), "store-"));
      return {
        open: async () => new ClassicLevel(folder),
        remove: () => rm(folder, { recursive: true }),
      };
    },
  },
  "a sublevel of memory-level with other encodings": {
    async create() {
      const root = new MemoryLevel<string, Uint8Array>({ valueEncoding: "view" });
      return {
        async open() {
          await root.open();
          return root.sublevel("alice", { valueEncoding: "json" });
        },
        remove: () => root.close(),
      };
    },
  },
};

for (const [name, harness] of Object.entries(harnesses)) {
  describe(`store over ${name}`, () => {
    for (const { name: title, run } of storeCompliance()) test(title, () => run(harness));
  });
}
