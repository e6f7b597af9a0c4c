import { defaultCrypto } from "session-messenger-sdk/crypto";
import {
  accountFromSeed,
  type BlindedId,
  blind15KeyPair,
  blind25KeyPair,
} from "session-messenger-sdk/identity";
import { decryptFromBlinded, encryptForBlinded } from "session-messenger-sdk/messages";
import { describe, expect, it } from "vitest";

const code = (name: string): object => expect.objectContaining({ name: "SessionError", code: name });
const serverPublicKey = defaultCrypto.x25519PublicKey(new Uint8Array(32).fill(9));
const message = Uint8Array.of(1, 2, 3);

describe("messages to blinded ids", () => {
  for (const [kind, make] of [
    ["15", blind15KeyPair],
    ["25", blind25KeyPair],
  ] as const) {
    // The Ed25519 keys of 4 and 7 have sign bit 0, those of 6 and 11 sign bit 1.
    for (const seeds of [
      [4, 7],
      [4, 6],
      [6, 4],
      [6, 11],
    ] as const) {
      it(`are read by both sides, and by nobody else (${kind}, seeds ${seeds})`, () => {
        const [alice, bob, eve] = [...seeds, 8].map((byte) =>
          accountFromSeed(new Uint8Array(16).fill(byte)),
        ) as [
          ReturnType<typeof accountFromSeed>,
          ReturnType<typeof accountFromSeed>,
          ReturnType<typeof accountFromSeed>,
        ];
        const sender: BlindedId = make(alice.ed25519.secretKey, serverPublicKey).id;
        const recipient: BlindedId = make(bob.ed25519.secretKey, serverPublicKey).id;
        const box = encryptForBlinded(message, { sender: alice, recipient, serverPublicKey });
        expect(box.length).toBe(message.length + 73);
        for (const account of [alice, bob]) {
          expect(decryptFromBlinded(box, { account, sender, recipient, serverPublicKey })).toEqual({
            message,
            sender: alice.sessionId,
            senderEd25519PublicKey: alice.ed25519.publicKey,
          });
        }
        expect(() => decryptFromBlinded(box, { account: eve, sender, recipient, serverPublicKey })).toThrow(
          code("MESSAGE_DECRYPT_FAILED"),
        );
      });
    }
  }

  it("refuses a sender inside who is not the one outside", () => {
    const [alice, bob, eve] = [1, 2, 3].map(
      (byte) => accountFromSeed(new Uint8Array(16).fill(byte)).ed25519,
    ) as [typeof pair, typeof pair, typeof pair];
    const recipient = blind15KeyPair(bob.secretKey, serverPublicKey).id;
    const sender = blind15KeyPair(eve.secretKey, serverPublicKey).id;
    // Eve encrypts with her own keys but writes Alice's key inside.
    const lying = { secretKey: eve.secretKey, publicKey: alice.publicKey };
    const box = encryptForBlinded(message, { sender: { ed25519: lying }, recipient, serverPublicKey });
    expect(() =>
      decryptFromBlinded(box, { account: bob.secretKey, sender, recipient, serverPublicKey }),
    ).toThrow(code("MESSAGE_BAD_SIGNATURE"));
  });

  it("refuses keys and nonces of a wrong length", () => {
    const sender = pair.secretKey;
    const recipient = blind15KeyPair(sender, serverPublicKey).id;
    const encrypt = (changes: object) => () =>
      encryptForBlinded(message, { sender, recipient, serverPublicKey, ...changes });
    expect(encrypt({ nonce: new Uint8Array(23) })).toThrow(code("MESSAGE_INVALID_KEY"));
    expect(encrypt({ serverPublicKey: new Uint8Array(31) })).toThrow(code("MESSAGE_INVALID_KEY"));
    expect(encrypt({ sender: new Uint8Array(33) })).toThrow(code("MESSAGE_INVALID_KEY"));
    expect(encrypt({ recipient: `15${"ff".repeat(32)}` })).toThrow(code("MESSAGE_INVALID_RECIPIENT"));
  });
});

const pair = accountFromSeed(new Uint8Array(16).fill(1)).ed25519;
