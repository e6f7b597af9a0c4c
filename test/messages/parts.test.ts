import { ed25519 } from "@noble/curves/ed25519.js";
import { bytesToHex, hexToBytes } from "session-messenger-sdk/bytes";
import { defaultCrypto } from "session-messenger-sdk/crypto";
import { nodeCrypto } from "session-messenger-sdk/crypto/node";
import { portableCrypto } from "session-messenger-sdk/crypto/portable";
import { accountFromSeed } from "session-messenger-sdk/identity";
import {
  checkName,
  countCodePoints,
  cutToCodePoints,
  decryptFromSender,
  displayableName,
  encryptForRecipient,
  encryptForRecipientDeterministic,
  isNewerProfile,
  messageTtl,
  nextTimestamp,
  paddedLength,
  padMessage,
  prepareName,
  proProofLayout,
  readExpiration,
  readProfile,
  signForRecipient,
  toTimestamp,
  unpadMessage,
  unwrapEnvelope,
  wrapEnvelope,
} from "session-messenger-sdk/messages";
import { describe, expect, it } from "vitest";

const code = (name: string): object => expect.objectContaining({ name: "SessionError", code: name });
const alice = accountFromSeed(new Uint8Array(16).fill(1));
const bob = accountFromSeed(new Uint8Array(16).fill(2));

describe("padding", () => {
  // The table of the specification.
  it.each([
    [0, 160],
    [100, 160],
    [158, 160],
    [159, 320],
    [160, 320],
    [318, 320],
    [319, 480],
  ])("pads %i to %i", (length, padded) => {
    expect(paddedLength(length)).toBe(padded);
    expect(padMessage(new Uint8Array(length)).length).toBe(padded);
  });

  it("removes the padding of old apps, and none where there is none", () => {
    const message = Uint8Array.of(1, 2, 3);
    const old = new Uint8Array(159);
    old.set([...message, 0x80]);
    expect(unpadMessage(old)).toEqual(message);
    expect(unpadMessage(Uint8Array.of(1, 2, 0))).toEqual(Uint8Array.of(1, 2, 0));
  });
});

describe("session encryption", () => {
  it("takes an account or a key as sender, an id or a key as recipient", () => {
    const message = Uint8Array.of(1);
    const results = [alice, alice.ed25519.secretKey, alice.ed25519.secretKey.slice(0, 32)].flatMap((sender) =>
      [bob.sessionId, bob.x25519.publicKey, Uint8Array.of(5, ...bob.x25519.publicKey)].map((recipient) =>
        bytesToHex(encryptForRecipientDeterministic(message, { sender, recipient })),
      ),
    );
    expect(new Set(results).size).toBe(1);
  });

  it("refuses keys of other lengths and prefixes", () => {
    const message = new Uint8Array(1);
    const bad = (sender: Uint8Array, recipient: Uint8Array) => () =>
      signForRecipient(message, { sender, recipient });
    const { secretKey } = alice.ed25519;
    expect(bad(secretKey.slice(1), bob.x25519.publicKey)).toThrow(code("MESSAGE_INVALID_KEY"));
    expect(bad(secretKey, new Uint8Array(31))).toThrow(code("MESSAGE_INVALID_RECIPIENT"));
    expect(bad(secretKey, Uint8Array.of(3, ...bob.x25519.publicKey))).toThrow(
      code("MESSAGE_INVALID_RECIPIENT"),
    );
  });

  it("is 144 bytes longer than the message and changes nothing in it", () => {
    const message = Uint8Array.of(1, 2, 3);
    const box = encryptForRecipient(message, { sender: alice, recipient: bob.sessionId });
    expect(box.length).toBe(147);
    const copy = box.slice();
    expect(decryptFromSender(box, bob.x25519)).toEqual({
      message: Uint8Array.of(1, 2, 3),
      sender: alice.sessionId,
      senderEd25519PublicKey: alice.ed25519.publicKey,
    });
    expect(box).toEqual(copy);
    expect(message).toEqual(Uint8Array.of(1, 2, 3));
  });

  for (const crypto of [nodeCrypto, portableCrypto]) {
    it(`refuses a sender's key of small order (${crypto.name})`, () => {
      // The point (0, -1) of order 2.
      const smallOrder = new Uint8Array(32).fill(0xff);
      smallOrder[0] = 0xec;
      smallOrder[31] = 0x7f;
      const signature = new Uint8Array(64);
      signature.set(smallOrder);
      const box = crypto.sealedBox(Uint8Array.of(7, ...smallOrder, ...signature), bob.x25519.publicKey);
      expect(() => decryptFromSender(box, bob.x25519, crypto)).toThrow(code("MESSAGE_BAD_SIGNATURE"));
    });

    it(`refuses a sender's key outside the prime-order subgroup, though the signature verifies (${crypto.name})`, () => {
      const { key, signature, message } = torsionedSignature(bob.x25519.publicKey);
      const signed = Uint8Array.of(...message, ...key, ...bob.x25519.publicKey);
      expect(crypto.ed25519Verify(signature, signed, key)).toBe(true);
      const box = crypto.sealedBox(Uint8Array.of(...message, ...key, ...signature), bob.x25519.publicKey);
      expect(() => decryptFromSender(box, bob.x25519, crypto)).toThrow(code("MESSAGE_BAD_SIGNATURE"));
    });
  }
});

/**
 * A signature by A + T, T of order 2. It verifies whenever the challenge is even, since the challenge times T is then
 * nothing; the message is counted up until it is.
 */
function torsionedSignature(recipient: Uint8Array): {
  key: Uint8Array;
  signature: Uint8Array;
  message: Uint8Array;
} {
  const { Point } = ed25519;
  const order = Point.Fn.ORDER;
  const little = (bytes: Uint8Array): bigint => BigInt(`0x${bytesToHex(bytes.toReversed())}`);
  const { scalar } = ed25519.utils.getExtendedPublicKey(alice.ed25519.secretKey.slice(0, 32));
  const two = Point.fromAffine({ x: 0n, y: Point.Fp.neg(1n) });
  const key = Point.BASE.multiply(scalar).add(two).toBytes();
  const nonce = 12345n;
  const r = Point.BASE.multiply(nonce).toBytes();
  for (let counter = 0; ; counter++) {
    const message = Uint8Array.of(counter);
    const challenge =
      little(defaultCrypto.sha512(Uint8Array.of(...r, ...key, ...message, ...key, ...recipient))) % order;
    if (challenge % 2n !== 0n) continue;
    const s = (nonce + challenge * scalar) % order;
    const signature = Uint8Array.of(...r, ...hexToBytes(s.toString(16).padStart(64, "0")).toReversed());
    return { key, signature, message };
  }
}

describe("envelopes", () => {
  const envelope = { type: 6, timestamp: 5n, content: new Uint8Array(1) } as const;
  it("refuses a source or a signature of a wrong form", () => {
    const unwrap = (changes: object) => () => unwrapEnvelope(wrapEnvelope({ ...envelope, ...changes }));
    expect(unwrap({})).not.toThrow();
    expect(unwrap({ source: "" })).not.toThrow();
    expect(unwrap({ source: "0".repeat(66) })).not.toThrow();
    expect(unwrap({ source: "0".repeat(65) })).toThrow(code("MESSAGE_MALFORMED"));
    expect(unwrap({ source: "x".repeat(66) })).toThrow(code("MESSAGE_MALFORMED"));
    expect(unwrap({ proSig: new Uint8Array(63) })).toThrow(code("MESSAGE_MALFORMED"));
    expect(unwrap({ content: undefined })).toThrow(code("MESSAGE_MALFORMED"));
  });
});

describe("names", () => {
  it("trims white space and invisible characters", () => {
    expect(prepareName("\u200b \u3000Ada Byron\ufeff\t\u2060")).toBe("Ada Byron");
    expect(prepareName("a\u200bb")).toBe("a\u200bb");
    expect(() => prepareName(" \u200e ")).toThrow(code("NAME_EMPTY"));
  });

  it("cuts at 100 bytes between characters, or refuses where it may not cut", () => {
    expect(prepareName("é".repeat(50))).toBe("é".repeat(50));
    expect(prepareName(`${"é".repeat(49)}x😀`)).toBe(`${"é".repeat(49)}x`);
    expect(checkName(` ${"é".repeat(50)} `)).toBe("é".repeat(50));
    expect(() => checkName("é".repeat(51))).toThrow(code("NAME_TOO_LONG"));
  });

  it("shows received names without controls and direction marks", () => {
    expect(displayableName("\u202eadA\u202c\u0000\u009f ")).toBe("adA");
    expect(displayableName("\u2066\u0007")).toBeUndefined();
    expect(displayableName("x".repeat(200))).toBe("x".repeat(100));
  });

  it("counts and cuts code points, not UTF-16 units", () => {
    expect(countCodePoints("a😀é👩‍👧")).toBe(6);
    expect(cutToCodePoints("😀😀😀", 2)).toBe("😀😀");
    expect(cutToCodePoints("ab", 2)).toBe("ab");
  });
});

describe("profiles", () => {
  it("takes picture and key together or not at all, and milliseconds for seconds", () => {
    const key = new Uint8Array(32);
    expect(readProfile({})).toBeUndefined();
    expect(readProfile({ profile: {} })).toEqual({ updatedAt: 0 });
    expect(readProfile({ profile: { displayName: "A", profilePicture: "u" } })).toEqual({
      name: "A",
      updatedAt: 0,
    });
    expect(readProfile({ profile: { profilePicture: "u" }, profileKey: key })).toEqual({
      picture: { url: "u", key },
      updatedAt: 0,
    });
    expect(readProfile({ profile: { lastUpdateSeconds: 3_999_999_999n } })).toEqual({
      updatedAt: 3_999_999_999,
    });
    expect(readProfile({ profile: { lastUpdateSeconds: 4_000_000_000_000n } })).toEqual({
      updatedAt: 4_000_000_000,
    });
    expect(readProfile({ profile: { lastUpdateSeconds: 2n ** 64n - 1n } })).toEqual({ updatedAt: 0 });
  });

  it("applies newer ones, and undated ones only over undated ones", () => {
    expect(isNewerProfile({ updatedAt: 2 }, 1)).toBe(true);
    expect(isNewerProfile({ updatedAt: 1 }, 1)).toBe(false);
    expect(isNewerProfile({ updatedAt: 0 }, 0)).toBe(true);
    expect(isNewerProfile({ updatedAt: 0 }, 1)).toBe(false);
  });
});

describe("times", () => {
  it("never gives the same time twice", () => {
    expect(nextTimestamp(1000.7, undefined)).toBe(1000);
    expect(nextTimestamp(1000, 999)).toBe(1000);
    expect(nextTimestamp(1000, 1000)).toBe(1001);
    expect(nextTimestamp(900, 1001)).toBe(1002);
  });

  it("knows what can be a time", () => {
    expect(toTimestamp(2n ** 53n - 1n)).toBe(2 ** 53 - 1);
    expect(toTimestamp(2n ** 53n)).toBeUndefined();
  });

  it("normalises expirations", () => {
    const read = (expirationType: 0 | 1 | 2, expirationTimer: number, only = false): string => {
      const { mode, seconds } = readExpiration({ expirationType, expirationTimer }, only);
      return `${mode} ${seconds}`;
    };
    expect(readExpiration({}, false)).toEqual({ mode: "off", seconds: 0 });
    expect(readExpiration({ expirationTimer: 5 }, false)).toEqual({ mode: "off", seconds: 0 });
    expect(read(0, 5)).toBe("off 0");
    expect(read(1, 0)).toBe("off 0");
    expect(read(1, 5)).toBe("after-read 5");
    expect(read(2, 5)).toBe("after-send 5");
    expect(read(1, 5, true)).toBe("after-send 5");
  });

  it("keeps a message in the swarm as long as the table says", () => {
    const day = 86_400_000;
    const text = (mode: "off" | "after-read" | "after-send") =>
      ({ kind: "text", text: "x", expiration: { mode, seconds: 60 } }) as const;
    expect(messageTtl(text("after-send"), "recipient")).toBe(60_000);
    expect(messageTtl(text("after-send"), "own-devices")).toBe(60_000);
    expect(messageTtl(text("after-read"), "recipient")).toBe(14 * day);
    expect(messageTtl(text("after-read"), "own-devices")).toBe(60_000);
    expect(messageTtl(text("off"), "recipient")).toBe(14 * day);
    expect(messageTtl({ kind: "typing", typing: true }, "recipient")).toBe(20_000);
    expect(messageTtl({ kind: "call", step: "end", callId: "u" }, "recipient")).toBe(300_000);
  });
});

describe("Pro proofs", () => {
  it("are told apart by the version and the size of the expiry", () => {
    expect(proProofLayout({ version: 0, expireAtMs: 1n })).toBe("A");
    expect(proProofLayout({ expireAtMs: 10n ** 11n })).toBe("A");
    expect(proProofLayout({ expireAtMs: 10n ** 11n - 1n })).toBe("B");
    expect(proProofLayout({})).toBe("B");
  });
});
