import { createHash, X509Certificate } from "node:crypto";
import type { AddressInfo, Server, Socket } from "node:net";
import { createServer } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import {
  createFetchTransport,
  createTransport,
  type TlsTrust,
  type Transport,
} from "session-messenger-sdk/network";
import { type ComplianceAnswer, transportCompliance } from "session-messenger-sdk/network/compliance";
import { afterEach, describe, expect, test } from "vitest";
import { type Certificate, certificateFor, startServer } from "./server.js";

const cleanups: Array<() => Promise<unknown>> = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function newTransport(): Transport {
  const transport = createTransport();
  cleanups.push(() => transport.close());
  return transport;
}

const OK: ComplianceAnswer = { status: 200, chunks: [Buffer.from("hello")], ending: "end" };
const limits = { timeoutMs: 20_000, maxResponseBytes: 1 << 20 };

describe("the Node transport over HTTPS", () => {
  for (const { name, run } of transportCompliance()) {
    test(name, async () => {
      const certificate = await certificateFor("localhost");
      await run({ createTransport, startServer: (answer) => startServer(answer, { certificate }) });
    });
  }
});

describe("the fetch transport over HTTP", () => {
  for (const { name, run } of transportCompliance()) {
    test(name, () => run({ createTransport: createFetchTransport, startServer }));
  }
});

describe("connections", () => {
  test("20 requests one after the other open one TLS connection, and say what the desktop says", async () => {
    const certificate = await certificateFor("localhost");
    const agents: string[] = [];
    const server = await startServer(
      ({ headers }) => {
        agents.push(headers["user-agent"] ?? "none");
        return OK;
      },
      { certificate },
    );
    cleanups.push(() => server.close());
    const transport = newTransport();
    for (let i = 0; i < 20; i++) {
      const headers = { "User-Agent": "WhatsApp" };
      await transport.request({
        url: `${server.url}/onion_req/v2`,
        headers,
        body: "x",
        trust: server.trust,
        ...limits,
      });
    }
    expect(server.connections()).toBe(1);
    expect(new Set(agents)).toEqual(new Set(["WhatsApp"]));
  });

  test("requests at the same time do not wait for each other", async () => {
    const certificate = await certificateFor("localhost");
    const server = await startServer(() => ({ status: 0, chunks: [], ending: "stall" }), { certificate });
    cleanups.push(() => server.close());
    const transport = newTransport();
    const controller = new AbortController();
    const requests = Array.from({ length: 4 }, () =>
      transport
        .request({ url: server.url, trust: server.trust, signal: controller.signal, ...limits })
        .catch((error: unknown) => error),
    );
    // All four are at the server, none has been answered.
    while (server.connections() < 4) await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    for (const error of await Promise.all(requests)) expect(error).toMatchObject({ code: "ABORTED" });
  });
});

describe("trust", () => {
  async function pinned(certificate: Certificate): Promise<TlsTrust & { kind: "pinned" }> {
    const x509 = new X509Certificate(certificate.cert);
    const hash = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("base64");
    return {
      kind: "pinned",
      certificatePem: certificate.cert,
      spkiSha256: hash(x509.publicKey.export({ type: "spki", format: "der" })),
      certificateSha256: hash(x509.raw),
    };
  }

  async function get(certificate: Certificate, trust: TlsTrust): Promise<unknown> {
    const server = await startServer(() => OK, { certificate });
    cleanups.push(() => server.close());
    return await newTransport().request({ url: server.url, trust, ...limits });
  }

  test("a self-signed certificate is refused unless the request says otherwise", async () => {
    const certificate = await certificateFor("localhost", "127.0.0.1");
    await expect(get(certificate, { kind: "system" })).rejects.toMatchObject({
      code: "TRANSPORT_FAILED",
      details: { phase: "connect", reason: "DEPTH_ZERO_SELF_SIGNED_CERT" },
    });
    await expect(get(certificate, { kind: "unverified" })).resolves.toMatchObject({ status: 200 });
  });

  test("an unverified request does not open the way for a verified one to the same host", async () => {
    const server = await startServer(() => OK, {
      certificate: await certificateFor("localhost", "127.0.0.1"),
    });
    cleanups.push(() => server.close());
    const transport = newTransport();
    await transport.request({ url: server.url, trust: { kind: "unverified" }, ...limits });
    const verified = transport.request({ url: server.url, trust: { kind: "system" }, ...limits });
    await expect(verified).rejects.toMatchObject({ code: "TRANSPORT_FAILED" });
  });

  test("a pinned certificate passes all three rules", async () => {
    const certificate = await certificateFor("localhost", "127.0.0.1");
    await expect(get(certificate, await pinned(certificate))).resolves.toMatchObject({ status: 200 });
  });

  test("each rule of a pin refuses alone", async () => {
    const certificate = await certificateFor("localhost", "127.0.0.1");
    const wrongName = await certificateFor("elsewhere.example");
    const other = await pinned(wrongName);
    const good = await pinned(certificate);
    const refused = (reason: string) => ({ code: "TRANSPORT_FAILED", details: { phase: "connect", reason } });
    await expect(get(wrongName, other)).rejects.toMatchObject(refused("ERR_TLS_CERT_ALTNAME_INVALID"));
    await expect(get(certificate, { ...good, spkiSha256: other.spkiSha256 })).rejects.toMatchObject(
      refused("ERR_CERTIFICATE_PIN"),
    );
    await expect(
      get(certificate, { ...good, certificateSha256: other.certificateSha256 }),
    ).rejects.toMatchObject(refused("ERR_CERTIFICATE_PIN"));
    await expect(get(certificate, other)).rejects.toMatchObject({ code: "TRANSPORT_FAILED" });
  });
});

describe("peers that do not speak HTTP", () => {
  async function listen(server: Server): Promise<number> {
    const sockets: Socket[] = [];
    server.on("connection", (socket) => sockets.push(socket));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    cleanups.push(() => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(resolve));
    });
    return (server.address() as AddressInfo).port;
  }

  test("garbage instead of TLS", async () => {
    const port = await listen(
      createServer((socket) => socket.on("error", () => {}).end("no TLS here\r\n\r\n")),
    );
    const request = newTransport().request({
      url: `https://127.0.0.1:${port}`,
      trust: { kind: "unverified" },
      ...limits,
    });
    await expect(request).rejects.toMatchObject({ code: "TRANSPORT_FAILED", details: { phase: "connect" } });
  });

  test("silence instead of TLS", async () => {
    const port = await listen(createServer((socket) => socket.on("error", () => {})));
    const transport = newTransport();
    const request = transport.request({
      url: `https://127.0.0.1:${port}`,
      trust: { kind: "unverified" },
      maxResponseBytes: 1,
      timeoutMs: 100,
    });
    await expect(request).rejects.toMatchObject({ code: "TIMEOUT", details: { phase: "connect" } });
    await transport.close();
  });

  test("garbage instead of HTTP, inside TLS", async () => {
    const tls = createTlsServer({ ...(await certificateFor("localhost")) }, (socket) => {
      socket.on("error", () => {});
      socket.once("data", () => socket.end("what?\r\n\r\n"));
    });
    const port = await listen(tls);
    const request = newTransport().request({
      url: `https://127.0.0.1:${port}`,
      trust: { kind: "unverified" },
      ...limits,
    });
    await expect(request).rejects.toMatchObject({ code: "TRANSPORT_FAILED", details: { phase: "response" } });
  });

  test("headers that HTTP cannot carry are refused", async () => {
    const server = await startServer(() => OK);
    cleanups.push(() => server.close());
    const headers = { "X-Test": "a\r\nB: c" };
    const request = newTransport().request({ url: server.url, headers, trust: server.trust, ...limits });
    await expect(request).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});

describe("the relay of the fetch transport", () => {
  test("gets the target as a parameter and hands status and body through", async () => {
    const seen: string[] = [];
    const relay = await startServer(({ path, method, body }) => {
      seen.push(`${method} ${path} ${Buffer.from(body).toString()}`);
      return { status: 502, chunks: [Buffer.from("Next node not found")], ending: "end" };
    });
    cleanups.push(() => relay.close());
    const transport = createFetchTransport({ relay: `${relay.url}/relay?key=1` });
    cleanups.push(() => transport.close());
    const reply = await transport.request({
      url: "https://10.1.2.3:22021/onion_req/v2",
      body: "blob",
      trust: { kind: "unverified" },
      ...limits,
    });
    expect(reply.status).toBe(502);
    expect(Buffer.from(reply.body).toString()).toBe("Next node not found");
    expect(seen).toEqual(["POST /relay?key=1&url=https%3A%2F%2F10.1.2.3%3A22021%2Fonion_req%2Fv2 blob"]);
  });

  test.each([
    ["connect", { code: "TRANSPORT_FAILED", details: { phase: "connect", host: "10.1.2.3:22021" } }],
    ["response", { code: "TRANSPORT_FAILED", details: { phase: "response" } }],
    ["timeout", { code: "TIMEOUT", details: { phase: "response" } }],
  ])("says that it failed itself: %s", async (problem, expected) => {
    const relay = await startServer(() => ({
      status: 502,
      headers: { "X-Relay-Error": problem },
      chunks: [],
      ending: "end",
    }));
    cleanups.push(() => relay.close());
    const transport = createFetchTransport({ relay: relay.url });
    const request = transport.request({
      url: "https://10.1.2.3:22021/",
      trust: { kind: "unverified" },
      ...limits,
    });
    await expect(request).rejects.toMatchObject(expected);
  });

  test("without one, service nodes are out of reach", async () => {
    const transport = createFetchTransport();
    const request = transport.request({
      url: "https://10.1.2.3:22021/",
      trust: { kind: "unverified" },
      ...limits,
    });
    await expect(request).rejects.toMatchObject({
      code: "TRANSPORT_FAILED",
      details: { reason: "NO_RELAY" },
    });
  });
});
