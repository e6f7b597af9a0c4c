/**
 * Compliance: X25519, scalars modulo L, unclamped multiplication.
 *
 * @module
 */
import { hexToBytes } from "../bytes/index.js";
import { type ComplianceCheck, expectBytes, expectEqual, expectRefusal, run } from "./compliance-assert.js";
import { INVALID_POINTS, LOW_ORDER_U, SMALL_ORDER_POINTS, TORSIONED_POINTS } from "./compliance-points.js";

const POINT = "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8";
const BASE = `58${"66".repeat(31)}`;
const ZERO = new Uint8Array(32);
const ONES = new Uint8Array(32).fill(255);
/** L and 2·L, little endian, and L with the ignored bit 255. */
const MULTIPLES_OF_L: readonly string[] = [
  "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010",
  "daa7ebb934c624b0ac39ef45bdf3bd2900000000000000000000000000000020",
  "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000090",
];

export const curveChecks: readonly ComplianceCheck[] = [
  {
    name: "x25519 (RFC 7748 §5.2 and §6.1)",
    run: (crypto) => {
      const alice = hexToBytes("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
      const bob = hexToBytes("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
      const shared = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742";
      const alicePublic = "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a";
      const bobPublic = "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f";
      expectBytes(crypto.x25519PublicKey(alice), alicePublic);
      expectBytes(crypto.x25519PublicKey(bob), bobPublic);
      expectBytes(crypto.x25519(alice, hexToBytes(bobPublic)), shared);
      expectBytes(crypto.x25519(bob, hexToBytes(alicePublic)), shared);
      expectBytes(
        crypto.x25519(
          hexToBytes("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"),
          hexToBytes("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c"),
        ),
        "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
      );
    },
  },
  {
    name: "x25519 ignores bit 255 of the public key and reduces it",
    run: (crypto) => {
      expectBytes(
        crypto.x25519(
          hexToBytes("4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d"),
          hexToBytes("e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493"),
        ),
        "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957",
      );
      const nine = new Uint8Array(32);
      nine[0] = 9;
      const reduced = crypto.x25519PublicKey(run(0x40, 32));
      const ninePlusP = hexToBytes("f6ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
      expectEqual(crypto.x25519(run(0x40, 32), nine).join(), reduced.join(), "u = 9 is the base point");
      expectEqual(crypto.x25519(run(0x40, 32), ninePlusP).join(), reduced.join(), "u = p + 9 is u = 9");
    },
  },
  {
    name: "x25519 refuses low-order public keys",
    run: (crypto) => {
      for (const key of LOW_ORDER_U) {
        expectRefusal("CRYPTO_LOW_ORDER", () => crypto.x25519(run(0x40, 32), hexToBytes(key)));
      }
    },
  },
  {
    name: "scalars: reduce, multiply, add, negate",
    run: (crypto) => {
      const a = run(0x01, 32);
      const b = run(0xe0, 32);
      expectBytes(
        crypto.scalarReduce(run(0x80, 64)),
        "2bcb8838c5f813b8c1030435b3aa6331ddb1453a7da2da4bc4ab33da8beaeb01",
      );
      expectBytes(crypto.scalarReduce(new Uint8Array(64)), "00".repeat(32));
      expectBytes(
        crypto.scalarMultiply(a, b),
        "12819663b465c3e8d49ea5457fce77cf613bf53c9d6e491c116897e57a9a6c00",
      );
      expectBytes(crypto.scalarAdd(a, b), "073cfa2db525c93f45ba06b23c0840d6010406080a0c0e10121416181a1c1e00");
      expectBytes(crypto.scalarNegate(a), "c679de124a2330007accdbdc8edf8d2eefedecebeae9e8e7e6e5e4e3e2e1e00f");
      expectBytes(crypto.scalarNegate(ZERO), "00".repeat(32));
      expectBytes(crypto.scalarAdd(a, crypto.scalarNegate(a)), "00".repeat(32));
    },
  },
  {
    name: "scalarAdd cuts the sum of unreduced scalars to 256 bits, as libsodium does",
    run: (crypto) => {
      expectBytes(
        crypto.scalarAdd(ONES, ONES),
        "1b95988d7431ecd670cf7d73f45befc6feffffffffffffffffffffffffffff0f",
      );
    },
  },
  {
    name: "pointMultiplyBase and pointMultiply",
    run: (crypto) => {
      const scalar = run(0x01, 32);
      const product = "ce92350b547b6cf028df0618bf9aba55f949930059308d83ebd727e13472ed99";
      expectBytes(crypto.pointMultiplyBase(scalar), product);
      expectBytes(crypto.pointMultiply(scalar, hexToBytes(BASE)), product);
      expectBytes(
        crypto.pointMultiply(scalar, hexToBytes(POINT)),
        "e63853993e93b8dc73fec78f8868cc9a02e6821f4fffbc9994b7a8c1ca6b7651",
      );
      // An unreduced scalar whose bit 255 is set, which is ignored.
      expectBytes(
        crypto.pointMultiplyBase(run(0xe0, 32)),
        "4fc68b00fa3e0aa2657d41dfc6993c8e7ca113f4c21541766cd947420b5ed69b",
      );
    },
  },
  {
    name: "pointMultiply refuses invalid points and scalars that are 0 mod L",
    run: (crypto) => {
      for (const point of [...SMALL_ORDER_POINTS, ...TORSIONED_POINTS, ...INVALID_POINTS]) {
        expectRefusal("CRYPTO_INVALID_PUBLIC_KEY", () =>
          crypto.pointMultiply(run(0x01, 32), hexToBytes(point)),
        );
      }
      for (const scalar of [ZERO, ...MULTIPLES_OF_L.map(hexToBytes)]) {
        expectRefusal("CRYPTO_ZERO_SCALAR", () => crypto.pointMultiply(scalar, hexToBytes(POINT)));
        expectRefusal("CRYPTO_ZERO_SCALAR", () => crypto.pointMultiplyBase(scalar));
      }
    },
  },
  {
    name: "isValidPoint accepts the prime-order subgroup only",
    run: (crypto) => {
      for (const point of [POINT, BASE])
        expectEqual(crypto.isValidPoint(hexToBytes(point)), true, `refused ${point}`);
      for (const point of [...SMALL_ORDER_POINTS, ...TORSIONED_POINTS, ...INVALID_POINTS]) {
        expectEqual(crypto.isValidPoint(hexToBytes(point)), false, `accepted ${point}`);
      }
    },
  },
  {
    name: "x25519, scalar and point functions refuse wrong lengths",
    run: (crypto) => {
      const right = run(1, 32);
      for (const length of [0, 31, 33]) {
        const wrong = run(0, length);
        const calls: (() => unknown)[] = [
          () => crypto.x25519PublicKey(wrong),
          () => crypto.x25519(wrong, right),
          () => crypto.x25519(right, wrong),
          () => crypto.scalarReduce(wrong),
          () => crypto.scalarMultiply(wrong, right),
          () => crypto.scalarMultiply(right, wrong),
          () => crypto.scalarAdd(wrong, right),
          () => crypto.scalarAdd(right, wrong),
          () => crypto.scalarNegate(wrong),
          () => crypto.pointMultiplyBase(wrong),
          () => crypto.pointMultiply(wrong, hexToBytes(POINT)),
          () => crypto.pointMultiply(right, wrong),
          () => crypto.isValidPoint(wrong),
        ];
        for (const call of calls) expectRefusal("CRYPTO_INVALID_LENGTH", call);
      }
      for (const length of [63, 65])
        expectRefusal("CRYPTO_INVALID_LENGTH", () => crypto.scalarReduce(run(0, length)));
    },
  },
];
