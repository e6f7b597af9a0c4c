/**
 * Hashes and AES-256-CBC in pieces over noble.
 *
 * @module
 */
import { cbc } from "@noble/ciphers/aes.js";
import { blake2b } from "@noble/hashes/blake2.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes } from "../bytes/index.js";
import { decryptFailed, requireBlake2b, requireCipher } from "./checks.js";
import {
  type IncrementalCipher,
  type IncrementalHash,
  type IncrementalOperations,
  incrementalCipher,
  incrementalHash,
} from "./incremental.js";
import { secretstreamOperations } from "./secretstream.portable.js";
import type { Blake2bOptions } from "./types.js";

const BLOCK = 16;

export const incrementalOperations: IncrementalOperations = {
  ...secretstreamOperations,

  sha256Incremental(): IncrementalHash {
    return ofHash(sha256.create());
  },

  hmacSha256Incremental(key: Uint8Array): IncrementalHash {
    return ofHash(hmac.create(sha256, key));
  },

  blake2bIncremental(options: Blake2bOptions): IncrementalHash {
    requireBlake2b(options);
    const { size, key, salt, personal } = options;
    return ofHash(
      blake2b.create({
        dkLen: size,
        // BLAKE2 with a key of no bytes is BLAKE2 without a key; noble wants it left out.
        ...(key === undefined || key.length === 0 ? {} : { key }),
        ...(salt === undefined ? {} : { salt }),
        ...(personal === undefined ? {} : { personalization: personal }),
      }),
    );
  },

  // noble's CBC takes whole messages: pieces of whole blocks are chained by hand, through the iv.
  aes256cbcEncryptor(key: Uint8Array, iv: Uint8Array): IncrementalCipher {
    requireCipher(key, iv, BLOCK);
    // Copies even of Buffers, whose `slice` is a view.
    const ownKey = new Uint8Array(key);
    let chain: Uint8Array = new Uint8Array(iv);
    let rest: Uint8Array = new Uint8Array(0);
    const update = (bytes: Uint8Array): Uint8Array => {
      const [blocks, left] = wholeBlocks(rest, bytes, 0);
      rest = left;
      if (blocks.length === 0) return blocks;
      const output = cbc(ownKey, chain, { disablePadding: true }).encrypt(blocks);
      chain = output.slice(-BLOCK);
      return output;
    };
    return incrementalCipher(update, () => cbc(ownKey, chain).encrypt(rest));
  },

  aes256cbcDecryptor(key: Uint8Array, iv: Uint8Array): IncrementalCipher {
    requireCipher(key, iv, BLOCK);
    const ownKey = new Uint8Array(key);
    let chain: Uint8Array = new Uint8Array(iv);
    let rest: Uint8Array = new Uint8Array(0);
    const update = (bytes: Uint8Array): Uint8Array => {
      // The last block stays until the end: it holds the padding.
      const [blocks, left] = wholeBlocks(rest, bytes, 1);
      rest = left;
      if (blocks.length === 0) return blocks;
      const output = cbc(ownKey, chain, { disablePadding: true }).decrypt(blocks);
      chain = blocks.slice(-BLOCK);
      return output;
    };
    const final = (): Uint8Array => {
      try {
        return cbc(ownKey, chain).decrypt(rest).slice();
      } catch {
        throw decryptFailed();
      }
    };
    return incrementalCipher(update, final);
  },
};

function ofHash(hash: { update(bytes: Uint8Array): unknown; digest(): Uint8Array }): IncrementalHash {
  return incrementalHash(
    (bytes) => hash.update(bytes),
    () => hash.digest(),
  );
}

/** The whole blocks at hand, without at least `keep` bytes; and what is left, at most a block. */
function wholeBlocks(
  rest: Uint8Array,
  bytes: Uint8Array,
  keep: 0 | 1,
): [blocks: Uint8Array, left: Uint8Array] {
  const length = Math.max(0, Math.floor((rest.length + bytes.length - keep) / BLOCK) * BLOCK);
  const taken = length === 0 ? 0 : length - rest.length;
  const blocks = length === 0 ? new Uint8Array(0) : concatBytes(rest, bytes.subarray(0, taken));
  const left = length === 0 ? concatBytes(rest, bytes) : new Uint8Array(bytes.subarray(taken));
  return [blocks, left];
}
