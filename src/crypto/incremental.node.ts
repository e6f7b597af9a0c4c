/**
 * Input in pieces over libsodium (BLAKE2b, secretstream) and OpenSSL (SHA-256, AES-256-CBC).
 *
 * The binding has no BLAKE2b with salt or personalisation. Both are parameters that BLAKE2b adds (XOR) to its first
 * chaining value, which libsodium keeps, little endian, in the first 64 bytes of the state: after the ordinary start
 * they are added there. The state is checked to be what BLAKE2b prescribes before that is done; if it ever is not, noble
 * computes the hash.
 *
 * @module
 */
import { createCipheriv, createDecipheriv, createHash, createHmac, type Hash, type Hmac } from "node:crypto";
import { equalBytes } from "../bytes/index.js";
import { badTag, decryptFailed, requireBlake2b, requireCipher } from "./checks.js";
import { plain } from "./cipher.node.js";
import {
  type IncrementalCipher,
  type IncrementalHash,
  type IncrementalOperations,
  incrementalCipher,
  incrementalHash,
  SECRETSTREAM_OVERHEAD,
  type SecretstreamDecryptor,
  type SecretstreamEncryptor,
} from "./incremental.js";
import { incrementalOperations as portableOperations } from "./incremental.portable.js";
import { sodium, succeeds } from "./sodium.node.js";
import type { Blake2bOptions } from "./types.js";

/** Least size of a digest, and of a key, that the binding takes. */
const BINDING_MINIMUM = 16;
/** Where the parameters salt and personalisation meet the chaining value. */
const SALT_OFFSET = 32;
const PERSONAL_OFFSET = 48;

export const incrementalOperations: IncrementalOperations = {
  sha256Incremental(): IncrementalHash {
    return ofOpenSsl(createHash("sha256"));
  },

  hmacSha256Incremental(key: Uint8Array): IncrementalHash {
    return ofOpenSsl(createHmac("sha256", key));
  },

  blake2bIncremental(options: Blake2bOptions): IncrementalHash {
    requireBlake2b(options);
    const { size } = options;
    const state = startBlake2b(options);
    if (state === undefined) return portableOperations.blake2bIncremental(options);
    const digest = (): Uint8Array => {
      const out = new Uint8Array(size);
      sodium.crypto_generichash_final(state, out);
      return out;
    };
    return incrementalHash((bytes) => {
      // The binding refuses to add nothing.
      if (bytes.length > 0) sodium.crypto_generichash_update(state, bytes);
    }, digest);
  },

  aes256cbcEncryptor(key: Uint8Array, iv: Uint8Array): IncrementalCipher {
    requireCipher(key, iv, 16);
    const cipher = createCipheriv("aes-256-cbc", key, iv);
    return incrementalCipher(
      (bytes) => plain(cipher.update(bytes)),
      () => plain(cipher.final()),
    );
  },

  aes256cbcDecryptor(key: Uint8Array, iv: Uint8Array): IncrementalCipher {
    requireCipher(key, iv, 16);
    const decipher = createDecipheriv("aes-256-cbc", key, iv);
    const final = (): Uint8Array => {
      try {
        return plain(decipher.final());
      } catch {
        throw decryptFailed();
      }
    };
    return incrementalCipher((bytes) => plain(decipher.update(bytes)), final);
  },

  // Both ends start from the same state; only `init_pull` takes a given header.
  secretstreamEncryptor(key: Uint8Array, header: Uint8Array): SecretstreamEncryptor {
    const state = startSecretstream(key, header);
    return {
      push(message: Uint8Array, tag: number): Uint8Array {
        if (!Number.isInteger(tag) || tag < 0 || tag > 255) throw badTag(tag);
        const box = new Uint8Array(message.length + SECRETSTREAM_OVERHEAD);
        sodium.crypto_secretstream_xchacha20poly1305_push(state, box, message, null, tag);
        return box;
      },
    };
  },

  secretstreamDecryptor(key: Uint8Array, header: Uint8Array): SecretstreamDecryptor {
    const state = startSecretstream(key, header);
    const tag = new Uint8Array(1);
    return {
      pull(box: Uint8Array): { readonly message: Uint8Array; readonly tag: number } {
        if (box.length < SECRETSTREAM_OVERHEAD) throw decryptFailed();
        const message = new Uint8Array(box.length - SECRETSTREAM_OVERHEAD);
        const opened = succeeds(() =>
          sodium.crypto_secretstream_xchacha20poly1305_pull(state, message, tag, box, null),
        );
        if (!opened) throw decryptFailed();
        return { message, tag: tag[0] as number };
      },
    };
  },
};

function ofOpenSsl(hash: Hash | Hmac): IncrementalHash {
  return incrementalHash(
    (bytes) => hash.update(bytes),
    () => plain(hash.digest()),
  );
}

/** libsodium's state after the parameters, or undefined where the binding cannot do it. */
function startBlake2b({ size, key, salt, personal }: Blake2bOptions): Uint8Array | undefined {
  const keyLength = key?.length ?? 0;
  if (size < BINDING_MINIMUM || (keyLength > 0 && keyLength < BINDING_MINIMUM)) return undefined;
  const state = new Uint8Array(sodium.crypto_generichash_STATEBYTES);
  sodium.crypto_generichash_init(state, keyLength === 0 ? null : (key as Uint8Array), size);
  if (salt === undefined && personal === undefined) return state;
  if (!equalBytes(state.subarray(0, 64), firstChainingValue(size, keyLength))) return undefined;
  for (const [bytes, offset] of [
    [salt, SALT_OFFSET],
    [personal, PERSONAL_OFFSET],
  ] as const) {
    for (const [i, byte] of (bytes ?? []).entries()) state[offset + i] = (state[offset + i] as number) ^ byte;
  }
  return state;
}

/** RFC 7693 §2.5 and §3.2: the SHA-512 constants, with digest length, key length, fanout 1 and depth 1 added. */
function firstChainingValue(size: number, keyLength: number): Uint8Array {
  const bytes = new Uint8Array(64);
  const view = new DataView(bytes.buffer);
  for (const [i, word] of IV.entries()) view.setBigUint64(8 * i, word, true);
  view.setUint32(0, view.getUint32(0, true) ^ (0x01010000 | (keyLength << 8) | size), true);
  return bytes;
}

const IV: readonly bigint[] = [
  0x6a09e667f3bcc908n,
  0xbb67ae8584caa73bn,
  0x3c6ef372fe94f82bn,
  0xa54ff53a5f1d36f1n,
  0x510e527fade682d1n,
  0x9b05688c2b3e6c1fn,
  0x1f83d9abfb41bd6bn,
  0x5be0cd19137e2179n,
];

function startSecretstream(key: Uint8Array, header: Uint8Array): Uint8Array {
  requireCipher(key, header, 24);
  const state = new Uint8Array(sodium.crypto_secretstream_xchacha20poly1305_STATEBYTES);
  sodium.crypto_secretstream_xchacha20poly1305_init_pull(state, header, key);
  return state;
}
