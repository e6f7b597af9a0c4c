import fc from "fast-check";
import { SessionError } from "session-messenger-sdk/errors";
import {
  INVALID_SWARM_ID,
  parseActiveNodes,
  parseBatchReply,
  parseDeleteManyReply,
  parseDeleteReply,
  parseExpireAllReply,
  parseExpireReply,
  parseExpiriesReply,
  parseIfElseReply,
  parseInfoReply,
  parseOxendReply,
  parseRetrieveReply,
  parseRevokedSubaccountsReply,
  parseRevokeReply,
  parseStoreReply,
  parseSwarmReply,
} from "session-messenger-sdk/swarm";
import { describe, expect, it } from "vitest";
import {
  backends,
  fakeNode,
  fakeNodes,
  independentHash,
  nodeSign,
  storeBody,
  swarmBody,
  swarmRecord,
  testAccount,
} from "./support.js";

const runs = 100 * Number(process.env.FC_RUNS ?? 1);
const { sessionId: pubkey } = testAccount("alice");
const data = new TextEncoder().encode("hello");
const DATA = Buffer.from(data).toString("base64");
const HASH_A = "1ECHATiuDywBZmhUlBSee2qFgoeEazkcVZTIDRbDCNQ";
const HASH_B = "kzklJi7Eqq9A6Ecj2IoL4QqIFN+SEPmb86xhqABNhZU";
const token = new Uint8Array(36).fill(3);
const invalid = expect.objectContaining({ code: "SWARM_REPLY_INVALID" });
const nodes = fakeNodes(3);
const [first, second, third] = nodes as [(typeof nodes)[0], (typeof nodes)[0], (typeof nodes)[0]];

const single = {
  retrieve: (body: unknown) => parseRetrieveReply(body, { pubkey, namespace: 0 }),
  get_expiries: parseExpiriesReply,
  get_swarm: (body: unknown) => parseSwarmReply(body),
  info: parseInfoReply,
  oxend_request: parseOxendReply,
  revoked_subaccounts: parseRevokedSubaccountsReply,
  active_nodes_bin: (body: unknown) => parseActiveNodes(body),
  batch: parseBatchReply,
  ifelse: parseIfElseReply,
};
const recursive = {
  store: (body: unknown) => parseStoreReply(body, { pubkey, namespace: 0, data }),
  delete: (body: unknown) => parseDeleteReply(body, { pubkey, hashes: [HASH_A] }),
  delete_all: (body: unknown) => parseDeleteManyReply(body, { pubkey, time: 5 }),
  expire_all: (body: unknown) => parseExpireAllReply(body, { pubkey, expiry: 5 }),
  expire: (body: unknown) => parseExpireReply(body, { pubkey, hashes: [HASH_A] }),
  revoke: (body: unknown) => parseRevokeReply(body, { pubkey, timestamp: 5, tokens: [token] }),
};
const parsers: [string, (body: unknown) => unknown][] = Object.entries({ ...single, ...recursive });

describe.each(parsers)("hostile replies of %s", (_, parse) => {
  const throwsTyped = (body: unknown): boolean => {
    try {
      parse(body);
      return true;
    } catch (error) {
      return error instanceof SessionError && /^SWARM_(REPLY_INVALID|ALL_FAILED)$/.test(error.code);
    }
  };

  it.each([[undefined], [null], [1], ["text"], [true], [[]], [{}]])("refuses %j", (body) => {
    expect(() => parse(body)).toThrow(SessionError);
    expect(throwsTyped(body)).toBe(true);
  });

  it("gives a typed error for random JSON", () => {
    fc.assert(fc.property(fc.jsonValue({ maxDepth: 5 }), throwsTyped), { numRuns: runs });
  });

  it("gives a typed error for random values under the right names", () => {
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom<unknown>(HASH_A, first.ed25519PublicKey, DATA, -1, 2 ** 53, 1e300, "0", "__proto__"),
    );
    const entry = fc.dictionary(
      fc.constantFrom(
        "hash",
        "signature",
        "deleted",
        "updated",
        "unchanged",
        "expiry",
        "failed",
        "code",
        "body",
        "data",
        "timestamp",
        "expiration",
        "ip",
        "port_https",
        "pubkey_ed25519",
      ),
      value,
    );
    const key = fc.constantFrom(first.ed25519PublicKey, "constructor", "__proto__", "zz");
    const body = fc.record(
      {
        swarm: fc.oneof(value, fc.dictionary(key, fc.oneof(entry, value)), fc.constant("55")),
        messages: fc.oneof(value, fc.array(entry)),
        snodes: fc.oneof(value, fc.array(entry)),
        results: fc.oneof(value, fc.array(entry)),
        result: fc.oneof(value, entry),
        expiries: value,
        revoked_subaccounts: value,
        version: value,
        timestamp: value,
        condition: value,
        hf: value,
        t: value,
      },
      { requiredKeys: [] },
    );
    fc.assert(fc.property(body, throwsTyped), { numRuns: runs });
  });
});

describe.each(backends)("entries of swarm members with $name", (crypto) => {
  const request = { pubkey, namespace: 0, data };
  const hash = independentHash(pubkey, 0, data);
  const good = (): Record<string, Record<string, unknown>> =>
    storeBody(nodes, { pubkey, data: DATA }).swarm as Record<string, Record<string, unknown>>;

  it("count when signed", () => {
    const swarm = good();
    Object.assign(swarm[second.ed25519PublicKey]!, { already: 1 });
    const result = parseStoreReply({ swarm, hash: "lies", t: 7 }, request, {}, crypto);
    expect(result).toMatchObject({ hash, complete: true, time: 7 });
    expect(result.swarm.map((entry) => entry.ok && entry.value)).toEqual([
      { hash, expiry: 5, already: false },
      { hash, expiry: 5, already: true },
      { hash, expiry: 5, already: false },
    ]);
  });

  it.each<[string, Record<string, unknown> | unknown[] | string | null]>([
    ["bad-signature", { signature: nodeSign(second, hash) }],
    ["bad-signature", { signature: "A".repeat(86) }],
    ["malformed", { signature: "A".repeat(85) }],
    ["malformed", { signature: `${"A".repeat(43)}=` }],
    ["malformed", { signature: null }],
    ["malformed", { hash: HASH_A, signature: nodeSign(first, HASH_A) }],
    ["malformed", { expiry: "5" }],
    ["malformed", null],
    ["malformed", ["signature"]],
    ["timeout", { failed: true, timeout: true }],
    ["timeout", { failed: 1, timeout: 1 }],
    ["refused", { failed: true, code: "401", reason: "no" }],
    ["failed", { failed: true, code: "many" }],
    ["bad-peer-response", { failed: true, bad_peer_response: true }],
    ["query-failure", { failed: true, query_failure: true }],
  ])("do not count: %s %j", (reason, change) => {
    const swarm = good();
    const old = swarm[first.ed25519PublicKey];
    const entry =
      typeof change === "object" && change !== null && !Array.isArray(change)
        ? { ...old, ...change }
        : change;
    const result = parseStoreReply(
      { swarm: { ...swarm, [first.ed25519PublicKey]: entry } },
      request,
      {},
      crypto,
    );
    expect(result.complete).toBe(false);
    expect(result.swarm[0]).toMatchObject({ node: first.ed25519PublicKey, ok: false, failure: { reason } });
    expect(result.swarm.slice(1).every(({ ok }) => ok)).toBe(true);
    if (reason === "refused") expect(result.swarm[0]).toMatchObject({ failure: { code: 401 } });
  });

  it("do not count from nodes outside the swarm", () => {
    const members = new Set([first.ed25519PublicKey, second.ed25519PublicKey]);
    const result = parseStoreReply({ swarm: good() }, request, { members }, crypto);
    expect(result.swarm.map((entry) => (entry.ok ? "ok" : entry.failure.reason))).toEqual([
      "ok",
      "ok",
      "not-a-member",
    ]);
  });

  it("do not count under a key that is no key", () => {
    const { signature } = good()[first.ed25519PublicKey]!;
    const swarm = { ...good(), [first.ed25519PublicKey.toUpperCase()]: { hash, signature } };
    const result = parseStoreReply({ swarm }, request, {}, crypto);
    expect(result.swarm[3]).toMatchObject({ ok: false, failure: { reason: "malformed" } });
  });

  it("must be good at least once", () => {
    const swarm = { [first.ed25519PublicKey]: { failed: true, timeout: true } };
    const failed = expect.objectContaining({ code: "SWARM_ALL_FAILED", details: { failures: ["timeout"] } });
    expect(() => parseStoreReply({ swarm }, request, {}, crypto)).toThrow(failed);
    expect(() => parseStoreReply({ swarm: {} }, request, {}, crypto)).toThrow(
      expect.objectContaining({ code: "SWARM_ALL_FAILED" }),
    );
  });

  const entryOf = (value: object, text: string | Uint8Array): unknown => ({
    swarm: { [first.ed25519PublicKey]: { ...value, signature: nodeSign(first, text) } },
  });

  it("of delete are signed over requested and deleted hashes, in lower case", () => {
    const body = entryOf({ deleted: [HASH_A] }, `${pubkey}${HASH_B}${HASH_A}${HASH_A}`);
    const asked = { pubkey: pubkey.toUpperCase(), hashes: [HASH_B, HASH_A] };
    expect(parseDeleteReply(body, asked, {}, crypto).swarm).toEqual([
      { node: first.ed25519PublicKey, ok: true, value: { deleted: [HASH_A] } },
    ]);
    expect(() => parseDeleteReply(body, { pubkey, hashes: [HASH_A, HASH_B] }, {}, crypto)).toThrow(
      expect.objectContaining({ code: "SWARM_ALL_FAILED" }),
    );
  });

  it("of delete_all of all namespaces are signed over all hashes sorted together", () => {
    const body = entryOf({ deleted: { "11": [HASH_B], "-3": [HASH_A] } }, `${pubkey}5${HASH_A}${HASH_B}`);
    const [entry] = parseDeleteManyReply(body, { pubkey, time: 5 }, {}, crypto).swarm;
    expect(entry?.ok && [...entry.value.deleted].sort()).toEqual([HASH_A, HASH_B]);
  });

  it("of expire say what changed and what did not", () => {
    const body = entryOf(
      { updated: [HASH_B], expiry: [9], unchanged: { [HASH_A]: 7 } },
      `${pubkey}9${HASH_A}${HASH_B}${HASH_B}${HASH_A}7`,
    );
    const [entry] = parseExpireReply(body, { pubkey, hashes: [HASH_A, HASH_B] }, {}, crypto).swarm;
    expect(entry?.ok && entry.value).toEqual({
      updated: new Map([[HASH_B, 9]]),
      unchanged: new Map([[HASH_A, 7]]),
    });
    const short = entryOf({ updated: [HASH_B], expiry: [] }, `${pubkey}${HASH_B}${HASH_B}`);
    expect(() => parseExpireReply(short, { pubkey, hashes: [HASH_B] }, {}, crypto)).toThrow(
      expect.objectContaining({ details: { failures: ["malformed"] } }),
    );
  });

  it("of expire_all and of revoking", () => {
    const all = entryOf({ updated: [HASH_A] }, `${pubkey}5${HASH_A}`);
    expect(parseExpireAllReply(all, { pubkey, expiry: 5 }, {}, crypto).complete).toBe(true);
    const revoked = entryOf({ count: 1 }, Buffer.concat([Buffer.from(`${pubkey}5`), token]));
    const [entry] = parseRevokeReply(revoked, { pubkey, timestamp: 5, tokens: [token] }, {}, crypto).swarm;
    expect(entry?.ok && entry.value).toEqual({ count: 1 });
  });
});

describe("retrieved messages", () => {
  const message = (text: string, namespace = 0): Record<string, unknown> => {
    const bytes = new TextEncoder().encode(text);
    return {
      hash: independentHash(pubkey, namespace, bytes),
      timestamp: 5,
      expiration: 6,
      data: Buffer.from(bytes).toString("base64"),
    };
  };
  const parse = (messages: unknown, more: unknown = false): ReturnType<typeof parseRetrieveReply> =>
    parseRetrieveReply({ messages, more, t: 8 }, { pubkey, namespace: 0 });

  it("keep the order of the node", () => {
    const result = parse([message("b"), message("a")], true);
    expect(result.messages.map(({ data: bytes }) => new TextDecoder().decode(bytes))).toEqual(["b", "a"]);
    expect(result).toMatchObject({ more: true, dropped: 0, lastHash: message("a").hash, time: 8 });
  });

  it("of no bytes are empty", () => {
    const empty = message("");
    for (const text of ["", "="]) {
      expect(parse([{ ...empty, data: text }])).toMatchObject({
        dropped: 0,
        messages: [{ data: new Uint8Array() }],
      });
    }
  });

  it("under a false hash are dropped, and still move the cursor", () => {
    const victim = message("the real one");
    const result = parse([message("a"), { ...message("forged"), hash: victim.hash }]);
    expect(result.messages).toHaveLength(1);
    expect(result).toMatchObject({ dropped: 1, lastHash: victim.hash });
    expect(parse([message("a", 2)])).toMatchObject({ dropped: 1, messages: [] });
  });

  it.each([
    [{ hash: "short" }],
    [{ timestamp: "5" }],
    [{ timestamp: 1.5 }],
    [{ timestamp: -1 }],
    [{ expiration: null }],
    [{ expiration: 2 ** 60 }],
    [{ data: 5 }],
    [{ data: "a b=" }],
    [{ data: "aGk" + "\n" }],
  ])("with %j spoil the reply", (change) => {
    expect(() => parse([{ ...message("a"), ...change }])).toThrow(invalid);
  });
});

describe("a swarm", () => {
  it("is read with its id and computed onion keys", () => {
    const body = swarmBody(nodes, "c000000000000001");
    for (const record of body.snodes as Record<string, unknown>[]) record.pubkey_x25519 = "00".repeat(32);
    const { nodes: read, swarmId } = parseSwarmReply(body);
    expect(swarmId).toBe(0xc000_0000_0000_0001n);
    expect(read.map(({ x25519PublicKey }) => x25519PublicKey)).toEqual(
      nodes.map((node) => node.x25519PublicKey),
    );
    expect(read[0]).toMatchObject({ ip: first.ip, port: first.port, swarmId });
  });

  it("leaves out nodes without address and counts each once", () => {
    const away = { ...swarmRecord(second), ip: "0.0.0.0" };
    const upper = { ...swarmRecord(first), pubkey_ed25519: first.ed25519PublicKey.toUpperCase() };
    const body = {
      ...swarmBody([]),
      snodes: [swarmRecord(first), away, upper, { ...swarmRecord(third), port_https: 0 }],
    };
    expect(parseSwarmReply(body).nodes.map((node) => node.ed25519PublicKey)).toEqual([
      first.ed25519PublicKey,
    ]);
  });

  it("is not known to every node", () => {
    expect(parseSwarmReply(swarmBody([], INVALID_SWARM_ID.toString(16)))).toMatchObject({
      nodes: [],
      swarmId: undefined,
    });
  });

  it.each([
    [{ pubkey_ed25519: "zz" }],
    [{ pubkey_ed25519: "00".repeat(32) }],
    [{ ip: "evil.example" }],
    [{ ip: "1.2.3" }],
    [{ ip: "1.2.3.256" }],
    [{ ip: "01.2.3.4" }],
    [{ ip: "1.2.3.4.5" }],
    [{ port_https: "22021" }],
    [{ port_https: 65_536 }],
  ])("with a node of %j is refused", (change) => {
    const body = { ...swarmBody([]), snodes: [{ ...swarmRecord(first), ...change }] };
    expect(() => parseSwarmReply(body)).toThrow(invalid);
  });

  it.each([["g"], [""], ["0x1"], ["12345678901234567"], [85]])("with id %j is refused", (swarm) => {
    expect(() => parseSwarmReply({ ...swarmBody(nodes), swarm })).toThrow(invalid);
  });
});

describe("other replies", () => {
  it("info", () => {
    const body = { version: [2, 8, 0], timestamp: 5, hf: [19, 4], t: 5 };
    expect(parseInfoReply(body)).toEqual({ version: [2, 8, 0], timestamp: 5, hardfork: [19, 4] });
    expect(() => parseInfoReply({ ...body, version: [2, 8] })).toThrow(invalid);
  });

  it("active_nodes_bin", () => {
    const node = fakeNode("x");
    const entry = Buffer.concat([
      node.keys.publicKey,
      Buffer.from("c000000000000001", "hex"),
      Buffer.from([1, 2, 3, 4]),
      Buffer.from([0x56, 0x05, 0x56, 0x06]),
      Buffer.from([2, 11, 3]),
    ]);
    const noAddress = Buffer.from(entry).fill(0, 40, 44);
    const noQuic = Buffer.from(entry).fill(0, 46, 48);
    const text = Buffer.concat([entry, noAddress, noQuic]).toString("base64");
    expect(parseActiveNodes(text)).toEqual([
      {
        ed25519PublicKey: node.ed25519PublicKey,
        x25519PublicKey: node.x25519PublicKey,
        swarmId: 0xc000_0000_0000_0001n,
        ip: "1.2.3.4",
        port: 22021,
        quicPort: 22022,
        version: [2, 11, 3],
      },
    ]);
    expect(() => parseActiveNodes(entry.subarray(1).toString("base64"))).toThrow(invalid);
  });

  it("revoked_subaccounts", () => {
    const body = { revoked_subaccounts: [Buffer.from(token).toString("base64")] };
    expect(parseRevokedSubaccountsReply(body)).toEqual([token]);
    expect(() => parseRevokedSubaccountsReply({ revoked_subaccounts: ["x"] })).toThrow(invalid);
  });

  it("get_expiries keeps names apart from those every object has", () => {
    expect(parseExpiriesReply({ expiries: { [HASH_A]: 5 } })).toEqual(new Map([[HASH_A, 5]]));
    expect(() => parseExpiriesReply({ expiries: { constructor: 5 } })).toThrow(invalid);
  });

  it("ifelse", () => {
    expect(parseIfElseReply({ condition: false })).toEqual({ condition: false, result: undefined });
    const result = { code: 200, body: { t: 1 } };
    expect(parseIfElseReply({ condition: true, result })).toEqual({ condition: true, result });
    expect(() => parseIfElseReply({ condition: 1 })).toThrow(invalid);
  });

  it.each([[99], [600], ["200"], [200.5]])("batch codes of %j are refused", (code) => {
    expect(() => parseBatchReply({ results: [{ code, body: {} }] })).toThrow(invalid);
  });
});
