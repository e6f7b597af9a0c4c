import { createAccount } from "session-messenger-sdk/identity";
import { connectNetwork, type Network } from "session-messenger-sdk/network";
import {
  batch,
  deleteAll,
  deleteBefore,
  deleteMessages,
  encodeSubaccountToken,
  expire,
  expireAll,
  getExpiries,
  getSwarm,
  groupAdminAuth,
  info,
  rawCall,
  resolveName,
  retrieve,
  retrieveAll,
  retrieveCall,
  revokedSubaccounts,
  revokeSubaccount,
  Swarms,
  sequence,
  store,
  storeCall,
  subaccountAuth,
  unrevokeSubaccount,
  userAuth,
} from "session-messenger-sdk/swarm";
import { startTestnet, type Testnet } from "session-messenger-sdk/testnet";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { backends, independentHash, testGroup } from "./support.js";

const error = (code: string): unknown => expect.objectContaining({ code });
const DAY = 86_400_000;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("storage calls over onion requests", () => {
  let net: Testnet;
  let network: Network;
  let swarms: Swarms;
  const account = createAccount();
  const auth = userAuth(account);
  const pubkey = account.sessionId;

  beforeAll(async () => {
    net = await startTestnet({ nodes: 12 });
    network = connectNetwork(net.network);
    swarms = new Swarms(network);
  });
  afterAll(async () => {
    await network?.close();
    await net?.close();
  });

  it("find the same swarm by asking and by working it out", async () => {
    const keys = async (from: Swarms): Promise<string[]> =>
      (await getSwarm(from, pubkey)).map((node) => node.ed25519PublicKey).sort();
    const asking = new Swarms(network, { computeLocally: false });
    expect(await keys(asking)).toEqual(await keys(swarms));
  });

  it("store and retrieve, page by page", async () => {
    const stored = await store(swarms, { pubkey, data: bytes("hello"), ttl: DAY });
    expect(stored).toMatchObject({ hash: independentHash(pubkey, 0, bytes("hello")), complete: true });
    expect(stored.path).toHaveLength(3);
    for (const text of ["", "a", "b", "c"]) await store(swarms, { pubkey, data: bytes(text), ttl: DAY });
    const { messages, complete } = await retrieveAll(swarms, { pubkey, auth, maxCount: 2 });
    expect(messages.map(({ data }) => new TextDecoder().decode(data))).toEqual(["hello", "", "a", "b", "c"]);
    expect(complete).toBe(true);
  });

  it("run together", async () => {
    const { results } = await batch(swarms, pubkey, (timestamp) => [
      retrieveCall({ pubkey, auth, timestamp, maxCount: 1 }),
      rawCall({ method: "retrieve", params: { pubkey } }),
    ]);
    expect(results[0].ok && results[0].value.messages).toHaveLength(1);
    expect(results[1]).toEqual({ ok: false, error: error("SWARM_UNAUTHORIZED") });
    const pushed = await sequence(swarms, pubkey, (timestamp) => [
      storeCall({ pubkey, namespace: 2, data: bytes("config"), ttl: DAY, timestamp, auth }),
      retrieveCall({ pubkey, namespace: 2, auth, timestamp }),
    ]);
    expect(pushed.results.map(({ ok }) => ok)).toEqual([true, true]);
  });

  it("change and delete, proved by every member", async () => {
    const expiry = network.clock.now() + 2 * DAY;
    const hashes = [independentHash(pubkey, 0, bytes("a")), independentHash(pubkey, 2, bytes("config"))];
    expect((await expire(swarms, { auth, hashes, expiry, mode: "extend" })).complete).toBe(true);
    expect((await getExpiries(swarms, { auth, hashes })).expiries).toEqual(
      new Map(hashes.map((hash) => [hash, expiry])),
    );
    const times = [expiry - 5, expiry - 6];
    expect((await expire(swarms, { auth, hashes, expiry: times })).complete).toBe(true);
    expect((await expire(swarms, { auth, hashes, expiry, mode: "shorten" })).complete).toBe(true);
    expect((await expireAll(swarms, { auth, namespace: "all", expiry: expiry - DAY })).complete).toBe(true);
    const gone = await deleteMessages(swarms, { auth, hashes: hashes.slice(0, 1), required: true });
    expect(gone.complete).toBe(true);
    const again = deleteMessages(swarms, { auth, hashes: hashes.slice(0, 1), required: true });
    await expect(again).rejects.toThrow(error("SWARM_NOT_FOUND"));
    expect((await deleteBefore(swarms, { auth, before: network.clock.now() })).complete).toBe(true);
    const rest = await deleteAll(swarms, { auth, namespace: "all" });
    expect(rest.complete).toBe(true);
    expect(rest.swarm.every((entry) => entry.ok && entry.value.deleted[0] === hashes[1])).toBe(true);
  });

  it("let members of a group in, and out", async () => {
    const [crypto] = backends;
    const group = testGroup("testnet");
    const admin = groupAdminAuth(group);
    const member = crypto!.ed25519KeyPair(new Uint8Array(32).fill(4));
    const token = encodeSubaccountToken({ prefix: 3, flags: 3, publicKey: member.publicKey });
    const params = {
      pubkey: group.groupId,
      namespace: 11,
      auth: subaccountAuth({
        groupId: group.groupId,
        token,
        tokenSignature: crypto!.ed25519Sign(token, group.secretKey),
        sign: (message) => crypto!.ed25519Sign(message, member.secretKey),
      }),
    };
    expect((await store(swarms, { ...params, data: bytes("hi all"), ttl: DAY })).complete).toBe(true);
    expect((await revokeSubaccount(swarms, { auth: admin, tokens: [token] })).complete).toBe(true);
    await expect(retrieve(swarms, params)).rejects.toThrow(error("SWARM_UNAUTHORIZED"));
    expect((await unrevokeSubaccount(swarms, { auth: admin, tokens: [token] })).complete).toBe(true);
    expect((await retrieve(swarms, params)).messages).toHaveLength(1);
    await expect(revokedSubaccounts(swarms, { auth: admin })).rejects.toThrow(error("SWARM_METHOD_UNKNOWN"));
  });

  it("ask anybody", async () => {
    expect((await info(swarms)).version).toEqual([2, 8, 0]);
    await expect(resolveName(swarms, "nobody-here")).rejects.toThrow(error("SWARM_NAME_NOT_REGISTERED"));
  });
});
