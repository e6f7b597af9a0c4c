/**
 * Ciphers and sealed boxes over noble-ciphers.
 *
 * A sealed box is ephemeral public key(32) ‖ tag(16) ‖ ciphertext. Key: HSalsa20 of the X25519 shared secret; nonce:
 * BLAKE2b-24 of ephemeral public key ‖ recipient.
 *
 * @module
 */
import { cbc, gcm } from "@noble/ciphers/aes.js";
import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import { hsalsa, xsalsa20poly1305 } from "@noble/ciphers/salsa.js";
import { blake2b } from "@noble/hashes/blake2.js";
import { randomBytes } from "@noble/hashes/utils.js";
import { concatBytes } from "../bytes/index.js";
import { decryptFailed, requireCipher, requireLength, requireX25519Pair, SEAL_LENGTH } from "./checks.js";
import { curveOperations } from "./curve.portable.js";
import type { Crypto, X25519KeyPair } from "./types.js";

/** The members of {@link Crypto} that this file implements. */
export type CipherOperations = Pick<
  Crypto,
  | "sealedBox"
  | "sealedBoxOpen"
  | "xsalsa20poly1305Encrypt"
  | "xsalsa20poly1305Decrypt"
  | "xchacha20poly1305Encrypt"
  | "xchacha20poly1305Decrypt"
  | "aes256gcmEncrypt"
  | "aes256gcmDecrypt"
  | "aes256cbcEncrypt"
  | "aes256cbcDecrypt"
>;

export const cipherOperations: CipherOperations = {
  sealedBox(message: Uint8Array, recipient: Uint8Array, ephemeral?: X25519KeyPair): Uint8Array {
    requireLength(recipient, 32, "an X25519 public key");
    const pair = ephemeral ?? newPair();
    requireX25519Pair(pair);
    const key = boxKey(pair.secretKey, recipient);
    const nonce = sealNonce(pair.publicKey, recipient);
    return concatBytes(pair.publicKey, xsalsa20poly1305(key, nonce).encrypt(message));
  },

  sealedBoxOpen(box: Uint8Array, recipient: X25519KeyPair): Uint8Array {
    requireX25519Pair(recipient);
    if (box.length < SEAL_LENGTH) throw decryptFailed();
    const ephemeral = box.subarray(0, 32);
    return decrypted(() => {
      const key = boxKey(recipient.secretKey, ephemeral);
      return xsalsa20poly1305(key, sealNonce(ephemeral, recipient.publicKey)).decrypt(box.subarray(32));
    });
  },

  xsalsa20poly1305Encrypt(key: Uint8Array, nonce: Uint8Array, message: Uint8Array): Uint8Array {
    requireCipher(key, nonce, 24);
    return xsalsa20poly1305(key, nonce).encrypt(message);
  },

  xsalsa20poly1305Decrypt(key: Uint8Array, nonce: Uint8Array, box: Uint8Array): Uint8Array {
    requireCipher(key, nonce, 24);
    return decrypted(() => xsalsa20poly1305(key, nonce).decrypt(box));
  },

  xchacha20poly1305Encrypt(
    key: Uint8Array,
    nonce: Uint8Array,
    message: Uint8Array,
    aad?: Uint8Array,
  ): Uint8Array {
    requireCipher(key, nonce, 24);
    return xchacha20poly1305(key, nonce, aad).encrypt(message);
  },

  xchacha20poly1305Decrypt(
    key: Uint8Array,
    nonce: Uint8Array,
    box: Uint8Array,
    aad?: Uint8Array,
  ): Uint8Array {
    requireCipher(key, nonce, 24);
    return decrypted(() => xchacha20poly1305(key, nonce, aad).decrypt(box));
  },

  aes256gcmEncrypt(key: Uint8Array, nonce: Uint8Array, message: Uint8Array, aad?: Uint8Array): Uint8Array {
    requireCipher(key, nonce, 12);
    return gcm(key, nonce, aad).encrypt(message);
  },

  aes256gcmDecrypt(key: Uint8Array, nonce: Uint8Array, box: Uint8Array, aad?: Uint8Array): Uint8Array {
    requireCipher(key, nonce, 12);
    return decrypted(() => gcm(key, nonce, aad).decrypt(box));
  },

  aes256cbcEncrypt(key: Uint8Array, iv: Uint8Array, message: Uint8Array): Uint8Array {
    requireCipher(key, iv, 16);
    return cbc(key, iv).encrypt(message);
  },

  aes256cbcDecrypt(key: Uint8Array, iv: Uint8Array, ciphertext: Uint8Array): Uint8Array {
    requireCipher(key, iv, 16);
    return decrypted(() => cbc(key, iv).decrypt(ciphertext));
  },
};

function newPair(): X25519KeyPair {
  const secretKey = randomBytes(32);
  return { secretKey, publicKey: curveOperations.x25519PublicKey(secretKey) };
}

/** `crypto_box_beforenm`: HSalsa20 of the shared secret with a zero input block. */
function boxKey(secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array {
  const shared = curveOperations.x25519(secretKey, publicKey);
  const key = new Uint32Array(8);
  hsalsa(SIGMA, words(shared), new Uint32Array(4), key);
  return bytesOfWords(key);
}

/** "expand 32-byte k" as little-endian words. */
const SIGMA: Uint32Array = /* @__PURE__ */ Uint32Array.of(0x61707865, 0x3320646e, 0x79622d32, 0x6b206574);

function words(bytes: Uint8Array): Uint32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Uint32Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(4 * i, true));
}

function bytesOfWords(numbers: Uint32Array): Uint8Array {
  const bytes = new Uint8Array(numbers.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [i, word] of numbers.entries()) view.setUint32(4 * i, word, true);
  return bytes;
}

function sealNonce(ephemeral: Uint8Array, recipient: Uint8Array): Uint8Array {
  return blake2b(concatBytes(ephemeral, recipient), { dkLen: 24 });
}

/** noble refuses with plain errors; whatever it says about the input, to our callers it does not decrypt. */
function decrypted(open: () => Uint8Array): Uint8Array {
  try {
    return open();
  } catch {
    throw decryptFailed();
  }
}
