import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MemoryLevel } from "memory-level";
import { Client, createAccount, SessionError } from "session-messenger-sdk";
import { type ClientOptions, type Logger, redact } from "session-messenger-sdk/client";
import { openStore } from "session-messenger-sdk/store";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { alice, bob, text } from "./support/accounts.js";
import { FakeNetwork } from "./support/fake-network.js";
import { deferred, until } from "./support/wait.js";

let net: FakeNetwork;
const opened: Client[] = [];

async function open(options: Partial<ClientOptions> = {}): Promise<Client> {
  const client = await Client.open({
    network: net.network,
    polling: false,
    sync: false,
    closeTimeoutMs: 20,
    ...options,
  });
  opened.push(client);
  return client;
}

beforeEach(() => {
  net = new FakeNetwork();
});
afterEach(async () => {
  for (const client of opened.splice(0)) await client.close();
});

describe("the account", () => {
  test("is created and kept in the store", async () => {
    const store = new MemoryLevel();
    const first = await open({ store });
    expect(first.sessionId).toMatch(/^05[0-9a-f]{64}$/);
    expect(first.account.recoveryPhrase.split(" ").length).toBe(13);
    await first.close();
    const second = await open({ store });
    expect(second.sessionId).toBe(first.sessionId);
    expect(second.account.recoveryPhrase).toBe(first.account.recoveryPhrase);
  });

  test("differs without a store", async () => {
    expect((await open()).sessionId).not.toBe((await open()).sessionId);
  });

  test("given by the app is kept too", async () => {
    const store = new MemoryLevel();
    const account = createAccount();
    await (await open({ account, store })).close();
    expect((await open({ store })).sessionId).toBe(account.sessionId);
  });

  test("of another store is refused, and nothing is overwritten", async () => {
    const store = new MemoryLevel();
    await (await open({ account: alice, store })).close();
    await expect(open({ account: bob, store })).rejects.toMatchObject({
      name: "SessionError",
      code: "STORE_WRONG_ACCOUNT",
      details: { present: alice.sessionId, given: bob.sessionId },
    });
    expect((await open({ store })).sessionId).toBe(alice.sessionId);
  });

  test("that is unreadable is never replaced by a new one", async () => {
    const store = new MemoryLevel<string, string>();
    await (await open({ account: alice, store })).close();
    const records = store.sublevel("session-messenger-sdk");
    const other = JSON.stringify({ sessionId: alice.sessionId, seed: "00".repeat(16) });
    for (const damaged of ["{}", "", other]) {
      await records.put("account", damaged);
      await expect(open({ store })).rejects.toMatchObject({ code: "STORE_CORRUPT" });
      expect(await records.get("account")).toBe(damaged);
    }
  });
});

describe("the store", () => {
  test("in a folder is locked while a client has it, and free after close", async () => {
    const folder = await mkdtemp(join(tmpdir(), "client-"));
    try {
      const client = await open({ store: folder });
      await expect(open({ store: folder })).rejects.toMatchObject({ code: "STORE_LOCKED" });
      await client.close();
      const again = await open({ store: folder });
      expect(again.sessionId).toBe(client.sessionId);
      await again.close();
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("in a folder is free after opening failed", async () => {
    const folder = await mkdtemp(join(tmpdir(), "client-"));
    try {
      await (await open({ store: folder })).close();
      await expect(open({ store: folder, account: alice })).rejects.toMatchObject({
        code: "STORE_WRONG_ACCOUNT",
      });
      await (await open({ store: folder })).close();
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("that the app opened stays open", async () => {
    const store = await openStore();
    await (await open({ store })).close();
    expect(await store.account()).toBeDefined();
    await store.close();
  });
});

describe("the network", () => {
  test("is not asked by opening", async () => {
    await open();
    expect(net.calls).toEqual([]);
  });

  test("shared by clients is not closed by them", async () => {
    const [first, second] = [await open(), await open()];
    await first.close();
    expect(net.closed).toBe(0);
    await second.poll();
  });

  test("must be given", async () => {
    for (const network of [undefined, null, 5, "http://127.0.0.1:1"]) {
      await expect(Client.open({ network } as never)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    }
    await expect(Client.open(undefined as never)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await expect(Client.open({ network: ["ftp://x"] })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});

describe("close", () => {
  test("happens once, and then everything is CLOSED", async () => {
    const client = await open();
    const off = client.on("message", () => {});
    await Promise.all([client.close(), client.close()]);
    await client[Symbol.asyncDispose]();
    for (const call of [
      () => client.send(bob.sessionId, { text: "x" }),
      () => client.poll(),
      () => client.resolveName("name"),
      async () => client.messages(),
      async () => client.on("message", () => {}),
    ]) {
      await expect(call()).rejects.toMatchObject({ name: "SessionError", code: "CLOSED" });
    }
    off();
    expect(client.sessionId).toMatch(/^05/);
  });

  test("waits for a running handler, and its message is seen", async () => {
    const store = new MemoryLevel();
    const client = await open({ account: bob, store, closeTimeoutMs: 10_000 });
    net.put(bob.sessionId, text(alice, bob, "one", 1));
    const gate = deferred();
    let started = false;
    client.on("message", async () => {
      started = true;
      await gate.promise;
    });
    const poll = client.poll();
    await until(() => started);
    const closing = client.close();
    gate.resolve();
    await Promise.all([poll, closing]);
    const texts: string[] = [];
    const again = await open({ account: bob, store });
    again.on("message", (message) => texts.push(message.text));
    await again.poll();
    expect(texts).toEqual([]);
  });

  test("inside a handler ends too", async () => {
    const client = await open({ account: bob });
    net.put(bob.sessionId, text(alice, bob, "stop", 1));
    const done = deferred();
    client.on("message", async () => {
      await client.close();
      done.resolve();
    });
    client.poll().catch(() => {});
    await done.promise;
  });

  test("by await using", async () => {
    let inside: Client;
    {
      await using client = await open();
      inside = client;
    }
    await expect(inside.poll()).rejects.toMatchObject({ code: "CLOSED" });
  });
});

describe("events", () => {
  test("a handler of another event that throws or rejects becomes an error", async () => {
    const client = await open({ account: bob });
    const errors: SessionError[] = [];
    client.on("error", (error) => errors.push(error));
    client.on("poll", () => {
      throw new Error("thrown");
    });
    client.on("poll", async () => {
      throw new Error("rejected");
    });
    await client.poll();
    await until(() => errors.length === 2);
    expect(errors).toMatchObject([
      { code: "HANDLER_FAILED", cause: { message: "thrown" }, details: { event: "poll" } },
      { code: "HANDLER_FAILED", cause: { message: "rejected" } },
    ]);
  });

  test("a handler of error that throws harms nobody", async () => {
    const client = await open({ account: bob });
    client.on("error", () => {
      throw new Error("again");
    });
    client.on("message", () => {
      throw new Error("first");
    });
    net.put(bob.sessionId, text(alice, bob, "one", 1));
    expect((await client.poll()).received).toBe(1);
  });
});

describe("the logger", () => {
  test("hears of the work, and never of secrets", async () => {
    const lines: string[] = [];
    const log = (message: string, facts: unknown): void => {
      lines.push(`${message} ${JSON.stringify(facts)}`);
    };
    const logger: Logger = { debug: log, info: log, warn: log, error: log };
    const client = await open({ account: bob, logger });
    client.on("message", () => {
      throw new Error("handler");
    });
    net.put(bob.sessionId, text(alice, bob, "the secret text", 1));
    await client.poll();
    for (const node of net.nodes) node.down = true;
    await client.poll().catch(() => {});
    await client.send(alice.sessionId, { text: "another secret" }).catch(() => {});
    const all = lines.join("\n");
    expect(lines.length).toBeGreaterThan(4);
    expect(all).not.toContain("secret");
    for (const word of bob.recoveryPhrase.split(" ")) expect(all).not.toContain(` ${word} `);
    for (const id of [alice.sessionId, bob.sessionId]) expect(all).not.toContain(id);
    expect(all).toContain("poll: ");
  });

  test("that throws breaks nothing", async () => {
    const broken = (): never => {
      throw new Error("logger");
    };
    const client = await open({
      account: bob,
      logger: { debug: broken, info: broken, warn: broken, error: broken },
    });
    for (const node of net.nodes) node.down = true;
    await expect(client.poll()).rejects.toMatchObject({ code: "POLL_FAILED" });
  });

  test("gets redacted facts of bounded size", () => {
    const loop: Record<string, unknown> = {};
    loop["loop"] = loop;
    expect(
      redact({
        seed: "00",
        recoveryPhrase: "a b c",
        text: "hello",
        nested: { secretKey: new Uint8Array(64), data: "x" },
        bytes: new Uint8Array(5),
        id: alice.sessionId,
        url: "https://user:password@example.org/path",
        big: 5n,
        long: "y".repeat(1000),
        error: new SessionError("X", "no", {
          details: { signature: "s" },
          cause: new Error(`for ${bob.sessionId}`),
        }),
      }),
    ).toEqual({
      seed: "<redacted>",
      recoveryPhrase: "<redacted>",
      text: "<redacted>",
      nested: { secretKey: "<redacted>", data: "<redacted>" },
      bytes: "<5 bytes>",
      id: `${alice.sessionId.slice(0, 6)}…${alice.sessionId.slice(-4)}`,
      url: "https://example.org/path",
      big: "5",
      long: `${"y".repeat(300)}…`,
      error: {
        code: "X",
        message: "no",
        details: { signature: "<redacted>" },
        cause: `Error: for ${bob.sessionId.slice(0, 6)}…${bob.sessionId.slice(-4)}`,
      },
    });
    expect(JSON.stringify(redact(loop))).toContain("<deep>");
  });
});
