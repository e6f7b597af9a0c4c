import type { Crypto, X25519KeyPair } from "session-messenger-sdk/crypto";
import { type Account, accountFromSeed, restoreAccount } from "session-messenger-sdk/identity";
import { decodeMessage, encodeMessage } from "session-messenger-sdk/messages";
import {
  buildOnionRequest,
  encodeRpcPayload,
  openNodeReply,
  sealNodeReply,
} from "session-messenger-sdk/onion";
import { retrieveRequest, userAuth } from "session-messenger-sdk/swarm";

/** One line of the benchmark. */
export interface Task {
  readonly name: string;
  /** Smallest acceptable ratio of the alternative's time to ours. */
  readonly target: number;
  /** Sets up keys once and returns the work of one call. */
  readonly prepare: (crypto: Crypto) => () => unknown;
}

const now = 1_764_000_000_000;
const seed = (byte: number): Uint8Array => new Uint8Array(16).fill(byte);
const text = "It travels over three service nodes. ".repeat(27);
const account = (byte: number, crypto: Crypto): Account => accountFromSeed(seed(byte), crypto);

interface Node {
  readonly keys: X25519KeyPair;
  readonly ed25519PublicKey: string;
  readonly x25519PublicKey: string;
}

function node(byte: number, crypto: Crypto): Node {
  const { ed25519, x25519 } = account(byte, crypto);
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
  return { keys: x25519, ed25519PublicKey: hex(ed25519.publicKey), x25519PublicKey: hex(x25519.publicKey) };
}

export const tasks: readonly Task[] = [
  {
    name: "encrypt a 1 kB message",
    target: 2.5,
    prepare: (crypto) => {
      const sender = account(1, crypto);
      const recipient = account(2, crypto).sessionId;
      return () => encodeMessage({ kind: "text", text }, { sender, recipient, timestamp: now, crypto });
    },
  },
  {
    name: "decrypt a 1 kB message",
    target: 2,
    prepare: (crypto) => {
      const recipient = account(2, crypto);
      const { data } = encodeMessage(
        { kind: "text", text },
        { sender: account(1, crypto), recipient: recipient.sessionId, timestamp: now, crypto },
      );
      return () => {
        const result = decodeMessage({ data }, { account: recipient, now, crypto });
        if (result.kind !== "message") throw new Error(`the message was ${result.kind}`);
        return result;
      };
    },
  },
  {
    name: "three-hop onion request, build+open",
    target: 2,
    prepare: (crypto) => {
      const [guard, middle, last, destination] = [3, 4, 5, 6].map((byte) => node(byte, crypto)) as [
        Node,
        Node,
        Node,
        Node,
      ];
      const request = {
        path: [guard, middle, last],
        destination: { kind: "node", node: destination },
        payload: encodeRpcPayload({ method: "info", params: {} }),
        crypto,
      } as const;
      // The reply opened each time belongs to a request whose ephemeral keys are known.
      const ephemeralKeys = [7, 8, 9, 10].map((byte) => node(byte, crypto).keys);
      const { keys } = buildOnionRequest({ ...request, ephemeralKeys });
      const reply = sealNodeReply(
        { status: 200, body: JSON.stringify({ version: [2, 8, 0], timestamp: now }), isJson: true },
        { ephemeralKey: (ephemeralKeys[3] as X25519KeyPair).publicKey, encType: "xchacha20" },
        destination.keys,
        crypto,
      );
      return () => {
        buildOnionRequest(request);
        return openNodeReply(reply, keys, crypto);
      };
    },
  },
  {
    name: "restore an account",
    target: 2,
    prepare: (crypto) => {
      const phrase = account(11, crypto).recoveryPhrase;
      return () => restoreAccount(phrase, { crypto });
    },
  },
  {
    name: "sign a retrieve",
    target: 2,
    prepare: (crypto) => {
      const auth = userAuth(account(12, crypto), crypto);
      return () => retrieveRequest({ pubkey: auth.pubkey, namespace: 2, auth, timestamp: now });
    },
  },
];
