import { createHash, X509Certificate } from "node:crypto";
import { nodeCrypto } from "session-messenger-sdk/crypto/node";
import { isSessionError, SessionError } from "session-messenger-sdk/errors";
import {
  customNetwork,
  fetchFromSeeds,
  mainnet,
  type NetworkConfig,
  type SeedNode,
  type Transport,
  type TransportRequest,
} from "session-messenger-sdk/network";
import { describe, expect, test } from "vitest";
import { readVectors } from "../support/vectors.js";
import { FakeNetwork } from "./fake.js";

type Answer = { readonly status: number; readonly body: string } | "refused" | "hangs";

interface Run {
  readonly requests: TransportRequest[];
  readonly sleeps: number[];
  readonly result: Promise<readonly { readonly ip: string }[]>;
}

function run(config: NetworkConfig, answer: (url: URL, body: string) => Answer, signal?: AbortSignal): Run {
  const requests: TransportRequest[] = [];
  const sleeps: number[] = [];
  const transport: Transport = {
    async request(request) {
      requests.push(request);
      const given = answer(new URL(request.url), request.body as string);
      if (given === "hangs") {
        return await new Promise((_resolve, reject) => {
          const abort = (): void => reject(new SessionError("ABORTED", "aborted"));
          request.signal?.addEventListener("abort", abort);
        });
      }
      if (given === "refused")
        throw new SessionError("TRANSPORT_FAILED", "refused", { details: { phase: "connect" } });
      return { status: given.status, headers: {}, body: new TextEncoder().encode(given.body) };
    },
    close: async () => {},
  };
  const sleep = async (ms: number): Promise<void> => {
    sleeps.push(ms);
  };
  const rules = { allowPrivateAddresses: config.allowPrivateAddresses, crypto: nodeCrypto };
  return { requests, sleeps, result: fetchFromSeeds({ config, rules, transport, sleep, signal }) };
}

const fake = new FakeNetwork(12);
const LIST = { status: 200, body: fake.nodeList() };
const three = customNetwork({
  seeds: ["http://seed1.example:80", "http://seed2.example", "http://seed3.example"],
});

describe("seeds", () => {
  test("all are asked at once; one that works is enough, whichever it is", async () => {
    for (const working of ["seed1.example", "seed2.example", "seed3.example"]) {
      const { result, requests, sleeps } = run(three, ({ hostname }) =>
        hostname === working ? LIST : "hangs",
      );
      await expect(result).resolves.toHaveLength(12);
      expect(new Set(requests.map(({ url }) => new URL(url).hostname)).size).toBe(3);
      expect(sleeps).toEqual([]);
    }
  });

  test("the request is the one that apps send", async () => {
    const { result, requests } = run(three, () => LIST);
    await result;
    const { url, headers, body, timeoutMs } = requests[0]!;
    expect({ url, headers, timeoutMs }).toEqual({
      url: "http://seed1.example/json_rpc",
      headers: { "User-Agent": "WhatsApp", "Accept-Language": "en-us", "Content-Type": "application/json" },
      timeoutMs: 5000,
    });
    const call = JSON.parse(body as string);
    expect(call).toMatchObject({
      jsonrpc: "2.0",
      method: "get_n_service_nodes",
      params: { active_only: true },
    });
    expect(call.params).not.toHaveProperty("limit");
  });

  test("four attempts, with 1, 2 and 4 seconds between them, then the reasons by host", async () => {
    const { result, requests, sleeps } = run(three, () => "refused");
    await expect(result).rejects.toMatchObject({
      code: "NETWORK_NO_SEED",
      details: {
        seeds: [
          { host: "seed1.example", code: "TRANSPORT_FAILED" },
          { host: "seed2.example" },
          { host: "seed3.example" },
        ],
      },
    });
    expect(sleeps).toEqual([1000, 2000, 4000]);
    expect(requests).toHaveLength(12);
  });

  test("a later attempt may succeed", async () => {
    let asked = 0;
    const { result, sleeps } = run(three, () => (++asked > 6 ? LIST : "refused"));
    await expect(result).resolves.toHaveLength(12);
    expect(sleeps).toEqual([1000, 2000]);
  });

  test("an aborted call stops asking", async () => {
    const controller = new AbortController();
    const { result, sleeps } = run(three, () => "hangs", controller.signal);
    controller.abort();
    await expect(result).rejects.toMatchObject({ code: "ABORTED" });
    expect(sleeps).toEqual([]);
  });

  const forms: ReadonlyArray<[string, (url: URL, body: string) => Answer, readonly string[]]> = [
    ["a daemon", () => LIST, ["get_n_service_nodes"]],
    [
      "an older daemon",
      (_url, body) =>
        body.includes("get_n_service_nodes")
          ? { status: 200, body: '{"error":{"code":-32601,"message":"Method not found"}}' }
          : LIST,
      ["get_n_service_nodes", "get_service_nodes"],
    ],
    [
      "a storage server",
      ({ pathname }) => (pathname === "/storage_rpc/v1" ? LIST : { status: 404, body: "Not found" }),
      ["get_n_service_nodes", "get_service_nodes", "oxend_request"],
    ],
  ];
  test.each(forms)("%s can be a seed", async (_name, answer, methods) => {
    const { result, requests } = run(customNetwork({ seeds: ["http://seed.example/"] }), answer);
    await expect(result).resolves.toHaveLength(12);
    expect(requests.map(({ body }) => JSON.parse(body as string).method)).toEqual(methods);
  });

  test("too few nodes are no answer, and another seed is", async () => {
    const few = { status: 200, body: fake.nodeList(fake.nodes.slice(0, 3)) };
    const mixed = run(three, ({ hostname }) => (hostname === "seed2.example" ? LIST : few));
    await expect(mixed.result).resolves.toHaveLength(12);
    const { result } = run(three, ({ hostname }) => (hostname === "seed2.example" ? "refused" : few));
    await expect(result).rejects.toMatchObject({ code: "NETWORK_TOO_FEW_NODES" });
  });

  test.each([
    ["garbage", { status: 200, body: "\u0000\u0001" }],
    ["an empty list", { status: 200, body: '{"result":{"service_node_states":[]}}' }],
    ["a redirect", { status: 302, body: "" }],
    ["an error", { status: 500, body: "" }],
  ])("%s is no answer", async (_name, answer) => {
    const { result } = run(three, () => answer);
    await expect(result).rejects.toMatchObject({ code: "NETWORK_NO_SEED" });
  });
});

describe("configuration", () => {
  const trustOf = (seed: string | SeedNode): string => customNetwork({ seeds: [seed] }).seeds[0]!.trust.kind;

  test.each([
    ["https://127.0.0.1:4443", "unverified"],
    ["https://localhost:4443", "unverified"],
    ["https://[::1]:4443", "unverified"],
    ["https://192.168.0.7", "unverified"],
    ["https://95.216.33.113:22100", "system"],
    ["https://seed.example", "system"],
    ["https://127.0.0.1.example", "system"],
    ["https://localhost.example", "system"],
  ])("the certificate of %s is %s", (url, kind) => {
    expect(trustOf(url)).toBe(kind);
  });

  test("trust can be given", () => {
    expect(trustOf({ url: "https://95.216.33.113:22100", trust: { kind: "unverified" } })).toBe("unverified");
  });

  test.each(["nonsense", "ftp://seed.example", "https://user:secret@seed.example", ""])(
    "%j is no seed",
    (seed) => {
      const error = capture(() => customNetwork({ seeds: [seed] }));
      expect(isSessionError(error, "INVALID_ARGUMENT")).toBe(true);
      expect(JSON.stringify(error)).not.toContain("secret");
    },
  );

  test("without seeds there must be nodes", () => {
    expect(() => customNetwork({ seeds: [] })).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
    expect(customNetwork({ seeds: [], initialNodes: [fake.nodes[0]!.node] }).initialNodes).toHaveLength(1);
  });

  test.each([{ pathCount: 0 }, { minPoolSize: Number.NaN }, { timeouts: { request: -1 } }])(
    "%j is refused",
    (settings) => {
      expect(() => mainnet(settings)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
    },
  );

  test("private addresses and one /24 go together, unless said otherwise", () => {
    expect(customNetwork({ seeds: ["http://a.example"] }).subnetRule).toBe(true);
    expect(customNetwork({ seeds: ["http://a.example"], allowPrivateAddresses: true }).subnetRule).toBe(
      false,
    );
    expect(mainnet()).toMatchObject({
      minPoolSize: 12,
      subnetRule: true,
      pathCount: 2,
      hopCount: 3,
      allowPrivateAddresses: false,
    });
  });

  test("the main network has a file server; another one only if it is given", () => {
    expect(mainnet().fileServer).toMatchObject({
      url: "http://filev2.getsession.org",
      x25519PublicKey: "09324794aa9c11948189762d198c618148e9136ac9582068180661208927ef34",
    });
    const seeds = ["http://a.example"];
    expect(customNetwork({ seeds }).fileServer).toBeUndefined();
    const fileServer = { url: "http://127.0.0.1:8080", x25519PublicKey: "ab".repeat(32) };
    expect(customNetwork({ seeds, fileServer }).fileServer).toMatchObject(fileServer);
    expect(mainnet({ fileServer }).fileServer).toMatchObject(fileServer);
  });

  test.each([
    { url: "nonsense", x25519PublicKey: "ab".repeat(32) },
    { url: "ftp://files.example", x25519PublicKey: "ab".repeat(32) },
    { url: "http://files.example", x25519PublicKey: "ab".repeat(31) },
    { url: "http://files.example", x25519PublicKey: "ab".repeat(32), ed25519PublicKey: "AB".repeat(32) },
  ])("%j is no file server", (fileServer) => {
    expect(() => mainnet({ fileServer })).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  });

  test("is frozen", () => {
    const config = mainnet({ timeouts: { request: 1 } });
    for (const part of [config, config.seeds, config.timeouts, config.intervals])
      expect(Object.isFrozen(part)).toBe(true);
    expect(config.timeouts).toMatchObject({ request: 1, seed: 5000 });
  });
});

describe("the seeds of the main network", () => {
  interface SeedCertificate {
    readonly url: string;
    readonly pem: string;
    readonly spki_sha256_base64: string;
    readonly cert_sha256_hex_colon: string;
  }
  const { seeds } = readVectors("seed-certs") as unknown as { readonly seeds: readonly SeedCertificate[] };

  test("are three, pinned as recorded", () => {
    const expected = seeds.map((seed) => ({
      url: seed.url.replace(/\/json_rpc$/, ""),
      trust: {
        kind: "pinned",
        certificatePem: seed.pem,
        spkiSha256: seed.spki_sha256_base64,
        certificateSha256: Buffer.from(seed.cert_sha256_hex_colon.replaceAll(":", ""), "hex").toString(
          "base64",
        ),
      },
    }));
    expect(expected).toHaveLength(3);
    expect(mainnet().seeds).toEqual(expected);
  });

  test("have the pins that their certificates have", () => {
    for (const { trust } of mainnet().seeds) {
      if (trust.kind !== "pinned") throw new Error("a seed without pin");
      const certificate = new X509Certificate(trust.certificatePem);
      const spki = certificate.publicKey.export({ type: "spki", format: "der" });
      expect(createHash("sha256").update(spki).digest("base64")).toBe(trust.spkiSha256);
      expect(createHash("sha256").update(certificate.raw).digest("base64")).toBe(trust.certificateSha256);
    }
  });
});

function capture(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    return error;
  }
}
