import fc from "fast-check";
import { packPayload } from "session-messenger-sdk/onion";
import { startTestnet, type Testnet, type TestnetNode } from "session-messenger-sdk/testnet";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Caller, firstOf, hex, TestAccount, TestClock } from "./support.js";

const runs: number = Math.max(1, Math.round(100 * Number(process.env["FC_RUNS"] ?? 1)));
const clock = new TestClock();
const caller = new Caller();
let net: Testnet;
let node: TestnetNode;

beforeAll(async () => {
  net = await startTestnet({ nodes: 1, now: clock.now, rateLimit: false });
  node = firstOf(net.nodes);
});
afterAll(async () => {
  caller.close();
  await net.close();
});

const METHODS = [
  ...["store", "retrieve", "get_expiries", "get_swarm", "oxend_request", "info"],
  ...["delete", "delete_all", "delete_before", "expire", "expire_all"],
  ...["revoke_subaccount", "unrevoke_subaccount", "batch", "sequence", "ifelse"],
] as const;

const account = new TestAccount("fuzz");
const FIELDS = {
  pubkey: fc.oneof(fc.constant(account.id), fc.string(), fc.integer(), fc.constant(null)),
  pubkey_ed25519: fc.oneof(
    fc.constant(hex(account.ed25519.publicKey)),
    fc.string(),
    fc.constant("0".repeat(64)),
  ),
  signature: fc.oneof(
    fc.constant("A".repeat(86)),
    fc.base64String({ minLength: 88, maxLength: 88 }),
    fc.string(),
  ),
  timestamp: fc.oneof(fc.constant(clock.time), fc.integer(), fc.double(), fc.string()),
  namespace: fc.oneof(fc.integer({ min: -40_000, max: 40_000 }), fc.constant("all"), fc.string()),
  subaccount: fc.oneof(fc.base64String({ minLength: 48, maxLength: 48 }), fc.string()),
  subaccount_sig: fc.constant("A".repeat(86)),
  expiry: fc.oneof(fc.integer(), fc.array(fc.integer()), fc.constant(clock.time + 60_000)),
  messages: fc.oneof(
    fc.string(),
    fc.array(fc.oneof(fc.string(), fc.constant("A".repeat(43))), { maxLength: 5 }),
  ),
  ttl: fc.oneof(fc.integer(), fc.string()),
  data: fc.oneof(fc.base64String(), fc.string()),
  last_hash: fc.oneof(fc.constant("A".repeat(43)), fc.string()),
  max_size: fc.integer(),
  max_count: fc.integer(),
  before: fc.integer({ min: 0 }),
  revoke: fc.array(fc.string()),
  unrevoke: fc.array(fc.base64String({ minLength: 48, maxLength: 48 })),
  requests: fc.array(
    fc.record({ method: fc.constantFrom(...METHODS), params: fc.dictionary(fc.string(), fc.jsonValue()) }),
  ),
  endpoint: fc.constantFrom("get_service_nodes", "ons_resolve", "other"),
  params: fc.jsonValue(),
  if: fc.dictionary(fc.constantFrom("hf_at_least", "height_before", "x"), fc.jsonValue()),
  else: fc.oneof(fc.jsonValue(), fc.constant({ method: "info", params: {} })),
} as const;

it("answers any bytes with 400, on both endpoints", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
      for (const path of ["/storage_rpc/v1", "/onion_req/v2"]) {
        const { status } = await caller.https.ask(node.port, { method: "POST", path, body: bytes });
        expect([path, status]).toEqual([path, 400]);
      }
    }),
    { numRuns: runs },
  );
});

it("answers any parameters of any method without failing itself", async () => {
  const params = fc.record(FIELDS, { requiredKeys: [] });
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...METHODS), params, async (method, given) => {
      const { status } = await caller.call(node, method, given);
      expect([200, 400, 401, 403, 404, 406, 421]).toContain(status);
    }),
    { numRuns: runs * 5 },
  );
});

it("answers any onion layer: what does not open is refused in clear", async () => {
  const layers = fc.tuple(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ minLength: 32, maxLength: 32 }));
  await fc.assert(
    fc.asyncProperty(layers, fc.constantFrom("aes-gcm", "xchacha20"), async ([blob, key], enc_type) => {
      const body = packPayload(blob, { ephemeral_key: hex(key), enc_type });
      const answer = await caller.https.ask(node.port, { method: "POST", path: "/onion_req/v2", body });
      expect([answer.status, answer.body.toString()]).toEqual([400, "Invalid ciphertext"]);
    }),
    { numRuns: runs },
  );
});
