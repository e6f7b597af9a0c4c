/**
 * Compliance: hashes, AES-256-CBC and secretstream over input in pieces.
 *
 * @module
 */
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from "../bytes/index.js";
import {
  type ComplianceCheck,
  corruptions,
  expectBytes,
  expectEqual,
  expectRefusal,
  run,
} from "./compliance-assert.js";
import type { IncrementalCipher, IncrementalHash } from "./incremental.js";
import type { Crypto } from "./types.js";

const INPUT = run(0, 300);
const KEY = run(0x10, 32);
const IV = run(0x70, 16);
const HEADER = run(0x30, 24);
const PERSONAL = utf8ToBytes("SessionAttachmnt");

/** Sizes of pieces, repeated: a byte each, around blocks, with empty ones, everything at once. */
const CUTS: readonly (readonly number[])[] = [[1], [15, 1, 0, 17], [16], [64, 127, 0], [129], [300]];

interface HashCase {
  readonly name: string;
  readonly start: (crypto: Crypto) => IncrementalHash;
  readonly digest: string;
  readonly emptyDigest: (crypto: Crypto) => Uint8Array;
}

const HASHES: readonly HashCase[] = [
  {
    name: "sha256Incremental",
    start: (crypto) => crypto.sha256Incremental(),
    digest: "7728ae2f2c36e2aaafbe79ca14c87ae2f89e7c88c4390ecbbf82dce88706958d",
    emptyDigest: (crypto) => crypto.sha256(run(0, 0)),
  },
  {
    name: "hmacSha256Incremental",
    start: (crypto) => crypto.hmacSha256Incremental(KEY),
    digest: "ef0c394d317ac92267287d7234e4045eaeda3abb1c4fb9b5fe6441600068279f",
    emptyDigest: (crypto) => crypto.hmacSha256(KEY, run(0, 0)),
  },
  blake2bCase("", { size: 32 }, "3a486e3fe3ee414853000269ac020030aeef748cb05cd62ba85939ec298ef25c"),
  blake2bCase(
    " with key and personalisation",
    { size: 56, key: KEY, personal: PERSONAL },
    "a314882415b3030ab3ed0e39974cdc205f778a3e172e6351e38a716117f978278fb773051f59b259477a6f66852bf7661e471adaf0ce4ba4",
  ),
  blake2bCase(
    " with salt and personalisation",
    { size: 33, salt: run(0x20, 16), personal: PERSONAL },
    "063921cf2d2ce96e6afb6f94cc628a14f91a692f168c41efca88fce790f0c0b21d",
  ),
  blake2bCase(
    " with a short key and digest",
    { size: 8, key: KEY.subarray(0, 1), personal: PERSONAL },
    "76787e9799af3ae6",
  ),
];

function blake2bCase(name: string, options: Parameters<Crypto["blake2b"]>[1], digest: string): HashCase {
  return {
    name: `blake2bIncremental${name}`,
    start: (crypto) => crypto.blake2bIncremental(options),
    digest,
    emptyDigest: (crypto) => crypto.blake2b(run(0, 0), options),
  };
}

function hashChecks({ name, start, digest, emptyDigest }: HashCase): readonly ComplianceCheck[] {
  return [
    {
      name: `${name}, however the input is cut`,
      run: (crypto) => {
        for (const cuts of CUTS) {
          const hash = start(crypto);
          for (const piece of pieces(INPUT, cuts)) hash.update(piece);
          expectBytes(hash.digest(), digest);
        }
        expectBytes(start(crypto).digest(), bytesToHex(emptyDigest(crypto)));
      },
    },
    {
      name: `${name} neither keeps nor changes its input, and ends once`,
      run: (crypto) => {
        const hash = start(crypto);
        const reused = new Uint8Array(100);
        for (let at = 0; at < INPUT.length; at += reused.length) {
          reused.set(INPUT.subarray(at, at + reused.length));
          hash.update(reused);
          expectBytes(reused, bytesToHex(INPUT.subarray(at, at + reused.length)));
          reused.fill(0xff);
        }
        const other = start(crypto);
        other.update(INPUT);
        expectBytes(hash.digest(), digest);
        expectBytes(other.digest(), digest);
        expectRefusal("CRYPTO_ENDED", () => hash.digest());
        expectRefusal("CRYPTO_ENDED", () => hash.update(INPUT));
      },
    },
  ];
}

const cbcChecks: readonly ComplianceCheck[] = [
  {
    name: "aes256cbcEncryptor and aes256cbcDecryptor, however the input is cut",
    run: (crypto) => {
      for (const length of [0, 1, 15, 16, 17, 300]) {
        const message = INPUT.subarray(0, length);
        const whole = bytesToHex(crypto.aes256cbcEncrypt(KEY, IV, message));
        for (const cuts of CUTS) {
          const box = through(crypto.aes256cbcEncryptor(KEY, IV), message, cuts);
          expectBytes(box, whole);
          expectBytes(through(crypto.aes256cbcDecryptor(KEY, IV), box, cuts), bytesToHex(message));
        }
      }
      const box = through(crypto.aes256cbcEncryptor(KEY, IV), INPUT, [7]);
      expectBytes(crypto.sha256(box), "4e03f050f62610d6b9175c1cf66b2f1f597a2a3df1625758ef53a0381f2e8dce");
    },
  },
  {
    name: "aes256cbcDecryptor refuses wrong padding and partial blocks; both end once",
    run: (crypto) => {
      for (const block of [
        "14ee2cc802387e9e18c10e3fc1fbc8cc", // padding of 0
        "2c540fbaf0f8962f6aa30956b529a3d9", // of 17
        "df1a78999cdc333326154640de9e7857", // 01 03 03
        "",
        "14afd7d5ba67c12b67a2cad2f668c6",
        "14afd7d5ba67c12b67a2cad2f668c63414",
      ]) {
        const decryptor = crypto.aes256cbcDecryptor(KEY, IV);
        expectBytes(decryptor.update(hexToBytes(block)).subarray(16), "");
        expectRefusal("CRYPTO_DECRYPT_FAILED", () => decryptor.final());
      }
      const encryptor = crypto.aes256cbcEncryptor(KEY, IV);
      encryptor.final();
      expectRefusal("CRYPTO_ENDED", () => encryptor.update(INPUT));
      expectRefusal("CRYPTO_ENDED", () => encryptor.final());
    },
  },
];

/** Length of the message (bytes count up from it), tag, box. Tags 2 and 3 change the key. */
const STREAM: readonly (readonly [length: number, tag: number, box: string])[] = [
  [
    40,
    0,
    "0b9c0c1ff23804c0e8db306ec236b9a33c615b8045e6874c13892641afe2e403a0cff3092a3380e2523b258b6b1444b1c8800840954120704d",
  ],
  [0, 0, "4852b774816bae13c4c8f5ee8af8f36336"],
  [1, 0, "b9792de2826378d9a75eb24bb37e8f0af1d8"],
  [16, 0, "a2d03bd0bc9b69c42926909c3c5b4f2d0b918b9f17a6932043b1ffe1af947dd828"],
  [
    63,
    1,
    "6f0d7619dc80784b36517da132af19ea3bab10ee6a333019894902a2765101789100db4dce728831f2022898330822657020ad42c4b1ab244f341a9e1bafc30ece6ea85948a00bb8e7353f90a43d2b1f",
  ],
  [
    64,
    0,
    "d24f0b8bab7971da072055b10cbae590e1ee5dc3aaf2e11d5bd2879d71a171cfae8f1c690921642b3524414e335215adf49d73de7d18bc200875d6aa76c4835e1d27f99836e1bbf09bf2dcfdd22bbc9712",
  ],
  [20, 2, "10fc4964a0763dc63b5873eee129cfa16608d4278b243f6d1d71925faba5b30a2da45847e5"],
  [5, 0, "ac0326f29df86caf97b845db2d655680a993c7607d9e"],
  [15, 3, "261ea0c1f30163778b09ae0878e467dd6006b17311516b0c990e1994dcce72fb"],
  [3, 0, "6c7fddb53f0dab6a9f6a071dc02e254d07d1154c"],
];

const secretstreamChecks: readonly ComplianceCheck[] = [
  {
    name: "secretstream encrypts and decrypts a stream, through changes of the key",
    run: (crypto) => {
      const encryptor = crypto.secretstreamEncryptor(KEY, HEADER);
      const decryptor = crypto.secretstreamDecryptor(KEY, HEADER);
      for (const [length, tag, box] of STREAM) {
        expectBytes(encryptor.push(run(length, length), tag), box);
        const opened = decryptor.pull(hexToBytes(box));
        expectBytes(opened.message, bytesToHex(run(length, length)));
        expectEqual(opened.tag, tag, "the tag is wrong");
      }
    },
  },
  {
    name: "secretstream refuses changed, cut, repeated, missing and foreign messages, and goes on after them",
    run: (crypto) => {
      const [first, second, third] = STREAM.map(([, , box]) => hexToBytes(box)) as [
        Uint8Array,
        Uint8Array,
        Uint8Array,
      ];
      const decryptor = crypto.secretstreamDecryptor(KEY, HEADER);
      for (const changed of [
        ...corruptions(first),
        first.subarray(0, 16),
        first.subarray(0, 56),
        second,
        run(0, 0),
      ]) {
        expectRefusal("CRYPTO_DECRYPT_FAILED", () => decryptor.pull(changed));
      }
      expectEqual(decryptor.pull(first).tag, 0, "the first message");
      expectRefusal("CRYPTO_DECRYPT_FAILED", () => decryptor.pull(first));
      expectRefusal("CRYPTO_DECRYPT_FAILED", () => decryptor.pull(third));
      expectEqual(decryptor.pull(second).message.length, 0, "the second message");
      const foreign = crypto.secretstreamDecryptor(run(0, 32), HEADER);
      expectRefusal("CRYPTO_DECRYPT_FAILED", () => foreign.pull(first));
    },
  },
  {
    name: "incremental objects keep their own copies of keys, ivs, headers and pieces",
    run: (crypto) => {
      // As Node's Buffer: its `slice` is a view.
      class Shared extends Uint8Array {
        override slice(start?: number, end?: number): Uint8Array<ArrayBuffer> {
          return this.subarray(start, end) as Uint8Array<ArrayBuffer>;
        }
      }
      const shared = (bytes: Uint8Array): Shared => new Shared(bytes);
      const [key, iv, header, piece] = [shared(KEY), shared(IV), shared(HEADER), shared(INPUT)];
      const encryptor = crypto.aes256cbcEncryptor(key, iv);
      const decryptor = crypto.aes256cbcDecryptor(key, iv);
      const sender = crypto.secretstreamEncryptor(key, header);
      const receiver = crypto.secretstreamDecryptor(key, header);
      const mac = crypto.hmacSha256Incremental(key);
      for (const bytes of [key, iv, header]) bytes.fill(0xee);
      const start = encryptor.update(piece);
      mac.update(piece);
      piece.fill(0xee);
      const box = concatBytes(start, encryptor.final());
      expectBytes(crypto.sha256(box), "4e03f050f62610d6b9175c1cf66b2f1f597a2a3df1625758ef53a0381f2e8dce");
      expectBytes(mac.digest(), "ef0c394d317ac92267287d7234e4045eaeda3abb1c4fb9b5fe6441600068279f");
      const reused = shared(box);
      const opened = decryptor.update(reused);
      reused.fill(0xee);
      expectBytes(concatBytes(opened, decryptor.final()), bytesToHex(INPUT));
      for (const [length, tag, expected] of STREAM.slice(0, 3)) {
        expectBytes(sender.push(run(length, length), tag), expected);
        expectEqual(receiver.pull(hexToBytes(expected)).tag, tag, "the tag is wrong");
      }
    },
  },
  {
    name: "incremental ciphers refuse keys, ivs, headers and tags of wrong sizes",
    run: (crypto) => {
      for (const length of [0, 16, 31, 33, 64]) {
        const key = run(0, length);
        expectRefusal("CRYPTO_INVALID_LENGTH", () => crypto.aes256cbcEncryptor(key, IV));
        expectRefusal("CRYPTO_INVALID_LENGTH", () => crypto.aes256cbcDecryptor(key, IV));
        expectRefusal("CRYPTO_INVALID_LENGTH", () => crypto.secretstreamEncryptor(key, HEADER));
        expectRefusal("CRYPTO_INVALID_LENGTH", () => crypto.secretstreamDecryptor(key, HEADER));
      }
      for (const length of [0, 12, 15, 17, 23, 25]) {
        const start = run(0, length);
        expectRefusal("CRYPTO_INVALID_LENGTH", () => crypto.aes256cbcEncryptor(KEY, start));
        expectRefusal("CRYPTO_INVALID_LENGTH", () => crypto.aes256cbcDecryptor(KEY, start));
        expectRefusal("CRYPTO_INVALID_LENGTH", () => crypto.secretstreamEncryptor(KEY, start));
        expectRefusal("CRYPTO_INVALID_LENGTH", () => crypto.secretstreamDecryptor(KEY, start));
      }
      const encryptor = crypto.secretstreamEncryptor(KEY, HEADER);
      for (const tag of [-1, 256, 0.5, Number.NaN]) {
        expectRefusal("CRYPTO_INVALID_LENGTH", () => encryptor.push(INPUT, tag));
      }
      expectRefusal("CRYPTO_INVALID_LENGTH", () => crypto.blake2bIncremental({ size: 65 }));
      expectRefusal("CRYPTO_INVALID_LENGTH", () =>
        crypto.blake2bIncremental({ size: 32, personal: run(0, 15) }),
      );
    },
  },
];

/** Compliance checks of this file. */
export const incrementalChecks: readonly ComplianceCheck[] = [
  ...HASHES.flatMap(hashChecks),
  ...cbcChecks,
  ...secretstreamChecks,
];

/** `bytes` in pieces of these sizes, again and again. */
function* pieces(bytes: Uint8Array, cuts: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = cuts[turn % cuts.length] as number;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

function through(cipher: IncrementalCipher, bytes: Uint8Array, cuts: readonly number[]): Uint8Array {
  const output = Array.from(pieces(bytes, cuts), (piece) => cipher.update(piece));
  return concatBytes(...output, cipher.final());
}
