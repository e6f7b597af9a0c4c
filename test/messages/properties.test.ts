import fc from "fast-check";
import { SessionError } from "session-messenger-sdk/errors";
import { accountFromSeed } from "session-messenger-sdk/identity";
import {
  decodeContent,
  decodeMessage,
  decryptFromSender,
  decryptPushPayload,
  encodeContent,
  encodeMessage,
  encryptForRecipient,
  padMessage,
  unpadMessage,
  unwrapEnvelope,
  wrapEnvelope,
} from "session-messenger-sdk/messages";
import { describe, expect, it } from "vitest";
import { contentArbitrary, envelopeArbitrary } from "./arbitraries.js";

const numRuns = 100 * Number(process.env["FC_RUNS"] ?? 1);
const alice = accountFromSeed(new Uint8Array(16).fill(1));
const bob = accountFromSeed(new Uint8Array(16).fill(2));
const timestamp = 1_764_000_000_000;
const now = timestamp;

/** Runs a decoder on hostile input: a result, or a SessionError. */
function survive(decode: () => unknown): void {
  try {
    decode();
  } catch (error) {
    if (!(error instanceof SessionError)) throw error;
    expect(error.code).toMatch(/^MESSAGE_/);
  }
}

const valid = encodeMessage(
  { kind: "text", text: "hello", quote: { timestamp, author: alice.sessionId } },
  { sender: alice, recipient: bob.sessionId, timestamp },
).data;

describe("round trips", () => {
  it("content", () => {
    fc.assert(
      fc.property(contentArbitrary, (content) => {
        expect(decodeContent(encodeContent(content))).toEqual(content);
      }),
      { numRuns },
    );
  });

  it("envelope", () => {
    fc.assert(
      fc.property(envelopeArbitrary, (envelope) => {
        expect(unwrapEnvelope(wrapEnvelope(envelope))).toEqual(envelope);
      }),
      { numRuns },
    );
  });

  it("padding", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), (message) => {
        expect(unpadMessage(padMessage(message))).toEqual(message);
      }),
      { numRuns },
    );
  });

  it("encryption", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), (message) => {
        const box = encryptForRecipient(message, { sender: alice, recipient: bob.sessionId });
        expect(decryptFromSender(box, bob.x25519)).toMatchObject({ message, sender: alice.sessionId });
      }),
      { numRuns },
    );
  });

  it("text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1, maxLength: 300 }), (text) => {
        const { data } = encodeMessage(
          { kind: "text", text },
          { sender: alice, recipient: bob.sessionId, timestamp },
        );
        const result = decodeMessage({ data }, { account: bob, now });
        expect(result).toMatchObject({
          kind: "message",
          message: { kind: "text", text, from: alice.sessionId },
        });
      }),
      { numRuns },
    );
  });
});

describe("hostile input gives a SessionError or a documented result", () => {
  it("random bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        survive(() => decodeContent(bytes));
        survive(() => unwrapEnvelope(bytes));
        survive(() => decryptFromSender(bytes, bob.x25519));
        survive(() => decryptPushPayload(bytes, bytes.subarray(0, 32)));
        survive(() => decodeMessage({ data: bytes }, { account: bob, now }));
        unpadMessage(bytes);
      }),
      { numRuns },
    );
  });

  it("random texts in the place of base64", () => {
    fc.assert(
      fc.property(fc.string(), (data) => survive(() => decodeMessage({ data }, { account: bob, now }))),
      { numRuns },
    );
  });

  it("truncations", () => {
    for (let length = 0; length < valid.length; length += 3) {
      expect(() => decodeMessage({ data: valid.subarray(0, length) }, { account: bob, now })).toThrow(
        SessionError,
      );
    }
  });

  it("bit flips never change what the sender said", () => {
    const original = decodeMessage({ data: valid }, { account: bob, now });
    if (original.kind !== "message") throw new Error("the original does not decode");
    fc.assert(
      fc.property(fc.nat(valid.length - 1), fc.nat(7), (index, bit) => {
        const flipped = valid.slice();
        flipped[index] = (flipped[index] as number) ^ (1 << bit);
        survive(() => {
          const result = decodeMessage({ data: flipped }, { account: bob, now });
          if (result.kind !== "message") return;
          expect(result.message.content).toEqual(original.message.content);
          expect(result.message.from).toBe(alice.sessionId);
        });
      }),
      { numRuns: 3 * numRuns },
    );
  });

  it("random contents that a known sender signed", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.uint8Array({ maxLength: 200 }), contentArbitrary.map(encodeContent)),
        (bytes) => {
          const content = encryptForRecipient(bytes, { sender: alice, recipient: bob.sessionId });
          const data = wrapEnvelope({ type: 6, timestamp: BigInt(timestamp), content });
          survive(() => decodeMessage({ data }, { account: bob, now }));
        },
      ),
      { numRuns },
    );
  });
});
