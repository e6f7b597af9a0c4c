/**
 * Compliance: sealed boxes, XSalsa20-Poly1305, XChaCha20-Poly1305, AES-256-GCM, AES-256-CBC.
 *
 * @module
 */
import { bytesToHex, hexToBytes } from "../bytes/index.js";
import {
  type ComplianceCheck,
  corruptions,
  expectBytes,
  expectEqual,
  expectRefusal,
  run,
} from "./compliance-assert.js";
import { LOW_ORDER_U } from "./compliance-points.js";
import type { Crypto, X25519KeyPair } from "./types.js";

/** A cipher key. */
export const KEY: Uint8Array = run(0x10, 32);
/** What is encrypted. */
export const MESSAGE: Uint8Array = run(0, 40);
const AAD = run(0x90, 7);
const EMPTY = new Uint8Array(0);
/** Whom sealed boxes are for. */
export const RECIPIENT: X25519KeyPair = {
  secretKey: run(0x60, 32),
  publicKey: hexToBytes("675dd574ed7789310b3d2e7681f3790b466c773b1521fecf36577958371ea52f"),
};
const EPHEMERAL: X25519KeyPair = {
  secretKey: run(0x40, 32),
  publicKey: hexToBytes("79a631eede1bf9c98f12032cdeadd0e7a079398fc786b88cc846ec89af85a51a"),
};
const SEALED =
  "79a631eede1bf9c98f12032cdeadd0e7a079398fc786b88cc846ec89af85a51a4f5d746696afd264c4a6088dfd1f51fb44c4e4b9037c41b56593e78aa5ebab98e90eabdf07d4c5d7cfe77cb9dd29cedeec9863f7ff430451";

/** One direction of a cipher. */
export type Cipher = (
  crypto: Crypto,
  key: Uint8Array,
  nonce: Uint8Array,
  input: Uint8Array,
  aad?: Uint8Array,
) => Uint8Array;

/** An authenticated cipher and what it must give. */
export interface AeadCase {
  readonly name: string;
  readonly nonce: Uint8Array;
  readonly encrypt: Cipher;
  readonly decrypt: Cipher;
  /** Of {@link MESSAGE}; of nothing; of {@link MESSAGE} with {@link AAD}. */
  readonly box: string;
  readonly emptyBox: string;
  readonly aadBox?: string;
}

/** The three authenticated ciphers. */
export const AEADS: readonly AeadCase[] = [
  {
    name: "xsalsa20poly1305",
    nonce: run(0x30, 24),
    encrypt: (crypto, key, nonce, input) => crypto.xsalsa20poly1305Encrypt(key, nonce, input),
    decrypt: (crypto, key, nonce, input) => crypto.xsalsa20poly1305Decrypt(key, nonce, input),
    box: "0f1a36f34ad6c654fd6850c56fbc9d4d6c0fdec271b43ff6f930f09ed20632cabe3b080e18f7b22f2f49c7ec8acb9c600209828340e140e3",
    emptyBox: "e409ebd688e45fd7639b5146e67dd520",
  },
  {
    name: "xchacha20poly1305",
    nonce: run(0x30, 24),
    encrypt: (crypto, key, nonce, input, aad) => crypto.xchacha20poly1305Encrypt(key, nonce, input, aad),
    decrypt: (crypto, key, nonce, input, aad) => crypto.xchacha20poly1305Decrypt(key, nonce, input, aad),
    box: "f42d6906baf1499ff02b7924bb9b5e9286ea8203ddc7fafda710fdb8cae80a52efc62b73d41e8135fccc8499a02d8c7c8b7704303c1ae978",
    emptyBox: "ff51187446774e3b97de1e95d0d66b4c",
    aadBox:
      "f42d6906baf1499ff02b7924bb9b5e9286ea8203ddc7fafda710fdb8cae80a52efc62b73d41e81355d8ff4d8605fd5ad6c3e48ecbc89d65f",
  },
  {
    name: "aes256gcm",
    nonce: run(0x50, 12),
    encrypt: (crypto, key, nonce, input, aad) => crypto.aes256gcmEncrypt(key, nonce, input, aad),
    decrypt: (crypto, key, nonce, input, aad) => crypto.aes256gcmDecrypt(key, nonce, input, aad),
    box: "716f370ed3b2419f6cfce1e47d0b052c0793a6dd230e30f5905d0a0fd1d1a38c9b33d481df717b850bbd0be499672f41ea0cf33c14ef7170",
    emptyBox: "4e2c3bbc7fafc930534d3be3f8ef1d14",
    aadBox:
      "716f370ed3b2419f6cfce1e47d0b052c0793a6dd230e30f5905d0a0fd1d1a38c9b33d481df717b8530d98cc506ab2708a2951a31ca766cff",
  },
];

const sealedBoxChecks: readonly ComplianceCheck[] = [
  {
    name: "sealedBox with a given ephemeral pair, and its opening",
    run: (crypto) => {
      expectBytes(crypto.sealedBox(MESSAGE, RECIPIENT.publicKey, EPHEMERAL), SEALED);
      expectBytes(crypto.sealedBoxOpen(hexToBytes(SEALED), RECIPIENT), bytesToHex(MESSAGE));
    },
  },
  {
    name: "sealedBox draws a fresh ephemeral pair for every box",
    run: (crypto) => {
      const boxes = Array.from({ length: 4 }, () => crypto.sealedBox(EMPTY, RECIPIENT.publicKey));
      expectEqual(
        new Set(boxes.map((box) => bytesToHex(box.subarray(0, 32)))).size,
        4,
        "an ephemeral key repeats",
      );
      for (const box of boxes) {
        expectEqual(box.length, 48, "the box of nothing has 48 bytes");
        expectBytes(crypto.sealedBoxOpen(box, RECIPIENT), "");
      }
    },
  },
  {
    name: "sealedBoxOpen refuses changed, short and foreign boxes",
    run: (crypto) => {
      const box = hexToBytes(SEALED);
      for (const changed of corruptions(box)) {
        expectRefusal("CRYPTO_DECRYPT_FAILED", () => crypto.sealedBoxOpen(changed, RECIPIENT));
      }
      for (const length of [0, 31, 47, 48, box.length - 1]) {
        expectRefusal("CRYPTO_DECRYPT_FAILED", () =>
          crypto.sealedBoxOpen(box.subarray(0, length), RECIPIENT),
        );
      }
      expectRefusal("CRYPTO_DECRYPT_FAILED", () => crypto.sealedBoxOpen(box, EPHEMERAL));
      // The public key belongs to the nonce: a wrong one must not open the box either.
      const crossed = { secretKey: RECIPIENT.secretKey, publicKey: EPHEMERAL.publicKey };
      expectRefusal("CRYPTO_DECRYPT_FAILED", () => crypto.sealedBoxOpen(box, crossed));
    },
  },
  {
    name: "sealed boxes refuse low-order keys",
    run: (crypto) => {
      for (const key of LOW_ORDER_U.map(hexToBytes)) {
        expectRefusal("CRYPTO_LOW_ORDER", () => crypto.sealedBox(MESSAGE, key));
        expectRefusal("CRYPTO_LOW_ORDER", () => crypto.sealedBox(MESSAGE, key, EPHEMERAL));
        const box = new Uint8Array(64);
        box.set(key);
        expectRefusal("CRYPTO_DECRYPT_FAILED", () => crypto.sealedBoxOpen(box, RECIPIENT));
      }
    },
  },
  {
    name: "sealed boxes refuse keys of wrong lengths",
    run: (crypto) => {
      const box = hexToBytes(SEALED);
      for (const wrong of [EMPTY, run(0, 31), run(0, 33)]) {
        expectRefusal("CRYPTO_INVALID_LENGTH", () => crypto.sealedBox(MESSAGE, wrong));
        for (const bad of [
          { ...RECIPIENT, publicKey: wrong },
          { ...RECIPIENT, secretKey: wrong },
        ]) {
          expectRefusal("CRYPTO_INVALID_LENGTH", () => crypto.sealedBoxOpen(box, bad));
          expectRefusal("CRYPTO_INVALID_LENGTH", () => crypto.sealedBox(MESSAGE, RECIPIENT.publicKey, bad));
        }
      }
    },
  },
];

function aeadChecks({ name, nonce, encrypt, decrypt, box, emptyBox, aadBox }: AeadCase): ComplianceCheck[] {
  return [
    {
      name: `${name} encrypts and decrypts`,
      run: (crypto) => {
        for (const [message, expected, aad] of [
          [MESSAGE, box, undefined],
          [EMPTY, emptyBox, undefined],
          ...(aadBox === undefined ? [] : ([[MESSAGE, aadBox, AAD]] as const)),
          // Additional data of no bytes is no additional data.
          [MESSAGE, box, EMPTY],
        ] as const) {
          expectBytes(encrypt(crypto, KEY, nonce, message, aad), expected);
          expectBytes(decrypt(crypto, KEY, nonce, hexToBytes(expected), aad), bytesToHex(message));
        }
      },
    },
    {
      name: `${name} refuses every change`,
      run: (crypto) => {
        const good = hexToBytes(aadBox ?? box);
        const aad = aadBox === undefined ? undefined : AAD;
        for (const changed of corruptions(good)) {
          expectRefusal("CRYPTO_DECRYPT_FAILED", () => decrypt(crypto, KEY, nonce, changed, aad));
        }
        for (const length of [0, 1, 15, 16, good.length - 1]) {
          const short = good.subarray(0, length);
          expectRefusal("CRYPTO_DECRYPT_FAILED", () => decrypt(crypto, KEY, nonce, short, aad));
        }
        expectRefusal("CRYPTO_DECRYPT_FAILED", () => decrypt(crypto, run(0x11, 32), nonce, good, aad));
        expectRefusal("CRYPTO_DECRYPT_FAILED", () => decrypt(crypto, KEY, run(1, nonce.length), good, aad));
        if (aad === undefined) return;
        expectRefusal("CRYPTO_DECRYPT_FAILED", () => decrypt(crypto, KEY, nonce, good));
        expectRefusal("CRYPTO_DECRYPT_FAILED", () => decrypt(crypto, KEY, nonce, good, run(0x91, 7)));
      },
    },
    {
      name: `${name} refuses keys and nonces of wrong lengths`,
      run: (crypto) => expectCipherLengths(crypto, nonce.length, encrypt, decrypt),
    },
  ];
}

const cbcChecks: readonly ComplianceCheck[] = [
  {
    name: "aes256cbc encrypts and decrypts with PKCS#7 padding",
    run: (crypto) => {
      for (const [message, expected] of [
        [
          MESSAGE,
          "3187cfe24b6fbf75e8349a736b16ff79018469eae48b0e15d078bd89d6e140198bd56ba36da174c30d8a558d8c91e159",
        ],
        [EMPTY, "14afd7d5ba67c12b67a2cad2f668c634"],
        [run(0, 16), "3187cfe24b6fbf75e8349a736b16ff7950452a5a847fe8486ed943804c6997a9"],
      ] as const) {
        expectBytes(crypto.aes256cbcEncrypt(KEY, run(0x70, 16), message), expected);
        expectBytes(crypto.aes256cbcDecrypt(KEY, run(0x70, 16), hexToBytes(expected)), bytesToHex(message));
      }
    },
  },
  {
    name: "aes256cbc refuses wrong padding and partial blocks",
    run: (crypto) => {
      const blocks = [
        "14ee2cc802387e9e18c10e3fc1fbc8cc", // padding of 0
        "2c540fbaf0f8962f6aa30956b529a3d9", // of 17
        "df1a78999cdc333326154640de9e7857", // 01 03 03
        "",
        "14afd7d5ba67c12b67a2cad2f668c6",
        "14afd7d5ba67c12b67a2cad2f668c63414",
      ];
      for (const block of blocks) {
        expectRefusal("CRYPTO_DECRYPT_FAILED", () =>
          crypto.aes256cbcDecrypt(KEY, run(0x70, 16), hexToBytes(block)),
        );
      }
    },
  },
  {
    name: "aes256cbc refuses keys and ivs of wrong lengths",
    run: (crypto) =>
      expectCipherLengths(
        crypto,
        16,
        (c, key, iv, input) => c.aes256cbcEncrypt(key, iv, input),
        (c, key, iv, input) => c.aes256cbcDecrypt(key, iv, input),
      ),
  },
];

/** Compliance checks of this file. */
export const cipherChecks: readonly ComplianceCheck[] = [
  ...sealedBoxChecks,
  ...AEADS.flatMap(aeadChecks),
  ...cbcChecks,
];

function expectCipherLengths(crypto: Crypto, nonceLength: number, encrypt: Cipher, decrypt: Cipher): void {
  const nonce = run(0, nonceLength);
  const input = run(0, 48);
  for (const cipher of [encrypt, decrypt]) {
    for (const length of [0, 16, 24, 31, 33]) {
      expectRefusal("CRYPTO_INVALID_LENGTH", () => cipher(crypto, run(0, length), nonce, input));
    }
    for (const length of [0, nonceLength - 1, nonceLength + 1]) {
      expectRefusal("CRYPTO_INVALID_LENGTH", () => cipher(crypto, KEY, run(0, length), input));
    }
  }
}
