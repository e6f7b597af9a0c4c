import fc from "fast-check";
import type { Crypto, X25519KeyPair } from "session-messenger-sdk/crypto";
import { nodeCrypto } from "session-messenger-sdk/crypto/node";
import { isSessionError } from "session-messenger-sdk/errors";
import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "../runners/op.js";
import { allBackends } from "../support/backends.js";
import { torsionPoints } from "../support/points.js";

const BUDGET = Number(process.env.FC_RUNS ?? 1);
/** Runs of an operation that takes noble microseconds, and of one that takes it a millisecond. */
const QUICK = 300 * BUDGET;
const SLOW = 120 * BUDGET;

/** What a backend makes of a call: a result in hex, or its refusal. */
function outcome(crypto: Crypto, call: (crypto: Crypto) => unknown): string {
  try {
    const result = call(crypto);
    return result instanceof Uint8Array ? toHex(result) : String(result);
  } catch (error) {
    if (isSessionError(error)) return error.code;
    throw error;
  }
}

/** Fails, naming the backend that stands alone, unless all agree. */
function agree(call: (crypto: Crypto) => unknown): string {
  const outcomes = allBackends.map((crypto) => [crypto.name, outcome(crypto, call)] as const);
  const count = (value: string): number => outcomes.filter(([, other]) => other === value).length;
  const odd = outcomes.filter(([, value]) => count(value) < outcomes.length);
  const alone = odd.filter(([, value]) => count(value) === 1).map(([name]) => name);
  if (odd.length > 0) expect.fail(`odd one out: ${alone.join(", ")}\n${JSON.stringify(outcomes, null, 1)}`);
  return outcomes[0]![1];
}

const bytes = (minLength: number, maxLength = minLength): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength, maxLength });
/** Mostly of the right length. */
const sized = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.oneof({ weight: 30, arbitrary: bytes(length) }, { weight: 1, arbitrary: bytes(0, 2 * length) });
/** Messages around block boundaries, and long ones. */
const message = fc.oneof(bytes(0, 300), bytes(120, 136), bytes(1000, 5000));
const aad = fc.option(bytes(0, 40), { nil: undefined });

const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const littleEndian = (value: bigint): Uint8Array => fromHex(value.toString(16).padStart(64, "0")).reverse();
const scalar = fc.oneof(
  { weight: 6, arbitrary: sized(32) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(
        0n,
        1n,
        L - 1n,
        L,
        L + 1n,
        2n * L,
        (8n * L) % 2n ** 255n,
        2n ** 255n - 1n,
        2n ** 255n,
        2n ** 256n - 1n,
      )
      .map(littleEndian),
  },
  { weight: 1, arbitrary: fc.bigInt({ min: 0n, max: 31n }).map((n) => littleEndian((n * L) % 2n ** 256n)) },
);
const publicKey = bytes(32).map((seed) => nodeCrypto.ed25519KeyPair(seed).publicKey);
/** Good keys, keys with torsion, random bytes, small-order points, values of y near p, wrong lengths. */
const point = fc.oneof(
  { weight: 5, arbitrary: publicKey },
  {
    weight: 2,
    arbitrary: fc
      .tuple(publicKey, fc.integer({ min: 1, max: 7 }))
      .map(([key, i]) => torsionPoints.plus(key, i)),
  },
  { weight: 2, arbitrary: sized(32) },
  { weight: 1, arbitrary: fc.constantFrom(...torsionPoints.all) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.bigInt({ min: -30n, max: 18n }), fc.boolean())
      .map(([offset, sign]) => littleEndian(2n ** 255n - 19n + offset + (sign ? 2n ** 255n : 0n))),
  },
);
const pair: fc.Arbitrary<X25519KeyPair> = bytes(32).map((secretKey) => ({
  secretKey,
  publicKey: nodeCrypto.x25519PublicKey(secretKey),
}));
/** Leaves bytes as they are, changes one bit, or cuts the end off. */
const damage = fc.oneof(
  { weight: 2, arbitrary: fc.constant((good: Uint8Array) => good) },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.nat(), fc.integer({ min: 0, max: 7 })).map(([at, bit]) => (good: Uint8Array) => {
      const bad = good.slice();
      if (bad.length > 0) bad[at % bad.length]! ^= 1 << bit;
      return bad;
    }),
  },
  {
    weight: 1,
    arbitrary: fc.nat().map((cut) => (good: Uint8Array) => good.slice(0, cut % (good.length + 1))),
  },
);

/** One property: all backends make the same of any input. */
function differential<T extends [unknown, ...unknown[]]>(
  name: string,
  runs: number,
  arbitraries: { [K in keyof T]: fc.Arbitrary<T[K]> },
  call: (crypto: Crypto, ...input: T) => unknown,
): void {
  test(name, () => {
    fc.assert(
      fc.property(fc.tuple(...arbitraries), (input) => {
        agree((crypto) => call(crypto, ...(input as unknown as T)));
      }),
      { numRuns: runs },
    );
  });
}

describe("hashes", () => {
  differential("sha256", QUICK, [message], (crypto, m) => crypto.sha256(m));
  differential("sha512", QUICK, [message], (crypto, m) => crypto.sha512(m));
  differential("hmacSha256", QUICK, [bytes(0, 200), message], (crypto, k, m) => crypto.hmacSha256(k, m));
  const options = fc.record({
    size: fc.oneof(
      { weight: 9, arbitrary: fc.integer({ min: 1, max: 64 }) },
      fc.integer({ min: -1, max: 80 }),
    ),
    key: fc.option(bytes(0, 66), { nil: undefined }),
    salt: fc.option(sized(16), { nil: undefined }),
    personal: fc.option(sized(16), { nil: undefined }),
  });
  differential("blake2b", QUICK, [bytes(0, 300), options], (crypto, m, o) => crypto.blake2b(m, o));
  differential(
    "blake2b, hash and key only",
    QUICK,
    [message, fc.integer({ min: 16, max: 64 }), bytes(0, 64)],
    (crypto, m, size, key) => crypto.blake2b(m, { size, key }),
  );
});

describe("ed25519", () => {
  differential("ed25519KeyPair", SLOW, [sized(32)], (crypto, seed) =>
    toHex(crypto.ed25519KeyPair(seed).secretKey),
  );
  differential(
    "ed25519Sign, with matching and foreign halves",
    SLOW,
    [message, sized(64)],
    (crypto, m, key) => crypto.ed25519Sign(m, key),
  );
  differential(
    "ed25519Verify, signatures good and damaged",
    SLOW,
    [bytes(32), message, damage, damage, damage],
    (crypto, seed, m, damageSignature, damageMessage, damageKey) => {
      const keys = nodeCrypto.ed25519KeyPair(seed);
      const signature = damageSignature(nodeCrypto.ed25519Sign(m, keys.secretKey));
      return crypto.ed25519Verify(signature, damageMessage(m), damageKey(keys.publicKey));
    },
  );
  differential(
    "ed25519Verify, any points and scalars",
    SLOW,
    [point, scalar, point, bytes(0, 8)],
    (crypto, commitment, s, key, m) => crypto.ed25519Verify(new Uint8Array([...commitment, ...s]), m, key),
  );
  differential(
    "ed25519Verify, torsion in key and commitment",
    SLOW,
    [bytes(32), bytes(32), fc.integer({ min: 0, max: 7 }), fc.integer({ min: 0, max: 7 }), bytes(0, 8)],
    (crypto, secret, nonce, keyTorsion, commitmentTorsion, m) =>
      crypto.ed25519Verify(...torsionPoints.signed(secret, nonce, keyTorsion, commitmentTorsion, m)),
  );
  differential("ed25519PublicKeyToX25519", SLOW, [point], (crypto, key) =>
    crypto.ed25519PublicKeyToX25519(key),
  );
  differential("ed25519SecretKeyToX25519", QUICK, [fc.oneof(sized(32), sized(64))], (crypto, key) =>
    crypto.ed25519SecretKeyToX25519(key),
  );
});

describe("curve", () => {
  differential("x25519PublicKey", SLOW, [sized(32)], (crypto, secret) => crypto.x25519PublicKey(secret));
  differential("x25519", SLOW, [sized(32), point], (crypto, secret, key) => crypto.x25519(secret, key));
  differential("x25519, random u", SLOW, [sized(32), sized(32)], (crypto, secret, key) =>
    crypto.x25519(secret, key),
  );
  differential("scalarReduce", QUICK, [sized(64)], (crypto, wide) => crypto.scalarReduce(wide));
  differential("scalarMultiply", QUICK, [scalar, scalar], (crypto, a, b) => crypto.scalarMultiply(a, b));
  differential("scalarAdd", QUICK, [scalar, scalar], (crypto, a, b) => crypto.scalarAdd(a, b));
  differential("scalarNegate", QUICK, [scalar], (crypto, a) => crypto.scalarNegate(a));
  differential("pointMultiplyBase", SLOW, [scalar], (crypto, a) => crypto.pointMultiplyBase(a));
  differential("pointMultiply", SLOW, [scalar, point], (crypto, a, p) => crypto.pointMultiply(a, p));
  differential("isValidPoint", SLOW, [point], (crypto, p) => crypto.isValidPoint(p));
});

describe("boxes", () => {
  differential("sealedBox", SLOW, [message, point, pair], (crypto, m, recipient, ephemeral) =>
    crypto.sealedBox(m, recipient, ephemeral),
  );
  differential("sealedBoxOpen", SLOW, [message, pair, damage], (crypto, m, recipient, change) =>
    crypto.sealedBoxOpen(change(boxFor(recipient, m)), recipient),
  );
  test("sealedBox of any backend opens with every backend", () => {
    for (const sender of allBackends) {
      fc.assert(
        fc.property(message, pair, (m, recipient) => {
          const box = sender.sealedBox(m, recipient.publicKey);
          expect(agree((crypto) => crypto.sealedBoxOpen(box, recipient))).toBe(toHex(m));
        }),
        { numRuns: 20 * BUDGET },
      );
    }
  });
});

/** A box that is the same in every run. */
const boxFor = (recipient: X25519KeyPair, m: Uint8Array): Uint8Array => {
  const secretKey = nodeCrypto.sha256(recipient.secretKey);
  return nodeCrypto.sealedBox(m, recipient.publicKey, {
    secretKey,
    publicKey: nodeCrypto.x25519PublicKey(secretKey),
  });
};

describe("ciphers", () => {
  const k = sized(32);
  differential("xsalsa20poly1305Encrypt", QUICK, [k, sized(24), message], (crypto, key, nonce, m) =>
    crypto.xsalsa20poly1305Encrypt(key, nonce, m),
  );
  differential(
    "xsalsa20poly1305Decrypt",
    QUICK,
    [bytes(32), bytes(24), message, damage],
    (crypto, key, nonce, m, change) =>
      crypto.xsalsa20poly1305Decrypt(key, nonce, change(nodeCrypto.xsalsa20poly1305Encrypt(key, nonce, m))),
  );
  differential("xchacha20poly1305Encrypt", QUICK, [k, sized(24), message, aad], (crypto, key, nonce, m, a) =>
    crypto.xchacha20poly1305Encrypt(key, nonce, m, a),
  );
  differential(
    "xchacha20poly1305Decrypt",
    QUICK,
    [bytes(32), bytes(24), message, aad, damage],
    (crypto, key, nonce, m, a, change) =>
      crypto.xchacha20poly1305Decrypt(
        key,
        nonce,
        change(nodeCrypto.xchacha20poly1305Encrypt(key, nonce, m, a)),
        a,
      ),
  );
  differential("aes256gcmEncrypt", QUICK, [k, sized(12), message, aad], (crypto, key, nonce, m, a) =>
    crypto.aes256gcmEncrypt(key, nonce, m, a),
  );
  differential(
    "aes256gcmDecrypt",
    QUICK,
    [bytes(32), bytes(12), message, aad, damage],
    (crypto, key, nonce, m, a, change) =>
      crypto.aes256gcmDecrypt(key, nonce, change(nodeCrypto.aes256gcmEncrypt(key, nonce, m, a)), a),
  );
  differential("aes256cbcEncrypt", QUICK, [k, sized(16), message], (crypto, key, iv, m) =>
    crypto.aes256cbcEncrypt(key, iv, m),
  );
  differential(
    "aes256cbcDecrypt",
    QUICK,
    [bytes(32), bytes(16), message, damage],
    (crypto, key, iv, m, change) =>
      crypto.aes256cbcDecrypt(key, iv, change(nodeCrypto.aes256cbcEncrypt(key, iv, m))),
  );
  differential(
    "aes256cbcDecrypt, random blocks",
    QUICK,
    [bytes(32), bytes(16), bytes(16)],
    (crypto, key, iv, block) => crypto.aes256cbcDecrypt(key, iv, block),
  );
});
