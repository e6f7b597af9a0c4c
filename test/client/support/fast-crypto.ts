import type { Crypto } from "session-messenger-sdk/crypto";
import { nodeCrypto } from "session-messenger-sdk/crypto/node";

const MAX_KNOWN = 100_000;
/** Verdicts about signatures, by all that goes into them. */
const known = new Map<string, boolean>();
/** X25519 keys by Ed25519 keys. */
const converted = new Map<string, Uint8Array>();

/** Cryptography that checks a signature and converts a key once, however many clients and nodes ask: most of what they do. */
export const fastCrypto: Crypto = {
  ...nodeCrypto,
  name: "node, verdicts remembered",
  ed25519Sign(message, secretKey) {
    const signature = nodeCrypto.ed25519Sign(message, secretKey);
    remember(nameOf(signature, message, secretKey.subarray(32)), true);
    return signature;
  },
  ed25519Verify(signature, message, publicKey) {
    const name = nameOf(signature, message, publicKey);
    return known.get(name) ?? remember(name, nodeCrypto.ed25519Verify(signature, message, publicKey));
  },
  ed25519PublicKeyToX25519(publicKey) {
    const name = nameOf(publicKey);
    const key = converted.get(name) ?? nodeCrypto.ed25519PublicKeyToX25519(publicKey);
    converted.set(name, key);
    return key.slice();
  },
};

function remember(name: string, verdict: boolean): boolean {
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(name, verdict);
  return verdict;
}

function nameOf(...parts: readonly Uint8Array[]): string {
  return parts
    .map((part) => Buffer.from(part.buffer, part.byteOffset, part.length).toString("latin1"))
    .join("/");
}
