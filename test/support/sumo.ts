/**
 * libsodium compiled to WebAssembly (`libsodium-wrappers-sumo`), what other JavaScript Session software uses, behind
 * the same interface: a third opinion in tests and the baseline of the benchmarks.
 *
 * What it lacks comes from elsewhere: AES from `node:crypto`, BLAKE2b outside its limits from {@link referenceBlake2b}.
 */
import { createCipheriv, createDecipheriv } from "node:crypto";
import sodium from "libsodium-wrappers-sumo";
import { concatBytes } from "session-messenger-sdk/bytes";
import type {
  Crypto,
  CryptoErrorCode,
  IncrementalCipher,
  IncrementalHash,
} from "session-messenger-sdk/crypto";
import { SessionError } from "session-messenger-sdk/errors";
import { referenceBlake2b } from "./blake2b.js";

await sodium.ready;

function check(bytes: Uint8Array, length: number): void {
  if (bytes.length !== length) refuse("CRYPTO_INVALID_LENGTH");
}

function refuse(code: CryptoErrorCode): never {
  throw new SessionError(code, "refused");
}

/** The wrapper throws plain errors; `code` says what they mean here. */
function attempt<T>(code: CryptoErrorCode, call: () => T): T {
  try {
    return call();
  } catch {
    return refuse(code);
  }
}

const seedOf = (secretKey: Uint8Array): Uint8Array =>
  secretKey.length === 64 ? secretKey.slice(0, 32) : secretKey;
const TAG = 16;

export const sumoCrypto: Crypto = {
  name: "sumo",

  randomBytes(length) {
    if (!(length >= 0 && length <= 2 ** 30 && Number.isInteger(length))) refuse("CRYPTO_INVALID_LENGTH");
    return sodium.randombytes_buf(length);
  },

  sha256: (message) => sodium.crypto_hash_sha256(message),
  sha512: (message) => sodium.crypto_hash_sha512(message),
  hmacSha256(key, message) {
    const state = sodium.crypto_auth_hmacsha256_init(key);
    sodium.crypto_auth_hmacsha256_update(state, message);
    return sodium.crypto_auth_hmacsha256_final(state);
  },
  blake2b(message, { size, key, salt, personal }) {
    if (!(Number.isInteger(size) && size >= 1 && size <= 64)) refuse("CRYPTO_INVALID_LENGTH");
    if (key !== undefined && key.length > 64) refuse("CRYPTO_INVALID_LENGTH");
    if (salt !== undefined) check(salt, 16);
    if (personal !== undefined) check(personal, 16);
    const used = key === undefined || key.length === 0 ? undefined : key;
    const plain = salt === undefined && personal === undefined && size >= 16;
    return plain
      ? sodium.crypto_generichash(size, message, used ?? null)
      : referenceBlake2b(message, size, used, salt, personal);
  },

  ed25519KeyPair(seed) {
    check(seed, 32);
    const pair = sodium.crypto_sign_seed_keypair(seed);
    return { publicKey: pair.publicKey, secretKey: pair.privateKey };
  },
  ed25519Sign(message, secretKey) {
    check(secretKey, 64);
    return sodium.crypto_sign_detached(message, secretKey);
  },
  ed25519Verify(signature, message, publicKey) {
    check(signature, 64);
    check(publicKey, 32);
    return sodium.crypto_sign_verify_detached(signature, message, publicKey);
  },
  ed25519PublicKeyToX25519(publicKey) {
    check(publicKey, 32);
    return attempt("CRYPTO_INVALID_PUBLIC_KEY", () => sodium.crypto_sign_ed25519_pk_to_curve25519(publicKey));
  },
  ed25519SecretKeyToX25519(secretKey) {
    const seed = seedOf(secretKey);
    check(seed, 32);
    // The wrapper takes 64 bytes, of which only the first 32 count.
    const whole = new Uint8Array(64);
    whole.set(seed);
    return sodium.crypto_sign_ed25519_sk_to_curve25519(whole);
  },

  x25519PublicKey(secretKey) {
    check(secretKey, 32);
    return sodium.crypto_scalarmult_base(secretKey);
  },
  x25519(secretKey, publicKey) {
    check(secretKey, 32);
    check(publicKey, 32);
    return attempt("CRYPTO_LOW_ORDER", () => sodium.crypto_scalarmult(secretKey, publicKey));
  },

  scalarReduce(wide) {
    check(wide, 64);
    return sodium.crypto_core_ed25519_scalar_reduce(wide);
  },
  scalarMultiply(a, b) {
    check(a, 32);
    check(b, 32);
    return sodium.crypto_core_ed25519_scalar_mul(a, b);
  },
  scalarAdd(a, b) {
    check(a, 32);
    check(b, 32);
    return sodium.crypto_core_ed25519_scalar_add(a, b);
  },
  scalarNegate(a) {
    check(a, 32);
    return sodium.crypto_core_ed25519_scalar_negate(a);
  },
  pointMultiplyBase(scalar) {
    check(scalar, 32);
    return attempt("CRYPTO_ZERO_SCALAR", () => sodium.crypto_scalarmult_ed25519_base_noclamp(scalar));
  },
  pointMultiply(scalar, point) {
    check(scalar, 32);
    check(point, 32);
    const valid = sodium.crypto_core_ed25519_is_valid_point(point);
    return attempt(valid ? "CRYPTO_ZERO_SCALAR" : "CRYPTO_INVALID_PUBLIC_KEY", () =>
      sodium.crypto_scalarmult_ed25519_noclamp(scalar, point),
    );
  },
  isValidPoint(point) {
    check(point, 32);
    return sodium.crypto_core_ed25519_is_valid_point(point);
  },

  sealedBox(message, recipient, ephemeral) {
    check(recipient, 32);
    if (ephemeral === undefined) {
      return attempt("CRYPTO_LOW_ORDER", () => sodium.crypto_box_seal(message, recipient));
    }
    check(ephemeral.publicKey, 32);
    check(ephemeral.secretKey, 32);
    const both = new Uint8Array([...ephemeral.publicKey, ...recipient]);
    const nonce = sodium.crypto_generichash(24, both, null);
    const box = attempt("CRYPTO_LOW_ORDER", () =>
      sodium.crypto_box_easy(message, nonce, recipient, ephemeral.secretKey),
    );
    return new Uint8Array([...ephemeral.publicKey, ...box]);
  },
  sealedBoxOpen(box, recipient) {
    check(recipient.publicKey, 32);
    check(recipient.secretKey, 32);
    return attempt("CRYPTO_DECRYPT_FAILED", () =>
      sodium.crypto_box_seal_open(box, recipient.publicKey, recipient.secretKey),
    );
  },

  xsalsa20poly1305Encrypt(key, nonce, message) {
    check(key, 32);
    check(nonce, 24);
    return sodium.crypto_secretbox_easy(message, nonce, key);
  },
  xsalsa20poly1305Decrypt(key, nonce, box) {
    check(key, 32);
    check(nonce, 24);
    return attempt("CRYPTO_DECRYPT_FAILED", () => sodium.crypto_secretbox_open_easy(box, nonce, key));
  },
  xchacha20poly1305Encrypt(key, nonce, message, aad) {
    check(key, 32);
    check(nonce, 24);
    return sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(message, aad ?? null, null, nonce, key);
  },
  xchacha20poly1305Decrypt(key, nonce, box, aad) {
    check(key, 32);
    check(nonce, 24);
    return attempt("CRYPTO_DECRYPT_FAILED", () =>
      sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(null, box, aad ?? null, nonce, key),
    );
  },

  aes256gcmEncrypt(key, nonce, message, aad = new Uint8Array(0)) {
    check(key, 32);
    check(nonce, 12);
    const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(aad);
    return new Uint8Array(Buffer.concat([cipher.update(message), cipher.final(), cipher.getAuthTag()]));
  },
  aes256gcmDecrypt(key, nonce, box, aad = new Uint8Array(0)) {
    check(key, 32);
    check(nonce, 12);
    if (box.length < TAG) refuse("CRYPTO_DECRYPT_FAILED");
    const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG }).setAAD(aad);
    decipher.setAuthTag(box.slice(-TAG));
    const start = decipher.update(box.slice(0, -TAG));
    return attempt("CRYPTO_DECRYPT_FAILED", () => new Uint8Array(Buffer.concat([start, decipher.final()])));
  },
  aes256cbcEncrypt(key, iv, message) {
    check(key, 32);
    check(iv, 16);
    const cipher = createCipheriv("aes-256-cbc", key, iv);
    return new Uint8Array(Buffer.concat([cipher.update(message), cipher.final()]));
  },
  aes256cbcDecrypt(key, iv, ciphertext) {
    check(key, 32);
    check(iv, 16);
    const decipher = createDecipheriv("aes-256-cbc", key, iv);
    const start = decipher.update(ciphertext);
    return attempt("CRYPTO_DECRYPT_FAILED", () => new Uint8Array(Buffer.concat([start, decipher.final()])));
  },
  sha256Incremental: () => collected((whole) => sumoCrypto.sha256(whole)),
  hmacSha256Incremental(key) {
    const own = new Uint8Array(key);
    return collected((whole) => sumoCrypto.hmacSha256(own, whole));
  },
  blake2bIncremental(options) {
    sumoCrypto.blake2b(new Uint8Array(), options);
    return collected((whole) => sumoCrypto.blake2b(whole, options));
  },
  aes256cbcEncryptor(key, iv) {
    check(key, 32);
    check(iv, 16);
    const own = [new Uint8Array(key), new Uint8Array(iv)] as const;
    return atTheEnd(collected((whole) => sumoCrypto.aes256cbcEncrypt(...own, whole)));
  },
  aes256cbcDecryptor(key, iv) {
    check(key, 32);
    check(iv, 16);
    const own = [new Uint8Array(key), new Uint8Array(iv)] as const;
    return atTheEnd(collected((whole) => sumoCrypto.aes256cbcDecrypt(...own, whole)));
  },
  secretstreamEncryptor(key, header) {
    check(key, 32);
    check(header, 24);
    const state = sodium.crypto_secretstream_xchacha20poly1305_init_pull(header, key);
    return {
      push(message, tag) {
        if (!(Number.isInteger(tag) && tag >= 0 && tag <= 255)) refuse("CRYPTO_INVALID_LENGTH");
        return sodium.crypto_secretstream_xchacha20poly1305_push(state, message, null, tag);
      },
    };
  },
  secretstreamDecryptor(key, header) {
    check(key, 32);
    check(header, 24);
    const state = sodium.crypto_secretstream_xchacha20poly1305_init_pull(header, key);
    return {
      pull(box) {
        if (box.length < 17) refuse("CRYPTO_DECRYPT_FAILED");
        const opened = sodium.crypto_secretstream_xchacha20poly1305_pull(state, box, null);
        return opened === false ? refuse("CRYPTO_DECRYPT_FAILED") : opened;
      },
    };
  },
};

/** Input in pieces for functions that want it whole. */
function collected(finish: (whole: Uint8Array) => Uint8Array): IncrementalHash {
  const pieces: Uint8Array[] = [];
  let ended = false;
  return {
    update(bytes) {
      if (ended) refuse("CRYPTO_ENDED");
      pieces.push(new Uint8Array(bytes));
    },
    digest() {
      if (ended) refuse("CRYPTO_ENDED");
      ended = true;
      return finish(concatBytes(...pieces));
    },
  };
}

/** A cipher that gives everything in its last piece. */
function atTheEnd(input: IncrementalHash): IncrementalCipher {
  return {
    update(bytes) {
      input.update(bytes);
      return new Uint8Array();
    },
    final: () => input.digest(),
  };
}
