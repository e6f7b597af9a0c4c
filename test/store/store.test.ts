import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { MemoryLevel } from "memory-level";
import type { SessionError } from "session-messenger-sdk/errors";
import { openStore, type Store, type StoreBatch } from "session-messenger-sdk/store";
import { storeCompliance } from "session-messenger-sdk/store/compliance";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openFolder } from "../../src/store/folder.portable.js";

const ALICE = `05${"aa".repeat(32)}`;
const NODE = "cc".repeat(32);
const SEED = new Uint8Array(16).fill(7);
const runs = 100 * Number(process.env["FC_RUNS"] ?? 1);

/** A memory database with one of the store's records set to `text`. */
async function databaseWith(key: string, text: string): Promise<MemoryLevel<string, string>> {
  const database = new MemoryLevel<string, string>();
  const store = await openStore(database);
  await store.claim({ sessionId: ALICE, seed: SEED });
  await store.close();
  await database.sublevel("session-messenger-sdk").put(key, text);
  return database;
}

describe("unreadable records", () => {
  for (const text of [
    "",
    "{",
    "null",
    "[]",
    '{"sessionId":"05"}',
    `{"sessionId":"${ALICE}","seed":"0g${"00".repeat(15)}"}`,
  ]) {
    test(`account ${JSON.stringify(text)}: STORE_CORRUPT, and it stays as it is`, async () => {
      const database = await databaseWith("account", text);
      const store = await openStore(database);
      await expect(store.account()).rejects.toMatchObject({
        code: "STORE_CORRUPT",
        details: { record: "account" },
      });
      await expect(store.claim({ sessionId: ALICE, seed: SEED })).rejects.toMatchObject({
        code: "STORE_CORRUPT",
      });
      await store.close();
      expect(await database.sublevel("session-messenger-sdk").get("account")).toBe(text);
    });
  }

  test("the error does not quote the record", async () => {
    const secret = "f00dfeedf00dfeed";
    const store = await openStore(await databaseWith("account", `{"seed":"${secret}"`));
    const error = (await store.account().catch((problem: unknown) => problem)) as SessionError;
    expect(JSON.stringify(error)).not.toContain(secret);
    expect(String(error.stack) + String(error.cause)).not.toContain(secret);
  });

  test("version: STORE_CORRUPT when unreadable, STORE_VERSION when newer", async () => {
    await expect(openStore(await databaseWith("version", "x"))).rejects.toMatchObject({
      code: "STORE_CORRUPT",
    });
    await expect(openStore(await databaseWith("version", '{"version":2}'))).rejects.toMatchObject({
      code: "STORE_VERSION",
      details: { version: 2, supported: 1 },
    });
  });

  test("the others count as absent, and are reported", async () => {
    const database = await databaseWith("clock", "-");
    const records = database.sublevel("session-messenger-sdk");
    await records.put(`cursor/${ALICE}/0/${NODE}`, '{"hash":5}');
    await records.put("network/main", "{");
    await records.put("inbox/0000000000000001", "{}");
    await records.put("outbox/0000000000000001", '{"to":"x"}');
    const reported: unknown[] = [];
    const store = await openStore(database, { onCorrupt: (error) => reported.push(error.details["record"]) });
    expect(await store.lastTimestamp()).toBe(0);
    expect(await store.cursor({ pubkey: ALICE, namespace: 0, node: NODE }, 0)).toBeUndefined();
    expect(await store.network("main")).toBeUndefined();
    expect(await store.inbox()).toEqual([]);
    expect(await store.outbox()).toEqual([]);
    expect(reported).toEqual([
      "clock",
      `cursor/${ALICE}/0/${NODE}`,
      "network/main",
      "inbox/0000000000000001",
      "outbox/0000000000000001",
    ]);
  });

  test("any text in any record gives a value or a SessionError", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(
          "account",
          "version",
          "clock",
          "network/main",
          "inbox/0000000000000001",
          "outbox/0000000000000002",
        ),
        fc.oneof(fc.string(), fc.json()),
        async (key, text) => {
          const database = await databaseWith(key, text);
          try {
            const store = await openStore(database);
            await store.inbox();
            await store.outbox();
            await store.network("main");
            await store.lastTimestamp();
            await store.account();
          } catch (error) {
            expect(error).toHaveProperty("name", "SessionError");
          }
        },
      ),
      { numRuns: runs },
    );
  });
});

test("what is queued comes back as it was", async () => {
  const value = fc.jsonValue({ maxDepth: 3 });
  const message = fc.record({ text: fc.string({ unit: "grapheme" }), data: fc.uint8Array(), extra: value });
  await fc.assert(
    fc.asyncProperty(message, fc.nat(), async (given, timestamp) => {
      const store = await openStore();
      // JSON has no -0: compare with what JSON keeps of the free part.
      const expected = { ...given, extra: JSON.parse(JSON.stringify(given.extra)) as unknown };
      await store.write((batch) => batch.addOutbox({ to: ALICE, message: given, timestamp }));
      expect(await store.outbox()).toEqual([{ to: ALICE, message: expected, timestamp, sequence: 1 }]);
      await store.close();
    }),
    { numRuns: runs },
  );
});

describe("a folder", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "store-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  test("is created with its parents and keeps everything", async () => {
    const path = join(folder, "a", "b");
    const first = await openStore(path);
    await first.claim({ sessionId: ALICE, seed: SEED });
    await first.close();
    const second = await openStore(path);
    expect(await second.account()).toEqual({ sessionId: ALICE, seed: SEED });
    await second.close();
  });

  test("is locked while it is open", async () => {
    const first = await openStore(folder);
    await expect(openStore(folder)).rejects.toMatchObject({ name: "SessionError", code: "STORE_LOCKED" });
    await first.close();
    await (await openStore(folder)).close();
  });

  test("that cannot be one is STORE_FAILED", async () => {
    const file = join(folder, "file");
    await writeFile(file, "");
    await expect(openStore(join(file, "x"))).rejects.toMatchObject({
      name: "SessionError",
      code: "STORE_FAILED",
    });
  });

  test("with a damaged database is STORE_CORRUPT", async () => {
    await (await openStore(folder)).close();
    await writeFile(join(folder, "CURRENT"), "garbage");
    await expect(openStore(folder)).rejects.toMatchObject({ name: "SessionError", code: "STORE_CORRUPT" });
  });

  test("is refused where there is no file system", async () => {
    await expect(openFolder(folder)).rejects.toMatchObject({ code: "STORE_UNSUPPORTED" });
  });
});

test("a thing that is no database is INVALID_ARGUMENT", async () => {
  await expect(openStore({} as never)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
});

test("a database given by the app is left open", async () => {
  const database = new MemoryLevel<string, string>();
  await (await openStore(database)).close();
  expect(database.status).toBe("open");
});

test("a failing database is STORE_FAILED, and the next write works", async () => {
  const database = new MemoryLevel<string, string>();
  const store = await openStore(database);
  let fail = true;
  database.hooks.prewrite.add(() => {
    if (fail) throw new Error("disk full");
  });
  await expect(store.write((batch) => batch.putLastTimestamp(1))).rejects.toMatchObject({
    code: "STORE_FAILED",
  });
  fail = false;
  await store.write((batch) => batch.putLastTimestamp(2));
  expect(await store.lastTimestamp()).toBe(2);
});

describe("what is to happen when a batch is not written", () => {
  let database: MemoryLevel<string, string>;
  let store: Store;
  let isFull = false;
  let told: string[] = [];
  /** A change that tells of its failures. */
  const change =
    (...names: readonly string[]) =>
    (batch: StoreBatch): void => {
      for (const name of names) {
        batch.putNetwork(name, 1);
        batch.onFailed(() => told.push(name));
      }
    };

  beforeEach(async () => {
    database = new MemoryLevel();
    store = await openStore(database);
    isFull = false;
    told = [];
    database.hooks.prewrite.add(() => {
      if (isFull) throw new Error("disk full");
    });
  });

  test("does not when it is written", async () => {
    await store.write(change("a", "b"));
    expect(told).toEqual([]);
  });

  test("the database refuses it: once, the last one first, before the caller hears of it", async () => {
    isFull = true;
    const failed = store.write(change("a", "b")).catch(() => told.push("caller"));
    await failed;
    isFull = false;
    await store.write(change("c"));
    expect(told).toEqual(["b", "a", "caller"]);
  });

  test("what fills it throws: the error stays the same", async () => {
    const error = new Error("mine");
    const failed = store.write((batch) => {
      change("a", "b")(batch);
      throw error;
    });
    await expect(failed).rejects.toBe(error);
    expect(told).toEqual(["b", "a"]);
    expect(await store.network("a")).toBeUndefined();
  });

  test("the store is closed", async () => {
    await store.close();
    await expect(store.write(change("a"))).rejects.toMatchObject({ code: "CLOSED" });
    expect(told).toEqual(["a"]);
  });

  test("of batches that are written together, the newest is taken back first, and no other", async () => {
    let writes = 0;
    database.hooks.prewrite.add(({ key }) => {
      if (String(key).endsWith("/first")) return;
      writes++;
      throw new Error("disk full");
    });
    const first = store.write(change("first"));
    // These wait for the first one, and are one write of the database then.
    const together = [store.write(change("a", "b")), store.write(change("c"))];
    const results = await Promise.allSettled([first, ...together]);
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected"]);
    expect(writes).toBe(1);
    expect(told).toEqual(["c", "b", "a"]);
  });
});

test("the compliance suite notices a database that forgets", async () => {
  const harness = { create: async () => ({ open: async () => new MemoryLevel(), remove: async () => {} }) };
  const outcomes = await Promise.allSettled(storeCompliance().map(({ run }) => run(harness)));
  expect(outcomes.filter(({ status }) => status === "rejected").length).toBeGreaterThan(5);
});
