/**
 * From a config message to what is stored, and back (docs/protocol/config.md §1):
 *
 * ```text
 * out: message → compress if shorter → pad → [cut into parts] → encrypt → [wrap in protobuf]
 * in:  [unwrap, perhaps twice] → decrypt with any key → strip padding → part, compressed or plain message
 * ```
 *
 * @module
 */
import type { Crypto, Ed25519KeyPair } from "../crypto/index.js";
import { isSessionError, SessionError } from "../errors/index.js";
import { type Compress, compressConfig } from "./compress.js";
import { CONFIG_OVERHEAD, decryptConfig, encryptConfig, padConfig, unpadConfig } from "./encrypt.js";
import type { ConfigErrorCode } from "./errors.js";
import { MAX_CONFIG_BYTES, MAX_STORED_BYTES } from "./limits.js";
import { type ConfigPart, parsePart, splitConfig } from "./multipart.js";
import { unwrapIfWrapped, wrapConfig } from "./wrap.js";
import { zstdDecompress } from "./zstd-decompress.js";

/** How the messages of one config are encrypted. */
export interface SealContext {
  readonly namespace: number;
  readonly domain: string;
  /** Base keys: the first encrypts, any may decrypt. */
  readonly keys: readonly Uint8Array[];
  /** The account whose messages are wrapped in protobuf; group configs are not. */
  readonly wrap: Ed25519KeyPair | undefined;
  readonly compress: Compress | undefined;
  readonly crypto: Crypto;
}

/** What is to be stored. */
export interface SealedConfig {
  readonly messages: readonly Uint8Array[];
  /** Id of the parts, where there are several. */
  readonly partsId: string | undefined;
}

/** What a stored message holds. */
export type OpenedConfig =
  | { readonly kind: "message"; readonly bytes: Uint8Array }
  | { readonly kind: "part"; readonly part: ConfigPart };

const PART = 0x6d;
const COMPRESSED = 0x7a;
const PLAIN = 0x64;

/** @throws `CONFIG_TOO_LARGE`, `CONFIG_KEY_INVALID` without a key */
export function sealConfig(bytes: Uint8Array, seqno: bigint, context: SealContext): SealedConfig {
  const { crypto } = context;
  const padded = padConfig(compressConfig(bytes, context.compress));
  if (padded.length > MAX_CONFIG_BYTES) {
    throw new SessionError<ConfigErrorCode>("CONFIG_TOO_LARGE", "the config is too large to be stored", {
      details: { size: padded.length, maxSize: MAX_CONFIG_BYTES, namespace: context.namespace },
    });
  }
  const [key] = context.keys;
  if (key === undefined)
    throw new SessionError<ConfigErrorCode>("CONFIG_KEY_INVALID", "there is no key to encrypt with");
  const encrypt = (plain: Uint8Array): Uint8Array =>
    encryptConfig(plain, { key, domain: context.domain }, crypto);
  if (padded.length + CONFIG_OVERHEAD > MAX_STORED_BYTES) {
    const { id, parts } = splitConfig(padded, crypto);
    return { messages: parts.map(encrypt), partsId: id };
  }
  return { messages: [wrapIfFits(encrypt(padded), seqno, context)], partsId: undefined };
}

function wrapIfFits(
  encrypted: Uint8Array,
  seqno: bigint,
  { wrap, namespace, crypto }: SealContext,
): Uint8Array {
  if (wrap === undefined) return encrypted;
  const wrapped = wrapConfig(encrypted, { ed25519: wrap, namespace, seqno }, crypto);
  return wrapped.length > MAX_STORED_BYTES ? encrypted : wrapped;
}

/**
 * @throws `CONFIG_DECRYPT_FAILED`, `CONFIG_UNKNOWN_FORMAT`, `CONFIG_PART_INVALID`, `ZSTD_INVALID`, `ZSTD_TOO_LARGE`
 */
export function openConfig(data: Uint8Array, context: SealContext): OpenedConfig {
  const { wrap, namespace, crypto } = context;
  const encrypted = wrap === undefined ? data : unwrapIfWrapped(data, { ed25519: wrap, namespace }, crypto);
  const plain = unpadConfig(decryptWithAny(encrypted, context));
  if (plain[0] === PART) return { kind: "part", part: parsePart(plain) };
  return { kind: "message", bytes: unpackConfig(plain) };
}

/** Decompresses a message if it is compressed. */
export function unpackConfig(plain: Uint8Array): Uint8Array {
  const bytes = plain[0] === COMPRESSED ? zstdDecompress(plain.subarray(1)) : plain;
  if (bytes[0] !== PLAIN) {
    throw new SessionError<ConfigErrorCode>("CONFIG_UNKNOWN_FORMAT", "the message is of no known kind");
  }
  return bytes;
}

function decryptWithAny(data: Uint8Array, { keys, domain, crypto }: SealContext): Uint8Array {
  let failure: unknown;
  for (const key of keys) {
    try {
      return decryptConfig(data, { key, domain }, crypto);
    } catch (error) {
      if (!isSessionError(error, "CONFIG_DECRYPT_FAILED")) throw error;
      failure = error;
    }
  }
  throw new SessionError<ConfigErrorCode>("CONFIG_DECRYPT_FAILED", "none of the keys opens the message", {
    cause: failure,
  });
}
