import { nodeCrypto } from "session-messenger-sdk/crypto/node";
import { SessionError } from "session-messenger-sdk/errors";
import { nameDecryptionKey, nameHash } from "session-messenger-sdk/identity";
import {
  batch,
  deleteAll,
  deleteBefore,
  deleteMessages,
  expire,
  expireAll,
  getExpiries,
  getSwarm,
  groupAdminAuth,
  info,
  infoCall,
  oxendRequest,
  rawCall,
  resolveName,
  retrieve,
  retrieveAll,
  retrieveCall,
  revokedSubaccounts,
  revokeSubaccount,
  sequence,
  store,
  storeCall,
  unrevokeSubaccount,
  userAuth,
} from "session-messenger-sdk/swarm";
import { describe, expect, it } from "vitest";
import {
  FakeNetwork,
  fakeNodes,
  type Handler,
  independentHash,
  nodeSign,
  quickSwarms,
  storeBody,
  swarmBody,
  testAccount,
  testGroup,
} from "./support.js";

const alice = testAccount("alice");
const pubkey = alice.sessionId;
const auth = userAuth(alice);
const group = testGroup("friends");
const data = new TextEncoder().encode("hello");
const DATA = Buffer.from(data).toString("base64");
const HASH_A = "1ECHATiuDywBZmhUlBSee2qFgoeEazkcVZTIDRbDCNQ";
const HASH_B = "kzklJi7Eqq9A6Ecj2IoL4QqIFN+SEPmb86xhqABNhZU";
const error = (code: string): unknown => expect.objectContaining({ code });
const ttl = 86_400_000;

/** Five nodes that are everybody's swarm. */
function world(handler: Handler): ReturnType<typeof quickSwarms> & {
  network: FakeNetwork;
  nodes: ReturnType<typeof fakeNodes>;
} {
  const nodes = fakeNodes(5, "member");
  const network = new FakeNetwork(nodes, (node, request, options) =>
    request.method === "get_swarm"
      ? { status: 200, body: swarmBody(nodes) }
      : handler(node, request, options),
  );
  return { nodes, network, ...quickSwarms(network) };
}

/** Answers of all nodes with `entry`, signed over `text`. */
function everybody(nodes: ReturnType<typeof fakeNodes>, entry: object, text: string | Uint8Array): unknown {
  const entries = nodes.map((node) => [node.ed25519PublicKey, { ...entry, signature: nodeSign(node, text) }]);
  return { swarm: Object.fromEntries(entries), hf: [19, 4], t: 5 };
}

describe("store", () => {
  it("gives the hash, the time, and who keeps it", async () => {
    const { swarms, network, nodes } = world((_, { params }) => ({
      status: 200,
      body: storeBody(nodes, params),
    }));
    const result = await store(swarms, { pubkey, data, ttl });
    expect(result).toMatchObject({
      hash: independentHash(pubkey, 0, data),
      timestamp: network.time,
      time: 1_800_000_000_001,
      complete: true,
      path: [],
    });
    expect(nodes).toContain(result.node);
    expect(result.swarm).toHaveLength(5);
  });

  it("keeps the message's time over attempts and renews the signature's", async () => {
    let failures = 2;
    const { swarms, network, nodes } = world((_, { params }) => {
      network.time += 7_000;
      if (failures-- > 0) throw new SessionError("TIMEOUT", "no answer");
      return { status: 200, body: storeBody(nodes, params) };
    });
    const started = network.time;
    const result = await store(swarms, { pubkey, namespace: 2, data, ttl, auth });
    const params = network.calls
      .filter(({ request }) => request.method === "store")
      .map(({ request }) => request.params);
    expect(params.map(({ timestamp }) => timestamp)).toEqual([started, started, started]);
    expect(params.map(({ sig_timestamp }) => sig_timestamp)).toEqual([
      started,
      started + 7_000,
      started + 14_000,
    ]);
    expect(new Set(params.map(({ signature }) => signature)).size).toBe(3);
    expect(result.timestamp).toBe(started);
  });

  it("tries another member when the first gives no proof, and tells at last", async () => {
    const { swarms, network, nodes } = world((_, { params }) => {
      const body = storeBody(nodes, params);
      for (const entry of Object.values(body.swarm as Record<string, Record<string, unknown>>))
        entry.signature = "A".repeat(86);
      return { status: 200, body };
    });
    await expect(store(swarms, { pubkey, data, ttl })).rejects.toThrow(error("SWARM_ALL_FAILED"));
    expect(new Set(network.asked("store")).size).toBe(3);
  });

  it("does not take a stranger's word", async () => {
    const strangers = fakeNodes(5, "stranger");
    const { swarms } = world((_, { params }) => ({ status: 200, body: storeBody(strangers, params) }));
    await expect(store(swarms, { pubkey, data, ttl })).rejects.toThrow(error("SWARM_ALL_FAILED"));
  });

  it("says which members do not have it", async () => {
    const { swarms, nodes } = world((_, { params }) => {
      const body = storeBody(nodes, params);
      Object.assign(body.swarm as object, { [nodes[0]!.ed25519PublicKey]: { failed: true, timeout: true } });
      return { status: 200, body };
    });
    const result = await store(swarms, { pubkey, data, ttl });
    expect(result.complete).toBe(false);
    expect(result.swarm.filter(({ ok }) => !ok)).toEqual([
      { node: nodes[0]?.ed25519PublicKey, ok: false, failure: { reason: "timeout", code: undefined } },
    ]);
  });
});

describe("retrieve", () => {
  const message = (text: string): Record<string, unknown> => {
    const bytes = new TextEncoder().encode(text);
    return {
      hash: independentHash(pubkey, 0, bytes),
      timestamp: 5,
      expiration: 6,
      data: Buffer.from(bytes).toString("base64"),
    };
  };
  /** A node with messages 0 to `count` - 1 that gives `size` at a time. */
  const paging =
    (count: number, size: number): Handler =>
    (_, { params }) => {
      const all = Array.from({ length: count }, (_, index) => message(String(index)));
      const start = all.findIndex(({ hash }) => hash === params.last_hash) + 1;
      const messages = all.slice(start, start + size);
      return { status: 200, body: { messages, more: start + size < count, t: 1 } };
    };
  const texts = (messages: readonly { data: Uint8Array }[]): string[] =>
    messages.map(({ data: bytes }) => new TextDecoder().decode(bytes));

  it("gives messages and cursor of one node", async () => {
    const { swarms, nodes } = world(paging(3, 2));
    const result = await retrieve(swarms, { pubkey, auth });
    expect(texts(result.messages)).toEqual(["0", "1"]);
    expect(result).toMatchObject({ more: true, lastHash: message("1").hash, dropped: 0 });
    expect(nodes).toContain(result.node);
  });

  it("of everything stays with one node", async () => {
    const { swarms, network } = world(paging(7, 2));
    const result = await retrieveAll(swarms, { pubkey, auth });
    expect(texts(result.messages)).toEqual(["0", "1", "2", "3", "4", "5", "6"]);
    expect(result).toMatchObject({ complete: true, lastHash: message("6").hash });
    expect(network.asked("retrieve")).toHaveLength(4);
    expect(new Set(network.asked("retrieve")).size).toBe(1);
  });

  it("of everything ends after so many rounds", async () => {
    const { swarms, network } = world(paging(1000, 1));
    const result = await retrieveAll(swarms, { pubkey, auth });
    expect(result).toMatchObject({ complete: false, lastHash: message("19").hash });
    expect(network.asked("retrieve")).toHaveLength(20);
    await retrieveAll(swarms, { pubkey, auth }, { maxRounds: 2 });
    expect(network.asked("retrieve")).toHaveLength(22);
  });

  it.each<[string, unknown[]]>([
    ["repeats itself", [message("0")]],
    ["has nothing", []],
  ])("of everything ends when the node says more but %s", async (_, messages) => {
    const { swarms, network } = world(() => ({ status: 200, body: { messages, more: true } }));
    const result = await retrieveAll(swarms, { pubkey, auth });
    expect(result.complete).toBe(false);
    expect(result.messages).toHaveLength(messages.length);
    expect(network.asked("retrieve").length).toBeLessThanOrEqual(2);
  });

  it("of everything keeps what it has when a later page fails", async () => {
    const page = paging(5, 2);
    let pages = 0;
    const { swarms } = world((...args) => (pages++ === 0 ? page(...args) : { status: 500, body: "" }));
    const result = await retrieveAll(swarms, { pubkey, auth });
    expect(texts(result.messages)).toEqual(["0", "1"]);
    expect(result.complete).toBe(false);
  });
});

describe("batch", () => {
  it("gives each entry its typed result", async () => {
    const { swarms, network, nodes } = world((_, { params }) => {
      const [first] = params.requests as [{ params: Record<string, unknown> }];
      const results = [
        { code: 200, body: storeBody(nodes, first.params) },
        { code: 401, body: "retrieve signature verification failed" },
        { code: 200, body: { messages: "none" } },
        { code: 200, body: { version: [2, 8, 0], timestamp: 5 } },
      ];
      return { status: 200, body: { results } };
    });
    const { results } = await batch(swarms, pubkey, (timestamp) => [
      storeCall({ pubkey, data, ttl, timestamp }),
      retrieveCall({ pubkey, auth, timestamp, maxSize: -2 }),
      retrieveCall({ pubkey, auth, namespace: 2, timestamp }),
      infoCall(),
    ]);
    const [stored, refused, broken, about] = results;
    expect(stored.ok && stored.value.hash).toBe(independentHash(pubkey, 0, data));
    expect(refused).toEqual({ ok: false, error: error("SWARM_UNAUTHORIZED") });
    expect(refused.ok || refused.error.details).toMatchObject({ status: 401, method: "retrieve" });
    expect(broken).toEqual({ ok: false, error: error("SWARM_REPLY_INVALID") });
    expect(about.ok && about.value.version).toEqual([2, 8, 0]);
    const [sent] = network.calls.filter(({ request }) => request.method === "batch");
    expect(JSON.stringify(sent?.request.params)).toContain('"max_size":-2');
  });

  it.each([0, 1, 3])("with %d results for two entries is an invalid reply", async (count) => {
    const results = Array.from({ length: count }, () => ({
      code: 200,
      body: { version: [1, 1, 1], timestamp: 1 },
    }));
    const { swarms } = world(() => ({ status: 200, body: { results } }));
    const call = batch(swarms, pubkey, () => [infoCall(), infoCall()]);
    await expect(call).rejects.toThrow(error("SWARM_REPLY_INVALID"));
  });

  it("is refused before sending when it is too long", async () => {
    const { swarms, network } = world(() => ({ status: 200, body: {} }));
    const call = batch(swarms, pubkey, () => Array.from({ length: 21 }, infoCall));
    await expect(call).rejects.toThrow(error("INVALID_ARGUMENT"));
    expect(network.calls).toHaveLength(0);
  });
});

describe("sequence", () => {
  const calls = (timestamp: number) =>
    [
      storeCall({ pubkey, data, ttl, timestamp }),
      storeCall({ pubkey, data, ttl, timestamp }),
      infoCall(),
    ] as const;

  it("gives results until the first failure, and says what was not run", async () => {
    const { swarms, network, nodes } = world(() => {
      const body = storeBody(nodes, { pubkey, data: DATA });
      return {
        status: 200,
        body: {
          results: [
            { code: 200, body },
            { code: 403, body: "no" },
          ],
        },
      };
    });
    const { results } = await sequence(swarms, pubkey, calls);
    expect(results[0].ok).toBe(true);
    expect(results[1]).toEqual({ ok: false, error: error("SWARM_FORBIDDEN") });
    expect(results[2]).toEqual({ ok: false, error: error("SWARM_NOT_RUN") });
    const [sent] = network.calls.filter(({ request }) => request.method === "sequence");
    expect(sent?.options.timeoutMs).toBe(15_000);
  });

  it("that stops without a failure is an invalid reply", async () => {
    const { swarms, nodes, waits } = world(() => {
      const body = storeBody(nodes, { pubkey, data: DATA });
      return { status: 200, body: { results: [{ code: 200, body }] } };
    });
    await expect(sequence(swarms, pubkey, calls)).rejects.toThrow(error("SWARM_REPLY_INVALID"));
    expect(waits).toEqual([1000, 1000]);
  });

  it("without a result is an invalid reply", async () => {
    const { swarms } = world(() => ({ status: 200, body: { results: [] } }));
    await expect(sequence(swarms, pubkey, calls, { attempts: 1 })).rejects.toThrow(
      error("SWARM_REPLY_INVALID"),
    );
  });
});

describe("managing messages", () => {
  it("deletes by hash", async () => {
    const { swarms, nodes } = world(() => ({
      status: 200,
      body: everybody(nodes, { deleted: [HASH_A] }, `${pubkey}${HASH_A}${HASH_B}${HASH_A}`),
    }));
    const result = await deleteMessages(swarms, { auth, hashes: [HASH_A, HASH_B] });
    expect(result.complete).toBe(true);
    expect(result.swarm.every((entry) => entry.ok && entry.value.deleted[0] === HASH_A)).toBe(true);
  });

  it("tells when something required was not there", async () => {
    const { swarms, network, nodes } = world(() => ({
      status: 404,
      body: everybody(nodes, { deleted: [] }, `${pubkey}${HASH_A}`),
    }));
    const call = deleteMessages(swarms, { auth, hashes: [HASH_A], required: true });
    await expect(call).rejects.toThrow(error("SWARM_NOT_FOUND"));
    expect(network.asked("delete")).toHaveLength(1);
  });

  it("waits longer and longer to delete everything", async () => {
    const { swarms, waits } = world(() => ({ status: 503, body: "Snode not ready" }));
    await expect(deleteAll(swarms, { auth, namespace: "all" })).rejects.toThrow(error("SWARM_SERVER_ERROR"));
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000]);
  });

  it("deletes everything, and everything before", async () => {
    const { swarms, network, nodes } = world((_, { params }) => ({
      status: 200,
      body: everybody(
        nodes,
        { deleted: [HASH_A] },
        `${pubkey}${String(params.timestamp ?? params.before)}${HASH_A}`,
      ),
    }));
    expect((await deleteAll(swarms, { auth })).complete).toBe(true);
    expect((await deleteBefore(swarms, { auth, before: network.time - 9 })).complete).toBe(true);
    expect(network.calls.at(-1)?.request.params).toMatchObject({ namespace: 0, before: network.time - 9 });
  });

  it("changes and tells expiries", async () => {
    const { swarms, network, nodes } = world((_, { method }) => {
      if (method === "get_expiries") return { status: 200, body: { expiries: { [HASH_A]: 9 } } };
      const text =
        method === "expire" ? `${pubkey}${expiry}${HASH_A}${HASH_A}` : `${pubkey}${expiry}${HASH_A}`;
      return { status: 200, body: everybody(nodes, { updated: [HASH_A], expiry }, text) };
    });
    const expiry = network.time + 5;
    const result = await expire(swarms, { auth, hashes: [HASH_A], expiry, mode: "extend" });
    expect(result.swarm[0]?.ok && result.swarm[0].value.updated).toEqual(new Map([[HASH_A, expiry]]));
    const all = await expireAll(swarms, { auth, expiry });
    expect(all.swarm[0]?.ok && all.swarm[0].value.updated).toEqual([HASH_A]);
    const { expiries } = await getExpiries(swarms, { auth, hashes: [HASH_A] });
    expect(expiries).toEqual(new Map([[HASH_A, 9]]));
    expect(network.calls.at(-1)?.request.params).toMatchObject({ timestamp: network.time });
  });

  it("revokes subaccounts and takes it back", async () => {
    const token = new Uint8Array(36).fill(3);
    const admin = groupAdminAuth(group);
    const { swarms, network, nodes } = world((_, { method, params }) => {
      if (method === "revoked_subaccounts")
        return { status: 200, body: { revoked_subaccounts: [Buffer.from(token).toString("base64")] } };
      const text = Buffer.concat([Buffer.from(`${group.groupId}${String(params.timestamp)}`), token]);
      return { status: 200, body: everybody(nodes, { count: 1 }, text) };
    });
    expect((await revokeSubaccount(swarms, { auth: admin, tokens: [token] })).complete).toBe(true);
    expect((await unrevokeSubaccount(swarms, { auth: admin, tokens: [token] })).swarm[0]).toMatchObject({
      value: { count: 1 },
    });
    expect((await revokedSubaccounts(swarms, { auth: admin })).tokens).toEqual([token]);
    network.handler = () => ({ status: 400, body: "no method revoked_subaccounts" });
    await expect(revokedSubaccounts(swarms, { auth: admin })).rejects.toThrow(error("SWARM_METHOD_UNKNOWN"));
  });

  it("names the swarm", async () => {
    const { swarms, nodes } = world(() => ({ status: 500, body: "" }));
    expect(new Set(await getSwarm(swarms, pubkey))).toEqual(new Set(nodes));
  });
});

describe("questions to anybody", () => {
  it("info, and what a newer server may know", async () => {
    const { swarms } = world(() => ({
      status: 200,
      body: { version: [2, 11, 3], timestamp: 5, hf: [19, 4] },
    }));
    expect(await info(swarms)).toMatchObject({ version: [2, 11, 3], timestamp: 5, hardfork: [19, 4] });
    const { value } = await swarms.runAnywhere(() => rawCall({ method: "future", params: {} }));
    expect(value).toMatchObject({ timestamp: 5 });
  });

  it("oxend_request", async () => {
    const { swarms, network } = world(() => ({ status: 200, body: { result: { height: 3 } } }));
    const { result } = await oxendRequest(swarms, "get_service_nodes", { active_only: true });
    expect(result).toEqual({ height: 3 });
    expect(network.calls[0]?.request.params).toEqual({
      endpoint: "get_service_nodes",
      params: { active_only: true },
    });
  });
});

describe("resolving a name", () => {
  const name = "labname";
  const nonce = new Uint8Array(24).fill(7);
  const record = (owner: string): unknown => {
    const key = nameDecryptionKey(name);
    const value = nodeCrypto.xchacha20poly1305Encrypt(key, nonce, Buffer.from(owner, "hex"));
    return {
      encrypted_value: Buffer.from(value).toString("hex"),
      nonce: Buffer.from(nonce).toString("hex"),
    };
  };
  /** Three nodes answer with these results in the order in which they are asked. */
  const answering = (...answers: (unknown | Error)[]): ReturnType<typeof world> => {
    const byNode = new Map<string, unknown>();
    return world((node) => {
      const key = node.ed25519PublicKey;
      if (!byNode.has(key)) byNode.set(key, answers.shift());
      const answer = byNode.get(key);
      if (answer instanceof Error) throw answer;
      return { status: 200, body: { result: answer } };
    });
  };
  const bob = testAccount("bob").sessionId;
  const none = { status: "OK" };

  it("asks three different nodes, who must agree", async () => {
    const { swarms, network } = answering(record(pubkey), record(pubkey), record(pubkey));
    expect(await resolveName(swarms, " LabName ")).toBe(pubkey);
    expect(new Set(network.asked("oxend_request")).size).toBe(3);
    expect(network.calls[0]?.request.params).toEqual({
      endpoint: "ons_resolve",
      params: { type: 0, name_hash: Buffer.from(nameHash(name)).toString("base64") },
    });
  });

  it("knows names that nobody owns", async () => {
    const { swarms } = answering(none, none, none);
    await expect(resolveName(swarms, name)).rejects.toThrow(error("SWARM_NAME_NOT_REGISTERED"));
  });

  it.each<[string, unknown[]]>([
    ["one names somebody else", [record(pubkey), record(bob), record(pubkey)]],
    ["one knows nobody", [record(pubkey), none, record(pubkey)]],
    ["one does not answer", [record(pubkey), new SessionError("TIMEOUT", "no answer"), record(pubkey)]],
    ["one lies", [record(pubkey), { ...(record(bob) as object), nonce: "00".repeat(24) }, record(pubkey)]],
    ["one has an old entry", [record(pubkey), { encrypted_value: "00" }, record(pubkey)]],
    ["one sends no hexadecimal text", [record(pubkey), { encrypted_value: "zz", nonce: 5 }, record(pubkey)]],
    ["nobody answers", [0, 1, 2].map(() => new SessionError("TIMEOUT", "no answer"))],
  ])("fails when %s", async (_, answers) => {
    await expect(resolveName(answering(...answers).swarms, name)).rejects.toThrow(
      error("SWARM_NAME_UNRESOLVED"),
    );
  });

  it("can do with fewer who agree", async () => {
    const { swarms } = answering(record(bob), none, record(bob));
    expect(await resolveName(swarms, name, { quorum: 2 })).toBe(bob);
  });

  it("refuses what is no name, or no quorum, before it asks", async () => {
    const { swarms, network } = answering();
    await expect(resolveName(swarms, "no name")).rejects.toThrow(error("NAME_INVALID"));
    await expect(resolveName(swarms, name, { quorum: 4 })).rejects.toThrow(error("INVALID_ARGUMENT"));
    await expect(resolveName(swarms, name, { nodes: 6 })).rejects.toThrow(error("SWARM_NO_NODES"));
    expect(network.calls).toHaveLength(0);
  });

  it("stops when the caller does", async () => {
    const { swarms } = answering(record(pubkey), record(pubkey), record(pubkey));
    const call = resolveName(swarms, name, { signal: AbortSignal.abort() });
    await expect(call).rejects.toThrow(error("ABORTED"));
  });
});
