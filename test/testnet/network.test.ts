import { connect, type DetailedPeerCertificate } from "node:tls";
import { isSessionError } from "session-messenger-sdk/errors";
import { startTestnet, type Testnet } from "session-messenger-sdk/testnet";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Caller, DAY, dataOf, firstOf, hex, TestAccount, TestClock } from "./support.js";

describe("the network as a whole", () => {
  const clock = new TestClock();
  const caller = new Caller();
  let net: Testnet;
  beforeAll(async () => {
    net = await startTestnet({ seed: "network", now: clock.now });
  });
  afterAll(async () => {
    caller.close();
    await net.close();
  });

  it("has twelve nodes in two swarms of six, each with its own port and keys", () => {
    expect(net.nodes).toHaveLength(12);
    for (const swarmId of new Set(net.nodes.map((node) => node.swarmId))) {
      expect(net.nodes.filter((node) => node.swarmId === swarmId)).toHaveLength(6);
    }
    expect(new Set(net.nodes.map(({ port }) => port)).size).toBe(12);
    expect(new Set(net.nodes.map(({ ed25519PublicKey }) => ed25519PublicKey)).size).toBe(12);
  });

  it("gives each node its own certificate, in its own name", async () => {
    const certificates = await Promise.all(net.nodes.slice(0, 3).map(({ port }) => certificateOf(port)));
    expect(new Set(certificates.map(({ fingerprint256 }) => fingerprint256)).size).toBe(3);
    for (const { subject, valid_from, valid_to } of certificates) {
      expect(subject.CN).toBe("localhost");
      expect(Date.parse(valid_from)).toBeLessThan(Date.now());
      expect(Date.parse(valid_to)).toBeGreaterThan(Date.now() + 365 * DAY);
    }
  });

  it("makes the same keys and swarms from the same seed", async () => {
    await using again = await startTestnet({ seed: "network" });
    await using other = await startTestnet({ seed: "another", nodes: 1 });
    const identities = (of: Testnet) => of.nodes.map((node) => [node.ed25519PublicKey, node.swarmId]);
    expect(identities(again)).toEqual(identities(net));
    expect(other.nodes[0]?.ed25519PublicKey).not.toBe(net.nodes[0]?.ed25519PublicKey);
    expect(again.fileServer.ed25519PublicKey).toBe(net.fileServer.ed25519PublicKey);
    expect(other.fileServer.ed25519PublicKey).not.toBe(net.fileServer.ed25519PublicKey);
  });

  it("has a file server, which its config names, unless it is left out", async () => {
    const { url, ed25519PublicKey, x25519PublicKey } = net.fileServer;
    expect(net.network.fileServer).toEqual({ url, ed25519PublicKey, x25519PublicKey });
    expect(new URL(url).hostname).toBe("127.0.0.1");
    expect((await fetch(`${url}/file/none`)).status).toBe(404);
    await using bare = await startTestnet({ nodes: 1, fileServer: false });
    expect(bare.network.fileServer).toBeUndefined();
    expect(() => bare.fileServer).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  });

  it("answers at the seed as a chain daemon does, with swarm ids in full", async () => {
    const answer = await seed(net, {
      id: "0",
      method: "get_n_service_nodes",
      params: { active_only: true, fields: { public_ip: true, storage_port: true, swarm_id: true } },
    });
    expect(JSON.parse(answer)).toMatchObject({ id: "0", jsonrpc: "2.0", result: { status: "OK" } });
    const { result } = JSON.parse(answer.replace(/"swarm_id":(\d+)/g, '"swarm_id":"$1"'));
    expect(result.service_node_states).toEqual(
      net.nodes.map(({ ip, port, swarmId }) => ({
        public_ip: ip,
        storage_port: port,
        swarm_id: String(swarmId),
      })),
    );
  });

  it("takes field names as a list, and limits the list", async () => {
    const params = { limit: 2, fields: ["pubkey_x25519"] };
    const { result } = JSON.parse(await seed(net, { method: "get_service_nodes", params }));
    expect(result.service_node_states).toEqual(
      net.nodes.slice(0, 2).map(({ x25519PublicKey }) => ({ pubkey_x25519: x25519PublicKey })),
    );
  });

  it("refuses what the seed does not know", async () => {
    expect(JSON.parse(await seed(net, { method: "get_info" }))).toMatchObject({ error: { code: -32601 } });
    const notJson = await fetch(`${net.seedUrl}/json_rpc`, { method: "POST", body: "{" });
    expect(await notJson.json()).toMatchObject({ error: { code: -32700 } });
    const elsewhere = await fetch(`${net.seedUrl}/storage_rpc/v1`, { method: "POST", body: "{}" });
    expect(elsewhere.status).toBe(404);
  });

  it("tells who keeps an account and what is stored", async () => {
    const account = new TestAccount("introspection");
    const stored = await caller.store(net, account.id, "seen", { timestamp: clock.time });
    const members = net.swarmOf(account.id).map(({ index }) => index);
    expect(Object.keys(stored.body.swarm).sort()).toEqual(
      net
        .swarmOf(account.id)
        .map(({ ed25519PublicKey }) => ed25519PublicKey)
        .sort(),
    );
    expect(net.messagesOf(account.id)).toEqual([
      {
        hash: stored.body.hash,
        namespace: 0,
        timestamp: clock.time,
        expiry: clock.time + DAY,
        data: new Uint8Array(Buffer.from("seen")),
        nodes: members,
      },
    ]);
    expect(net.messagesOf(account.id, 2)).toEqual([]);
  });

  it("resolves registered names and no others", async () => {
    // The vector of docs/protocol/identity.md §6.
    const id = "05d2ad010eeb72d72e561d9de7bd7b6989af77dcabffa03a5111a6c859ae5c3a72";
    const nonce = "00112233445566778899aabbccddeeff00ffeeddccbbaa99";
    net.registerName("Test", id, { nonce: new Uint8Array(Buffer.from(nonce, "hex")) });
    const resolve = (name_hash: string) =>
      caller.call(firstOf(net.nodes), "oxend_request", {
        endpoint: "ons_resolve",
        params: { type: 0, name_hash },
      });
    expect((await resolve("kosgNmlD4q/RHrwOri5TqTvxd6T881vMZNUDcE5l4gI=")).body.result).toEqual({
      encrypted_value:
        "3575802dd9bfea72672a208840f37ca289ceade5d3ffacabe2d231f109d204329fc33e28c331580d9a8c9b8a64cacfec97",
      nonce,
      status: "OK",
    });
    expect((await resolve("AAAA")).body.result).toEqual({ status: "OK" });
    expect(() => net.registerName("a name", id)).toThrow();
    expect(() => net.registerName("name", "03".padEnd(66, "0"))).toThrow();
  });

  it("forgets expired messages within ten seconds of the clock", async () => {
    const account = new TestAccount("expiring");
    await caller.store(net, account.id, "brief", { timestamp: clock.time, ttl: 10_000 });
    const member = firstOf(net.swarmOf(account.id));
    const read = () =>
      caller.call(member, "retrieve", account.signed(`retrieve${clock.time}`, { timestamp: clock.time }));
    clock.time += 9_999;
    expect(dataOf(await read())).toEqual(["brief"]);
    clock.time += 10_001;
    expect(dataOf(await read())).toEqual([]);
  });

  it("refuses options that make no sense", async () => {
    for (const options of [
      { nodes: 0 },
      { nodes: 3, swarms: 4 },
      { swarmIds: [] },
      { swarmIds: [2n ** 64n] },
    ]) {
      const error = await startTestnet(options).catch((reason: unknown) => reason);
      expect(isSessionError(error, "INVALID_ARGUMENT")).toBe(true);
    }
  });

  it("listens on loopback only and closes what it opened", async () => {
    const closing = await startTestnet({ nodes: 2 });
    const ports = closing.nodes.map(({ port }) => port);
    expect(closing.nodes.every(({ ip }) => ip === "127.0.0.1")).toBe(true);
    await closing.close();
    await closing.close();
    for (const port of ports) await expect(certificateOf(port)).rejects.toThrow("ECONNREFUSED");
    await expect(fetch(closing.seedUrl)).rejects.toThrow();
    await expect(firstOf(closing.nodes).start()).rejects.toMatchObject({ code: "CLOSED" });
  });

  it("counts connections and requests of clients, not those of other nodes", async () => {
    await using counted = await startTestnet({ nodes: 6, now: clock.now });
    const own = new Caller();
    const account = new TestAccount("counted");
    for (let i = 0; i < 3; i++)
      await own.store(counted, account.id, `message ${i}`, { timestamp: clock.time });
    const [asked, ...others] = counted.nodes;
    expect(asked?.counters).toEqual({ connections: 1, requests: 3, rpc: 3, onion: 0 });
    for (const node of others)
      expect(node.counters).toEqual({ connections: 0, requests: 0, rpc: 0, onion: 0 });
    own.close();
  });
});

describe("the 2.11 server", () => {
  it("has the newer methods", async () => {
    const clock = new TestClock();
    const caller = new Caller();
    await using net = await startTestnet({ nodes: 6, version: [2, 11, 3], now: clock.now });
    const [node] = net.nodes;
    if (node === undefined) throw new Error("no node");
    const group = new TestAccount("group", "03");
    const { token, bytes } = group.subaccount(new TestAccount("member"), 3);
    await caller.call(
      node,
      "store",
      group.signed(`store11${clock.time}`, {
        namespace: 11,
        timestamp: clock.time,
        ttl: DAY,
        data: "",
      }),
    );
    const revoke = Buffer.concat([Buffer.from(`revoke_subaccount${clock.time}`), bytes]);
    await caller.call(
      node,
      "revoke_subaccount",
      group.signed(revoke, { revoke: [token], timestamp: clock.time }),
    );
    const asked = group.signed(`revoked_subaccounts${clock.time}`, { timestamp: clock.time });
    expect((await caller.call(node, "revoked_subaccounts", asked)).body.revoked_subaccounts).toEqual([token]);

    const list = await caller.https.ask(node.port, {
      method: "POST",
      path: "/storage_rpc/v1",
      body: Buffer.from('{"method":"active_nodes_bin","params":{}}'),
    });
    expect(list.headers["content-type"]).toBe("application/octet-stream");
    expect(list.body).toHaveLength(6 * 51);
    expect(hex(list.body.subarray(0, 32))).toBe(node.ed25519PublicKey);
    expect(list.body.readBigUInt64BE(32)).toBe(node.swarmId);
    expect([...list.body.subarray(40, 44)]).toEqual([127, 0, 0, 1]);
    expect(list.body.readUInt16BE(44)).toBe(node.port);
    expect([...list.body.subarray(48, 51)]).toEqual([2, 11, 3]);
    caller.close();
  });
});

async function seed(net: Testnet, call: object): Promise<string> {
  const response = await fetch(`${net.seedUrl}/json_rpc`, { method: "POST", body: JSON.stringify(call) });
  return response.text();
}

function certificateOf(port: number): Promise<DetailedPeerCertificate> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate(true));
      socket.destroy();
    });
    socket.on("error", reject);
  });
}
