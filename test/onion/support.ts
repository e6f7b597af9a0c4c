import fc from "fast-check";
import type { Crypto, X25519KeyPair } from "session-messenger-sdk/crypto";
import { nodeCrypto } from "session-messenger-sdk/crypto/node";
import { portableCrypto } from "session-messenger-sdk/crypto/portable";
import { isSessionError, type SessionError } from "session-messenger-sdk/errors";
import {
  clientLayerSecret,
  type EncType,
  encryptLayer,
  type OnionDestination,
  type OnionHop,
  type OnionLayer,
} from "session-messenger-sdk/onion";

export const backends: readonly (readonly [string, Crypto])[] = [
  ["portable", portableCrypto],
  ["node", nodeCrypto],
];

/** Runs of a property test: few by default, more with FC_RUNS. */
export const runs = (count: number): { numRuns: number } => ({
  numRuns: count * Number(process.env["FC_RUNS"] ?? 1),
});

/** A node with the secrets that only it has. */
export interface TestNode {
  readonly hop: OnionHop;
  readonly keys: X25519KeyPair;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** A node whose keys follow from its number. */
export function testNode(number: number, crypto: Crypto = nodeCrypto): TestNode {
  const secretKey = new Uint8Array(32).fill(number + 1);
  const publicKey = crypto.x25519PublicKey(secretKey);
  return {
    hop: { ed25519PublicKey: hex(new Uint8Array(32).fill(0xe0 + number)), x25519PublicKey: hex(publicKey) },
    keys: { secretKey, publicKey },
  };
}

export const server: X25519KeyPair = testNode(9).keys;

export function serverDestination(changes: object = {}): OnionDestination {
  return {
    kind: "server",
    host: "files.example.org",
    port: 8080,
    protocol: "http",
    x25519PublicKey: hex(server.publicKey),
    ...changes,
  } as OnionDestination;
}

/** A node that peels, its neighbour, and the client of {@link layerOf}. */
export const node: TestNode = testNode(0);
export const next: TestNode = testNode(1);
export const client: TestNode = testNode(7);
export const ephemeralKey: Uint8Array = client.keys.publicKey;

/** A layer for {@link node} with the given plaintext. */
export function layerOf(plaintext: Uint8Array, encType: EncType = "aes-gcm"): OnionLayer {
  const secret = clientLayerSecret(encType, client.keys, node.keys.publicKey, nodeCrypto);
  return { ciphertext: encryptLayer(plaintext, secret, nodeCrypto), ephemeralKey, encType };
}

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** The error that `run` throws, which must be a `SessionError`. */
export function sessionError(run: () => unknown): SessionError {
  try {
    run();
  } catch (error) {
    if (isSessionError(error)) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

/** `run` may succeed or throw a `SessionError`, and nothing else. */
export function onlySessionErrors(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    if (!isSessionError(error)) throw error;
  }
}

export const bytes = (maxLength = 200): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength });
