/** Points and signatures with a component of small order, made with noble's point arithmetic. */
import { createHash } from "node:crypto";
import { ED25519_TORSION_SUBGROUP, ed25519 } from "@noble/curves/ed25519.js";
import { fromHex } from "../runners/op.js";

const { Point } = ed25519;
const L = Point.Fn.ORDER;
const torsion = ED25519_TORSION_SUBGROUP.map((hex) => Point.fromHex(hex, true));

const toInteger = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`);
const scalarOf = (bytes: Uint8Array): bigint => (toInteger(bytes) % (L - 1n)) + 1n;
const join = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

export const torsionPoints = {
  /** The eight points of small order. */
  all: ED25519_TORSION_SUBGROUP.map(fromHex) as readonly Uint8Array[],

  /** A point plus the torsion point of an index. */
  plus(key: Uint8Array, index: number): Uint8Array {
    return Point.fromBytes(key).add(torsion[index]!).toBytes();
  },

  /**
   * A signature, message and key whose equation holds up to torsion: both the key and R carry the given torsion points,
   * so a verifier without cofactor accepts it only where these cancel.
   */
  signed(
    secret: Uint8Array,
    nonce: Uint8Array,
    keyTorsion: number,
    commitmentTorsion: number,
    message: Uint8Array,
  ): [Uint8Array, Uint8Array, Uint8Array] {
    const [a, r] = [scalarOf(secret), scalarOf(nonce)];
    const key = Point.BASE.multiply(a).add(torsion[keyTorsion]!).toBytes();
    const commitment = Point.BASE.multiply(r).add(torsion[commitmentTorsion]!).toBytes();
    const challenge =
      toInteger(
        createHash("sha512")
          .update(join(commitment, key, message))
          .digest(),
      ) % L;
    return [join(commitment, Point.Fn.toBytes((r + challenge * a) % L)), message, key];
  },
};
