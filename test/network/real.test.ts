import { getEventListeners } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { createServer } from "node:net";
import { bytesToHex } from "session-messenger-sdk/bytes";
import { nodeCrypto } from "session-messenger-sdk/crypto/node";
import { connectNetwork, customNetwork, type Network } from "session-messenger-sdk/network";
import type { ComplianceAnswer } from "session-messenger-sdk/network/compliance";
import { startTestnet } from "session-messenger-sdk/testnet";
import { afterEach, describe, expect, test } from "vitest";
import { certificateFor, startServer } from "./server.js";

const cleanups: Array<() => Promise<unknown>> = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const INFO = JSON.stringify({ version: [2, 11, 3], timestamp: 1, hf: [19, 4], t: 1 });
const guardTest: ComplianceAnswer = { status: 200, chunks: [Buffer.from(INFO)], ending: "end" };

/** The whole of a call: a busy machine must not decide. */
const OVERALL_MS = 20_000;

/**
 * A network of eight nodes that are all one HTTPS server, behind the address of a seed.
 *
 * @param waitMs - for an answer; short only where none comes
 */
async function realNetwork(
  answer: ComplianceAnswer,
  waitMs = 5_000,
): Promise<{ network: Network; connections(): number }> {
  const certificate = await certificateFor("localhost");
  const server = await startServer(({ path }) => (path === "/storage_rpc/v1" ? guardTest : answer), {
    certificate,
  });
  cleanups.push(() => server.close());
  const states = Array.from({ length: 8 }, (_, i) => {
    const { publicKey } = nodeCrypto.ed25519KeyPair(new Uint8Array(32).fill(i + 1));
    return {
      public_ip: "127.0.0.1",
      storage_port: Number(new URL(server.url).port),
      pubkey_ed25519: bytesToHex(publicKey),
    };
  });
  const list = Buffer.from(JSON.stringify({ result: { service_node_states: states } }));
  const seed = await startServer(() => ({ status: 200, chunks: [list], ending: "end" }));
  cleanups.push(() => seed.close());
  const config = customNetwork({
    seeds: [seed.url],
    allowPrivateAddresses: true,
    maxResponseBytes: 1 << 20,
    timeouts: { request: waitMs, probe: waitMs, overall: OVERALL_MS },
  });
  const network = connectNetwork(config);
  cleanups.push(() => network.close());
  return { network, connections: server.connections };
}

describe("over real sockets, a network of nodes that", () => {
  const megabyte = Buffer.alloc(1 << 20, 0x61);
  const answers: ReadonlyArray<[string, ComplianceAnswer, string]> = [
    ["answer garbage", { status: 200, chunks: [Buffer.from("garbage")], ending: "end" }, "PATH_FAILED"],
    [
      "answer 10 MB",
      { status: 200, chunks: Array.from({ length: 10 }, () => megabyte), ending: "end" },
      "PATH_FAILED",
    ],
    ["never stop answering", { status: 200, chunks: [megabyte], ending: "repeat" }, "PATH_FAILED"],
    ["cut the connection", { status: 0, chunks: [], ending: "cut" }, "PATH_FAILED"],
    [
      "cut their answer short",
      { status: 200, headers: { "Content-Length": "5000" }, chunks: [Buffer.from("short")], ending: "cut" },
      "PATH_FAILED",
    ],
    ["answer nothing", { status: 0, chunks: [], ending: "stall" }, "TIMEOUT"],
    ["stop in the middle", { status: 200, chunks: [Buffer.from("short")], ending: "stall" }, "TIMEOUT"],
    [
      "redirect",
      { status: 302, headers: { Location: "/storage_rpc/v1" }, chunks: [], ending: "end" },
      "PATH_FAILED",
    ],
  ];
  test.each(answers)(
    "%s: tried over other paths, then a typed error in time",
    async (_name, answer, code) => {
      const { network } = await realNetwork(answer, code === "TIMEOUT" ? 300 : undefined);
      const paths: string[] = [];
      network.on("request", ({ path }) => paths.push(path.map((node) => node.ed25519PublicKey).join()));
      const [node] = await network.nodes();
      const startedAt = Date.now();
      const call = network.call(node!, { method: "info", params: {} });
      await expect(call).rejects.toMatchObject({ code, details: { method: "info" } });
      expect(Date.now() - startedAt).toBeLessThan(OVERALL_MS);
      expect(paths).toHaveLength(3);
      expect(new Set(paths).size).toBeGreaterThan(1);
    },
  );

  test("is not there at all: a typed error", async () => {
    const { network } = await realNetwork(guardTest);
    await network.nodes();
    for (const cleanup of cleanups.splice(0, 2)) await cleanup();
    const call = network.call(network.pool.nodes[0]!, { method: "info", params: {} });
    await expect(call).rejects.toMatchObject({ code: "PATH_FAILED" });
  });
});

test("a seed that accepts connections and says nothing ends in time", async () => {
  const sockets: Socket[] = [];
  const silent = createServer((socket) => sockets.push(socket.on("error", () => {})));
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => silent.close(resolve));
  });
  const url = `https://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const config = customNetwork({ seeds: [url], allowPrivateAddresses: true, timeouts: { seed: 50 } });
  const network = connectNetwork(config, { sleep: async () => {} });
  cleanups.push(() => network.close());
  await expect(network.nodes()).rejects.toMatchObject({
    code: "NETWORK_NO_SEED",
    details: { seeds: [{ code: "TIMEOUT" }] },
  });
});

test("fifty calls at once with one signal: Node warns of nothing, and no listener stays", async () => {
  const testnet = await startTestnet({ nodes: 8 });
  cleanups.push(() => testnet.close());
  const network = connectNetwork(customNetwork({ seeds: [testnet.seedUrl], allowPrivateAddresses: true }));
  cleanups.push(() => network.close());
  const warnings: Error[] = [];
  const onWarning = (warning: Error): void => void warnings.push(warning);
  process.on("warning", onWarning);
  cleanups.push(async () => process.off("warning", onWarning));

  const { signal } = new AbortController();
  const [node] = await network.nodes({ signal });
  const calls = Array.from({ length: 50 }, () =>
    network.call(node!, { method: "info", params: {} }, { signal }),
  );
  const during = getEventListeners(signal, "abort").length;
  const replies = await Promise.all(calls);
  expect(during).toBe(1);
  expect(replies.map(({ status }) => status)).toEqual(new Array(50).fill(200));
  expect(getEventListeners(signal, "abort")).toHaveLength(0);
  // Warnings come one turn of the event loop later.
  await new Promise(setImmediate);
  expect(warnings).toEqual([]);
});
