import { verify } from "node:crypto";
import { startTestnet, type Testnet, type TestnetNode } from "session-messenger-sdk/testnet";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Answer,
  base64,
  Caller,
  DAY,
  dataOf,
  firstOf,
  type Params,
  TestAccount,
  TestClock,
} from "./support.js";

// Rules that the recorded transcripts do not reach.

const clock = new TestClock();
const caller = new Caller();
let net: Testnet;
let node: TestnetNode;

beforeAll(async () => {
  net = await startTestnet({ nodes: 6, swarms: 1, now: clock.now, rateLimit: { burst: 1000, perSecond: 1 } });
  node = firstOf(net.nodes);
});
afterAll(async () => {
  caller.close();
  await net.close();
});

const call = (method: string, params: Params): Promise<Answer> => caller.call(node, method, params);
const store = (account: TestAccount, text: string, params: Params = {}): Promise<Answer> =>
  caller.store(net, account.id, text, { timestamp: clock.time, ...params });
const storeSigned = (account: TestAccount, namespace: number, text: string): Promise<Answer> =>
  call(
    "store",
    account.signed(`store${namespace}${clock.time}`, {
      namespace,
      timestamp: clock.time,
      ttl: DAY,
      data: base64(text),
    }),
  );
const retrieve = (account: TestAccount, params: Params = {}): Promise<Answer> =>
  call(
    "retrieve",
    account.signed(`retrieve${params["namespace"] ?? ""}${clock.time}`, {
      timestamp: clock.time,
      ...params,
    }),
  );

describe("reading parameters", () => {
  it("tells integers from numbers with a fraction or an exponent, and from text", async () => {
    const account = new TestAccount("integers");
    const { pubkey_ed25519, signature } = account.signed(`retrieve${clock.time}`);
    const body = (fields: string): string =>
      `{"method":"retrieve","params":{"pubkey":"${account.id}","pubkey_ed25519":"${pubkey_ed25519}",` +
      `"signature":"${signature}",${fields}}}`;
    const good = await caller.post(node, body(`"timestamp":${clock.time}`));
    expect(good.status).toBe(200);
    for (const bad of [`${clock.time}.0`, "1.8e12", "-5", "true", `"${clock.time}"`]) {
      const answer = await caller.post(node, body(`"timestamp":${bad}`));
      expect([bad, answer.status, answer.text]).toEqual([
        bad,
        400,
        "invalid request: Invalid value given for 'timestamp': expected integer timestamp (in milliseconds)",
      ]);
    }
    const fraction = await caller.post(node, body(`"timestamp":${clock.time},"max_count":1.0`));
    expect(fraction.text).toBe("invalid request: Invalid value given for 'max_count': expected integer");
  });

  it("leaves numbers inside of texts alone", async () => {
    const answer = await caller.post(node, '{"method":"oxend_request","params":{"endpoint":"1.5e3 \\"2.0"}}');
    expect(answer.text).toBe(`invalid request: Invalid oxend endpoint '1.5e3 "2.0'`);
  });

  it("refuses what is no call, whatever it is", async () => {
    for (const [body, text] of [
      ["", "invalid json"],
      ["\u0000", "invalid json"],
      ["[]", "invalid json: no `method` field"],
      ["7", "invalid json: no `method` field"],
      ['{"method":7,"params":{}}', "invalid json: no `method` field"],
      ['{"method":"info","params":[]}', "invalid json: no `params` field"],
      ['{"method":"__proto__","params":{}}', "no method __proto__"],
      ['{"method":"toString","params":{}}', "no method toString"],
    ] as const) {
      const answer = await caller.post(node, body);
      expect([body, answer.status, answer.text]).toEqual([body, 400, text]);
    }
    const notUtf8 = await caller.https.ask(node.port, {
      method: "POST",
      path: "/storage_rpc/v1",
      body: Uint8Array.of(0x22, 0xff, 0x22),
    });
    expect([notUtf8.status, notUtf8.body.toString()]).toEqual([400, "invalid json"]);
  });

  it("survives a call nested a hundred thousand times", async () => {
    const depth = 100_000;
    const nested = `${'{"method":"ifelse","params":{"if":{"height_before":1},"else":'.repeat(depth)}{}${"}}".repeat(depth)}`;
    expect((await caller.post(node, nested)).status).toBeGreaterThanOrEqual(400);
    expect((await call("info", {})).status).toBe(200);
  });

  it("survives parameters too deep to hand on", async () => {
    const account = new TestAccount("deep");
    const depth = 100_000;
    const params = JSON.stringify({
      ...account.signed(`delete_beforeall${clock.time}`, { before: clock.time, namespace: "all" }),
    });
    const extra = `"extra":${"[".repeat(depth)}${"]".repeat(depth)}`;
    const body = `{"method":"delete_before","params":${params.slice(0, -1)},${extra}}}`;
    expect((await caller.post(node, body)).status).toBe(500);
    expect((await call("info", {})).status).toBe(200);
  });

  it("keeps the paths between nodes closed to clients", async () => {
    for (const path of ["/peer/member", "/peer/push", "/peer/onion"]) {
      const answer = await caller.post(node, "[]", path);
      expect([answer.status, answer.text]).toEqual([404, `post ${path} Not Found`]);
    }
  });
});

describe("namespaces", () => {
  it("keeps one message in each public outbox", async () => {
    const account = new TestAccount("outbox");
    for (const namespace of [-1, -21]) {
      await storeSigned(account, namespace, "old");
      await storeSigned(account, namespace, "new");
      const read = await call("retrieve", { pubkey: account.id, namespace });
      expect(dataOf(read)).toEqual(["new"]);
    }
    expect(net.messagesOf(account.id)).toHaveLength(2);
  });

  it("takes -11 neither for an outbox nor for an inbox", async () => {
    const account = new TestAccount("unrevocable");
    expect((await store(account, "unsigned", { namespace: -11 })).status).toBe(401);
    await storeSigned(account, -11, "one");
    await storeSigned(account, -11, "two");
    expect(dataOf(await retrieve(account, { namespace: -11 }))).toEqual(["one", "two"]);
    expect((await call("retrieve", { pubkey: account.id, namespace: -11 })).status).toBe(400);
  });
});

describe("storing and reading", () => {
  it("goes on behind a hash of any namespace, and from the start behind an unknown one", async () => {
    const account = new TestAccount("cursor");
    const first = await store(account, "first");
    const config = await storeSigned(account, 2, "config");
    await store(account, "second");
    expect(dataOf(await retrieve(account, { last_hash: first.body.hash }))).toEqual(["second"]);
    expect(dataOf(await retrieve(account, { last_hash: config.body.hash }))).toEqual(["second"]);
    expect(dataOf(await retrieve(account, { last_hash: "A".repeat(43) }))).toEqual(["first", "second"]);
  });

  it("takes zero limits for none given", async () => {
    const account = new TestAccount("limits");
    await store(account, "one");
    await store(account, "two");
    const answer = await retrieve(account, { max_size: 0, max_count: 0 });
    expect(dataOf(answer)).toEqual(["one", "two"]);
    expect(answer.body.more).toBe(false);
  });

  it("signs every entry with the node's key", async () => {
    const account = new TestAccount("signed entries");
    const { body } = await store(account, "signed");
    expect(Object.keys(body.swarm)).toHaveLength(6);
    for (const [key, entry] of Object.entries<{ signature: string }>(body.swarm)) {
      expect(isSigned(body.hash, entry.signature, key)).toBe(true);
    }
  });

  it("reports `already` as true from the asked node and as 1 from the others", async () => {
    const account = new TestAccount("again");
    await store(account, "twice");
    const { body } = await store(account, "twice", { ttl: 2 * DAY });
    for (const [key, entry] of Object.entries<{ already: unknown; expiry: number }>(body.swarm)) {
      expect(entry.already).toBe(key === node.ed25519PublicKey ? true : 1);
      expect(entry.expiry).toBe(clock.time + 2 * DAY);
    }
  });
});

describe("subaccounts", () => {
  it("keeps the fifty newest revocations", async () => {
    const group = new TestAccount("many members", "03");
    await storeSigned(group, 11, "a message, so that revocations hold");
    const members = Array.from({ length: 51 }, (_, index) =>
      group.subaccount(new TestAccount(`m${index}`), 1),
    );
    const revoke = async (some: typeof members): Promise<Answer> => {
      const text = Buffer.concat([
        Buffer.from(`revoke_subaccount${clock.time}`),
        ...some.map(({ bytes }) => bytes),
      ]);
      return call(
        "revoke_subaccount",
        group.signed(text, {
          revoke: some.map(({ token }) => token),
          timestamp: clock.time,
        }),
      );
    };
    expect((await revoke(members.slice(0, 50))).status).toBe(200);
    expect((await revoke(members.slice(50))).status).toBe(200);
    const statuses = await Promise.all(
      [0, 1, 50].map(async (index) => {
        const params = members[index]?.signed(`retrieve11${clock.time}`, {
          namespace: 11,
          timestamp: clock.time,
        });
        return (await call("retrieve", params ?? {})).status;
      }),
    );
    expect(statuses).toEqual([200, 401, 401]);
  });

  it("does not let a subaccount revoke", async () => {
    const group = new TestAccount("revoking", "03");
    const member = group.subaccount(new TestAccount("bold member"), 15);
    const text = `revoke_subaccount${clock.time}`;
    const params = { ...member.signed(text, { revoke: [], timestamp: clock.time }) };
    expect((await call("revoke_subaccount", params)).status).toBe(401);
  });
});

describe("direct calls", () => {
  it("are limited by address, and refilled by the clock", async () => {
    await using limited = await startTestnet({
      nodes: 1,
      now: clock.now,
      rateLimit: { burst: 3, perSecond: 2 },
    });
    const only = firstOf(limited.nodes);
    const statuses = async (count: number): Promise<number[]> => {
      const seen: number[] = [];
      for (let i = 0; i < count; i++) seen.push((await caller.call(only, "info")).status);
      return seen;
    };
    expect(await statuses(5)).toEqual([200, 200, 200, 429, 429]);
    clock.time += 1000;
    expect(await statuses(3)).toEqual([200, 200, 429]);
  });
});

function isSigned(text: string, signature: string, key: string): boolean {
  const jwk = { kty: "OKP", crv: "Ed25519", x: Buffer.from(key, "hex").toString("base64url") };
  return verify(null, Buffer.from(text), { key: jwk, format: "jwk" }, Buffer.from(signature, "base64"));
}
