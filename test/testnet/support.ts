import { defaultCrypto, type Ed25519KeyPair } from "session-messenger-sdk/crypto";
import type { Testnet, TestnetNode } from "session-messenger-sdk/testnet";
import { HttpsClient } from "../runners/replay/https.js";

/** What a node answered, parsed when it is JSON. */
export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: replies are looked into freely.
  readonly body: any;
  readonly text: string;
}

export type Params = Record<string, unknown>;

/** A test account with its own signing, apart from the library's client half. */
export class TestAccount {
  readonly id: string;
  readonly ed25519: Ed25519KeyPair;
  readonly #isUser: boolean;

  /** @param prefix - 05 for a user, 03 for a group */
  constructor(label: string, prefix: "03" | "05" = "05") {
    const seed = defaultCrypto.sha256(Buffer.from(label));
    this.ed25519 = defaultCrypto.ed25519KeyPair(seed);
    this.#isUser = prefix === "05";
    const key = this.#isUser
      ? defaultCrypto.ed25519PublicKeyToX25519(this.ed25519.publicKey)
      : this.ed25519.publicKey;
    this.id = prefix + hex(key);
  }

  sign(text: string | Uint8Array): string {
    const message = typeof text === "string" ? Buffer.from(text) : text;
    return Buffer.from(defaultCrypto.ed25519Sign(message, this.ed25519.secretKey)).toString("base64");
  }

  /** Parameters of a signed call. */
  signed(text: string | Uint8Array, params: Params = {}): Params {
    const key = this.#isUser ? { pubkey_ed25519: hex(this.ed25519.publicKey) } : {};
    return { pubkey: this.id, ...key, ...params, signature: this.sign(text) };
  }

  /** A subaccount of this account: its parameters for a call that signs `text`. */
  subaccount(member: TestAccount, flags: number, prefix: number = Number.parseInt(this.id.slice(0, 2), 16)) {
    const token = Buffer.concat([Uint8Array.of(prefix, flags, 0, 0), member.ed25519.publicKey]);
    return {
      token: token.toString("base64"),
      signed: (text: string, params: Params = {}): Params => ({
        pubkey: this.id,
        ...params,
        subaccount: token.toString("base64"),
        subaccount_sig: this.sign(token),
        signature: member.sign(text),
      }),
      bytes: token,
    };
  }
}

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
export const base64 = (text: string): string => Buffer.from(text).toString("base64");
export const DAY: number = 24 * 3600 * 1000;

/** A clock that stands still until told otherwise. */
export class TestClock {
  time: number = 1_800_000_000_000;
  readonly now = (): number => this.time;
}

/** Calls nodes directly. */
export class Caller {
  readonly https: HttpsClient = new HttpsClient();

  async call(node: TestnetNode, method: string, params: Params = {}): Promise<Answer> {
    return this.post(node, JSON.stringify({ method, params }));
  }

  async post(node: TestnetNode, body: string, path: string = "/storage_rpc/v1"): Promise<Answer> {
    const { status, body: bytes } = await this.https.ask(node.port, {
      method: "POST",
      path,
      body: Buffer.from(body),
    });
    const text = bytes.toString();
    let parsed: unknown = text;
    try {
      parsed = JSON.parse(text);
    } catch {
      // A sentence.
    }
    return { status, body: parsed, text };
  }

  /** Stores in an account's own swarm, unsigned. */
  async store(net: Testnet, id: string, text: string, params: Params = {}): Promise<Answer> {
    return this.call(firstOf(net.swarmOf(id)), "store", {
      pubkey: id,
      ttl: DAY,
      data: base64(text),
      ...params,
    });
  }

  close(): void {
    this.https.close();
  }
}

export function firstOf<T>(list: readonly T[]): T {
  const [first] = list;
  if (first === undefined) throw new Error("nothing there");
  return first;
}

export const dataOf = (answer: Answer): string[] =>
  answer.body.messages.map(({ data }: { data: string }) => Buffer.from(data, "base64").toString());
