import type { Crypto } from "session-messenger-sdk/crypto";
import type { RpcRequest } from "session-messenger-sdk/network";
import {
  activeNodesRequest,
  batchRequest,
  deleteAllRequest,
  deleteBeforeRequest,
  deleteRequest,
  expireAllRequest,
  expireRequest,
  getExpiriesRequest,
  getSwarmRequest,
  groupAdminAuth,
  ifElseRequest,
  infoRequest,
  oxendRequestRequest,
  requestTimeLimit,
  retrieveRequest,
  revokedSubaccountsRequest,
  revokeSubaccountRequest,
  type SwarmAuth,
  sequenceRequest,
  storeRequest,
  subaccountAuth,
  unrevokeSubaccountRequest,
  userAuth,
} from "session-messenger-sdk/swarm";
import { describe, expect, it } from "vitest";
import { backends, testAccount, testGroup } from "./support.js";

const alice = testAccount("alice");
const group = testGroup("friends");
const HASH_A = "1ECHATiuDywBZmhUlBSee2qFgoeEazkcVZTIDRbDCNQ";
const HASH_B = "kzklJi7Eqq9A6Ecj2IoL4QqIFN+SEPmb86xhqABNhZU";
const TOKEN = new Uint8Array(36).map((_, index) => index);
const NOW = 1_700_000_000_000;
const DATA = new TextEncoder().encode("hello world");
const invalid = expect.objectContaining({ code: "INVALID_ARGUMENT" });

describe.each(backends)("signed requests with $name", (crypto) => {
  const user = userAuth(alice, crypto);
  const admin = groupAdminAuth(group, crypto);

  /** The params without the signature, which must be `key`'s over `text`. */
  function unsigned(
    request: RpcRequest,
    text: string | Uint8Array,
    key: Uint8Array,
  ): Record<string, unknown> {
    const { signature, ...rest } = request.params;
    const message = typeof text === "string" ? new TextEncoder().encode(text) : text;
    expect(String(signature)).toHaveLength(88);
    expect(crypto.ed25519Verify(Buffer.from(String(signature), "base64"), message, key)).toBe(true);
    return rest;
  }
  const ofAlice = (request: RpcRequest, text: string): Record<string, unknown> =>
    unsigned(request, text, alice.ed25519.publicKey);
  const aliceFields = {
    pubkey: alice.sessionId,
    pubkey_ed25519: Buffer.from(alice.ed25519.publicKey).toString("hex"),
  };

  it("store, with a time of its own for the signature", () => {
    const request = storeRequest({
      pubkey: alice.sessionId,
      namespace: 2,
      data: DATA,
      ttl: 2_592_000_000,
      timestamp: NOW - 5,
      signatureTimestamp: NOW,
      auth: user,
    });
    expect(request.method).toBe("store");
    expect(ofAlice(request, "store21700000000000")).toEqual({
      ...aliceFields,
      namespace: 2,
      timestamp: NOW - 5,
      sig_timestamp: NOW,
      ttl: 2_592_000_000,
      data: "aGVsbG8gd29ybGQ=",
    });
  });

  it("store into a public inbox says nothing about the sender", () => {
    const request = storeRequest({
      pubkey: alice.sessionId,
      data: DATA,
      ttl: 1_209_600_000,
      timestamp: NOW,
      auth: user,
    });
    expect(request.params).toEqual({
      pubkey: alice.sessionId,
      namespace: 0,
      timestamp: NOW,
      ttl: 1_209_600_000,
      data: "aGVsbG8gd29ybGQ=",
    });
  });

  it("retrieve", () => {
    const request = retrieveRequest({
      pubkey: alice.sessionId,
      namespace: 2,
      auth: user,
      timestamp: NOW,
      maxSize: -8,
    });
    expect(ofAlice(request, "retrieve21700000000000")).toEqual({
      ...aliceFields,
      namespace: 2,
      timestamp: NOW,
      last_hash: "",
      max_size: -8,
    });
    expect(request.params).not.toHaveProperty("maxSize");
  });

  it("retrieve of namespace 0 leaves the number out of the signature", () => {
    const request = retrieveRequest({
      pubkey: alice.sessionId,
      auth: user,
      timestamp: NOW,
      lastHash: HASH_A,
      maxCount: 3,
    });
    expect(ofAlice(request, "retrieve1700000000000")).toMatchObject({
      namespace: 0,
      last_hash: HASH_A,
      max_count: 3,
    });
  });

  it("delete", () => {
    const request = deleteRequest({ auth: user, hashes: [HASH_B, HASH_A], required: true });
    expect(ofAlice(request, `delete${HASH_B}${HASH_A}`)).toEqual({
      ...aliceFields,
      messages: [HASH_B, HASH_A],
      required: true,
    });
  });

  it("delete_all of one namespace, and of all", () => {
    const one = deleteAllRequest({ auth: user, timestamp: NOW });
    expect(ofAlice(one, "delete_all1700000000000")).toEqual({ ...aliceFields, namespace: 0, timestamp: NOW });
    const all = deleteAllRequest({ auth: user, namespace: "all", timestamp: NOW });
    expect(ofAlice(all, "delete_allall1700000000000")).toMatchObject({ namespace: "all" });
  });

  it("delete_before", () => {
    const request = deleteBeforeRequest({ auth: user, namespace: 3, before: NOW });
    expect(ofAlice(request, "delete_before31700000000000")).toEqual({
      ...aliceFields,
      namespace: 3,
      before: NOW,
    });
  });

  it("expire_all", () => {
    const request = expireAllRequest({ auth: user, namespace: -3, expiry: NOW });
    expect(ofAlice(request, "expire_all-31700000000000")).toEqual({
      ...aliceFields,
      namespace: -3,
      expiry: NOW,
    });
  });

  it("expire, with one time or several and either mode", () => {
    const plain = expireRequest({ auth: user, hashes: [HASH_A], expiry: NOW });
    expect(ofAlice(plain, `expire1700000000000${HASH_A}`)).toEqual({
      ...aliceFields,
      messages: [HASH_A],
      expiry: NOW,
    });
    const extend = expireRequest({ auth: user, hashes: [HASH_A], expiry: NOW, mode: "extend" });
    expect(ofAlice(extend, `expireextend1700000000000${HASH_A}`)).toMatchObject({ extend: true });
    expect(extend.params).not.toHaveProperty("extends");
    const shorten = expireRequest({
      auth: user,
      hashes: [HASH_A, HASH_B],
      expiry: [NOW, NOW + 1],
      mode: "shorten",
    });
    expect(ofAlice(shorten, `expireshorten17000000000001700000000001${HASH_A}${HASH_B}`)).toEqual({
      ...aliceFields,
      messages: [HASH_A, HASH_B],
      expiry: [NOW, NOW + 1],
      shorten: true,
    });
  });

  it("get_expiries", () => {
    const request = getExpiriesRequest({ auth: user, hashes: [HASH_A, HASH_B], timestamp: NOW });
    expect(ofAlice(request, `get_expiries1700000000000${HASH_A}${HASH_B}`)).toEqual({
      ...aliceFields,
      messages: [HASH_A, HASH_B],
      timestamp: NOW,
    });
  });

  it("revoking and taking it back, over raw token bytes", () => {
    const other = TOKEN.map((byte) => byte ^ 0xff);
    const params = { auth: admin, tokens: [TOKEN, other], timestamp: NOW };
    const key = group.secretKey.subarray(32);
    const base64 = [TOKEN, other].map((token) => Buffer.from(token).toString("base64"));
    const text = (method: string): Uint8Array =>
      Buffer.concat([Buffer.from(`${method}${NOW}`), TOKEN, other]);
    expect(unsigned(revokeSubaccountRequest(params), text("revoke_subaccount"), key)).toEqual({
      pubkey: group.groupId,
      revoke: base64,
      timestamp: NOW,
    });
    expect(unsigned(unrevokeSubaccountRequest(params), text("unrevoke_subaccount"), key)).toEqual({
      pubkey: group.groupId,
      unrevoke: base64,
      timestamp: NOW,
    });
    const listing = revokedSubaccountsRequest({ auth: admin, timestamp: NOW });
    expect(unsigned(listing, "revoked_subaccounts1700000000000", key)).toEqual({
      pubkey: group.groupId,
      timestamp: NOW,
    });
  });

  it("a group admin sends no key of its own", () => {
    const request = storeRequest({
      pubkey: group.groupId,
      namespace: 11,
      data: DATA,
      ttl: 60_000,
      timestamp: NOW,
      auth: admin,
    });
    const rest = unsigned(request, "store111700000000000", group.secretKey.subarray(32));
    expect(rest).not.toHaveProperty("pubkey_ed25519");
  });

  it("a member sends token and token signature", () => {
    const member = crypto.ed25519KeyPair(new Uint8Array(32).fill(9));
    const tokenSignature = crypto.ed25519Sign(TOKEN, group.secretKey);
    const auth = subaccountAuth({
      groupId: group.groupId,
      token: TOKEN,
      tokenSignature,
      sign: (message) => crypto.ed25519Sign(message, member.secretKey),
    });
    const request = retrieveRequest({ pubkey: group.groupId, namespace: 11, auth, timestamp: NOW });
    expect(unsigned(request, "retrieve111700000000000", member.publicKey)).toMatchObject({
      pubkey: group.groupId,
      subaccount: Buffer.from(TOKEN).toString("base64"),
      subaccount_sig: Buffer.from(tokenSignature).toString("base64"),
    });
  });

  it("keep keys out of what can be printed", () => {
    for (const auth of [user, admin]) {
      const secret = Buffer.from(auth === user ? alice.ed25519.secretKey : group.secretKey);
      expect(JSON.stringify(auth)).not.toContain(secret.subarray(0, 32).toString("hex"));
      expect(Object.values(auth)).not.toContain(secret);
    }
  });
});

describe("requests without account", () => {
  it("are what the protocol says", () => {
    expect(infoRequest()).toEqual({ method: "info", params: {} });
    expect(activeNodesRequest()).toEqual({ method: "active_nodes_bin", params: {} });
    expect(getSwarmRequest(alice.sessionId.toUpperCase())).toEqual({
      method: "get_swarm",
      params: { pubkey: alice.sessionId },
    });
    expect(oxendRequestRequest("ons_resolve", { type: 0 })).toEqual({
      method: "oxend_request",
      params: { endpoint: "ons_resolve", params: { type: 0 } },
    });
  });

  it("ifelse names conditions and branches as servers do", () => {
    const then = infoRequest();
    expect(
      ifElseRequest({ hardforkAtLeast: [19, 1], versionBefore: [9, 0, 0], heightAtLeast: 10 }, { then }),
    ).toEqual({
      method: "ifelse",
      params: { if: { hf_at_least: [19, 1], v_before: [9, 0, 0], height_at_least: 10 }, then },
    });
    expect(() => ifElseRequest({}, { then })).toThrow(invalid);
    expect(() => ifElseRequest({ heightBefore: 1 }, {})).toThrow(invalid);
  });
});

describe("batches", () => {
  it("hold 1 to 20 entries and no other batch", () => {
    const entries = Array.from({ length: 20 }, infoRequest);
    expect(batchRequest(entries)).toEqual({ method: "batch", params: { requests: entries } });
    expect(sequenceRequest(entries.slice(0, 1)).method).toBe("sequence");
    for (const build of [batchRequest, sequenceRequest]) {
      expect(() => build([])).toThrow(invalid);
      expect(() => build([...entries, infoRequest()])).toThrow(invalid);
      expect(() => build([batchRequest(entries)])).toThrow(invalid);
      expect(() => build([sequenceRequest(entries)])).toThrow(invalid);
      expect(() => build([ifElseRequest({ heightBefore: 1 }, { else: infoRequest() })])).toThrow(invalid);
    }
  });

  it("take longer for entries that wait for the whole swarm", () => {
    const store = storeRequest({ pubkey: alice.sessionId, data: DATA, ttl: 60_000, timestamp: NOW });
    expect(requestTimeLimit(store)).toBe(10_000);
    expect(requestTimeLimit(sequenceRequest([store]))).toBe(10_000);
    expect(requestTimeLimit(sequenceRequest([store, infoRequest(), store, store]))).toBe(20_000);
    expect(requestTimeLimit(batchRequest([store, store, store]))).toBe(10_000);
    const inner = sequenceRequest([store, store]);
    expect(requestTimeLimit(ifElseRequest({ heightBefore: 1 }, { else: inner }))).toBe(15_000);
  });
});

describe("what no server would take is refused", () => {
  const user: SwarmAuth = userAuth(alice);
  const good = { pubkey: alice.sessionId, data: DATA, ttl: 60_000, timestamp: NOW };

  it.each<[string, () => unknown]>([
    ["too much data", () => storeRequest({ ...good, data: new Uint8Array(76_801) })],
    ["a short life", () => storeRequest({ ...good, ttl: 9_999 })],
    ["a long life in an inbox", () => storeRequest({ ...good, ttl: 1_209_600_001 })],
    ["a long life elsewhere", () => storeRequest({ ...good, namespace: 3, auth: user, ttl: 2_592_000_001 })],
    ["a life of half milliseconds", () => storeRequest({ ...good, ttl: 60_000.5 })],
    ["a time in seconds", () => storeRequest({ ...good, timestamp: 999_999_999 })],
    ["a time that is none", () => storeRequest({ ...good, timestamp: Number.NaN })],
    ["no signature where one is needed", () => storeRequest({ ...good, namespace: 2 })],
    [
      "another account's signature",
      () => storeRequest({ ...good, pubkey: group.groupId, namespace: 11, auth: user }),
    ],
    ["an id that is none", () => storeRequest({ ...good, pubkey: "05" })],
    ["a namespace out of range", () => storeRequest({ ...good, namespace: 40_000 })],
    ["an unsigned retrieve", () => retrieveRequest({ pubkey: alice.sessionId })],
    ["a signed retrieve without time", () => retrieveRequest({ pubkey: alice.sessionId, auth: user })],
    [
      "a short last hash",
      () => retrieveRequest({ pubkey: alice.sessionId, auth: user, timestamp: NOW, lastHash: "x" }),
    ],
    ["no count", () => retrieveRequest({ pubkey: alice.sessionId, auth: user, timestamp: NOW, maxCount: 0 })],
    [
      "a broken size",
      () => retrieveRequest({ pubkey: alice.sessionId, auth: user, timestamp: NOW, maxSize: 0.5 }),
    ],
    ["nothing to delete", () => deleteRequest({ auth: user, hashes: [] })],
    ["padding in a hash", () => deleteRequest({ auth: user, hashes: [`${HASH_A}=`] })],
    [
      "fewer expiries than hashes",
      () => expireRequest({ auth: user, hashes: [HASH_A, HASH_B], expiry: [NOW] }),
    ],
    ["no tokens", () => revokeSubaccountRequest({ auth: user, tokens: [], timestamp: NOW })],
    [
      "51 tokens",
      () => revokeSubaccountRequest({ auth: user, tokens: Array(51).fill(TOKEN), timestamp: NOW }),
    ],
    [
      "a short token",
      () => unrevokeSubaccountRequest({ auth: user, tokens: [TOKEN.subarray(1)], timestamp: NOW }),
    ],
    [
      "an admin key of another group",
      () => groupAdminAuth({ ...testGroup("others"), groupId: group.groupId }),
    ],
    ["a user who is a group", () => userAuth({ ...alice, sessionId: group.groupId })],
  ])("%s", (_, build) => {
    expect(build).toThrow(invalid);
  });

  it("but not what some would", () => {
    expect(storeRequest({ ...good, data: new Uint8Array(76_800) }).params.data).toHaveLength(102_400);
    expect(retrieveRequest({ pubkey: alice.sessionId, namespace: -21 }).params).toEqual({
      pubkey: alice.sessionId,
      namespace: -21,
      last_hash: "",
    });
    expect(retrieveRequest({ pubkey: alice.sessionId, namespace: -10 }).params).not.toHaveProperty(
      "timestamp",
    );
  });

  it("also of a subaccount that would revoke", () => {
    const sign: Crypto["sha512"] = () => new Uint8Array(64);
    const auth = subaccountAuth({
      groupId: group.groupId,
      token: TOKEN,
      tokenSignature: new Uint8Array(64),
      sign,
    });
    expect(() => revokeSubaccountRequest({ auth, tokens: [TOKEN], timestamp: NOW })).toThrow(invalid);
  });
});
