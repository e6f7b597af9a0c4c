import type { Network, NetworkEvents, ServiceNode } from "session-messenger-sdk/network";
import { describe, expect, test } from "vitest";
import { FakeNetwork, seededRandom } from "./fake.js";

const STORE = { method: "store", params: {} };
const MINUTE = 60_000;

function nodesOf(network: Network): ServiceNode[] {
  return network.paths.paths.flatMap(({ nodes }) => nodes);
}

const subnet = ({ ip }: ServiceNode): string => ip.split(".").slice(0, 3).join(".");

describe("building", () => {
  test("two paths of three nodes, none shared, no /24 twice in a path or shared with a guard", async () => {
    for (let seed = 0; seed < 50; seed++) {
      // Three nodes in each /24.
      const fake = new FakeNetwork(30, (i) => `45.0.${Math.floor(i / 3)}.${i + 1}`);
      const network = fake.connect({}, { random: seededRandom(seed) });
      await network.paths.getPath();
      await network.idle();
      const { paths } = network.paths;
      expect(paths.map(({ nodes }) => nodes.length)).toEqual([3, 3]);
      expect(new Set(nodesOf(network).map((node) => node.ed25519PublicKey)).size).toBe(6);
      const guards = paths.map(({ nodes }) => subnet(nodes[0]!));
      expect(new Set(guards).size).toBe(2);
      for (const { nodes } of paths) {
        expect(new Set(nodes.map(subnet)).size).toBe(3);
        for (const hop of nodes.slice(1)) expect(guards).not.toContain(subnet(hop));
      }
    }
  });

  test("without the subnet rule, all nodes may sit in one /24; with it, they cannot make a path", async () => {
    const fake = new FakeNetwork(12, (i) => `45.0.0.${i + 1}`);
    await expect(fake.connect({ subnetRule: false }).paths.getPath()).resolves.toBeDefined();
    const call = fake.connect().paths.getPath();
    await expect(call).rejects.toMatchObject({ code: "NETWORK_TOO_FEW_NODES" });
    expect(fake.sleeps).toEqual([1000, 1000, 1000]);
  });

  test("requests at the same time share one build", async () => {
    const fake = new FakeNetwork(16);
    const network = fake.connect();
    await Promise.all(Array.from({ length: 20 }, (_, i) => network.call(fake.nodes[i % 16]!.node, STORE)));
    await network.idle();
    expect(fake.calls("direct info")).toHaveLength(2);
    expect(fake.requests.filter(({ url }) => url.endsWith("json_rpc"))).toHaveLength(1);
  });

  test("guards that do not answer are passed over, and get a strike if others answered", async () => {
    const fake = new FakeNetwork(16);
    for (const node of fake.nodes.slice(0, 6)) node.fault = "off";
    const network = fake.connect();
    const path = await network.paths.getPath();
    await network.idle();
    expect(fake.find(path.nodes[0]!.ed25519PublicKey).fault).toBeUndefined();
    const tested =
      fake.calls("direct info").length +
      fake.requests.filter(({ method, url }) => method === undefined && url.endsWith("v1")).length;
    const struck = [...network.pool.strikes.keys()];
    expect(struck.length).toBe(tested - 2);
    expect(struck.every((key) => fake.find(key).fault === "off")).toBe(true);
  });

  test("a guard must say that it is ready", async () => {
    const fake = new FakeNetwork(16);
    for (const node of fake.nodes.slice(0, 8))
      node.fault = { status: 503, body: "Service node is not ready: syncing" };
    const path = await fake.connect().paths.getPath();
    expect(fake.find(path.nodes[0]!.ed25519PublicKey).fault).toBeUndefined();
  });

  test("when no guard answers, nobody is blamed and the call fails", async () => {
    const fake = new FakeNetwork(16);
    for (const node of fake.nodes) node.fault = "off";
    const network = fake.connect();
    await expect(network.call(fake.nodes[0]!.node, STORE)).rejects.toMatchObject({
      code: "PATH_FAILED",
      details: { tested: 12 },
    });
    expect(network.pool.strikes.size).toBe(0);
    expect(network.pool.nodes).toHaveLength(16);
    for (const node of fake.nodes) node.fault = undefined;
    await expect(network.call(fake.nodes[0]!.node, STORE)).resolves.toMatchObject({ status: 200 });
  });

  test("a path never holds the destination, even where the network hardly allows it", async () => {
    for (const size of [4, 5, 6, 7, 8]) {
      const fake = new FakeNetwork(size);
      const network = fake.connect();
      for (let i = 0; i < 3 * size; i++) {
        const { ed25519PublicKey: key } = fake.nodes[i % size]!.node;
        const { nodes } = await network.paths.getPath({ exclude: key });
        expect(new Set(nodes.map((node) => node.ed25519PublicKey)).size).toBe(3);
        expect(nodes.map((node) => node.ed25519PublicKey)).not.toContain(key);
      }
    }
  });

  test("three nodes make a path, but none around one of them", async () => {
    const fake = new FakeNetwork(3);
    const network = fake.connect({ minPoolSize: 3 });
    await expect(network.paths.getPath()).resolves.toBeDefined();
    const around = network.paths.getPath({ exclude: fake.nodes[0]!.node.ed25519PublicKey });
    await expect(around).rejects.toMatchObject({ code: "NETWORK_TOO_FEW_NODES" });
  });
});

describe("rotation", () => {
  test("after ten minutes hops two and three change, the guard stays; the new path is tried first", async () => {
    const fake = new FakeNetwork(24);
    const network = fake.connect({ pathCount: 1 });
    const dropped: Array<NetworkEvents["path:dropped"]> = [];
    network.on("path:dropped", (event) => dropped.push(event));
    const before = (await network.paths.getPath()).nodes;
    fake.time += 9 * MINUTE;
    expect((await network.paths.getPath()).nodes).toEqual(before);
    await network.idle();
    expect(network.paths.paths[0]!.nodes).toEqual(before);
    fake.time += 2 * MINUTE;
    // Nobody waits: the old path serves until the new one is there.
    expect((await network.paths.getPath()).nodes).toEqual(before);
    await network.idle();
    const after = (await network.paths.getPath()).nodes;
    expect(after[0]).toEqual(before[0]);
    expect(after.slice(1).filter((node) => before.includes(node))).toEqual([]);
    expect(dropped).toEqual([{ path: before, reason: "rotation" }]);
    expect(fake.calls("info").at(-1)!.route.slice(0, 3)).toEqual(after.map((node) => node.ed25519PublicKey));
  });

  test("a new path that does not work is not taken", async () => {
    const fake = new FakeNetwork(24);
    const network = fake.connect({ pathCount: 1 });
    const { nodes } = await network.paths.getPath();
    for (const node of fake.nodes) if (!nodes.includes(node.node)) node.fault = "garbage";
    const keys = nodes.map((node) => node.ed25519PublicKey);
    for (const node of fake.nodes) if (keys.includes(node.node.ed25519PublicKey)) node.fault = undefined;
    fake.time += 11 * MINUTE;
    await network.paths.getPath();
    await network.idle();
    expect(network.paths.paths.map((path) => path.nodes)).toEqual([nodes]);
  });
});

describe("replacement", () => {
  test("a hop that has three strikes is replaced at its place; a guard takes its path with it", async () => {
    const fake = new FakeNetwork(24);
    const network = fake.connect({ pathCount: 1 });
    const [guard, middle, last] = (await network.paths.getPath()).nodes;
    for (let i = 0; i < 3; i++) network.strikeNode(middle!, "test");
    const [replaced] = network.paths.paths;
    expect(replaced!.nodes[0]).toEqual(guard);
    expect(replaced!.nodes[1]).not.toEqual(middle);
    expect(replaced!.nodes[2]).toEqual(last);
    network.dropNode(guard!, "test");
    expect(network.paths.paths).toEqual([]);
    const next = await network.paths.getPath();
    expect(next.nodes).not.toContainEqual(guard);
  });

  test("the replacement keeps the rules", async () => {
    for (let seed = 0; seed < 30; seed++) {
      const fake = new FakeNetwork(30, (i) => `45.0.${Math.floor(i / 3)}.${i + 1}`);
      const network = fake.connect({}, { random: seededRandom(seed) });
      await network.paths.getPath();
      await network.idle();
      network.dropNode(network.paths.paths[0]!.nodes[2]!, "test");
      const all = nodesOf(network).map((node) => node.ed25519PublicKey);
      expect(new Set(all).size).toBe(6);
      for (const { nodes } of network.paths.paths) expect(new Set(nodes.map(subnet)).size).toBe(3);
    }
  });
});
