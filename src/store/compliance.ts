/**
 * The suite that every database under a {@link Store} must pass; ours are held to it, and so can yours be.
 *
 * It needs no test framework: each case throws when the database fails it.
 *
 * ```ts
 * for (const { name, run } of storeCompliance()) test(name, () => run(harness));
 * ```
 *
 * @module
 */
import { isSessionError } from "../errors/index.js";
import { MESSAGES, type MessageRecord, messageId, UNSUPPORTED } from "./collections.js";
import type { LevelDatabase } from "./database.js";
import { openStore, type Store, type StoreOptions } from "./store.js";

/** How the suite gets at the database under test. */
export interface StoreHarness {
  /** A new place for one database, with nothing in it. */
  create(): Promise<StorePlace>;
}

/** One place. */
export interface StorePlace {
  /** The database there. Called again after that one was closed: what was written must still be there. */
  open(): Promise<LevelDatabase>;
  /** Called at the end of a case, with the database closed. */
  remove(): Promise<void>;
}

/** One case of the suite. */
export interface StoreComplianceCase {
  readonly name: string;
  /** Rejects if the database fails the case. */
  run(harness: StoreHarness): Promise<void>;
}

const ALICE = `05${"aa".repeat(32)}`;
const BOB = `05${"bb".repeat(32)}`;
const NODE = "cc".repeat(32);
const SEED: Uint8Array = /* @__PURE__ */ Uint8Array.from({ length: 16 }, (_, index) => 240 + index);

/** The cases. */
export function storeCompliance(): StoreComplianceCase[] {
  return [
    testCase("a new store is empty", async ({ store }) => {
      equal(await store.account(), undefined);
      equal(await store.lastTimestamp(), 0);
      equal(await store.inbox(), []);
      equal(await store.outbox(), []);
      equal(await store.network("main"), undefined);
      equal(await store.cursor({ pubkey: ALICE, namespace: 0, node: NODE }, 0), undefined);
    }),
    testCase("the account stays, byte for byte, and no other one takes its place", async (place) => {
      await place.store.claim({ sessionId: ALICE, seed: SEED });
      await rejects(place.store.claim({ sessionId: BOB, seed: SEED }), "STORE_WRONG_ACCOUNT");
      await place.reopen();
      equal(await place.store.account(), { sessionId: ALICE, seed: SEED });
      await place.store.claim({ sessionId: ALICE, seed: SEED });
    }),
    testCase("cursors are kept per node and namespace, until they expire", async (place) => {
      const name = { pubkey: ALICE, namespace: 0, node: NODE };
      const other = { ...name, namespace: -10 };
      await place.store.write((batch) => batch.putCursor(name, { hash: "one/+", expiration: 2000 }));
      await place.store.write((batch) => batch.putCursor(other, { hash: "two", expiration: 1000 }));
      await place.reopen();
      equal(await place.store.cursor(name, 1500), { hash: "one/+", expiration: 2000 });
      equal(await place.store.cursor(other, 1500), undefined);
      equal(await place.store.cursor({ ...name, node: "dd".repeat(32) }, 0), undefined);
    }),
    testCase("marks are found, per owner, until they are pruned", async (place) => {
      await place.store.write((batch) => {
        batch.markSeen(ALICE, "a/+b", 1000);
        batch.markSeen(ALICE, "later", 3000);
        batch.markKnown(BOB, 77, 1000);
      });
      await place.reopen();
      equal([...(await place.store.seen(ALICE, ["later", "none", "a/+b"]))], ["later", "a/+b"]);
      equal((await place.store.seen(BOB, ["later"])).size, 0);
      equal(await place.store.known(BOB, 77), true);
      equal(await place.store.known(BOB, 7), false);
      equal(await place.store.prune({ now: 2000 }), 2);
      equal([...(await place.store.seen(ALICE, ["later", "a/+b"]))], ["later"]);
      equal(await place.store.known(BOB, 77), false);
    }),
    testCase("a prolonged mark outlives its first end", async ({ store }) => {
      await store.write((batch) => batch.markSeen(ALICE, "hash", 1000));
      await store.write((batch) => batch.markSeen(ALICE, "hash", 5000));
      await store.prune({ now: 2000 });
      equal((await store.seen(ALICE, ["hash"])).size, 1);
      await store.prune({ now: 6000 });
      equal((await store.seen(ALICE, ["hash"])).size, 0);
    }),
    testCase("too many marks: those that end first go", async ({ store }) => {
      await store.write((batch) => {
        for (let i = 0; i < 1200; i++) batch.markSeen(ALICE, `hash${i}`, 10_000 + i);
      });
      equal(await store.prune({ now: 0, maxMarks: 100 }), 1100);
      equal(
        [...(await store.seen(ALICE, ["hash0", "hash1099", "hash1100", "hash1199"]))],
        ["hash1100", "hash1199"],
      );
    }),
    testCase("queues keep their order and their bytes, and never use a place twice", async (place) => {
      const item = { pubkey: ALICE, namespace: 0, timestamp: 5, expiration: 9, data: SEED };
      const places: number[] = [];
      for (let i = 0; i < 12; i++) {
        places.push(await place.store.write((batch) => batch.addInbox({ ...item, hash: `hash${i}` })));
      }
      const last = places.at(-1) ?? 0;
      await place.store.write((batch) => batch.removeInbox(places[0] ?? 0));
      await place.reopen();
      const found = await place.store.inbox();
      equal(
        found.map(({ hash }) => hash),
        Array.from({ length: 11 }, (_, index) => `hash${index + 1}`),
      );
      equal(found[0], { ...item, hash: "hash1", sequence: places[1] });
      equal(await place.store.inboxCount(), 11);
      equal(
        (await place.store.inbox({ after: places[3], limit: 2 })).map(({ hash }) => hash),
        ["hash4", "hash5"],
      );
      equal((await place.store.write((batch) => batch.addInbox({ ...item, hash: "new" }))) > last, true);
    }),
    testCase("an outbox item is replaced and removed", async (place) => {
      const item = { to: BOB, message: { text: "häßlich 😀", blob: SEED, list: [1, null] }, timestamp: 5 };
      const sequence = await place.store.write((batch) => batch.addOutbox(item));
      await place.reopen();
      equal(await place.store.outbox(), [{ ...item, sequence }]);
      await place.store.write((batch) => batch.updateOutbox(sequence, { ...item, hash: "h" }));
      equal(await place.store.outbox(), [{ ...item, hash: "h", sequence }]);
      await place.store.write((batch) => batch.removeOutbox(sequence));
      equal(await place.store.outbox(), []);
    }),
    testCase(
      "records of collections are listed in order, and seen as soon as they are put",
      async (place) => {
        const record = (hash: string): MessageRecord => ({ conversation: BOB, kind: "text", hash });
        const writes = [20, 3, 100].map((time) =>
          place.store.write((batch) => batch.put(MESSAGES, messageId(BOB, time), record(`h${time}`))),
        );
        equal(await place.store.get(MESSAGES, messageId(BOB, 100)), record("h100"));
        await Promise.all(writes);
        await place.reopen();
        const range = { from: messageId(BOB, 4), to: messageId(BOB, 101) };
        equal(await place.store.list(MESSAGES, range), [
          { id: messageId(BOB, 20), record: record("h20") },
          { id: messageId(BOB, 100), record: record("h100") },
        ]);
        await place.store.write((batch) => batch.delete(MESSAGES, messageId(BOB, 20)));
        equal(await place.store.ids(MESSAGES), [messageId(BOB, 3), messageId(BOB, 100)]);
        equal(await place.store.prune({ now: 50, messageAgeMs: 40 }), 1);
        equal(await place.store.ids(MESSAGES), [messageId(BOB, 100)]);
        equal(await place.store.prune({ now: 50, maxMessages: 0 }), 1);
        equal(await place.store.ids(MESSAGES), []);
      },
    ),
    testCase("bytes in records stay bytes, and what is gone stays gone until its time", async (place) => {
      const item = { reason: "newer-format", namespace: 0, timestamp: 1, expiration: 2, version: "1" };
      await place.store.write((batch) => {
        batch.put(UNSUPPORTED, "hash", { ...item, data: SEED });
        batch.markGone(BOB, 7, 1000);
      });
      await place.reopen();
      equal(await place.store.get(UNSUPPORTED, "hash"), { ...item, data: SEED });
      equal(await place.store.get(UNSUPPORTED, "other"), undefined);
      equal([await place.store.gone(BOB, 7), await place.store.gone(BOB, 8)], [true, false]);
      await place.store.prune({ now: 2000 });
      equal(await place.store.gone(BOB, 7), false);
    }),
    testCase("the clock and the network snapshot stay", async (place) => {
      const state = { nodes: [{ ip: "192.0.2.1", port: 1 }], guards: [] };
      await place.store.write((batch) => {
        batch.putLastTimestamp(1_700_000_000_123);
        batch.putNetwork("test", state);
      });
      await place.reopen();
      equal(await place.store.lastTimestamp(), 1_700_000_000_123);
      equal(await place.store.network("test"), state);
      equal(await place.store.network("other"), undefined);
    }),
    testCase("a state change that cannot be made whole leaves nothing", async ({ store }) => {
      const failed = store.write((batch) => {
        batch.putLastTimestamp(5);
        throw new RangeError("stop");
      });
      await failed.catch(() => {});
      equal(await store.lastTimestamp(), 0);
    }),
    testCase("many writes at once all land, in order", async (place) => {
      const writes = Array.from({ length: 300 }, (_, i) =>
        place.store.write((batch) => batch.putLastTimestamp(i)),
      );
      await Promise.all(writes);
      equal(await place.store.lastTimestamp(), 299);
      await place.reopen();
      equal(await place.store.lastTimestamp(), 299);
    }),
    testCase("closing waits for writes, and ends everything else", async (place) => {
      const store = place.store;
      const write = store.write((batch) => batch.putLastTimestamp(42));
      await store.close();
      await write;
      await store.close();
      await rejects(store.lastTimestamp(), "CLOSED");
      await rejects(
        store.write((batch) => batch.putLastTimestamp(1)),
        "CLOSED",
      );
      await place.reopen();
      equal(await place.store.lastTimestamp(), 42);
    }),
    testCase("records of the app in the same database stay untouched", async (place) => {
      await place.database.put("account", "mine");
      await place.store.claim({ sessionId: ALICE, seed: SEED });
      await place.reopen();
      equal(await place.database.get("account"), "mine");
    }),
  ];
}

/** A place with a store opened in it. */
interface OpenPlace {
  store: Store;
  database: LevelDatabase;
  /** Closes store and database and opens both again. */
  reopen(options?: StoreOptions): Promise<void>;
}

function testCase(name: string, check: (place: OpenPlace) => Promise<void>): StoreComplianceCase {
  return {
    name,
    async run(harness) {
      const place = await harness.create();
      const database = await place.open();
      const opened: OpenPlace = {
        database,
        store: await openStore(database),
        async reopen(options) {
          await opened.store.close();
          await opened.database.close();
          opened.database = await place.open();
          opened.store = await openStore(opened.database, options);
        },
      };
      try {
        await check(opened);
      } finally {
        await opened.store.close();
        await opened.database.close();
        await place.remove();
      }
    },
  };
}

/** JSON of a value in which bytes are numbers and members are sorted, for comparing. */
function canonical(value: unknown): string {
  return JSON.stringify(value ?? null, (_key, member: unknown) => {
    if (member instanceof Uint8Array) return { bytes: [...member] };
    if (typeof member !== "object" || member === null || Array.isArray(member)) return member;
    return Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

function equal(actual: unknown, expected: unknown): void {
  if (canonical(actual) !== canonical(expected)) {
    throw new Error(`expected ${canonical(expected)}, got ${canonical(actual)}`);
  }
}

async function rejects(promise: Promise<unknown>, code: string): Promise<void> {
  try {
    await promise;
  } catch (error) {
    if (isSessionError(error, code)) return;
    throw new Error(`expected a SessionError of code ${code}`, { cause: error });
  }
  throw new Error(`expected a SessionError of code ${code}, got none`);
}
