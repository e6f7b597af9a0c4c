/**
 * Compliance: Ed25519 keys, signatures, and conversion to X25519.
 *
 * @module
 */
import { hexToBytes, utf8ToBytes } from "../bytes/index.js";
import {
  type ComplianceCheck,
  corruptions,
  expectBytes,
  expectEqual,
  expectRefusal,
  run,
} from "./compliance-assert.js";
import { INVALID_POINTS, SMALL_ORDER_POINTS, TORSIONED_POINTS } from "./compliance-points.js";
import type { Crypto } from "./types.js";

const SEED = run(0, 32);
const PUBLIC_KEY = "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8";
const SIGNATURE_0 =
  "d53092d5dcf378d2b4529b979efef9fece2855daa727333beef58eadee5569cfe8129a4c92cc1cc35f4b5ab06b5ad398b32f0be554667900fb5c01d33891bd02";

/** seed, public key, message, signature (RFC 8032 §7.1, tests 1 to 3) */
const RFC_8032: readonly (readonly [string, string, string, string])[] = [
  [
    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    "",
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
  ],
  [
    "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    "72",
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
  ],
  [
    "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
    "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
    "af82",
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
  ],
];

/** What the verification equation decides for keys and commitments with a torsion component. */
const VERDICTS: readonly { name: string; key: string; message: number; signature: string; valid: boolean }[] =
  [
    {
      name: "a key with torsion, where S·B − h·A is exactly R",
      key: "b502ff3d92e31d8190b4aa4ea0414005167fad089c4de9dac8a2fc850fed4f58",
      message: 12,
      signature:
        "0584a883196db7ef381b769ac33a55b20ce2bde7096f3a9ab32a20cb3d8f4914690abf100e9821c1264fb9613894fa58446f7ecf7b6af2fabea7cc71a7215f0f",
      valid: true,
    },
    {
      name: "a key with torsion, where it is R only after multiplying by the cofactor",
      key: "b502ff3d92e31d8190b4aa4ea0414005167fad089c4de9dac8a2fc850fed4f58",
      message: 0,
      signature:
        "0584a883196db7ef381b769ac33a55b20ce2bde7096f3a9ab32a20cb3d8f49141319c747c02ec7a21c73b749c92a3e7730b0ef03b44e847ef73fceaeca9a0003",
      valid: false,
    },
    {
      name: "R with torsion that only the cofactor removes",
      key: PUBLIC_KEY,
      message: 0,
      signature:
        "e8b81227066a213d552fe971351bc14ef4d4d278532b6e3979b8137ac132977e037f4c690f134987397c21ed05c64993e184adf2f2dfa3e4de462d7cc1d51908",
      valid: false,
    },
    {
      name: "key and R with torsion that cancel exactly",
      key: "b502ff3d92e31d8190b4aa4ea0414005167fad089c4de9dac8a2fc850fed4f58",
      message: 7,
      signature:
        "e8b81227066a213d552fe971351bc14ef4d4d278532b6e3979b8137ac132977ed7859c9ac27079a5aaad3733f4e1e88071748d8fd6a40b72fd2b7325a6edb607",
      valid: true,
    },
    {
      name: "R of small order, though the equation holds",
      key: PUBLIC_KEY,
      message: 0,
      signature:
        "0100000000000000000000000000000000000000000000000000000000000000a048884fc1c953e70e9d18b6bad836b39b84997eb4ef89e34fb6af15a672a606",
      valid: false,
    },
    {
      name: "a key of small order, though the equation holds",
      key: "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
      message: 2,
      signature:
        "0584a883196db7ef381b769ac33a55b20ce2bde7096f3a9ab32a20cb3d8f4914c3b8bbeace07cc70649c9554450de818d4db15c3c400ad0c62455ed591d9b108",
      valid: false,
    },
    {
      name: "S + L in place of S",
      key: PUBLIC_KEY,
      message: 0,
      signature:
        "d53092d5dcf378d2b4529b979efef9fece2855daa727333beef58eadee5569cfd5e68fa9ac2f2f1b36e851534a54b2adb32f0be554667900fb5c01d33891bd12",
      valid: false,
    },
  ];

export const ed25519Checks: readonly ComplianceCheck[] = [
  {
    name: "ed25519 key pairs and signatures (RFC 8032)",
    run: (crypto) => {
      for (const [seed, publicKey, message, signature] of RFC_8032) {
        const pair = crypto.ed25519KeyPair(hexToBytes(seed));
        expectBytes(pair.publicKey, publicKey);
        expectBytes(pair.secretKey, seed + publicKey);
        expectBytes(crypto.ed25519Sign(hexToBytes(message), pair.secretKey), signature);
        expectEqual(
          verify(crypto, signature, hexToBytes(message), publicKey),
          true,
          "a good signature is refused",
        );
      }
    },
  },
  {
    name: "ed25519Sign hashes the public key that the secret key carries",
    run: (crypto) => {
      const foreign = crypto.ed25519KeyPair(run(9, 32)).publicKey;
      const secretKey = new Uint8Array(64);
      secretKey.set(SEED);
      secretKey.set(foreign, 32);
      expectBytes(
        crypto.ed25519Sign(messageOf(0), secretKey),
        "d53092d5dcf378d2b4529b979efef9fece2855daa727333beef58eadee5569cfda4c7696e5f60949a77f72e4acffbc15bd17e983fe8452ad6b61b9b4c1abbf08",
      );
    },
  },
  {
    name: "ed25519Verify refuses every changed signature, another message, another key",
    run: (crypto) => {
      const key = hexToBytes(PUBLIC_KEY);
      for (const changed of corruptions(hexToBytes(SIGNATURE_0))) {
        expectEqual(
          crypto.ed25519Verify(changed, messageOf(0), key),
          false,
          "a changed signature is accepted",
        );
      }
      expectEqual(
        verify(crypto, SIGNATURE_0, messageOf(1), PUBLIC_KEY),
        false,
        "another message is accepted",
      );
      expectEqual(
        verify(crypto, SIGNATURE_0, messageOf(0), RFC_8032[0]?.[1] ?? ""),
        false,
        "another key is accepted",
      );
    },
  },
  ...VERDICTS.map(
    ({ name, key, message, signature, valid }): ComplianceCheck => ({
      name: `ed25519Verify ${valid ? "accepts" : "refuses"} ${name}`,
      run: (crypto) => expectEqual(verify(crypto, signature, messageOf(message), key), valid, name),
    }),
  ),
  {
    name: "ed25519Verify refuses small-order and invalid keys with signatures made for them",
    run: (crypto) => {
      // With S = 0 and R = the neutral element the equation holds for the neutral key, whatever the message.
      const zero = `01${"00".repeat(63)}`;
      for (const key of [...SMALL_ORDER_POINTS, ...INVALID_POINTS]) {
        expectEqual(verify(crypto, zero, messageOf(0), key), false, `accepted ${key}`);
        expectEqual(
          verify(crypto, key + "00".repeat(32), messageOf(0), key),
          false,
          `accepted R = A = ${key}`,
        );
      }
    },
  },
  {
    name: "ed25519 functions refuse wrong lengths",
    run: (crypto) => {
      const signature = hexToBytes(SIGNATURE_0);
      const key = hexToBytes(PUBLIC_KEY);
      for (const length of [0, 31, 33, 63, 65]) {
        const wrong = run(0, length);
        expectRefusal("CRYPTO_INVALID_LENGTH", () => crypto.ed25519KeyPair(wrong));
        expectRefusal("CRYPTO_INVALID_LENGTH", () => crypto.ed25519Sign(messageOf(0), wrong));
        expectRefusal("CRYPTO_INVALID_LENGTH", () => crypto.ed25519Verify(wrong, messageOf(0), key));
        expectRefusal("CRYPTO_INVALID_LENGTH", () => crypto.ed25519Verify(signature, messageOf(0), wrong));
        expectRefusal("CRYPTO_INVALID_LENGTH", () => crypto.ed25519PublicKeyToX25519(wrong));
        expectRefusal("CRYPTO_INVALID_LENGTH", () => crypto.ed25519SecretKeyToX25519(wrong));
      }
      expectRefusal("CRYPTO_INVALID_LENGTH", () => crypto.ed25519Sign(messageOf(0), SEED));
    },
  },
  {
    name: "ed25519 to x25519, public and secret, agree",
    run: (crypto) => {
      const pair = crypto.ed25519KeyPair(SEED);
      const secretKey = "3894eea49c580aef816935762be049559d6d1440dede12e6a125f1841fff8e6f";
      expectBytes(crypto.ed25519SecretKeyToX25519(pair.secretKey), secretKey);
      expectBytes(crypto.ed25519SecretKeyToX25519(SEED), secretKey);
      const publicKey = "4701d08488451f545a409fb58ae3e58581ca40ac3f7f114698cd71deac73ca01";
      expectBytes(crypto.ed25519PublicKeyToX25519(pair.publicKey), publicKey);
      expectBytes(crypto.x25519PublicKey(hexToBytes(secretKey)), publicKey);
    },
  },
  {
    name: "ed25519 to x25519 refuses small-order, torsioned, non-canonical and invalid points",
    run: (crypto) => {
      for (const key of [...SMALL_ORDER_POINTS, ...TORSIONED_POINTS, ...INVALID_POINTS]) {
        expectRefusal("CRYPTO_INVALID_PUBLIC_KEY", () => crypto.ed25519PublicKeyToX25519(hexToBytes(key)));
      }
    },
  },
];

function messageOf(number: number): Uint8Array {
  return utf8ToBytes(`message ${number}`);
}

function verify(crypto: Crypto, signature: string, message: Uint8Array, key: string): boolean {
  return crypto.ed25519Verify(hexToBytes(signature), message, hexToBytes(key));
}
