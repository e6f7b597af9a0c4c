import { nodeCrypto } from "session-messenger-sdk/crypto/node";
import { type NetworkEvents, parseNodeList } from "session-messenger-sdk/network";
import { describe, expect, test } from "vitest";
import { FakeNetwork, type FakeNode } from "./fake.js";

const HOUR = 3_600_000;
const STORE = { method: "store", params: {} };

/** Makes each node answer the node list request with what `list` says. */
function lists(fake: FakeNetwork, list: (asked: FakeNode, turn: number) => string): string[] {
  const asked: string[] = [];
  fake.rpc = (node, request) => {
    if (request.method !== "oxend_request") return fake.answer(node, request);
    asked.push(node.node.ed25519PublicKey);
    return { status: 200, body: list(node, asked.length - 1) };
  };
  return asked;
}

describe("the node pool", () => {
  test("comes from a seed, once for everybody", async () => {
    const fake = new FakeNetwork(12);
    const network = fake.connect();
    const all = await Promise.all([network.nodes(), network.nodes(), network.nodes()]);
    expect(all.map((nodes) => nodes.length)).toEqual([12, 12, 12]);
    expect(fake.requests).toHaveLength(1);
    const byKey = new Map(all[0]!.map((node) => [node.ed25519PublicKey, node]));
    for (const { node } of fake.nodes) expect(byKey.get(node.ed25519PublicKey)).toEqual(node);
  });

  test("is refreshed after two hours, in the background, over paths, from three nodes of different /24", async () => {
    const fake = new FakeNetwork(24, (i) => `45.0.${Math.floor(i / 4)}.${i + 1}`);
    const network = fake.connect();
    const refreshed: Array<NetworkEvents["pool:refreshed"]> = [];
    network.on("pool:refreshed", (event) => refreshed.push(event));
    const asked = lists(fake, () => fake.nodeList(fake.nodes.slice(0, 23)));
    await network.call(fake.nodes[0]!.node, STORE);
    network.strikeNode(fake.nodes[9]!.node, "test");
    fake.time += 1.9 * HOUR;
    await network.call(fake.nodes[0]!.node, STORE);
    await network.idle();
    expect(asked).toEqual([]);
    fake.time += 0.2 * HOUR;
    await network.call(fake.nodes[0]!.node, STORE);
    await network.idle();
    expect(asked).toHaveLength(3);
    expect(new Set(asked.map((key) => fake.find(key).node.ip.split(".")[2])).size).toBe(3);
    expect(fake.calls("oxend_request").every(({ route }) => route.length === 4)).toBe(true);
    expect(refreshed).toEqual([
      { source: "seed", count: 24 },
      { source: "nodes", count: 23 },
    ]);
    expect(network.pool.strikes.size).toBe(0);
    await network.call(fake.nodes[0]!.node, STORE);
    await network.idle();
    expect(asked).toHaveLength(3);
  });

  test("is refreshed ten minutes after it lost a node, which then is back", async () => {
    const fake = new FakeNetwork(12);
    const network = fake.connect();
    const asked = lists(fake, () => fake.nodeList(fake.nodes));
    await network.call(fake.nodes[0]!.node, STORE);
    const { node } = fake.nodes[9]!;
    network.dropNode(node, "test");
    fake.time += 0.16 * HOUR;
    await network.call(fake.nodes[0]!.node, STORE);
    await network.idle();
    expect(asked).toEqual([]);
    expect(network.pool.get(node.ed25519PublicKey)).toBeUndefined();
    fake.time += 0.02 * HOUR;
    await network.call(fake.nodes[0]!.node, STORE);
    await network.idle();
    expect(asked).toHaveLength(3);
    expect(network.pool.get(node.ed25519PublicKey)).toEqual(node);
  });

  test("keeps what two of three agree on, and no address that one alone tells", async () => {
    const fake = new FakeNetwork(16);
    const network = fake.connect({ minPoolSize: 12 });
    await network.nodes();
    const liar = fake.nodes[0]!.node;
    lists(fake, (_node, turn) => {
      if (turn === 0) return fake.nodeList(fake.nodes.slice(0, 14)).replace(liar.ip, "66.6.6.6");
      if (turn === 1) return fake.nodeList(fake.nodes.slice(0, 15));
      return fake.nodeList(fake.nodes);
    });
    fake.time += 3 * HOUR;
    await network.pool.refresh();
    const keys = new Set(network.pool.nodes.map((node) => node.ed25519PublicKey));
    expect(keys).toEqual(new Set(fake.nodes.slice(0, 15).map(({ node }) => node.ed25519PublicKey)));
    expect(network.pool.get(liar.ed25519PublicKey)?.ip).toBe(liar.ip);
  });

  test("asks other nodes when they disagree, and a seed in the end", async () => {
    const fake = new FakeNetwork(20);
    const network = fake.connect({ minPoolSize: 12 });
    await network.nodes();
    const refreshed: string[] = [];
    network.on("pool:refreshed", ({ source }) => refreshed.push(source));
    const asked = lists(fake, (_node, turn) => fake.nodeList(fake.nodes.slice(turn % 3, (turn % 3) + 2)));
    fake.time += 3 * HOUR;
    await network.pool.refresh();
    expect(asked).toHaveLength(9);
    expect(new Set(asked).size).toBe(9);
    expect(fake.sleeps).toEqual([200, 400]);
    expect(refreshed).toEqual(["seed"]);
  });

  test("survives nodes that answer garbage", async () => {
    const fake = new FakeNetwork(20);
    const network = fake.connect();
    await network.nodes();
    lists(fake, (_node, turn) =>
      turn % 3 === 0 ? '{"result":{"service_node_states":[1,null,{}]}}' : fake.nodeList(),
    );
    fake.time += 3 * HOUR;
    await network.pool.refresh();
    expect(network.pool.nodes).toHaveLength(20);
  });

  test("is refreshed once for all who ask, and not again within two seconds", async () => {
    const fake = new FakeNetwork(16);
    const network = fake.connect();
    await network.nodes();
    const asked = lists(fake, () => fake.nodeList());
    await Promise.all([network.pool.refresh(), network.pool.refresh(), network.pool.refresh()]);
    await network.pool.refresh();
    expect(asked).toHaveLength(3);
    fake.time += 2_100;
    await network.pool.refresh();
    expect(asked).toHaveLength(6);
  });

  test("loses a node at its third strike, until the next refresh", async () => {
    const fake = new FakeNetwork(16);
    const network = fake.connect();
    await network.nodes();
    const { node } = fake.nodes[5]!;
    const events: string[] = [];
    network.on("node:struck", ({ strikes }) => events.push(`struck ${strikes}`));
    network.on("node:dropped", ({ reason }) => events.push(`dropped ${reason}`));
    for (let i = 0; i < 3; i++) network.strikeNode(node, "test");
    expect(events).toEqual(["struck 1", "struck 2", "struck 3", "dropped strikes"]);
    expect(network.pool.get(node.ed25519PublicKey)).toBeUndefined();
    fake.time += 3 * HOUR;
    await network.pool.refresh();
    expect(network.pool.get(node.ed25519PublicKey)).toEqual(node);
  });

  test("goes back to a seed when it has fewer nodes than the network needs", async () => {
    const fake = new FakeNetwork(16);
    const network = fake.connect({ minPoolSize: 16 });
    await network.nodes();
    network.dropNode(fake.nodes[0]!.node, "test");
    await expect(network.nodes()).resolves.toHaveLength(16);
    expect(fake.requests).toHaveLength(2);
  });

  test("a refresh that fails disturbs nobody, and is not repeated with every call", async () => {
    const fake = new FakeNetwork(16);
    const network = fake.connect();
    await network.call(fake.nodes[0]!.node, STORE);
    fake.seedFault = "off";
    const asked = lists(fake, () => "{}");
    fake.time += 3 * HOUR;
    for (let i = 0; i < 5; i++) await network.call(fake.nodes[0]!.node, STORE);
    await network.idle();
    expect(asked).toHaveLength(9);
    expect(network.pool.nodes).toHaveLength(16);
  });
});

describe("node lists", () => {
  const rules = { allowPrivateAddresses: false, crypto: nodeCrypto };
  const key = "ab".repeat(32);
  const good = {
    public_ip: "45.1.2.3",
    storage_port: 22021,
    pubkey_ed25519: key,
    pubkey_x25519: "cd".repeat(32),
  };
  const list = (...states: unknown[]): string => JSON.stringify({ result: { service_node_states: states } });

  test("swarm ids keep all their bits", () => {
    const text = list({ ...good, swarm_id: "ID" }).replace('"ID"', "18446744073709551557");
    expect(parseNodeList(text, rules)[0]!.swarmId).toBe(18446744073709551557n);
  });

  test("keys become lower case; a missing onion key is computed", () => {
    const { publicKey } = nodeCrypto.ed25519KeyPair(new Uint8Array(32).fill(7));
    const hex = Buffer.from(publicKey).toString("hex");
    const onion = Buffer.from(nodeCrypto.ed25519PublicKeyToX25519(publicKey)).toString("hex");
    const state = { ...good, pubkey_ed25519: hex.toUpperCase(), pubkey_x25519: undefined };
    expect(parseNodeList(list(state), rules)).toEqual([
      { ed25519PublicKey: hex, x25519PublicKey: onion, ip: "45.1.2.3", port: 22021 },
    ]);
  });

  test.each([
    ["no address", { public_ip: undefined }],
    ["an empty address", { public_ip: "" }],
    ["0.0.0.0", { public_ip: "0.0.0.0" }],
    ["loopback", { public_ip: "127.0.0.1" }],
    ["a private address", { public_ip: "192.168.1.5" }],
    ["another private address", { public_ip: "172.20.0.1" }],
    ["a broadcast address", { public_ip: "255.255.255.255" }],
    ["a host name", { public_ip: "example.com" }],
    ["an IPv6 address", { public_ip: "::1" }],
    ["a path in the address", { public_ip: "45.1.2.3/x" }],
    ["leading zeros", { public_ip: "045.1.2.3" }],
    ["port 0", { storage_port: 0 }],
    ["a port as text", { storage_port: "22021" }],
    ["a port too high", { storage_port: 65_536 }],
    ["a fractional port", { storage_port: 1.5 }],
    ["a short key", { pubkey_ed25519: "ab" }],
    ["a key that is no hex", { pubkey_ed25519: "zz".repeat(32) }],
    ["no key", { pubkey_ed25519: undefined }],
    ["a bad onion key", { pubkey_x25519: "zz" }],
  ])("an entry with %s is left out", (_name, change) => {
    const other = { ...good, pubkey_ed25519: "ef".repeat(32) };
    expect(
      parseNodeList(list({ ...good, ...change }, other), rules).map((node) => node.ed25519PublicKey),
    ).toEqual(["ef".repeat(32)]);
    expect(() => parseNodeList(list({ ...good, ...change }), rules)).toThrow(
      expect.objectContaining({ code: "RESPONSE_INVALID" }),
    );
  });

  test("decommissioned nodes are left out, and the second of two with one key", () => {
    const lost = JSON.stringify({ ...good, pubkey_ed25519: "ef".repeat(32), swarm_id: 0 }).replace(
      '"swarm_id":0',
      '"swarm_id":18446744073709551615',
    );
    const text = list(good, { ...good, public_ip: "45.9.9.9" }).replace("]", `,${lost}]`);
    expect(parseNodeList(text, rules)).toMatchObject([{ ip: "45.1.2.3" }]);
  });

  test("private addresses are let in where the network says so, impossible ones never", () => {
    const local = { ...rules, allowPrivateAddresses: true };
    expect(parseNodeList(list({ ...good, public_ip: "127.0.0.1" }), local)).toHaveLength(1);
    expect(() => parseNodeList(list({ ...good, public_ip: "0.0.0.0" }), local)).toThrow();
  });

  test.each([
    "",
    "{}",
    "[]",
    "null",
    '{"result":{}}',
    '{"result":{"service_node_states":{}}}',
    "<html>",
    '{"result":',
  ])("%j is no list", (text) => {
    expect(() => parseNodeList(text, rules)).toThrow(expect.objectContaining({ code: "RESPONSE_INVALID" }));
  });
});
