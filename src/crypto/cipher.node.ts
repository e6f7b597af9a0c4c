/**
 * Ciphers and sealed boxes over libsodium, AES over OpenSSL.
 *
 * AES-256-GCM is OpenSSL's because libsodium has it only for processors with AES instructions.
 *
 * @module
 */
import { createCipheriv, createDecipheriv } from "node:crypto";
import { concatBytes } from "../bytes/index.js";
import {
  decryptFailed,
  lowOrder,
  requireCipher,
  requireLength,
  requireX25519Pair,
  SEAL_LENGTH,
  TAG_LENGTH,
} from "./checks.js";
import type { CipherOperations } from "./cipher.portable.js";
import { sodium, succeeds } from "./sodium.node.js";
import type { X25519KeyPair } from "./types.js";

export const cipherOperations: CipherOperations = {
  sealedBox(message: Uint8Array, recipient: Uint8Array, ephemeral?: X25519KeyPair): Uint8Array {
    requireLength(recipient, 32, "an X25519 public key");
    const box = new Uint8Array(message.length + SEAL_LENGTH);
    if (ephemeral === undefined) {
      if (!succeeds(() => sodium.crypto_box_seal(box, message, recipient))) throw lowOrder();
      return box;
    }
    requireX25519Pair(ephemeral);
    const nonce = new Uint8Array(24);
    sodium.crypto_generichash(nonce, concatBytes(ephemeral.publicKey, recipient));
    box.set(ephemeral.publicKey);
    const sealed = succeeds(() =>
      sodium.crypto_box_easy(box.subarray(32), message, nonce, recipient, ephemeral.secretKey),
    );
    if (!sealed) throw lowOrder();
    return box;
  },

  sealedBoxOpen(box: Uint8Array, recipient: X25519KeyPair): Uint8Array {
    requireX25519Pair(recipient);
    if (box.length < SEAL_LENGTH) throw decryptFailed();
    const message = new Uint8Array(box.length - SEAL_LENGTH);
    if (!sodium.crypto_box_seal_open(message, box, recipient.publicKey, recipient.secretKey))
      throw decryptFailed();
    return message;
  },

  xsalsa20poly1305Encrypt(key: Uint8Array, nonce: Uint8Array, message: Uint8Array): Uint8Array {
    requireCipher(key, nonce, 24);
    const box = new Uint8Array(message.length + TAG_LENGTH);
    sodium.crypto_secretbox_easy(box, message, nonce, key);
    return box;
  },

  xsalsa20poly1305Decrypt(key: Uint8Array, nonce: Uint8Array, box: Uint8Array): Uint8Array {
    requireCipher(key, nonce, 24);
    if (box.length < TAG_LENGTH) throw decryptFailed();
    const message = new Uint8Array(box.length - TAG_LENGTH);
    if (!sodium.crypto_secretbox_open_easy(message, box, nonce, key)) throw decryptFailed();
    return message;
  },

  xchacha20poly1305Encrypt(
    key: Uint8Array,
    nonce: Uint8Array,
    message: Uint8Array,
    aad?: Uint8Array,
  ): Uint8Array {
    requireCipher(key, nonce, 24);
    const box = new Uint8Array(message.length + TAG_LENGTH);
    sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(box, message, aad ?? null, null, nonce, key);
    return box;
  },

  xchacha20poly1305Decrypt(
    key: Uint8Array,
    nonce: Uint8Array,
    box: Uint8Array,
    aad?: Uint8Array,
  ): Uint8Array {
    requireCipher(key, nonce, 24);
    if (box.length < TAG_LENGTH) throw decryptFailed();
    const message = new Uint8Array(box.length - TAG_LENGTH);
    const opened = succeeds(() =>
      sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(message, null, box, aad ?? null, nonce, key),
    );
    if (!opened) throw decryptFailed();
    return message;
  },

  aes256gcmEncrypt(key: Uint8Array, nonce: Uint8Array, message: Uint8Array, aad?: Uint8Array): Uint8Array {
    requireCipher(key, nonce, 12);
    const cipher = createCipheriv("aes-256-gcm", key, nonce);
    if (aad !== undefined) cipher.setAAD(aad);
    const box = new Uint8Array(message.length + TAG_LENGTH);
    box.set(cipher.update(message));
    cipher.final();
    box.set(cipher.getAuthTag(), message.length);
    return box;
  },

  aes256gcmDecrypt(key: Uint8Array, nonce: Uint8Array, box: Uint8Array, aad?: Uint8Array): Uint8Array {
    requireCipher(key, nonce, 12);
    const length = box.length - TAG_LENGTH;
    if (length < 0) throw decryptFailed();
    const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_LENGTH });
    if (aad !== undefined) decipher.setAAD(aad);
    decipher.setAuthTag(box.subarray(length));
    const message = plain(decipher.update(box.subarray(0, length)));
    if (!succeeds(() => decipher.final())) throw decryptFailed();
    return message;
  },

  aes256cbcEncrypt(key: Uint8Array, iv: Uint8Array, message: Uint8Array): Uint8Array {
    requireCipher(key, iv, 16);
    const cipher = createCipheriv("aes-256-cbc", key, iv);
    return concatBytes(cipher.update(message), cipher.final());
  },

  aes256cbcDecrypt(key: Uint8Array, iv: Uint8Array, ciphertext: Uint8Array): Uint8Array {
    requireCipher(key, iv, 16);
    const decipher = createDecipheriv("aes-256-cbc", key, iv);
    const start = decipher.update(ciphertext);
    let end: Uint8Array;
    try {
      end = decipher.final();
    } catch {
      throw decryptFailed();
    }
    return concatBytes(start, end);
  },
};

/** A Buffer's bytes as a plain Uint8Array; without a copy where the Buffer has its memory to itself. */
export function plain(buffer: Buffer): Uint8Array {
  const alone = buffer.byteOffset === 0 && buffer.buffer.byteLength === buffer.length;
  return alone ? new Uint8Array(buffer.buffer) : new Uint8Array(buffer);
}
