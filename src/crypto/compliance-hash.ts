/**
 * Compliance: randomness, SHA-2, HMAC, BLAKE2b.
 *
 * @module
 */
import { bytesToHex, utf8ToBytes } from "../bytes/index.js";
import { type ComplianceCheck, expectBytes, expectEqual, expectRefusal, run } from "./compliance-assert.js";

const ABC = utf8ToBytes("abc");
const EMPTY = new Uint8Array(0);

export const hashChecks: readonly ComplianceCheck[] = [
  {
    name: "randomBytes gives as many bytes as asked, never the same",
    run: (crypto) => {
      for (const length of [0, 1, 32, 70_000])
        expectEqual(crypto.randomBytes(length).length, length, "wrong length");
      const draws = Array.from({ length: 64 }, () => bytesToHex(crypto.randomBytes(16)));
      expectEqual(new Set(draws).size, draws.length, "random output repeats");
      expectEqual(
        crypto
          .randomBytes(70_000)
          .subarray(-64)
          .some((byte) => byte !== 0),
        true,
        "the tail is not filled",
      );
    },
  },
  {
    name: "randomBytes refuses impossible lengths",
    run: (crypto) => {
      for (const length of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 40]) {
        expectRefusal("CRYPTO_INVALID_LENGTH", () => crypto.randomBytes(length));
      }
    },
  },
  {
    name: "sha256 (FIPS 180-4)",
    run: (crypto) => {
      expectBytes(crypto.sha256(EMPTY), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
      expectBytes(crypto.sha256(ABC), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    },
  },
  {
    name: "sha512 (FIPS 180-4)",
    run: (crypto) => {
      expectBytes(
        crypto.sha512(EMPTY),
        "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
      );
      expectBytes(
        crypto.sha512(ABC),
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
      );
    },
  },
  {
    name: "hmacSha256 (RFC 4231), key shorter, equal and longer than a block",
    run: (crypto) => {
      expectBytes(
        crypto.hmacSha256(new Uint8Array(20).fill(0x0b), utf8ToBytes("Hi There")),
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
      );
      expectBytes(
        crypto.hmacSha256(utf8ToBytes("Jefe"), utf8ToBytes("what do ya want for nothing?")),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
      );
      expectBytes(
        crypto.hmacSha256(
          new Uint8Array(131).fill(0xaa),
          utf8ToBytes("Test Using Larger Than Block-Size Key - Hash Key First"),
        ),
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
      );
      expectBytes(
        crypto.hmacSha256(EMPTY, EMPTY),
        "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad",
      );
    },
  },
  {
    name: "blake2b (RFC 7693)",
    run: (crypto) => {
      expectBytes(
        crypto.blake2b(ABC, { size: 64 }),
        "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923",
      );
      expectBytes(crypto.blake2b(run(0, 40), { size: 16 }), "32e590880aeb8f02f045d0f74952e14e");
      expectEqual(crypto.blake2b(ABC, { size: 1 }).length, 1, "a one-byte digest");
    },
  },
  {
    name: "blake2b with a key; an empty key is no key",
    run: (crypto) => {
      expectBytes(
        crypto.blake2b(run(0, 40), { size: 32, key: run(0x10, 32) }),
        "8e382071fa625ac835965dfdee61575cad2f61c890770809d1def40c699749a3",
      );
      expectBytes(
        crypto.blake2b(run(0, 40), { size: 64, key: run(0, 64) }),
        "4169c5cc808d2697dc2a82430dc23e3cd356dc70a94566810502b8d655b39abf9e7f902fe717e0389219859e1945df1af6ada42e4ccda55a197b7100a30c30a1",
      );
      const plain = bytesToHex(crypto.blake2b(ABC, { size: 32 }));
      expectBytes(crypto.blake2b(ABC, { size: 32, key: EMPTY }), plain);
      expectEqual(
        bytesToHex(crypto.blake2b(ABC, { size: 32, key: run(0, 1) })) === plain,
        false,
        "a short key counts",
      );
    },
  },
  {
    name: "blake2b with salt and personalisation",
    run: (crypto) => {
      const message = run(0, 40);
      const personal = utf8ToBytes("SessionVersCheck");
      expectBytes(
        crypto.blake2b(message, { size: 32, personal }),
        "f7e447bfe29fcdad69753f9bacbfff81e293cf0b8de1f7ac68dc46465751fcf3",
      );
      expectBytes(
        crypto.blake2b(message, { size: 32, salt: run(0x20, 16) }),
        "c4a946d760c7bc646d4fba1c1aca0b53417c1ca1fd0a1d4403dd2a915bafe8ee",
      );
      expectBytes(
        crypto.blake2b(message, { size: 64, key: run(0x10, 32), salt: run(0x20, 16), personal }),
        "2c5abd665d2d3c879e86d62a73a6da927e6267ecb3f2c16455fdfc8de80651742a3e0bc0775af8836529a5c868ea062854d8cca27310479ac8e6629a41a9827c",
      );
      const zero = new Uint8Array(16);
      expectBytes(
        crypto.blake2b(message, { size: 32, salt: zero, personal: zero }),
        bytesToHex(crypto.blake2b(message, { size: 32 })),
      );
    },
  },
  {
    name: "blake2b refuses sizes, keys, salts and personalisations outside its limits",
    run: (crypto) => {
      for (const size of [0, 65, -1, 1.5, Number.NaN]) {
        expectRefusal("CRYPTO_INVALID_LENGTH", () => crypto.blake2b(ABC, { size }));
      }
      expectRefusal("CRYPTO_INVALID_LENGTH", () => crypto.blake2b(ABC, { size: 32, key: run(0, 65) }));
      for (const length of [0, 15, 17]) {
        expectRefusal("CRYPTO_INVALID_LENGTH", () => crypto.blake2b(ABC, { size: 32, salt: run(0, length) }));
        expectRefusal("CRYPTO_INVALID_LENGTH", () =>
          crypto.blake2b(ABC, { size: 32, personal: run(0, length) }),
        );
      }
    },
  },
];
