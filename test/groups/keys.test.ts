import { inspect } from "node:util";
import fc from "fast-check";
import sodium from "libsodium-wrappers-sumo";
import { type BtInput, btDecodeDict, btEncode, btSignedDict } from "session-messenger-sdk/bytes";
import {
  deterministicBytes,
  encryptForMultiple,
  x25519KeyPairFromEd25519,
} from "session-messenger-sdk/crypto";
import { nodeCrypto } from "session-messenger-sdk/crypto/node";
import {
  buildRekeyMessage,
  GroupKeys,
  groupIdOf,
  groupKeyFromSeed,
  KEY_EXPIRY_MS,
  MAX_GENERATION,
  MAX_KEYS_MESSAGE_BYTES,
  openKeysMessage,
} from "session-messenger-sdk/groups";
import { parseSessionId, type SessionId } from "session-messenger-sdk/identity";
import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "../runners/op.js";
import { ourBackends } from "../support/backends.js";
import {
  account,
  adminKeys,
  coded,
  DAY,
  groupId,
  groupKey,
  ids,
  memberKeys,
  NOW,
  patience,
  runs,
  thrown,
} from "./support.js";

await sodium.ready;

const admin = account(1);
const member = account(2);
const stranger = account(3);
const both = [admin.sessionId, member.sessionId];
const LOW_ORDER = parseSessionId(`05${"00".repeat(32)}`);

/** A full keys message with any key and generation, as an admin could make it by hand. */
function handMade(
  change: (dict: Map<string, BtInput>) => void,
  {
    key = new Uint8Array(32).fill(7),
    generation = 0,
    readers = [member.sessionId],
    signer = groupKey(),
  } = {},
): Uint8Array {
  const group = groupKey();
  const nonce = new Uint8Array(24).fill(9);
  const sender = x25519KeyPairFromEd25519(group.secretKey, nodeCrypto);
  const forAdmins = sodium.crypto_generichash(32, group.secretKey.subarray(0, 32), "SessionGroupKeyAdminKey");
  const entries = encryptForMultiple(
    [key],
    readers.map((id) => fromHex(id.slice(2))),
    { nonce, sender, domain: "SessionGroupKeyMemberKey" },
    nodeCrypto,
  );
  while (entries.length % 45 !== 0) entries.push(new Uint8Array(48).fill(entries.length));
  const dict = new Map<string, BtInput>([
    ["#", nonce],
    ["G", generation],
    ["K", nodeCrypto.xchacha20poly1305Encrypt(forAdmins, nonce, key)],
    ["k", entries],
  ]);
  change(dict);
  return btSignedDict(dict, (body) => nodeCrypto.ed25519Sign(body, signer.secretKey));
}

/** Loads hand-made keys, one a generation or more, at their swarm times. */
function loaded(
  keys: GroupKeys,
  ...list: readonly (readonly [generation: number, fill: number, time: number])[]
): GroupKeys {
  for (const [generation, fill, time] of list) {
    const data = handMade(() => {}, { generation, key: new Uint8Array(32).fill(fill) });
    keys.load({ data, hash: `${generation}/${fill}/${time}`, timestamp: time });
  }
  return keys;
}

const fills = (keys: GroupKeys): number[] => keys.keys.map((key) => key[0]!);

describe.each(ourBackends.map((crypto) => [crypto.name, crypto] as const))("keys with %s", (_, crypto) => {
  test("the published example of a rekey", () => {
    const group = groupKeyFromSeed(
      fromHex("0123456789abcdeffedcba98765432100123456789abcdeffedcba9876543210"),
      undefined,
      crypto,
    );
    const { sessionId } = {
      sessionId:
        toHex(Uint8Array.of(5)) +
        toHex(
          crypto.ed25519PublicKeyToX25519(
            crypto.ed25519KeyPair(fromHex("00112233445566778899aabbccddeeff".repeat(2))).publicKey,
          ),
        ),
    };
    const { key, message } = buildRekeyMessage(group, [sessionId as SessionId], 0, crypto);
    expect(groupIdOf(group.publicKey)).toBe(
      "03c50cb3ae956947a8de19135b5be2685ff348afc63fc34a837aca12bc5c1f5625",
    );
    expect(toHex(key)).toBe("3a7fa7ab59901ff5a66e20e0ae71c8b76df0d42b014cf5cbd3875e22beae9a8e");
    expect(message.length).toBe(2462);
    expect(toHex(sodium.crypto_generichash(32, message, null))).toBe(
      "a48b10bf11e4b9cd6c6b750a4c2a04394139af10f0f2781892be4086538837a9",
    );
  });

  test("an admin's key reaches the members and nobody else", () => {
    const keys = adminKeys(admin, crypto);
    const { message: data, key } = keys.rekey(both);
    const item = { data, hash: "h0", timestamp: NOW };
    expect(keys.keys).toEqual([key]);
    expect(keys.generation).toBeUndefined();
    expect(keys.load(item)).toEqual({ found: true, changed: false });
    expect(keys.pending).toBeUndefined();
    expect(keys.generation).toBe(0);

    const inside = memberKeys(member, crypto);
    expect(inside.load(item)).toEqual({ found: true, changed: true });
    expect(inside.keys).toEqual([key]);
    expect(inside.hashes).toEqual(["h0"]);

    const outside = memberKeys(stranger, crypto);
    expect(outside.load(item)).toEqual({ found: false, changed: false });
    expect(outside.keys).toEqual([]);
    // Without a key there is nothing to keep alive.
    expect(outside.hashes).toEqual([]);
  });

  test("a supplement hands over all keys, and an admin only remembers it", () => {
    const keys = adminKeys(admin, crypto);
    const history = [0, 1, 2].map((generation) => {
      const { message: data, key } = keys.rekey(both);
      keys.load({ data, hash: `h${generation}`, timestamp: NOW + generation });
      return key;
    });
    const data = keys.supplement([stranger.sessionId]);
    const newcomer = memberKeys(stranger, crypto);
    expect(newcomer.load({ data, hash: "s", timestamp: NOW + 9 })).toEqual({ found: true, changed: true });
    expect(newcomer.keys).toEqual([...history].reverse());
    expect(newcomer.history()).toEqual(keys.history());
    expect(keys.load({ data, hash: "s", timestamp: NOW + 9 })).toEqual({ found: false, changed: false });
    expect([...keys.hashes].sort()).toEqual(["h0", "h1", "h2", "s"]);
    const other = memberKeys(member, crypto);
    expect(other.load({ data, hash: "s", timestamp: NOW + 9 }).found).toBe(false);
  });
});

describe("making", () => {
  test("two admins make the same message, in whatever order they list the members", () => {
    const list = ids(50);
    const first = buildRekeyMessage(groupKey(), list, 4);
    const second = buildRekeyMessage(groupKey(), [...list].reverse(), 4);
    expect(toHex(first.message)).toBe(toHex(second.message));
    expect(btDecodeDict(first.message).get("k")).toHaveLength(90);
  });

  test("the key depends on every member and on the generation", () => {
    const list = ids(5);
    const keys = [
      buildRekeyMessage(groupKey(), list, 0),
      buildRekeyMessage(groupKey(), list.slice(1), 0),
      buildRekeyMessage(groupKey(), list, 1),
      buildRekeyMessage(groupKey(1), list, 0),
    ].map(({ key }) => toHex(key));
    expect(new Set(keys).size).toBe(4);
  });

  test("a member with an invalid key gets no entry, and junk takes its place", () => {
    const { message } = buildRekeyMessage(groupKey(), [LOW_ORDER, ...ids(44)], 0);
    const entries = btDecodeDict(message).get("k") as Uint8Array[];
    expect(entries).toHaveLength(45);
    // The id still counts for the key: the junk of a list without it would be another one.
    const h2 = sodium.crypto_generichash(32, groupKey().secretKey.subarray(0, 32), "SessionGroupKeySeed");
    const text = Buffer.from(`${[LOW_ORDER, ...ids(44)].sort().join("")}0`);
    const h1 = sodium.crypto_generichash(56, new Uint8Array([...text, ...h2]), "SessionGroupKeyGen");
    const seed = sodium.crypto_generichash(
      32,
      new Uint8Array([...h1, ...groupKey().secretKey]),
      "SessionGroupJunkMembers",
    );
    expect(toHex(entries[44]!)).toBe(toHex(deterministicBytes(seed, 48)));
    const keys = memberKeys(account(0));
    expect(keys.load({ data: message, hash: "h", timestamp: NOW }).found).toBe(true);
    // With only such members there is nobody to hide.
    expect(btDecodeDict(buildRekeyMessage(groupKey(), [LOW_ORDER], 0).message).get("k")).toEqual([]);
  });

  test("needs an admin, account ids, a generation in range, and not too many members", () => {
    const keys = memberKeys(member);
    expect(thrown(() => keys.rekey(both))).toEqual(coded("GROUP_NOT_ADMIN"));
    expect(thrown(() => keys.supplement(both))).toEqual(coded("GROUP_NOT_ADMIN"));
    expect(thrown(() => adminKeys(admin).supplement(both))).toEqual(coded("GROUP_NO_KEYS"));
    expect(thrown(() => buildRekeyMessage(groupKey(), ["05ab" as SessionId], 0))).toEqual(
      coded("GROUP_INVALID_MEMBER"),
    );
    for (const generation of [-1, 1.5, Number.NaN, MAX_GENERATION + 1])
      expect(thrown(() => buildRekeyMessage(groupKey(), both, generation))).toEqual(
        coded("GROUP_GENERATION_LIMIT"),
      );
    const fake = Array.from(
      { length: 10_000 },
      (_, i) => `05${i.toString(16).padStart(64, "0")}` as SessionId,
    );
    expect(thrown(() => adminKeys(admin).rekey(fake))).toEqual(
      coded("GROUP_TOO_MANY_MEMBERS", { members: 10_000 }),
    );
  });

  test("the biggest message that is made can be stored and read", () => {
    const list = [
      ...ids(1),
      ...Array.from({ length: 1484 }, (_, i) => `05${(i + 2).toString(16).padStart(64, "0")}` as SessionId),
    ];
    const { message } = buildRekeyMessage(groupKey(), list, 0);
    expect(message.length).toBeLessThanOrEqual(MAX_KEYS_MESSAGE_BYTES);
    expect(memberKeys(account(0)).load({ data: message, hash: "h", timestamp: NOW }).found).toBe(true);
    expect(thrown(() => buildRekeyMessage(groupKey(), [...list, LOW_ORDER], 0))).toEqual(
      coded("GROUP_TOO_MANY_MEMBERS"),
    );
  });
});

describe("refused, and nothing changes:", () => {
  const good = handMade(() => {});
  const bad: readonly (readonly [string, string, string | undefined, () => Uint8Array])[] = [
    [
      "44 entries",
      "GROUP_KEYS_INVALID",
      "member-count",
      () => handMade((d) => d.set("k", (d.get("k") as Uint8Array[]).slice(0, 44))),
    ],
    [
      "46 entries",
      "GROUP_KEYS_INVALID",
      "member-count",
      () => handMade((d) => d.set("k", [...(d.get("k") as Uint8Array[]), new Uint8Array(48)])),
    ],
    [
      "75 entries, as before 2025",
      "GROUP_KEYS_INVALID",
      "member-count",
      () =>
        handMade((d) =>
          d.set(
            "k",
            Array.from({ length: 75 }, () => new Uint8Array(48)),
          ),
        ),
    ],
    [
      "an entry of 47 bytes after our own",
      "GROUP_KEYS_INVALID",
      "member-entries",
      () => handMade((d) => d.set("k", [...(d.get("k") as Uint8Array[]).slice(0, 44), new Uint8Array(47)])),
    ],
    [
      "an entry of 49 bytes",
      "GROUP_KEYS_INVALID",
      "member-entries",
      () => handMade((d) => d.set("k", [...(d.get("k") as Uint8Array[]).slice(0, 44), new Uint8Array(49)])),
    ],
    [
      "an entry that is a number",
      "GROUP_KEYS_INVALID",
      "member-entries",
      () => handMade((d) => d.set("k", [...(d.get("k") as Uint8Array[]).slice(0, 44), 5])),
    ],
    [
      "entries in one string",
      "GROUP_KEYS_INVALID",
      "member-entries",
      () => handMade((d) => d.set("k", new Uint8Array(48 * 45))),
    ],
    ["no entries key", "GROUP_KEYS_INVALID", "member-entries", () => handMade((d) => d.delete("k"))],
    ["no admin key", "GROUP_KEYS_INVALID", "admin-key", () => handMade((d) => d.delete("K"))],
    [
      "a short admin key",
      "GROUP_KEYS_INVALID",
      "admin-key",
      () => handMade((d) => d.set("K", new Uint8Array(47))),
    ],
    ["no nonce", "GROUP_KEYS_INVALID", "nonce", () => handMade((d) => d.delete("#"))],
    [
      "a nonce of 23 bytes",
      "GROUP_KEYS_INVALID",
      "nonce",
      () => handMade((d) => d.set("#", new Uint8Array(23))),
    ],
    ["no generation", "GROUP_KEYS_INVALID", "generation", () => handMade((d) => d.delete("G"))],
    ["a negative generation", "GROUP_KEYS_INVALID", "generation", () => handMade((d) => d.set("G", -1))],
    [
      "a generation far in the future",
      "GROUP_KEYS_INVALID",
      "generation",
      () => handMade((d) => d.set("G", 2 ** 31)),
    ],
    [
      "the last generation of 64 bits",
      "GROUP_KEYS_INVALID",
      "generation",
      () => handMade((d) => d.set("G", 2n ** 63n - 1n)),
    ],
    ["a generation that is text", "GROUP_KEYS_INVALID", "generation", () => handMade((d) => d.set("G", "1"))],
    [
      "another group's signature",
      "GROUP_KEYS_BAD_SIGNATURE",
      undefined,
      () => handMade(() => {}, { signer: groupKey(1) }),
    ],
    [
      "a message of another group",
      "GROUP_KEYS_BAD_SIGNATURE",
      undefined,
      () => buildRekeyMessage(groupKey(1), both, 0).message,
    ],
    [
      "no signature",
      "GROUP_KEYS_BAD_SIGNATURE",
      undefined,
      () => Buffer.concat([good.subarray(0, good.length - 71), Buffer.from("e")]),
    ],
    [
      "a list of supplements with a short entry",
      "GROUP_KEYS_INVALID",
      "supplement",
      () => handMade((d) => d.set("+", [new Uint8Array(67)])),
    ],
    [
      "a supplement that is a string",
      "GROUP_KEYS_INVALID",
      "supplement",
      () => handMade((d) => d.set("+", "x")),
    ],
    [
      "a supplement without generation",
      "GROUP_KEYS_INVALID",
      "generation",
      () => handMade((d) => d.set("+", [new Uint8Array(68)]) && d.delete("G")),
    ],
    ["keys out of order", "GROUP_KEYS_INVALID", "not-bt-encoded", () => Buffer.from("d1:Gi0e1:#0:e")],
    ["no dict", "GROUP_KEYS_INVALID", "not-bt-encoded", () => Buffer.from("le")],
    ["nothing", "GROUP_KEYS_INVALID", "not-bt-encoded", () => new Uint8Array()],
    [
      "more than any server stores",
      "GROUP_KEYS_INVALID",
      "too-long",
      () => new Uint8Array(MAX_KEYS_MESSAGE_BYTES + 1),
    ],
  ];

  test.each(bad)("%s", (_, code, reason, make) => {
    const data = make();
    for (const keys of [adminKeys(admin), memberKeys(member)]) {
      loaded(keys, [0, 1, NOW]);
      const before = toHex(keys.dump());
      const error = thrown(() => keys.load({ data, hash: "bad", timestamp: NOW + 1 }));
      expect(error).toEqual(coded(code, reason === undefined ? {} : { reason }));
      expect(keys.needsDump).toBe(false);
      expect(toHex(keys.dump())).toBe(before);
    }
  });

  test("an admin refuses a message whose admin key does not open; a member cannot know", () => {
    const data = handMade((dict) => dict.set("K", new Uint8Array(48)));
    expect(thrown(() => adminKeys(admin).load({ data, hash: "h", timestamp: NOW }))).toEqual(
      coded("GROUP_KEYS_INVALID", { reason: "admin-key" }),
    );
    expect(memberKeys(member).load({ data, hash: "h", timestamp: NOW }).found).toBe(true);
  });

  test("each byte of a message counts", () => {
    const keys = memberKeys(member);
    for (let at = 0; at < good.length; at += 41) {
      const data = good.slice();
      data[at] = data[at]! ^ 1;
      expect(thrown(() => keys.load({ data, hash: "h", timestamp: NOW }))).toEqual(
        expect.toSatisfy((error) => /^GROUP_KEYS_/.test(error.code)),
      );
    }
    expect(keys.keys).toEqual([]);
  });

  const filler = "to the least size that an entry of a supplement can have";
  test.each<[string, BtInput]>([
    ["no list", { a: filler }],
    ["an entry that is no dict", [filler]],
    ["a short key", [{ g: 0, k: new Uint8Array(31), t: 1, z: filler }]],
    ["a negative generation", [{ g: -1, k: new Uint8Array(32), t: 1, z: filler }]],
    ["a generation far in the future", [{ g: 2 ** 31, k: new Uint8Array(32), t: 1, z: filler }]],
    ["no time", [{ g: 0, k: new Uint8Array(32), z: filler }]],
    ["a time beyond all times", [{ g: 0, k: new Uint8Array(32), t: 2n ** 62n, z: filler }]],
    ["a good key before a bad one", [{ g: 0, k: new Uint8Array(32), t: 1, z: filler }, { g: 0 }]],
  ])("a supplement for us with %s", (_, plaintext) => {
    const nonce = new Uint8Array(24).fill(3);
    const [entry] = encryptForMultiple([btEncode(plaintext)], [fromHex(member.sessionId.slice(2))], {
      nonce,
      sender: x25519KeyPairFromEd25519(groupKey().secretKey),
      domain: "SessionGroupKeyMemberKey",
    });
    const data = btSignedDict({ "#": nonce, "+": [entry!], G: 0 }, (body) =>
      nodeCrypto.ed25519Sign(body, groupKey().secretKey),
    );
    const keys = memberKeys(member);
    const error = thrown(() => keys.load({ data, hash: "h", timestamp: NOW }));
    expect(error).toEqual(expect.toSatisfy((e) => ["supplement", "generation"].includes(e.details.reason)));
    expect(keys.keys).toEqual([]);
    expect(keys.needsDump).toBe(false);
  });
});

describe("the key list", () => {
  test("orders by generation, then time, then key", () => {
    const keys = loaded(
      memberKeys(member),
      [1, 5, NOW],
      [1, 4, NOW],
      [0, 9, NOW + 99],
      [2, 1, NOW - 5],
      [1, 9, NOW - 1],
    );
    expect(fills(keys)).toEqual([1, 5, 4, 9, 9]);
  });

  test("keeps the first time of a key that comes again", () => {
    const keys = loaded(memberKeys(member), [0, 1, NOW + 10], [0, 2, NOW + 20], [0, 1, NOW + 30]);
    expect(fills(keys)).toEqual([2, 1]);
    expect(keys.hashes).toHaveLength(3);
  });

  test("takes the same key in two generations as two", () => {
    const keys = loaded(memberKeys(member), [0, 1, NOW], [1, 1, NOW]);
    expect(fills(keys)).toEqual([1, 1]);
  });

  test("keeps a generation for exactly 60 days after its successor", () => {
    const keep = loaded(memberKeys(member), [0, 1, NOW], [1, 2, NOW + 5], [2, 3, NOW + 5 + KEY_EXPIRY_MS]);
    expect(fills(keep)).toEqual([3, 2, 1]);
    const drop = loaded(memberKeys(member), [0, 1, NOW], [1, 2, NOW + 5], [2, 3, NOW + 6 + KEY_EXPIRY_MS]);
    expect(fills(drop)).toEqual([3, 2]);
    expect(drop.hashes).toEqual([`1/2/${NOW + 5}`, `2/3/${NOW + 6 + KEY_EXPIRY_MS}`]);
  });

  test("counts from the lowest time of the successor", () => {
    const last = NOW + 100 + KEY_EXPIRY_MS;
    const keys = loaded(memberKeys(member), [0, 1, NOW], [1, 2, NOW + 99], [1, 3, NOW + 5000], [2, 4, last]);
    expect(fills(keys)).toEqual([4, 3, 2]);
    const kept = loaded(memberKeys(member), [0, 1, NOW], [1, 2, NOW + 100], [1, 3, NOW + 5000], [2, 4, last]);
    expect(fills(kept)).toEqual([4, 3, 2, 1]);
  });

  test("drops several generations at once, and both keys of one", () => {
    const late = NOW + 10 * KEY_EXPIRY_MS;
    const keys = loaded(
      memberKeys(member),
      [0, 1, NOW],
      [0, 2, NOW + 1],
      [1, 3, NOW + 2],
      [2, 4, NOW + 3],
      [3, 5, late],
    );
    expect(fills(keys)).toEqual([5, 4]);
  });

  test("keeps both keys of a generation as long as one", () => {
    const list = [
      [0, 1, NOW],
      [1, 2, NOW + 1],
      [1, 3, NOW + 2],
      [2, 4, NOW + 3 + KEY_EXPIRY_MS],
    ] as const;
    expect(fills(loaded(memberKeys(member), ...list))).toEqual([4, 3, 2]);
  });

  test("stops at the first generation that is kept", () => {
    // The second is young by its time although an older one follows: nothing after it is looked at.
    const late = NOW + 2 * KEY_EXPIRY_MS;
    const keys = loaded(memberKeys(member), [0, 1, NOW], [1, 2, late], [2, 3, NOW + 1], [3, 4, late]);
    expect(fills(keys)).toEqual([4, 3, 2, 1]);
  });

  test("never drops the newest", () => {
    expect(fills(loaded(memberKeys(member), [0, 1, NOW]))).toEqual([1]);
    expect(fills(loaded(memberKeys(member), [0, 1, NOW], [0, 2, NOW + 9 * KEY_EXPIRY_MS]))).toEqual([2, 1]);
  });

  test("ignores a key that comes too late, and its hash", () => {
    const late = NOW + 2 * KEY_EXPIRY_MS;
    const keys = loaded(memberKeys(member), [1, 1, NOW], [2, 2, late], [0, 3, NOW - 1]);
    expect(fills(keys)).toEqual([2, 1]);
    expect(keys.hashes).toEqual([`1/1/${NOW}`, `2/2/${late}`]);
    // At exactly 60 days nothing has expired yet.
    const edge = loaded(memberKeys(member), [1, 1, NOW], [2, 2, NOW + KEY_EXPIRY_MS], [0, 3, NOW - 1]);
    expect(fills(edge)).toEqual([2, 1, 3]);
    // Nor with one key.
    expect(fills(loaded(memberKeys(member), [1, 1, NOW], [0, 3, NOW - 2 * KEY_EXPIRY_MS]))).toEqual([1, 3]);
  });

  test("forgets hashes of older generations also when a message holds no key", () => {
    const keys = loaded(memberKeys(member), [3, 1, NOW]);
    const data = handMade(() => {}, { generation: 2, readers: [stranger.sessionId] });
    expect(keys.load({ data, hash: "old", timestamp: NOW }).found).toBe(false);
    expect(keys.hashes).toEqual([`3/1/${NOW}`]);
    const next = handMade(() => {}, { generation: 4, readers: [stranger.sessionId] });
    keys.load({ data: next, hash: "new", timestamp: NOW });
    expect([...keys.hashes].sort()).toEqual([`3/1/${NOW}`, "new"]);
  });
});

describe("any", () => {
  const generation = fc.oneof(fc.nat(10), fc.constantFrom(MAX_GENERATION - 1, MAX_GENERATION));

  test("members find the key of any rekey, others do not", patience, () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), fc.nat(3), generation, (count, group, number) => {
        const { message: data, key } = buildRekeyMessage(groupKey(group), ids(count), number);
        const item = { data, hash: "h", timestamp: NOW };
        for (const [who, found] of [
          [count - 1, true],
          [count, false],
        ] as const) {
          const keys = memberKeys(account(who), nodeCrypto, group);
          expect(keys.load(item).found).toBe(found);
          expect(keys.keys).toEqual(found ? [key] : []);
        }
        const keys = adminKeys(account(0), nodeCrypto, group);
        expect(keys.load(item).found).toBe(true);
        expect([keys.generation, keys.encryptionKey]).toEqual([number, key]);
        expect(keys.isMadeFor(ids(count))).toBe(true);
        expect(keys.isMadeFor(ids(count + 1))).toBe(false);
      }),
      runs(25),
    );
  });

  test("order of loading gives the same keys, and a dump the same as no dump", patience, () => {
    const key = fc.tuple(
      fc.nat(4),
      fc.integer({ min: 1, max: 6 }),
      fc.nat(40).map((days) => NOW + days * DAY),
    );
    fc.assert(
      fc.property(fc.uniqueArray(key, { maxLength: 8, selector: ([g, k]) => g * 10 + k }), (list) => {
        const inOrder = loaded(memberKeys(member), ...list);
        const backwards = loaded(memberKeys(member), ...[...list].reverse());
        expect(backwards.keys).toEqual(inOrder.keys);
        expect([...backwards.hashes].sort()).toEqual([...inOrder.hashes].sort());
        const restarted = list.reduce(
          (keys, item) =>
            loaded(new GroupKeys({ groupId: groupId(), account: member, dump: keys.dump() }), item),
          memberKeys(member),
        );
        expect(restarted.dump()).toEqual(inOrder.dump());
      }),
      runs(50),
    );
  });

  test(
    "bytes and any signed dict are loaded or refused with a reason, and a refusal changes nothing",
    patience,
    () => {
      const value = fc.letrec<{ value: BtInput }>((tie) => ({
        value: fc.oneof(
          { maxDepth: 2 },
          fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n }),
          fc.uint8Array({ maxLength: 60 }),
          fc.uint8Array({ minLength: 48, maxLength: 48 }),
          fc.array(tie("value"), { maxLength: 3 }),
          fc.dictionary(fc.constantFrom("g", "k", "t"), tie("value")),
        ),
      })).value;
      const dict = fc.dictionary(fc.constantFrom("#", "+", "G", "K", "k", "x"), value).map((pairs) =>
        handMade((d) => {
          for (const [key, item] of Object.entries(pairs)) d.set(key, item);
        }),
      );
      const good = handMade(() => {});
      const damaged = fc
        .tuple(fc.nat(good.length - 1), fc.uint8Array({ maxLength: 4 }), fc.nat(4))
        .map(
          ([at, insert, cut]) => new Uint8Array([...good.slice(0, at), ...insert, ...good.slice(at + cut)]),
        );
      fc.assert(
        fc.property(
          fc.oneof(fc.uint8Array({ maxLength: 200 }), dict, damaged),
          fc.boolean(),
          (data, asAdmin) => {
            const keys = loaded(asAdmin ? adminKeys(admin) : memberKeys(member), [0, 1, NOW]);
            const before = keys.dump();
            try {
              keys.load({ data, hash: "h", timestamp: NOW });
            } catch (error) {
              expect(error).toEqual(expect.toSatisfy((e) => /^GROUP_KEYS_/.test(e.code)));
              expect(keys.dump()).toEqual(before);
            }
          },
        ),
        runs(300),
      );
    },
  );
});

describe("pending and conflicts", () => {
  test("a pending key comes first and does not count for the next generation", () => {
    const keys = loaded(adminKeys(admin), [4, 1, NOW]);
    const first = keys.rekey(both);
    const second = keys.rekey(ids(3));
    expect([first.generation, second.generation]).toEqual([5, 5]);
    expect(keys.keys).toEqual([second.key, new Uint8Array(32).fill(1)]);
    expect(keys.encryptionKey).toEqual(second.key);
    expect(keys.generation).toBe(4);
  });

  test("a repeated rekey of the same members gives the same message", () => {
    const keys = loaded(adminKeys(admin), [4, 1, NOW]);
    expect(toHex(keys.rekey(both).message)).toBe(toHex(keys.rekey([...both].reverse()).message));
  });

  test("a later generation drops it, another key of its generation does not", () => {
    const keys = loaded(adminKeys(admin), [0, 1, NOW]);
    const { key } = keys.rekey(both);
    loaded(keys, [1, 2, NOW + 1]);
    expect(keys.pending?.key).toEqual(key);
    expect(keys.keys).toEqual([key, new Uint8Array(32).fill(2), new Uint8Array(32).fill(1)]);
    loaded(keys, [2, 3, NOW + 2]);
    expect(keys.pending).toBeUndefined();
    expect(fills(keys)).toEqual([3, 2, 1]);
  });

  test("only an admin is asked to rekey, and only for the newest generation", () => {
    const list = [
      [0, 1, NOW],
      [0, 2, NOW + 1],
    ] as const;
    expect(loaded(memberKeys(member), ...list).needsRekey).toBe(false);
    expect(loaded(adminKeys(admin), ...list).needsRekey).toBe(true);
    expect(loaded(adminKeys(admin), ...list, [1, 3, NOW + 2]).needsRekey).toBe(false);
    const promoted = loaded(memberKeys(member), ...list);
    expect(thrown(() => promoted.makeAdmin(groupKey(1).secretKey.slice(0, 32)))).toEqual(
      coded("GROUP_WRONG_KEY"),
    );
    expect(promoted.isAdmin).toBe(false);
    promoted.makeAdmin(groupKey().secretKey.slice(0, 32));
    expect([promoted.isAdmin, promoted.needsRekey]).toEqual([true, true]);
  });

  test("the last generation leaves no room for a rekey, and says so", () => {
    const keys = loaded(adminKeys(admin), [MAX_GENERATION, 1, NOW]);
    expect(thrown(() => keys.rekey(both))).toEqual(coded("GROUP_GENERATION_LIMIT"));
    expect(keys.pending).toBeUndefined();
  });
});

describe("the dump", () => {
  test("brings everything back, the pending key too", () => {
    const keys = loaded(adminKeys(admin), [0, 1, NOW], [1, 2, NOW + 1]);
    keys.rekey(both);
    expect(keys.needsDump).toBe(true);
    const dump = keys.dump();
    expect(keys.needsDump).toBe(false);
    const seed = groupKey().secretKey;
    const back = new GroupKeys({ groupId: groupId(), account: admin, seed, dump });
    expect(toHex(back.dump())).toBe(toHex(dump));
    expect(back.keys).toEqual(keys.keys);
    expect(back.pending).toEqual(keys.pending);
    expect([...back.hashes].sort()).toEqual([...keys.hashes].sort());
  });

  test.each([
    ["nothing", new Uint8Array()],
    ["a list", Buffer.from("le")],
    ["no keys", btEncode({ A: [] })],
    ["no hashes", btEncode({ L: [] })],
    ["a short key", btEncode({ A: [], L: [{ g: 0, k: new Uint8Array(31), t: 1 }] })],
    ["a generation out of range", btEncode({ A: [], L: [{ g: 2 ** 31, k: new Uint8Array(32), t: 1 }] })],
    ["a hash that is a number", btEncode({ A: [[0, 1]], L: [] })],
    ["an empty list of hashes", btEncode({ A: [[]], L: [] })],
    ["a pending key without message", btEncode({ A: [], L: [], P: { g: 0, k: new Uint8Array(32) } })],
  ])("cannot be %s", (_, dump) => {
    expect(thrown(() => new GroupKeys({ groupId: groupId(), account: member, dump }))).toEqual(
      coded("GROUP_INVALID_DUMP"),
    );
  });

  test("secrets do not show", () => {
    const keys = loaded(adminKeys(admin), [0, 0x77, NOW]);
    const shown = JSON.stringify(keys) + String(keys) + inspect(keys, { depth: 9, showHidden: true });
    expect(shown).not.toContain(toHex(groupKey().secretKey).slice(0, 20));
    expect(shown).not.toContain("77777777");
  });
});

test("openKeysMessage reads with a seed or with a member's keys", () => {
  const { message, key } = buildRekeyMessage(groupKey(), both, 8);
  const { publicKey } = groupKey();
  const seed = groupKey().secretKey.slice(0, 32);
  const expected = { kind: "full", generation: 8, keys: [{ generation: 8, timestamp: NOW, key }] };
  expect(openKeysMessage(message, publicKey, { seed }, NOW)).toEqual(expected);
  expect(openKeysMessage(message, publicKey, { member: member.x25519 }, NOW)).toEqual(expected);
  expect(openKeysMessage(message, publicKey, { member: stranger.x25519 }, NOW)).toEqual({
    ...expected,
    keys: [],
  });
});
