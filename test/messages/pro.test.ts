import { defaultCrypto as crypto } from "session-messenger-sdk/crypto";
import { accountFromSeed } from "session-messenger-sdk/identity";
import {
  decodeMessage,
  directEnvelope,
  encodeContent,
  encryptForRecipient,
  type ProStatus,
  padMessage,
  wrapEnvelope,
} from "session-messenger-sdk/messages";
import type { ProProof } from "session-messenger-sdk/proto";
import { describe, expect, test } from "vitest";

const alice = accountFromSeed(new Uint8Array(16).fill(1));
const bob = accountFromSeed(new Uint8Array(16).fill(2));
const backend = crypto.ed25519KeyPair(new Uint8Array(32).fill(7));
const rotating = crypto.ed25519KeyPair(new Uint8Array(32).fill(8));
const sentAt = 1_764_000_000_000;
const tag = new Uint8Array(32).fill(9);

function uint64LE(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function layoutA(expireAtMs: number, secretKey = backend.secretKey): ProProof {
  const data = Buffer.concat([Buffer.of(0), tag, rotating.publicKey, uint64LE(expireAtMs)]);
  const hash = crypto.blake2b(data, { size: 32, personal: Buffer.from("ProProof________") });
  return {
    version: 0,
    genIndexHash: tag,
    rotatingPublicKey: rotating.publicKey,
    expireAtMs: BigInt(expireAtMs),
    sig: crypto.ed25519Sign(hash, secretKey),
  };
}

function layoutB(expiry: number, secretKey = backend.secretKey): ProProof {
  const text = Buffer.concat([
    Buffer.from("ProProof_v0_____"),
    tag,
    rotating.publicKey,
    Buffer.from(`${expiry}`),
  ]);
  return {
    genIndexHash: tag,
    rotatingPublicKey: rotating.publicKey,
    expireAtMs: BigInt(expiry),
    sig: crypto.ed25519Sign(text, secretKey),
  };
}

interface Options {
  readonly proof?: ProProof | undefined;
  readonly signer?: Uint8Array;
  readonly key?: Uint8Array | undefined;
  readonly withMessage?: boolean;
}

/** What bob makes of a text of alice with `proof`. */
function received({
  proof,
  signer = rotating.secretKey,
  key,
  withMessage = true,
}: Options): ProStatus | undefined {
  const content = encodeContent({
    dataMessage: { body: "pro" },
    sigTimestamp: BigInt(sentAt),
    ...(withMessage ? { proMessage: { proof, profileBitset: 1n, msgBitset: 3n } } : {}),
  });
  const ciphertext = encryptForRecipient(padMessage(content), { sender: alice, recipient: bob.sessionId });
  const proSignature = crypto.ed25519Sign(ciphertext, signer);
  const data = wrapEnvelope(directEnvelope({ timestamp: sentAt, ciphertext, proSignature }));
  const result = decodeMessage({ data }, { account: bob, now: sentAt, proBackendKey: key });
  if (result.kind !== "message") throw new Error("the message was not delivered");
  expect(result.message).toMatchObject({ kind: "text", text: "pro" });
  if (withMessage)
    expect(result.message.content.proMessage).toEqual({ proof, profileBitset: 1n, msgBitset: 3n });
  return result.message.pro;
}

const later = sentAt + 1;
const key = backend.publicKey;

describe("Session Pro of a received message", () => {
  const a = layoutA(later);
  const seconds = Math.ceil(later / 1000);
  const b = layoutB(seconds);
  const cases: Array<[string, Options, string, string | undefined]> = [
    ["layout A", { proof: a, key }, "valid", "A"],
    ["layout B", { proof: b, key }, "valid", "B"],
    ["layout A, over when the message was sent", { proof: layoutA(sentAt - 1), key }, "expired", "A"],
    ["layout B, over when the message was sent", { proof: layoutB(sentAt / 1000 - 1), key }, "expired", "B"],
    ["until the moment of sending", { proof: layoutA(sentAt), key }, "valid", "A"],
    ["layout A of another backend", { proof: layoutA(later, rotating.secretKey), key }, "invalid", "A"],
    ["layout B of another backend", { proof: layoutB(seconds, rotating.secretKey), key }, "invalid", "B"],
    ["an envelope signed by another key", { proof: a, key, signer: backend.secretKey }, "invalid", "A"],
    ["a changed expiry", { proof: { ...a, expireAtMs: BigInt(later + 1) }, key }, "invalid", "A"],
    ["a short tag", { proof: { ...a, genIndexHash: new Uint8Array(31) }, key }, "invalid", "A"],
    ["a short key", { proof: { ...a, rotatingPublicKey: new Uint8Array(31) }, key }, "invalid", "A"],
    ["a short signature", { proof: { ...a, sig: new Uint8Array(63) }, key }, "invalid", "A"],
    ["no proof", { proof: undefined, key }, "invalid", undefined],
    ["no backend key", { proof: a }, "unchecked", "A"],
  ];
  test.each(cases)("%s", (_name, options, status, layout) => {
    expect(received(options)).toEqual({
      status,
      ...(layout === undefined ? {} : { layout }),
      profileBits: 1n,
      messageBits: 3n,
    });
  });

  test("a decoy signature alone claims nothing", () => {
    expect(received({ withMessage: false, key })).toBeUndefined();
  });
});
