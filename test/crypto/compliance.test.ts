import type { Crypto } from "session-messenger-sdk/crypto";
import { cryptoCompliance } from "session-messenger-sdk/crypto/compliance";
import { nodeCrypto } from "session-messenger-sdk/crypto/node";
import { isSessionError } from "session-messenger-sdk/errors";
import { describe, expect, test } from "vitest";
import { allBackends } from "../support/backends.js";

describe.each(allBackends)("$name", (crypto) => {
  for (const { name, run } of cryptoCompliance()) test(name, () => run(crypto));
});

describe("the suite finds a backend's faults", () => {
  const faults: Record<string, Partial<Crypto>> = {
    "accepts every signature": { ed25519Verify: () => true },
    "refuses every signature": { ed25519Verify: () => false },
    "converts any point": { ed25519PublicKeyToX25519: (key) => key },
    "gives an all-zero shared secret": { x25519: () => new Uint8Array(32) },
    "gives Buffers": { sha256: (message) => Buffer.from(nodeCrypto.sha256(message)) },
    "gives windows on larger memory": { sha512: (message) => nodeCrypto.sha512(message).subarray(0, 63) },
    "writes into the key": {
      xchacha20poly1305Encrypt: (key, nonce, message, aad) => {
        const box = nodeCrypto.xchacha20poly1305Encrypt(key, nonce, message, aad);
        // Only where the suite looks for it: it shares its own key between checks.
        if (key.byteOffset !== 0) key.fill(0);
        return box;
      },
    },
    "repeats random bytes": { randomBytes: (length) => new Uint8Array(length).fill(1) },
    "throws other errors": {
      sealedBoxOpen: () => {
        throw new Error("no");
      },
    },
  };
  test.each(Object.entries(faults))("%s", (_, fault) => {
    const broken = { ...nodeCrypto, ...fault };
    const failures: unknown[] = [];
    for (const { run } of cryptoCompliance()) {
      try {
        run(broken);
      } catch (error) {
        failures.push(error);
      }
    }
    expect(failures.some((error) => isSessionError(error, "CRYPTO_NOT_COMPLIANT"))).toBe(true);
  });
});
