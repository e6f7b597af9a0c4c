import type { Crypto } from "session-messenger-sdk/crypto";
import { nodeCrypto } from "session-messenger-sdk/crypto/node";

const MAX_KNOWN = 100_000;
/** Verdicts about signatures, by all that goes into them. */
const known = new Map<string, boolean>();

/** Cryptography that checks a signature once, however many clients and nodes ask: most of what many clients in one process do. */
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
