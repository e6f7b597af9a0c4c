import {
  ConfigBase,
  type ConfigOptions,
  type ConfigPush,
  type ConfigSigning,
  decryptConfig,
  encryptConfig,
  padConfig,
  type StoredConfig,
  unpadConfig,
  unwrapConfig,
} from "session-messenger-sdk/config";
import { defaultCrypto } from "session-messenger-sdk/crypto";
import { type Account, accountFromSeed } from "session-messenger-sdk/identity";

export const KEY: Uint8Array = new Uint8Array(32).fill(7);
export const NOW = 1_760_000_000_000;
const DOMAIN = "Test";

/** A config without rules of its own: the engine alone. */
export class PlainConfig extends ConfigBase {
  constructor(options: ConfigOptions & { readonly signing?: ConfigSigning | undefined } = {}) {
    super({ namespace: 99, domain: DOMAIN }, { keys: [KEY], signing: options.signing }, options);
  }
}

export const accountOf = (byte: number): Account => accountFromSeed(new Uint8Array(16).fill(byte));

/** Accounts' ids that stand for contacts. */
export const idOf = (index: number): string => `05${index.toString(16).padStart(8, "0")}${"ab".repeat(28)}`;

export const groupIdOf = (index: number): string => `03${idOf(index).slice(2)}`;

/** A bt-encoded value, written without the library: strings are binary strings, dict keys are taken as they come. */
export type Plain = number | bigint | string | readonly Plain[] | { readonly [key: string]: Plain };

export function bencode(value: Plain): string {
  if (typeof value === "number" || typeof value === "bigint") return `i${value}e`;
  if (typeof value === "string") return `${value.length}:${value}`;
  if (Array.isArray(value)) return `l${(value as readonly Plain[]).map(bencode).join("")}e`;
  const pairs = Object.entries(value as { [key: string]: Plain });
  return `d${pairs.map(([key, inner]) => bencode(key) + bencode(inner)).join("")}e`;
}

export const bytesOf = (binary: string): Uint8Array => new Uint8Array(Buffer.from(binary, "latin1"));
export const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

/** BLAKE2b-256 of a message as a binary string: what other messages call it. */
export const hashOf = (message: string): string =>
  textOf(defaultCrypto.blake2b(bytesOf(message), { size: 32 }));

/** A message of {@link PlainConfig}, encrypted. */
export function sealed(message: string | Uint8Array, hash = "message"): StoredConfig {
  const bytes = typeof message === "string" ? bytesOf(message) : message;
  return { hash, data: encryptConfig(padConfig(bytes), { key: KEY, domain: DOMAIN }) };
}

/** What {@link PlainConfig} pushed, decrypted. */
export function opened(data: Uint8Array): string {
  return textOf(unpadConfig(decryptConfig(data, { key: KEY, domain: DOMAIN })));
}

/** What a config of an account pushed, uncompressed and decrypted. */
export function openedOf(config: ConfigBase, account: Account, data: Uint8Array): string {
  const { namespace, domain } = config;
  const inner = unwrapConfig(data, { ed25519: account.ed25519, namespace });
  return textOf(unpadConfig(decryptConfig(inner, { key: account.ed25519.secretKey.slice(0, 32), domain })));
}

/** As a swarm does it: the same data has the same hash. */
export function stored(data: Uint8Array): StoredConfig {
  return { hash: Buffer.from(defaultCrypto.sha256(data)).toString("base64").slice(0, 43), data };
}

/** Pushes, stores and confirms. */
export function pushAndConfirm(
  config: ConfigBase,
): ConfigPush & { readonly stored: readonly StoredConfig[] } {
  const push = config.push();
  const messages = push.messages.map(stored);
  config.confirm(
    push.seqno,
    messages.map(({ hash }) => hash),
  );
  return { ...push, stored: messages };
}
